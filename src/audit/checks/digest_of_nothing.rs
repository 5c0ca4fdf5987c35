//! A digest is sent that is the digest of an empty text or of a word for nothing.

use crate::domain::{Flaw, Flaws, Severity};

use super::super::CheckFact;
use super::flawed::{has, hashed};
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "digest-of-nothing",
    severity: Severity::Medium,
    title: "A digest is sent that is the digest of an empty text or of a word for nothing.",
    causes: &[
        "The sender hashes before it looks whether there is a value.",
        "The sender hashes the word null or undefined.",
    ],
    fix: "Look for the value first, and leave the field out where there is none.",
    fix_command: "makegood events --finding digest-of-nothing",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| hashed(subject, FLAWS),
    summary: |keys, judged| {
        format!(
            "{} the digest of nothing ({} of those with a hashed key).",
            events_do(keys, "carries", "carry"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[
        ("In the e-mail address", |subject, _| has(subject, Flaw::DigestInEmail)),
        ("In the phone number", |subject, _| has(subject, Flaw::DigestInPhone)),
        ("In the external id", |subject, _| has(subject, Flaw::DigestInExternalId)),
    ],
    lists: &[("By event", name_of)],
};

const FLAWS: Flaws = Flaws::of(&[Flaw::DigestOfNothing]);
