use super::*;
use crate::domain::{BatchReceipt, Code, Term};

fn one(line: &str) -> (Batch, BatchReceipt) {
    let mut batch = batch_of(line, &Policy::default());
    assert_eq!((batch.receipts.len(), batch.events.len()), (1, 0), "{line}");
    let receipt = batch.receipts.pop().unwrap();
    (batch, receipt)
}

fn text(batch: &Batch, term: Option<Term>) -> Option<String> {
    term.map(|term| batch.terms[usize::try_from(term.0).unwrap()].1.to_string())
}

#[test]
fn a_receipt_keeps_what_was_logged() {
    let (batch, receipt) =
        one(r#"{"type":"delivery","event_id":"e","event":"CompletePayment","pixel_id":"C4A1",
        "channel":"events_api","sent_at":"2026-11-20T12:34:58.1Z","http_status":200,"code":0,"message":"OK",
        "request_id":"2026x","test_event_code":"TEST1"}"#
            .replace('\n', " ")
            .as_str());
    assert_eq!(receipt.id.to_string(), "e");
    assert_eq!(text(&batch, Some(receipt.name)).as_deref(), Some("CompletePayment"));
    assert_eq!(text(&batch, receipt.pixel).as_deref(), Some("C4A1"));
    assert_eq!(text(&batch, receipt.test_code).as_deref(), Some("TEST1"));
    assert_eq!(receipt.leg, Leg::Server);
    assert_eq!(receipt.at.unwrap().to_string(), "2026-11-20T12:34:58.100Z");
    assert_eq!((receipt.answer.http_status, receipt.answer.code), (Some(200), Code::Integer(0)));
    assert!(!receipt.answer.timed_out && !receipt.answer.alone);
    assert_eq!(receipt.request.as_str(), Some("2026x"));
}

