//! The page is given as a path only, and the config names no origin for it.

use crate::domain::{Severity, StoredEvent};

use super::super::{CheckFact, Scope};
use super::known::expected_event;
use super::rules::{Rules, Weight, campaign_of, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "page-url-relative",
    severity: Severity::Medium,
    title: "The page is given as a path only, and the config names no origin for it.",
    causes: &["The funnel logs page_location as a path, as its webhook does."],
    fix: "Name the origin in the campaign's config ([[campaign]] origin = \"https://quiz.example.com\"), or log whole URLs.",
    fix_command: "makegood events --finding page-url-relative",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, scope| {
        expected_event(subject).map(|event| event.facts.has_path_only() && !has_origin(event, scope))
    },
    summary: |keys, judged| {
        format!(
            "{} a path where a whole page URL should be ({} of all).",
            events_do(keys, "has", "have"),
            share(keys, judged)
        )
    },
    weight: Weight::Loss,
    signs: &[],
    lists: &[("By event", name_of), ("By campaign", campaign_of)],
};

pub(super) fn has_origin(event: &StoredEvent, scope: &Scope<'_>) -> bool {
    scope.policy.campaign(event.place.campaign.as_ref()).is_some_and(|campaign| campaign.origin.is_some())
}
