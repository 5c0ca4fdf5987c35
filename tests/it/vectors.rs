//! Outside truth: TikTok's own examples and real senders' cases, held against the tiktok room.
//!
//! The files stay outside the project: `MAKEGOOD_VECTORS`, or `../shared/vectors` beside it. Every row
//! of every file is tested or stands in [`SKIPPED`] with its reason; a row that is neither fails.

mod answers;
mod payloads;
mod probes;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;

use makegood::tiktok::normalise;
use serde_json::Value as Json;

/// Tests one row, panicking where it does not hold.
type RowTest = fn(&Json);

/// The files that are known, and what tests them.
const FILES: &[(&str, RowTest)] = &[
    ("hashing.jsonl", payloads::hash),
    ("live_probes.jsonl", probes::probe),
    ("posthog.jsonl", row_by_kind),
    ("responses_evidence.jsonl", answers::response),
    ("rudderstack_responses.jsonl", answers::response),
    ("rudderstack_router.jsonl", row_by_kind),
    ("rudderstack_v2.jsonl", row_by_kind),
    ("segment.jsonl", row_by_kind),
    ("tiktok_official.jsonl", row_by_kind),
];

/// Files that other tests read.
const ELSEWHERE: &[(&str, &str)] = &[("dedup_windows.jsonl", "the sandbox is held against these windows")];

/// Rows that say nothing of what this room does: the start of their name, and why.
const SKIPPED: &[(&str, &str)] = &[
    ("posthog/missing pixel id", "a setting of another sender"),
    ("posthog/missing access token", "a setting of another sender"),
    ("probe/address", "cities and postcodes are not in the schema"),
    ("probe/consent denied", "consent is judged when a key is decided"),
    ("probe/invalid timestamp", "times are read when a log is read"),
    ("probe/millisecond epoch", "times are read when a log is read"),
    ("probe/missing timestamp", "times are read when a log is read"),
    ("probe/non-ascii name", "names of people are not in the schema"),
    ("probe/ttclid in same-host referrer", "a session's click ids are joined when a log is read"),
    ("probe/ttclid url vs stored", "a session's click ids are joined when a log is read"),
    ("rudderstack/processor/Test 36", "a setting of another sender"),
    ("rudderstack/processor/Test 37", "a field of another sender's messages"),
    ("rudderstack/processor/Test 38", "names are looked at when a log is read"),
    ("rudderstack/processor/Test 39", "a setting of another sender"),
    ("rudderstack/processor/Test 40", "a setting of another sender"),
    ("rudderstack/processor/Test 44", "a field of another sender's messages"),
    ("rudderstack/router/Test 0", "batches of Events 1.0"),
    ("rudderstack/router/Test 1", "batches of Events 1.0"),
    ("rudderstack/router/Test 2", "batches of Events 1.0"),
    ("rudderstack/router/Test 3", "batches by another sender's settings"),
    ("rudderstack/router/Test 4", "batches by another sender's settings"),
    ("rudderstack/router/Test 5", "batches by another sender's settings"),
    ("rudderstack/router/Test 6", "batches by another sender's settings"),
    ("rudderstack/router/Test 7", "batches by another sender's settings"),
    ("rudderstack/util/event_source camel wins", "only web events are sent"),
    ("rudderstack/util/event_source crm", "only web events are sent"),
    ("rudderstack/util/event_source snake", "only web events are sent"),
    ("segment/advertising_id already hashed", "app events only"),
    ("segment/advertising_id gaid", "app events only"),
    ("segment/advertising_id idfa", "app events only"),
];

#[test]
fn every_row_of_the_outside_vectors_holds() {
    let Some(folder) = folder() else {
        say("skipped: no outside vectors");
        return;
    };
    let mut met = BTreeSet::new();
    for file in files(&folder) {
        if let Some((_, reason)) = ELSEWHERE.iter().find(|(name, _)| *name == file) {
            say(&format!("{file}: elsewhere: {reason}"));
            continue;
        }
        let Some((_, row_test)) = FILES.iter().find(|(name, _)| *name == file) else {
            panic!("{file} is neither tested nor listed");
        };
        let text = std::fs::read_to_string(folder.join(&file)).unwrap();
        let (mut rows, mut skipped) = (0, 0);
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let row: Json = serde_json::from_str(line).unwrap();
            let name = name_of(&row);
            rows += 1;
            if let Some((start, reason)) = SKIPPED.iter().find(|(start, _)| starts(name, start)) {
                met.insert(*start);
                skipped += 1;
                say(&format!("{file}: skipped: {name}: {reason}"));
            } else {
                row_test(&row);
            }
        }
        say(&format!("{file}: {rows} rows, {} tested, {skipped} skipped", rows - skipped));
    }
    if FILES.iter().all(|(name, _)| files(&folder).contains(*name)) {
        let stale = SKIPPED.iter().find(|(start, _)| !met.contains(start));
        assert_eq!(stale, None, "no row is called so any more");
    }
}

/// Tests a row of a file of several kinds.
fn row_by_kind(row: &Json) {
    match row["kind"].as_str() {
        Some("hash") => payloads::hash(row),
        Some("payload") => payloads::payload(row),
        Some("response") => answers::response(row),
        Some("event_source") => payloads::event_source(row),
        kind => panic!("{}: kind {kind:?} is neither tested nor listed", name_of(row)),
    }
}

#[expect(clippy::disallowed_methods, reason = "the tests' own setting, not the program's")]
fn folder() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors");
    let folder = std::env::var_os("MAKEGOOD_VECTORS").map_or_else(beside, PathBuf::from);
    (folder.is_dir() && !files(&folder).is_empty()).then_some(folder)
}

fn files(folder: &PathBuf) -> BTreeSet<String> {
    std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter(|name| PathBuf::from(name).extension().is_some_and(|ending| ending == "jsonl"))
        .collect()
}

/// Says it past the test harness, which swallows what passing tests print.
fn say(line: &str) {
    writeln!(std::io::stderr(), "{line}").unwrap();
}

fn name_of(row: &Json) -> &str {
    row["name"].as_str().unwrap()
}

/// Whether a name starts with these whole words: `Test 4` is not the start of `Test 40`.
fn starts(name: &str, start: &str) -> bool {
    name.strip_prefix(start).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// A field's texts: identifiers may be strings, numbers or arrays; empty ones say nothing.
fn texts(field: &Json) -> Vec<String> {
    match field {
        Json::Null | Json::Bool(_) | Json::Object(_) => Vec::new(),
        Json::Number(number) => vec![number.to_string()],
        Json::String(text) if text.is_empty() => Vec::new(),
        Json::String(text) => vec![text.clone()],
        Json::Array(items) => items.iter().flat_map(texts).collect(),
    }
}

/// The digests that we make of a row's input, in hex, without a region for phone numbers.
fn our_digests(input: &Json, field: &str) -> BTreeSet<String> {
    let digest = |raw: &String| match field {
        "email" => normalise::email(raw),
        "phone" => normalise::phone(raw, None),
        "external_id" => normalise::external_id(raw),
        _ => panic!("{field} is not hashed"),
    };
    texts(&input[field]).iter().filter_map(|raw| digest(raw).ok()).map(|digest| digest.to_hex()).collect()
}
