//! Wiping: what was deleted leaves no bytes behind in the database or beside it.

use std::cell::RefCell;

use super::block::BlockCache;
use super::contact::ContactCache;
use super::dictionary::Dictionary;
use super::erase::OBJECTS_FORGET;
use super::fault::Fault;
use super::{Store, StoreError};

const SCRUB_DUE: &str = "
    SELECT scrub_due
    FROM meta";
const SCRUB_DONE: &str = "
    UPDATE meta
    SET scrub_due = 0";

impl Store {
    /// Wipes the bytes of what was erased or pruned, if any are left: the file is written anew and the
    /// log beside it is cut to nothing. Killed half-way, the next call does it again.
    ///
    /// # Errors
    /// [`StoreError::Busy`] while another process reads or writes; [`StoreError::Full`] when there is
    /// no room for the copy.
    pub fn scrub(&mut self) -> Result<(), StoreError> {
        let scrubbed = self.try_scrub();
        scrubbed.map_err(|fault| fault.at(&self.path))
    }

    /// Whether bytes are left to be wiped by [`Store::scrub`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn is_scrub_due(&self) -> Result<bool, StoreError> {
        self.is_due().map_err(|fault| fault.at(&self.path))
    }

    fn is_due(&self) -> Result<bool, Fault> {
        Ok(self.connection.prepare_cached(SCRUB_DUE)?.query_row([], |row| row.get(0))?)
    }

    fn try_scrub(&mut self) -> Result<(), Fault> {
        if !self.is_due()? {
            return Ok(());
        }
        // A backfill that ran meanwhile may have kept once more what it sent.
        self.connection.execute(OBJECTS_FORGET, [])?;
        self.readers.get_mut().clear();
        self.connection.flush_prepared_statement_cache();
        // The copy may be larger than memory: it goes to a private file that has no name.
        self.connection.execute_batch("PRAGMA temp_store = FILE; VACUUM; PRAGMA temp_store = MEMORY;")?;
        self.cut_log()?;
        self.connection.execute(SCRUB_DONE, [])?;
        self.cut_log()
    }

    fn cut_log(&self) -> Result<(), Fault> {
        let is_busy: bool =
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if is_busy { Err(Fault::Busy) } else { Ok(()) }
    }

    /// From now on this connection writes zeros over what it deletes.
    pub(super) fn overwrite_deleted(&self) -> Result<(), StoreError> {
        let set =
            || -> Result<(), Fault> { Ok(self.connection.execute_batch("PRAGMA secure_delete = ON;")?) };
        set().map_err(|fault| fault.at(&self.path))
    }

    /// Forgets what memory holds of the rows.
    pub(super) fn forget(&mut self) {
        self.dictionary = RefCell::new(Dictionary::default());
        self.contacts = ContactCache::default();
        self.blocks = RefCell::new(BlockCache::default());
    }
}
