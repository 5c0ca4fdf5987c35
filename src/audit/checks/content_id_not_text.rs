//! A `content_id` is a number.

use crate::domain::{Flaw, Flaws, Severity};

use super::super::CheckFact;
use super::flawed::with_contents;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "content-id-not-text",
    severity: Severity::Medium,
    title: "A content_id is a number.",
    causes: &["The shop numbers its products, and the sender passes the number."],
    fix: "Send content_id as text: \"42\" and not 42.",
    fix_command: "makegood events --finding content-id-not-text",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| with_contents(subject).map(|event| event.flaws.has_any(FLAWS)),
    summary: |keys, judged| {
        format!(
            "{} a content_id that is no text ({} of those with contents).",
            events_do(keys, "has", "have"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[],
    lists: &[("By event", name_of)],
};

const FLAWS: Flaws = Flaws::of(&[Flaw::ContentIdNotText]);
