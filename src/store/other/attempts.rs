//! What the other database's backfills did: runs, batches, attempts, and the objects they froze.
//!
//! A batch has no name that holds everywhere, so it is known by what it was: when, for which pixel,
//! which keys, and TikTok's id of the request. So one that came by another way is not taken twice.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::Terms;
use crate::domain::{EventId, TermKind};
use crate::store::fault::Fault;
use crate::store::row::{Id, read_id};

const RUNS: &str = "
    SELECT code, kind, started_ms, ended_ms, exit_code, note, counts
    FROM run
    WHERE code IN (SELECT run FROM batch)
    ORDER BY code";
const RUN_SAME: &str = "
    SELECT code
    FROM run
    WHERE kind = :kind AND started_ms = :started_ms AND note = :note";
const RUN_INSERT: &str = "
    INSERT INTO run (kind, started_ms, ended_ms, exit_code, note, counts)
    VALUES (:kind, :started_ms, :ended_ms, :exit_code, :note, :counts)";
const BATCHES: &str = "
    SELECT code, run, parent, pixel, test_code, size, started_ms, ended_ms, outcome, http_status, kind,
      api_code, request_id, not_before_ms
    FROM batch
    ORDER BY code";
/// Nobody here holds its keys.
const BATCH_INSERT: &str = "
    INSERT INTO batch (run, parent, pixel, test_code, size, started_ms, lease_until_ms, not_before_ms,
      ended_ms, outcome, http_status, kind, api_code, request_id)
    VALUES (:run, :parent, :pixel, :test_code, :size, :started_ms, 0, :not_before_ms,
      :ended_ms, :outcome, :http_status, :kind, :api_code, :request_id)";
const BATCH_END: &str = "
    UPDATE batch
    SET ended_ms = :ended_ms, outcome = :outcome, http_status = :http_status, kind = :kind,
      api_code = :api_code, request_id = :request_id
    WHERE code = :batch AND outcome IS NULL";
const ATTEMPTS: &str = "
    SELECT event_id, name, pixel, outcome
    FROM attempt
    WHERE batch = :batch
    ORDER BY event_id";
const ATTEMPT_INSERT: &str = "
    INSERT INTO attempt (event_id, name, pixel, batch, outcome)
    VALUES (:event_id, :name, :pixel, :batch, :outcome)
    ON CONFLICT (batch, event_id, name, pixel) DO UPDATE
    SET outcome = excluded.outcome
    WHERE outcome IS NULL OR excluded.outcome = 1";
const FROZEN: &str = "
    SELECT batch, event_id, name, pixel, object, object_sha256, provenance
    FROM frozen
    ORDER BY object IS NULL, batch";
/// What was sent once is what is sent again; of two databases that sent it, ours.
const FROZEN_INSERT: &str = "
    INSERT INTO frozen (batch, event_id, name, pixel, object, object_sha256, provenance)
    SELECT :batch, :event_id, :name, :pixel, :object, :object_sha256, :provenance
    WHERE NOT EXISTS (
      SELECT 1
      FROM attempt AS a INDEXED BY attempt_by_key
      CROSS JOIN batch AS b ON b.code = a.batch
      CROSS JOIN frozen AS f
        ON f.batch = a.batch AND f.event_id = a.event_id AND f.name = a.name AND f.pixel = a.pixel
      WHERE a.event_id = :event_id AND a.name = :name AND a.pixel = :pixel
        AND (b.test_code <> 0) = (SELECT test_code <> 0 FROM batch WHERE code = :batch))";

/// A batch, its terms by our codes.
struct Sent {
    run: i64,
    parent: Option<i64>,
    pixel: u32,
    test_code: u32,
    size: i64,
    started_ms: i64,
    ended_ms: Option<i64>,
    outcome: Option<i64>,
    http_status: Option<i64>,
    kind: Option<i64>,
    api_code: Option<i64>,
    request_id: Option<String>,
    not_before_ms: i64,
}

/// A key that was sent, its terms by our codes, and what became of it.
struct Tried {
    id: EventId,
    name: u32,
    pixel: u32,
    outcome: Option<i64>,
}

/// What two batches that may be one have in common: pixel, test code, size, time.
type Likeness = (u32, u32, i64, i64);

