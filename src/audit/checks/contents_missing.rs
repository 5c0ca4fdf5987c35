//! A checkout or payment says nothing of what was bought.

use crate::domain::Severity;

use super::super::CheckFact;
use super::flawed::with_goods;
use super::rules::{Rules, Weight, campaign_of, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "contents-missing",
    severity: Severity::Low,
    title: "A checkout or payment says nothing of what was bought.",
    causes: &["The sender does not pass the product on at this step."],
    fix: "Send contents with content_id, content_name, quantity and price.",
    fix_command: "makegood events --finding contents-missing",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| with_goods(subject).map(|event| !event.facts.has_contents()),
    summary: |keys, judged| {
        format!(
            "{} no contents ({} of the events that should).",
            events_do(keys, "has", "have"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[],
    lists: &[("By event", name_of), ("By campaign", campaign_of)],
};
