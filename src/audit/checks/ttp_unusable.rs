//! A ttp is there that the Pixel never set.

use crate::domain::{Flaw, Flaws, MatchKey, Severity};

use super::super::CheckFact;
use super::flawed::{given, has};
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "ttp-unusable",
    severity: Severity::Low,
    title: "A ttp is there that the Pixel never set.",
    causes: &[
        "The sender makes one up where there is no cookie.",
        "The wrong value is copied.",
        "The sender writes a word where it found no cookie.",
    ],
    fix: "Send the _ttp cookie as it is, or leave the field out.",
    fix_command: "makegood events --finding ttp-unusable",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| given(subject, MatchKey::Ttp, FLAWS),
    summary: |keys, judged| {
        format!(
            "{} a ttp that is no _ttp cookie ({} of those that carry one).",
            events_do(keys, "carries", "carry"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[
        ("A UUID or a number, so somebody made it up", |subject, _| has(subject, Flaw::TtpGenerated)),
        ("It is the ttclid", |subject, _| has(subject, Flaw::TtpIsTtclid)),
        ("A word for nothing", |subject, _| has(subject, Flaw::TtpPlaceholder)),
        ("Too short, too long, or with characters that no such cookie has", |subject, _| {
            has(subject, Flaw::TtpShape)
        }),
    ],
    lists: &[("By event", name_of)],
};

const FLAWS: Flaws =
    Flaws::of(&[Flaw::TtpPlaceholder, Flaw::TtpShape, Flaw::TtpIsTtclid, Flaw::TtpGenerated]);
