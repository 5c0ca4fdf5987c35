//! Limited data use is given as text.

use crate::domain::{Flaw, Flaws, Severity};

use super::super::CheckFact;
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "limited-data-use-as-text",
    severity: Severity::Medium,
    title: "Limited data use is given as text.",
    causes: &["A template puts it in quotes."],
    fix: "Send limited_data_use as true or false, without quotes.",
    fix_command: "makegood events --finding limited-data-use-as-text",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        expected_event(subject)
            .filter(|event| {
                event.facts.limited_data_use() != crate::domain::LimitedDataUse::Absent
                    || event.flaws.has_any(FLAWS)
            })
            .map(|event| event.flaws.has_any(FLAWS))
    },
    summary: |keys, judged| {
        format!(
            "{} limited data use as text ({} of those that say it).",
            events_do(keys, "gives", "give"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[],
    lists: &[("By event", name_of)],
};

const FLAWS: Flaws = Flaws::of(&[Flaw::LimitedAsText]);
