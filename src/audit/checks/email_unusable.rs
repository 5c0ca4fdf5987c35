//! An e-mail address is there that is none.

use crate::domain::{Flaw, Flaws, MatchKey, Severity};

use super::super::CheckFact;
use super::flawed::{given, has};
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "email-unusable",
    severity: Severity::Medium,
    title: "An e-mail address is there that is none.",
    causes: &[
        "The sender writes a word where it has no address.",
        "The form takes anything.",
        "Several addresses stand in one text.",
    ],
    fix: "Check the address in the form, leave the field out where there is none, and send several as an array.",
    fix_command: "makegood events --finding email-unusable",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| given(subject, MatchKey::Email, FLAWS),
    summary: |keys, judged| {
        format!(
            "{} an e-mail field that holds no address ({} of those that carry one).",
            events_do(keys, "carries", "carry"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[
        ("A word for nothing", |subject, _| has(subject, Flaw::EmailPlaceholder)),
        ("Several addresses in one text", |subject, _| has(subject, Flaw::EmailJoined)),
        ("Not an address and not a digest", |subject, _| has(subject, Flaw::EmailUnreadable)),
    ],
    lists: &[("By event", name_of)],
};

const FLAWS: Flaws = Flaws::of(&[Flaw::EmailPlaceholder, Flaw::EmailUnreadable, Flaw::EmailJoined]);
