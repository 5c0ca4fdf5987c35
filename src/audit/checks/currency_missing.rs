//! A value has no currency.

use crate::domain::Severity;

use super::super::CheckFact;
use super::flawed::valued;
use super::rules::{Rules, Weight, campaign_of, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "currency-missing",
    severity: Severity::High,
    title: "A value has no currency.",
    causes: &[
        "The sender does not pass the currency on at this step.",
        "One shop or funnel has no currency set.",
    ],
    fix: "Send currency (ISO 4217, such as USD) beside every value.",
    fix_command: "makegood events --finding currency-missing",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        valued(subject).filter(|event| event.value.is_some()).map(|event| event.place.currency.is_none())
    },
    summary: |keys, judged| {
        format!(
            "{} a value and no currency ({} of those with a value).",
            events_do(keys, "has", "have"),
            share(keys, judged)
        )
    },
    weight: Weight::Loss,
    signs: &[],
    lists: &[("By event", name_of), ("By campaign", campaign_of)],
};
