//! What makes a key unsendable as it is (product 6.5).

use crate::domain::{
    Enrich, LedgerRow, LimitedDataUse, MatchKey, Outcome, Policy, Refusal, StoredEvent, TimeMs, Unsendable,
};
use crate::tiktok::event_map::{self, Value};
use crate::tiktok::{currency, limits};

/// Why an event cannot be sent as it is, if anything. Tested in this order: its time, its pixel, its
/// payload, TikTok's own word on it, then what TikTok needs.
///
/// A missing token is no reason here: it says nothing of the event, and is tested last of all.
pub(super) fn unsendable(
    row: &LedgerRow,
    event: &StoredEvent,
    policy: &Policy,
    now: TimeMs,
) -> Option<Unsendable> {
    let reasons = [
        (Unsendable::Future, event.at > now.plus(limits::FUTURE_MAX)),
        (Unsendable::TooOld, now > too_old_at(event, policy)),
        (Unsendable::NoPixelOrToken, row.pixel.is_none()),
        (Unsendable::PayloadGone, event.block.is_none()),
        (Unsendable::RefusedAlone, was_refused_alone(row)),
        (Unsendable::NoUrl, !has_url(event, policy)),
        (Unsendable::Money, !has_money(row, event)),
        (Unsendable::LimitedWithoutIp, lacks_limited_ip(event)),
        (Unsendable::NoMatchKey, !has_match_key(row, event, policy.backfill.enrich)),
    ];
    reasons.into_iter().find(|(_, applies)| *applies).map(|(reason, _)| reason)
}

/// After this time an event is too old to be sent: `max_age`, never beyond TikTok's longest window.
pub(super) fn too_old_at(event: &StoredEvent, policy: &Policy) -> TimeMs {
    event.at.plus(policy.backfill.age_max.min(limits::AGE_MAX))
}

/// Whether the config knows a token for the key's pixel.
pub(super) fn has_token(row: &LedgerRow, policy: &Policy) -> bool {
    let pixel = row.pixel.as_ref().and_then(|pixel| policy.pixel(pixel));
    pixel.is_some_and(|pixel| pixel.has_token)
}

fn has_url(event: &StoredEvent, policy: &Policy) -> bool {
    let has_origin =
        policy.campaign(event.place.campaign.as_ref()).is_some_and(|campaign| campaign.origin.is_some());
    event.facts.has_url() || (event.facts.has_path_only() && has_origin)
}

/// Whether a valued event has what TikTok needs; others need nothing.
fn has_money(row: &LedgerRow, event: &StoredEvent) -> bool {
    let value = row.name.as_ref().and_then(|name| event_map::fact(name.as_str())).map(|fact| &fact.value);
    match value {
        Some(Value::Needed) => {
            event.value.is_some_and(|value| !value.is_negative())
                && event
                    .place
                    .currency
                    .as_deref()
                    .is_some_and(|logged| currency::is_supported(&logged.to_ascii_uppercase()))
        }
        Some(Value::None | Value::Zero) | None => true,
    }
}

/// IP address and user agent live apart and are gone after their retention.
fn has_contact_key(event: &StoredEvent, key: MatchKey) -> bool {
    event.contact.is_some() && event.keys.valid.has(key)
}

fn lacks_limited_ip(event: &StoredEvent) -> bool {
    match event.facts.limited_data_use() {
        LimitedDataUse::Yes => !has_contact_key(event, MatchKey::Ip),
        LimitedDataUse::Absent | LimitedDataUse::No => false,
    }
}

/// Whether a match key is left to send: the event's own, a click id in its URL, its session's by the
/// mode of enrichment, or the session id, which stands in for an external id (product 4).
fn has_match_key(row: &LedgerRow, event: &StoredEvent, enrich: Enrich) -> bool {
    event.facts.url_has_ttclid()
        || (event.session.is_some() && !event.facts.session_is_placeholder())
        || MatchKey::ALL.into_iter().any(|key| match key {
            MatchKey::Ip | MatchKey::UserAgent => has_contact_key(event, key),
            MatchKey::Ttclid | MatchKey::Ttp | MatchKey::Email | MatchKey::Phone | MatchKey::ExternalId => {
                event.keys.valid.has(key) || fills(row, event, key, enrich)
            }
        })
}

/// Whether the event's session can fill in a match key.
fn fills(row: &LedgerRow, event: &StoredEvent, key: MatchKey, enrich: Enrich) -> bool {
    let seen_at = row.session.as_ref().and_then(|session| session.first_seen(key));
    match enrich {
        Enrich::Off => false,
        Enrich::Past => seen_at.is_some_and(|at| at <= event.at),
        Enrich::Session => seen_at.is_some(),
    }
}

