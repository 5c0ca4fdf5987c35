//! Lessons from edge cases that other senders get wrong, one by one.

use makegood::domain::{EventName, Outcome, Refusal, Unsendable};
use makegood::tiktok::{answer, event_map};
use serde_json::{Value as Json, json};

use super::payloads::sent;
use super::{name_of, our_digests};

/// Holds one edge case against its lesson.
pub(super) fn probe(row: &Json) {
    let input = &row["input"];
    match name_of(row) {
        "probe/value 0" => {
            let object = object(&with_key(input), "CompletePayment");
            assert_eq!(object["properties"], json!({ "value": 0, "currency": "USD" }));
        }
        "probe/email list" => assert_eq!(our_digests(input, "email").len(), 2, "each of a list is hashed"),
        "probe/numeric event_id" => {
            assert_eq!(object(&with_key(input), "PageView")["event_id"], json!("273196"));
        }
        "probe/numeric external_id" => {
            let text = json!({ "external_id": input["external_id"].to_string() });
            assert_eq!(our_digests(input, "external_id"), our_digests(&text, "external_id"));
            assert_eq!(our_digests(input, "external_id").len(), 1);
        }
        "probe/ttclid only in url" => {
            assert_eq!(object(input, "PageView")["user"], json!({ "ttclid": "URL" }));
        }
        "probe/http 200 with code 40002" => {
            let reading = answer::read(200, input["body"].to_string().as_bytes());
            assert_eq!(answer::classify(&reading.answer), Outcome::Refused(Refusal::Event));
        }
        "probe/no identifiers at all" => {
            assert_eq!(sent(input, &EventName::parse("PageView").unwrap()), Err(Unsendable::NoMatchKey));
        }
        "probe/order completed name" => {
            let further = std::collections::BTreeMap::new();
            assert!(event_map::resolve(input["event"].as_str().unwrap(), &further).is_err(), "never guessed");
        }
        "probe/test code" => super::payloads::payload(&json!({ "name": "probe/test code", "input": {
            "event": "PageView", "external_id": "x", "test_event_code": input["test_event_code"],
        }, "expected_user": { "external_id": our_digests(&json!({ "external_id": "x" }), "external_id") } })),
        name => panic!("{name} is neither tested nor listed"),
    }
}

/// The input with a match key, without which nothing is sent.
fn with_key(input: &Json) -> Json {
    let mut input = input.clone();
    input["external_id"] = json!("x");
    input
}

fn object(input: &Json, name: &str) -> Json {
    let object = sent(input, &EventName::parse(name).unwrap()).unwrap();
    serde_json::from_str(object.as_json()).unwrap()
}
