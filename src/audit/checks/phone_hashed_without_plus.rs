//! A phone number was hashed without its plus sign.

use crate::domain::{Flaw, Flaws, Severity};

use super::super::CheckFact;
use super::flawed::forensic;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "phone-hashed-without-plus",
    severity: Severity::Medium,
    title: "A phone number was hashed without its plus sign.",
    causes: &["The sender strips everything but digits, as other platforms want it."],
    fix: "Hash E.164 with its plus sign: +12133734253.",
    fix_command: "makegood events --finding phone-hashed-without-plus",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| forensic(subject, FLAWS),
    summary: |keys, judged| {
        format!(
            "{} a phone number that was hashed without its + ({} of those with a hashed key).",
            events_do(keys, "has", "have"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[],
    lists: &[("By event", name_of)],
};

const FLAWS: Flaws = Flaws::of(&[Flaw::HashWithoutPlus]);
