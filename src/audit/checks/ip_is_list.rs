//! The IP address is a whole chain of addresses.

use crate::domain::{Flaw, Flaws, MatchKey, Severity};

use super::super::CheckFact;
use super::flawed::given;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "ip-is-list",
    severity: Severity::Medium,
    title: "The IP address is a whole chain of addresses.",
    causes: &["X-Forwarded-For is passed on as it is."],
    fix: "Send the one address of the visitor: the first of the chain that your own proxies did not write.",
    fix_command: "makegood events --finding ip-is-list",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| given(subject, MatchKey::Ip, FLAWS),
    summary: |keys, judged| {
        format!(
            "{} several IP addresses in one text ({} of those that carry one).",
            events_do(keys, "carries", "carry"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[],
    lists: &[("By event", name_of)],
};

const FLAWS: Flaws = Flaws::of(&[Flaw::IpList]);
