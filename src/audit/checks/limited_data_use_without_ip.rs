//! Limited data use is on, and there is no IP address to apply it by.

use crate::domain::{LimitedDataUse, MatchKey, Severity, StoredEvent};

use super::super::{CheckFact, Subject};
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "limited-data-use-without-ip",
    severity: Severity::High,
    title: "Limited data use is on, and there is no IP address to apply it by.",
    causes: &["The IP address is not passed on.", "The IP address is no visitor's."],
    fix: "Send the visitor's IP address: TikTok tells the US state by it.",
    fix_command: "makegood events --finding limited-data-use-without-ip",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| limited(subject).map(|event| !event.keys.valid.has(MatchKey::Ip)),
    summary: |keys, judged| {
        format!(
            "{} limited data use without an IP address ({} of those with it).",
            events_do(keys, "asks", "ask"),
            share(keys, judged)
        )
    },
    weight: Weight::Loss,
    signs: &[("An address is there, and it cannot be used", |subject, _| {
        subject.row.event.as_ref().is_some_and(|event| event.keys.present.has(MatchKey::Ip))
    })],
    lists: &[("By event", name_of)],
};

fn limited<'a>(subject: &Subject<'a>) -> Option<&'a StoredEvent> {
    expected_event(subject).filter(|event| event.facts.limited_data_use() == LimitedDataUse::Yes)
}
