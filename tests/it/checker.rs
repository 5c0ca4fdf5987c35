//! Holds a ledger against what the sandbox saw (reliability 2.7).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use makegood::domain::{Alone, Attempt, Certainty, Duration, IdGroup, Outcome, Range, TimeMs};
use makegood::store::{Store, StoreError};
use makegood::tiktok::limits::DEDUP_WINDOW;
use serde::Deserialize;

/// Pixel, event name, event id.
type Key = (String, String, String);

/// A line of the sandbox's durable record.
#[derive(Deserialize)]
struct Line {
    at: String,
    status: Option<u16>,
    code: Option<i64>,
    pixel: String,
    test_event_code: Option<String>,
    events: Vec<LineEvent>,
    doubled: usize,
}

#[derive(Deserialize)]
struct LineEvent {
    event: String,
    event_id: String,
    sha256: String,
    effect: String,
}

/// What the sandbox saw of a key, live.
#[derive(Default)]
struct Copies {
    /// Requests that held it.
    seen: usize,
    /// Those whose events were taken.
    taken: usize,
    /// Those that were answered with code 0.
    accepted: usize,
    counted: usize,
    last_at: Option<TimeMs>,
    objects: BTreeSet<String>,
}

/// What the ledger says of a key.
struct Told {
    attempts: Vec<Attempt>,
    /// The earliest time that anything can have reached TikTok.
    anchor: TimeMs,
}

/// Fails with everything in which the two disagree. Returns how many keys were counted.
#[track_caller]
pub(crate) fn check(db: &Path, record: &Path) -> usize {
    let (faults, counted) = faults(&ledger(db), &std::fs::read_to_string(record).unwrap_or_default());
    assert!(faults.is_empty(), "ledger and sandbox disagree:\n{}", faults.join("\n"));
    counted
}

fn faults(ledger: &BTreeMap<Key, Told>, record: &str) -> (Vec<String>, usize) {
    let (sink, mut faults) = sink(record);
    for (key, copies) in &sink {
        let none = Told { attempts: Vec::new(), anchor: TimeMs::from_ms(i64::MAX) };
        let told = ledger.get(key).unwrap_or(&none);
        let outcomes: Vec<_> = told.attempts.iter().map(|attempt| attempt.outcome).collect();
        let may_have_left = |attempt: &&Attempt| attempt.outcome != Some(Outcome::NotSent);
        let mut require = |holds: bool, what: &str| {
            if !holds {
                faults.push(format!("{key:?}: {what}; the ledger says {outcomes:?}"));
            }
        };
        let left = told.attempts.iter().filter(may_have_left).count();
        require(copies.seen <= left, "more requests than attempts that may have left");
        let processed = told.attempts.iter().filter(|attempt| may_count(attempt)).count();
        require(copies.taken <= processed, "more copies taken than attempts that may count");
        require(copies.counted <= 1, "counted twice");
        require(copies.objects.len() <= 1, "the object changed");
        let window_end = told.anchor.plus(DEDUP_WINDOW);
        require(copies.last_at < Some(window_end), "a copy 48 h after its anchor or later");
    }
    for (key, told) in ledger {
        let accepted = told.attempts.iter().filter(|one| one.outcome == Some(Outcome::Accepted)).count();
        let answered = sink.get(key).map_or(0, |copies| copies.accepted);
        if accepted > answered {
            faults.push(format!("{key:?}: {accepted} attempts accepted, {answered} answered with code 0"));
        }
    }
    (faults, sink.values().filter(|copies| copies.counted > 0).count())
}

/// Whether TikTok may have processed an attempt, by what the ledger says.
fn may_count(attempt: &Attempt) -> bool {
    let alone = if attempt.alone { Alone::Yes } else { Alone::NotKnown };
    attempt.outcome.is_none_or(|outcome| outcome.certainty(alone) != Certainty::Unprocessed)
}

fn sink(record: &str) -> (BTreeMap<Key, Copies>, Vec<String>) {
    let mut sink: BTreeMap<Key, Copies> = BTreeMap::new();
    let mut faults = Vec::new();
    for text in record.lines() {
        let line: Line = serde_json::from_str(text).unwrap();
        let at = chrono::DateTime::parse_from_rfc3339(&line.at).unwrap().timestamp_millis();
        if line.doubled > 0 {
            faults.push(format!("{} keys were on the wire twice at once", line.doubled));
        }
        if line.test_event_code.is_some() {
            continue;
        }
        let is_accepted = line.code == Some(0) && line.status.is_some_and(|status| status / 100 == 2);
        for event in line.events {
            let copies = sink.entry((line.pixel.clone(), event.event, event.event_id)).or_default();
            copies.seen += 1;
            copies.taken += usize::from(event.effect != "none");
            copies.counted += usize::from(event.effect == "counted");
            copies.accepted += usize::from(is_accepted);
            copies.last_at = copies.last_at.max(Some(TimeMs::from_ms(at)));
            copies.objects.insert(event.sha256);
        }
    }
    (sink, faults)
}