#[test]
fn the_name_of_a_receipt_is_never_respelled() {
    let (batch, receipt) = one(r#"{"event_id":"e","event":"complete_payment ","channel":"Pixel"}"#);
    assert_eq!(text(&batch, Some(receipt.name)).as_deref(), Some("complete_payment "));
    assert_eq!((receipt.leg, receipt.at), (Leg::Browser, None));
}

#[test]
fn any_mark_of_a_receipt_makes_one() {
    for mark in [
        r#""channel":"web""#,
        r#""sent_at":1795178096"#,
        r#""http_status":500"#,
        r#""code":40000"#,
        r#""requestId":"x""#,
    ] {
        one(&format!(r#"{{"event_id":"e","event":"Lead",{mark}}}"#));
    }
    for line in [
        r#"{"type":"funnel_event","event_id":"e","event":"lead","ts":1795178096,"channel":"paid"}"#,
        r#"{"event_id":"e","event":"lead","ts":1795178096,"code":null,"channel":null}"#,
    ] {
        let batch = batch_of(line, &Policy::default());
        assert_eq!((batch.events.len(), batch.receipts.len()), (1, 0), "{line}");
    }
}

#[test]
fn only_an_integer_is_a_code() {
    for (logged, code) in [
        ("0", Code::Integer(0)),
        ("40105", Code::Integer(40105)),
        ("null", Code::Absent),
        ("\"0\"", Code::NotInteger),
        ("0.0", Code::NotInteger),
        ("-0", Code::NotInteger),
        ("1180591620717411303424", Code::NotInteger),
        ("true", Code::NotInteger),
        ("[]", Code::NotInteger),
    ] {
        let (_, receipt) =
            one(&format!(r#"{{"event_id":"e","event":"Lead","sent_at":1795178096,"code":{logged}}}"#));
        assert_eq!(receipt.answer.code, code, "{logged}");
    }
}

#[test]
fn a_note_that_no_answer_came_is_kept() {
    for (note, timed_out) in [
        (r#""timeout":true"#, true),
        (r#""timed_out":true"#, true),
        (r#""error":"ETIMEDOUT: Timed out""#, true),
        (r#""error":{"message":"socket hang up"}"#, true),
        (r#""error":"invalid token","http_status":401"#, false),
        (r#""error":"timeout","code":0"#, false),
        (r#""timeout":5000"#, false),
    ] {
        let (_, receipt) = one(&format!(r#"{{"event_id":"e","event":"Lead","sent_at":1795178096,{note}}}"#));
        assert_eq!(receipt.answer.timed_out, timed_out, "{note}");
    }
}

const DATA: &str = r#"[{"event":"Lead","event_id":"a","event_time":1},{"event":"PageView","event_id":"b"}]"#;

fn exchange(answer: &str) -> Batch {
    let request = format!(r#"{{"event_source":"web","event_source_id":"C4A1","data":{DATA}}}"#);
    let object = batch_of(format!(r#"{{"at":1795178096,"request":{request},{answer}}}"#), &Policy::default());
    let quoted = serde_json::to_string(&request).unwrap();
    let texted =
        batch_of(format!(r#"{{"timestamp":"1795178096","request":{quoted},{answer}}}"#), &Policy::default());
    assert_eq!(shown(&object), shown(&texted), "JSON or text of JSON");
    object
}

fn shown(batch: &Batch) -> Vec<String> {
    let receipts = batch.receipts.iter();
    receipts
        .map(|r| {
            format!("{:?} {:?} {:?} {:?} {:?}", r.id, text(batch, Some(r.name)), r.at, r.answer, r.request)
        })
        .collect()
}

#[test]
fn an_exchange_is_a_receipt_per_event_and_its_body_decides() {
    let batch = exchange(r#""http_status":200,"response":{"code":40002,"message":"x","request_id":"R"}"#);
    assert_eq!(batch.receipts.len(), 2);
    for (receipt, id) in batch.receipts.iter().zip(["a", "b"]) {
        assert_eq!(receipt.id.to_string(), id);
        assert_eq!(text(&batch, receipt.pixel).as_deref(), Some("C4A1"));
        assert_eq!(receipt.at.unwrap().to_string(), "2026-11-20T12:34:56Z");
        assert_eq!((receipt.leg, receipt.answer.code), (Leg::Server, Code::Integer(40002)));
        assert_eq!(receipt.request.as_str(), Some("R"));
    }
    for (answer, code, timed_out) in [
        (r#""http_status":200,"response":"{\"code\":0}""#, Code::Integer(0), false),
        (r#""http_status":502,"response":"<html>""#, Code::Unreadable, false),
        (r#""http_status":200,"response":"{\"code\":0,\"code\":1}""#, Code::Unreadable, false),
        (r#""http_status":200,"response":{"code":"0"}"#, Code::NotInteger, false),
        (r#""http_status":200,"response":{}"#, Code::Unreadable, false),
        (r#""http_status":200,"response":[0]"#, Code::Unreadable, false),
        (r#""http_status":200"#, Code::Absent, false),
        (r#""response":null"#, Code::Absent, true),
        (r#""error":"timeout of 30000ms exceeded""#, Code::Absent, true),
    ] {
        let batch = exchange(answer);
        assert_eq!(batch.receipts[1].answer.code, code, "{answer}");
        assert_eq!(batch.receipts[1].answer.timed_out, timed_out, "{answer}");
    }
}

#[test]
fn a_request_of_one_event_is_known_to_be_alone() {
    let alone = |data: &str| {
        let line =
            format!(r#"{{"request":{{"data":[{data}],"test_event_code":"T"}},"response":{{"code":40002}}}}"#);
        let batch = batch_of(line, &Policy::default());
        assert!(text(&batch, batch.receipts[0].test_code).is_some());
        (batch.receipts[0].answer.alone, batch.receipts.len(), batch.quarantined.len())
    };
    let good = r#"{"event":"Lead","event_id":"a"}"#;
    assert_eq!(alone(good), (true, 1, 0));
    assert_eq!(alone(&format!("{good},{good}")), (false, 2, 0));
    assert_eq!(alone(&format!(r#"{{"event":"Lead"}},{good},{{"event":"Lead"}}"#)), (false, 1, 1));
    assert_eq!(batch_of(r#"{"request":{"data":[]}}"#, &Policy::default()).quarantined.len(), 0);
}
