//! The laws of verdicts and plans (house 4), over random ledgers.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::testing::{
    amount, attempt, campaign_policy, event, group, hours, logs, pixel, pixel_policy, policy, receipt,
};
use super::*;
use crate::domain::{
    Attempt, CampaignId, Consent, EventId, HeldClass, IdGroup, LedgerRow, Outcome, PixelLog, Plan, Policy,
    Position, Range, Receipt, Refusal, RequestId, ServerLog, SessionState, StoredEvent, TimeMs, Trace,
    Verdict,
};

const LOGGED: [&str; 6] =
    ["payment_succeeded", "CompletePayment", "Purchase", "lead", "page_view", "Renewal"];
const SENT: [&str; 5] = ["CompletePayment", "Purchase", "Lead", "PageView", "Renewal"];

fn some_pixel() -> impl Strategy<Value = Option<&'static str>> {
    select(vec![None, Some("A"), Some("B")])
}

fn some_event() -> impl Strategy<Value = (StoredEvent, SessionState)> {
    let texts = (select(&LOGGED[..]), some_pixel(), any::<bool>(), select(vec!["tiktok", "facebook", ""]));
    let facts = (select(vec![Consent::Absent, Consent::Granted, Consent::Denied]), prop::bool::weighted(0.1));
    (texts, facts, 0_i64..100, 0_i64..100, 0_u64..3, select(vec![Some("1"), Some("2"), None]), any::<bool>())
        .prop_map(|((logged, on, in_campaign, source), (consent, test), at, seen, content, value, denied)| {
            let mut one = event(logged);
            one.pixel = on.map(pixel);
            one.place_mut().campaign = in_campaign.then(|| CampaignId::parse("12").unwrap());
            one.place_mut().source = Some(source.into());
            one.facts.set_consent(consent);
            if test {
                one.facts.set_test();
            }
            (one.at, one.seen_at) = (hours(at), hours(seen));
            one.content = content;
            one.value = value.and_then(amount);
            let denied_at = (denied && content == 2).then(|| hours(at));
            (one, SessionState { denied_at, ..SessionState::default() })
        })
}

fn some_receipt() -> impl Strategy<Value = Receipt> {
    let codes = select(vec![Some(0), Some(40002), Some(40105), Some(40100), Some(50000), Some(40050), None]);
    let flags = (prop::bool::weighted(0.2), prop::bool::weighted(0.1), any::<bool>());
    (select(&SENT[..]), some_pixel(), codes, flags, prop::option::of(0_i64..100), 0_u64..4).prop_map(
        |(sent, on, code, (browser, test, alone), at, offset)| {
            let mut one = receipt(sent);
            if let Some(code) = code {
                one = one.code(code);
            }
            one.answer.alone = alone;
            if browser {
                one = one.browser();
            }
            one.pixel = on.map(pixel);
            one.is_test = test;
            one.at = at.map(hours);
            let position = Position { source: 2, offset };
            one.trace = Some(Box::new(Trace { position, request: RequestId::NONE }));
            one
        },
    )
}

fn some_attempt() -> impl Strategy<Value = Attempt> {
    let outcomes = select(vec![
        None,
        Some(Outcome::Accepted),
        Some(Outcome::NotSent),
        Some(Outcome::Refused(Refusal::Event)),
        Some(Outcome::Refused(Refusal::Credential)),
    ]);
    (select(&SENT[..]), select(vec!["A", "B"]), outcomes, 0_i64..100, any::<bool>()).prop_map(
        |(sent, on, outcome, batch, alone)| {
            let mut one = attempt(sent, on);
            (one.outcome, one.batch, one.alone) = (outcome, batch, alone);
            one
        },
    )
}

fn some_group() -> impl Strategy<Value = IdGroup> {
    (
        prop::collection::vec(some_event(), 0..4),
        prop::collection::vec(some_receipt(), 0..5),
        prop::collection::vec(some_attempt(), 0..2),
    )
        .prop_map(|(events, receipts, attempts)| {
            // The store keeps one record of each logged name and pixel.
            let mut seen = BTreeSet::new();
            let events =
                events.into_iter().filter(|(one, _)| seen.insert((one.name.clone(), one.pixel.clone())));
            let (events, sessions): (Vec<_>, Vec<_>) = events.unzip();
            let mut all = group(events, receipts);
            all.sessions = sessions.into_iter().map(Some).collect();
            all.attempts = attempts;
            all
        })
}

