//! The backfill's ledger: claim, re-check, record (reliability 2.3 to 2.8).

use super::super::testing::{Builder, Place, Sent, at, groups, logged, sent, uuid};
use super::super::{BatchResult, ClaimKey, ClaimRequest, Claimed, Pace, RunKind, Store};
use std::time::Duration as Wait;

use crate::domain::{
    Attempt, Code, Duration, EventName, IdGroup, Outcome, PixelCode, Range, Refusal, RequestId, RunId, TimeMs,
};
use crate::tiktok::payload::EventObject;

/// Longer than any request may take.
const LEASE: Duration = Duration::from_secs(120);
const LATER: i64 = 121_000;

fn name() -> EventName {
    EventName::parse("Lead").unwrap()
}

fn pixel() -> PixelCode {
    PixelCode::parse("PIXEL").unwrap()
}

fn key(number: u32, object: &str) -> ClaimKey {
    ClaimKey {
        name: name(),
        id: uuid(number),
        object: EventObject::from_store(object),
        provenance: "email: session".into(),
        deadline: at(3_600_000),
    }
}

/// A claim of keys at a moment.
fn claim(store: &mut Store, run: RunId, keys: &[ClaimKey], now: TimeMs) -> Claimed {
    claim_as(store, run, keys, now, None)
}

fn claim_as(store: &mut Store, run: RunId, keys: &[ClaimKey], now: TimeMs, test: Option<&str>) -> Claimed {
    let pixel = pixel();
    let request = ClaimRequest {
        run,
        pixel: &pixel,
        test_code: test,
        keys,
        lease: LEASE,
        now,
        parent: None,
        pace: Pace::default(),
    };
    store.claim(&request).unwrap()
}

fn result(outcome: Option<Outcome>, now: TimeMs) -> BatchResult {
    BatchResult {
        outcome,
        http_status: Some(200),
        code: Code::Integer(0),
        request: RequestId::parse("R1"),
        at: now,
        not_before: now,
    }
}

fn group(store: &Store, number: u32) -> IdGroup {
    store.group(&uuid(number)).unwrap().unwrap()
}

fn attempts(store: &Store, number: u32) -> Vec<Option<Outcome>> {
    group(store, number).attempts.iter().map(|attempt| attempt.outcome).collect()
}

struct Bench {
    place: Place,
    store: Store,
    run: RunId,
}

fn bench() -> Bench {
    let place = Place::new();
    let mut store = place.open();
    let batch = (0..10).fold(Builder::new(), |batch, n| batch.event(&logged(uuid(n), "lead", at(0))));
    store.commit(batch.done(), at(0)).unwrap();
    let run = store.begin_run(RunKind::Backfill, at(0), "{}").unwrap();
    Bench { place, store, run }
}

#[test]
fn a_claim_is_written_before_anything_is_sent() {
    let Bench { place, mut store, run } = bench();
    let claimed = claim(&mut store, run, &[key(1, "{1}"), key(2, "{2}")], at(10));
    assert_eq!(claimed.keys.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0, 1]);
    let batch = claimed.batch.unwrap();
    // Another process sees an attempt with an unknown outcome.
    let other = place.open();
    let found = group(&other, 1);
    let Attempt { outcome, batch: of, run: by, at: when, alone, is_test, .. } = &found.attempts[0];
    assert_eq!((*outcome, *of, *by, *when, *alone, *is_test), (None, batch, run, at(10), false, false));
    assert_eq!(found.claims[0].lease_until, at(10).plus(LEASE));
    assert!(store.recheck(batch, at(10 + 40_000)).unwrap());
    // The lease must outlive the request.
    assert!(!store.recheck(batch, at(10 + 120_001)).unwrap());
    assert_eq!(store.shared().unwrap().clock_high_water, Some(at(10)));
}

#[test]
fn claims_of_two_processes_never_overlap() {
    let Bench { place, store, run } = bench();
    drop(store);
    let keys: Vec<_> = (0..10).map(|n| key(n, "{}")).collect();
    let path = place.path();
    let taken: Vec<Vec<usize>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut store = Store::open(&path).unwrap();
                    let mut taken = Vec::new();
                    for part in keys.chunks(3) {
                        let first = keys.iter().position(|key| key.id == part[0].id).unwrap();
                        let claimed = claim(&mut store, run, part, at(10));
                        taken.extend(claimed.keys.iter().map(|(at, _)| first + at));
                    }
                    taken
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let mut all: Vec<usize> = taken.concat();
    all.sort_unstable();
    assert_eq!(all, (0..10).collect::<Vec<_>>());
}

