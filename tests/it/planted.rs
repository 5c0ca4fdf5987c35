//! A log in which nothing is wrong, and the faults of `fixtures/planted/plants.json` put into it.
//!
//! A plant changes the records of some visits by JSON merge patches. Alone it must make its own code
//! fire, the consequences that it names, and nothing else; together all must be found.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use makegood::audit::CHECKS;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::program::Place;

/// 2026-11-21T12:00:00Z.
const END_MS: u64 = 1_795_262_400_000;
const STEPS: [(&str, &str, &str); 6] = [
    ("page_view", "PageView", "start"),
    ("page_completed", "PageCompleted", "quiz"),
    ("email_captured", "CompleteRegistration", "email"),
    ("checkout_presented", "InitiateCheckout", "paywall"),
    ("payment_method_added", "AddPaymentInfo", "pay"),
    ("payment_succeeded", "CompletePayment", "thanks"),
];

/// Codes that have a case and no plant, and why.
const NOT_PLANTED: [(&str, &str); 2] = [
    ("clock-running-out", "needs a token in the config: every missing event of the last day shows it"),
    ("renewals-as-purchases", "needs a month of log"),
];

/// The plants of the table.
fn plants() -> Vec<Value> {
    serde_json::from_slice(&fs::read("fixtures/planted/plants.json").unwrap()).unwrap()
}

fn sha(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

/// RFC 7386: a merge patch.
fn merge(into: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *into = patch.clone();
        return;
    };
    if !into.is_object() {
        *into = json!({});
    }
    let object = into.as_object_mut().unwrap();
    for (name, value) in fields {
        if value.is_null() {
            object.remove(name);
        } else {
            merge(object.entry(name.as_str()).or_insert(Value::Null), value);
        }
    }
}

/// One visit's words for the braces of a patch.
fn filled(patch: &Value, visit: u64, event_id: &str) -> Value {
    let ttclid = ttclid(visit);
    let email = format!("v{visit}@example.com");
    let words = [
        ("{event_id}", event_id.to_owned()),
        ("{session}", session(visit)),
        ("{visit}", visit.to_string()),
        ("{ttclid_cut}", ttclid[..40].to_owned()),
        ("{ttclid_lower}", ttclid.to_lowercase()),
        ("{SHA_RAW}", sha(&format!("V{visit}@Example.com"))),
        ("{SHA_SHA}", sha(&sha(&email))),
        ("{SHA_SESSION}", sha(&session(visit))),
        ("{email}", email),
    ];
    let text = words.iter().fold(patch.to_string(), |text, (name, word)| text.replace(name, word));
    serde_json::from_str(&text).unwrap()
}

fn session(visit: u64) -> String {
    format!("{visit:08x}-1111-4111-8111-111111111111")
}

fn ttclid(visit: u64) -> String {
    format!("E.C.P.{}", &sha(&format!("t{visit}"))[..40])
}

/// An event as it is when nothing is wrong, and its receipts: browser, server.
fn clean(visit: u64, step: usize, at: u64) -> (Value, [Value; 2]) {
    let (name, tiktok, page) = STEPS[step];
    let (ttclid, funnel) = (ttclid(visit), 46 + visit % 2);
    let pixel = format!("C0EXAMPLE0PIXEL0000{}", 1 + visit % 2);
    let id = format!("{visit:08x}-0000-4000-8000-{step:012x}");
    let mut event = json!({"type": "funnel_event", "event_id": id, "event": name, "occurred_at": at,
        "session_id": session(visit), "funnel_id": funnel.to_string(), "source": "tiktok", "pixel_id": pixel,
        "campaign_id": (12 + visit % 2).to_string(),
        "page": {"url": format!("https://quiz.example.com/f/{funnel}/{page}?utm_source=tiktok&ttclid={ttclid}"),
            "referrer": "https://www.tiktok.com/"},
        "user": {"external_id": format!("user-{visit}"), "ttclid": ttclid,
            "ttp": format!("2F7h{}", &sha(&format!("p{visit}"))[..23]),
            "ip": format!("24.{}.{}.{}", visit / 65536 % 256, visit / 256 % 256, visit % 256),
            "user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"},
        "properties": {}});
    if step >= 2 {
        event["user"]["email"] = json!(format!("v{visit}@example.com"));
    }
    if step >= 3 {
        let price = [9.99, 19.99, 39.9][usize::try_from(visit % 3).unwrap()];
        let content =
            json!({"content_id": "plan_1m", "content_name": "1 month", "quantity": 1, "price": price});
        event["properties"] = json!({"value": price, "currency": if visit.is_multiple_of(2) { "USD" } else { "EUR" },
            "content_type": "product", "num_items": 1, "contents": [content]});
    }
    if step == 5 {
        event["properties"]["order_id"] = json!(format!("ord_{visit}"));
    }
    let browser = json!({"type": "delivery", "event_id": id, "event": tiktok, "pixel_id": pixel,
        "channel": "pixel", "sent_at": at + 400});
    let mut server = browser.clone();
    merge(
        &mut server,
        &json!({"channel": "events_api", "sent_at": at + 900, "http_status": 200, "code": 0,
        "message": "OK", "request_id": sha(&id)[..32].to_uppercase()}),
    );
    (event, [browser, server])
}

