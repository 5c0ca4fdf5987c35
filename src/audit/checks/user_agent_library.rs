//! The user agent is the sending program's, or none.

use crate::domain::{Flaw, Flaws, MatchKey, Severity};

use super::super::CheckFact;
use super::flawed::{given, has};
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "user-agent-library",
    severity: Severity::Medium,
    title: "The user agent is the sending program's, or none.",
    causes: &[
        "The sender takes the agent of its own request.",
        "The sender writes a word where it has none.",
    ],
    fix: "Store the visitor's user agent with the session, and send that.",
    fix_command: "makegood events --finding user-agent-library",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| given(subject, MatchKey::UserAgent, FLAWS),
    summary: |keys, judged| {
        format!(
            "{} a user agent that is no visitor's ({} of those that carry one).",
            events_do(keys, "carries", "carry"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[
        ("A program that sends HTTP", |subject, _| has(subject, Flaw::AgentLibrary)),
        ("A word for nothing", |subject, _| has(subject, Flaw::AgentPlaceholder)),
        ("Longer than any browser's", |subject, _| has(subject, Flaw::AgentTooLong)),
    ],
    lists: &[("By event", name_of)],
};

const FLAWS: Flaws = Flaws::of(&[Flaw::AgentLibrary, Flaw::AgentPlaceholder, Flaw::AgentTooLong]);
