//! An item of contents has no `content_id`.

use crate::domain::Severity;

use super::super::CheckFact;
use super::flawed::with_contents;
use super::rules::{Rules, Weight, campaign_of, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "content-id-missing",
    severity: Severity::Medium,
    title: "An item of contents has no content_id.",
    causes: &["The id has another name in the record.", "A product was set up without an id."],
    fix: "Give each item a content_id: a text that is not blank, the same that your catalogue has.",
    fix_command: "makegood events --finding content-id-missing",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        with_contents(subject).map(|event| {
            !event.facts.content_ids_good() && !event.flaws.has(crate::domain::Flaw::ContentIdNotText)
        })
    },
    summary: |keys, judged| {
        format!(
            "{} an item without content_id ({} of those with contents).",
            events_do(keys, "has", "have"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[],
    lists: &[("By event", name_of), ("By campaign", campaign_of)],
};
