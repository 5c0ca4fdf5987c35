//! What a stored event says that no batch carries.

use std::sync::Arc;

use rusqlite::{Connection, named_params};

use crate::domain::{EventId, Facts, KeyBits, TermKind, TimeMs};
use crate::store::dictionary::Dictionary;
use crate::store::fault::Fault;
use crate::store::row::{Id, bits, span};

const MARK: &str = "
    UPDATE event
    SET bits = bits | :marks, seen_lag_ms = max(seen_lag_ms, at_ms - :seen_ms)
    WHERE span = :span AND event_id = :event_id AND name = :name AND pixel = :pixel
      AND (bits | :marks <> bits OR at_ms - seen_lag_ms > :seen_ms)";

/// What a stored event says beyond its winning record.
#[derive(Debug)]
pub(super) struct Mark {
    pub(super) id: EventId,
    pub(super) name: Arc<str>,
    pub(super) pixel: Option<Arc<str>>,
    pub(super) at: TimeMs,
    pub(super) seen_at: TimeMs,
    pub(super) differs: Facts,
}

/// What stored events say beyond their winning records.
#[derive(Debug, Default)]
pub(super) struct Marks(pub(super) Vec<Mark>);

impl Marks {
    /// Adds it to the events, which are stored by now: the earliest sight, and what differed.
    pub(super) fn write(&self, connection: &Connection, dictionary: &Dictionary) -> Result<(), Fault> {
        let mut statement = connection.prepare_cached(MARK)?;
        for Mark { id, name, pixel, at, seen_at, differs } in &self.0 {
            let pixel = pixel.as_ref().map(|text| dictionary.find(connection, TermKind::Pixel, text));
            statement.execute(named_params! {
                ":span": span(*at),
                ":event_id": Id(id),
                ":name": dictionary.find(connection, TermKind::Name, name)?,
                ":pixel": pixel.transpose()?.unwrap_or(0),
                ":marks": bits(KeyBits::default(), *differs),
                ":seen_ms": seen_at.as_ms(),
            })?;
        }
        Ok(())
    }
}
