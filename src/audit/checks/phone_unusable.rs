//! A phone number is there that cannot be read.

use crate::domain::{Flaw, Flaws, MatchKey, Severity};

use super::super::CheckFact;
use super::flawed::{given, has};
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "phone-unusable",
    severity: Severity::Low,
    title: "A phone number is there that cannot be read.",
    causes: &["The form takes anything.", "The sender writes a word where it has no number."],
    fix: "Check the number in the form, and leave the field out where there is none.",
    fix_command: "makegood events --finding phone-unusable",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| given(subject, MatchKey::Phone, FLAWS),
    summary: |keys, judged| {
        format!(
            "{} a phone field that holds no number ({} of those that carry one).",
            events_do(keys, "carries", "carry"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[
        ("A word for nothing", |subject, _| has(subject, Flaw::PhonePlaceholder)),
        ("Too short, too long, or with letters", |subject, _| has(subject, Flaw::PhoneUnreadable)),
    ],
    lists: &[("By event", name_of)],
};

const FLAWS: Flaws = Flaws::of(&[Flaw::PhonePlaceholder, Flaw::PhoneUnreadable]);
