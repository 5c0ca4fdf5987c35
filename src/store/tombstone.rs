//! What was erased stays erased: keyed marks, held against every batch before it is written.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, named_params};
use sha2::{Digest as _, Sha256};

use super::fault::Fault;
use crate::domain::{Batch, BatchEvent, Digest, EventId, SessionFacts, Term, TermKind, TimeMs};

const KEY: &str = "
    SELECT fingerprint_key
    FROM meta";
const ALL: &str = "
    SELECT mark, erased_ms
    FROM tombstone";
const PUT: &str = "
    INSERT INTO tombstone (mark, erased_ms)
    VALUES (:mark, :erased_ms)
    ON CONFLICT (mark) DO UPDATE
    SET erased_ms = max(erased_ms, excluded.erased_ms)";

/// Hex digits of a digest in a payload.
const HEX_DIGITS: usize = 64;

type Mark = [u8; 32];

/// What a mark stands for.
#[derive(Clone, Copy)]
pub(super) enum Marked<'a> {
    /// A session id.
    Session(&'a EventId),
    /// An event id.
    Event(&'a EventId),
    /// A hashed e-mail address, phone number or external id.
    Key(&'a Digest),
}

/// Makes marks under the key of a database, so that they say nothing elsewhere.
pub(super) struct Marker([u8; 32]);

impl Marker {
    pub(super) fn new(connection: &Connection) -> Result<Self, Fault> {
        Ok(Self(connection.prepare_cached(KEY)?.query_row([], |row| row.get(0))?))
    }

    fn mark(&self, what: Marked<'_>) -> Mark {
        let (kind, bytes) = match what {
            Marked::Session(id) => (b's', id.to_string().into_bytes()),
            Marked::Event(id) => (b'e', id.to_string().into_bytes()),
            Marked::Key(digest) => (b'k', digest.as_bytes().to_vec()),
        };
        Sha256::new().chain_update(self.0).chain_update([kind]).chain_update(bytes).finalize().into()
    }

    /// Sets a tombstone.
    pub(super) fn put(&self, connection: &Connection, what: Marked<'_>, now: TimeMs) -> Result<(), Fault> {
        connection
            .prepare_cached(PUT)?
            .execute(named_params! { ":mark": self.mark(what), ":erased_ms": now.as_ms() })?;
        Ok(())
    }
}

/// What was taken from a batch.
#[derive(Default)]
pub(super) struct Stripped {
    /// The places of terms that nothing needs any more.
    pub(super) unneeded: BTreeSet<usize>,
    /// Sessions that only this batch shows to be an erased person's: earlier lines of theirs may be stored.
    pub(super) recognised: BTreeSet<EventId>,
}

/// The tombstones of a database.
pub(super) struct Tombstones {
    marker: Marker,
    marks: BTreeMap<Mark, TimeMs>,
}

impl Tombstones {
    /// All of them; `None`: nothing was ever erased.
    pub(super) fn load(connection: &Connection) -> Result<Option<Self>, Fault> {
        let mut statement = connection.prepare_cached(ALL)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, TimeMs::from_ms(row.get(1)?))))?;
        let marks: BTreeMap<Mark, TimeMs> = rows.collect::<Result<_, _>>()?;
        if marks.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self { marker: Marker::new(connection)?, marks }))
    }

    /// Takes from a batch what was erased.
    ///
    /// A session or an event that was erased stays so. A person who comes back after the erasure is
    /// a new one: match keys are forgotten only up to that time. A session known by its match keys gets
    /// a mark of its own, because its other lines may not name them.
    pub(super) fn strip(
        &self,
        connection: &Connection,
        batch: &mut Batch,
        now: TimeMs,
    ) -> Result<Stripped, Fault> {
        let mut stripped = Stripped::default();
        let dropped = self.dropped(batch);
        for at in &dropped {
            let session = usize::try_from(*at).ok().and_then(|at| batch.sessions.get(at));
            let id = session.and_then(|session| EventId::parse(session.id.as_str()).ok());
            if let Some(id) = id.filter(|id| self.erased_at(Marked::Session(id)).is_none()) {
                self.marker.put(connection, Marked::Session(&id), now)?;
                stripped.recognised.insert(id);
            }
        }
        let mut agents = BTreeSet::new();
        for event in &mut batch.events {
            let in_dropped = event.session.is_some_and(|session| dropped.contains(&session));
            let payload = batch.payloads.get(event.payload.clone()).unwrap_or_default();
            if in_dropped
                || self.erased_at(Marked::Event(&event.id)).is_some()
                || self.tells(event.at, payload)
            {
                agents.extend(strip_event(event));
            }
        }
        forget_sessions(batch, &dropped);
        for event in &batch.events {
            if let Some(agent) = event.agent {
                agents.remove(&agent);
            }
        }
        let is_agent = |at: &usize| batch.terms.get(*at).is_some_and(|(kind, _)| *kind == TermKind::Agent);
        let places = agents.iter().filter_map(|term| usize::try_from(term.0).ok());
        stripped.unneeded = places.filter(is_agent).collect();
        Ok(stripped)
    }

    /// Places of the batch's sessions that were erased, or are of a person who was. One of its events
    /// may tell more than the session, which keeps one value of each match key.
    fn dropped(&self, batch: &Batch) -> BTreeSet<u32> {
        let known = (0_u32..).zip(&batch.sessions).filter(|(_, session)| self.has_session(session));
        let mut dropped: BTreeSet<u32> = known.map(|(at, _)| at).collect();
        for event in &batch.events {
            let payload = batch.payloads.get(event.payload.clone()).unwrap_or_default();
            if let Some(session) = event.session
                && !dropped.contains(&session)
                && self.tells(event.at, payload)
            {
                dropped.insert(session);
            }
        }
        dropped
    }

    fn erased_at(&self, what: Marked<'_>) -> Option<TimeMs> {
        self.marks.get(&self.marker.mark(what)).copied()
    }

    /// Whether a session is one that was erased, or of a person who was.
    fn has_session(&self, session: &SessionFacts) -> bool {
        let id = EventId::parse(session.id.as_str());
        if id.is_ok_and(|id| self.erased_at(Marked::Session(&id)).is_some()) {
            return true;
        }
        let stands_in = stand_in(session.id.as_str());
        let landed = session.landing.as_ref().map(|seen| seen.at);
        let keys = [&session.email, &session.phone, &session.external_id];
        let seen = keys.into_iter().flatten().map(|seen| (seen.value, Some(seen.at)));
        seen.chain([(stands_in, landed)]).any(|(digest, at)| self.has_key(&digest, at))
    }

    /// Whether a payload holds a match key of a person who was erased.
    fn tells(&self, at: TimeMs, payload: &[u8]) -> bool {
        digests_in(payload).iter().any(|digest| self.has_key(digest, Some(at)))
    }

    fn has_key(&self, digest: &Digest, at: Option<TimeMs>) -> bool {
        self.erased_at(Marked::Key(digest)).is_some_and(|erased| {
            // What nobody dated may be older than the erasure.
            at.is_none_or(|at| at <= erased || at == TimeMs::UNDATED)
        })
    }
}

