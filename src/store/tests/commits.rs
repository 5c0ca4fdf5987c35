//! Commits: replays, order, counts, what a failure leaves.

use super::super::testing::{
    Builder, Logged, Place, Sent, at, cursor, groups, logged, payload_of, sent, uuid,
};
use super::super::{Store, StoreError};
use super::order::told;
use crate::domain::{
    Batch, Code, Consent, Digest, EventId, Facts, Leg, Problem, QuarantinedLine, Range, Reason, Seen,
    SessionFacts, SessionId, StoredEvent, TermKind,
};

pub(super) fn payload(store: &Store, event: &StoredEvent) -> String {
    let entry = store.blocks.borrow_mut().entry(&store.connection, event.block.unwrap(), event.slot);
    String::from_utf8(entry.unwrap().unwrap()).unwrap()
}

/// How many rows the tables have that an import fills.
fn rows(store: &Store) -> Vec<i64> {
    let counts = "
        SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM receipt), (SELECT count(*) FROM session),
          (SELECT count(*) FROM contact), (SELECT count(*) FROM block), (SELECT count(*) FROM term),
          (SELECT count(*) FROM place), (SELECT count(*) FROM answer), (SELECT count(*) FROM source),
          (SELECT count(*) FROM quarantine)";
    store.connection.query_row(counts, [], |row| (0..10).map(|at| row.get(at)).collect()).unwrap()
}

fn two_events_and_a_receipt() -> Batch {
    let mut one = logged(uuid(1), "lead", at(0));
    one.session = Some("s1".to_owned());
    one.ip = Some([8, 8, 8, 8]);
    one.agent = Some("Mozilla/5.0");
    let mut two = logged(EventId::parse("ORD 1").unwrap(), "purchase", at(5));
    two.value = Some("9.90");
    two.currency = Some("USD");
    let mut batch = Builder::new().event(&one).event(&two).receipt(&sent(uuid(1), "Lead", at(1000))).done();
    batch.quarantined.push(QuarantinedLine {
        cursor: 0,
        offset: 77,
        length: 3,
        reason: Reason::WrongType,
        sha256: [9; 32],
        before: 5,
        name: None,
        at: None,
    });
    batch
}

#[test]
fn what_was_stored_comes_back() {
    let place = Place::new();
    let mut store = place.open();
    let counts = store.commit(two_events_and_a_receipt(), at(10_000)).unwrap();
    assert_eq!(
        (counts[0].events, counts[0].receipts, counts[0].repeats, counts[0].quarantined),
        (2, 1, 0, 1)
    );
    drop(store);
    let store = Store::open_read_only(&place.path()).unwrap();
    let found = groups(&store, Range::ALL);
    assert_eq!(found.len(), 2);
    // Text sorts before bytes.
    assert_eq!(found[0].id.to_string(), "ORD 1");
    let purchase = &found[0].events[0];
    assert_eq!(purchase.value.unwrap().to_string(), "9.90");
    assert_eq!(purchase.place.currency.as_deref(), Some("USD"));
    assert_eq!(payload(&store, purchase), "payload of ORD 1 purchase 1");
    let lead = &found[1].events[0];
    assert_eq!(found[1].sessions[0].unwrap().first_at, Some(at(0)));
    assert_eq!(store.session_values(lead).unwrap().unwrap().id.as_str(), "s1");
    let contact = store.contact(lead).unwrap();
    assert_eq!(contact.ip.unwrap().to_string(), "8.8.8.8");
    assert_eq!(contact.user_agent.as_deref(), Some("Mozilla/5.0"));
    assert_eq!(found[1].receipts[0].answer.code, Code::Integer(0));
    let lines = store.quarantined().unwrap();
    assert_eq!((lines[0].offset, lines[0].reason, lines[0].sha256), (77, Reason::WrongType, [9; 32]));
    assert_eq!(store.event_times().unwrap(), Some((at(0), at(5))));
}

