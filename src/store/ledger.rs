//! The backfill's ledger: claim, re-check, record (reliability 2). Every commit here is `FULL`.

use std::time::Duration as Wait;

use rusqlite::{Connection, OptionalExtension, named_params, params};
use sha2::{Digest, Sha256};

use super::accepted::Acceptances;
use super::dictionary::Dictionary;
use super::fault::Fault;
use super::row::Id;
use super::settle::settle_all;
use super::shared::Pace;
use super::{Store, StoreError};
use crate::crash::crash_point;
use crate::domain::{
    Code, Duration, EventId, EventName, Outcome, PixelCode, RequestId, RunId, TermKind, TimeMs,
};
use crate::tiktok::payload::EventObject;

const BATCH_INSERT: &str = "
    INSERT INTO batch (run, parent, pixel, test_code, size, started_ms, lease_until_ms, not_before_ms)
    VALUES (:run, :parent, :pixel, :test_code, 0, :started_ms, :lease_until_ms, 0)";
const BATCH_SIZE: &str = "
    UPDATE batch
    SET size = :size
    WHERE code = :code";
const BATCH_DELETE: &str = "
    DELETE FROM batch
    WHERE code = :code";
const ATTEMPT_INSERT: &str = "
    INSERT INTO attempt (batch, event_id, name, pixel)
    VALUES (?1, ?2, ?3, ?4)";
/// The batches that hold a key, oldest first. The newest owns it; only a merge of databases can bring a
/// newer one while an older lease lasts, so every lease counts.
const HOLDERS: &str = "
    SELECT b.lease_until_ms, b.not_before_ms
    FROM attempt AS a INDEXED BY attempt_by_key
    CROSS JOIN batch AS b ON b.code = a.batch
    WHERE a.event_id = ?1 AND a.name = ?2 AND a.pixel = ?3 AND (b.test_code <> 0) = ?4
    ORDER BY a.batch";
const FROZEN: &str = "
    SELECT f.object, f.object_sha256
    FROM attempt AS a INDEXED BY attempt_by_key
    CROSS JOIN batch AS b ON b.code = a.batch
    CROSS JOIN frozen AS f
      ON f.batch = a.batch AND f.event_id = a.event_id AND f.name = a.name AND f.pixel = a.pixel
    WHERE a.event_id = ?1 AND a.name = ?2 AND a.pixel = ?3 AND (b.test_code <> 0) = ?4
      AND f.object IS NOT NULL
    ORDER BY a.batch
    LIMIT 1";
const FREEZE: &str = "
    INSERT INTO frozen (batch, event_id, name, pixel, object, object_sha256, provenance)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const CLOCK_RAISE: &str = "
    UPDATE meta
    SET clock_high_water_ms = max(COALESCE(clock_high_water_ms, :now_ms), :now_ms)";

/// A key to be claimed.
#[derive(Clone, Debug)]
pub struct ClaimKey {
    /// TikTok's name.
    pub name: EventName,
    /// The id.
    pub id: EventId,
    /// The object to send if the key was never attempted; else the frozen one wins.
    pub object: EventObject,
    /// Which match keys were filled in and from where, for `explain`.
    pub provenance: Box<str>,
    /// No byte may leave after this time.
    pub deadline: TimeMs,
}

/// A request that is about to be made.
#[derive(Clone, Debug)]
pub struct ClaimRequest<'a> {
    /// The run.
    pub run: RunId,
    /// The pixel of all keys.
    pub pixel: &'a PixelCode,
    /// The test event code of all keys.
    pub test_code: Option<&'a str>,
    /// The keys, in the order of the request.
    pub keys: &'a [ClaimKey],
    /// Until when the claim holds, counted from `now`.
    pub lease: Duration,
    /// The time of the claim.
    pub now: TimeMs,
    /// The batch this one is a part of, when a refused one is split.
    pub parent: Option<i64>,
    /// How often requests may go.
    pub pace: Pace,
}

