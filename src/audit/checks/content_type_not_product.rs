//! `content_type` is missing or is not product.

use crate::domain::{Flaw, Severity};

use super::super::CheckFact;
use super::flawed::{has, with_contents};
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "content-type-not-product",
    severity: Severity::Low,
    title: "content_type is missing or is not product.",
    causes: &["The sender leaves it out.", "Another platform's word was taken over."],
    fix: "Send content_type: \"product\".",
    fix_command: "makegood events --finding content-type-not-product",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| with_contents(subject).map(|event| !event.facts.content_type_product()),
    summary: |keys, judged| {
        format!(
            "{} no content_type “product” ({} of those with contents).",
            events_do(keys, "has", "have"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[("It is there, and says something else", |subject, _| has(subject, Flaw::ContentTypeOther))],
    lists: &[("By event", name_of)],
};
