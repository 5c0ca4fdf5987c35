//! A value is sent as text.

use crate::domain::{Flaw, Flaws, Severity};

use super::super::CheckFact;
use super::flawed::valued;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "value-as-text",
    severity: Severity::Low,
    title: "A value is sent as text.",
    causes: &["The price comes from a form or a template and is never made a number."],
    fix: "Send value as a JSON number. A backfill does so.",
    fix_command: "makegood events --finding value-as-text",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        valued(subject).filter(|event| event.value.is_some()).map(|event| event.flaws.has_any(FLAWS))
    },
    summary: |keys, judged| {
        format!(
            "{} a value in quotes ({} of those with a value).",
            events_do(keys, "has", "have"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[],
    lists: &[("By event", name_of)],
};

const FLAWS: Flaws = Flaws::of(&[Flaw::ValueAsText]);
