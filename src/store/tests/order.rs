//! Whatever the order and the batches of an import: the same database.

use proptest::prelude::*;

use super::super::Store;
use super::super::testing::{Builder, Logged, NOON, Sent, at, groups, logged, sent, uuid};
use super::commits::payload;
use crate::domain::{Code, EventId, Leg, Range, StoredEvent, TimeMs};

/// Everything the database says, without codes and positions, which depend on the order of import.
pub(super) fn told(store: &Store) -> Vec<String> {
    let mut told = Vec::new();
    for group in groups(store, Range::ALL) {
        let group = store.group(&group.id).unwrap().unwrap();
        for (event, session) in group.events.iter().zip(&group.sessions) {
            let StoredEvent { name, pixel, place, landing, at, seen_at, keys, facts, value, .. } = event;
            let contact = store.contact(event).unwrap();
            told.push(format!(
                "{:?} {name:?} {pixel:?} {place:?} {landing:?} {at:?} {seen_at:?} {keys:?} {facts:?} \
                 {value:?} {} {:?} {:?} {contact:?} {session:?}",
                group.id,
                event.content,
                payload(store, event),
                store.session_values(event).unwrap(),
            ));
        }
        for receipt in &group.receipts {
            told.push(format!(
                "{:?} {:?} {:?} {:?} {:?} {:?} {} {:?}",
                group.id,
                receipt.name,
                receipt.pixel,
                receipt.leg,
                receipt.at,
                receipt.answer,
                receipt.is_test,
                receipt.trace.as_ref().map(|trace| &trace.request)
            ));
        }
    }
    told.push(format!("{:?} {:?}", store.log_facts().unwrap(), store.event_times().unwrap()));
    told
}

/// A record of one of few keys, so that they meet.
fn any_logged() -> impl Strategy<Value = Logged> {
    let values = prop::sample::select(vec![None, Some("9.9"), Some("9.90"), Some("5")]);
    let pixels = prop::sample::select(vec![None, Some("A")]);
    (0_u32..2, 0_usize..2, pixels, 0_i64..4, 0_u64..4, values, 0_u32..3).prop_map(
        |(id, name, pixel, ms, content, value, session)| {
            // The content is a fingerprint of the record: records that share it are equal but for time.
            let name = ["lead", "purchase"][name];
            let content = if content == 0 { u64::MAX } else { content };
            let value = if content == 1 { None } else { value };
            let fold = value.map_or(0, |value| value.bytes().fold(0, |sum, c| sum * 10 + u64::from(c)));
            Logged {
                pixel,
                content: content.wrapping_sub(fold * 1000 + u64::from(session) * 7),
                value,
                session: Some(format!("s{session}")),
                campaign: Some("12"),
                ip: Some([1, 2, 3, u8::try_from(session).unwrap()]),
                agent: Some("Mozilla/5.0"),
                // Some lie three days apart, so that a key has rows in two spans.
                ..logged(
                    if id == 0 { EventId::parse("t").unwrap() } else { uuid(id) },
                    name,
                    at(if ms < 2 { ms } else { (1 << 29) + ms }),
                )
            }
        },
    )
}

fn any_sent() -> impl Strategy<Value = Sent> {
    let pixels = prop::sample::select(vec![None, Some("A"), Some("B")]);
    let requests = prop::sample::select(vec!["", "20260F", "abc"]);
    (0_u32..4, pixels, 0_i64..3, 0_i64..3, requests).prop_map(|(id, pixel, ms, code, request)| Sent {
        pixel,
        request,
        leg: if code == 2 { Leg::Browser } else { Leg::Server },
        at: (ms > 0).then(|| at(ms)),
        code: Code::Integer(code),
        ..sent(uuid(id), "Lead", at(0))
    })
}

#[derive(Clone, Debug)]
enum Line {
    Event(Logged),
    Receipt(Sent),
}

/// Imports lines in batches of the given size.
fn imported(lines: &[Line], size: usize) -> Store {
    let mut store = Store::scratch().unwrap();
    for part in lines.chunks(size) {
        let batch = part.iter().fold(Builder::new(), |batch, line| match line {
            Line::Event(event) => batch.event(event),
            Line::Receipt(receipt) => batch.receipt(receipt),
        });
        store.commit(batch.done(), TimeMs::from_ms(NOON + 2)).unwrap();
    }
    store
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn the_order_and_the_split_of_imports_do_not_matter(
        (lines, shuffled) in prop::collection::vec(
            prop_oneof![any_logged().prop_map(Line::Event), any_sent().prop_map(Line::Receipt)],
            1..32,
        )
        .prop_flat_map(|lines| (Just(lines.clone()), Just(lines).prop_shuffle())),
        (one, other) in (1_usize..9, 1_usize..30),
    ) {
        let first = imported(&lines, one);
        let second = imported(&shuffled, other);
        prop_assert_eq!(told(&first), told(&second));
    }
}