#[test]
fn a_replay_adds_nothing() {
    let mut store = Store::scratch().unwrap();
    store.commit(two_events_and_a_receipt(), at(10_000)).unwrap();
    let (before, told_before) = (rows(&store), told(&store));
    for _ in 0..2 {
        let counts = store.commit(two_events_and_a_receipt(), at(20_000)).unwrap();
        assert_eq!((counts[0].events, counts[0].receipts), (0, 0));
        assert_eq!((counts[0].repeats, counts[0].quarantined), (3, 0));
    }
    assert_eq!(rows(&store), before);
    assert_eq!(told(&store), told_before);
}

#[test]
fn a_batch_that_is_partly_new_stores_only_what_is_new() {
    let mut store = Store::scratch().unwrap();
    let one = logged(uuid(1), "lead", at(0));
    let two = logged(uuid(2), "lead", at(1));
    store.commit(Builder::new().event(&one).done(), at(9)).unwrap();
    let counts = store.commit(Builder::new().event(&one).event(&two).done(), at(9)).unwrap();
    assert_eq!((counts[0].events, counts[0].repeats), (1, 1));
    let found = groups(&store, Range::ALL);
    assert_eq!(payload(&store, &found[0].events[0]), payload_of(&one));
    assert_eq!(payload(&store, &found[1].events[0]), payload_of(&two));
    // The second block holds the place of the repeat, but not its bytes.
    let mut blocks = store.blocks.borrow_mut();
    let second = found[1].events[0].block.unwrap();
    assert_eq!(blocks.entry(&store.connection, second, 0).unwrap(), None);
}

#[test]
fn other_content_keeps_the_smallest_and_says_so() {
    let mut store = Store::scratch().unwrap();
    let mut late = logged(uuid(1), "purchase", at(5000));
    late.value = Some("9.9");
    let mut early = late.clone();
    (early.at, early.content, early.value) = (at(1000), 2, Some("9.90"));
    store.commit(Builder::new().event(&late).done(), at(9000)).unwrap();
    store.commit(Builder::new().event(&early).done(), at(9000)).unwrap();
    let event = groups(&store, Range::ALL).remove(0).events.remove(0);
    assert_eq!((event.at, event.content, event.seen_at), (at(1000), 2, at(1000)));
    assert!(event.facts.content_differs() && event.facts.money_differs());
    assert_eq!(payload(&store, &event), payload_of(&early));
}

#[test]
fn a_key_whose_records_lie_days_apart_is_one() {
    let mut store = Store::scratch().unwrap();
    let week = 7 * 86_400_000;
    let early = Logged { value: Some("1"), content: 7, ..logged(uuid(1), "lead", at(0)) };
    let late = Logged { value: Some("2"), content: 8, ..logged(uuid(1), "lead", at(week)) };
    let other = logged(uuid(2), "lead", at(week));
    let batch = Builder::new().event(&late).event(&other).event(&early);
    store.commit(batch.done(), at(2 * week)).unwrap();
    let found = groups(&store, Range::ALL);
    assert_eq!(found.iter().map(|group| group.events.len()).collect::<Vec<_>>(), [1, 1]);
    let event = &found[0].events[0];
    assert_eq!((event.at, event.content), (at(0), 7));
    assert!(event.facts.content_differs() && event.facts.money_differs());
    // One key is read with where it was logged, a pass over all of them without.
    let mut one = store.group(&uuid(1)).unwrap().unwrap();
    assert!(one.events[0].position.take().is_some());
    assert_eq!(format!("{one:?}"), format!("{:?}", found[0]));
}

#[test]
fn what_differs_days_later_is_noted_on_the_kept_record() {
    let mut store = Store::scratch().unwrap();
    let week = 7 * 86_400_000;
    let record =
        |content, value, ms| Logged { value: Some(value), content, ..logged(uuid(1), "lead", at(ms)) };
    // The kept records of both spans are alike; the third, which lost, is not.
    let batch = Builder::new().event(&record(7, "1", 0)).event(&record(7, "1", week)).event(&record(
        8,
        "2",
        week + 1,
    ));
    store.commit(batch.done(), at(2 * week)).unwrap();
    let event = &groups(&store, Range::ALL)[0].events[0];
    assert_eq!((event.at, event.content), (at(0), 7));
    assert!(event.facts.content_differs() && event.facts.money_differs());
}

