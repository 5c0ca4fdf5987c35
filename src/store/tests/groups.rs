//! The merged read against a model that knows no cursors.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::testing::{Builder, Logged, NOON, Place, Sent, at, groups, logged, sent, uuid};
use super::super::{Store, StoreError};
use crate::domain::{EventId, IdGroup, Leg, Range, TimeMs};

/// What a group is to the model: names and times of its events, and of its receipts.
type Told = (Vec<(String, TimeMs)>, Vec<(String, Option<TimeMs>)>);
type Model = BTreeMap<EventId, Told>;

fn any_id() -> impl Strategy<Value = EventId> {
    prop_oneof![
        (0_u32..6).prop_map(uuid),
        prop::sample::select(vec!["a", "b", "Z", "530E0E61"]).prop_map(|text| EventId::parse(text).unwrap()),
    ]
}

fn any_event() -> impl Strategy<Value = Logged> {
    let names = prop::sample::select(vec!["lead", "purchase", "page_view"]);
    (any_id(), names, 0_i64..10)
        .prop_map(|(id, name, ms)| Logged { session: Some(format!("s{ms}")), ..logged(id, name, at(ms)) })
}

fn any_receipt() -> impl Strategy<Value = Sent> {
    (any_id(), prop::sample::select(vec!["Lead", "Purchase"]), 0_i64..10, any::<bool>()).prop_map(
        |(id, name, ms, browser)| Sent {
            leg: if browser { Leg::Browser } else { Leg::Server },
            ..sent(id, name, at(ms))
        },
    )
}

fn model(events: &[Logged], receipts: &[Sent]) -> Model {
    let mut model = Model::new();
    for event in events {
        let group = &mut model.entry(event.id.clone()).or_default().0;
        // Records of one key have one content here, so the earliest is kept.
        match group.iter_mut().find(|(name, _)| name == event.name) {
            Some((_, at)) => *at = (*at).min(event.at),
            None => group.push((event.name.to_owned(), event.at)),
        }
    }
    let mut seen = Vec::new();
    for receipt in receipts {
        let key = (receipt.id.clone(), receipt.name, receipt.leg, receipt.at);
        if !seen.contains(&key) {
            seen.push(key);
            model.entry(receipt.id.clone()).or_default().1.push((receipt.name.to_owned(), receipt.at));
        }
    }
    for (events, receipts) in model.values_mut() {
        events.sort();
        receipts.sort();
    }
    model
}

fn is_in(range: Range, (events, receipts): &Told) -> bool {
    if events.is_empty() {
        receipts.iter().any(|(_, at)| at.is_some_and(|at| range.has(at)))
    } else {
        events.iter().any(|(_, at)| range.has(*at))
    }
}

fn read(store: &Store, range: Range) -> Vec<(EventId, Told)> {
    let name = |name: &crate::domain::EventName| name.as_str().to_owned();
    let group = |group: crate::domain::IdGroup| {
        assert_eq!(group.events.len(), group.sessions.len());
        assert!(group.sessions.iter().all(Option::is_some));
        let events = group.events.iter().map(|event| (name(&event.name), event.at)).collect();
        let mut receipts: Vec<_> = group.receipts.iter().map(|sent| (name(&sent.name), sent.at)).collect();
        receipts.sort();
        (group.id, (events, receipts))
    };
    groups(store, range).into_iter().map(group).collect()
}

/// Takes away what a pass leaves out; whether everything had it.
fn untraced(group: &mut IdGroup) -> bool {
    let events = group.events.iter_mut().all(|event| event.position.take().is_some());
    events && group.receipts.iter_mut().all(|receipt| receipt.trace.take().is_some())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_read_gives_every_group_once_and_in_order(
        events in prop::collection::vec(any_event(), 0..20),
        receipts in prop::collection::vec(any_receipt(), 0..20),
        since in 0_i64..10,
        length in 0_i64..6,
    ) {
        let mut store = Store::scratch().unwrap();
        let batch = events.iter().fold(Builder::new(), Builder::event);
        let batch = receipts.iter().fold(batch, Builder::receipt);
        store.commit(batch.done(), TimeMs::from_ms(NOON)).unwrap();
        let model = model(&events, &receipts);
        for range in [Range::ALL, Range { since: at(since), until: at(since + length) }] {
            let expected: Vec<_> =
                model.clone().into_iter().filter(|(_, group)| is_in(range, group)).collect();
            prop_assert_eq!(read(&store, range), expected);
        }
        for (id, _) in read(&store, Range::ALL) {
            let mut one = store.group(&id).unwrap().unwrap();
            let all = groups(&store, Range::ALL).into_iter().find(|group| group.id == id).unwrap();
            prop_assert!(untraced(&mut one), "one id is told whole");
            prop_assert_eq!(format!("{one:?}"), format!("{all:?}"));
        }
    }
}

