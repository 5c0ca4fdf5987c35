//! The ttclid belongs to an earlier click than the visit.

use crate::domain::{Duration, Flaw, MatchKey, Severity, StoredEvent};

use super::super::{CheckFact, Subject};
use super::flawed::has;
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "ttclid-stale",
    severity: Severity::Medium,
    title: "The ttclid belongs to an earlier click than the visit.",
    causes: &[
        "The stored ttclid is not overwritten when a new click arrives.",
        "The cookie that holds it is kept too long.",
    ],
    fix: "Overwrite the stored ttclid with each new one, and let it expire after 28 days.",
    fix_command: "makegood events --finding ttclid-stale",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| stale(subject),
    summary: |keys, judged| {
        format!(
            "{} the ttclid of an earlier click ({} of those that carry one).",
            events_do(keys, "carries", "carry"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[
        ("The page's own URL carries another, newer one", |subject, _| has(subject, Flaw::TtclidOlder)),
        ("The session showed it more than 28 days before", |subject, _| {
            subject.row.event.as_ref().is_some_and(|event| is_old(subject, event))
        }),
    ],
    lists: &[("By event", name_of)],
};

/// How long TikTok credits a click at most (TikTok facts 5.1).
const CLICK_WINDOW: Duration = Duration::from_days(28);

fn stale(subject: &Subject<'_>) -> Option<bool> {
    let event = expected_event(subject)?;
    let is_stale = || event.flaws.has(Flaw::TtclidOlder) || is_old(subject, event);
    event.keys.valid.has(MatchKey::Ttclid).then(is_stale)
}

pub(super) fn is_old(subject: &Subject<'_>, event: &StoredEvent) -> bool {
    let session = subject.row.session.as_ref();
    let seen_at = session.and_then(|session| session.first_seen(MatchKey::Ttclid));
    seen_at.is_some_and(|seen| event.at.since(seen) > CLICK_WINDOW)
}
