//! Receipts on their way in: the same receipt twice is one.

use rusqlite::{Connection, params};

use super::answer::Answered;
use super::commit::{Codes, Put, Tally};
use super::dictionary::Dictionary;
use super::fault::Fault;
use super::row::{Id, Request, TIMELESS, rank, span};
use super::sent;
use crate::domain::{Batch, BatchReceipt};

const RECEIPT_INSERT: &str = "
    INSERT INTO receipt (span, event_id, name, pixel, at_ms, answer, request_id, source, byte_offset,
      sent)
    VALUES (:span, :event_id, :name, :pixel, :at_ms, :answer, :request_id, :source, :byte_offset, :sent)
    ON CONFLICT (span, event_id, name, pixel, at_ms, answer, request_id) DO NOTHING";

/// The same receipt with two bodies: the greater one is kept, whichever came first.
const RECEIPT_SENT: &str = "
    UPDATE receipt
    SET sent = max(sent, ?8)
    WHERE span = ?1 AND event_id = ?2 AND name = ?3 AND pixel = ?4 AND at_ms = ?5 AND answer = ?6
      AND request_id = ?7";

/// Inserts the receipts of a batch that are new, in the order of the key.
pub(super) fn write(
    connection: &Connection,
    dictionary: &mut Dictionary,
    batch: &Batch,
    codes: &Codes,
    tally: &mut Tally,
) -> Result<(), Fault> {
    let time = |receipt: &BatchReceipt| receipt.at.unwrap_or(TIMELESS);
    let mut order: Vec<_> = batch
        .receipts
        .iter()
        .enumerate()
        .map(|(at, receipt)| (span(time(receipt)), rank(&receipt.id), at, receipt))
        .collect();
    order.sort_unstable_by_key(|(span, rank, at, _)| (*span, *rank, *at));
    let mut insert = connection.prepare_cached(RECEIPT_INSERT)?;
    for (span, _, _, receipt) in order {
        let test_code = receipt.test_code.map_or(Ok(0), |term| codes.term(term))?;
        let answered = Answered { leg: receipt.leg, answer: receipt.answer, test_code };
        let answer = dictionary.answers.code(connection, answered)?;
        let pixel = receipt.pixel.map_or(Ok(0), |term| codes.term(term))?;
        let at = time(receipt);
        let (name, request) = (codes.term(receipt.name)?, Request::new(&receipt.request));
        let body = sent::column(receipt.sent.as_deref());
        let rows = insert.execute(params![
            span,
            Id(&receipt.id),
            name,
            pixel,
            at.as_ms(),
            answer,
            request,
            codes.source(receipt.cursor)?,
            receipt.offset.cast_signed(),
            body,
        ])?;
        if rows == 0 && !body.is_empty() {
            connection.prepare_cached(RECEIPT_SENT)?.execute(params![
                span,
                Id(&receipt.id),
                name,
                pixel,
                at.as_ms(),
                answer,
                request,
                body,
            ])?;
        }
        tally.receipt(receipt.cursor, Put::from_rows(rows));
        tally.newest(pixel, &answered, receipt.at);
    }
    Ok(())
}
