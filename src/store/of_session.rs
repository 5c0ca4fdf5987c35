//! The events of one session: for a person who has just walked through the funnel.

use rusqlite::{OptionalExtension as _, named_params};

use super::fault::Fault;
use super::row::read_id;
use super::{Store, StoreError, session};
use crate::domain::{EventId, SessionId};

const NEWEST: &str = "
    SELECT session
    FROM event
    WHERE session IS NOT NULL
    ORDER BY span DESC, at_ms DESC, event_id
    LIMIT 1";
const IDS: &str = "
    SELECT DISTINCT event_id
    FROM event
    WHERE session = :session
    ORDER BY event_id
    LIMIT :limit";

impl Store {
    /// The store's number of a session; `None`: no record names it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn session_code(&self, id: &SessionId) -> Result<Option<i64>, StoreError> {
        let read = || -> Result<_, Fault> {
            let Ok(id) = EventId::parse(id.as_str()) else { return Ok(None) };
            session::code(&self.connection, &id)
        };
        read().map_err(|fault| fault.at(&self.path))
    }

    /// The store's number of the session of the newest event that has one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn newest_session(&self) -> Result<Option<i64>, StoreError> {
        let read = || -> Result<_, Fault> {
            Ok(self.connection.query_row(NEWEST, [], |row| row.get(0)).optional()?)
        };
        read().map_err(|fault| fault.at(&self.path))
    }

    /// The ids of a session's events, in their own order; at most `limit` of them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ids_of_session(&self, session: i64, limit: u32) -> Result<Vec<EventId>, StoreError> {
        let read = || -> Result<_, Fault> {
            let mut statement = self.connection.prepare_cached(IDS)?;
            let mut rows = statement.query(named_params! { ":session": session, ":limit": limit })?;
            let mut ids = Vec::new();
            while let Some(row) = rows.next()? {
                ids.push(read_id(row.get_ref(0)?)?);
            }
            Ok(ids)
        };
        read().map_err(|fault| fault.at(&self.path))
    }
}
