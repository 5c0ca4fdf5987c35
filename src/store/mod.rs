//! The database: `schema.sql`, commits, cursors, and the merged read of the ledger.
//!
//! All SQL of the program is here. Writers take `BEGIN IMMEDIATE`; a batch and the positions it
//! covers commit together; the backfill's ledger is written with `synchronous = FULL`.

mod accepted;
mod answer;
mod backup;
mod block;
mod block_rewrite;
mod checkpoint;
mod commit;
mod contact;
mod coverage;
mod dictionary;
mod erase;
mod event;
mod fault;
mod feed;
mod health;
mod ledger;
mod log;
mod merge;
mod names;
mod near;
mod network;
mod of_session;
mod open;
mod other;
mod outcome;
mod prune;
mod query;
mod raw;
mod read;
mod receipt;
mod row;
mod run;
mod scrub;
mod sent;
mod session;
mod settle;
mod shared;
mod source;
mod state;
mod stitch;
mod tombstone;
mod transaction;
mod views;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::{Digest, Seen, SessionId};

pub use commit::FileCounts;
pub use erase::{Erased, Subject};
pub use health::{Health, sqlite_version};
pub use ledger::{BatchResult, ClaimKey, ClaimRequest, Claimed};
pub use other::Brought;
pub use prune::{Pruned, Retention};
pub use query::{Query, Scalar, VerdictRow};
pub use read::{QuarantinedRow, SourceRow};
pub use run::{DeadRun, RunKind, RunRow};
pub use shared::{Destination, Pace, Shared};
pub use views::{VIEWS, ViewFact};

/// An open database.
pub struct Store {
    /// Connections of a merged read, kept open between reads. Closed before the one that writes:
    /// only the last to close, if it may write, brings the log home and removes it.
    readers: RefCell<Vec<rusqlite::Connection>>,
    connection: rusqlite::Connection,
    path: PathBuf,
    /// Device and inode of the file that is open; `None` for a scratch file, which has no name.
    file: Option<(u64, u64)>,
    dictionary: RefCell<dictionary::Dictionary>,
    contacts: contact::ContactCache,
    blocks: RefCell<block::BlockCache>,
    /// What commits survive now; `None` until first asked for.
    durability: Cell<Option<open::Durability>>,
    /// The last batch held more repeats than events.
    mostly_repeats: bool,
}

/// Its path; its caches hold personal data.
impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.path.display())
    }
}

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is no database, or a damaged one.
    #[error("{}: {what}", path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The file is another program's database.
    #[error("{}: is a database, but not one of makegood's", path.display())]
    NotOurs {
        /// The database.
        path: PathBuf,
    },
    /// A newer makegood wrote it.
    #[error("{}: was written by a newer makegood (schema {found}, this one knows {known})", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// There is no database.
    #[error("{}: does not exist", path.display())]
    Missing {
        /// The database.
        path: PathBuf,
    },
    /// The disk is full, or a limit on file sizes was reached.
    #[error("{}: no space left to write", path.display())]
    Full {
        /// The database.
        path: PathBuf,
    },
    /// Another process kept the database busy beyond the time-out.
    #[error("{}: is busy", path.display())]
    Busy {
        /// The database.
        path: PathBuf,
    },
    /// The file or its directory cannot be used.
    #[error("{}: {what}", path.display())]
    Io {
        /// The database.
        path: PathBuf,
        /// Why.
        what: String,
    },
    /// A question that the database does not understand or does not answer.
    #[error("{what}")]
    Question {
        /// Why.
        what: String,
    },
    /// Anything else that `SQLite` reports.
    #[error("{}: {source}", path.display())]
    Sqlite {
        /// The database.
        path: PathBuf,
        /// Its word.
        source: rusqlite::Error,
    },
}

/// Match key values of a session, for filling in what an event lacks.
#[derive(Clone, Debug)]
pub struct SessionValues {
    /// The session.
    pub id: SessionId,
    /// Click id.
    pub ttclid: Option<Seen<Box<str>>>,
    /// Cookie.
    pub ttp: Option<Seen<Box<str>>>,
    /// E-mail digest.
    pub email: Option<Seen<Digest>>,
    /// Phone digest.
    pub phone: Option<Seen<Digest>>,
    /// External id digest.
    pub external_id: Option<Seen<Digest>>,
}

/// IP address and user agent of an event.
#[derive(Clone, Debug, Default)]
pub struct Contact {
    /// The address.
    pub ip: Option<IpAddr>,
    /// The agent.
    pub user_agent: Option<Arc<str>>,
}