/// What was claimed.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The batch: the fencing token. `None` when no key was free.
    pub batch: Option<i64>,
    /// The claimed keys: index into the request, and the object to send.
    pub keys: Vec<(usize, EventObject)>,
    /// Keys that were not free any more: accepted meanwhile, held by a live lease, not due, or past
    /// their deadline.
    pub passed: Vec<usize>,
    /// How long it is until the request's turn among those of all processes.
    pub wait: Wait,
    /// Keys whose frozen object is not as it was written (reliability S-09): they must be held.
    pub damaged: Vec<usize>,
}

/// How a request ended.
#[derive(Clone, Debug)]
pub struct BatchResult {
    /// What it means; `None` leaves the attempts unknown.
    pub outcome: Option<Outcome>,
    /// The answer's HTTP status.
    pub http_status: Option<u16>,
    /// The answer's code.
    pub code: Code,
    /// TikTok's id of the request.
    pub request: RequestId,
    /// When the answer was read.
    pub at: TimeMs,
    /// Not to be sent again before this time.
    pub not_before: TimeMs,
}

impl Store {
    /// Claims keys for one request: in one transaction, re-reads each key's state, writes batch,
    /// attempts and the objects to freeze. A key with an acceptance, a live lease, a later
    /// `not_before` or a deadline that is over is passed over.
    ///
    /// A test send is kept apart: it has leases and objects of its own, and neither minds nor makes
    /// acceptances.
    ///
    /// # Errors
    /// [`StoreError`]; nothing may then be sent.
    pub fn claim(&mut self, request: &ClaimRequest<'_>) -> Result<Claimed, StoreError> {
        self.record_and_claim(&[], request)
    }

    /// Records how some requests ended and claims keys for the next, in one transaction: one wait for
    /// the disk instead of two.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is then recorded, and nothing may be sent.
    pub fn record_and_claim(
        &mut self,
        ended: &[(i64, BatchResult)],
        request: &ClaimRequest<'_>,
    ) -> Result<Claimed, StoreError> {
        self.write_ledger(|connection, dictionary| {
            settle_all(connection, ended)?;
            Claimer::new(connection, dictionary, request)?.run()
        })
    }
}

/// One claim transaction.
struct Claimer<'a> {
    connection: &'a Connection,
    dictionary: &'a mut Dictionary,
    request: &'a ClaimRequest<'a>,
    pixel: u32,
    test_code: u32,
    acceptances: Acceptances<'a>,
}

/// What earlier batches say of the key.
enum Hold {
    /// It is free; the object that was frozen earlier, if there is one.
    Free(Option<EventObject>),
    /// Another worker's lease is live, or it is not due.
    Held,
    /// The frozen object is not as it was written.
    Damaged,
}

impl<'a> Claimer<'a> {
    fn new(
        connection: &'a Connection,
        dictionary: &'a mut Dictionary,
        request: &'a ClaimRequest<'a>,
    ) -> Result<Self, Fault> {
        let pixel = dictionary.code(connection, TermKind::Pixel, &request.pixel.as_str().into())?;
        let test_code = match request.test_code {
            Some(code) => dictionary.code(connection, TermKind::TestCode, &code.into())?,
            None => 0,
        };
        let acceptances = Acceptances::new(connection, request.now)?;
        Ok(Self { connection, dictionary, request, pixel, test_code, acceptances })
    }

