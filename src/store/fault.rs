//! What goes wrong inside the room, before the database's path is put to it.

use std::path::Path;

use rusqlite::{Error, ErrorCode};

use super::StoreError;

/// An error of `SQLite`, or something stored that makegood does not store.
#[derive(Debug)]
pub(super) enum Fault {
    /// `SQLite`'s word.
    Sqlite(Error),
    /// What is wrong with the rows.
    Damaged(&'static str),
    /// No memory to compress.
    Memory,
    /// Another file has taken the database's place.
    Replaced,
    /// A writer came between the connections of a read, again and again.
    Busy,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Sqlite(error)
    }
}

/// `SQLITE_IOERR_WRITE` and `SQLITE_IOERR_SHMSIZE`: what a limit on file sizes looks like
/// (reliability S-03).
const NO_ROOM: [i32; 2] = [778, 4874];

/// `SQLITE_READONLY_ROLLBACK`: a journal of a process that died, and no right to follow it.
const READ_ONLY_ROLLBACK: i32 = 776;

impl Fault {
    /// Whether a transaction of a process that died has to be undone first.
    pub(super) fn needs_rollback(&self) -> bool {
        matches!(self, Self::Sqlite(Error::SqliteFailure(failure, _)) if failure.extended_code == READ_ONLY_ROLLBACK)
    }

    /// The error as callers see it.
    pub(super) fn at(self, path: &Path) -> StoreError {
        let path = path.to_path_buf();
        let source = match self {
            Self::Damaged(what) => return StoreError::Damaged { path, what: what.to_owned() },
            Self::Busy => return StoreError::Busy { path },
            Self::Replaced => {
                let what = "was moved or replaced while it was open: nothing more is written".to_owned();
                return StoreError::Io { path, what };
            }
            Self::Memory => return StoreError::Io { path, what: "no memory to compress".to_owned() },
            Self::Sqlite(source) => source,
        };
        let Error::SqliteFailure(failure, _) = &source else {
            return if is_foreign_value(&source) {
                StoreError::Damaged { path, what: "holds a value that makegood does not write".to_owned() }
            } else {
                StoreError::Sqlite { path, source }
            };
        };
        let damaged = |what: &str| StoreError::Damaged { path: path.clone(), what: what.to_owned() };
        let io = |what: &str| StoreError::Io { path: path.clone(), what: what.to_owned() };
        let code = failure.code;
        if code == ErrorCode::DiskFull || NO_ROOM.contains(&failure.extended_code) {
            StoreError::Full { path }
        } else if code == ErrorCode::DatabaseBusy || code == ErrorCode::DatabaseLocked {
            StoreError::Busy { path }
        } else if code == ErrorCode::DatabaseCorrupt {
            damaged("is damaged: restore it from a backup, or import the logs into a new one")
        } else if code == ErrorCode::NotADatabase {
            damaged("is not a database, or its beginning is damaged")
        } else if code == ErrorCode::ReadOnly {
            io("cannot be written: it, its -wal or -shm, or the directory they lie in is read-only")
        } else if code == ErrorCode::CannotOpen || code == ErrorCode::PermissionDenied {
            io("cannot be opened: it and its directory must be readable and writable by this user, \
                for SQLite keeps two files (-wal, -shm) beside it")
        } else if code == ErrorCode::SystemIoFailure {
            io("cannot be read or written: the disk reports an error")
        } else {
            StoreError::Sqlite { path, source }
        }
    }
}

/// Whether the error is about a value in a column, not about the statement.
fn is_foreign_value(error: &Error) -> bool {
    matches!(
        error,
        Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::InvalidColumnType(..)
            | Error::Utf8Error(..)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(extended_code: i32) -> Fault {
        Fault::Sqlite(Error::SqliteFailure(rusqlite::ffi::Error::new(extended_code), None))
    }

    #[test]
    fn errors_are_named_by_what_failed() {
        let path = Path::new("m.db");
        assert!(matches!(failure(13).at(path), StoreError::Full { .. }));
        assert!(matches!(failure(778).at(path), StoreError::Full { .. }));
        assert!(matches!(failure(4874).at(path), StoreError::Full { .. }));
        assert!(matches!(failure(5).at(path), StoreError::Busy { .. }));
        assert!(matches!(failure(517).at(path), StoreError::Busy { .. }));
        assert!(matches!(failure(11).at(path), StoreError::Damaged { .. }));
        assert!(matches!(failure(26).at(path), StoreError::Damaged { .. }));
        assert!(matches!(failure(8).at(path), StoreError::Io { .. }));
        assert!(matches!(failure(14).at(path), StoreError::Io { .. }));
        assert!(matches!(failure(10).at(path), StoreError::Io { .. }));
        assert!(matches!(failure(1).at(path), StoreError::Sqlite { .. }));
    }
}
