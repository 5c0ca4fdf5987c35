//! How a request ends in the ledger: re-check before its first byte, record, release.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, named_params};

use super::accepted::Acceptances;
use super::answer::code_numbers;
use super::fault::Fault;
use super::ledger::BatchResult;
use super::outcome::outcome_number;
use super::{Store, StoreError};
use crate::crash::crash_point;
use crate::domain::{Code, Outcome, RequestId, TimeMs};

const BATCH: &str = "
    SELECT size, test_code <> 0, ended_ms IS NOT NULL, lease_until_ms
    FROM batch
    WHERE code = :batch";
const OWNED: &str = "
    SELECT count(*)
    FROM attempt AS mine
    WHERE mine.batch = :batch AND NOT EXISTS (
      SELECT 1
      FROM attempt AS later INDEXED BY attempt_by_key
      CROSS JOIN batch AS b ON b.code = later.batch
      WHERE later.event_id = mine.event_id AND later.name = mine.name AND later.pixel = mine.pixel
        AND later.batch > :batch AND (b.test_code <> 0) = :is_test)";
const BATCH_END: &str = "
    UPDATE batch
    SET ended_ms = :ended_ms, outcome = :outcome, http_status = :http_status, kind = :kind,
      api_code = :api_code, request_id = :request_id
    WHERE code = :batch AND outcome IS NOT 1";
const ACCEPT: &str = "
    UPDATE attempt
    SET outcome = 1
    WHERE batch = :batch";
/// Only where the batch still owns the key; an outcome, once written, stays.
const SETTLE: &str = "
    UPDATE attempt
    SET outcome = :outcome
    WHERE batch = :batch AND outcome IS NULL AND NOT EXISTS (
      SELECT 1
      FROM attempt AS later INDEXED BY attempt_by_key
      CROSS JOIN batch AS b ON b.code = later.batch
      WHERE later.event_id = attempt.event_id AND later.name = attempt.name
        AND later.pixel = attempt.pixel AND later.batch > :batch AND (b.test_code <> 0) = :is_test)";
const END_LEASE: &str = "
    UPDATE batch
    SET lease_until_ms = min(lease_until_ms, :at_ms), not_before_ms = max(not_before_ms, :not_before_ms)
    WHERE code = :batch";
/// An object holds personal data and is of no use any more.
const CLEAR_OWN: &str = "
    UPDATE frozen
    SET object = NULL, object_sha256 = NULL
    WHERE batch = :batch AND object IS NOT NULL";
/// Whichever batch froze it.
const CLEAR_OTHERS: &str = "
    UPDATE frozen
    SET object = NULL, object_sha256 = NULL
    WHERE object IS NOT NULL AND (batch, event_id, name, pixel) IN (
      SELECT other.batch, other.event_id, other.name, other.pixel
      FROM attempt AS mine
      CROSS JOIN attempt AS other INDEXED BY attempt_by_key
        ON other.event_id = mine.event_id AND other.name = mine.name AND other.pixel = mine.pixel
      CROSS JOIN batch AS b ON b.code = other.batch
      WHERE mine.batch = :batch AND other.batch <> :batch AND (b.test_code <> 0) = :is_test)";

impl Store {
    /// Whether the batch still owns all its keys until `until`, and none was accepted meanwhile:
    /// asked just before the first byte.
    ///
    /// # Errors
    /// [`StoreError`]; nothing may then be sent.
    pub fn recheck(&mut self, batch: i64, until: TimeMs) -> Result<bool, StoreError> {
        let checked = self.try_recheck(batch, until);
        checked.map_err(|fault| fault.at(&self.path))
    }

    fn try_recheck(&mut self, batch: i64, until: TimeMs) -> Result<bool, Fault> {
        let snapshot = self.connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
        let Some(found) = find(&snapshot, batch)? else { return Ok(false) };
        if found.ended || found.lease_until < until {
            return Ok(false);
        }
        let owned: i64 = snapshot
            .prepare_cached(OWNED)?
            .query_row(named_params! { ":batch": batch, ":is_test": found.is_test }, |row| row.get(0))?;
        let is_free = found.is_test || !Acceptances::new(&snapshot, until)?.has_any_of(batch)?;
        Ok(owned == found.size && is_free)
    }

