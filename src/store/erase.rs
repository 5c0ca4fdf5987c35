//! Erasing one person, session or event: the keys stay, so that nothing is sent again because of it.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Row, named_params};

use super::block::split;
use super::fault::Fault;
use super::row::{Id, read_id};
use super::tombstone::{Marked, Marker, stand_in};
use super::{Store, StoreError, block_rewrite, session};
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
    SELECT event_id, name, pixel, batch, object
    FROM frozen
    WHERE object IS NOT NULL OR provenance <> ''";
const OBJECT_CLEAR: &str = "
    UPDATE frozen
    SET object = NULL, object_sha256 = NULL, provenance = ''
    WHERE event_id = :event_id AND name = :name AND pixel = :pixel AND batch = :batch";
/// What an event was sent as whose personal data was erased.
pub(super) const OBJECTS_FORGET: &str = "
    UPDATE frozen
    SET object = NULL, object_sha256 = NULL, provenance = ''
    WHERE (object IS NOT NULL OR provenance <> '') AND EXISTS (SELECT 1 FROM tombstone)
      AND event_id IN (SELECT event_id FROM event WHERE payload IS NULL)";
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

/// A frozen object.
struct ObjectKey {
    id: EventId,
    name: u32,
    pixel: u32,
    batch: i64,
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
            let marker = Marker::new(connection)?;
            mark(connection, subject, &marker, now)?;
            wipe(connection, &found, &marker, now)?;
            Ok(found.counts())
        })?;
        self.forget();
        Ok(erased)
    }
}

/// Takes out what is stored of sessions that only now turn out to be an erased person's; their marks are
/// set. Returns whether there was anything.
pub(super) fn withdraw(
    connection: &Connection,
    sessions: &BTreeSet<EventId>,
    now: TimeMs,
) -> Result<bool, Fault> {
    let mut found = Found::default();
    for id in sessions {
        if let Some(code) = session::code(connection, id)? {
            found.sessions.insert(code, id.clone());
        }
    }
    if found.sessions.is_empty() {
        return Ok(false);
    }
    find_rest(connection, &mut found, |_| false, |_, _| false)?;
    // What is deleted below must not linger in a page until the file is written anew.
    connection.execute_batch("PRAGMA secure_delete = ON;")?;
    wipe(connection, &found, &Marker::new(connection)?, now)?;
    Ok(true)
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
    let holds = |key: &EventKey| key.payload.is_some_and(|payload| payloads.contains(&payload));
    if !payloads.is_empty() {
        // The whole session of an event that holds the key is the person's.
        let mut more = BTreeSet::new();
        each_event(connection, &mut |key, session| {
            if holds(&key) {
                more.extend(session);
            }
        })?;
        each_session(connection, &mut |code, id, _| {
            if more.contains(&code) {
                found.sessions.insert(code, id);
            }
        })?;
    }
    let is_named = |id: &EventId| matches!(subject, Subject::Event(named) if named == id);
    find_rest(
        connection,
        &mut found,
        |key| is_named(&key.id) || holds(key),
        |id, object| {
            is_named(id)
                || needle.as_ref().is_some_and(|needle| object.is_some_and(|text| text.contains(needle)))
        },
    )?;
    Ok(found)
}

/// Completes what was found by the events of its sessions and those that are the subject's themselves,
/// and by the objects that were built of them or are the subject's themselves.
fn find_rest(
    connection: &Connection,
    found: &mut Found,
    is_event: impl Fn(&EventKey) -> bool,
    is_object: impl Fn(&EventId, Option<&str>) -> bool,
) -> Result<(), Fault> {
    let Found { events, sessions, objects } = found;
    each_event(connection, &mut |key, session| {
        if session.is_some_and(|session| sessions.contains_key(&session)) || is_event(&key) {
            events.push(key);
        }
    })?;
    let ids: BTreeSet<&EventId> = events.iter().map(|key| &key.id).collect();
    let mut statement = connection.prepare_cached(OBJECTS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id = read_id(row.get_ref(0)?)?;
        let object: Option<String> = row.get(4)?;
        if ids.contains(&id) || is_object(&id, object.as_deref()) {
            objects.push(ObjectKey { id, name: row.get(1)?, pixel: row.get(2)?, batch: row.get(3)? });
        }
    }
    Ok(())
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
    for ObjectKey { id, name, pixel, batch } in &found.objects {
        clear.execute(
            named_params! { ":event_id": Id(id), ":name": name, ":pixel": pixel, ":batch": batch },
        )?;
    }
    Ok(())
}

fn mark(connection: &Connection, subject: &Subject, marker: &Marker, now: TimeMs) -> Result<(), Fault> {
    match subject {
        Subject::Key(digest) => marker.put(connection, Marked::Key(digest), now),
        Subject::Session(session) => match EventId::parse(session.as_str()) {
            Ok(id) => marker.put(connection, Marked::Session(&id), now),
            Err(_) => Ok(()),
        },
        Subject::Event(id) => marker.put(connection, Marked::Event(id), now),
    }
}

/// Strips what was found, marks it, and forgets what nothing refers to any more.
fn wipe(connection: &Connection, found: &Found, marker: &Marker, now: TimeMs) -> Result<(), Fault> {
    apply(connection, found)?;
    for id in found.sessions.values() {
        marker.put(connection, Marked::Session(id), now)?;
    }
    for key in &found.events {
        marker.put(connection, Marked::Event(&key.id), now)?;
    }
    connection.prepare_cached(CONTACTS_DELETE)?.execute([])?;
    connection.prepare_cached(AGENTS_FORGET)?.execute([])?;
    connection.prepare_cached(MARK_FORGOTTEN)?.execute([])?;
    Ok(())
}