#[test]
fn the_same_key_twice_in_a_request_is_claimed_once() {
    let Bench { place: _place, mut store, run } = bench();
    let claimed = claim(&mut store, run, &[key(1, "{}"), key(1, "{}")], at(0));
    assert_eq!((claimed.keys.len(), claimed.passed), (1, vec![1]));
}

#[test]
fn an_accepted_key_is_never_claimed_again_and_its_object_is_gone() {
    let Bench { place: _place, mut store, run } = bench();
    let batch = claim(&mut store, run, &[key(1, "{secret}")], at(0)).batch.unwrap();
    store.record(batch, &result(Some(Outcome::Accepted), at(5))).unwrap();
    assert_eq!(attempts(&store, 1), [Some(Outcome::Accepted)]);
    let again = claim(&mut store, run, &[key(1, "{}")], at(LATER));
    assert_eq!((again.batch, again.passed), (None, vec![0]));
    let object: Option<String> =
        store.connection.query_row("SELECT object FROM frozen", [], |row| row.get(0)).unwrap();
    assert_eq!(object, None);
    // Nothing that is learnt later takes an acceptance back.
    store.record(batch, &result(Some(Outcome::Refused(Refusal::Event)), at(9))).unwrap();
    assert_eq!(attempts(&store, 1), [Some(Outcome::Accepted)]);
    assert!(store.connection.execute("UPDATE attempt SET outcome = 2", []).is_err());
}

#[test]
fn after_a_crash_the_lease_runs_out_and_the_frozen_object_is_sent_again() {
    let Bench { place, mut store, run } = bench();
    let first = claim(&mut store, run, &[key(1, "{first}")], at(0)).batch.unwrap();
    drop(store);
    let mut store = place.open();
    let early = claim(&mut store, run, &[key(1, "{second}")], at(1000));
    assert_eq!((early.batch, early.passed), (None, vec![0]));
    let late = claim(&mut store, run, &[key(1, "{second}")], at(LATER));
    assert_eq!(late.keys[0].1.as_json(), "{first}");
    assert!(late.batch.unwrap() > first);
    assert_eq!(attempts(&store, 1), [None, None]);
    let again = claim(&mut store, run, &[key(1, "{third}")], at(2 * LATER));
    assert_eq!(again.keys[0].1.as_json(), "{first}");
}

#[test]
fn a_worker_that_lost_its_lease_can_only_add_an_acceptance() {
    let Bench { place: _place, mut store, run } = bench();
    let slow = claim(&mut store, run, &[key(1, "{}")], at(0)).batch.unwrap();
    let quick = claim(&mut store, run, &[key(1, "{}")], at(LATER)).batch.unwrap();
    assert!(!store.recheck(slow, at(LATER)).unwrap());
    let mut refused = result(Some(Outcome::Refused(Refusal::Event)), at(LATER + 1));
    refused.not_before = at(9_000_000);
    store.record(slow, &refused).unwrap();
    assert_eq!(attempts(&store, 1), [None, None]);
    let held = group(&store, 1).claims.remove(0);
    assert_eq!((held.batch, held.lease_until), (quick, at(LATER).plus(LEASE)));
    assert!(held.not_before < at(9_000_000));
    assert!(store.recheck(quick, at(LATER + 2)).unwrap());
    store.record(slow, &result(Some(Outcome::Accepted), at(LATER + 3))).unwrap();
    assert_eq!(attempts(&store, 1), [Some(Outcome::Accepted), None]);
    // Accepted meanwhile: the other worker must not send.
    assert!(!store.recheck(quick, at(LATER + 4)).unwrap());
}

#[test]
fn a_refused_key_waits_until_its_time() {
    let Bench { place: _place, mut store, run } = bench();
    let batch = claim(&mut store, run, &[key(1, "{first}"), key(2, "{}")], at(0)).batch.unwrap();
    let mut throttled = result(Some(Outcome::Refused(Refusal::Throttled)), at(10));
    throttled.not_before = at(5000);
    throttled.code = Code::Integer(40_100);
    store.record(batch, &throttled).unwrap();
    let attempt = group(&store, 1).attempts.remove(0);
    assert_eq!(attempt.outcome, Some(Outcome::Refused(Refusal::Throttled)));
    assert_eq!((attempt.code, attempt.http_status), (Code::Integer(40_100), Some(200)));
    assert_eq!(claim(&mut store, run, &[key(1, "{}")], at(4999)).passed, [0]);
    let again = claim(&mut store, run, &[key(1, "{second}")], at(5000));
    assert_eq!(again.keys[0].1.as_json(), "{first}");
}

