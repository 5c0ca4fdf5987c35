//! Retention: what is old enough is taken away; its keys stay until they can never be sent again.

use rusqlite::{Connection, named_params};

use super::erase::{AGENTS_FORGET, CONTACTS_DELETE, MARK_FORGOTTEN};
use super::fault::Fault;
use super::row::span;
use super::{Store, StoreError};
use crate::domain::TimeMs;

const DAY_MS: i64 = 86_400_000;

const CONTACTS_OLD: &str = "
    SELECT count(*)
    FROM event
    WHERE span <= :span AND at_ms < :before_ms AND contact IS NOT NULL";
const CONTACTS_DETACH: &str = "
    UPDATE event
    SET contact = NULL
    WHERE span <= :span AND at_ms < :before_ms AND contact IS NOT NULL";
const PAYLOADS_OLD: &str = "
    SELECT count(*)
    FROM event
    WHERE span <= :span AND at_ms < :before_ms AND payload IS NOT NULL";
const PAYLOADS_DETACH: &str = "
    UPDATE event
    SET payload = NULL
    WHERE span <= :span AND at_ms < :before_ms AND payload IS NOT NULL";
const BLOCKS_DELETE: &str = "
    DELETE FROM block
    WHERE day < :day";
const SESSIONS_OLD: &str = "
    SELECT count(*)
    FROM session
    WHERE COALESCE(ttclid, ttp, email, phone, external_id, hints) IS NOT NULL AND code NOT IN (
      SELECT session
      FROM event
      WHERE span >= :span AND at_ms >= :before_ms AND session IS NOT NULL)";
const SESSIONS_EMPTY: &str = "
    UPDATE session
    SET ttclid = NULL, ttclid_ms = NULL, ttp = NULL, ttp_ms = NULL, email = NULL, email_ms = NULL,
      phone = NULL, phone_ms = NULL, external_id = NULL, external_id_ms = NULL,
      hints = NULL
    WHERE COALESCE(ttclid, ttp, email, phone, external_id, hints) IS NOT NULL AND code NOT IN (
      SELECT session
      FROM event
      WHERE span >= :span AND at_ms >= :before_ms AND session IS NOT NULL)";
/// A key that was tried again later keeps its object: what was sent once is what is sent again.
const OBJECTS_OLD: &str = "
    SELECT count(*)
    FROM frozen AS f
    WHERE object IS NOT NULL AND NOT EXISTS (
      SELECT 1
      FROM attempt AS a INDEXED BY attempt_by_key
      CROSS JOIN batch AS b ON b.code = a.batch
      WHERE a.event_id = f.event_id AND a.name = f.name AND a.pixel = f.pixel
        AND b.started_ms >= :before_ms)";
const OBJECTS_CLEAR: &str = "
    UPDATE frozen AS f
    SET object = NULL, object_sha256 = NULL, provenance = ''
    WHERE object IS NOT NULL AND NOT EXISTS (
      SELECT 1
      FROM attempt AS a INDEXED BY attempt_by_key
      CROSS JOIN batch AS b ON b.code = a.batch
      WHERE a.event_id = f.event_id AND a.name = f.name AND a.pixel = f.pixel
        AND b.started_ms >= :before_ms)";
const EVENTS_OLD: &str = "
    SELECT count(*)
    FROM event
    WHERE span <= :span AND at_ms < :before_ms";
const EVENTS_DELETE: &str = "
    DELETE FROM event
    WHERE span <= :span AND at_ms < :before_ms";
const RECEIPTS_OLD: &str = "
    SELECT count(*)
    FROM receipt
    WHERE span BETWEEN 1 AND :span AND at_ms < :before_ms";
const RECEIPTS_DELETE: &str = "
    DELETE FROM receipt
    WHERE span BETWEEN 1 AND :span AND at_ms < :before_ms";
const SESSIONS_DELETE: &str = "
    DELETE FROM session
    WHERE landing_ms < :before_ms AND code NOT IN (SELECT session FROM event WHERE session IS NOT NULL)";
const OLDEST: &str = "
    UPDATE meta
    SET oldest_ms = (SELECT min(at_ms) FROM event WHERE span = (SELECT min(span) FROM event)),
      newest_ms = CASE WHEN EXISTS (SELECT 1 FROM event) THEN newest_ms END";

