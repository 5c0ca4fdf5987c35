//! The other database's rows, as the batches of an import.

mod halves;
mod shipped;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::domain::{
    Amount, Batch, BatchEvent, BatchReceipt, Cursor, EventId, OrderKey, QuarantinedLine, Reason, Seen,
    SessionFacts, SessionId, Term, TermKind, TimeMs,
};
use crate::store::Store;
use crate::store::answer::{Answered, answer};
use crate::store::block::split;
use crate::store::contact::read_ip;
use crate::store::fault::Fault;
use crate::store::row::{TIMELESS, read_bits, read_flaws, read_id, read_request};
use crate::store::sent;
use crate::store::session::{self, Session};

/// Rows of a batch.
pub(super) const ROWS: usize = 10_000;
/// Payloads of a batch.
const PAYLOAD_BYTES: usize = 16 << 20;

/// In the order of their payloads: each block is then unpacked once.
const EVENTS: &str = "
    SELECT e.event_id, e.name, e.pixel, e.at_ms, p.campaign, p.funnel, p.source_name, p.page, p.currency,
      s.session_id, c.ip, COALESCE(c.agent, 0), e.payload, e.bits, e.content, e.value, e.order_key,
      e.seen_lag_ms, e.source, e.byte_offset, e.flaws
    FROM event AS e
    JOIN place AS p ON p.code = e.place
    LEFT JOIN session AS s ON s.code = e.session
    LEFT JOIN contact AS c ON c.code = e.contact
    ORDER BY e.payload, e.span, e.event_id, e.name, e.pixel";
/// Those that halves made are made anew of the halves: their other half may lie here.
const RECEIPTS: &str = "
    SELECT r.event_id, r.name, r.pixel, r.at_ms, r.answer, r.request_id, r.source, r.byte_offset,
      r.sent
    FROM receipt AS r
    LEFT JOIN half_request AS h ON h.event_id = r.event_id AND h.name = r.name AND h.pixel = r.pixel
      AND h.at_ms = r.at_ms AND h.answer = r.answer AND h.request_id = r.request_id
    WHERE h.trace IS NULL";
const QUARANTINED: &str = "
    SELECT source, byte_offset, text_before, sha256, length, reason, name, at_ms
    FROM quarantine";

/// Why reading ends early.
pub(super) enum End<E> {
    /// The database that is read.
    There(Fault),
    /// What became of a batch.
    Here(E),
}

impl<E, F: Into<Fault>> From<F> for End<E> {
    fn from(error: F) -> Self {
        Self::There(error.into())
    }
}

/// Takes a batch.
pub(super) type Take<'t, E> = dyn FnMut(Batch) -> Result<(), E> + 't;

/// Reads a row into the batch.
type Read = fn(&mut Filling<'_>, &Row<'_>) -> Result<(), Fault>;

/// Tables to read beside the sessions: the rows of each, and what reads one.
pub(super) struct Tables(&'static [(&'static str, Read)]);

/// What a merge takes.
pub(super) const MERGED: Tables = Tables(&[
    (EVENTS, |filling, row| filling.event(row)),
    (RECEIPTS, |filling, row| filling.receipt(row)),
    (halves::REQUESTS, |filling, row| filling.half_request(row)),
    (halves::ANSWERS, |filling, row| filling.half_answer(row)),
    (QUARANTINED, |filling, row| filling.quarantined(row)),
]);

/// What leaves a host: whatever it is made of, a receipt is a receipt.
pub(super) const SHIPPED: Tables = Tables(&[
    (EVENTS, |filling, row| filling.event(row)),
    (shipped::RECEIPTS, |filling, row| filling.receipt(row)),
    (shipped::ATTEMPTS, |filling, row| filling.attempt(row)),
    (shipped::LOGS, |filling, row| filling.newest(row)),
    (shipped::CONSENTS, |filling, row| filling.consent(row)),
]);