#[test]
fn an_outcome_nobody_knows_stays_unknown_until_the_lease_is_over() {
    let Bench { place: _place, mut store, run } = bench();
    let batch = claim(&mut store, run, &[key(1, "{}")], at(0)).batch.unwrap();
    store.record(batch, &result(None, at(10))).unwrap();
    assert_eq!(attempts(&store, 1), [None]);
    assert_eq!(claim(&mut store, run, &[key(1, "{}")], at(20)).passed, [0]);
    assert_eq!(claim(&mut store, run, &[key(1, "{}")], at(LATER)).keys.len(), 1);
}

#[test]
fn a_released_key_was_not_sent_and_is_free_at_once() {
    let Bench { place: _place, mut store, run } = bench();
    let batch = claim(&mut store, run, &[key(1, "{}")], at(0)).batch.unwrap();
    store.release(batch, at(10)).unwrap();
    assert_eq!(attempts(&store, 1), [Some(Outcome::NotSent)]);
    assert!(!store.recheck(batch, at(11)).unwrap());
    assert_eq!(claim(&mut store, run, &[key(1, "{}")], at(10)).keys.len(), 1);
}

#[test]
fn a_key_past_its_deadline_is_passed_over() {
    let Bench { place: _place, mut store, run } = bench();
    assert_eq!(claim(&mut store, run, &[key(1, "{}")], at(3_600_000)).passed, [0]);
    assert_eq!(claim(&mut store, run, &[key(1, "{}")], at(3_599_999)).keys.len(), 1);
    assert_eq!(groups(&store, Range::ALL).iter().map(|group| group.attempts.len()).sum::<usize>(), 1);
}

#[test]
fn a_receipt_that_accepts_blocks_a_claim_and_fails_a_recheck() {
    let Bench { place: _place, mut store, run } = bench();
    let receipt = |n, pixel| Sent { pixel, ..sent(uuid(n), "Lead", at(1)) };
    let batch = Builder::new()
        .receipt(&receipt(1, Some("PIXEL")))
        .receipt(&receipt(2, None))
        .receipt(&receipt(3, Some("OTHER")))
        .receipt(&Sent { code: Code::Integer(40_002), ..receipt(4, Some("PIXEL")) })
        .receipt(&Sent { test_code: Some("T"), ..receipt(5, Some("PIXEL")) })
        .receipt(&Sent { name: "Purchase", ..receipt(6, Some("PIXEL")) });
    store.commit(batch.done(), at(0)).unwrap();
    let keys: Vec<_> = (1..7).map(|n| key(n, "{}")).collect();
    let claimed = claim(&mut store, run, &keys, at(0));
    assert_eq!(claimed.passed, [0, 1]);
    assert!(store.recheck(claimed.batch.unwrap(), at(1)).unwrap());
    let late = Builder::new().receipt(&receipt(3, Some("PIXEL")));
    store.commit(late.done(), at(0)).unwrap();
    assert!(!store.recheck(claimed.batch.unwrap(), at(1)).unwrap());
}

#[test]
fn a_test_send_is_kept_apart() {
    let Bench { place: _place, mut store, run } = bench();
    let test = claim_as(&mut store, run, &[key(1, "{test}")], at(0), Some("TEST1"));
    // It neither blocks a live send nor freezes its object.
    let live = claim(&mut store, run, &[key(1, "{live}")], at(1));
    assert_eq!(live.keys[0].1.as_json(), "{live}");
    store.record(test.batch.unwrap(), &result(Some(Outcome::Accepted), at(2))).unwrap();
    assert!(store.recheck(live.batch.unwrap(), at(3)).unwrap());
    store.record(live.batch.unwrap(), &result(Some(Outcome::NotSent), at(4))).unwrap();
    let found = group(&store, 1);
    assert_eq!(found.claims.len(), 1);
    assert_eq!(found.attempts.iter().map(|attempt| attempt.is_test).collect::<Vec<_>>(), [true, false]);
    assert_eq!(claim(&mut store, run, &[key(1, "{}")], at(5)).keys[0].1.as_json(), "{live}");
    // A live acceptance does not keep it from the test view.
    assert_eq!(claim_as(&mut store, run, &[key(1, "{}")], at(6), Some("TEST1")).keys.len(), 1);
}

