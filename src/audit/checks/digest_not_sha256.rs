//! A digest is not a SHA-256 digest in hex.

use crate::domain::{Flaw, Flaws, Severity};

use super::super::CheckFact;
use super::flawed::{has, hashed};
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "digest-not-sha256",
    severity: Severity::Medium,
    title: "A digest is not a SHA-256 digest in hex.",
    causes: &[
        "The sender hashes with MD5 or SHA-1.",
        "The sender writes base64 where TikTok wants hex.",
        "The digest was cut, or is of another kind.",
    ],
    fix: "Hash with SHA-256 and write the digest as 64 lower-case hex digits.",
    fix_command: "makegood events --finding digest-not-sha256",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| hashed(subject, FLAWS),
    summary: |keys, judged| {
        format!(
            "{} a digest that is not SHA-256 in hex ({} of those with a hashed key).",
            events_do(keys, "carries", "carry"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[
        ("MD5: 32 hex digits", |subject, _| has(subject, Flaw::DigestMd5)),
        ("SHA-1: 40 hex digits", |subject, _| has(subject, Flaw::DigestSha1)),
        ("SHA-256 in base64", |subject, _| has(subject, Flaw::DigestBase64)),
        ("Hex digits of another length", |subject, _| has(subject, Flaw::DigestLength)),
        ("In the e-mail address", |subject, _| has(subject, Flaw::DigestInEmail)),
        ("In the phone number", |subject, _| has(subject, Flaw::DigestInPhone)),
        ("In the external id", |subject, _| has(subject, Flaw::DigestInExternalId)),
    ],
    lists: &[("By event", name_of)],
};

const FLAWS: Flaws = Flaws::of(&[Flaw::DigestMd5, Flaw::DigestSha1, Flaw::DigestBase64, Flaw::DigestLength]);