    fn run(self) -> Result<Claimed, Fault> {
        let batch = self.begin_batch()?;
        let mut claimed = Claimed {
            batch: None,
            keys: Vec::new(),
            passed: Vec::new(),
            wait: Wait::ZERO,
            damaged: Vec::new(),
        };
        for (at, key) in self.request.keys.iter().enumerate() {
            let name = self.dictionary.code(self.connection, TermKind::Name, &key.name.as_str().into())?;
            if key.deadline <= self.request.now || self.is_accepted(&key.id, name)? {
                claimed.passed.push(at);
                continue;
            }
            match self.hold(&key.id, name)? {
                Hold::Held => claimed.passed.push(at),
                Hold::Damaged => claimed.damaged.push(at),
                Hold::Free(frozen) => {
                    self.take(batch, key, name)?;
                    let object = if let Some(frozen) = frozen {
                        frozen
                    } else {
                        self.freeze(batch, key, name)?;
                        key.object.clone()
                    };
                    claimed.keys.push((at, object));
                }
            }
        }
        if claimed.keys.is_empty() {
            self.connection.prepare_cached(BATCH_DELETE)?.execute(named_params! { ":code": batch })?;
        } else {
            let size = i64::try_from(claimed.keys.len()).unwrap_or(i64::MAX);
            self.connection
                .prepare_cached(BATCH_SIZE)?
                .execute(named_params! { ":code": batch, ":size": size })?;
            claimed.batch = Some(batch);
            claimed.wait = self.request.pace.take_turn(self.connection)?;
        }
        let now_ms = self.request.now.as_ms();
        self.connection.prepare_cached(CLOCK_RAISE)?.execute(named_params! { ":now_ms": now_ms })?;
        crash_point!("P1");
        Ok(claimed)
    }

    fn begin_batch(&self) -> Result<i64, Fault> {
        self.connection.prepare_cached(BATCH_INSERT)?.execute(named_params! {
            ":run": self.request.run.value(),
            ":parent": self.request.parent,
            ":pixel": self.pixel,
            ":test_code": self.test_code,
            ":started_ms": self.request.now.as_ms(),
            ":lease_until_ms": self.request.now.plus(self.request.lease).as_ms(),
        })?;
        Ok(self.connection.last_insert_rowid())
    }

    const fn is_test(&self) -> bool {
        self.test_code != 0
    }

    fn is_accepted(&self, id: &EventId, name: u32) -> Result<bool, Fault> {
        if self.is_test() { Ok(false) } else { self.acceptances.has(id, name, self.pixel) }
    }

    fn hold(&self, id: &EventId, name: u32) -> Result<Hold, Fault> {
        let mut statement = self.connection.prepare_cached(HOLDERS)?;
        let mut rows = statement.query(params![Id(id), name, self.pixel, self.is_test()])?;
        let mut due_ms = None;
        let mut lease_until_ms = i64::MIN;
        while let Some(row) = rows.next()? {
            lease_until_ms = lease_until_ms.max(row.get(0)?);
            due_ms = Some(lease_until_ms.max(row.get(1)?));
        }
        match due_ms {
            None => Ok(Hold::Free(None)),
            Some(due_ms) if due_ms > self.request.now.as_ms() => Ok(Hold::Held),
            Some(_) => self.frozen(id, name),
        }
    }

    fn frozen(&self, id: &EventId, name: u32) -> Result<Hold, Fault> {
        let found: Option<(String, Option<[u8; 32]>)> = self
            .connection
            .prepare_cached(FROZEN)?
            .query_row(params![Id(id), name, self.pixel, self.is_test()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        Ok(match found {
            None => Hold::Free(None),
            Some((json, sha256)) if Some(fingerprint(&json)) == sha256 => {
                Hold::Free(Some(EventObject::from_store(&json)))
            }
            Some(_) => Hold::Damaged,
        })
    }

    fn take(&self, batch: i64, key: &ClaimKey, name: u32) -> Result<(), Fault> {
        self.connection.prepare_cached(ATTEMPT_INSERT)?.execute(params![
            batch,
            Id(&key.id),
            name,
            self.pixel
        ])?;
        Ok(())
    }

    fn freeze(&self, batch: i64, key: &ClaimKey, name: u32) -> Result<(), Fault> {
        let json = key.object.as_json();
        self.connection.prepare_cached(FREEZE)?.execute(params![
            batch,
            Id(&key.id),
            name,
            self.pixel,
            json,
            fingerprint(json),
            key.provenance,
        ])?;
        Ok(())
    }
}

fn fingerprint(json: &str) -> [u8; 32] {
    Sha256::digest(json).into()
}
