//! A whole request and its answer in one line, or each on a line of its own (product 3.3).

use crate::domain::{self, Answer, Code, HalfAnswer, Reason, RequestId, TraceKey};
use crate::ingest::json::{Tape, Value};
use crate::ingest::record::{Builder, Rejected};
use crate::ingest::resume::short_hash;
use crate::tiktok;
use crate::tiktok::event_map::fold;

use super::body::{self, Sent};
use super::{Outline, receipt};

pub(super) fn recognise(record: &Outline<'_, '_>) -> bool {
    record.request.get().is_some_and(body::is_body)
}

pub(super) fn read(record: &Outline<'_, '_>, to: &mut Builder<'_>) -> Result<(), Rejected> {
    let at = to.optional_time(record.at.get().or(record.sent_at.get()))?;
    let Some(request) = record.request.get() else { return Err(Reason::WrongType.into()) };
    if !is_tiktoks(record) {
        return Err(Reason::UnknownRecord.into());
    }
    let trace = trace(record).filter(|_| half(record) == Some(Half::Request));
    let (answer, id) = match trace {
        // Until the other line comes, nobody knows what came back.
        Some(_) => (Answer { timed_out: true, ..Answer::default() }, RequestId::NONE),
        None => answer(record),
    };
    body::read(request, Sent { at, answer, request: id, trace }, to)
}

/// A line that is an answer and no request, to be joined by its trace.
pub(super) fn recognise_answer(record: &Outline<'_, '_>) -> bool {
    record.trace.is_some() && half(record) == Some(Half::Answer)
}

pub(super) fn read_answer(record: &Outline<'_, '_>, to: &mut Builder<'_>) -> Result<(), Rejected> {
    let Some(trace) = trace(record).filter(|_| is_tiktoks(record)) else {
        return Err(Reason::UnknownRecord.into());
    };
    let (answer, request) = answer(record);
    let cursor = to.place.cursor;
    to.push_half(domain::Half::Answer(HalfAnswer { trace, answer, request, cursor }));
    Ok(())
}

/// Which side of an exchange a line holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Request,
    Answer,
}

fn half(record: &Outline<'_, '_>) -> Option<Half> {
    let has_answer = record.response.is_some() || record.http_status.is_some();
    match (record.request.is_some(), has_answer) {
        (true, false) => Some(Half::Request),
        // A receipt may carry a trace as well, and names its event itself.
        (false, true) if !record.event_id.is_some() && record.response.is_some() => Some(Half::Answer),
        (true, true) | (false, _) => None,
    }
}

/// What the two lines of an exchange share: the trace, the tag and the event that they name.
fn trace(record: &Outline<'_, '_>) -> Option<TraceKey> {
    let id = record.trace.get()?.id()?;
    let (tag, event) = (named(record, TAGS).unwrap_or_default(), named(record, EVENTS).unwrap_or_default());
    Some(TraceKey(short_hash(format!("{id}\0{tag}\0{event}").as_bytes())))
}

const TAGS: &[&str] = &["name", "tagname"];
const EVENTS: &[&str] = &["eventname", "event"];
const ADDRESSES: &[&str] = &["requesturl", "url", "endpoint"];
/// What the addresses of TikTok's endpoints have in common, also behind a gateway.
const OURS: &[&str] = &["tiktok", "/event/track", "/pixel/track", "/pixel/batch"];

/// The text of the first field with one of these names, folded.
fn named<'a>(record: &Outline<'a, '_>, names: &[&str]) -> Option<&'a str> {
    let found = record.whole.fields().find(|(key, _)| names.contains(&fold(key).as_str()));
    found.and_then(|(_, value)| value.as_text()).filter(|text| !text.is_empty())
}

/// Whether nothing says that the request went elsewhere: a tag manager logs all its tags alike, and other
/// networks' bodies have a `data` as well.
fn is_tiktoks(record: &Outline<'_, '_>) -> bool {
    let inner = record.request.get().and_then(|request| request.field("url")).and_then(Value::as_text);
    let address = named(record, ADDRESSES).or(inner);
    let tag = named(record, TAGS).filter(|_| record.trace.is_some());
    tag.is_none_or(|tag| tag.to_ascii_lowercase().contains("tiktok"))
        && address.is_none_or(|address| OURS.iter().any(|ours| address.contains(ours)))
}

/// What came back: the body decides, whatever the sender made of it.
pub(super) fn answer(record: &Outline<'_, '_>) -> (Answer, RequestId) {
    let http_status = receipt::status_of(record);
    let sender_claims_delivered = receipt::claims_delivered(record);
    let none = Answer { http_status, sender_claims_delivered, ..Answer::default() };
    let body = record.response.get().filter(|body| body.as_text().is_none_or(|text| !text.trim().is_empty()));
    let Some(body) = body else {
        let timed_out = http_status.is_none() || receipt::has_no_answer(record);
        return (Answer { timed_out, ..none }, RequestId::NONE);
    };
    let http_status = http_status.or_else(|| {
        let status = body.field("status").or_else(|| body.field("statusCode"))?;
        body.field("code").is_none().then(|| receipt::http_status(status)).flatten()
    });
    let (code, request) = envelope(body).unwrap_or((Code::Unreadable, RequestId::NONE));
    (Answer { http_status, code, ..none }, request)
}

/// Code and request id of TikTok's answer, which may stand inside what a sender made of it.
pub(super) fn envelope(body: Value<'_, '_>) -> Option<(Code, RequestId)> {
    if let Some(text) = body.as_text() {
        let reading = tiktok::answer::read(200, text.as_bytes());
        if reading.answer.code != Code::Unreadable {
            return Some((reading.answer.code, reading.request));
        }
        return Tape::default().parse(text).ok().and_then(envelope);
    }
    if let Some(code) = body.field("code") {
        let request = body.field("request_id").and_then(Value::as_text);
        return Some((receipt::code(code), request.map_or(RequestId::NONE, RequestId::parse)));
    }
    ["body", "data", "response", "destinationResponse"].into_iter().find_map(|key| envelope(body.field(key)?))
}
