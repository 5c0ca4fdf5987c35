//! The external id changes within a session.

use crate::domain::{MatchKey, Severity};

use super::super::{CheckFact, Subject};
use super::flawed::page_of;
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "external-id-changes",
    severity: Severity::Medium,
    title: "The external id changes within a session.",
    causes: &[
        "One page sends the visitor's id, another the session's.",
        "One side puts the id into lower case before hashing.",
        "One session id is used for several visitors.",
    ],
    fix: "Choose one id per visitor, trim it, keep its case, and send it with every event of both legs.",
    fix_command: "makegood events --finding external-id-changes",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| external_id_changes(subject),
    summary: |keys, judged| {
        format!(
            "{} to a session with several external ids ({} of the events of sessions that show one).",
            events_do(keys, "belongs", "belong"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[(
        "Their session shows several e-mail addresses as well, so it may be several people",
        |subject, _| subject.row.session.as_ref().is_some_and(|session| session.several.has(MatchKey::Email)),
    )],
    lists: &[("By event", name_of), ("By page", page_of)],
};

fn external_id_changes(subject: &Subject<'_>) -> Option<bool> {
    expected_event(subject)?;
    let session = subject.row.session.as_ref()?;
    session.external_id_at.map(|_| session.several.has(MatchKey::ExternalId))
}