/// The server's receipt as a whole exchange: what the funnel knew, and what this patch makes of it.
fn exchange(event: &Value, receipt: &Value, patch: &Value) -> Value {
    let mut data = json!({"event": receipt["event"], "event_id": event["event_id"],
        "event_time": event["occurred_at"].as_u64().unwrap() / 1000, "page": event["page"],
        "user": event["user"], "properties": event["properties"]});
    for key in ["email", "external_id"] {
        if let Some(raw) = event["user"][key].as_str() {
            data["user"][key] = json!(sha(raw));
        }
    }
    merge(&mut data, patch);
    json!({"at": receipt["sent_at"], "http_status": 200,
        "request": {"event_source": "web", "event_source_id": receipt["pixel_id"], "data": [data]},
        "response": {"code": receipt["code"], "message": "OK", "request_id": receipt["request_id"]}})
}

/// Moves a time by whole seconds.
fn shift(record: &mut Value, field: &str, rule: &Value, by: &str) {
    if let (Some(at), Some(seconds)) = (record[field].as_u64(), rule[by].as_u64()) {
        record[field] = json!(at + seconds * 1000);
    }
}

/// What a rule makes of an event and its receipts.
fn plant(rule: &Value, visit: u64, events: &mut Vec<Value>, receipts: &mut Vec<Value>) {
    let Some(id) = events.first().map(|event| event["event_id"].as_str().unwrap_or("none").to_owned()) else {
        return;
    };
    let patch = |name: &str| rule.get(name).map(|patch| filled(patch, visit, &id));
    if let Some(patch) = patch("again") {
        let mut again = receipts.last().unwrap().clone();
        merge(&mut again, &patch);
        shift(&mut again, "sent_at", rule, "again_shift");
        receipts.push(again);
    }
    for (leg, channel) in [("browser", "pixel"), ("server", "events_api")] {
        let is_of = |receipt: &Value| receipt["channel"] == channel;
        match patch(leg) {
            Some(Value::Bool(false)) => receipts.retain(|receipt| !is_of(receipt)),
            Some(patch) => {
                receipts.iter_mut().filter(|receipt| is_of(receipt)).for_each(|it| merge(it, &patch));
            }
            None => {}
        }
        let by = format!("{leg}_shift");
        receipts.iter_mut().filter(|it| is_of(it)).for_each(|it| shift(it, "sent_at", rule, &by));
    }
    if let Some(patch) = patch("exchange") {
        let is_server = |receipt: &&mut Value| receipt["channel"] == "events_api";
        receipts.iter_mut().filter(is_server).for_each(|it| *it = exchange(&events[0], it, &patch));
    }
    match patch("event") {
        Some(Value::Bool(false)) => events.clear(),
        Some(patch) => merge(&mut events[0], &patch),
        None => {}
    }
    if let Some(patch) = patch("copy") {
        let mut copy = events[0].clone();
        merge(&mut copy, &patch);
        shift(&mut copy, "occurred_at", rule, "copy_shift");
        events.push(copy);
    }
}

