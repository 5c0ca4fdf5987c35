//! The value is not the sum of price × quantity.

use crate::domain::{Flaw, Flaws, Severity};

use super::super::CheckFact;
use super::flawed::{has, with_contents};
use super::rules::{Rules, Weight, campaign_of, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "value-differs-from-contents",
    severity: Severity::Low,
    title: "The value is not the sum of price × quantity.",
    causes: &[
        "One of the two is in minor units (cents).",
        "Discount, tax or shipping is in one and not in the other.",
        "Price is given per line and not per piece.",
    ],
    fix: "Send value as the decimal total that was paid, in major units, and price as that of one piece.",
    fix_command: "makegood events --finding value-differs-from-contents",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        let event = with_contents(subject)?;
        // A payment of nothing is a finding of its own.
        let is_nothing = event.value.is_some_and(|value| value.is_zero() || value.is_negative());
        Some(event.flaws.has_any(FLAWS) && !is_nothing)
    },
    summary: |keys, judged| {
        format!(
            "{} a value that is not the sum of its contents ({} of those with contents).",
            events_do(keys, "has", "have"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[("One is a hundred times the other: cents", |subject, _| has(subject, Flaw::ValueHundredfold))],
    lists: &[("By event", name_of), ("By campaign", campaign_of)],
};

const FLAWS: Flaws = Flaws::of(&[Flaw::ValueDiffers]);
