//! Outside truth: TikTok's deduplication windows, held against the sandbox.

use std::io::Write as _;
use std::path::PathBuf;

use makegood::domain::{Duration, TimeMs};
use makegood::sandbox::{Key, Options, Sandbox};
use serde_json::{Value as Json, json};

use crate::http::post;

const START: i64 = 1_795_176_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_counts_as_the_windows_say() {
    let Some(text) = vectors() else {
        writeln!(std::io::stderr(), "skipped: no outside vectors").unwrap();
        return;
    };
    let mut rows = 0;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let row: Json = serde_json::from_str(line).unwrap();
        let name = row["name"].as_str().unwrap();
        if row["input"]["second"]["event_id"].is_null() {
            let reason = "an event without event_id cannot be deduplicated: the schema refuses it";
            writeln!(std::io::stderr(), "dedup_windows.jsonl: skipped: {name}: {reason}").unwrap();
            continue;
        }
        let effect = second_effect(&row).await;
        let expected = row["expected"].as_str().unwrap();
        let right = if expected.starts_with("merged") {
            ["merged"]
        } else if expected.starts_with("deduplicated") {
            ["dropped"]
        } else {
            assert!(expected.starts_with("COUNTED TWICE") || expected.starts_with("NOT dedup"), "{expected}");
            ["counted"]
        };
        assert_eq!([effect.as_str()], right, "{name}");
        rows += 1;
    }
    assert!(rows >= 8, "the file lost its rows");
}

/// Sends both copies of a row, that far apart, and says what became of the second.
async fn second_effect(row: &Json) -> String {
    let start = TimeMs::from_ms(START);
    let sandbox = Sandbox::start(Options { now: Some(start), ..Options::default() }).await.unwrap();
    let after = row["input"]["seconds_after_first"].as_i64().unwrap();
    send(&sandbox, &row["input"]["first"]).await;
    sandbox.set_now(start.plus(Duration::from_secs(after)));
    send(&sandbox, &row["input"]["second"]).await
}

async fn send(sandbox: &Sandbox, copy: &Json) -> String {
    let text = |name: &str| copy[name].as_str().unwrap();
    let key = Key::new(text("event_source_id"), text("event"), text("event_id"));
    if text("channel") == "browser" {
        return sandbox.browser(key).word().to_owned();
    }
    let body = json!({
        "event_source": "web", "event_source_id": key.pixel,
        "data": [{
            "event": key.event, "event_time": START / 1000, "event_id": key.event_id,
            "user": {"ip": "95.104.11.250"}, "page": {"url": "https://quiz.example.com/"},
        }]
    });
    let (status, answer) = post(sandbox, "/open_api/v1.3/event/track/", &body.to_string()).await;
    assert_eq!((status, answer["code"].as_i64()), (200, Some(0)), "{answer}");
    sandbox.requests().last().unwrap().events[0].effect.to_owned()
}

#[expect(clippy::disallowed_methods, reason = "the tests' own setting, not the program's")]
fn vectors() -> Option<String> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors");
    let folder = std::env::var_os("MAKEGOOD_VECTORS").map_or_else(beside, PathBuf::from);
    std::fs::read_to_string(folder.join("dedup_windows.jsonl")).ok()
}