/// The findings of an audit of `visits` visits with these faults: code and events, in their order.
fn audit(visits: u64, plants: &[&Value]) -> Vec<(String, u64)> {
    let place = Place::new();
    let (mut funnel, mut delivery) = (String::new(), String::new());
    for visit in 0..visits {
        let start = END_MS - 570_240_000 + visit * (561_600_000 / visits);
        let mine: Vec<_> = match plants {
            [one] => {
                vec![*one].into_iter().filter(|it| visit % it["of"].as_u64().unwrap_or(3) == 0).collect()
            }
            all => all.get(usize::try_from(visit).unwrap() % all.len().max(1)).into_iter().copied().collect(),
        };
        for (step, (name, ..)) in STEPS.iter().enumerate() {
            let (event, receipts) = clean(visit, step, start + 20_000 * u64::try_from(step).unwrap());
            let (mut events, mut receipts) = (vec![event], receipts.to_vec());
            for rule in mine.iter().flat_map(|plant| plant["rules"].as_array().unwrap()) {
                let is_on = rule["on"].as_str().is_none_or(|names| names.split(' ').any(|it| it == *name));
                if is_on && visit * 100 >= rule["after"].as_u64().unwrap_or(0) * visits {
                    plant(rule, visit, &mut events, &mut receipts);
                }
            }
            for event in &events {
                writeln!(funnel, "{event}").unwrap();
            }
            for receipt in &receipts {
                writeln!(delivery, "{receipt}").unwrap();
            }
        }
    }
    fs::write(place.work.join("funnel.jsonl"), funnel).unwrap();
    fs::write(place.work.join("delivery.jsonl"), delivery).unwrap();
    let config = plants.iter().filter_map(|plant| plant["config"].as_str()).collect::<String>();
    fs::write(place.work.join("makegood.toml"), config).unwrap();
    let range = ["--since", "2026-11-14", "--now", "2026-11-21T12:00:00Z"];
    let args = ["audit", "--json", "funnel.jsonl", "delivery.jsonl"];
    let output = place.makegood().args(args).args(range).output().unwrap();
    let audit: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let findings = audit["findings"].as_array().unwrap().iter();
    findings.map(|it| (it["code"].as_str().unwrap().to_owned(), it["events"].as_u64().unwrap())).collect()
}

#[test]
fn clean_traffic_has_no_finding() {
    assert_eq!(audit(3334, &[]), []);
}

#[test]
fn clean_exchanges_have_no_finding() {
    let whole = json!({"code": "none", "of": 1, "rules": [{"exchange": {}}]});
    assert_eq!(audit(1000, &[&whole]), []);
}

#[test]
fn every_plant_is_found_alone_and_nothing_else_is() {
    let plants = plants();
    let mut wrong = BTreeMap::new();
    for plant in &plants {
        let code = plant["code"].as_str().unwrap();
        let also = plant["also"].as_array().into_iter().flatten().map(|it| it.as_str().unwrap());
        let expected: BTreeSet<_> = also.chain([code]).map(str::to_owned).collect();
        let mut found: BTreeSet<_> = audit(100, &[plant]).into_iter().map(|(code, _)| code).collect();
        // Whatever is missing for two days is past its clock.
        if !expected.contains("past-the-clock") {
            found.remove("past-the-clock");
        }
        if found != expected {
            wrong.insert(code, found.symmetric_difference(&expected).cloned().collect::<Vec<_>>());
        }
    }
    assert!(wrong.is_empty(), "found or missed beside the plant: {wrong:#?}");
}

#[test]
fn all_plants_together_are_found() {
    let plants = plants();
    // Those of a part of the visits: the others are about a whole log or a whole config.
    let scattered: Vec<_> =
        plants.iter().filter(|it| it.get("of").is_none() && it.get("config").is_none()).collect();
    let found: BTreeSet<_> = audit(3334, &scattered).into_iter().map(|(code, _)| code).collect();
    let lost: Vec<_> =
        scattered.iter().map(|it| it["code"].as_str().unwrap()).filter(|it| !found.contains(*it)).collect();
    assert!(lost.is_empty(), "planted and not found: {lost:?}");
}

#[test]
fn every_code_has_a_plant_or_a_reason() {
    let plants = plants();
    let planted: BTreeSet<_> = plants.iter().map(|it| it["code"].as_str().unwrap()).collect();
    let bare: Vec<_> = CHECKS
        .iter()
        .map(|fact| fact.code)
        .filter(|code| !planted.contains(code) && NOT_PLANTED.iter().all(|(known, _)| known != code))
        .collect();
    assert!(bare.is_empty(), "no plant: {bare:?}");
}
