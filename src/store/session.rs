//! Sessions: what all records of a visitor say together, joined in any order with the same result.

use std::cmp::Ordering;

use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};

use super::dictionary::Dictionary;
use super::fault::Fault;
use super::row::{Id, read_id};
use crate::domain::{
    Digest, EventId, Hint, KeySet, MatchKey, Seen, SessionFacts, SessionState, TermKind, TimeMs,
};

const SESSION_BY_ID: &str = "
    SELECT code, session_id, several, landing_ms, landing_page, captured_ms, paywall_ms, denied_ms, granted_ms,
      ttclid, ttclid_ms, ttp, ttp_ms, email, email_ms, phone, phone_ms, external_id, external_id_ms, ip_tag,
      hints
    FROM session
    WHERE session_id = :session_id";
const CODE_BY_ID: &str = "
    SELECT code
    FROM session
    WHERE session_id = :session_id";
const SESSION_BY_CODE: &str = "
    SELECT code, session_id, several, landing_ms, landing_page, captured_ms, paywall_ms, denied_ms, granted_ms,
      ttclid, ttclid_ms, ttp, ttp_ms, email, email_ms, phone, phone_ms, external_id, external_id_ms, ip_tag,
      hints
    FROM session
    WHERE code = :code";
const SESSIONS_AFTER: &str = "
    SELECT code, session_id, several, landing_ms, landing_page, captured_ms, paywall_ms, denied_ms, granted_ms,
      ttclid, ttclid_ms, ttp, ttp_ms, email, email_ms, phone, phone_ms, external_id, external_id_ms, ip_tag,
      hints
    FROM session
    WHERE code > :code
    ORDER BY code
    LIMIT :count";
const SESSION_INSERT: &str = "
    INSERT INTO session (session_id, several, landing_ms, landing_page, captured_ms, paywall_ms, denied_ms,
      granted_ms, ttclid, ttclid_ms, ttp, ttp_ms, email, email_ms, phone, phone_ms, external_id,
      external_id_ms, ip_tag, hints)
    VALUES (:session_id, :several, :landing_ms, :landing_page, :captured_ms, :paywall_ms, :denied_ms,
      :granted_ms, :ttclid, :ttclid_ms, :ttp, :ttp_ms, :email, :email_ms, :phone, :phone_ms, :external_id,
      :external_id_ms, :ip_tag, :hints)
    ON CONFLICT (session_id) DO NOTHING";
/// Its parameters stand in the order of [`SESSION_INSERT`].
const SESSION_UPDATE: &str = "
    UPDATE session
    SET several = ?2, landing_ms = ?3, landing_page = ?4, captured_ms = ?5, paywall_ms = ?6, denied_ms = ?7,
      granted_ms = ?8, ttclid = ?9, ttclid_ms = ?10, ttp = ?11, ttp_ms = ?12, email = ?13, email_ms = ?14,
      phone = ?15, phone_ms = ?16, external_id = ?17, external_id_ms = ?18, ip_tag = ?19, hints = ?20
    WHERE session_id = ?1";

/// The number of a session; `None`: no record names it.
pub(super) fn code(connection: &Connection, id: &EventId) -> Result<Option<i64>, Fault> {
    let mut statement = connection.prepare_cached(CODE_BY_ID)?;
    Ok(statement.query_row(named_params! { ":session_id": Id(id) }, |row| row.get(0)).optional()?)
}

/// A session as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) id: EventId,
    /// Time and page (a term) of its first record.
    pub(super) landing: Option<(TimeMs, u32)>,
    pub(super) ttclid: Option<Seen<Box<str>>>,
    pub(super) ttp: Option<Seen<Box<str>>>,
    pub(super) email: Option<Seen<Digest>>,
    pub(super) phone: Option<Seen<Digest>>,
    pub(super) external_id: Option<Seen<Digest>>,
    pub(super) captured_at: Option<TimeMs>,
    pub(super) paywall_at: Option<TimeMs>,
    pub(super) denied_at: Option<TimeMs>,
    pub(super) granted_at: Option<TimeMs>,
    /// 0: none.
    pub(super) ip_tag: u16,
    pub(super) hints: Vec<Hint>,
}

/// Joins what a batch says of its sessions to what is stored; returns their codes, in the same order.
pub(super) fn upsert(
    connection: &Connection,
    dictionary: &Dictionary,
    facts: Vec<SessionFacts>,
    terms: &[u32],
) -> Result<Vec<i64>, Fault> {
    let mut codes = vec![0; facts.len()];
    let mut sessions: Vec<(usize, Session)> =
        facts.into_iter().map(|facts| from_facts(facts, terms)).enumerate().collect();
    // In the order of the index, so that its pages are visited once each.
    sessions.sort_unstable_by(|a, b| a.1.id.cmp(&b.1.id));
    let mut insert = connection.prepare_cached(SESSION_INSERT)?;
    let mut select = connection.prepare_cached(SESSION_BY_ID)?;
    for (at, session) in sessions {
        let code = if write(&mut insert, &session)? > 0 {
            connection.last_insert_rowid()
        } else {
            let (code, stored) = {
                let mut rows = select.query(params![Id(&session.id)])?;
                rows.next()?.map_or(Err(Fault::Damaged("lost a session")), read)?
            };
            let joined = join(connection, dictionary, stored.clone(), session)?;
            if joined != stored {
                write(&mut *connection.prepare_cached(SESSION_UPDATE)?, &joined)?;
            }
            code
        };
        if let Some(slot) = codes.get_mut(at) {
            *slot = code;
        }
    }
    Ok(codes)
}

