//! Reading back what stands beside the ledger: files, quarantine, payloads, contacts, sessions.

use std::path::PathBuf;

use rusqlite::{OptionalExtension, named_params};

use super::contact::read_ip;
use super::fault::Fault;
use super::row::Id;
use super::{Contact, SessionValues, Store, StoreError, log, session, source};
use crate::domain::{
    Cursor, EventId, EventName, LogFacts, PixelCode, Reason, RunId, SessionId, StoredEvent, TermKind, TimeMs,
};
use crate::tiktok::payload::Stored;

const TIMES: &str = "
    SELECT oldest_ms, newest_ms
    FROM meta";
const CONTACT: &str = "
    SELECT ip, agent
    FROM contact
    WHERE code = :code";

const PROVENANCE: &str = "
    SELECT f.provenance
    FROM attempt AS a INDEXED BY attempt_by_key
    CROSS JOIN batch AS b ON b.code = a.batch
    CROSS JOIN frozen AS f
      ON f.batch = a.batch AND f.event_id = a.event_id AND f.name = a.name AND f.pixel = a.pixel
    JOIN term AS n ON n.kind = 0 AND n.code = f.name
    JOIN term AS p ON p.kind = 1 AND p.code = f.pixel
    WHERE a.event_id = :event_id AND b.test_code = 0 AND n.text = :name AND p.text = :pixel
    ORDER BY a.batch DESC
    LIMIT 1";

/// A quarantined line as stored.
#[derive(Clone, Debug)]
pub struct QuarantinedRow {
    /// The file.
    pub path: PathBuf,
    /// Byte offset of the line.
    pub offset: u64,
    /// Its length in bytes.
    pub length: u64,
    /// Why it could not be used.
    pub reason: Reason,
    /// SHA-256 of the line.
    pub sha256: [u8; 32],
    /// The event's name, where the line gave one.
    pub name: Option<std::sync::Arc<str>>,
    /// The event's time, where the line gave one.
    pub at: Option<TimeMs>,
}

/// A file that was imported.
#[derive(Clone, Debug)]
pub struct SourceRow {
    /// The store's number.
    pub source: i64,
    /// The name it was last seen under.
    pub path: PathBuf,
    /// How far it was read.
    pub position: u64,
}

impl Store {
    /// The positions of all files that were imported.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn cursors(&self) -> Result<Vec<Cursor>, StoreError> {
        let cursors = source::cursors(&self.connection).map_err(|fault| fault.at(&self.path))?;
        Ok(cursors.into_iter().map(|(_, cursor)| cursor).collect())
    }

    /// All files that were imported.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn sources(&self) -> Result<Vec<SourceRow>, StoreError> {
        source::sources(&self.connection).map_err(|fault| fault.at(&self.path))
    }

    /// The quarantined lines, by file and offset.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn quarantined(&self) -> Result<Vec<QuarantinedRow>, StoreError> {
        source::quarantined(&self.connection, &self.dictionary.borrow()).map_err(|fault| fault.at(&self.path))
    }

    /// Times of the oldest and the newest funnel record; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn event_times(&self) -> Result<Option<(TimeMs, TimeMs)>, StoreError> {
        let read = || -> Result<_, Fault> {
            let times = self
                .connection
                .prepare_cached(TIMES)?
                .query_row([], |row| Ok(row.get::<_, Option<i64>>(0)?.zip(row.get::<_, Option<i64>>(1)?)))?;
            Ok(times.map(|(oldest, newest)| (TimeMs::from_ms(oldest), TimeMs::from_ms(newest))))
        };
        read().map_err(|fault| fault.at(&self.path))
    }

    /// What the logs hold per pixel and campaign.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn log_facts(&self) -> Result<LogFacts, StoreError> {
        log::facts(&self.connection, &self.dictionary.borrow()).map_err(|fault| fault.at(&self.path))
    }

    /// The payload of an event; `None` when its retention is over.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Damaged`] when a bit of its block was flipped.
    pub fn payload(&self, event: &StoredEvent) -> Result<Option<Stored>, StoreError> {
        let read = || -> Result<_, Fault> {
            let Some(block) = event.block else { return Ok(None) };
            let entry = self.blocks.borrow_mut().entry(&self.connection, block, event.slot)?;
            let stored = entry.map(|bytes| Stored::read(&bytes)).transpose();
            stored.map_err(|_| Fault::Damaged("holds a payload that is not readable"))
        };
        read().map_err(|fault| fault.at(&self.path))
    }

    /// IP address and user agent of an event; empty when their retention is over.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn contact(&self, event: &StoredEvent) -> Result<Contact, StoreError> {
        let read = || -> Result<_, Fault> {
            let Some(code) = event.contact else { return Ok(Contact::default()) };
            let found: Option<(Option<Vec<u8>>, u32)> = self
                .connection
                .prepare_cached(CONTACT)?
                .query_row(named_params! { ":code": code }, |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let Some((ip, agent)) = found else { return Ok(Contact::default()) };
            Ok(Contact {
                ip: ip.map(|bytes| read_ip(&bytes)).transpose()?,
                user_agent: self.dictionary.borrow().text(&self.connection, TermKind::Agent, agent)?,
            })
        };
        read().map_err(|fault| fault.at(&self.path))
    }

    /// Which match keys the object of a key was given when it was frozen, and from where; `None` when
    /// it was never attempted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn provenance(
        &self,
        id: &EventId,
        name: &EventName,
        pixel: &PixelCode,
    ) -> Result<Option<Box<str>>, StoreError> {
        let read = || -> Result<_, Fault> {
            let found = self.connection.prepare_cached(PROVENANCE)?.query_row(
                named_params! { ":event_id": Id(id), ":name": name.as_str(), ":pixel": pixel.as_str() },
                |row| row.get(0),
            );
            Ok(found.optional()?)
        };
        read().map_err(|fault| fault.at(&self.path))
    }

    /// The match key values of an event's session.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn session_values(&self, event: &StoredEvent) -> Result<Option<SessionValues>, StoreError> {
        let read = || -> Result<_, Fault> {
            let Some(code) = event.session else { return Ok(None) };
            let Some(found) = session::by_code(&self.connection, code)? else { return Ok(None) };
            let id = SessionId::parse(&found.id.to_string());
            Ok(Some(SessionValues {
                id: id.map_err(|_| Fault::Damaged("holds a session without an id"))?,
                ttclid: found.ttclid,
                ttp: found.ttp,
                email: found.email,
                phone: found.phone,
                external_id: found.external_id,
            }))
        };
        read().map_err(|fault| fault.at(&self.path))
    }

    /// The run that a number stands for was made by this store.
    #[must_use]
    pub fn is_run(&self, run: RunId) -> bool {
        run.value() > 0
    }
}