fn some_policy() -> impl Strategy<Value = Policy> {
    let logs = (
        select(vec![ServerLog::Partial, ServerLog::Complete, ServerLog::None]),
        select(vec![PixelLog::Partial, PixelLog::Complete]),
    );
    (logs, any::<bool>(), some_pixel(), prop::bool::weighted(0.8), prop::bool::weighted(0.9)).prop_map(
        |((server_log, pixel_log), second, campaign_pixel, pixel_leg, server_leg)| {
            let mut all = policy();
            (all.pixels[0].server_log, all.pixels[0].pixel_log) = (server_log, pixel_log);
            all.pixels.extend(second.then(|| pixel_policy("B")));
            let mut campaign = campaign_policy();
            campaign.pixel = campaign_pixel.map(pixel);
            (campaign.pixel_leg, campaign.server_leg) = (pixel_leg, server_leg);
            all.campaigns = BTreeMap::from([(CampaignId::parse("12").unwrap(), campaign)]);
            all
        },
    )
}

fn held() -> impl Strategy<Value = Vec<HeldClass>> {
    subsequence(HeldClass::ALL.to_vec(), 0..=HeldClass::ALL.len())
}

/// Each group under an id of its own.
fn numbered(groups: Vec<IdGroup>) -> Vec<IdGroup> {
    let id = |at: usize| EventId::parse(&format!("ord_{at}")).unwrap();
    groups.into_iter().enumerate().map(|(at, group)| IdGroup { id: id(at), ..group }).collect()
}

fn plan(groups: &[IdGroup], policy: &Policy, released: &[HeldClass], now: TimeMs) -> Plan {
    let logs = logs();
    let limits = PlanLimits { range: Range::ALL, events: Vec::new(), include_held: released.to_vec() };
    let mut planner = Planner::new(policy, &logs, limits, now);
    let (mut resolver, mut rows) = (Resolver::new(policy), Vec::new());
    for group in groups {
        resolver.resolve(&mut group.clone(), &mut rows);
        for row in &rows {
            planner.observe(row, &decide(row, policy, now));
        }
    }
    planner.finish()
}

/// What a backfill of the plan leaves when everything is accepted.
fn apply(groups: &[IdGroup], plan: &Plan, now: TimeMs) -> Vec<IdGroup> {
    let mut after = groups.to_vec();
    for planned in &plan.send {
        let group = after.iter_mut().find(|group| group.id == planned.id).unwrap();
        let mut sent = attempt(planned.name.as_str(), planned.pixel.as_str()).ended(Outcome::Accepted);
        (sent.at, sent.batch) = (now, 1000);
        group.attempts.push(sent);
    }
    after
}

fn is_key(row: &LedgerRow) -> bool {
    row.event.is_some()
}