#[test]
fn an_event_from_the_future_is_seen_when_it_is_imported() {
    let mut store = Store::scratch().unwrap();
    let batch = || Builder::new().event(&logged(uuid(1), "lead", at(90_000))).done();
    store.commit(batch(), at(1000)).unwrap();
    store.commit(batch(), at(500)).unwrap();
    let event = groups(&store, Range::ALL).remove(0).events.remove(0);
    assert_eq!((event.at, event.seen_at), (at(90_000), at(1000)));
}

#[test]
fn sessions_are_joined_over_batches() {
    let mut store = Store::scratch().unwrap();
    let facts = |email: u8, ms, denied: Option<i64>| {
        let mut facts = SessionFacts::new(SessionId::parse("s").unwrap());
        facts.landing = Some(Seen::once(None, at(ms)));
        facts.email = Some(Seen::once(Digest::from_bytes([email; 32]), at(ms)));
        facts.denied_at = denied.map(at);
        facts
    };
    for (email, ms, denied) in [(1, 50, Some(9)), (1, 20, None), (2, 70, Some(8))] {
        let mut event = logged(uuid(1), "lead", at(0));
        event.session = Some("s".to_owned());
        let mut batch = Builder::new().event(&event).done();
        batch.sessions = vec![facts(email, ms, denied)];
        store.commit(batch, at(1000)).unwrap();
    }
    let group = groups(&store, Range::ALL).remove(0);
    let state = group.sessions[0].unwrap();
    assert_eq!((state.first_at, state.email_at, state.denied_at), (Some(at(20)), Some(at(20)), Some(at(9))));
    assert_eq!(state.first_seen(crate::domain::MatchKey::Email), None);
    let values = store.session_values(&group.events[0]).unwrap().unwrap();
    assert_eq!(values.email, Some(Seen { value: Digest::from_bytes([1; 32]), at: at(20), several: true }));
}

#[test]
fn positions_commit_with_the_rows_and_come_back_exactly() {
    let place = Place::new();
    let mut store = place.open();
    let mut one = cursor("/var/log/a b.jsonl", u64::MAX);
    one.problem = Some(Problem::Truncated);
    let two = {
        use std::os::unix::ffi::OsStringExt;
        let mut two = cursor("", 2);
        two.path = std::ffi::OsString::from_vec(vec![b'x', 0xff]).into();
        two
    };
    let batch = Batch { cursors: vec![one.clone(), two.clone()], ..Batch::default() };
    store.commit(batch, at(0)).unwrap();
    assert_eq!(store.cursors().unwrap(), [one.clone(), two.clone()]);
    one.position = 5000;
    one.path = "renamed".into();
    store.commit(Batch { cursors: vec![one.clone()], ..Batch::default() }, at(0)).unwrap();
    assert_eq!(store.cursors().unwrap(), [one, two]);
    assert_eq!(store.sources().unwrap()[0].position, 5000);
}

#[test]
fn a_full_disk_stores_nothing_of_the_batch_and_names_itself() {
    let place = Place::new();
    let mut store = place.open();
    store.commit(two_events_and_a_receipt(), at(0)).unwrap();
    let before = rows(&store);
    let pages: i64 = store.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    store.connection.pragma_update(None, "max_page_count", pages).unwrap();
    let many = || {
        let start = Builder::new().event(&logged(uuid(0), "fresh name", at(0)));
        (1..20_000).fold(start, |batch, n| batch.event(&logged(uuid(n), "lead", at(1)))).done()
    };
    assert!(matches!(store.commit(many(), at(0)), Err(StoreError::Full { .. })));
    assert_eq!(rows(&store), before);
    store.connection.pragma_update(None, "max_page_count", 1_000_000).unwrap();
    assert_eq!(store.commit(many(), at(0)).unwrap()[0].events, 19_999);
    let integrity: String =
        store.connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(integrity, "ok");
}

