//! The IP address is private, reserved, or none.

use crate::domain::{Flaw, Flaws, MatchKey, Severity};

use super::super::CheckFact;
use super::flawed::{given, has};
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "ip-not-public",
    severity: Severity::Medium,
    title: "The IP address is private, reserved, or none.",
    causes: &[
        "The proxy's header is ignored, and the sender takes the address of the connection.",
        "A placeholder was left in.",
        "A port or other text stands beside it.",
    ],
    fix: "Take the visitor's address from the header that your own proxy sets, and from no other. A backfill leaves a bad one out.",
    fix_command: "makegood events --finding ip-not-public",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| given(subject, MatchKey::Ip, FLAWS),
    summary: |keys, judged| {
        format!(
            "{} an IP address that is no visitor's ({} of those that carry one).",
            events_do(keys, "carries", "carry"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[
        ("Private, loopback, or of a carrier's inner network", |subject, _| has(subject, Flaw::IpPrivate)),
        ("Reserved, for documentation, or not given out", |subject, _| has(subject, Flaw::IpReserved)),
        ("Cannot be read", |subject, _| has(subject, Flaw::IpUnreadable)),
    ],
    lists: &[("By event", name_of)],
};

const FLAWS: Flaws = Flaws::of(&[Flaw::IpPrivate, Flaw::IpReserved, Flaw::IpUnreadable]);
