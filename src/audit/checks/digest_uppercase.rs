//! A digest is written in upper-case hex.

use crate::domain::{Flaw, Flaws, Severity};

use super::super::CheckFact;
use super::flawed::{has, hashed};
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "digest-uppercase",
    severity: Severity::Low,
    title: "A digest is written in upper-case hex.",
    causes: &["The language's hex function writes capitals."],
    fix: "Write digests in lower-case hex. A backfill does so.",
    fix_command: "makegood events --finding digest-uppercase",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| hashed(subject, FLAWS),
    summary: |keys, judged| {
        format!(
            "{} a digest in upper-case hex ({} of those with a hashed key).",
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

const FLAWS: Flaws = Flaws::of(&[Flaw::DigestUpper]);
