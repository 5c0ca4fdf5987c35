//! Requests and answers whose other half may lie in another database.

use rusqlite::Row;

use super::Filling;
use crate::domain::{
    Answer, BatchReceipt, Half, HalfAnswer, HalfRequest, Leg, RequestId, TermKind, TimeMs, TraceKey,
};
use crate::store::answer::read_code;
use crate::store::fault::Fault;
use crate::store::row::{TIMELESS, read_id, read_request};
use crate::store::sent;

pub(super) const REQUESTS: &str = "
    SELECT trace, body, event_id, name, pixel, at_ms, alone, test_code, source, byte_offset, sent
    FROM half_request";
pub(super) const ANSWERS: &str = "
    SELECT trace, http_status, kind, api_code, timed_out, claimed, request_id
    FROM half_answer";

impl Filling<'_> {
    pub(super) fn half_request(&mut self, row: &Row<'_>) -> Result<(), Fault> {
        let at = TimeMs::from_ms(row.get(5)?);
        let receipt = BatchReceipt {
            id: read_id(row.get_ref(2)?)?,
            name: self.name(row.get(3)?)?,
            pixel: self.term(TermKind::Pixel, row.get(4)?)?,
            leg: Leg::Server,
            at: (at != TIMELESS).then_some(at),
            answer: Answer { alone: row.get(6)?, timed_out: true, ..Answer::default() },
            test_code: self.term(TermKind::TestCode, row.get(7)?)?,
            request: RequestId::NONE,
            sent: sent::read(&row.get::<_, Vec<u8>>(10)?)?.map(Box::new),
            cursor: self.file(row.get(8)?)?,
            offset: row.get::<_, i64>(9)?.cast_unsigned(),
        };
        let (trace, body) = (trace(row)?, row.get::<_, i64>(1)?.cast_unsigned());
        self.batch.halves.push(Half::Request(HalfRequest { trace, body, receipt }));
        Ok(())
    }

    pub(super) fn half_answer(&mut self, row: &Row<'_>) -> Result<(), Fault> {
        // Its row names no file: any will do to count it.
        let source = self.cursors.keys().min().copied().unwrap_or_default();
        let answer = Answer {
            http_status: u16::try_from(row.get::<_, i64>(1)?).ok(),
            code: read_code(row.get(2)?, row.get(3)?)?,
            timed_out: row.get(4)?,
            alone: false,
            sender_claims_delivered: row.get(5)?,
        };
        let (request, cursor) = (read_request(row.get_ref(6)?)?, self.file(source)?);
        self.batch.halves.push(Half::Answer(HalfAnswer { trace: trace(row)?, answer, request, cursor }));
        Ok(())
    }
}

fn trace(row: &Row<'_>) -> Result<TraceKey, Fault> {
    Ok(TraceKey(row.get::<_, i64>(0)?.cast_unsigned()))
}
