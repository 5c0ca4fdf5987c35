//! Fields that are told by names and shapes.

use serde_json::json;

use super::*;

fn guessed(records: &[Json]) -> Vec<String> {
    let shown = guess(records).into_iter().map(|guess| {
        let unit = guess.unit.map(|unit| format!(" in {unit}")).unwrap_or_default();
        format!("{} {}{unit} {}", guess.field, guess.path, guess.records)
    });
    shown.collect()
}

#[test]
fn names_and_shapes_tell_the_fields() {
    let record = |n: i64| {
        json!({"id": n, "type": if n == 1 {"payment_succeeded"} else {"page_view"}, "ts": 1_795_178_096_000_000_i64 + n,
            "data": {"id": format!("530e0e61-18e9-485e-a8bf-f9ea304d9f0{n}"), "customer": {"id": "c", "contact": "a@b.example"},
            "amount_cents": 999, "currency": "usd"}, "req": {"peer": "95.104.11.250", "agent": "Mozilla/5.0"}})
    };
    assert_eq!(
        guessed(&[record(1), record(2), record(3)]),
        [
            "event_id data.id 3",
            "event type 3",
            "occurred_at ts in us 3",
            "email data.customer.contact 3",
            "user_agent req.agent 3",
            "ip req.peer 3",
            "external_id data.customer.id 3",
            "value data.amount_cents in cents 3",
            "currency data.currency 3",
        ]
    );
}

#[test]
fn an_id_that_repeats_is_no_event_id() {
    let records = [json!({"id": "x", "uuid": "1"}), json!({"id": "x", "uuid": "2"})];
    assert_eq!(guessed(&records), ["event_id uuid 2"]);
    assert!(guessed(&[json!({"id": "x"}), json!({"id": "x"})]).is_empty());
}

#[test]
fn what_shows_itself_needs_no_name() {
    let record = |n: i64| {
        json!({"meta": {"conv": format!("530e0e61-18e9-485e-a8bf-f9ea304d9f0{n}"), "emitted": 1_795_178_096_789_i64},
            "evt": "lead", "money": {"gross": "12.50", "iso": "EUR"}, "to": {"emails": ["a@b.example"]},
            "user_id": format!("630e0e61-18e9-485e-a8bf-f9ea304d9f0{n}"), "number": 1_795_178_096})
    };
    assert_eq!(
        guessed(&[record(1), record(2), record(3)]),
        [
            "event_id meta.conv 3",
            "event evt 3",
            "occurred_at meta.emitted 3",
            "email to.emails 3",
            "external_id user_id 3",
            "value money.gross 3",
            "currency money.iso 3",
        ]
    );
}

#[test]
fn a_log_of_answers_is_one() {
    let record = json!({"msg_id": "m", "event": "Lead", "tiktok": {"code": "40002", "request_id": "R"}, "delivered": true});
    assert!(guessed(&[record]).contains(&"code tiktok.code in integer 1".to_owned()));
}
