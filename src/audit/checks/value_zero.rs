//! A payment has the value 0, or less.

use crate::domain::Severity;

use super::super::CheckFact;
use super::flawed::valued;
use super::rules::{Rules, Weight, campaign_of, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "value-zero",
    severity: Severity::Medium,
    title: "A payment has the value 0, or less.",
    causes: &[
        "A free trial or a full discount is logged as a payment.",
        "The price is not known yet when the event is made.",
        "A refund is logged as a payment.",
    ],
    fix: "Log trials as trial_started, and payments with what was paid.",
    fix_command: "makegood events --finding value-zero",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        valued(subject).and_then(|event| event.value).map(|value| value.is_zero() || value.is_negative())
    },
    summary: |keys, judged| {
        format!(
            "{} a value of 0 or less ({} of those with a value).",
            events_do(keys, "has", "have"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[("Less than 0", |subject, _| {
        subject
            .row
            .event
            .as_ref()
            .and_then(|event| event.value)
            .is_some_and(crate::domain::Amount::is_negative)
    })],
    lists: &[("By event", name_of), ("By campaign", campaign_of)],
};
