//! A digest was hashed a second time.

use crate::domain::{Flaw, Flaws, Severity};

use super::super::CheckFact;
use super::flawed::forensic;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "hash-double",
    severity: Severity::Medium,
    title: "A digest was hashed a second time.",
    causes: &[
        "The app hashes the value, and so does the SDK or the tag behind it.",
        "A stored digest is taken for a raw value.",
    ],
    fix: "Hash once: pass the raw value to an SDK that hashes, or the digest to one that does not.",
    fix_command: "makegood events --finding hash-double",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| forensic(subject, FLAWS),
    summary: |keys, judged| {
        format!(
            "{} a digest that was hashed twice ({} of those with a hashed key).",
            events_do(keys, "has", "have"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[],
    lists: &[("By event", name_of)],
};

const FLAWS: Flaws = Flaws::of(&[Flaw::HashDouble]);
