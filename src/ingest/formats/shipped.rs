//! What another host shipped: its rows as its store knows them, written by `segment`.
//!
//! They were judged and hashed when that host read its logs; here they are only read back.

use crate::domain::{
    Amount, Answer, BatchEvent, BatchReceipt, Code, Digest, EventId, Facts, Flaws, KeyBits, Leg, LogWord,
    OrderKey, Reason, RequestId, Seen, SessionFacts, SessionId, TermKind, TimeMs,
};
use crate::ingest::json::Value;
use crate::ingest::record::{Builder, Rejected};
use crate::tiktok::payload::Stored;

use super::{Field, Outline};

/// Reads a line of a kind.
type Read = fn(Value<'_, '_>, &mut Builder<'_>) -> Result<(), Reason>;

/// The kinds of lines: what a record calls itself, and what reads it.
const KINDS: [(&str, Read); 5] = [
    ("makegood.event/1", event),
    ("makegood.receipt/1", receipt),
    ("makegood.session/1", session),
    ("makegood.newest/1", newest),
    ("makegood.consent/1", consent),
];

pub(super) fn recognise(record: &Outline<'_, '_>) -> bool {
    record.kind.text().is_some_and(|kind| kind.starts_with("makegood."))
}

pub(super) fn read(record: &Outline<'_, '_>, to: &mut Builder<'_>) -> Result<(), Rejected> {
    let known = KINDS.iter().find(|(name, _)| Some(*name) == record.kind.text());
    // A number that is not known is a newer program's: what its masks mean nobody here can say.
    let (_, read) = known.ok_or(Reason::UnknownRecord)?;
    Ok(read(record.whole, to)?)
}

fn event(line: Value<'_, '_>, to: &mut Builder<'_>) -> Result<(), Reason> {
    let at = time(line, "at_ms")?;
    let (id, name) = key(line, to)?;
    let payload = text(line, "payload").unwrap_or("{}");
    Stored::read(payload.as_bytes()).map_err(|_| Reason::WrongType)?;
    let start = to.batch.payloads.len();
    to.batch.payloads.extend_from_slice(payload.as_bytes());
    let payload = start..to.batch.payloads.len();
    let session = match text(line, "session_id") {
        Some(session) => to.add_session(SessionFacts::new(session_id(session)?)),
        None => None,
    };
    let place = to.place;
    let mut term = |kind, field| to.optional_term(kind, Field::of(line.field(field)));
    let event = BatchEvent {
        id,
        name,
        pixel: term(TermKind::Pixel, "pixel_id"),
        campaign: term(TermKind::Campaign, "campaign_id"),
        funnel: term(TermKind::Funnel, "funnel_id"),
        source: term(TermKind::Source, "source"),
        currency: term(TermKind::Currency, "currency"),
        page: text(line, "page").map(|page| to.term(TermKind::Page, page)),
        agent: text(line, "user_agent").map(|agent| to.term(TermKind::Agent, agent)),
        session,
        at,
        seen_at: Some(time(line, "seen_ms")?),
        keys: KeyBits::from_mask(mask(line, "keys")?),
        facts: Facts::from_mask(mask(line, "facts")?),
        flaws: Flaws::from_mask(mask(line, "flaws")?),
        value: parsed(line, "value", Amount::parse)?,
        order: line.field("order_key").and_then(Value::as_int).map(OrderKey::new),
        ip: parsed(line, "ip", |ip| ip.parse().ok())?,
        payload,
        content: parsed(line, "content", |hex| u64::from_str_radix(hex, 16).ok())?
            .ok_or(Reason::WrongType)?,
        cursor: place.cursor,
        offset: place.offset,
    };
    to.push_event(event);
    Ok(())
}

fn receipt(line: Value<'_, '_>, to: &mut Builder<'_>) -> Result<(), Reason> {
    let (id, name) = key(line, to)?;
    let place = to.place;
    let status = line.field("http_status").map(|status| u16::try_from(status.as_int()?).ok());
    let code = match line.field("code") {
        None => Code::Absent,
        Some(code) => match (code.as_int(), code.as_text()) {
            (Some(code), _) => Code::Integer(code),
            (None, Some("not-an-integer")) => Code::NotInteger,
            (None, Some("unreadable")) => Code::Unreadable,
            (None, _) => return Err(Reason::WrongType),
        },
    };
    let receipt = BatchReceipt {
        id,
        name,
        pixel: to.optional_term(TermKind::Pixel, Field::of(line.field("pixel_id"))),
        leg: leg(line)?,
        at: optional_time(line, "at_ms")?,
        answer: Answer {
            http_status: status.map(|status| status.ok_or(Reason::WrongType)).transpose()?,
            code,
            timed_out: flag(line, "timed_out"),
            alone: flag(line, "alone"),
            sender_claims_delivered: flag(line, "claimed"),
        },
        sent: None,
        test_code: to.optional_term(TermKind::TestCode, Field::of(line.field("test_event_code"))),
        request: text(line, "request_id").map_or(RequestId::NONE, RequestId::parse),
        cursor: place.cursor,
        offset: place.offset,
    };
    to.push_receipt(receipt);
    Ok(())
}

fn session(line: Value<'_, '_>, to: &mut Builder<'_>) -> Result<(), Reason> {
    let page = text(line, "landing_page").map(|page| to.term(TermKind::Page, page));
    let landing = optional_time(line, "landing_ms")?.map(|at| Seen::once(page, at));
    let facts = SessionFacts {
        id: session_id(text(line, "session_id").ok_or(Reason::WrongType)?)?,
        landing,
        ttclid: seen(line, "ttclid", |text| Some(text.into()))?,
        ttp: seen(line, "ttp", |text| Some(text.into()))?,
        email: seen(line, "email", digest)?,
        phone: seen(line, "phone", digest)?,
        external_id: seen(line, "external_id", digest)?,
        captured_at: optional_time(line, "captured_ms")?,
        paywall_at: optional_time(line, "paywall_ms")?,
        denied_at: optional_time(line, "denied_ms")?,
        granted_at: optional_time(line, "granted_ms")?,
        ip_tag: mask(line, "ip_tag")?,
        hints: Vec::new(),
    };
    to.add_session(facts);
    Ok(())
}

fn newest(line: Value<'_, '_>, to: &mut Builder<'_>) -> Result<(), Reason> {
    let pixel = to.optional_term(TermKind::Pixel, Field::of(line.field("pixel_id")));
    to.batch.elsewhere.push(LogWord::Newest { pixel, leg: leg(line)?, at: time(line, "at_ms")? });
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "one of a table of readers")]
fn consent(line: Value<'_, '_>, to: &mut Builder<'_>) -> Result<(), Reason> {
    let pixel = to.optional_term(TermKind::Pixel, Field::of(line.field("pixel_id")));
    let campaign = to.optional_term(TermKind::Campaign, Field::of(line.field("campaign_id")));
    to.batch.elsewhere.push(LogWord::Consent { pixel, campaign });
    Ok(())
}

