//! The external id was put into lower case before hashing.

use crate::domain::{Flaw, Flaws, Severity};

use super::super::CheckFact;
use super::flawed::forensic;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "external-id-hash-differs",
    severity: Severity::Medium,
    title: "The external id was put into lower case before hashing.",
    causes: &[
        "The sender normalises ids like e-mail addresses.",
        "One leg lower-cases, and the other does not.",
    ],
    fix: "Trim the external id, keep its case, and hash it the same way on both legs.",
    fix_command: "makegood events --finding external-id-hash-differs",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| forensic(subject, FLAWS),
    summary: |keys, judged| {
        format!(
            "{} an external id that was hashed in lower case ({} of those with a hashed key).",
            events_do(keys, "has", "have"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[],
    lists: &[("By event", name_of)],
};

const FLAWS: Flaws = Flaws::of(&[Flaw::HashLowered]);