/// So many sessions with codes above one, in the order of their codes.
pub(super) fn some_after(
    connection: &Connection,
    code: i64,
    count: usize,
) -> Result<Vec<(i64, Session)>, Fault> {
    let mut statement = connection.prepare_cached(SESSIONS_AFTER)?;
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let mut rows = statement.query(named_params! { ":code": code, ":count": count })?;
    let mut sessions = Vec::new();
    while let Some(row) = rows.next()? {
        sessions.push(read(row)?);
    }
    Ok(sessions)
}

/// The session with this code.
pub(super) fn by_code(connection: &Connection, code: i64) -> Result<Option<Session>, Fault> {
    let mut statement = connection.prepare_cached(SESSION_BY_CODE)?;
    let mut rows = statement.query(params![code])?;
    rows.next()?.map(|row| read(row).map(|(_, session)| session)).transpose()
}

fn from_facts(facts: SessionFacts, terms: &[u32]) -> Session {
    let SessionFacts {
        id,
        landing,
        ttclid,
        ttp,
        email,
        phone,
        external_id,
        captured_at,
        paywall_at,
        denied_at,
        granted_at,
        ip_tag,
        hints,
    } = facts;
    // An id that the session's type accepted is accepted by the event's; else it stays text.
    let id = EventId::parse(id.as_str()).unwrap_or_else(|_| EventId::Text(id.as_str().into()));
    let landing = landing.map(|seen| {
        let page = seen.value.and_then(|term| terms.get(usize::try_from(term.0).ok()?).copied());
        (seen.at, page.unwrap_or(0))
    });
    Session {
        id,
        landing,
        ttclid,
        ttp,
        email,
        phone,
        external_id,
        captured_at,
        paywall_at,
        denied_at,
        granted_at,
        ip_tag,
        hints,
    }
}

fn join(
    connection: &Connection,
    dictionary: &Dictionary,
    mut stored: Session,
    new: Session,
) -> Result<Session, Fault> {
    stored.landing = match (stored.landing, new.landing) {
        (Some(one), Some(other)) => Some(earlier_landing(connection, dictionary, one, other)?),
        (one, other) => one.or(other),
    };
    join_seen(&mut stored.ttclid, new.ttclid);
    join_seen(&mut stored.ttp, new.ttp);
    join_seen(&mut stored.email, new.email);
    join_seen(&mut stored.phone, new.phone);
    join_seen(&mut stored.external_id, new.external_id);
    stored.captured_at = earliest(stored.captured_at, new.captured_at);
    stored.paywall_at = earliest(stored.paywall_at, new.paywall_at);
    stored.denied_at = stored.denied_at.max(new.denied_at);
    stored.granted_at = stored.granted_at.max(new.granted_at);
    stored.ip_tag = join_ip_tags(stored.ip_tag, new.ip_tag);
    SessionFacts::join_hints(&mut stored.hints, new.hints);
    Ok(stored)
}

/// The landing with the smallest time, then page; by its text, for codes depend on the order of import.
fn earlier_landing(
    connection: &Connection,
    dictionary: &Dictionary,
    one: (TimeMs, u32),
    other: (TimeMs, u32),
) -> Result<(TimeMs, u32), Fault> {
    Ok(match one.0.cmp(&other.0) {
        Ordering::Less => one,
        Ordering::Greater => other,
        Ordering::Equal if one.1 == other.1 => one,
        Ordering::Equal => {
            let page = |code| dictionary.text(connection, TermKind::Page, code);
            if page(one.1)? <= page(other.1)? { one } else { other }
        }
    })
}

/// The smaller one; 0 is none.
fn join_ip_tags(one: u16, other: u16) -> u16 {
    if one == 0 || other == 0 { one | other } else { one.min(other) }
}

fn join_seen<T: Ord>(stored: &mut Option<Seen<T>>, new: Option<Seen<T>>) {
    match (stored.as_mut(), new) {
        (Some(stored), Some(new)) => stored.join(new),
        (None, new) => *stored = new,
        (Some(_), None) => {}
    }
}

