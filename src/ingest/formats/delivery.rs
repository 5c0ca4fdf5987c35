//! A delivery as `RudderStack` tells it: what it sent, what it made of the answer, and the answer itself.

use crate::domain::{Answer, Reason};
use crate::ingest::record::{Builder, Rejected};

use super::body::{self, Sent};
use super::{Outline, exchange, receipt};

pub(super) fn recognise(record: &Outline<'_, '_>) -> bool {
    record.claim.is_some()
        && (record.whole.field("jobState").or_else(|| record.whole.field("job_state"))).is_some()
        && record.payload.get().is_some_and(body::is_body)
}

pub(super) fn read(record: &Outline<'_, '_>, to: &mut Builder<'_>) -> Result<(), Rejected> {
    let at = to.optional_time(record.sent_at.get().or(record.at.get()))?;
    let Some(payload) = record.payload.get() else { return Err(Reason::WrongType.into()) };
    let field = |a, b| record.whole.field(a).or_else(|| record.whole.field(b));
    let said = field("errorResponse", "error_response").and_then(exchange::envelope);
    let (code, request) = said.unwrap_or_default();
    let answer = Answer {
        // RudderStack's own, made from the answer; TikTok's code decides where there is one.
        http_status: field("errorCode", "error_code").and_then(receipt::http_status),
        code,
        sender_claims_delivered: receipt::claims_delivered(record),
        ..Answer::default()
    };
    body::read(payload, Sent { at, answer, request, trace: None }, to)
}