fn ledger(db: &Path) -> BTreeMap<Key, Told> {
    let mut ledger = BTreeMap::new();
    let store = Store::open_read_only(db).unwrap();
    let visited: Result<(), StoreError> = store.for_each_group(Range::ALL, &mut |group| {
        let anchor = anchor(group);
        for attempt in std::mem::take(&mut group.attempts).into_iter().filter(|attempt| !attempt.is_test) {
            let text = |text: &str| text.to_owned();
            let key = (text(attempt.pixel.as_str()), text(attempt.name.as_str()), group.id.to_string());
            let told = ledger.entry(key).or_insert_with(|| Told { attempts: Vec::new(), anchor });
            told.attempts.push(attempt);
        }
        Ok(())
    });
    visited.unwrap();
    ledger
}

/// The tests log an id under one name.
fn anchor(group: &IdGroup) -> TimeMs {
    let events = group.events.iter().flat_map(|event| [event.at, event.seen_at]);
    let receipts = group.receipts.iter().filter_map(|receipt| receipt.at);
    events.chain(receipts).min().unwrap_or(TimeMs::from_ms(i64::MIN))
}

mod tests {
    use makegood::domain::{Code, EventName, PixelCode, Refusal, RunId};

    use super::*;

    const AT: &str = "2026-11-20T12:00:00Z";

    fn told(outcomes: &[Option<Outcome>]) -> BTreeMap<Key, Told> {
        let attempt = |outcome: &Option<Outcome>| Attempt {
            name: EventName::parse("Lead").unwrap(),
            pixel: PixelCode::parse("P").unwrap(),
            batch: 1,
            run: RunId::new(1),
            at: TimeMs::from_ms(0),
            outcome: *outcome,
            code: Code::Absent,
            http_status: None,
            alone: true,
            is_test: false,
        };
        let at = chrono::DateTime::parse_from_rfc3339(AT).unwrap().timestamp_millis();
        let anchor = TimeMs::from_ms(at).minus(Duration::from_hours(1));
        let told = Told { attempts: outcomes.iter().map(attempt).collect(), anchor };
        BTreeMap::from([(("P".to_owned(), "Lead".to_owned(), "e1".to_owned()), told)])
    }

    fn line(at: &str, code: i64, effect: &str, sha256: &str, doubled: usize) -> String {
        serde_json::json!({
            "at": at, "status": 200, "code": code, "pixel": "P", "test_event_code": null,
            "events": [{"event": "Lead", "event_id": "e1", "sha256": sha256, "effect": effect}],
            "doubled": doubled,
        })
        .to_string()
            + "\n"
    }

    #[test]
    fn what_agrees_has_no_faults() {
        let (ok, dropped) = (line(AT, 0, "counted", "a", 0), line(AT, 0, "dropped", "a", 0));
        let accepted = Some(Outcome::Accepted);
        assert_eq!(faults(&told(&[accepted]), &ok), (vec![], 1));
        assert_eq!(faults(&told(&[None]), &ok), (vec![], 1), "unknown may be anything");
        assert_eq!(faults(&told(&[None, accepted]), &(ok + &dropped)), (vec![], 1));
        assert_eq!(faults(&told(&[None]), ""), (vec![], 0));
        assert_eq!(faults(&told(&[Some(Outcome::NotSent)]), ""), (vec![], 0));
        let refused = Some(Outcome::Refused(Refusal::Event));
        assert_eq!(faults(&told(&[refused]), &line(AT, 40002, "none", "a", 0)), (vec![], 0));
    }

    #[test]
    fn each_row_of_the_table_is_a_fault_when_broken() {
        let ok = || line(AT, 0, "counted", "a", 0);
        let (accepted, refused) = (Some(Outcome::Accepted), Some(Outcome::Refused(Refusal::Event)));
        let throttled = Some(Outcome::Refused(Refusal::Throttled));
        for (outcomes, record, what) in [
            (&[accepted][..], String::new(), "answered with code 0"),
            (&[accepted], line(AT, 50000, "counted", "a", 0), "answered with code 0"),
            (&[refused], ok(), "taken"),
            (&[throttled], ok(), "taken"),
            (&[], line(AT, 40002, "none", "a", 0), "more requests"),
            (&[Some(Outcome::NotSent)], line(AT, 40002, "none", "a", 0), "more requests"),
            (&[None], ok() + &line(AT, 0, "dropped", "a", 0), "more requests"),
            (&[None, accepted], ok() + &ok(), "counted twice"),
            (&[None, accepted], ok() + &line(AT, 0, "dropped", "b", 0), "changed"),
            (&[accepted], line("2026-11-22T11:00:00Z", 0, "counted", "a", 0), "48 h"),
            (&[accepted], line(AT, 0, "counted", "a", 1), "on the wire twice"),
        ] {
            let (found, _) = faults(&told(outcomes), &record);
            assert!(found.iter().any(|fault| fault.contains(what)), "{what}: {found:?}");
        }
    }
}
