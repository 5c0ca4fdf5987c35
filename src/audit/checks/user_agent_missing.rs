//! An IP address is there without its user agent.

use crate::domain::{MatchKey, Severity};

use super::super::{CheckFact, Subject};
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "user-agent-missing",
    severity: Severity::Medium,
    title: "An IP address is there without its user agent.",
    causes: &[
        "The user agent is not passed on to the part that sends.",
        "A webhook of the payment provider is the source.",
    ],
    fix: "Store the visitor's user agent with the session, and send it together with the IP address.",
    fix_command: "makegood events --finding user-agent-missing",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| agent_missing(subject),
    summary: |keys, judged| {
        format!(
            "{} an IP address and no user agent ({} of those that carry an address).",
            events_do(keys, "carries", "carry"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[],
    lists: &[("By event", name_of)],
};

fn agent_missing(subject: &Subject<'_>) -> Option<bool> {
    let event = expected_event(subject)?;
    let present = event.keys.present;
    present.has(MatchKey::Ip).then(|| !present.has(MatchKey::UserAgent))
}
