//! What answers mean, against what other senders recorded and what is recommended to them.

use makegood::domain::{Answer, Outcome, Refusal};
use makegood::tiktok::answer::{classify, read};
use serde_json::Value as Json;

use super::name_of;

/// Rows whose class is not ours, with our outcome and the reason.
const DIFFERS: &[(&str, Outcome, &str)] = &[
    (
        "response/51021",
        Outcome::Unknown,
        "one third party saw it; codes 5xxxx say nothing certain, and unknown is repeated as well",
    ),
    (
        "response/40002 event_source_id",
        Outcome::Refused(Refusal::Event),
        "the code decides and not its message; bisecting ends with every event refused alone",
    ),
    (
        "rudderstack/oracle http=404 code=-",
        Outcome::Refused(Refusal::Config),
        "a wrong address is no event's fault",
    ),
];

/// Holds our reading of an answer against the row's class.
pub(super) fn response(row: &Json) {
    let name = name_of(row);
    let (answer, bad_index) = answer_of(&row["input"]);
    let outcome = classify(&answer);
    let judged = if row["recommended"].is_object() { &row["recommended"] } else { &row["expected_response"] };
    let class = judged["class"].as_str().unwrap();
    if let Some((_, ours, _)) = DIFFERS.iter().find(|(differs, _, _)| *differs == name) {
        assert_eq!(outcome, *ours, "{name}");
        assert!(!fits(class, outcome), "{name} no longer differs");
        return;
    }
    assert!(fits(class, outcome), "{name}: {class} is not {outcome:?}");
    if let Some(index) = judged["poison_index"].as_u64() {
        assert_eq!(bad_index, usize::try_from(index).ok(), "{name}");
    }
    let peer_calls_it_delivered =
        row["peer_response"]["outcome"] == "success" || row["peer_response"]["router_outcome"] == "SUCCEEDED";
    if row["peer_is_wrong"] == true && peer_calls_it_delivered {
        assert_ne!(outcome, Outcome::Accepted, "{name}: the peer's mistake");
    }
    let retryable = judged["retryable"].as_bool().or(row["retryable"].as_bool());
    // What became of a partly successful request is unknown; senders that cannot bisect give up.
    if let Some(retryable) = retryable.filter(|_| !class.starts_with("partial")) {
        assert_eq!(is_repeated(outcome), retryable, "{name}");
    }
}

fn answer_of(input: &Json) -> (Answer, Option<usize>) {
    let http_status = input["http_status"].as_u64().map(|status| u16::try_from(status).unwrap());
    let body = match &input["body"] {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        json @ (Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_)) => Some(json.to_string()),
    };
    match (http_status, body) {
        // A sender that saw neither status nor body saw no answer.
        (None, _) => (Answer { timed_out: true, ..Answer::default() }, None),
        (http_status, None) => (Answer { http_status, ..Answer::default() }, None),
        (Some(status), Some(body)) => {
            let reading = read(status, body.as_bytes());
            (reading.answer, reading.bad_index)
        }
    }
}

/// Whether an outcome of ours is what a class of theirs says, by the class's first words.
fn fits(class: &str, outcome: Outcome) -> bool {
    let refused =
        |refusals: &[Refusal]| matches!(outcome, Outcome::Refused(refusal) if refusals.contains(&refusal));
    match class.split(':').next().unwrap() {
        "success" => outcome == Outcome::Accepted,
        "throttled" => refused(&[Refusal::Throttled]),
        "retry" => outcome == Outcome::Unknown || refused(&[Refusal::Throttled]),
        "unknown" | "partial" => outcome == Outcome::Unknown,
        "abort_event" | "abort event" | "abort event (bisect batch)" => refused(&[Refusal::Event]),
        "abort_run_auth" => refused(&[Refusal::Credential, Refusal::Permission]),
        "abort run (token)" => refused(&[Refusal::Credential]),
        "abort run (permission)" => refused(&[Refusal::Permission]),
        "abort run" => refused(&[Refusal::Credential, Refusal::Permission, Refusal::Config]),
        "abort_run_config" => refused(&[Refusal::Config]),
        // RudderStack names both faults of an event and of the settings so.
        "abort" => refused(&[Refusal::Event, Refusal::Permission]),
        "error" => matches!(outcome, Outcome::Refused(_)),
        class => panic!("the class {class} is not known"),
    }
}

fn is_repeated(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Unknown | Outcome::Unverified | Outcome::NotSent | Outcome::Refused(Refusal::Throttled) => {
            true
        }
        Outcome::Accepted
        | Outcome::Refused(Refusal::Event | Refusal::Credential | Refusal::Permission | Refusal::Config) => {
            false
        }
    }
}