#[test]
fn many_rows_pass_through_in_order() {
    let mut store = Store::scratch().unwrap();
    let mut expected = BTreeSet::new();
    for part in 0..3 {
        let numbers: Vec<u32> = (0..2000).map(|n| n * 7919 % 9001 + part).collect();
        expected.extend(numbers.iter().flat_map(|n| [uuid(*n), uuid(n + 10_000)]));
        let batch = numbers.into_iter().fold(Builder::new(), |batch, n| {
            batch.event(&logged(uuid(n), "lead", at(1))).receipt(&sent(uuid(n + 10_000), "Lead", at(2)))
        });
        store.commit(batch.done(), at(9)).unwrap();
    }
    let found = groups(&store, Range::ALL).into_iter().map(|group| group.id);
    assert!(found.eq(expected));
}

#[test]
fn a_visitor_may_stop_and_may_ask_meanwhile() {
    let place = Place::new();
    let mut store = place.open();
    let batch = (0..5000).fold(Builder::new(), |batch, n| batch.event(&logged(uuid(n), "lead", at(1))));
    store.commit(batch.done(), at(9)).unwrap();
    let mut visits = 0;
    let stopped = store.for_each_group::<StoreError>(Range::ALL, &mut |group| {
        visits += 1;
        assert_eq!(store.group(&group.id).unwrap().unwrap().events.len(), 1);
        if visits == 10 { Err(StoreError::Missing { path: "enough".into() }) } else { Ok(()) }
    });
    assert!(matches!(stopped, Err(StoreError::Missing { .. })));
    assert_eq!(visits, 10);
    assert_eq!(groups(&store, Range::ALL).len(), 5000);
    store.commit(Builder::new().event(&logged(uuid(9999), "lead", at(1))).done(), at(9)).unwrap();
    assert_eq!(groups(&store, Range::ALL).len(), 5001);
}

#[test]
fn a_read_shows_one_state_while_another_process_writes() {
    let place = Place::new();
    let mut writer = place.open();
    // Each batch adds an event and its receipt: a state shows both or neither.
    let pair =
        |n| Builder::new().event(&logged(uuid(n), "lead", at(1))).receipt(&sent(uuid(n), "Lead", at(2)));
    writer.commit(pair(0).done(), at(9)).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for n in 1..200 {
                writer.commit(pair(n).done(), at(9)).unwrap();
            }
        });
        let reader = Store::open_read_only(&place.path()).unwrap();
        for _ in 0..20 {
            for group in groups(&reader, Range::ALL) {
                assert_eq!((group.events.len(), group.receipts.len()), (1, 1), "{:?}", group.id);
            }
        }
    });
}

#[test]
fn sessions_longer_than_the_packed_form_are_exact() {
    let mut store = Store::scratch().unwrap();
    let year = 365 * 86_400_000;
    for ms in [0, year] {
        let event = Logged { session: Some("s".to_owned()), ..logged(uuid(1), "lead", at(ms)) };
        let mut batch = Builder::new().event(&event).done();
        batch.sessions[0].captured_at = Some(at(ms + 5));
        batch.sessions[0].granted_at = Some(at(ms + 7));
        store.commit(batch, at(2 * year)).unwrap();
    }
    let state = groups(&store, Range::ALL)[0].sessions[0].unwrap();
    assert_eq!((state.captured_at, state.granted_at), (Some(at(5)), Some(at(year + 7))));
}
