//! A digest was made of a value that was not normalised first.

use crate::domain::{Flaw, Flaws, Severity};

use super::super::CheckFact;
use super::flawed::{forensic, has};
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "hash-not-normalised",
    severity: Severity::Medium,
    title: "A digest was made of a value that was not normalised first.",
    causes: &[
        "The sender hashes an address without putting it into lower case.",
        "The sender hashes a value with white space around it, or a number as it was typed.",
        "The sender hashes Latin-1 bytes, or a list as one text.",
    ],
    fix: "Trim, put e-mail addresses into lower case, write numbers as E.164, encode as UTF-8, then hash with SHA-256, each value of a list by itself.",
    fix_command: "makegood events --finding hash-not-normalised",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| forensic(subject, FLAWS),
    summary: |keys, judged| {
        format!(
            "{} a digest that was not made as TikTok wants it ({} of those with a hashed key).",
            events_do(keys, "has", "have"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[
        ("Hashed without lower-casing", |subject, _| has(subject, Flaw::HashUnlowered)),
        ("Hashed with white space around it, or as it was typed", |subject, _| {
            has(subject, Flaw::HashUntrimmed)
        }),
        ("Hashed as Latin-1 bytes", |subject, _| has(subject, Flaw::HashLatin1)),
        ("A list hashed as one text", |subject, _| has(subject, Flaw::HashJoined)),
        ("By no recipe that we know, so it may be another person's", |subject, _| {
            has(subject, Flaw::HashUnknown)
        }),
    ],
    lists: &[("By event", name_of)],
};

const FLAWS: Flaws = Flaws::of(&[
    Flaw::HashUntrimmed,
    Flaw::HashUnlowered,
    Flaw::HashLatin1,
    Flaw::HashJoined,
    Flaw::HashUnknown,
]);
