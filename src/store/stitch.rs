//! Requests and answers that a log keeps on lines of their own, joined by the trace they share.
//!
//! Either line may come first, in whatever import. A request makes its receipts at once, with an answer
//! that nobody knows; when the other line comes, they are made anew with it. What stands in the end
//! depends on the lines alone and not on their order.

use std::collections::BTreeSet;

use rusqlite::{Connection, Row, named_params, params};

use super::answer::{Answered, code_numbers, read_code};
use super::commit::{Codes, Put, Tally};
use super::dictionary::Dictionary;
use super::fault::Fault;
use super::row::{Id, Request, TIMELESS, read_id, read_request, span};
use super::sent;
use crate::domain::{Answer, Batch, EventId, Half, HalfAnswer, HalfRequest, Leg, RequestId, TraceKey};

const REQUEST_INSERT: &str = "
    INSERT INTO half_request (trace, body, span, event_id, name, pixel, at_ms, alone, test_code, answer,
      request_id, source, byte_offset, sent)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, NULL, '', ?10, ?11, ?12)
    ON CONFLICT (trace, event_id, name, pixel, at_ms) DO NOTHING";
const ANSWER_INSERT: &str = "
    INSERT INTO half_answer (trace, http_status, kind, api_code, timed_out, claimed, request_id)
    VALUES (:trace, :http_status, :kind, :api_code, :timed_out, :claimed, :request_id)
    ON CONFLICT (trace, http_status, kind, api_code, timed_out, claimed, request_id) DO NOTHING";
const BODIES: &str = "
    SELECT count(DISTINCT body)
    FROM half_request
    WHERE trace = :trace";
const ANSWERS: &str = "
    SELECT http_status, kind, api_code, timed_out, claimed, request_id
    FROM half_answer
    WHERE trace = :trace
    ORDER BY request_id, http_status, kind, api_code";
const REQUESTS: &str = "
    SELECT span, event_id, name, pixel, at_ms, alone, test_code, answer, request_id, source, byte_offset,
      sent
    FROM half_request
    WHERE trace = :trace";
const RECEIPT_DELETE: &str = "
    DELETE FROM receipt
    WHERE span = ?1 AND event_id = ?2 AND name = ?3 AND pixel = ?4 AND at_ms = ?5 AND answer = ?6
      AND request_id = ?7";
const RECEIPT_INSERT: &str = "
    INSERT INTO receipt (span, event_id, name, pixel, at_ms, answer, request_id, source, byte_offset,
      sent)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
    ON CONFLICT (span, event_id, name, pixel, at_ms, answer, request_id) DO NOTHING";
const REQUEST_UPDATE: &str = "
    UPDATE half_request
    SET answer = ?6, request_id = ?7
    WHERE trace = ?1 AND event_id = ?2 AND name = ?3 AND pixel = ?4 AND at_ms = ?5";

/// Stores the halves of a batch, and makes the receipts of every trace they touch anew.
pub(super) fn write(
    connection: &Connection,
    dictionary: &mut Dictionary,
    batch: &Batch,
    codes: &Codes,
    tally: &mut Tally,
) -> Result<(), Fault> {
    let mut touched = BTreeSet::new();
    for half in &batch.halves {
        touched.insert(match half {
            Half::Request(half) => {
                write_request(connection, half, codes, tally)?;
                half.trace
            }
            Half::Answer(half) => {
                write_answer(connection, half, tally)?;
                half.trace
            }
        });
    }
    touched.into_iter().try_for_each(|trace| settle(connection, dictionary, trace))
}

fn write_request(
    connection: &Connection,
    half: &HalfRequest,
    codes: &Codes,
    tally: &mut Tally,
) -> Result<(), Fault> {
    let receipt = &half.receipt;
    let at = receipt.at.unwrap_or(TIMELESS);
    let test_code = receipt.test_code.map_or(Ok(0), |term| codes.term(term))?;
    let pixel = receipt.pixel.map_or(Ok(0), |term| codes.term(term))?;
    let rows = connection.prepare_cached(REQUEST_INSERT)?.execute(params![
        half.trace.0.cast_signed(),
        half.body.cast_signed(),
        span(at),
        Id(&receipt.id),
        codes.term(receipt.name)?,
        pixel,
        at.as_ms(),
        receipt.answer.alone,
        test_code,
        codes.source(receipt.cursor)?,
        receipt.offset.cast_signed(),
        sent::column(receipt.sent.as_deref()),
    ])?;
    tally.receipt(receipt.cursor, Put::from_rows(rows));
    tally.newest(pixel, &Answered { leg: Leg::Server, answer: receipt.answer, test_code }, receipt.at);
    Ok(())
}