fn earliest(one: Option<TimeMs>, other: Option<TimeMs>) -> Option<TimeMs> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn write(statement: &mut rusqlite::Statement<'_>, session: &Session) -> Result<usize, Fault> {
    let Session {
        id,
        landing,
        ttclid,
        ttp,
        email,
        phone,
        external_id,
        captured_at,
        paywall_at,
        denied_at,
        granted_at,
        ip_tag,
        hints,
    } = session;
    let ms = |at: &Option<TimeMs>| at.map(TimeMs::as_ms);
    let digest = |seen: &Option<Seen<Digest>>| seen.as_ref().map(|seen| *seen.value.as_bytes());
    Ok(statement.execute(params![
        Id(id),
        session.several().mask(),
        landing.map(|(at, _)| at.as_ms()),
        landing.map_or(0, |(_, page)| page),
        ms(captured_at),
        ms(paywall_at),
        ms(denied_at),
        ms(granted_at),
        ttclid.as_ref().map(|seen| &*seen.value),
        seen_ms(ttclid.as_ref()),
        ttp.as_ref().map(|seen| &*seen.value),
        seen_ms(ttp.as_ref()),
        digest(email),
        seen_ms(email.as_ref()),
        digest(phone),
        seen_ms(phone.as_ref()),
        digest(external_id),
        seen_ms(external_id.as_ref()),
        ip_tag,
        hints_column(hints),
    ])?)
}

/// The column of hints; `None`: there are none.
fn hints_column(hints: &[Hint]) -> Option<Vec<u8>> {
    let bytes = || hints.iter().flat_map(|hint| hint.number().to_le_bytes()).collect();
    (!hints.is_empty()).then(bytes)
}

fn read_hints(column: Option<&[u8]>) -> Result<Vec<Hint>, Fault> {
    let numbers = column.unwrap_or_default().chunks(4);
    let read = |bytes: &[u8]| Hint::from_number(u32::from_le_bytes(bytes.try_into().ok()?));
    numbers.map(|bytes| read(bytes).ok_or(Fault::Damaged("holds a hint that is none"))).collect()
}

fn seen_ms<T>(seen: Option<&Seen<T>>) -> Option<i64> {
    seen.map(|seen| seen.at.as_ms())
}

fn read(row: &Row<'_>) -> Result<(i64, Session), Fault> {
    let several = KeySet::from_mask(row.get(2)?);
    let time = |at: usize| -> Result<_, Fault> { Ok(row.get::<_, Option<i64>>(at)?.map(TimeMs::from_ms)) };
    let text = |at: usize, key| -> Result<_, Fault> {
        let value = row.get::<_, Option<Box<str>>>(at)?;
        Ok(value.zip(time(at + 1)?).map(|(value, at)| Seen { value, at, several: several.has(key) }))
    };
    let digest = |at: usize, key| -> Result<_, Fault> {
        let value = row.get::<_, Option<[u8; 32]>>(at)?.map(Digest::from_bytes);
        Ok(value.zip(time(at + 1)?).map(|(value, at)| Seen { value, at, several: several.has(key) }))
    };
    let landing_page: u32 = row.get(4)?;
    let session = Session {
        id: read_id(row.get_ref(1)?)?,
        landing: time(3)?.map(|at| (at, landing_page)),
        captured_at: time(5)?,
        paywall_at: time(6)?,
        denied_at: time(7)?,
        granted_at: time(8)?,
        ttclid: text(9, MatchKey::Ttclid)?,
        ttp: text(11, MatchKey::Ttp)?,
        email: digest(13, MatchKey::Email)?,
        phone: digest(15, MatchKey::Phone)?,
        external_id: digest(17, MatchKey::ExternalId)?,
        ip_tag: row.get(19)?,
        hints: read_hints(
            row.get_ref(20)?.as_blob_or_null().map_err(|_| Fault::Damaged("holds a hint that is none"))?,
        )?,
    };
    Ok((row.get(0)?, session))
}

impl Session {
    fn several(&self) -> KeySet {
        let mut several = KeySet::default();
        let mut note = |is_several: Option<bool>, key| {
            if is_several == Some(true) {
                several.add(key);
            }
        };
        note(self.ttclid.as_ref().map(|seen| seen.several), MatchKey::Ttclid);
        note(self.ttp.as_ref().map(|seen| seen.several), MatchKey::Ttp);
        note(self.email.as_ref().map(|seen| seen.several), MatchKey::Email);
        note(self.phone.as_ref().map(|seen| seen.several), MatchKey::Phone);
        note(self.external_id.as_ref().map(|seen| seen.several), MatchKey::ExternalId);
        several
    }

    /// Its times; what other sessions and the dictionary know is not in it.
    pub(super) fn state(&self) -> SessionState {
        SessionState {
            first_at: self.landing.map(|(at, _)| at),
            ttclid_at: self.ttclid.as_ref().map(|seen| seen.at),
            ttp_at: self.ttp.as_ref().map(|seen| seen.at),
            email_at: self.email.as_ref().map(|seen| seen.at),
            phone_at: self.phone.as_ref().map(|seen| seen.at),
            external_id_at: self.external_id.as_ref().map(|seen| seen.at),
            captured_at: self.captured_at,
            paywall_at: self.paywall_at,
            denied_at: self.denied_at,
            granted_at: self.granted_at,
            several: self.several(),
            ..SessionState::default()
        }
    }
}