impl Sent {
    fn likeness(&self) -> Likeness {
        (self.pixel, self.test_code, self.size, self.started_ms)
    }
}

/// Brings all of it in; returns how many attempts are new.
pub(super) fn bring(terms: &mut Terms<'_>) -> Result<u64, Fault> {
    let runs = bring_runs(terms)?;
    let mut known = own_batches(terms.here.0)?;
    let mut batches: HashMap<i64, i64> = HashMap::new();
    let mut news = 0;
    let from = terms.there.0;
    let mut statement = from.prepare(BATCHES)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let code: i64 = row.get(0)?;
        let mut sent = read_batch(row)?;
        sent.pixel = terms.code(TermKind::Pixel, sent.pixel)?;
        sent.test_code = terms.code(TermKind::TestCode, sent.test_code)?;
        sent.run = *runs.get(&sent.run).ok_or(Fault::Damaged("lost a run"))?;
        sent.parent = sent.parent.and_then(|parent| batches.get(&parent).copied());
        let mut tried = attempts(from, code)?;
        for one in &mut tried {
            one.name = terms.code(TermKind::Name, one.name)?;
            one.pixel = terms.code(TermKind::Pixel, one.pixel)?;
        }
        let into = terms.here.0;
        let same = known.get(&sent.likeness()).into_iter().flatten();
        let same = same.copied().map(|ours| is_same(into, ours, &sent, &tried).map(|is| (ours, is)));
        let same = same.collect::<Result<Vec<_>, _>>()?.into_iter().find(|(_, is)| *is);
        let ours = if let Some((ours, _)) = same {
            end_batch(into, ours, &sent)?;
            ours
        } else {
            news += u64::try_from(tried.len()).unwrap_or_default();
            let ours = insert_batch(into, &sent)?;
            known.entry(sent.likeness()).or_default().push(ours);
            ours
        };
        write_attempts(into, ours, &tried)?;
        batches.insert(code, ours);
    }
    bring_frozen(terms, &batches)?;
    Ok(news)
}

/// The runs that sent, their codes there and here.
fn bring_runs(terms: &Terms<'_>) -> Result<HashMap<i64, i64>, Fault> {
    let into = terms.here.0;
    let mut runs = HashMap::new();
    let mut statement = terms.there.0.prepare(RUNS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (kind, started_ms): (i64, i64) = (row.get(1)?, row.get(2)?);
        let note: String = row.get(5)?;
        let same = into
            .prepare_cached(RUN_SAME)?
            .query_row(named_params! { ":kind": kind, ":started_ms": started_ms, ":note": note }, |row| {
                row.get(0)
            })
            .optional()?;
        let ours = if let Some(ours) = same {
            ours
        } else {
            into.prepare_cached(RUN_INSERT)?.execute(named_params! {
                ":kind": kind,
                ":started_ms": started_ms,
                ":ended_ms": row.get::<_, Option<i64>>(3)?,
                ":exit_code": row.get::<_, Option<i64>>(4)?,
                ":note": note,
                ":counts": row.get::<_, Option<String>>(6)?,
            })?;
            into.last_insert_rowid()
        };
        runs.insert(row.get(0)?, ours);
    }
    Ok(runs)
}

fn own_batches(connection: &Connection) -> Result<HashMap<Likeness, Vec<i64>>, Fault> {
    let mut known: HashMap<Likeness, Vec<i64>> = HashMap::new();
    let mut statement = connection.prepare(BATCHES)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        known.entry(read_batch(row)?.likeness()).or_default().push(row.get(0)?);
    }
    Ok(known)
}

fn read_batch(row: &Row<'_>) -> Result<Sent, Fault> {
    Ok(Sent {
        run: row.get(1)?,
        parent: row.get(2)?,
        pixel: row.get(3)?,
        test_code: row.get(4)?,
        size: row.get(5)?,
        started_ms: row.get(6)?,
        ended_ms: row.get(7)?,
        outcome: row.get(8)?,
        http_status: row.get(9)?,
        kind: row.get(10)?,
        api_code: row.get(11)?,
        request_id: row.get(12)?,
        not_before_ms: row.get(13)?,
    })
}

