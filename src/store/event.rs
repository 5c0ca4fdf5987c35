//! Events on their way in: one row per key, whatever the order of its records.

use rusqlite::{Connection, OptionalExtension, Statement, params};

use super::block::Layout;
use super::commit::{Codes, Put, Tally};
use super::contact::ContactCache;
use super::dictionary::{Dictionary, PlaceCodes};
use super::fault::Fault;
use super::row::{Id, bits, flaws_number, rank, read_bits, read_flaws, span};
use crate::domain::{Batch, BatchEvent, Facts, Flaws, KeyBits, Term, TimeMs};

const EVENT_INSERT: &str = "
    INSERT INTO event (span, event_id, name, pixel, at_ms, place, session, contact, payload, bits, content,
      value, order_key, seen_lag_ms, flaws, source, byte_offset)
    VALUES (:span, :event_id, :name, :pixel, :at_ms, :place, :session, :contact, :payload, :bits, :content,
      :value, :order_key, :seen_lag_ms, :flaws, :source, :byte_offset)
    ON CONFLICT (span, event_id, name, pixel) DO NOTHING";
/// Its parameters stand in the order of [`EVENT_INSERT`].
const EVENT_REPLACE: &str = "
    UPDATE event
    SET at_ms = ?5, place = ?6, session = ?7, contact = ?8, payload = ?9, bits = ?10, content = ?11,
      value = ?12, order_key = ?13, seen_lag_ms = ?14, flaws = ?15, source = ?16, byte_offset = ?17
    WHERE span = ?1 AND event_id = ?2 AND name = ?3 AND pixel = ?4";
const EVENT_MARK: &str = "
    UPDATE event
    SET bits = ?5, seen_lag_ms = ?6, flaws = ?7
    WHERE span = ?1 AND event_id = ?2 AND name = ?3 AND pixel = ?4";
const EVENT_STORED: &str = "
    SELECT e.at_ms, e.content, e.seen_lag_ms, e.bits, e.value, e.payload, p.currency, e.flaws
    FROM event AS e
    JOIN place AS p ON p.code = e.place
    WHERE e.span = ?1 AND e.event_id = ?2 AND e.name = ?3 AND e.pixel = ?4";

/// A record of the batch with all its codes.
struct Record<'a> {
    event: &'a BatchEvent,
    name: u32,
    pixel: u32,
    currency: u32,
    place: u32,
    session: Option<i64>,
    agent: u32,
    contact: Option<i64>,
    payload: Option<i64>,
    value: Option<String>,
    source: i64,
}

/// What the comparison with a stored record needs of it.
struct Kept {
    at: TimeMs,
    content: u64,
    seen_at: TimeMs,
    keys: KeyBits,
    facts: Facts,
    flaws: Flaws,
    value: Option<String>,
    payload: Option<i64>,
    currency: u32,
}

/// Stores the events of a batch.
pub(super) struct Writer<'a> {
    pub(super) connection: &'a Connection,
    pub(super) dictionary: &'a mut Dictionary,
    pub(super) contacts: &'a mut ContactCache,
    pub(super) codes: &'a Codes,
    pub(super) layout: &'a Layout,
    pub(super) now: TimeMs,
}

