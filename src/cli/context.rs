//! What a command asks of what it is given: the time span, the database.

use super::exit::{Exit, Failure};
use super::{Context, time};
use crate::domain::Range;
use crate::store::Store;

impl Context<'_> {
    /// The time span that was asked for, if one was.
    ///
    /// # Errors
    /// [`Failure`] with code 2 for a time that cannot be read.
    pub(super) fn typed_range(&self, store: &Store) -> Result<Option<Range>, Failure> {
        let typed = time::Typed {
            since: self.global.since.as_deref(),
            until: self.global.until.as_deref(),
            last: self.global.last.as_deref(),
        };
        time::range(typed, store.event_times()?, self.now, self.settings.zone.0).map_err(|error| {
            Failure::new(Exit::Usage, error.to_string()).hint(format!("it takes {}", error.forms))
        })
    }

    /// The time span that was asked for, or the day of the newest event and the six before.
    ///
    /// # Errors
    /// Those of [`Context::typed_range`].
    pub(super) fn range(&self, store: &Store) -> Result<Range, Failure> {
        if let Some(range) = self.typed_range(store)? {
            return Ok(range);
        }
        let newest = store.event_times()?.map_or(self.now, |(_, newest)| newest);
        Ok(time::default_range(newest, self.settings.zone.0))
    }

    /// The existing database, for reading.
    ///
    /// # Errors
    /// [`Failure`] when there is none, or it cannot be read.
    pub(super) fn open_read_only(&self) -> Result<Store, Failure> {
        Ok(Store::open_read_only(&self.settings.db)?)
    }
}