/// Hands over the sessions of a database, then the rows of `tables`, batch by batch.
///
/// Sessions come first, with all that they say: one of a person who was erased here gets its mark by that,
/// and its events, which say less, are known by the mark.
pub(super) fn each<E>(
    other: &Store,
    cursors: &HashMap<i64, Cursor>,
    tables: &Tables,
    take: &mut Take<'_, E>,
) -> Result<(), End<E>> {
    let connection = &other.connection;
    let mut filling = Filling::new(other, cursors);
    let mut after = 0;
    loop {
        let sessions = session::some_after(connection, after, ROWS)?;
        let Some((last, _)) = sessions.last() else { break };
        after = *last;
        for (_, session) in sessions {
            filling.session(session)?;
        }
        filling.hand_over(take)?;
    }
    for (sql, read) in tables.0 {
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            read(&mut filling, row)?;
            if filling.is_full() {
                filling.hand_over(take)?;
            }
        }
        filling.hand_over(take)?;
    }
    Ok(())
}

/// The batch under construction.
struct Filling<'a> {
    other: &'a Store,
    cursors: &'a HashMap<i64, Cursor>,
    answers: HashMap<u32, Answered>,
    batch: Batch,
    terms: HashMap<(TermKind, u32), Term>,
    files: HashMap<i64, u32>,
    sessions: HashMap<EventId, u32>,
}

impl<'a> Filling<'a> {
    fn new(other: &'a Store, cursors: &'a HashMap<i64, Cursor>) -> Self {
        Self {
            other,
            cursors,
            answers: HashMap::new(),
            batch: Batch::default(),
            terms: HashMap::new(),
            files: HashMap::new(),
            sessions: HashMap::new(),
        }
    }

    fn is_full(&self) -> bool {
        let Batch { events, receipts, quarantined, halves, payloads, .. } = &self.batch;
        events.len() + receipts.len() + quarantined.len() + halves.len() >= ROWS
            || payloads.len() >= PAYLOAD_BYTES
    }

    fn hand_over<E>(&mut self, take: &mut Take<'_, E>) -> Result<(), End<E>> {
        self.terms.clear();
        self.files.clear();
        self.sessions.clear();
        take(std::mem::take(&mut self.batch)).map_err(End::Here)
    }

    fn text(&self, kind: TermKind, code: u32) -> Result<Option<Arc<str>>, Fault> {
        self.other.dictionary.borrow().text(&self.other.connection, kind, code)
    }

    /// The batch's number of a term; `None` for 0.
    fn term(&mut self, kind: TermKind, code: u32) -> Result<Option<Term>, Fault> {
        if let Some(term) = self.terms.get(&(kind, code)) {
            return Ok(Some(*term));
        }
        let Some(text) = self.text(kind, code)? else { return Ok(None) };
        let term = Term(number(self.batch.terms.len()));
        self.batch.terms.push((kind, text));
        self.terms.insert((kind, code), term);
        Ok(Some(term))
    }

    fn name(&mut self, code: u32) -> Result<Term, Fault> {
        self.term(TermKind::Name, code)?.ok_or(Fault::Damaged("holds a row without a name"))
    }

    fn file(&mut self, source: i64) -> Result<u32, Fault> {
        if let Some(file) = self.files.get(&source) {
            return Ok(*file);
        }
        let cursor = self.cursors.get(&source).ok_or(Fault::Damaged("names a file that it does not hold"))?;
        let file = number(self.batch.cursors.len());
        self.batch.cursors.push(cursor.clone());
        self.files.insert(source, file);
        Ok(file)
    }

    /// All that a session says.
    fn session(&mut self, session: Session) -> Result<(), Fault> {
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
        let landing = match landing {
            Some((at, page)) => Some(Seen::once(self.term(TermKind::Page, page)?, at)),
            None => None,
        };
        let facts = SessionFacts {
            id: session_id(&id)?,
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
        };
        self.batch.sessions.push(facts);
        Ok(())
    }

    /// A session that is known by now, for an event to name.
    fn session_of(&mut self, id: EventId) -> Result<u32, Fault> {
        if let Some(session) = self.sessions.get(&id) {
            return Ok(*session);
        }
        let session = number(self.batch.sessions.len());
        self.batch.sessions.push(SessionFacts::new(session_id(&id)?));
        self.sessions.insert(id, session);
        Ok(session)
    }