    /// Records how a request ended, where the batch still owns its keys; an acceptance always counts.
    ///
    /// # Errors
    /// [`StoreError`]; the attempts then stay unknown.
    pub fn record(&mut self, batch: i64, result: &BatchResult) -> Result<(), StoreError> {
        self.write_ledger(|connection, _| settle(connection, batch, result))
    }

    /// Records how several requests ended, in one transaction.
    ///
    /// # Errors
    /// [`StoreError`]; the attempts of all of them then stay unknown.
    pub fn record_all(&mut self, ended: &[(i64, BatchResult)]) -> Result<(), StoreError> {
        self.write_ledger(|connection, _| settle_all(connection, ended))
    }

    /// Gives the keys of a batch back: no byte of its request was sent.
    ///
    /// # Errors
    /// [`StoreError`]; the attempts then stay unknown.
    pub fn release(&mut self, batch: i64, now: TimeMs) -> Result<(), StoreError> {
        let not_sent = BatchResult {
            outcome: Some(Outcome::NotSent),
            http_status: None,
            code: Code::Absent,
            request: RequestId::NONE,
            at: now,
            not_before: now,
        };
        self.record(batch, &not_sent)
    }
}

pub(super) fn settle_all(connection: &Connection, ended: &[(i64, BatchResult)]) -> Result<(), Fault> {
    ended.iter().try_for_each(|(batch, result)| settle(connection, *batch, result))
}

fn settle(connection: &Connection, batch: i64, result: &BatchResult) -> Result<(), Fault> {
    let Some(found) = find(connection, batch)? else {
        return Err(Fault::Damaged("lost the row of a request"));
    };
    end_batch(connection, batch, result)?;
    let Some(outcome) = result.outcome else { return Ok(()) };
    if outcome == Outcome::Accepted {
        connection.prepare_cached(ACCEPT)?.execute(named_params! { ":batch": batch })?;
        connection.prepare_cached(CLEAR_OWN)?.execute(named_params! { ":batch": batch })?;
        connection
            .prepare_cached(CLEAR_OTHERS)?
            .execute(named_params! { ":batch": batch, ":is_test": found.is_test })?;
    } else {
        connection.prepare_cached(SETTLE)?.execute(named_params! {
            ":batch": batch, ":is_test": found.is_test, ":outcome": outcome_number(outcome),
        })?;
    }
    connection.prepare_cached(END_LEASE)?.execute(named_params! {
        ":batch": batch, ":at_ms": result.at.as_ms(), ":not_before_ms": result.not_before.as_ms(),
    })?;
    crash_point!("P7");
    Ok(())
}

/// What settling needs to know of a batch.
struct Found {
    size: i64,
    is_test: bool,
    ended: bool,
    lease_until: TimeMs,
}

fn find(connection: &Connection, batch: i64) -> Result<Option<Found>, Fault> {
    let found = connection.prepare_cached(BATCH)?.query_row(named_params! { ":batch": batch }, |row| {
        let lease_until = TimeMs::from_ms(row.get(3)?);
        Ok(Found { size: row.get(0)?, is_test: row.get(1)?, ended: row.get(2)?, lease_until })
    });
    Ok(found.optional()?)
}

fn end_batch(connection: &Connection, batch: i64, result: &BatchResult) -> Result<(), Fault> {
    let BatchResult { outcome, http_status, code, request, at, not_before: _ } = result;
    let (kind, api_code) = code_numbers(*code);
    connection.prepare_cached(BATCH_END)?.execute(named_params! {
        ":batch": batch,
        ":ended_ms": at.as_ms(),
        ":outcome": outcome.map(outcome_number),
        ":http_status": http_status,
        ":kind": kind,
        ":api_code": api_code,
        ":request_id": request.as_str(),
    })?;
    Ok(())
}
