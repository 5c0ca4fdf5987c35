//! What a doctor asks of the database.

use std::fs;
use std::path::PathBuf;

use rusqlite::named_params;

use super::fault::Fault;
use super::row::span;
use super::{Store, StoreError};
use crate::domain::{TermKind, TimeMs};

const TEST_RECEIPTS: &str = "
    SELECT a.test_code, count(*)
    FROM receipt AS r
    JOIN answer AS a ON a.code = r.answer
    WHERE r.span >= :span AND r.at_ms >= :since_ms AND a.leg = 0 AND a.test_code <> 0
    GROUP BY a.test_code
    ORDER BY count(*) DESC, a.test_code";
const IMPORTED: &str = "
    SELECT max(imported_ms)
    FROM source";
const QUARANTINED: &str = "
    SELECT count(*)
    FROM quarantine";

/// Faults of a damaged database that are told.
const FAULTS_MAX: usize = 5;

/// How the file is.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// What `SQLite`'s own check found; empty when all is well.
    pub faults: Vec<String>,
    /// Bytes of the database.
    pub bytes: u64,
    /// Bytes of the log beside it.
    pub wal_bytes: u64,
}

/// The version of the bundled `SQLite`.
#[must_use]
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}

impl Store {
    /// Checks the whole file.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be checked at all.
    pub fn health(&self) -> Result<Health, StoreError> {
        let check = || -> Result<Vec<String>, Fault> {
            let mut statement = self.connection.prepare("PRAGMA integrity_check(5)")?;
            let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
            let words = rows.collect::<Result<Vec<_>, _>>()?;
            Ok(words.into_iter().filter(|word| word != "ok").take(FAULTS_MAX).collect())
        };
        let mut wal = self.path.clone().into_os_string();
        wal.push("-wal");
        let length = |path: PathBuf| fs::metadata(path).map_or(0, |facts| facts.len());
        Ok(Health {
            faults: check().map_err(|fault| fault.at(&self.path))?,
            bytes: length(self.path.clone()),
            wal_bytes: length(wal.into()),
        })
    }

    /// Test event codes on server receipts since a moment, and how many receipts have each.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn test_receipts(&self, since: TimeMs) -> Result<Vec<(String, u64)>, StoreError> {
        let read = || -> Result<_, Fault> {
            let mut statement = self.connection.prepare_cached(TEST_RECEIPTS)?;
            let mut rows =
                statement.query(named_params! { ":span": span(since), ":since_ms": since.as_ms() })?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let code =
                    self.dictionary.borrow().text(&self.connection, TermKind::TestCode, row.get(0)?)?;
                let receipts: i64 = row.get(1)?;
                found.push((code.as_deref().unwrap_or_default().to_owned(), receipts.cast_unsigned()));
            }
            Ok(found)
        };
        read().map_err(|fault| fault.at(&self.path))
    }

    /// A number that changes when another connection has changed the database.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn change_count(&self) -> Result<i64, StoreError> {
        let read = || -> Result<i64, Fault> {
            Ok(self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
        };
        read().map_err(|fault| fault.at(&self.path))
    }

    /// When anything was last read from a log.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn imported_at(&self) -> Result<Option<TimeMs>, StoreError> {
        let read = || -> Result<Option<i64>, Fault> {
            Ok(self.connection.prepare_cached(IMPORTED)?.query_row([], |row| row.get(0))?)
        };
        Ok(read().map_err(|fault| fault.at(&self.path))?.map(TimeMs::from_ms))
    }

    /// How many lines could not be used.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn quarantined_count(&self) -> Result<u64, StoreError> {
        let read = || -> Result<i64, Fault> {
            Ok(self.connection.prepare_cached(QUARANTINED)?.query_row([], |row| row.get(0))?)
        };
        Ok(read().map_err(|fault| fault.at(&self.path))?.cast_unsigned())
    }
}
