//! An event has no match key that TikTok can use.

use crate::domain::{MatchKey, SessionState, Severity};

use super::super::{CheckFact, Subject};
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "no-match-key",
    severity: Severity::High,
    title: "An event has no match key that TikTok can use.",
    causes: &[
        "A webhook of the payment provider is the source, and nothing of the visitor is kept.",
        "The user object is empty or has another form than the sender expects.",
        "All keys are there and none is valid.",
    ],
    fix: "Keep ttclid, IP address, user agent and external id with the session, and send them with every event.",
    fix_command: "makegood events --finding no-match-key",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| no_match_key(subject),
    summary: |keys, judged| {
        format!(
            "{} no match key that TikTok can use ({} of all).",
            events_do(keys, "carries", "carry"),
            share(keys, judged)
        )
    },
    weight: Weight::Loss,
    signs: &[
        ("Keys are there, and none is valid", |subject, _| {
            subject.row.event.as_ref().is_some_and(|event| !event.keys.present.is_empty())
        }),
        ("The session shows a key that a backfill can fill in", |subject, _| {
            subject.row.session.as_ref().is_some_and(knows_any)
        }),
    ],
    lists: &[("By event", name_of)],
};

fn no_match_key(subject: &Subject<'_>) -> Option<bool> {
    let event = expected_event(subject)?;
    Some(event.keys.valid.is_empty() && !event.facts.url_has_ttclid())
}

fn knows_any(session: &SessionState) -> bool {
    MatchKey::ALL.into_iter().any(|key| session.first_seen(key).is_some())
}
