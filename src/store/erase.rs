//! Erasing one person, session or event: the keys stay, so that nothing is sent again because of it.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Row, named_params};

use super::block::split;
use super::fault::Fault;
use super::row::{Id, read_id};
use super::tombstone::{Marked, Marker, stand_in};
use super::{Store, StoreError, block_rewrite};
use crate::domain::{Digest, EventId, SessionId, TimeMs};

const SESSIONS: &str = "
    SELECT code, session_id, email, phone, external_id
    FROM session";
const SESSION_DELETE: &str = "
    DELETE FROM session
    WHERE code = :code";
const EVENTS: &str = "
    SELECT span, event_id, name, pixel, session, payload, contact
    FROM event";
const EVENT_STRIP: &str = "
    UPDATE event
    SET session = NULL, contact = NULL, payload = NULL, order_key = NULL
    WHERE span = :span AND event_id = :event_id AND name = :name AND pixel = :pixel";
const OBJECTS: &str = "
    SELECT event_id, name, pixel, is_test, object
    FROM claim
    WHERE object IS NOT NULL OR provenance <> ''";
const OBJECT_CLEAR: &str = "
    UPDATE claim
    SET object = NULL, object_sha256 = NULL, provenance = ''
    WHERE event_id = :event_id AND name = :name AND pixel = :pixel AND is_test = :is_test";
/// What no event refers to any more.
pub(super) const CONTACTS_DELETE: &str = "
    DELETE FROM contact
    WHERE code NOT IN (SELECT contact FROM event WHERE contact IS NOT NULL)";
/// A user agent that no contact has any more: the code stays taken, its text goes.
pub(super) const AGENTS_FORGET: &str = "
    UPDATE term
    SET text = '(forgotten ' || code || ')'
    WHERE kind = 6 AND code NOT IN (SELECT agent FROM contact) AND text NOT LIKE '(forgotten %)'";
pub(super) const MARK_FORGOTTEN: &str = "
    UPDATE meta
    SET forgotten = forgotten + 1, scrub_due = 1";

/// Whom or what to erase.
#[derive(Clone, Debug)]
pub enum Subject {
    /// All of the person with this hashed e-mail address, phone number or external id.
    Key(Digest),
    /// A visitor's session.
    Session(SessionId),
    /// One event.
    Event(EventId),
}

/// What was erased, or would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Events that lost their personal data; their keys and verdicts stay.
    pub events: u64,
    /// Sessions.
    pub sessions: u64,
    /// Requests that were kept for a repeat.
    pub objects: u64,
}

/// A row of the event table.
struct EventKey {
    span: i64,
    id: EventId,
    name: u32,
    pixel: u32,
    payload: Option<i64>,
}

/// A row of the claim table.
struct ObjectKey {
    id: EventId,
    name: u32,
    pixel: u32,
    is_test: bool,
}

/// Everything of a subject.
#[derive(Default)]
struct Found {
    events: Vec<EventKey>,
    sessions: BTreeMap<i64, EventId>,
    objects: Vec<ObjectKey>,
}

impl Found {
    fn counts(&self) -> Erased {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        Erased {
            events: count(self.events.len()),
            sessions: count(self.sessions.len()),
            objects: count(self.objects.len()),
        }
    }
}

impl Store {
    /// What [`Store::erase`] would erase.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn erasable(&self, subject: &Subject) -> Result<Erased, StoreError> {
        let found = find(&self.connection, subject).map_err(|fault| fault.at(&self.path))?;
        Ok(found.counts())
    }

    /// Erases a subject, and marks it so that reading its log again brings nothing back. The bytes are
    /// gone from the file after [`Store::scrub`].
    ///
    /// # Errors
    /// [`StoreError`]; nothing is then erased.
    pub fn erase(&mut self, subject: &Subject, now: TimeMs) -> Result<Erased, StoreError> {
        self.overwrite_deleted()?;
        let erased = self.write_ledger(|connection, _| {
            let found = find(connection, subject)?;
            apply(connection, &found)?;
            mark(connection, subject, &found, now)?;
            connection.prepare_cached(CONTACTS_DELETE)?.execute([])?;
            connection.prepare_cached(AGENTS_FORGET)?.execute([])?;
            connection.prepare_cached(MARK_FORGOTTEN)?.execute([])?;
            Ok(found.counts())
        })?;
        self.forget();
        Ok(erased)
    }
}

