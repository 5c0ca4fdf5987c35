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
    SELECT size, test_code <> 0, ended_ms IS NOT NULL
    FROM batch
    WHERE code = :batch";
const OWNED: &str = "
    SELECT count(*)
    FROM attempt AS a
    JOIN claim AS c
      ON c.event_id = a.event_id AND c.name = a.name AND c.pixel = a.pixel AND c.is_test = :is_test
    WHERE a.batch = :batch AND c.batch = :batch AND c.lease_until_ms >= :until_ms";
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
    WHERE batch = :batch AND outcome IS NULL AND EXISTS (
      SELECT 1
      FROM claim AS c
      WHERE c.event_id = attempt.event_id AND c.name = attempt.name AND c.pixel = attempt.pixel
        AND c.is_test = :is_test AND c.batch = :batch)";
const END_LEASES: &str = "
    UPDATE claim
    SET lease_until_ms = min(lease_until_ms, :at_ms), not_before_ms = max(not_before_ms, :not_before_ms)
    WHERE batch = :batch AND (event_id, name, pixel) IN (
      SELECT event_id, name, pixel
      FROM attempt
      WHERE batch = :batch)";
/// The object holds personal data and is of no use any more, whoever owns the key now.
const CLEAR_OBJECTS: &str = "
    UPDATE claim
    SET object = NULL, object_sha256 = NULL
    WHERE is_test = :is_test AND (event_id, name, pixel) IN (
      SELECT event_id, name, pixel
      FROM attempt
      WHERE batch = :batch)";

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
        if found.ended {
            return Ok(false);
        }
        let owned: i64 = snapshot.prepare_cached(OWNED)?.query_row(
            named_params! { ":batch": batch, ":is_test": found.is_test, ":until_ms": until.as_ms() },
            |row| row.get(0),
        )?;
        let is_free = found.is_test || !Acceptances::new(&snapshot, until)?.has_any_of(batch)?;
        Ok(owned == found.size && is_free)
    }

    /// Records how a request ended, where the batch still owns its keys; an acceptance always counts.
    ///
    /// # Errors
    /// [`StoreError`]; the attempts then stay unknown.
    pub fn record(&mut self, batch: i64, result: &BatchResult) -> Result<(), StoreError> {
        self.write_ledger(|connection, _| {
            let Some(found) = find(connection, batch)? else {
                return Err(Fault::Damaged("lost the row of a request"));
            };
            end_batch(connection, batch, result)?;
            let Some(outcome) = result.outcome else { return Ok(()) };
            if outcome == Outcome::Accepted {
                connection.prepare_cached(ACCEPT)?.execute(named_params! { ":batch": batch })?;
                connection
                    .prepare_cached(CLEAR_OBJECTS)?
                    .execute(named_params! { ":batch": batch, ":is_test": found.is_test })?;
            } else {
                connection.prepare_cached(SETTLE)?.execute(named_params! {
                    ":batch": batch, ":is_test": found.is_test, ":outcome": outcome_number(outcome),
                })?;
            }
            connection.prepare_cached(END_LEASES)?.execute(named_params! {
                ":batch": batch, ":at_ms": result.at.as_ms(), ":not_before_ms": result.not_before.as_ms(),
            })?;
            crash_point!("P7");
            Ok(())
        })
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

/// What settling needs to know of a batch.
struct Found {
    size: i64,
    is_test: bool,
    ended: bool,
}

fn find(connection: &Connection, batch: i64) -> Result<Option<Found>, Fault> {
    let found = connection.prepare_cached(BATCH)?.query_row(named_params! { ":batch": batch }, |row| {
        Ok(Found { size: row.get(0)?, is_test: row.get(1)?, ended: row.get(2)? })
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
