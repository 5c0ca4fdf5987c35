//! From bytes to rows: files, lines, records.
//!
//! [`find`] turns the paths and globs of a config or a command line into inputs; [`import`] reads
//! what is new in them, parses it line by line and hands over [`Batch`]es, each with the position
//! it was read up to. A line that cannot be used becomes a row of its own and never stops anything.
//! A [`Follower`] says again and again which files have news; they are imported the same way.

use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::{Batch, Cursor, Policy, Problem};

mod current;
mod decode;
mod files;
mod follow;
mod foreign;
mod formats;
mod guess;
mod import;
mod json;
mod last;
mod lines;
mod probe;
mod read;
mod record;
mod resume;
mod sessions;
mod shape;
mod terms;
mod time;
mod value;
mod watch;

#[cfg(test)]
mod tests;

pub use files::{FindError, Found, find};
pub use follow::{Follower, LOOK_EVERY, Look};
pub use formats::field_names;
pub use guess::{Guess, guess};
pub use probe::{Probe, probe};
pub use watch::Waker;

/// Text per batch: tens of thousands of rows, sorted by key before they are stored.
pub const BATCH_BYTES: usize = 16 << 20;
/// Batches between two [`Handed::Rest`]s: a page that several of them change is then written once.
pub const BATCHES_PER_COMMIT: usize = 8;

/// One thing to read.
#[derive(Clone, Debug)]
pub struct Input {
    /// The file; `None` is standard input.
    pub path: Option<PathBuf>,
    /// The same file, already open: it may have another name by now, or none.
    pub open: Option<Arc<std::fs::File>>,
    /// The zone of times that carry none, an IANA name.
    pub assume_tz: Option<Arc<str>>,
}

/// How a file fared.
#[derive(Clone, Debug)]
pub struct FileReport {
    /// The file; `-` is standard input.
    pub path: PathBuf,
    /// Lines read in this import, blank ones not counted.
    pub lines: u64,
    /// Bytes of decompressed text read in this import.
    pub bytes: u64,
    /// What stopped the reading before its end, if anything did.
    pub problem: Option<Problem>,
    /// Where its last line begins, if that is not whole and nobody seems to be writing it: it is read when
    /// it is whole.
    pub unfinished: Option<u64>,
    /// Why it could not be opened or read, in words.
    pub error: Option<String>,
}

/// What an import hands to its caller.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "few are handed over, and each is moved twice")]
pub enum Handed {
    /// Rows, and how far their files were read.
    Batch(Batch),
    /// Enough came, or nothing comes for now: what was handed over has to be made permanent. The last
    /// thing of every import that handed over anything.
    Rest,
}

impl Handed {
    /// The rows.
    #[must_use]
    pub fn batch(self) -> Option<Batch> {
        match self {
            Self::Batch(batch) => Some(batch),
            Self::Rest => None,
        }
    }
}

/// How far an import has come, for a progress bar.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// Bytes on disk read so far.
    pub bytes_done: u64,
    /// Bytes on disk to read.
    pub bytes_total: u64,
    /// Lines so far.
    pub lines: u64,
}

/// Reads what is new in `inputs` and hands it to `take`, batch by batch, in the order of inputs.
///
/// `cursors` are the positions of earlier imports. Reading and parsing run on a thread of their own
/// while `take` runs on this one.
///
/// # Errors
/// Only what `take` returns. A file that cannot be read is an entry of the result, not an error.
pub fn import<E: Send>(
    inputs: &[Input],
    cursors: &[Cursor],
    policy: &Policy,
    progress: &mut dyn FnMut(Progress),
    take: &mut dyn FnMut(Handed) -> Result<(), E>,
) -> Result<Vec<FileReport>, E> {
    import::run(inputs, cursors, policy, progress, take)
}
