//! A value is there that is no number.

use crate::domain::Severity;

use super::super::CheckFact;
use super::flawed::valued;
use super::rules::{Rules, Weight, campaign_of, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "value-not-number",
    severity: Severity::High,
    title: "A value is there that is no number.",
    causes: &["The price is written as people read it.", "The sender writes a word where it has no price."],
    fix: "Send a decimal number with a point, in major units: 9.99.",
    fix_command: "makegood events --finding value-not-number",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        valued(subject)
            .filter(|event| event.value.is_some() || event.facts.value_not_number())
            .map(|event| event.facts.value_not_number())
    },
    summary: |keys, judged| {
        format!(
            "{} a value that is no number ({} of those with a value).",
            events_do(keys, "has", "have"),
            share(keys, judged)
        )
    },
    weight: Weight::Loss,
    signs: &[],
    lists: &[("By event", name_of), ("By campaign", campaign_of)],
};