#[test]
fn a_flipped_bit_in_a_block_is_noticed() {
    let mut store = Store::scratch().unwrap();
    store.commit(two_events_and_a_receipt(), at(0)).unwrap();
    let event = groups(&store, Range::ALL).remove(0).events.remove(0);
    // Seen from the checksum, so that zstd, which notices some flips, has no part in it.
    let flip = "
        UPDATE block
        SET sha256 = zeroblob(32)";
    store.connection.execute(flip, []).unwrap();
    let entry = store.blocks.borrow_mut().entry(&store.connection, event.block.unwrap(), event.slot);
    assert!(entry.is_err());
    assert!(matches!(store.payload(&event), Err(StoreError::Damaged { .. })));
}

#[test]
fn pages_beyond_the_cap_are_none_and_everything_else_is_exact() {
    let mut store = Store::scratch().unwrap();
    let mut batch = Builder::new().done();
    batch.terms = (0..70_000).map(|n| (TermKind::Page, format!("p/{n}").into())).collect();
    batch.terms.extend((0..70_000).map(|n| (TermKind::Name, format!("n{n}").into())));
    store.commit(batch, at(0)).unwrap();
    let dictionary = store.dictionary.borrow();
    let find = |kind, text| dictionary.find(&store.connection, kind, text).unwrap();
    assert_eq!(find(TermKind::Page, "p/65535"), 65_536);
    assert_eq!(find(TermKind::Page, "p/65536"), 0);
    assert_eq!(find(TermKind::Name, "n69999"), 70_000);
    let text = dictionary.text(&store.connection, TermKind::Name, 70_000).unwrap();
    assert_eq!(text.as_deref(), Some("n69999"));
}

#[test]
fn logs_are_known_per_pixel_and_campaign() {
    let mut store = Store::scratch().unwrap();
    let mut granted = Facts::default();
    granted.set_consent(Consent::Granted);
    let event = |n, pixel, campaign| Logged { pixel, campaign, ..logged(uuid(n), "lead", at(0)) };
    let browser = |n, ms, pixel| Sent { leg: Leg::Browser, pixel, ..sent(uuid(n), "Lead", at(ms)) };
    let trial = Sent { test_code: Some("TEST1"), pixel: Some("A"), ..sent(uuid(1), "Lead", at(900)) };
    let first = Builder::new()
        .event(&event(1, Some("A"), Some("1")))
        .receipt(&Sent { pixel: Some("A"), ..sent(uuid(1), "Lead", at(100)) })
        .receipt(&trial)
        .receipt(&browser(1, 300, None));
    store.commit(first.done(), at(0)).unwrap();
    let facts = store.log_facts().unwrap();
    assert_eq!(facts.by_pixel[0].1.server_at, Some(at(100)));
    // One pixel is in use: nothing needs to be looked up.
    assert_eq!(facts.without_pixel.len(), 1);
    assert_eq!(facts.without_pixel[0].0.as_ref().unwrap().as_str(), "A");
    assert_eq!(facts.without_pixel[0].2.browser_at, Some(at(300)));
    let second = Builder::new()
        .event(&Logged { facts: granted, ..event(2, None, Some("2")) })
        .receipt(&browser(2, 500, None))
        .receipt(&browser(3, 800, None))
        .receipt(&Sent { test_code: Some("TEST1"), ..sent(uuid(2), "Lead", at(950)) });
    store.commit(second.done(), at(0)).unwrap();
    let facts = store.log_facts().unwrap();
    let told: Vec<_> = facts
        .without_pixel
        .iter()
        .map(|(pixel, campaign, newest)| {
            let text = |t: &str| t.to_owned();
            (
                pixel.as_ref().map(|p| text(p.as_str())),
                campaign.as_ref().map(|c| text(c.as_str())),
                newest.browser_at,
                newest.server_at,
            )
        })
        .collect();
    let some = |t: &str| Some(t.to_owned());
    assert_eq!(told, [(None, some("2"), Some(at(500)), None), (some("A"), some("1"), Some(at(300)), None)]);
    assert_eq!(facts.consent_campaigns.len(), 1);
    assert_eq!(facts.event_pixels.len(), 1);
}
