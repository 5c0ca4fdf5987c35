//! What was sent: the body of a request, of the Events API or of its predecessor Events 1.0, and the
//! receipts it makes.

use crate::domain::{
    Answer, BatchReceipt, Half, HalfRequest, Leg, Reason, RequestId, TermKind, TimeMs, TraceKey,
};
use crate::ingest::json::{Tape, Value};
use crate::ingest::record::{Builder, Rejected};
use crate::ingest::resume::short_hash;

use super::carried::carried;
use super::{Field, Outline};

/// What all events of a request share.
pub(super) struct Sent {
    pub(super) at: Option<TimeMs>,
    pub(super) answer: Answer,
    pub(super) request: RequestId,
    /// The answer stands on a line of its own.
    pub(super) trace: Option<TraceKey>,
}

/// Whether a value can be the body of a request, as JSON or as its text.
pub(super) fn is_body(value: Value<'_, '_>) -> bool {
    let is_key = |key: &str| value.field(key).is_some();
    match value.as_text() {
        Some(text) => {
            text.trim_start().starts_with('{')
                && ["\"data\"", "\"batch\"", "\"pixel_code\""].iter().any(|key| text.contains(key))
        }
        None => is_key("data") || is_key("batch") || is_one(value) || inner(value).is_some_and(is_body),
    }
}

/// Whether a value is a body of Events 1.0 with one event.
pub(super) fn is_one(value: Value<'_, '_>) -> bool {
    value.field("pixel_code").is_some() && value.field("event").is_some() && value.field("context").is_some()
}

/// The body of a request that was logged with its method and address.
fn inner<'a, 't>(value: Value<'a, 't>) -> Option<Value<'a, 't>> {
    ["body", "JSON", "json"].into_iter().find_map(|key| value.field(key))
}

/// Makes a receipt of each event of a body.
pub(super) fn read(body: Value<'_, '_>, sent: Sent, to: &mut Builder<'_>) -> Result<(), Rejected> {
    if let Some(text) = body.as_text() {
        return read(Tape::within(to.policy.limits).parse(text)?, sent, to);
    }
    let listed = body.field("data").or_else(|| body.field("batch"));
    if listed.is_none()
        && !is_one(body)
        && let Some(inner) = inner(body)
    {
        return read(inner, sent, to);
    }
    let at = sent.at;
    if listed.is_some_and(|list| !list.is_array()) || (listed.is_none() && !is_one(body)) {
        return Err(Rejected { reason: Reason::WrongType, name: None, at });
    }
    let request = Outline::of(body, &mut to.spellings);
    let events = || listed.map_or(Events::One(Some(body)), |list| Events::Many(list.items()));
    let mut maker = Maker {
        pixel: request.pixel,
        test_code: request.test_event_code,
        answer: Answer { alone: events().nth(1).is_none(), ..sent.answer },
        body: sent.trace.map_or(0, |_| fingerprint(&request, events())),
        sent,
    };
    // One bad event does not spoil the others; the line is told of once.
    let mut bad = None;
    for event in events() {
        let event = Outline::of(event, &mut to.spellings);
        if let Err(rejected) = maker.read(&event, to) {
            bad.get_or_insert(rejected);
        }
    }
    bad.map_or(Ok(()), Err)
}

/// The events of a body.
enum Events<'a, 't> {
    One(Option<Value<'a, 't>>),
    Many(crate::ingest::json::Items<'a, 't>),
}

impl<'a, 't> Iterator for Events<'a, 't> {
    type Item = Value<'a, 't>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::One(one) => one.take(),
            Self::Many(items) => items.next(),
        }
    }
}

/// Of the keys of a request: a retry has the same, however often it is logged.
fn fingerprint<'a>(request: &Outline<'a, '_>, events: Events<'a, '_>) -> u64 {
    let mut keys = request.pixel.text().unwrap_or_default().to_owned();
    for event in events {
        for key in ["pixel_code", "event", "event_id"] {
            keys.push('\0');
            keys.push_str(event.field(key).and_then(Value::as_text).unwrap_or_default());
        }
    }
    short_hash(keys.as_bytes())
}

struct Maker<'a, 't> {
    pixel: Field<'a, 't>,
    test_code: Field<'a, 't>,
    answer: Answer,
    body: u64,
    sent: Sent,
}

impl Maker<'_, '_> {
    fn read(&mut self, event: &Outline<'_, '_>, to: &mut Builder<'_>) -> Result<(), Rejected> {
        // Senders of Events 1.0 write the time of sending into the event; those of 2.0 the event's own.
        let at = match self.sent.at {
            None if event.context.is_some() => to.time(event.at.get()).ok(),
            at => at,
        };
        let (id, name) = to.identify(event.event_id, event.event, at)?;
        let place = to.place;
        let receipt = BatchReceipt {
            id,
            name,
            pixel: to.optional_term(TermKind::Pixel, self.pixel.or(event.pixel)),
            leg: Leg::Server,
            at,
            answer: self.answer,
            test_code: to.optional_term(TermKind::TestCode, self.test_code.or(event.test_event_code)),
            request: self.sent.request.clone(),
            sent: carried(event, to),
            cursor: place.cursor,
            offset: place.offset,
        };
        match self.sent.trace {
            Some(trace) => to.push_half(Half::Request(HalfRequest { trace, body: self.body, receipt })),
            None => to.push_receipt(receipt),
        }
        Ok(())
    }
}
