//! The write-ahead log, kept short under a writer that never rests.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::fault::Fault;
use super::open::BUSY_TIMEOUT;
use super::{Store, StoreError};

const CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
/// A checkpoint that meets a reader gives up at once: the next one follows soon.
const AT_ONCE: Duration = Duration::ZERO;

impl Store {
    /// Bytes of the write-ahead log on disk.
    #[must_use]
    pub fn log_bytes(&self) -> u64 {
        let mut name = self.path.clone().into_os_string();
        name.push("-wal");
        fs::metadata(PathBuf::from(name)).map_or(0, |meta| meta.len())
    }

    /// Brings the write-ahead log home and empties it, unless somebody is reading from it; returns
    /// whether it could.
    ///
    /// # Errors
    /// [`StoreError`], also when another file has taken the database's place.
    pub fn empty_log(&mut self) -> Result<bool, StoreError> {
        let work = || -> Result<bool, Fault> {
            self.connection.busy_timeout(AT_ONCE)?;
            let busy = self.connection.query_row(CHECKPOINT, [], |row| row.get::<_, i64>(0));
            self.connection.busy_timeout(BUSY_TIMEOUT)?;
            Ok(busy? == 0)
        };
        work().map_err(|fault| fault.at(&self.path))
    }

    /// Fails when another file has taken the database's place: what is written from then on is lost.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn check_place(&self) -> Result<(), StoreError> {
        if self.is_in_place() { Ok(()) } else { Err(Fault::Replaced.at(&self.path)) }
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::Batch;
    use crate::store::testing::{Builder, Place, at, logged, uuid};

    use super::*;

    fn a_batch(id: u32) -> Batch {
        Builder::new().event(&logged(uuid(id), "lead", at(0))).done()
    }

    #[test]
    fn the_log_is_emptied_unless_somebody_reads() {
        let place = Place::new();
        let mut store = place.open();
        store.commit(a_batch(1), at(0)).unwrap();
        assert!(store.log_bytes() > 0);
        let reader = Store::open_read_only(&place.path()).unwrap();
        let reading = reader.connection.unchecked_transaction().unwrap();
        reading.query_row("SELECT count(*) FROM event", [], |_| Ok(())).unwrap();
        store.commit(a_batch(2), at(0)).unwrap();
        assert!(!store.empty_log().unwrap(), "a reader holds it");
        assert!(store.log_bytes() > 0);
        drop(reading);
        assert!(store.empty_log().unwrap());
        assert_eq!(store.log_bytes(), 0);
    }

    #[test]
    fn a_database_that_was_moved_is_noticed() {
        let place = Place::new();
        let store = place.open();
        store.check_place().unwrap();
        fs::rename(place.path(), place.path().with_extension("old")).unwrap();
        assert!(matches!(store.check_place(), Err(StoreError::Io { .. })));
    }
}