fn key(line: Value<'_, '_>, to: &mut Builder<'_>) -> Result<(EventId, crate::domain::Term), Reason> {
    let named = to.identify(Field::of(line.field("event_id")), Field::of(line.field("event")), None);
    named.map_err(|rejected| rejected.reason)
}

fn text<'a>(line: Value<'a, '_>, field: &str) -> Option<&'a str> {
    line.field(field)?.as_text()
}

fn flag(line: Value<'_, '_>, field: &str) -> bool {
    line.field(field).and_then(Value::as_bool) == Some(true)
}

fn mask<T: TryFrom<i64>>(line: Value<'_, '_>, field: &str) -> Result<T, Reason> {
    let number = line.field(field).and_then(Value::as_int).ok_or(Reason::WrongType)?;
    T::try_from(number).map_err(|_| Reason::NumberRange)
}

fn time(line: Value<'_, '_>, field: &str) -> Result<TimeMs, Reason> {
    optional_time(line, field)?.ok_or(Reason::TimeMissing)
}

fn optional_time(line: Value<'_, '_>, field: &str) -> Result<Option<TimeMs>, Reason> {
    let Some(value) = line.field(field) else { return Ok(None) };
    let at = TimeMs::from_ms(value.as_int().ok_or(Reason::TimeUnreadable)?);
    if at.is_plausible() { Ok(Some(at)) } else { Err(Reason::TimeRange) }
}

fn parsed<T>(
    line: Value<'_, '_>,
    field: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Reason> {
    let Some(value) = line.field(field) else { return Ok(None) };
    value.as_text().and_then(parse).map(Some).ok_or(Reason::WrongType)
}

fn leg(line: Value<'_, '_>) -> Result<Leg, Reason> {
    match text(line, "leg") {
        Some("server") => Ok(Leg::Server),
        Some("browser") => Ok(Leg::Browser),
        Some(_) | None => Err(Reason::WrongType),
    }
}

fn session_id(text: &str) -> Result<SessionId, Reason> {
    SessionId::parse(text).map_err(|_| Reason::IdTooLong)
}

fn seen<T>(
    line: Value<'_, '_>,
    field: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<Seen<T>>, Reason> {
    let Some(sight) = line.field(field) else { return Ok(None) };
    let value = parsed(sight, "value", parse)?.ok_or(Reason::WrongType)?;
    Ok(Some(Seen { value, at: time(sight, "at_ms")?, several: flag(sight, "several") }))
}

fn digest(hex: &str) -> Option<Digest> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(hex, &mut bytes).ok()?;
    Some(Digest::from_bytes(bytes))
}
