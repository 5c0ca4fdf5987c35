//! What the columns of the three tables of the ledger say, before codes are looked up.

use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::fault::Fault;
use super::row::{read_bits, read_flaws, read_request};
use super::sent;
use crate::domain::{Amount, EventId, Facts, Flaws, KeyBits, Position, SentBody, Trace};

/// The parts of the event table.
pub(super) const EVENT_SPANS: &str = "
    SELECT span
    FROM event_span
    ORDER BY span";

/// The parts of the receipt table.
pub(super) const RECEIPT_SPANS: &str = "
    SELECT span
    FROM receipt_span
    ORDER BY span";

/// A row that belongs to an id.
pub(super) trait Keyed: Sized + Send {
    /// All rows, by id; of an event or a receipt, those of the span `?1`.
    const ALL: &'static str;
    /// The parts that [`Keyed::ALL`] reads one of; `None`: it reads the whole table.
    const PARTS: Option<&'static str>;

    /// Reads a row of it; its first column is the id, which is read already.
    fn read(row: &Row<'_>, id: EventId) -> Result<Self, Fault>;

    /// Its id.
    fn id(&self) -> &EventId;
}

/// A row that can be read by its id as well.
pub(super) trait ById: Keyed {
    /// The rows of the id `?1`; the columns of [`Keyed::ALL`], then those that only a person asks for.
    const ONE: &'static str;

    /// Reads a row of it.
    fn read_whole(row: &Row<'_>, id: EventId) -> Result<Self, Fault> {
        Self::read(row, id)
    }
}

/// An event whose codes are not looked up yet.
#[derive(Debug)]
pub(super) struct RawEvent {
    pub(super) id: EventId,
    pub(super) name: u32,
    pub(super) pixel: u32,
    pub(super) at_ms: i64,
    pub(super) place: u32,
    pub(super) session: Option<i64>,
    pub(super) contact: Option<i64>,
    pub(super) payload: Option<i64>,
    pub(super) keys: KeyBits,
    pub(super) facts: Facts,
    pub(super) content: u64,
    pub(super) value: Option<Amount>,
    pub(super) order: Option<i64>,
    pub(super) seen_lag_ms: i64,
    pub(super) flaws: Flaws,
    pub(super) position: Option<Position>,
}

impl Keyed for RawEvent {
    const ALL: &'static str = "
        SELECT event_id, name, pixel, at_ms, place, session, contact, payload, bits, content, value,
          order_key, seen_lag_ms, flaws
        FROM event
        WHERE span = ?1
        ORDER BY event_id";
    const PARTS: Option<&'static str> = Some(EVENT_SPANS);

    fn read(row: &Row<'_>, id: EventId) -> Result<Self, Fault> {
        let (keys, facts) = read_bits(row.get(8)?);
        Ok(Self {
            id,
            name: row.get(1)?,
            pixel: row.get(2)?,
            at_ms: row.get(3)?,
            place: row.get(4)?,
            session: row.get(5)?,
            contact: row.get(6)?,
            payload: row.get(7)?,
            keys,
            facts,
            content: row.get::<_, i64>(9)?.cast_unsigned(),
            value: read_amount(row.get_ref(10)?)?,
            order: row.get(11)?,
            seen_lag_ms: row.get(12)?,
            flaws: read_flaws(row.get(13)?),
            position: None,
        })
    }

    fn id(&self) -> &EventId {
        &self.id
    }
}

impl ById for RawEvent {
    const ONE: &'static str = "
        SELECT e.event_id, e.name, e.pixel, e.at_ms, e.place, e.session, e.contact, e.payload, e.bits,
          e.content, e.value, e.order_key, e.seen_lag_ms, e.flaws, e.source, e.byte_offset
        FROM event_span AS s
        CROSS JOIN event AS e ON e.span = s.span
        WHERE e.event_id = ?1";