fn attempts(connection: &Connection, batch: i64) -> Result<Vec<Tried>, Fault> {
    let mut statement = connection.prepare_cached(ATTEMPTS)?;
    let mut rows = statement.query(named_params! { ":batch": batch })?;
    let mut tried = Vec::new();
    while let Some(row) = rows.next()? {
        tried.push(Tried {
            id: read_id(row.get_ref(0)?)?,
            name: row.get(1)?,
            pixel: row.get(2)?,
            outcome: row.get(3)?,
        });
    }
    Ok(tried)
}

/// Whether one of our batches is this one.
fn is_same(connection: &Connection, ours: i64, sent: &Sent, tried: &[Tried]) -> Result<bool, Fault> {
    let request: Option<String> =
        connection.prepare_cached(REQUEST)?.query_row(named_params! { ":batch": ours }, |row| row.get(0))?;
    let differs = |other: &String| request.as_ref().is_some_and(|request| request != other);
    if sent.request_id.as_ref().is_some_and(differs) {
        return Ok(false);
    }
    let mut own: Vec<_> = attempts(connection, ours)?.into_iter().map(|one| (one.id, one.name)).collect();
    let mut theirs: Vec<_> = tried.iter().map(|one| (one.id.clone(), one.name)).collect();
    own.sort();
    theirs.sort();
    Ok(own == theirs)
}

const REQUEST: &str = "
    SELECT request_id
    FROM batch
    WHERE code = :batch";

fn insert_batch(connection: &Connection, sent: &Sent) -> Result<i64, Fault> {
    connection.prepare_cached(BATCH_INSERT)?.execute(named_params! {
        ":run": sent.run,
        ":parent": sent.parent,
        ":pixel": sent.pixel,
        ":test_code": sent.test_code,
        ":size": sent.size,
        ":started_ms": sent.started_ms,
        ":not_before_ms": sent.not_before_ms,
        ":ended_ms": sent.ended_ms,
        ":outcome": sent.outcome,
        ":http_status": sent.http_status,
        ":kind": sent.kind,
        ":api_code": sent.api_code,
        ":request_id": sent.request_id,
    })?;
    Ok(connection.last_insert_rowid())
}

/// Adds how it ended, where we did not know.
fn end_batch(connection: &Connection, ours: i64, sent: &Sent) -> Result<(), Fault> {
    if sent.outcome.is_some() {
        connection.prepare_cached(BATCH_END)?.execute(named_params! {
            ":batch": ours,
            ":ended_ms": sent.ended_ms,
            ":outcome": sent.outcome,
            ":http_status": sent.http_status,
            ":kind": sent.kind,
            ":api_code": sent.api_code,
            ":request_id": sent.request_id,
        })?;
    }
    Ok(())
}

fn write_attempts(connection: &Connection, batch: i64, tried: &[Tried]) -> Result<(), Fault> {
    let mut insert = connection.prepare_cached(ATTEMPT_INSERT)?;
    for Tried { id, name, pixel, outcome } in tried {
        insert.execute(named_params! {
            ":event_id": Id(id), ":name": name, ":pixel": pixel, ":batch": batch, ":outcome": outcome,
        })?;
    }
    Ok(())
}

/// The objects that were frozen.
fn bring_frozen(terms: &mut Terms<'_>, batches: &HashMap<i64, i64>) -> Result<(), Fault> {
    let mut statement = terms.there.0.prepare(FROZEN)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let batch = batches.get(&row.get(0)?).ok_or(Fault::Damaged("lost a batch"))?;
        let id = read_id(row.get_ref(1)?)?;
        let name = terms.code(TermKind::Name, row.get(2)?)?;
        let pixel = terms.code(TermKind::Pixel, row.get(3)?)?;
        terms.here.0.prepare_cached(FROZEN_INSERT)?.execute(named_params! {
            ":batch": batch,
            ":event_id": Id(&id),
            ":name": name,
            ":pixel": pixel,
            ":object": row.get::<_, Option<String>>(4)?,
            ":object_sha256": row.get::<_, Option<Vec<u8>>>(5)?,
            ":provenance": row.get::<_, String>(6)?,
        })?;
    }
    Ok(())
}