/// Whether TikTok refused our last attempt at this key for what the event holds, alone in its request.
fn was_refused_alone(row: &LedgerRow) -> bool {
    let last = row.attempts.iter().rev().find(|attempt| !attempt.is_test);
    last.is_some_and(|attempt| attempt.alone && attempt.outcome == Some(Outcome::Refused(Refusal::Event)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::{CampaignId, Duration, KeyBits, Origin};
    use crate::reconcile::testing::{amount, attempt, campaign_policy, event, hours, policy, row};

    fn why(change: impl Fn(&mut LedgerRow, &mut StoredEvent)) -> Option<Unsendable> {
        let mut row = row(event("payment_succeeded"), []);
        let mut event = row.event.clone().unwrap();
        change(&mut row, &mut event);
        unsendable(&row, &event, &policy(), hours(5))
    }

    #[test]
    fn a_whole_event_is_sendable() {
        assert_eq!(why(|_, _| {}), None);
    }

    #[test]
    fn time_bounds_what_is_sent() {
        let minute = Duration::from_secs(60);
        assert_eq!(why(|_, event| event.at = hours(5).plus(minute)), None);
        assert_eq!(why(|_, event| event.at = hours(6)), Some(Unsendable::Future));
        assert_eq!(why(|_, event| event.at = hours(5 - 7 * 24)), None);
        assert_eq!(why(|_, event| event.at = hours(4 - 7 * 24)), Some(Unsendable::TooOld));
        let mut patient = policy();
        patient.backfill.age_max = Duration::from_days(900);
        let row = row(event("lead"), []);
        let at = |days: i64| unsendable(&row, row.event.as_ref().unwrap(), &patient, hours(days * 24));
        assert_eq!(at(28), None);
        assert_eq!(at(29), Some(Unsendable::TooOld));
    }

    #[test]
    fn pixel_payload_and_url_are_needed() {
        assert_eq!(why(|row, _| row.pixel = None), Some(Unsendable::NoPixelOrToken));
        assert_eq!(why(|_, event| event.block = None), Some(Unsendable::PayloadGone));
        let no_url = |_: &mut LedgerRow, event: &mut StoredEvent| {
            event.facts = crate::domain::Facts::default();
            event.facts.set_path_only();
        };
        assert_eq!(why(no_url), Some(Unsendable::NoUrl));
        let campaign = CampaignId::parse("12").unwrap();
        let mut with_origin = campaign_policy();
        with_origin.origin = Some(Origin("https://quiz.example.com".into()));
        let policy = Policy { campaigns: BTreeMap::from([(campaign.clone(), with_origin)]), ..policy() };
        let mut row = row(event("lead"), []);
        let mut event = row.event.take().unwrap();
        no_url(&mut row, &mut event);
        event.place_mut().campaign = Some(campaign);
        assert_eq!(unsendable(&row, &event, &policy, hours(5)), None);
    }

    #[test]
    fn a_valued_event_needs_its_money() {
        let money = Some(Unsendable::Money);
        assert_eq!(why(|_, event| event.value = None), money);
        assert_eq!(why(|_, event| event.value = amount("-1")), money);
        assert_eq!(why(|_, event| event.place_mut().currency = None), money);
        assert_eq!(why(|_, event| event.place_mut().currency = Some("ZZZ".into())), money);
        assert_eq!(why(|_, event| event.place_mut().currency = Some("usd".into())), None);
        assert_eq!(why(|_, event| event.value = amount("0.00")), None);
        for free in ["lead", "subscription_started"] {
            let mut row = row(event(free), []);
            let event = row.event.as_mut().unwrap();
            (event.value, event.place_mut().currency) = (None, None);
            assert_eq!(unsendable(&row, row.event.as_ref().unwrap(), &policy(), hours(5)), None);
        }
    }

    #[test]
    fn a_match_key_must_be_left() {
        let bare = |row: &mut LedgerRow, event: &mut StoredEvent| {
            event.keys = KeyBits::default();
            event.session = None;
            row.session = None;
        };
        let with = |change: &dyn Fn(&mut LedgerRow, &mut StoredEvent)| {
            why(|row, event| {
                bare(row, event);
                change(row, event);
            })
        };
        let none = Some(Unsendable::NoMatchKey);
        assert_eq!(with(&|_, _| {}), none);
        assert_eq!(with(&|_, event| event.facts.set_url_ttclid()), None);
        assert_eq!(with(&|_, event| event.keys.valid.add(MatchKey::Phone)), None);
        assert_eq!(with(&|_, event| event.session = Some(1)), None);
        let placeholder = |_: &mut LedgerRow, event: &mut StoredEvent| {
            event.session = Some(1);
            event.facts.set_session_placeholder();
        };
        assert_eq!(with(&placeholder), none);
        let expired = |_: &mut LedgerRow, event: &mut StoredEvent| {
            event.keys.valid.add(MatchKey::Ip);
            event.contact = None;
        };
        assert_eq!(with(&expired), none);
    }

    #[test]
    fn the_session_fills_in_by_the_mode() {
        let mut row = row(event("lead"), []);
        row.session.as_mut().unwrap().email_at = Some(hours(1));
        let event = row.event.clone().unwrap();
        let fills = |row: &LedgerRow, enrich| fills(row, &event, MatchKey::Email, enrich);
        assert!(!fills(&row, Enrich::Past) && fills(&row, Enrich::Session) && !fills(&row, Enrich::Off));
        row.session.as_mut().unwrap().email_at = Some(event.at);
        assert!(fills(&row, Enrich::Past) && !fills(&row, Enrich::Off));
        row.session.as_mut().unwrap().several.add(MatchKey::Email);
        assert!(!fills(&row, Enrich::Past) && !fills(&row, Enrich::Session));
    }

    #[test]
    fn limited_data_use_needs_an_ip() {
        let limited = |_: &mut LedgerRow, event: &mut StoredEvent| {
            event.facts.set_limited_data_use(LimitedDataUse::Yes);
        };
        assert_eq!(why(limited), None);
        let without = |row: &mut LedgerRow, event: &mut StoredEvent| {
            limited(row, event);
            event.contact = None;
        };
        assert_eq!(why(without), Some(Unsendable::LimitedWithoutIp));
    }

    #[test]
    fn only_a_refusal_of_the_event_alone_is_final() {
        let refused = |alone, refusal| {
            why(|row, _| {
                row.attempts.push(attempt("CompletePayment", "A").ended(Outcome::Refused(refusal)));
                row.attempts[0].alone = alone;
            })
        };
        assert_eq!(refused(true, Refusal::Event), Some(Unsendable::RefusedAlone));
        assert_eq!(refused(false, Refusal::Event), None);
        assert_eq!(refused(true, Refusal::Credential), None);
    }
}
