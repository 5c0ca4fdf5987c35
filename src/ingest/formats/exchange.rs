//! A whole request and its answer in one line: a receipt per event (product 3.3).

use crate::domain::{Answer, BatchReceipt, Code, Leg, Reason, RequestId, Term, TermKind, TimeMs};
use crate::ingest::json::{Tape, Value};
use crate::ingest::record::{Builder, Rejected};
use crate::tiktok;

use super::{Outline, receipt};

pub(super) fn recognise(record: &Outline<'_, '_>) -> bool {
    record.request.get().is_some_and(|request| {
        let is_body = |text: &str| text.trim_start().starts_with('{') && text.contains("\"data\"");
        request.as_text().is_some_and(is_body) || request.fields().any(|(key, _)| key == "data")
    })
}

pub(super) fn read(record: &Outline<'_, '_>, to: &mut Builder<'_>) -> Result<(), Rejected> {
    let at = record.at.get().or(record.sent_at.get());
    let at = at.map(|time| to.time(Some(time))).transpose()?;
    let Some(request) = record.request.get() else { return Err(Reason::WrongType.into()) };
    let mut tape = Tape::default();
    let request = match request.as_text() {
        Some(text) => tape.parse(text)?,
        None => request,
    };
    let request = Outline::of(request, &mut to.spellings);
    let Some(data) = request.data.get().filter(|data| data.is_array()) else {
        return Err(Rejected { reason: Reason::WrongType, name: None, at });
    };
    let (mut answer, request_id) = answer(record);
    answer.alone = data.items().nth(1).is_none();
    let sent = Sent {
        pixel: to.optional_term(TermKind::Pixel, request.pixel),
        test_code: to.optional_term(TermKind::TestCode, request.test_event_code),
        at,
        answer,
        request_id,
    };
    // One bad event does not spoil the others; the line is told of once.
    let mut bad = None;
    for event in data.items() {
        let event = Outline::of(event, &mut to.spellings);
        if let Err(rejected) = sent.read(&event, to) {
            bad.get_or_insert(rejected);
        }
    }
    bad.map_or(Ok(()), Err)
}

/// What all events of a request share.
struct Sent {
    pixel: Option<Term>,
    test_code: Option<Term>,
    at: Option<TimeMs>,
    answer: Answer,
    request_id: RequestId,
}

impl Sent {
    fn read(&self, event: &Outline<'_, '_>, to: &mut Builder<'_>) -> Result<(), Rejected> {
        let (id, name) = to.identify(event.event_id, event.event, self.at)?;
        let place = to.place;
        to.push_receipt(BatchReceipt {
            id,
            name,
            pixel: self.pixel,
            leg: Leg::Server,
            at: self.at,
            answer: self.answer,
            test_code: self.test_code,
            request: self.request_id.clone(),
            cursor: place.cursor,
            offset: place.offset,
        });
        Ok(())
    }
}

/// What came back: the body decides, whatever the sender made of it.
fn answer(record: &Outline<'_, '_>) -> (Answer, RequestId) {
    let http_status = record.http_status.get().and_then(receipt::http_status);
    let none = Answer { http_status, ..Answer::default() };
    let body = record.response.get().filter(|body| body.as_text().is_none_or(|text| !text.trim().is_empty()));
    let Some(body) = body else {
        let timed_out = http_status.is_none() || receipt::has_no_answer(record);
        return (Answer { timed_out, ..none }, RequestId::NONE);
    };
    if let Some(text) = body.as_text() {
        let reading = tiktok::answer::read(http_status.unwrap_or(0), text.as_bytes());
        return (Answer { http_status, ..reading.answer }, reading.request);
    }
    let field = |name: &str| body.fields().find(|(key, _)| *key == name).map(|(_, value)| value);
    let code = field("code").map_or(Code::Unreadable, receipt::code);
    let request = field("request_id").and_then(Value::as_text).map_or(RequestId::NONE, RequestId::parse);
    (Answer { code, ..none }, request)
}