fn find(connection: &Connection, subject: &Subject) -> Result<Found, Fault> {
    let mut found = Found { sessions: sessions(connection, subject)?, ..Found::default() };
    let needle = match subject {
        Subject::Key(digest) => Some(digest.to_hex()),
        Subject::Session(_) | Subject::Event(_) => None,
    };
    let payloads = match &needle {
        Some(needle) => block_rewrite::holding(connection, needle.as_bytes())?,
        None => BTreeSet::new(),
    };
    if !payloads.is_empty() {
        // The whole session of an event that holds the key is the person's.
        let mut more = BTreeSet::new();
        each_event(connection, &mut |key, session| {
            if key.payload.is_some_and(|payload| payloads.contains(&payload)) {
                more.extend(session);
            }
        })?;
        each_session(connection, &mut |code, id, _| {
            if more.contains(&code) {
                found.sessions.insert(code, id);
            }
        })?;
    }
    let Found { events, sessions, objects } = &mut found;
    each_event(connection, &mut |key, session| {
        let is_named = matches!(subject, Subject::Event(id) if *id == key.id);
        let in_session = session.is_some_and(|session| sessions.contains_key(&session));
        let holds = key.payload.is_some_and(|payload| payloads.contains(&payload));
        if is_named || in_session || holds {
            events.push(key);
        }
    })?;
    let ids: BTreeSet<&EventId> = events.iter().map(|key| &key.id).collect();
    let mut statement = connection.prepare_cached(OBJECTS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id = read_id(row.get_ref(0)?)?;
        let object: Option<String> = row.get(4)?;
        let holds = needle.as_ref().is_some_and(|needle| object.is_some_and(|text| text.contains(needle)));
        let is_named = matches!(subject, Subject::Event(named) if *named == id);
        if holds || is_named || ids.contains(&id) {
            objects.push(ObjectKey { id, name: row.get(1)?, pixel: row.get(2)?, is_test: row.get(3)? });
        }
    }
    Ok(found)
}

fn sessions(connection: &Connection, subject: &Subject) -> Result<BTreeMap<i64, EventId>, Fault> {
    let mut found = BTreeMap::new();
    each_session(connection, &mut |code, id, keys| {
        let is_it = match subject {
            Subject::Key(digest) => keys.contains(&Some(*digest)) || stand_in(&id.to_string()) == *digest,
            Subject::Session(session) => id.to_string() == session.as_str(),
            Subject::Event(_) => false,
        };
        if is_it {
            found.insert(code, id);
        }
    })?;
    Ok(found)
}

fn each_session(
    connection: &Connection,
    visit: &mut dyn FnMut(i64, EventId, [Option<Digest>; 3]),
) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(SESSIONS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let digest = |at: usize| -> rusqlite::Result<_> {
            Ok(row.get::<_, Option<[u8; 32]>>(at)?.map(Digest::from_bytes))
        };
        visit(row.get(0)?, read_id(row.get_ref(1)?)?, [digest(2)?, digest(3)?, digest(4)?]);
    }
    Ok(())
}

fn each_event(connection: &Connection, visit: &mut dyn FnMut(EventKey, Option<i64>)) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(EVENTS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        visit(read_key(row)?, row.get(4)?);
    }
    Ok(())
}

fn read_key(row: &Row<'_>) -> Result<EventKey, Fault> {
    Ok(EventKey {
        span: row.get(0)?,
        id: read_id(row.get_ref(1)?)?,
        name: row.get(2)?,
        pixel: row.get(3)?,
        payload: row.get(5)?,
    })
}

fn apply(connection: &Connection, found: &Found) -> Result<(), Fault> {
    let mut gone: BTreeMap<i64, BTreeSet<u32>> = BTreeMap::new();
    let mut strip = connection.prepare_cached(EVENT_STRIP)?;
    for EventKey { span, id, name, pixel, payload } in &found.events {
        strip
            .execute(named_params! { ":span": span, ":event_id": Id(id), ":name": name, ":pixel": pixel })?;
        if let Some((block, slot)) = payload.map(split) {
            gone.entry(block).or_default().insert(u32::try_from(slot).unwrap_or(u32::MAX));
        }
    }
    for (block, slots) in &gone {
        block_rewrite::empty_slots(connection, *block, slots)?;
    }
    let mut delete = connection.prepare_cached(SESSION_DELETE)?;
    for code in found.sessions.keys() {
        delete.execute(named_params! { ":code": code })?;
    }
    let mut clear = connection.prepare_cached(OBJECT_CLEAR)?;
    for ObjectKey { id, name, pixel, is_test } in &found.objects {
        clear.execute(
            named_params! { ":event_id": Id(id), ":name": name, ":pixel": pixel, ":is_test": is_test },
        )?;
    }
    Ok(())
}

fn mark(connection: &Connection, subject: &Subject, found: &Found, now: TimeMs) -> Result<(), Fault> {
    let marker = Marker::new(connection)?;
    match subject {
        Subject::Key(digest) => marker.put(connection, Marked::Key(digest), now)?,
        Subject::Session(session) => {
            if let Ok(id) = EventId::parse(session.as_str()) {
                marker.put(connection, Marked::Session(&id), now)?;
            }
        }
        Subject::Event(id) => marker.put(connection, Marked::Event(id), now)?,
    }
    for id in found.sessions.values() {
        marker.put(connection, Marked::Session(id), now)?;
    }
    for key in &found.events {
        marker.put(connection, Marked::Event(&key.id), now)?;
    }
    Ok(())
}