fn write_answer(connection: &Connection, half: &HalfAnswer, tally: &mut Tally) -> Result<(), Fault> {
    let (kind, api_code) = code_numbers(half.answer.code);
    let rows = connection.prepare_cached(ANSWER_INSERT)?.execute(named_params! {
        ":trace": half.trace.0.cast_signed(),
        ":http_status": half.answer.http_status.map_or(-1, i64::from),
        ":kind": kind,
        ":api_code": api_code,
        ":timed_out": half.answer.timed_out,
        ":claimed": half.answer.sender_claims_delivered,
        ":request_id": Request::new(&half.request),
    })?;
    // An answer makes no receipt of its own, so a new one is counted with its request.
    if rows == 0 {
        tally.receipt(half.cursor, Put::Repeat);
    }
    Ok(())
}

/// A request as stored, and the receipt it made.
struct Stored {
    span: i64,
    id: EventId,
    name: u32,
    pixel: u32,
    at_ms: i64,
    alone: bool,
    test_code: u32,
    made: Option<(u32, RequestId)>,
    source: i64,
    offset: i64,
    sent: Vec<u8>,
}

impl Stored {
    fn read(row: &Row<'_>) -> Result<Self, Fault> {
        let request = read_request(row.get_ref(8)?)?;
        Ok(Self {
            span: row.get(0)?,
            id: read_id(row.get_ref(1)?)?,
            name: row.get(2)?,
            pixel: row.get(3)?,
            at_ms: row.get(4)?,
            alone: row.get(5)?,
            test_code: row.get(6)?,
            made: row.get::<_, Option<u32>>(7)?.map(|answer| (answer, request)),
            source: row.get(9)?,
            offset: row.get(10)?,
            sent: row.get(11)?,
        })
    }
}

/// Makes the receipts of a trace what its lines together say.
fn settle(connection: &Connection, dictionary: &mut Dictionary, trace: TraceKey) -> Result<(), Fault> {
    let (answer, request) = answer_of(connection, trace)?;
    let mut statement = connection.prepare_cached(REQUESTS)?;
    let mut rows = statement.query(named_params! { ":trace": trace.0.cast_signed() })?;
    let mut stored = Vec::new();
    while let Some(row) = rows.next()? {
        stored.push(Stored::read(row)?);
    }
    for one in stored {
        let answer = Answer { alone: one.alone, ..answer };
        let answered = Answered { leg: Leg::Server, answer, test_code: one.test_code };
        let code = dictionary.answers.code(connection, answered)?;
        if one.made.as_ref().is_some_and(|made| made.0 == code && made.1 == request) {
            continue;
        }
        let (id, name, pixel, at_ms) = (Id(&one.id), one.name, one.pixel, one.at_ms);
        if let Some((made, made_request)) = &one.made {
            connection.prepare_cached(RECEIPT_DELETE)?.execute(params![
                one.span,
                id,
                name,
                pixel,
                at_ms,
                made,
                Request::new(made_request)
            ])?;
        }
        let request = Request::new(&request);
        connection.prepare_cached(RECEIPT_INSERT)?.execute(params![
            one.span, id, name, pixel, at_ms, code, request, one.source, one.offset, one.sent
        ])?;
        connection.prepare_cached(REQUEST_UPDATE)?.execute(params![
            trace.0.cast_signed(),
            id,
            name,
            pixel,
            at_ms,
            code,
            request
        ])?;
    }
    Ok(())
}

/// The one answer that a trace's lines agree on, else that nobody knows: a request without an answer, two
/// answers that differ, or more requests than answers, of which nobody can say which is whose.
fn answer_of(connection: &Connection, trace: TraceKey) -> Result<(Answer, RequestId), Fault> {
    let trace = trace.0.cast_signed();
    let bodies: u32 =
        connection.prepare_cached(BODIES)?.query_row(named_params! { ":trace": trace }, |row| row.get(0))?;
    let mut statement = connection.prepare_cached(ANSWERS)?;
    let mut rows = statement.query(named_params! { ":trace": trace })?;
    let mut answers = Vec::new();
    while let Some(row) = rows.next()? {
        let http_status: i64 = row.get(0)?;
        let answer = Answer {
            http_status: u16::try_from(http_status).ok(),
            code: read_code(row.get(1)?, row.get(2)?)?,
            timed_out: row.get(3)?,
            alone: false,
            sender_claims_delivered: row.get(4)?,
        };
        answers.push((answer, read_request(row.get_ref(5)?)?));
    }
    let known = match answers.as_slice() {
        [(first, request), others @ ..]
            if usize::try_from(bodies).is_ok_and(|bodies| bodies <= answers.len())
                && others.iter().all(|(answer, _)| answer == first) =>
        {
            Some((*first, request.clone()))
        }
        _ => None,
    };
    Ok(known.unwrap_or((Answer { timed_out: true, ..Answer::default() }, RequestId::NONE)))
}
