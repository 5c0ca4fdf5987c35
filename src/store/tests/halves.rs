//! Requests and answers on lines of their own: whatever comes first and in whatever import, the same
//! receipts stand in the end.

use super::super::testing::{Place, cursor, groups};
use crate::domain::*;

/// A line of a log: a request of one event, or an answer.
#[derive(Clone, Copy, Debug)]
enum Line {
    Request { trace: u64, id: &'static str },
    Answer { trace: u64, code: i64, request: &'static str },
}

fn batch(lines: &[Line]) -> Batch {
    let mut batch = Batch { cursors: vec![cursor("log", 1)], ..Batch::default() };
    batch.terms.push((TermKind::Name, "Lead".into()));
    for line in lines {
        match *line {
            Line::Request { trace, id } => batch.halves.push(Half::Request(HalfRequest {
                trace: TraceKey(trace),
                body: id.len().try_into().unwrap(),
                receipt: BatchReceipt {
                    id: EventId::parse(id).unwrap(),
                    name: Term(0),
                    pixel: None,
                    leg: Leg::Server,
                    at: Some(TimeMs::from_ms(1_795_178_096_000)),
                    answer: Answer { timed_out: true, alone: true, ..Answer::default() },
                    test_code: None,
                    request: RequestId::NONE,
                    sent: None,
                    cursor: 0,
                    offset: 0,
                },
            })),
            Line::Answer { trace, code, request } => batch.halves.push(Half::Answer(HalfAnswer {
                trace: TraceKey(trace),
                answer: Answer { http_status: Some(200), code: Code::Integer(code), ..Answer::default() },
                request: RequestId::parse(request),
                cursor: 0,
            })),
        }
    }
    batch
}

/// What stands in the database after these imports.
fn told(imports: &[&[Line]]) -> Vec<String> {
    let place = Place::new();
    let mut store = place.open();
    for lines in imports {
        store.commit(batch(lines), TimeMs::from_ms(1_795_200_000_000)).unwrap();
    }
    let rows = groups(&store, Range::ALL).into_iter().flat_map(|group| {
        let id = group.id.to_string();
        group.receipts.into_iter().map(move |receipt| {
            let Answer { http_status, code, timed_out, alone, .. } = receipt.answer;
            format!("{id} {http_status:?} {code} timed out {timed_out} alone {alone}")
        })
    });
    rows.collect()
}

const R1: Line = Line::Request { trace: 1, id: "a" };
const A1: Line = Line::Answer { trace: 1, code: 0, request: "R" };
const R2: Line = Line::Request { trace: 2, id: "b" };
const A2: Line = Line::Answer { trace: 2, code: 40002, request: "S" };
const OPEN: Line = Line::Request { trace: 3, id: "c" };
const STRAY: Line = Line::Answer { trace: 4, code: 0, request: "T" };

#[test]
fn the_order_of_the_lines_does_not_matter() {
    let want = [
        "a Some(200) 0 timed out false alone true",
        "b Some(200) 40002 timed out false alone true",
        "c None none timed out true alone true",
    ];
    assert_eq!(told(&[&[R1, A1, R2, A2, OPEN, STRAY]]), want);
    assert_eq!(told(&[&[STRAY, A2, OPEN, A1, R2, R1]]), want);
    assert_eq!(told(&[&[R1, A2], &[OPEN, STRAY, R2], &[A1]]), want, "over three imports");
    assert_eq!(told(&[&[A1], &[R1, R2], &[A2], &[OPEN, STRAY, R1, A1], &[R2, A2]]), want, "and again");
}

#[test]
fn a_request_alone_is_an_attempt_that_nobody_knows_of() {
    assert_eq!(told(&[&[R1]]), ["a None none timed out true alone true"]);
    assert_eq!(told(&[&[A1]]), [""; 0]);
}

#[test]
fn answers_that_differ_or_are_too_few_decide_nothing() {
    let other = Line::Answer { trace: 1, code: 50000, request: "U" };
    for imports in [[&[R1, A1][..], &[other]], [&[other, A1], &[R1]]] {
        assert_eq!(told(&imports), ["a None none timed out true alone true"]);
    }
    let second = Line::Request { trace: 1, id: "bb" };
    let unknown = ["a None none timed out true alone true", "bb None none timed out true alone true"];
    assert_eq!(
        told(&[&[R1, A1], &[second]]),
        unknown,
        "of two requests and one answer nobody knows whose it is"
    );
    let again = Line::Answer { trace: 1, code: 0, request: "V" };
    let known = ["a Some(200) 0 timed out false alone true", "bb Some(200) 0 timed out false alone true"];
    assert_eq!(told(&[&[R1, A1], &[second], &[again]]), known);
}

#[test]
fn each_line_is_counted_once() {
    let place = Place::new();
    let mut store = place.open();
    let mut commit = |lines: &[Line]| {
        let counts = store.commit(batch(lines), TimeMs::from_ms(1_795_200_000_000)).unwrap();
        (counts[0].receipts, counts[0].repeats)
    };
    assert_eq!(commit(&[R1, OPEN]), (2, 0));
    assert_eq!(commit(&[A1]), (0, 0), "it completes a receipt that was counted");
    assert_eq!(commit(&[R1, A1, OPEN]), (0, 3));
}
