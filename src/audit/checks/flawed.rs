//! What the checks on match keys and payloads ask of a key.

use crate::domain::{Flaw, Flaws, MatchKey, StoredEvent};
use crate::tiktok::event_map::{self, Value};

use super::super::{Scope, Subject};
use super::known::expected_event;

/// Whether a record that carries a match key has one of these flaws.
pub(super) fn given(subject: &Subject<'_>, key: MatchKey, flaws: Flaws) -> Option<bool> {
    let event = expected_event(subject)?;
    event.keys.present.has(key).then(|| event.flaws.has_any(flaws))
}

/// Whether a record that carries a key that is hashed has one of these flaws.
pub(super) fn hashed(subject: &Subject<'_>, flaws: Flaws) -> Option<bool> {
    let event = expected_event(subject)?;
    let has_one = [MatchKey::Email, MatchKey::Phone, MatchKey::ExternalId]
        .into_iter()
        .any(|key| event.keys.present.has(key));
    has_one.then(|| event.flaws.has_any(flaws))
}

/// Whether the record has a flaw.
pub(super) fn has(subject: &Subject<'_>, flaw: Flaw) -> bool {
    subject.row.event.as_ref().is_some_and(|event| event.flaws.has(flaw))
}

/// The event of a key that must carry money.
pub(super) fn valued<'a>(subject: &Subject<'a>) -> Option<&'a StoredEvent> {
    let event = expected_event(subject)?;
    let fact = event_map::fact(subject.row.name.as_ref()?.as_str())?;
    (fact.value == Value::Needed).then_some(event)
}

/// The event of a key that should say what was bought: TikTok's own events that carry money.
pub(super) fn with_goods<'a>(subject: &Subject<'a>) -> Option<&'a StoredEvent> {
    let event = expected_event(subject)?;
    let fact = event_map::fact(subject.row.name.as_ref()?.as_str())?;
    (fact.value == Value::Needed && fact.standard).then_some(event)
}

/// The same, if it does say it.
pub(super) fn with_contents<'a>(subject: &Subject<'a>) -> Option<&'a StoredEvent> {
    with_goods(subject).filter(|event| event.facts.has_contents())
}

/// The page of a key.
pub(super) fn page_of<'a>(subject: &Subject<'a>, _: &'a Scope<'_>) -> Option<&'a str> {
    subject.row.event.as_ref()?.place.page.as_deref()
}

/// The currency of a key, as logged.
pub(super) fn currency_of<'a>(subject: &Subject<'a>, _: &'a Scope<'_>) -> Option<&'a str> {
    subject.row.event.as_ref()?.place.currency.as_deref()
}

/// As [`hashed`]: what a digest shows beside the value that it was made of.
pub(super) fn forensic(subject: &Subject<'_>, flaws: Flaws) -> Option<bool> {
    hashed(subject, flaws)
}
