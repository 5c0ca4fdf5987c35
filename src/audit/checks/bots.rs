//! Crawlers, monitors or previews are counted as visitors.

use crate::domain::{Flaw, Flaws, MatchKey, Severity};

use super::super::CheckFact;
use super::flawed::given;
use super::known::is_purchase;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "bots",
    severity: Severity::Low,
    title: "Crawlers, monitors or previews are counted as visitors.",
    causes: &["A search engine or an ad check visits the funnel.", "A monitor walks through the funnel."],
    fix: "Mark such records as tests at the source, or exclude them by a rule of the config. Nothing is excluded by its user agent alone.",
    fix_command: "makegood events --finding bots",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| given(subject, MatchKey::UserAgent, FLAWS),
    summary: |keys, judged| {
        format!(
            "{} from a crawler, a monitor or a preview by its user agent ({} of those that carry one).",
            events_do(keys, "comes", "come"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[("Purchases among them, which a bot should not make", |subject, _| is_purchase(subject.row))],
    lists: &[("By event", name_of)],
};

const FLAWS: Flaws = Flaws::of(&[Flaw::AgentBot]);
