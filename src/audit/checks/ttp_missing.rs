//! Events after the first of a visit lack the _ttp cookie.

use crate::domain::{MatchKey, Severity, StoredEvent};

use super::super::{CheckFact, Subject};
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "ttp-missing",
    severity: Severity::Low,
    title: "Events after the first of a visit lack the _ttp cookie.",
    causes: &[
        "The sender does not read the _ttp cookie.",
        "The pixel sets no first-party cookie: the setting is off, consent came later, or a blocker is at work.",
        "The cookie is read on some pages only.",
    ],
    fix: "Turn on first-party cookies for the pixel (Events Manager → Web Events → the pixel → Settings), and send the _ttp cookie as user.ttp. Never make one up.",
    fix_command: "makegood events --finding ttp-missing",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| ttp_missing(subject),
    summary: |keys, judged| {
        format!(
            "{} no ttp, though the visit had begun before ({} of such events).",
            events_do(keys, "carries", "carry"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[
        ("Another record of the session shows the cookie", |subject, _| {
            subject.row.session.as_ref().is_some_and(|session| session.ttp_at.is_some())
        }),
        ("No record of the session shows it", |subject, _| {
            subject.row.session.as_ref().is_none_or(|session| session.ttp_at.is_none())
        }),
    ],
    lists: &[("By event", name_of)],
};

fn ttp_missing(subject: &Subject<'_>) -> Option<bool> {
    let event = expected_event(subject)?;
    has_begun(subject, event).then(|| !event.keys.present.has(MatchKey::Ttp))
}

/// Whether the visit had begun before: the Pixel sets the cookie while the first page loads.
pub(super) fn has_begun(subject: &Subject<'_>, event: &StoredEvent) -> bool {
    let began = subject.row.session.as_ref().and_then(|session| session.first_at);
    began.is_some_and(|began| began < event.at)
}
