//! An external id or a session id is a word for nothing.

use crate::domain::{Flaw, Flaws, MatchKey, Severity};

use super::super::{CheckFact, Subject};
use super::flawed::has;
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "external-id-unusable",
    severity: Severity::Medium,
    title: "An external id or a session id is a word for nothing.",
    causes: &[
        "The session id is read before the session exists.",
        "The sender writes a word where it has no id.",
    ],
    fix: "Wait for the session id before sending, and leave the field out where there is none.",
    fix_command: "makegood events --finding external-id-unusable",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| external_id_unusable(subject),
    summary: |keys, judged| {
        format!(
            "{} an external id or a session id that stands for nobody ({} of those that carry one).",
            events_do(keys, "carries", "carry"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[
        ("The session id is a placeholder, so that nothing can be joined to it", |subject, _| {
            subject.row.event.as_ref().is_some_and(|event| event.facts.session_is_placeholder())
        }),
        ("The external id is a placeholder", |subject, _| has(subject, Flaw::ExternalIdPlaceholder)),
    ],
    lists: &[("By event", name_of)],
};

const FLAWS: Flaws = Flaws::of(&[Flaw::ExternalIdPlaceholder]);

fn external_id_unusable(subject: &Subject<'_>) -> Option<bool> {
    let event = expected_event(subject)?;
    let is_placeholder = event.facts.session_is_placeholder();
    let has_one = event.keys.present.has(MatchKey::ExternalId) || event.session.is_some() || is_placeholder;
    has_one.then(|| is_placeholder || event.flaws.has_any(FLAWS))
}
