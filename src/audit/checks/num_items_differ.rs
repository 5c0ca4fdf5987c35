//! `num_items` is not the sum of the quantities.

use crate::domain::{Flaw, Flaws, Severity};

use super::super::CheckFact;
use super::flawed::with_contents;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "num-items-differ",
    severity: Severity::Low,
    title: "num_items is not the sum of the quantities.",
    causes: &["The sender counts lines and not pieces.", "It is a constant."],
    fix: "Send the sum of all quantities as num_items.",
    fix_command: "makegood events --finding num-items-differ",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| with_contents(subject).map(|event| event.flaws.has_any(FLAWS)),
    summary: |keys, judged| {
        format!(
            "{} a num_items that is not the sum of the quantities ({} of those with contents).",
            events_do(keys, "has", "have"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[],
    lists: &[("By event", name_of)],
};

const FLAWS: Flaws = Flaws::of(&[Flaw::NumItemsDiffer]);
