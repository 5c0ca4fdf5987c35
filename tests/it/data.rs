//! Two thousand events whose verdicts were counted independently, where they are at hand.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::program::Place;

/// The folder with the outside data: `MAKEGOOD_DATA`, else beside the project.
fn folder() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let folder = std::env::var_os("MAKEGOOD_DATA").map_or_else(beside, PathBuf::from);
    folder.join("expected-2k.json").exists().then(|| folder.canonicalize().unwrap())
}

fn audit(place: &Place) -> Vec<u8> {
    let range = ["--since", "2026-10-01", "--until", "2026-11-01", "--now", "2026-11-02T00:00:00Z"];
    let output = place.makegood().args(["audit", "--json"]).args(range).output().unwrap();
    assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// An amount in cents, exactly.
fn cents(amount: &str) -> i64 {
    let (whole, part) = amount.split_once('.').unwrap_or((amount, ""));
    assert!(part.len() <= 2 || part[2..].bytes().all(|byte| byte == b'0'), "{amount} is not whole cents");
    format!("{whole}{part:0<2.2}").parse().unwrap()
}

/// Holds every count of `expected` against `actual`.
fn holds(expected: &Value, actual: &Value, what: &str) {
    for (name, count) in expected.as_object().unwrap() {
        assert_eq!(actual[name], *count, "{what}: {name}");
    }
}

#[test]
fn the_counts_are_those_of_an_independent_count() {
    let Some(data) = folder() else {
        println!("skipped: no outside data");
        return;
    };
    let expected: Value = serde_json::from_slice(&fs::read(data.join("expected-2k.json")).unwrap()).unwrap();
    let place = Place::new();
    let logs = ["funnel-2k.jsonl.gz", "delivery-2k.jsonl.gz"].map(|name| data.join(name));
    let import = place.makegood().arg("import").args(&logs).output().unwrap();
    assert!(import.status.success(), "{}", String::from_utf8_lossy(&import.stderr));
    let bytes = audit(&place);
    for _ in 0..9 {
        assert_eq!(audit(&place), bytes, "the same data and the same now give the same bytes");
    }
    let audit: Value = serde_json::from_slice(&bytes).unwrap();

    assert_eq!(audit["schema"], "makegood.audit/1");
    holds(&expected["totals"], &audit["totals"], "totals");

    let rows: BTreeMap<&str, &Value> = audit["by_event"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["event"].as_str().unwrap(), row))
        .collect();
    let by_event = expected["by_event"].as_object().unwrap();
    assert_eq!(rows.keys().copied().collect::<Vec<_>>(), by_event.keys().collect::<Vec<_>>());
    for (event, counts) in by_event {
        holds(counts, rows[event.as_str()], event);
    }

    let mut present = serde_json::Map::new();
    for row in audit["match_keys"].as_array().unwrap() {
        let event = present
            .entry(row["event"].as_str().unwrap())
            .or_insert_with(|| Value::Object(serde_json::Map::default()));
        event[row["key"].as_str().unwrap()] = row["present"].clone();
    }
    assert_eq!(Value::Object(present), expected["present"], "match keys present");

    let missing: serde_json::Map<String, Value> = audit["totals"]["value_missing"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (row["currency"].as_str().unwrap().to_owned(), cents(row["amount"].as_str().unwrap()).into())
        })
        .collect();
    assert_eq!(Value::Object(missing), expected["complete_payment_value_missing_cents"], "value missing");
}

#[test]
fn cents_are_exact() {
    for (amount, expected) in [("9.99", 999), ("9.9", 990), ("9", 900), ("0.10", 10), ("39.900", 3990)] {
        assert_eq!(cents(amount), expected);
    }
}