proptest! {
    #[test]
    fn nothing_is_lost_and_no_key_stands_twice(group in some_group(), policy in some_policy()) {
        let rows = resolve(group.clone(), &policy);
        let count = |of: fn(&LedgerRow) -> usize| rows.iter().map(of).sum::<usize>();
        prop_assert_eq!(count(|row| row.receipts.len()), group.receipts.len());
        prop_assert_eq!(count(|row| row.attempts.len()), group.attempts.len());
        let places: Vec<_> = rows.iter().map(|row| {
            let logged = row.event.as_ref().map(|event| event.name.clone());
            (row.pixel.clone(), row.name.clone().or(logged), is_key(row))
        }).collect();
        for (at, place) in places.iter().enumerate() {
            prop_assert!(!places[..at].contains(place), "{place:?} twice");
        }
        prop_assert_eq!(rows.iter().filter(|row| is_key(row)).count() == 0, group.events.is_empty());
        for row in rows.iter().filter(|row| is_key(row)) {
            let earliest = group.events.iter().map(|event| event.seen_at).min().unwrap();
            prop_assert!(row.event.as_ref().unwrap().seen_at >= earliest);
            prop_assert!(clock(row).unwrap().anchor <= row.event.as_ref().unwrap().at);
        }
    }

    #[test]
    fn the_order_of_input_decides_nothing(group in some_group(), policy in some_policy(), turn in 0_usize..5) {
        let mut turned = group.clone();
        let events = turned.events.len().max(1);
        turned.events.rotate_left(turn % events);
        turned.sessions.rotate_left(turn % events);
        turned.receipts.reverse();
        let receipts = turned.receipts.len().max(1);
        turned.receipts.rotate_left(turn % receipts);
        turned.attempts.reverse();
        let show = |group: IdGroup| {
            let rows = resolve(group, &policy);
            let verdicts: Vec<_> = rows.iter().map(|row| decide(row, &policy, hours(120))).collect();
            format!("{rows:?} {verdicts:?}")
        };
        prop_assert_eq!(show(group), show(turned));
    }

    #[test]
    fn the_short_way_is_the_long_way(group in some_group(), policy in some_policy()) {
        let mut doubled = group.clone();
        doubled.events.extend(group.events.first().cloned());
        doubled.sessions.extend(group.sessions.first().copied());
        // A record that is read twice changes nothing, and takes the way of many records.
        prop_assert_eq!(format!("{:?}", resolve(group, &policy)), format!("{:?}", resolve(doubled, &policy)));
    }

    #[test]
    fn every_key_has_one_place_in_the_plan(
        groups in prop::collection::vec(some_group(), 1..6), policy in some_policy(),
        released in held(), now in 0_i64..300,
    ) {
        let groups = numbered(groups);
        let all = plan(&groups, &policy, &released, hours(now));
        let places = all.send.len() + all.held.len() + all.skipped.len();
        let counted = all.excluded + all.delivered + all.waiting;
        let keys: usize = groups.iter()
            .map(|group| resolve(group.clone(), &policy).iter().filter(|row| is_key(row)).count()).sum();
        prop_assert_eq!(u64::try_from(places).unwrap() + counted, u64::try_from(keys).unwrap());
        for held in &all.held {
            prop_assert!(!released.contains(&held.class));
        }
    }

    #[test]
    fn only_what_may_be_sent_is_planned(
        groups in prop::collection::vec(some_group(), 1..6), policy in some_policy(),
        released in held(), now in 0_i64..300,
    ) {
        let (groups, now) = (numbered(groups), hours(now));
        for planned in plan(&groups, &policy, &released, now).send {
            let group = groups.iter().find(|group| group.id == planned.id).unwrap();
            let rows = resolve(group.clone(), &policy);
            let row = rows.iter().find(|row| {
                is_key(row) && row.name.as_ref() == Some(&planned.name) && row.pixel.as_ref() == Some(&planned.pixel)
            }).unwrap();
            let verdict = decide(row, &policy, now);
            prop_assert!(verdict.is_missing());
            prop_assert!(server_tries(row).all(|one| one.outcome != Outcome::Accepted));
            prop_assert!(now <= planned.deadline);
            prop_assert!(!row.session.unwrap_or_default().is_denied());
            prop_assert!(row.event.as_ref().unwrap().facts.consent() != Consent::Denied);
            let is_late = now > clock(row).unwrap().deadline;
            if is_late && planned.browser_fired {
                prop_assert!(released.contains(&HeldClass::LateBrowserFired));
            }
            if is_late && matches!(verdict, Verdict::Unknown { .. }) {
                prop_assert!(planned.released.is_some());
            }
            prop_assert_eq!(planned.released.is_some_and(|class| !released.contains(&class)), false);
        }
    }

    #[test]
    fn a_plan_carried_out_leaves_nothing_to_plan(
        groups in prop::collection::vec(some_group(), 1..6), policy in some_policy(),
        released in held(), now in 0_i64..300,
    ) {
        let (groups, now) = (numbered(groups), hours(now));
        let first = plan(&groups, &policy, &released, now);
        let again = plan(&apply(&groups, &first, now), &policy, &released, now);
        prop_assert!(again.send.is_empty(), "{:?}\nafter {:?}", again.send, first.send);
    }
}

#[test]
fn the_groups_of_the_laws_reach_every_verdict() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (strategy, mut words) = (some_group(), std::collections::BTreeSet::new());
    for _ in 0..2000 {
        let group = strategy.new_tree(&mut runner).unwrap().current();
        let rows = resolve(group, &policy());
        words.extend(
            rows.iter().filter(|row| is_key(row)).map(|row| decide(row, &policy(), hours(99)).word()),
        );
    }
    assert_eq!(words.len(), 6, "{words:?}");
}
