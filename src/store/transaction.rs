//! Writing transactions.

use rusqlite::{Connection, TransactionBehavior};

use super::dictionary::Dictionary;
use super::fault::Fault;
use super::open::Durability;
use super::{Store, StoreError};

const REVISION_RAISE: &str = "
    UPDATE meta
    SET revision = revision + 1";

impl Store {
    /// Runs `work` in one writing transaction that survives the loss of power once this returns.
    /// When `work` fails, nothing is written.
    pub(super) fn write_ledger<T>(
        &mut self,
        work: impl FnOnce(&Connection, &mut Dictionary) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let written = self.try_write(work);
        if written.is_err() {
            *self.dictionary.get_mut() = Dictionary::default();
        }
        written.map_err(|fault| fault.at(&self.path))
    }

    fn try_write<T>(
        &mut self,
        work: impl FnOnce(&Connection, &mut Dictionary) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.make_durable(Durability::Power)?;
        if !self.is_in_place() {
            return Err(Fault::Replaced);
        }
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let dictionary = self.dictionary.get_mut();
        dictionary.refresh(&transaction)?;
        let done = work(&transaction, dictionary)?;
        transaction.prepare_cached(REVISION_RAISE)?.execute([])?;
        transaction.commit()?;
        Ok(done)
    }
}
