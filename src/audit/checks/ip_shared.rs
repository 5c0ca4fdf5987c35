//! One IP address stands for many visitors.

use crate::domain::{MatchKey, SessionState, Severity};

use super::super::{CheckFact, Subject};
use super::flawed::page_of;
use super::known::{expected_event, is_purchase};
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "ip-shared",
    severity: Severity::Medium,
    title: "One IP address stands for many visitors.",
    causes: &[
        "The address is the server's or a proxy's own.",
        "A monitor or a tester visits from one place.",
        "An office, a campus or a mobile carrier stands behind it.",
    ],
    fix: "Take the visitor's address from the header that your own proxy sets.",
    fix_command: "makegood events --finding ip-shared",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| ip_shared(subject),
    summary: |keys, judged| {
        format!(
            "{} an IP address that 20 or more sessions share, one in a hundred or more of all ({} of those with a public one).",
            events_do(keys, "carries", "carry"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[("Purchases from it, so that real visitors stand behind it", |subject, _| {
        is_purchase(subject.row)
    })],
    lists: &[("By event", name_of), ("By page", page_of)],
};

/// Fewer sessions than this prove nothing: a family, a small office.
const PEOPLE_MIN: u32 = 20;
/// One session in a hundred.
const SHARE_MIN_PPM: u32 = 10_000;

fn ip_shared(subject: &Subject<'_>) -> Option<bool> {
    let event = expected_event(subject)?;
    let session = subject.row.session.as_ref()?;
    event.keys.valid.has(MatchKey::Ip).then(|| is_shared(session))
}

pub(super) const fn is_shared(session: &SessionState) -> bool {
    session.ip_people >= PEOPLE_MIN && session.ip_people_ppm >= SHARE_MIN_PPM
}
