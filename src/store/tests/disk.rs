//! Full disks and busy databases (reliability S-01, S-04).

use std::time::Duration as Wait;

use super::super::testing::{Builder, Place, at, logged, uuid};
use super::super::{BatchResult, ClaimKey, ClaimRequest, Pace, RunKind, Store, StoreError};
use crate::domain::{Code, Duration, EventName, Outcome, PixelCode, RequestId, RunId};
use crate::tiktok::payload::EventObject;

fn store(place: &Place) -> (Store, RunId) {
    let mut store = place.open();
    let batch = (0..10).fold(Builder::new(), |batch, n| batch.event(&logged(uuid(n), "lead", at(0))));
    store.commit(batch.done(), at(0)).unwrap();
    let run = store.begin_run(RunKind::Backfill, at(0), "{}").unwrap();
    (store, run)
}

/// Claims ten keys, each with an object as long as this.
fn claim(store: &mut Store, run: RunId, length: usize) -> Result<Option<i64>, StoreError> {
    let object = "x".repeat(length);
    let key = |number| ClaimKey {
        name: EventName::parse("Lead").unwrap(),
        id: uuid(number),
        object: EventObject::from_store(&object),
        provenance: "".into(),
        deadline: at(3_600_000),
    };
    let keys: Vec<_> = (0..10).map(key).collect();
    let pixel = PixelCode::parse("PIXEL").unwrap();
    let lease = Duration::from_secs(120);
    let request = ClaimRequest {
        run,
        pixel: &pixel,
        test_code: None,
        keys: &keys,
        lease,
        now: at(10),
        parent: None,
        pace: Pace::default(),
    };
    store.claim(&request).map(|claimed| claimed.batch)
}

fn rows(store: &Store, sql: &str) -> i64 {
    store.connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn s_01_a_full_database_takes_no_claim() {
    let place = Place::new();
    let (mut store, run) = store(&place);
    let pages = rows(&store, "PRAGMA page_count");
    store.connection.pragma_update(None, "max_page_count", pages + 1).unwrap();
    let full = claim(&mut store, run, 100_000);
    assert!(matches!(full, Err(StoreError::Full { .. })), "{full:?}");
    assert_eq!(rows(&store, "SELECT count(*) FROM attempt"), 0);
    assert_eq!(rows(&store, "SELECT count(*) FROM batch"), 0);
    store.connection.pragma_update(None, "max_page_count", pages + 1_000).unwrap();
    assert!(claim(&mut store, run, 100_000).unwrap().is_some(), "the database is whole");
}

#[test]
fn s_04_a_database_that_stays_busy_is_an_error_that_says_so() {
    let place = Place::new();
    let (mut store, run) = store(&place);
    let batch = claim(&mut store, run, 10).unwrap().unwrap();
    store.connection.busy_timeout(Wait::from_millis(50)).unwrap();
    let other = place.open();
    other.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    let busy = claim(&mut store, run, 10);
    assert!(matches!(busy, Err(StoreError::Busy { .. })), "{busy:?}");
    let result = BatchResult {
        outcome: Some(Outcome::Accepted),
        http_status: Some(200),
        code: Code::Integer(0),
        request: RequestId::NONE,
        at: at(20),
        not_before: at(20),
    };
    let busy = store.record(batch, &result);
    assert!(matches!(busy, Err(StoreError::Busy { .. })), "{busy:?}");
    other.connection.execute_batch("COMMIT").unwrap();
    assert_eq!(rows(&store, "SELECT count(*) FROM attempt WHERE outcome IS NULL"), 10, "still unknown");
    store.record(batch, &result).unwrap();
}
