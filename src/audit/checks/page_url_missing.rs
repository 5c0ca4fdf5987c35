//! An event has no page URL.

use crate::domain::Severity;

use super::super::CheckFact;
use super::known::expected_event;
use super::rules::{Rules, Weight, campaign_of, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "page-url-missing",
    severity: Severity::High,
    title: "An event has no page URL.",
    causes: &[
        "A webhook of the payment provider is the source.",
        "The field has another name in the record.",
    ],
    fix: "Send page.url, the whole address with its query, with every web event.",
    fix_command: "makegood events --finding page-url-missing",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        expected_event(subject).map(|event| !event.facts.has_url() && !event.facts.has_path_only())
    },
    summary: |keys, judged| {
        format!("{} no page URL ({} of all).", events_do(keys, "has", "have"), share(keys, judged))
    },
    weight: Weight::Loss,
    signs: &[],
    lists: &[("By event", name_of), ("By campaign", campaign_of)],
};
