//! Whether TikTok took a key already: from our own attempts or from a log's receipts.

use rusqlite::{Connection, Row, named_params, params};

use super::answer::answer;
use super::fault::Fault;
use super::row::{Id, span};
use crate::domain::{EventId, TimeMs};
use crate::tiktok::limits::AGE_MAX;

const ACCEPTED_ATTEMPT: &str = "
    SELECT EXISTS (
      SELECT 1
      FROM attempt AS a INDEXED BY attempt_by_key
      CROSS JOIN batch AS b ON b.code = a.batch
      WHERE a.event_id = ?1 AND a.name = ?2 AND a.pixel = ?3
        AND a.outcome = 1 AND b.test_code = 0)";
const RECENT_SPANS: &str = "
    SELECT span
    FROM receipt_span
    WHERE span >= :since OR span = 0";
const ANSWERS_OF_KEY: &str = "
    SELECT answer
    FROM receipt
    WHERE span = ?1 AND event_id = ?2 AND name = ?3 AND pixel IN (0, ?4)";
const ACCEPTED_IN_BATCH: &str = "
    SELECT EXISTS (
      SELECT 1
      FROM attempt AS mine
      CROSS JOIN attempt AS a INDEXED BY attempt_by_key
        ON a.event_id = mine.event_id AND a.name = mine.name AND a.pixel = mine.pixel
      CROSS JOIN batch AS b ON b.code = a.batch
      WHERE mine.batch = :batch AND a.outcome = 1 AND b.test_code = 0)";
const ANSWERS_OF_BATCH: &str = "
    SELECT DISTINCT r.answer
    FROM attempt AS mine
    CROSS JOIN receipt AS r
      ON r.span = :span AND r.event_id = mine.event_id AND r.name = mine.name
      AND r.pixel IN (0, mine.pixel)
    WHERE mine.batch = :batch";

/// What may speak of a key that is sent now. A receipt is not older than its event, and no event is
/// sent that is older than [`AGE_MAX`]; the plan has read all older receipts as well. A span more makes
/// up for clocks.
pub(super) struct Acceptances<'a> {
    connection: &'a Connection,
    spans: Vec<i64>,
}

impl<'a> Acceptances<'a> {
    /// Of keys that are sent at a moment.
    pub(super) fn new(connection: &'a Connection, now: TimeMs) -> Result<Self, Fault> {
        let since = span(now.minus(AGE_MAX)) - 1;
        let spans = connection
            .prepare_cached(RECENT_SPANS)?
            .query_map(named_params! { ":since": since }, |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        Ok(Self { connection, spans })
    }

    /// Whether a key has one. A receipt without a pixel counts: it may be this key's.
    pub(super) fn has(&self, id: &EventId, name: u32, pixel: u32) -> Result<bool, Fault> {
        let by_us = self
            .connection
            .prepare_cached(ACCEPTED_ATTEMPT)?
            .query_row(params![Id(id), name, pixel], |row| row.get(0))?;
        if by_us {
            return Ok(true);
        }
        let mut statement = self.connection.prepare_cached(ANSWERS_OF_KEY)?;
        for span in &self.spans {
            let mut rows = statement.query(params![span, Id(id), name, pixel])?;
            while let Some(row) = rows.next()? {
                if self.accepts(row)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Whether any key of a batch has one.
    pub(super) fn has_any_of(&self, batch: i64) -> Result<bool, Fault> {
        let by_us = self
            .connection
            .prepare_cached(ACCEPTED_IN_BATCH)?
            .query_row(named_params! { ":batch": batch }, |row| row.get(0))?;
        if by_us {
            return Ok(true);
        }
        let mut statement = self.connection.prepare_cached(ANSWERS_OF_BATCH)?;
        for span in &self.spans {
            let mut rows = statement.query(named_params! { ":span": span, ":batch": batch })?;
            while let Some(row) = rows.next()? {
                if self.accepts(row)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn accepts(&self, row: &Row<'_>) -> Result<bool, Fault> {
        Ok(answer(self.connection, row.get(0)?)?.accepts())
    }
}
