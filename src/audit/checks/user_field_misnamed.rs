//! A match key stands under a name that TikTok does not know.

use crate::domain::{Flaw, Flaws, Severity};

use super::super::CheckFact;
use super::flawed::page_of;
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "user-field-misnamed",
    severity: Severity::Medium,
    title: "A match key stands under a name that TikTok does not know.",
    causes: &["The field is named as another platform wants it.", "The name is the app's own."],
    fix: "Use TikTok's names in user: ttclid, ttp, email, phone, external_id, ip, user_agent.",
    fix_command: "makegood events --finding user-field-misnamed",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| expected_event(subject).map(|event| event.flaws.has_any(FLAWS)),
    summary: |keys, judged| {
        format!(
            "{} a match key under a name that TikTok does not know, and lacks it under the right one ({} of all).",
            events_do(keys, "has", "have"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[],
    lists: &[("By event", name_of), ("By page", page_of)],
};

const FLAWS: Flaws = Flaws::of(&[Flaw::UserFieldMisnamed]);
