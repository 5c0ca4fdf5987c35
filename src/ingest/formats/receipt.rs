//! A receipt: one logged try to hand one event to TikTok (product 3.2).

use crate::domain::{Answer, BatchReceipt, Code, Leg, Reason, RequestId, TermKind};
use crate::ingest::json::Value;
use crate::ingest::record::{Builder, Rejected};
use crate::tiktok::event_map::fold;

use super::Outline;
use super::kind::Kind;

/// What senders write where no answer came.
const NO_ANSWER: &[&str] = &[
    "timeout",
    "timed out",
    "time-out",
    "timedout",
    "econnreset",
    "connection reset",
    "socket hang up",
    "broken pipe",
];

pub(super) fn recognise(record: &Outline<'_, '_>) -> bool {
    match record.kind() {
        Kind::Delivery => true,
        // A funnel event may have a `channel` of its own.
        Kind::Funnel => false,
        Kind::Other | Kind::Call(_) => {
            record.channel.is_some()
                || record.sent_at.is_some()
                || record.http_status.is_some()
                || record.code.is_some()
                || record.request_id.is_some()
        }
    }
}

pub(super) fn read(record: &Outline<'_, '_>, to: &mut Builder<'_>) -> Result<(), Rejected> {
    let time = record.sent_at.get().or(record.at.get());
    let at = to.optional_time(time);
    let known = at.ok().flatten();
    let (id, name) = to.identify(record.event_id, record.event, known)?;
    let rejected = |reason| Rejected { reason, name: Some(name), at: known };
    let at = at.map_err(rejected)?;
    let leg = leg(record.channel.get()).map_err(rejected)?;
    let code = record.code.get().map_or(Code::Absent, code);
    let answer = Answer {
        http_status: status_of(record),
        code,
        timed_out: code == Code::Absent && has_no_answer(record),
        alone: false,
        sender_claims_delivered: claims_delivered(record),
    };
    let pixel = to.optional_term(TermKind::Pixel, record.pixel);
    let test_code = to.optional_term(TermKind::TestCode, record.test_event_code);
    let request = record.request_id.text().map_or(RequestId::NONE, RequestId::parse);
    let place = to.place;
    to.push_receipt(BatchReceipt {
        id,
        name,
        pixel,
        leg,
        at,
        answer,
        test_code,
        request,
        sent: None,
        cursor: place.cursor,
        offset: place.offset,
    });
    Ok(())
}

/// The leg that a channel names. A word that is neither is not guessed: a wrong leg would be a wrong
/// verdict.
fn leg(channel: Option<Value<'_, '_>>) -> Result<Leg, Reason> {
    let Some(channel) = channel else { return Ok(Leg::Server) };
    let channel = channel.as_text().ok_or(Reason::WrongType)?;
    match fold(channel.trim()).as_str() {
        "" | "eventsapi" | "server" | "serverside" | "api" | "capi" => Ok(Leg::Server),
        "pixel" | "browser" | "web" => Ok(Leg::Browser),
        _ => Err(Reason::WrongType),
    }
}

/// A logged code: only an integer can be an acceptance.
pub(super) fn code(value: Value<'_, '_>) -> Code {
    value.as_int().map_or(Code::NotInteger, Code::Integer)
}

pub(super) fn http_status(value: Value<'_, '_>) -> Option<u16> {
    let status = value.as_int().or_else(|| value.as_text()?.trim().parse().ok())?;
    u16::try_from(status).ok().filter(|status| (100..600).contains(status))
}

/// The logged HTTP status; `status` is one where it is a number.
pub(super) fn status_of(record: &Outline<'_, '_>) -> Option<u16> {
    let said = record.claim.get().filter(|value| value.as_int().is_some());
    record.http_status.get().or(said).and_then(http_status)
}

/// What senders write who take an event for delivered, folded.
const DELIVERED: &[&str] =
    &["delivered", "success", "succeeded", "successful", "ok", "sent", "accepted", "true"];

/// The sender's own word that the event was delivered. The verdict is the answer's alone.
pub(super) fn claims_delivered(record: &Outline<'_, '_>) -> bool {
    let Some(claim) = record.claim.get() else { return false };
    let is_word = |text: &str| DELIVERED.contains(&fold(text.trim()).as_str());
    claim.as_bool().or_else(|| claim.as_text().map(is_word)).unwrap_or(false)
}

/// Whether the sender noted that no answer came.
pub(super) fn has_no_answer(record: &Outline<'_, '_>) -> bool {
    let is_true = |value: Value<'_, '_>| value.as_bool() == Some(true) || value.as_text() == Some("true");
    let says = |value: Value<'_, '_>| {
        value.as_text().is_some_and(|text| {
            let text = text.to_ascii_lowercase();
            NO_ANSWER.iter().any(|words| text.contains(words))
        })
    };
    record.timeout.get().is_some_and(is_true)
        || record.timed_out.get().is_some_and(is_true)
        || record.error.get().is_some_and(|error| says(error) || error.fields().any(|(_, value)| says(value)))
}