/// Where a log has no external id, the hashed session id stands in for it (product 4).
pub(super) fn stand_in(session_id: &str) -> Digest {
    Digest::from_bytes(Sha256::digest(session_id.trim()).into())
}

/// Takes from an event what is personal; returns the user agent it had.
fn strip_event(event: &mut BatchEvent) -> Option<Term> {
    event.session = None;
    event.ip = None;
    event.order = None;
    event.payload = 0..0;
    event.agent.take()
}

fn forget_sessions(batch: &mut Batch, dropped: &BTreeSet<u32>) {
    if dropped.is_empty() {
        return;
    }
    let mut places = BTreeMap::new();
    let mut kept = Vec::with_capacity(batch.sessions.len());
    for (at, session) in (0_u32..).zip(std::mem::take(&mut batch.sessions)) {
        if !dropped.contains(&at) {
            places.insert(at, u32::try_from(kept.len()).unwrap_or(u32::MAX));
            kept.push(session);
        }
    }
    batch.sessions = kept;
    for event in &mut batch.events {
        event.session = event.session.and_then(|session| places.get(&session).copied());
    }
}

/// Every run of exactly 64 lower-case hex digits, read as a digest.
fn digests_in(payload: &[u8]) -> Vec<Digest> {
    payload
        .split(|byte| !matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        .filter(|run| run.len() == HEX_DIGITS)
        .filter_map(|run| {
            let mut bytes = [0; 32];
            hex::decode_to_slice(run, &mut bytes).ok().map(|()| Digest::from_bytes(bytes))
        })
        .collect()
}
