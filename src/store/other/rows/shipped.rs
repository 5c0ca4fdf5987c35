//! What a host ships beside its events: every receipt, its own attempts as receipts, and what its logs
//! hold as a whole.

use rusqlite::Row;

use super::Filling;
use crate::domain::{Answer, BatchReceipt, Leg, LogWord, RequestId, TermKind, TimeMs};
use crate::store::answer::{read_code, read_leg};
use crate::store::fault::Fault;
use crate::store::row::read_id;

pub(super) const RECEIPTS: &str = "
    SELECT event_id, name, pixel, at_ms, answer, request_id, source, byte_offset, sent
    FROM receipt
    ORDER BY span, event_id, name, pixel, at_ms, answer, request_id";
/// Live ones of which a byte may have left; 7 is not sent.
pub(super) const ATTEMPTS: &str = "
    SELECT a.event_id, a.name, a.pixel, b.started_ms, b.http_status, b.kind, b.api_code, b.size, b.request_id
    FROM attempt AS a
    CROSS JOIN batch AS b ON b.code = a.batch
    WHERE b.test_code = 0 AND COALESCE(a.outcome, 0) <> 7
    ORDER BY a.event_id, a.name, a.pixel, a.batch";
pub(super) const LOGS: &str = "
    SELECT pixel, leg, newest_ms
    FROM log
    ORDER BY pixel, leg";
pub(super) const CONSENTS: &str = "
    SELECT pixel, campaign
    FROM origin
    WHERE has_consent = 1
    ORDER BY pixel, campaign";

impl Filling<'_> {
    /// A try of our own, as its log would tell it. One without an answer may have arrived.
    pub(super) fn attempt(&mut self, row: &Row<'_>) -> Result<(), Fault> {
        let kind: Option<i64> = row.get(5)?;
        let api_code: Option<i64> = row.get(6)?;
        let code = read_code(kind.unwrap_or_default(), api_code.unwrap_or_default())?;
        let http_status = row.get(4)?;
        let request: Option<String> = row.get(8)?;
        let receipt = BatchReceipt {
            id: read_id(row.get_ref(0)?)?,
            name: self.name(row.get(1)?)?,
            pixel: self.term(TermKind::Pixel, row.get(2)?)?,
            leg: Leg::Server,
            at: Some(TimeMs::from_ms(row.get(3)?)),
            answer: Answer {
                http_status,
                code,
                timed_out: kind.is_none() && http_status.is_none(),
                alone: row.get::<_, i64>(7)? == 1,
                sender_claims_delivered: false,
            },
            test_code: None,
            sent: None,
            request: request.as_deref().map_or(RequestId::NONE, RequestId::parse),
            cursor: 0,
            offset: 0,
        };
        self.batch.receipts.push(receipt);
        Ok(())
    }

    pub(super) fn newest(&mut self, row: &Row<'_>) -> Result<(), Fault> {
        let pixel = self.term(TermKind::Pixel, row.get(0)?)?;
        let (leg, at) = (read_leg(row.get(1)?)?, TimeMs::from_ms(row.get(2)?));
        self.batch.elsewhere.push(LogWord::Newest { pixel, leg, at });
        Ok(())
    }

    pub(super) fn consent(&mut self, row: &Row<'_>) -> Result<(), Fault> {
        let pixel = self.term(TermKind::Pixel, row.get(0)?)?;
        let campaign = self.term(TermKind::Campaign, row.get(1)?)?;
        self.batch.elsewhere.push(LogWord::Consent { pixel, campaign });
        Ok(())
    }
}
