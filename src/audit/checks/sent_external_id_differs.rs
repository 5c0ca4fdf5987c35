//! The external id in the requests is not the one of the funnel.

use crate::domain::{Flaw, MatchKey, Severity};

use super::super::{CheckFact, Subject};
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "sent-external-id-differs",
    severity: Severity::Low,
    title: "The external id that was sent is not the one that the funnel's log shows for the visitor.",
    causes: &[
        "The sender hashes the session's id, while the funnel and the Pixel use the visitor's own id.",
        "The sender puts the id into lower case, or trims or hashes it in another way than the Pixel.",
        "The sender uses an id of its own, such as the payment provider's customer id.",
    ],
    fix: "Send the same external id on both legs: trimmed, in its own letter case, hashed once with SHA-256; the session's id where the funnel has no other.",
    fix_command: "makegood events --finding sent-external-id-differs",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        expected_event(subject)?;
        let carried = subject.carried?;
        carried.sent.has(MatchKey::ExternalId).then(|| carried.differs.has(MatchKey::ExternalId))
    },
    summary: |keys, judged| {
        format!(
            "{} to TikTok with another external id than the funnel's ({} of the requests that carry one).",
            events_do(keys, "went", "went"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[
        ("It is the session's id, and the funnel has another one", |subject, _| {
            subject.carried.is_some_and(|carried| carried.is_session_id)
        }),
        ("Hashed in lower case", |subject, _| how(subject, Flaw::HashLowered)),
        ("Hashed with white space around it", |subject, _| how(subject, Flaw::HashUntrimmed)),
        ("Hashed twice", |subject, _| how(subject, Flaw::HashDouble)),
        ("By no recipe that we know, so it is another id", |subject, _| how(subject, Flaw::HashUnknown)),
    ],
    lists: &[("By event", name_of)],
};

fn how(subject: &Subject<'_>, flaw: Flaw) -> bool {
    subject.carried.is_some_and(|carried| carried.how.has(flaw))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{exchange, only, sends, shows};

    #[test]
    fn it_fires_on_the_request_that_shows_it_and_on_no_other() {
        let broken = sends(exchange("payment_succeeded"), |sent| {
            sent.mismatch.keys.add(MatchKey::ExternalId);
            sent.mismatch.is_session_id = true;
            sent.body.keys.present.add(MatchKey::ExternalId);
        });
        let found = only(&[broken, exchange("payment_succeeded")], FACT.code);
        assert_eq!(found.events, 1);
        assert!(
            found.summary.starts_with("1 event went to TikTok with another external id"),
            "{}",
            found.summary
        );
        assert!(shows(&found, "It is the session's id"));
    }
}
