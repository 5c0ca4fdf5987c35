//! Runs: a row per invocation that writes.

use rusqlite::named_params;

use super::fault::Fault;
use super::{Store, StoreError};
use crate::domain::{RunId, TimeMs};

/// What a run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunKind {
    /// It imports.
    Import,
    /// It sends.
    Backfill,
    /// It audits all events of the database.
    Audit,
}

/// A run as stored.
#[derive(Clone, Debug)]
pub struct RunRow {
    /// Its number.
    pub run: RunId,
    /// When it began.
    pub started_at: TimeMs,
    /// When it ended; `None`: it still runs, or died and nobody has noticed.
    pub ended_at: Option<TimeMs>,
    /// Its exit code; `None` of one that ended: it died.
    pub exit_code: Option<u8>,
    /// Its counts, as JSON.
    pub counts: Option<String>,
}

const RUN_INSERT: &str = "
    INSERT INTO run (kind, started_ms, note)
    VALUES (:kind, :started_ms, :note)";
const RUN_END: &str = "
    UPDATE run
    SET ended_ms = :ended_ms, exit_code = :exit_code, counts = :counts
    WHERE code = :code";
const RUNS: &str = "
    SELECT code, started_ms, ended_ms, exit_code, counts
    FROM run
    WHERE kind = :kind
    ORDER BY code DESC
    LIMIT :limit";

const RUNS_DEAD: &str = "
    SELECT r.code, count(b.code), COALESCE(sum(b.size), 0)
    FROM run AS r
    LEFT JOIN batch AS b ON b.run = r.code AND b.outcome IS NULL
    WHERE r.kind = 2 AND r.ended_ms IS NULL
    GROUP BY r.code
    ORDER BY r.code";
const RUNS_BURY: &str = "
    UPDATE run
    SET ended_ms = :ended_ms
    WHERE kind = 2 AND ended_ms IS NULL";

/// A backfill that died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeadRun {
    /// Its number.
    pub run: RunId,
    /// Its requests of which nobody knows what became.
    pub requests: u64,
    /// The events in them.
    pub events: u64,
}

impl Store {
    /// The backfills that never ended, which from now on count as ended: without an exit code. Whoever
    /// calls this holds the lock, so none of them still runs.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn bury_backfills(&mut self, now: TimeMs) -> Result<Vec<DeadRun>, StoreError> {
        let dead = self.dead_backfills().map_err(|fault| fault.at(&self.path))?;
        if !dead.is_empty() {
            self.write_ledger(|connection, _| {
                connection.prepare_cached(RUNS_BURY)?.execute(named_params! { ":ended_ms": now.as_ms() })?;
                Ok(())
            })?;
        }
        Ok(dead)
    }

    fn dead_backfills(&self) -> Result<Vec<DeadRun>, Fault> {
        let mut statement = self.connection.prepare_cached(RUNS_DEAD)?;
        let dead = statement.query_map([], |row| {
            let (requests, events): (u32, u32) = (row.get(1)?, row.get(2)?);
            Ok(DeadRun { run: RunId::new(row.get(0)?), requests: requests.into(), events: events.into() })
        })?;
        Ok(dead.collect::<Result<_, _>>()?)
    }

    /// Writes the row of a run that begins. `note` is a JSON object: plan digest, released classes, …
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn begin_run(&mut self, kind: RunKind, now: TimeMs, note: &str) -> Result<RunId, StoreError> {
        self.write_ledger(|connection, _| {
            connection.prepare_cached(RUN_INSERT)?.execute(
                named_params! { ":kind": kind_number(kind), ":started_ms": now.as_ms(), ":note": note },
            )?;
            Ok(RunId::new(connection.last_insert_rowid()))
        })
    }

    /// Completes the row of a run that ends.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn end_run(
        &mut self,
        run: RunId,
        now: TimeMs,
        exit_code: u8,
        counts: &str,
    ) -> Result<(), StoreError> {
        self.write_ledger(|connection, _| {
            connection.prepare_cached(RUN_END)?.execute(
                named_params! { ":code": run.value(), ":ended_ms": now.as_ms(), ":exit_code": exit_code,
                ":counts": counts },
            )?;
            Ok(())
        })
    }

    /// The runs of a kind, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn runs(&self, kind: RunKind, limit: u32) -> Result<Vec<RunRow>, StoreError> {
        let read = || -> Result<_, Fault> {
            let mut statement = self.connection.prepare_cached(RUNS)?;
            let mut rows = statement.query(named_params! { ":kind": kind_number(kind), ":limit": limit })?;
            let mut runs = Vec::new();
            while let Some(row) = rows.next()? {
                runs.push(RunRow {
                    run: RunId::new(row.get(0)?),
                    started_at: TimeMs::from_ms(row.get(1)?),
                    ended_at: row.get::<_, Option<i64>>(2)?.map(TimeMs::from_ms),
                    exit_code: row.get(3)?,
                    counts: row.get(4)?,
                });
            }
            Ok(runs)
        };
        read().map_err(|fault| fault.at(&self.path))
    }
}

const fn kind_number(kind: RunKind) -> i64 {
    match kind {
        RunKind::Import => 1,
        RunKind::Backfill => 2,
        RunKind::Audit => 3,
    }
}