/// What is older than these moments is taken away.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// IP addresses, user agents, and requests kept for a repeat.
    pub contact_before: TimeMs,
    /// Payloads, and the match keys of sessions.
    pub payload_before: TimeMs,
    /// Keys and receipts: nothing of them is left.
    pub keys_before: TimeMs,
}

/// What was taken away, or would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Events that lost IP address and user agent.
    pub contacts: u64,
    /// Events that lost their payload.
    pub payloads: u64,
    /// Sessions that lost their match keys.
    pub sessions: u64,
    /// Requests that were kept for a repeat.
    pub objects: u64,
    /// Events that are gone.
    pub events: u64,
    /// Receipts that are gone.
    pub receipts: u64,
}

impl Store {
    /// What [`Store::prune`] would take away.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn prunable(&self, retention: Retention) -> Result<Pruned, StoreError> {
        count(&self.connection, retention).map_err(|fault| fault.at(&self.path))
    }

    /// Takes away what is older than its retention. Attempts are never deleted. The bytes are gone
    /// from the file after [`Store::scrub`].
    ///
    /// # Errors
    /// [`StoreError`]; nothing is then taken away.
    pub fn prune(&mut self, retention: Retention) -> Result<Pruned, StoreError> {
        self.overwrite_deleted()?;
        let pruned = self.write_ledger(|connection, _| {
            let pruned = count(connection, retention)?;
            if pruned != Pruned::default() {
                apply(connection, retention)?;
            }
            Ok(pruned)
        })?;
        self.forget();
        Ok(pruned)
    }
}

/// A day's payloads lie in blocks of their own, so a day goes as a whole.
fn day_begin(at: TimeMs) -> TimeMs {
    TimeMs::from_ms(at.as_ms().div_euclid(DAY_MS) * DAY_MS)
}

fn count(connection: &Connection, retention: Retention) -> Result<Pruned, Fault> {
    let Retention { contact_before, payload_before, keys_before } = retention;
    let payload_before = day_begin(payload_before);
    let counted = |sql: &str, before: TimeMs| -> Result<u64, Fault> {
        let parameters = named_params! { ":span": span(before), ":before_ms": before.as_ms() };
        let n: i64 = connection.prepare_cached(sql)?.query_row(parameters, |row| row.get(0))?;
        Ok(n.cast_unsigned())
    };
    let before_ms = contact_before.as_ms();
    let objects: i64 = connection
        .prepare_cached(OBJECTS_OLD)?
        .query_row(named_params! { ":before_ms": before_ms }, |row| row.get(0))?;
    Ok(Pruned {
        contacts: counted(CONTACTS_OLD, contact_before)?,
        payloads: counted(PAYLOADS_OLD, payload_before)?,
        sessions: counted(SESSIONS_OLD, payload_before)?,
        objects: objects.cast_unsigned(),
        events: counted(EVENTS_OLD, keys_before)?,
        receipts: counted(RECEIPTS_OLD, keys_before)?,
    })
}

fn apply(connection: &Connection, retention: Retention) -> Result<(), Fault> {
    let Retention { contact_before, payload_before, keys_before } = retention;
    let payload_before = day_begin(payload_before);
    let run = |sql: &str, before: TimeMs| -> Result<(), Fault> {
        let parameters = named_params! { ":span": span(before), ":before_ms": before.as_ms() };
        connection.prepare_cached(sql)?.execute(parameters)?;
        Ok(())
    };
    run(CONTACTS_DETACH, contact_before)?;
    run(PAYLOADS_DETACH, payload_before)?;
    run(SESSIONS_EMPTY, payload_before)?;
    run(EVENTS_DELETE, keys_before)?;
    run(RECEIPTS_DELETE, keys_before)?;
    let day = payload_before.as_ms().div_euclid(DAY_MS);
    connection.prepare_cached(BLOCKS_DELETE)?.execute(named_params! { ":day": day })?;
    let before_ms = contact_before.as_ms();
    connection.prepare_cached(OBJECTS_CLEAR)?.execute(named_params! { ":before_ms": before_ms })?;
    let before_ms = keys_before.as_ms();
    connection.prepare_cached(SESSIONS_DELETE)?.execute(named_params! { ":before_ms": before_ms })?;
    for sql in [CONTACTS_DELETE, AGENTS_FORGET, OLDEST, MARK_FORGOTTEN] {
        connection.prepare_cached(sql)?.execute([])?;
    }
    Ok(())
}
