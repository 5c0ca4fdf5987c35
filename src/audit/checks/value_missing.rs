//! An event that must carry money has no value.

use crate::domain::Severity;

use super::super::CheckFact;
use super::flawed::valued;
use super::rules::{Rules, Weight, campaign_of, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "value-missing",
    severity: Severity::High,
    title: "An event that must carry money has no value.",
    causes: &["The sender does not pass the price on at this step.", "A product without a price is sold."],
    fix: "Send value (a decimal number, such as 9.99) and currency with every checkout and payment event.",
    fix_command: "makegood events --finding value-missing",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| valued(subject).map(|event| event.value.is_none() && !event.facts.value_not_number()),
    summary: |keys, judged| {
        format!(
            "{} no value ({} of the events that must).",
            events_do(keys, "carries", "carry"),
            share(keys, judged)
        )
    },
    weight: Weight::Loss,
    signs: &[("A currency is there", |subject, _| {
        subject.row.event.as_ref().is_some_and(|event| event.place.currency.is_some())
    })],
    lists: &[("By event", name_of), ("By campaign", campaign_of)],
};