    fn event(&mut self, row: &Row<'_>) -> Result<(), Fault> {
        let id = read_id(row.get_ref(0)?)?;
        let (name, pixel): (u32, u32) = (row.get(1)?, row.get(2)?);
        let at = TimeMs::from_ms(row.get(3)?);
        let session = row.get_ref(9)?;
        let session = (session != ValueRef::Null).then(|| read_id(session)).transpose()?;
        let session = session.map(|id| self.session_of(id)).transpose()?;
        let ip = row.get::<_, Option<Vec<u8>>>(10)?.map(|bytes| read_ip(&bytes)).transpose()?;
        let (keys, facts) = read_bits(row.get(13)?);
        let value = row.get::<_, Option<String>>(15)?;
        let value =
            value.map(|text| Amount::parse(&text).ok_or(Fault::Damaged("holds a value that is none")));
        let seen_at = TimeMs::from_ms(at.as_ms().saturating_sub(row.get(17)?));
        let event = BatchEvent {
            id,
            name: self.name(name)?,
            pixel: self.term(TermKind::Pixel, pixel)?,
            campaign: self.term(TermKind::Campaign, row.get(4)?)?,
            funnel: self.term(TermKind::Funnel, row.get(5)?)?,
            source: self.term(TermKind::Source, row.get(6)?)?,
            page: self.term(TermKind::Page, row.get(7)?)?,
            session,
            at,
            seen_at: Some(seen_at),
            keys,
            facts,
            value: value.transpose()?,
            currency: self.term(TermKind::Currency, row.get(8)?)?,
            order: row.get::<_, Option<i64>>(16)?.map(OrderKey::new),
            ip,
            agent: self.term(TermKind::Agent, row.get(11)?)?,
            payload: self.payload(row.get(12)?)?,
            content: row.get::<_, i64>(14)?.cast_unsigned(),
            cursor: self.file(row.get(18)?)?,
            offset: row.get::<_, i64>(19)?.cast_unsigned(),
            flaws: read_flaws(row.get(20)?),
        };
        self.batch.events.push(event);
        Ok(())
    }

    fn payload(&mut self, reference: Option<i64>) -> Result<Range<usize>, Fault> {
        let start = self.batch.payloads.len();
        if let Some((block, slot)) = reference.map(split) {
            let slot = u32::try_from(slot).map_err(|_| Fault::Damaged("names no payload"))?;
            let entry = self.other.blocks.borrow_mut().entry(&self.other.connection, block, slot)?;
            self.batch.payloads.extend(entry.unwrap_or_default());
        }
        Ok(start..self.batch.payloads.len())
    }

    fn receipt(&mut self, row: &Row<'_>) -> Result<(), Fault> {
        let at = TimeMs::from_ms(row.get(3)?);
        let code: u32 = row.get(4)?;
        let answered = match self.answers.get(&code) {
            Some(known) => *known,
            None => *self.answers.entry(code).or_insert(answer(&self.other.connection, code)?),
        };
        let Answered { leg, answer, test_code } = answered;
        let receipt = BatchReceipt {
            id: read_id(row.get_ref(0)?)?,
            name: self.name(row.get(1)?)?,
            pixel: self.term(TermKind::Pixel, row.get(2)?)?,
            leg,
            at: (at != TIMELESS).then_some(at),
            answer,
            test_code: self.term(TermKind::TestCode, test_code)?,
            request: read_request(row.get_ref(5)?)?,
            sent: sent::read(&row.get::<_, Vec<u8>>(8)?)?.map(Box::new),
            cursor: self.file(row.get(6)?)?,
            offset: row.get::<_, i64>(7)?.cast_unsigned(),
        };
        self.batch.receipts.push(receipt);
        Ok(())
    }

    fn quarantined(&mut self, row: &Row<'_>) -> Result<(), Fault> {
        let number = |at: usize| row.get::<_, i64>(at).map(i64::cast_unsigned);
        let reason = Reason::ALL.get(usize::from(row.get::<_, u8>(5)?)).copied();
        let line = QuarantinedLine {
            cursor: self.file(row.get(0)?)?,
            offset: number(1)?,
            before: number(2)?,
            sha256: row.get(3)?,
            length: number(4)?,
            reason: reason.ok_or(Fault::Damaged("names an unknown reason"))?,
            name: self.term(TermKind::Name, row.get(6)?)?,
            at: row.get::<_, Option<i64>>(7)?.map(TimeMs::from_ms),
        };
        self.batch.quarantined.push(line);
        Ok(())
    }
}

fn session_id(id: &EventId) -> Result<SessionId, Fault> {
    SessionId::parse(&id.to_string()).map_err(|_| Fault::Damaged("holds a session without an id"))
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