#[test]
fn a_frozen_object_with_a_flipped_bit_is_not_sent() {
    let Bench { place: _place, mut store, run } = bench();
    claim(&mut store, run, &[key(1, "{\"value\":9}")], at(0));
    store.connection.execute("UPDATE frozen SET object = '{\"value\":8}'", []).unwrap();
    let claimed = claim(&mut store, run, &[key(1, "{}"), key(2, "{}")], at(LATER));
    assert_eq!((claimed.keys.len(), claimed.damaged), (1, vec![0]));
}

#[test]
fn a_claim_that_cannot_be_written_claims_nothing() {
    let Bench { place: _place, mut store, run } = bench();
    let pages: i64 = store.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    store.connection.pragma_update(None, "max_page_count", pages).unwrap();
    let object = "x".repeat(1_000_000);
    let pixel = pixel();
    let keys = [key(1, &object)];
    let request = ClaimRequest {
        run,
        pixel: &pixel,
        test_code: None,
        keys: &keys,
        lease: LEASE,
        now: at(0),
        parent: None,
        pace: Pace::default(),
    };
    assert!(matches!(store.claim(&request), Err(super::super::StoreError::Full { .. })));
    let found = group(&store, 1);
    assert!(found.attempts.is_empty() && found.claims.is_empty());
}

#[test]
fn requests_of_all_processes_take_turns() {
    let Bench { place, mut store, run } = bench();
    let mut other = place.open();
    let (pixel, gap) = (pixel(), Wait::from_millis(50));
    let wait = |store: &mut Store, number, now_ms| {
        let pace = Pace { now: Wait::from_millis(now_ms), gap };
        let until = store.until_turn(pace).unwrap();
        let keys = [key(number, "{}")];
        let request = ClaimRequest {
            run,
            pixel: &pixel,
            test_code: None,
            keys: &keys,
            lease: LEASE,
            now: at(0),
            parent: None,
            pace,
        };
        let claimed = store.claim(&request).unwrap();
        assert!(claimed.wait == until || claimed.batch.is_none());
        until.as_millis()
    };
    assert_eq!(wait(&mut store, 1, 100_000), 0);
    assert_eq!(wait(&mut other, 2, 100_010), 40, "the other process has just sent");
    assert_eq!(wait(&mut store, 3, 100_010), 90);
    assert_eq!(wait(&mut other, 4, 100_200), 0);
    assert_eq!(wait(&mut other, 4, 100_200), 50, "its claim is live: it takes no turn");
    assert_eq!(wait(&mut store, 5, 100_200), 50);
    assert_eq!(wait(&mut store, 6, 5), 0, "the machine has started anew");
}

#[test]
fn what_processes_share_is_shared() {
    let Bench { place, mut store, run: _run } = bench();
    store.throttle(at(500)).unwrap();
    store.throttle(at(100)).unwrap();
    store.block_token(&pixel(), "old", 40_105).unwrap();
    store.block_token(&pixel(), "new", 40_104).unwrap();
    store.raise_clock(at(7)).unwrap();
    store.raise_clock(at(3)).unwrap();
    let shared = place.open().shared().unwrap();
    assert_eq!(shared.throttled_until, Some(at(500)));
    assert_eq!(shared.blocked_tokens, [(pixel(), "new".to_owned(), 40_104)]);
    assert_eq!(shared.clock_high_water, Some(at(7)));
    let fingerprint_key = store.fingerprint_key().unwrap();
    assert_eq!(place.open().fingerprint_key().unwrap(), fingerprint_key);
    assert_ne!(Place::new().open().fingerprint_key().unwrap(), fingerprint_key);
}

#[test]
fn the_ledger_is_written_through_to_the_disk() {
    let Bench { place: _place, mut store, run } = bench();
    let level = |store: &Store| -> i64 {
        store.connection.query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap()
    };
    claim(&mut store, run, &[key(1, "{}")], at(0));
    assert_eq!(level(&store), 2);
    store.commit(Builder::new().done(), at(0)).unwrap();
    assert_eq!(level(&store), 1);
    store.throttle(at(1)).unwrap();
    assert_eq!(level(&store), 2);
}
