//! The cluster's coverage: the last run's, whole.

use rusqlite::{Connection, named_params};

use super::commit::LOG_RAISE;
use super::fault::Fault;
use super::{Store, StoreError};
use crate::domain::{ClusterCoverage, CoverageRow, RunId, TermKind, TimeMs};

const COVERAGE_DELETE: &str = "
    DELETE FROM coverage";
const COVERAGE_INSERT: &str = "
    INSERT INTO coverage (run, day_ms, pixel, event, expected, delivered, missing, settled_ms, hosts)
    VALUES (:run, :day_ms, :pixel, :event, :expected, :delivered, :missing, :settled_ms, :hosts)";
const COVERAGE: &str = "
    SELECT r.started_ms, c.settled_ms, c.hosts, c.day_ms, c.pixel, c.event, c.expected, c.delivered
    FROM coverage AS c
    JOIN run AS r ON r.code = c.run
    ORDER BY c.day_ms, c.pixel, c.event";

impl Store {
    /// Puts the coverage of a run in the place of the one before, and notes each pixel's newest
    /// acceptance: without it nobody here could say that its receipts reach past an event.
    ///
    /// # Errors
    /// [`StoreError`]; the one before then stays.
    pub fn keep_coverage(&mut self, run: RunId, coverage: &ClusterCoverage) -> Result<(), StoreError> {
        self.write_ledger(|connection, dictionary| {
            connection.execute(COVERAGE_DELETE, [])?;
            let mut insert = connection.prepare_cached(COVERAGE_INSERT)?;
            let mut log = connection.prepare_cached(LOG_RAISE)?;
            for row in &coverage.rows {
                let CoverageRow { day, pixel, event, expected, delivered, newest } = row;
                insert.execute(named_params! {
                    ":run": run.value(),
                    ":day_ms": day.as_ms(),
                    ":pixel": pixel,
                    ":event": event,
                    ":expected": number(*expected),
                    ":delivered": number(*delivered),
                    ":missing": number(expected.saturating_sub(*delivered)),
                    ":settled_ms": coverage.settled.as_ms(),
                    ":hosts": number(coverage.hosts),
                })?;
                if let Some(newest) = newest.filter(|_| !pixel.is_empty()) {
                    let pixel = dictionary.code(connection, TermKind::Pixel, &(&**pixel).into())?;
                    let newest_ms = newest.as_ms();
                    log.execute(named_params! { ":pixel": pixel, ":leg": 0, ":newest_ms": newest_ms })?;
                }
            }
            Ok(())
        })
    }

    /// The coverage of the last run over a cluster, if there was one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn cluster_coverage(&self) -> Result<Option<ClusterCoverage>, StoreError> {
        read(&self.connection).map_err(|fault| fault.at(&self.path))
    }
}

fn read(connection: &Connection) -> Result<Option<ClusterCoverage>, Fault> {
    let mut statement = connection.prepare_cached(COVERAGE)?;
    let mut rows = statement.query([])?;
    let mut coverage: Option<ClusterCoverage> = None;
    while let Some(row) = rows.next()? {
        let time = |at: usize| row.get(at).map(TimeMs::from_ms);
        let count = |at: usize| row.get::<_, i64>(at).map(i64::cast_unsigned);
        let of_run = match &mut coverage {
            Some(known) => known,
            None => coverage.insert(ClusterCoverage {
                at: time(0)?,
                settled: time(1)?,
                hosts: count(2)?,
                rows: Vec::new(),
            }),
        };
        of_run.rows.push(CoverageRow {
            day: time(3)?,
            pixel: row.get::<_, String>(4)?.into(),
            event: row.get::<_, String>(5)?.into(),
            expected: count(6)?,
            delivered: count(7)?,
            newest: None,
        });
    }
    Ok(coverage)
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
