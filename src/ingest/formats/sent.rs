//! The bare body of a request, of the Events API or of Events 1.0: it was sent, and nobody knows what came
//! back.

use crate::domain::{Answer, RequestId};
use crate::ingest::json::Value;
use crate::ingest::record::{Builder, Rejected};

use super::Outline;
use super::body::{self, Sent};

pub(super) fn recognise(record: &Outline<'_, '_>) -> bool {
    let has_list = || {
        let list = record.data.get().or_else(|| record.whole.field("batch"));
        !record.event_id.is_some() && record.pixel.is_some() && list.is_some_and(Value::is_array)
    };
    let is_one = || record.code.get().is_none() && body::is_one(record.whole);
    record.pixel.is_some() && ((record.context.is_some() && is_one()) || has_list())
}

pub(super) fn read(record: &Outline<'_, '_>, to: &mut Builder<'_>) -> Result<(), Rejected> {
    let sent = Sent { at: to.outer_at, answer: Answer::default(), request: RequestId::NONE, trace: None };
    body::read(record.whole, sent, to)
}