    fn read_whole(row: &Row<'_>, id: EventId) -> Result<Self, Fault> {
        Ok(Self { position: Some(read_position(row, 14)?), ..Self::read(row, id)? })
    }
}

/// The file at a column, and the offset at the next.
fn read_position(row: &Row<'_>, at: usize) -> Result<Position, Fault> {
    Ok(Position { source: row.get(at)?, offset: row.get::<_, i64>(at + 1)?.cast_unsigned() })
}

fn read_amount(value: ValueRef<'_>) -> Result<Option<Amount>, Fault> {
    let text = match value {
        ValueRef::Null => return Ok(None),
        ValueRef::Text(text) => std::str::from_utf8(text).ok(),
        ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Blob(_) => None,
    };
    text.and_then(Amount::parse).map(Some).ok_or(Fault::Damaged("holds a value that is no number"))
}

/// A receipt whose codes are not looked up yet.
#[derive(Debug)]
pub(super) struct RawReceipt {
    pub(super) id: EventId,
    pub(super) name: u32,
    pub(super) pixel: u32,
    pub(super) at_ms: i64,
    pub(super) answer: u32,
    pub(super) sent: Option<SentBody>,
    pub(super) trace: Option<Box<Trace>>,
}

impl Keyed for RawReceipt {
    const ALL: &'static str = "
        SELECT event_id, name, pixel, at_ms, answer, sent
        FROM receipt
        WHERE span = ?1
        ORDER BY event_id";
    const PARTS: Option<&'static str> = Some(RECEIPT_SPANS);

    fn read(row: &Row<'_>, id: EventId) -> Result<Self, Fault> {
        Ok(Self {
            id,
            name: row.get(1)?,
            pixel: row.get(2)?,
            at_ms: row.get(3)?,
            answer: row.get(4)?,
            sent: sent::read(row.get_ref(5)?.as_blob().unwrap_or_default())?,
            trace: None,
        })
    }

    fn id(&self) -> &EventId {
        &self.id
    }
}

impl ById for RawReceipt {
    const ONE: &'static str = "
        SELECT r.event_id, r.name, r.pixel, r.at_ms, r.answer, r.sent, r.request_id, r.source,
          r.byte_offset
        FROM receipt_span AS s
        CROSS JOIN receipt AS r ON r.span = s.span
        WHERE r.event_id = ?1";

    fn read_whole(row: &Row<'_>, id: EventId) -> Result<Self, Fault> {
        let trace = Trace { request: read_request(row.get_ref(6)?)?, position: read_position(row, 7)? };
        Ok(Self { trace: Some(Box::new(trace)), ..Self::read(row, id)? })
    }
}

/// An attempt whose codes are not looked up yet.
#[derive(Debug)]
pub(super) struct RawAttempt {
    pub(super) id: EventId,
    pub(super) name: u32,
    pub(super) pixel: u32,
    pub(super) batch: i64,
    pub(super) outcome: Option<i64>,
    pub(super) run: i64,
    pub(super) started_ms: i64,
    pub(super) http_status: Option<u16>,
    pub(super) kind: Option<i64>,
    pub(super) api_code: Option<i64>,
    pub(super) size: i64,
    pub(super) test_code: u32,
    pub(super) lease_until_ms: i64,
    pub(super) not_before_ms: i64,
}

impl Keyed for RawAttempt {
    const ALL: &'static str = "
        SELECT a.event_id, a.name, a.pixel, a.batch, a.outcome, b.run, b.started_ms, b.http_status, b.kind,
          b.api_code, b.size, b.test_code, b.lease_until_ms, b.not_before_ms
        FROM attempt AS a INDEXED BY attempt_by_key
        CROSS JOIN batch AS b ON b.code = a.batch
        ORDER BY a.event_id";
    const PARTS: Option<&'static str> = None;

    fn read(row: &Row<'_>, id: EventId) -> Result<Self, Fault> {
        Ok(Self {
            id,
            name: row.get(1)?,
            pixel: row.get(2)?,
            batch: row.get(3)?,
            outcome: row.get(4)?,
            run: row.get(5)?,
            started_ms: row.get(6)?,
            http_status: row.get(7)?,
            kind: row.get(8)?,
            api_code: row.get(9)?,
            size: row.get(10)?,
            test_code: row.get(11)?,
            lease_until_ms: row.get(12)?,
            not_before_ms: row.get(13)?,
        })
    }

    fn id(&self) -> &EventId {
        &self.id
    }
}

impl ById for RawAttempt {
    const ONE: &'static str = "
        SELECT a.event_id, a.name, a.pixel, a.batch, a.outcome, b.run, b.started_ms, b.http_status, b.kind,
          b.api_code, b.size, b.test_code, b.lease_until_ms, b.not_before_ms
        FROM attempt AS a INDEXED BY attempt_by_key
        CROSS JOIN batch AS b ON b.code = a.batch
        WHERE a.event_id = ?1";
}
