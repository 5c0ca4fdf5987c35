//! An item of contents lacks its name, quantity or price.

use crate::domain::{Flaw, Flaws, Severity};

use super::super::CheckFact;
use super::flawed::{has, with_contents};
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "content-details-missing",
    severity: Severity::Low,
    title: "An item of contents lacks its name, quantity or price.",
    causes: &["The sender passes a product id only.", "The field has another name in the record."],
    fix: "Send content_name, quantity and price (of one piece) with each item.",
    fix_command: "makegood events --finding content-details-missing",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| with_contents(subject).map(|event| event.flaws.has_any(FLAWS)),
    summary: |keys, judged| {
        format!(
            "{} an item without name, quantity or price ({} of those with contents).",
            events_do(keys, "has", "have"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[
        ("Without content_name", |subject, _| has(subject, Flaw::ContentNameMissing)),
        ("Without quantity", |subject, _| has(subject, Flaw::QuantityMissing)),
        ("Without price", |subject, _| has(subject, Flaw::PriceMissing)),
    ],
    lists: &[("By event", name_of)],
};

const FLAWS: Flaws = Flaws::of(&[Flaw::ContentNameMissing, Flaw::QuantityMissing, Flaw::PriceMissing]);