impl Writer<'_> {
    /// Inserts what is new, in the order of the key, and settles what is not. Returns, per event of
    /// the batch, whether its payload is needed.
    pub(super) fn write(&mut self, batch: &Batch, tally: &mut Tally) -> Result<Vec<bool>, Fault> {
        let mut needed = vec![false; batch.events.len()];
        let mut order: Vec<_> = batch
            .events
            .iter()
            .enumerate()
            .map(|(at, event)| (span(event.at), rank(&event.id), at, event))
            .collect();
        order.sort_unstable_by_key(|(span, rank, at, _)| (*span, *rank, *at));
        let mut insert = self.connection.prepare_cached(EVENT_INSERT)?;
        for (_, _, at, event) in order {
            let record = self.record(at, event)?;
            let seen_at = event.seen_at.unwrap_or(event.at).min(event.at).min(self.now);
            let put = Put::from_rows(write(&mut insert, &record, event.facts, seen_at)?);
            let takes = put == Put::New || self.settle(&record, &mut needed)?;
            if takes {
                if let Some(slot) = needed.get_mut(at) {
                    *slot = true;
                }
                if let Some(contact) = record.contact {
                    self.contacts.keep(event.ip, record.agent, contact);
                }
            }
            tally.event(event.cursor, put);
        }
        Ok(needed)
    }

    fn record<'e>(&mut self, at: usize, event: &'e BatchEvent) -> Result<Record<'e>, Fault> {
        let code = |term: Option<Term>| term.map_or(Ok(0), |term| self.codes.term(term));
        let currency = code(event.currency)?;
        let place = PlaceCodes {
            campaign: code(event.campaign)?,
            funnel: code(event.funnel)?,
            source: code(event.source)?,
            page: code(event.page)?,
            currency,
        };
        let agent = code(event.agent)?;
        let session = event.session.and_then(|session| self.codes.session(session));
        Ok(Record {
            event,
            name: self.codes.term(event.name)?,
            pixel: code(event.pixel)?,
            currency,
            place: self.dictionary.place(self.connection, place)?,
            session,
            agent,
            contact: self.contacts.reserve(event.ip, agent),
            payload: self.layout.references.get(at).copied().flatten(),
            value: event.value.map(|value| value.to_string()),
            source: self.codes.source(event.cursor)?,
        })
    }

    /// The key is stored already: keeps the record with the smallest (time, content), and notes what
    /// differs. The outcome does not depend on which record came first. Returns whether the new
    /// record took the place of the stored one.
    fn settle(&self, record: &Record<'_>, needed: &mut [bool]) -> Result<bool, Fault> {
        let kept = self.kept(record)?;
        let event = record.event;
        let differs = event.content != kept.content;
        let seen_at = kept.seen_at.min(event.at).min(event.seen_at.unwrap_or(event.at));
        let mut marks = Facts::default();
        if kept.facts.content_differs() || event.facts.content_differs() || differs {
            marks.set_content_differs();
        }
        let other_money = record.value != kept.value || record.currency != kept.currency;
        if kept.facts.money_differs() || event.facts.money_differs() || (differs && other_money) {
            marks.set_money_differs();
        }
        if (event.at, event.content) < (kept.at, kept.content) {
            let facts = Facts::from_mask(event.facts.mask() | marks.mask());
            write(&mut *self.connection.prepare_cached(EVENT_REPLACE)?, record, facts, seen_at)?;
            let loser = kept.payload.and_then(|payload| self.layout.event_of(payload));
            if let Some(slot) = loser.and_then(|loser| needed.get_mut(loser)) {
                *slot = false;
            }
            return Ok(true);
        }
        let facts = Facts::from_mask(kept.facts.mask() | marks.mask());
        // The same content in another spelling: the key has the flaws of both.
        let spelled = if differs { Flaws::NONE } else { event.flaws };
        let flaws = Flaws::from_mask(kept.flaws.mask() | spelled.mask());
        if facts != kept.facts || seen_at != kept.seen_at || flaws != kept.flaws {
            self.connection.prepare_cached(EVENT_MARK)?.execute(params![
                span(kept.at),
                Id(&event.id),
                record.name,
                record.pixel,
                bits(kept.keys, facts),
                kept.at.since(seen_at).as_ms(),
                flaws_number(flaws),
            ])?;
        }
        Ok(false)
    }

    fn kept(&self, record: &Record<'_>) -> Result<Kept, Fault> {
        let found = self
            .connection
            .prepare_cached(EVENT_STORED)?
            .query_row(
                params![span(record.event.at), Id(&record.event.id), record.name, record.pixel],
                |row| {
                    let (keys, facts) = read_bits(row.get(3)?);
                    let at: i64 = row.get(0)?;
                    let content: i64 = row.get(1)?;
                    let lag: i64 = row.get(2)?;
                    Ok(Kept {
                        at: TimeMs::from_ms(at),
                        content: content.cast_unsigned(),
                        seen_at: TimeMs::from_ms(at.saturating_sub(lag)),
                        keys,
                        facts,
                        value: row.get(4)?,
                        payload: row.get(5)?,
                        currency: row.get(6)?,
                        flaws: read_flaws(row.get(7)?),
                    })
                },
            )
            .optional()?;
        found.ok_or(Fault::Damaged("lost an event"))
    }
}

fn write(
    statement: &mut Statement<'_>,
    record: &Record<'_>,
    facts: Facts,
    seen_at: TimeMs,
) -> Result<usize, Fault> {
    let event = record.event;
    Ok(statement.execute(params![
        span(event.at),
        Id(&event.id),
        record.name,
        record.pixel,
        event.at.as_ms(),
        record.place,
        record.session,
        record.contact,
        record.payload,
        bits(event.keys, facts),
        event.content.cast_signed(),
        record.value,
        event.order.map(crate::domain::OrderKey::value),
        event.at.since(seen_at).as_ms(),
        flaws_number(event.flaws),
        record.source,
        event.offset.cast_signed(),
    ])?)
}
