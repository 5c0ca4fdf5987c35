//! The server's requests leave out an e-mail address that the funnel knew.

use crate::domain::{MatchKey, Severity};

use super::super::CheckFact;
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "email-not-forwarded",
    severity: Severity::Medium,
    title: "The funnel knew the e-mail address, and the request to TikTok does not carry it.",
    causes: &[
        "The sender adds the address to the registration event only and does not keep it.",
        "The sender reads the address from a field that the funnel does not fill.",
        "The sender leaves personal data out on purpose.",
    ],
    fix: "Send the SHA-256 of the trimmed address in lower case as user.email with every server event after its capture.",
    fix_command: "makegood events --finding email-not-forwarded",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        expected_event(subject)?;
        let carried = subject.carried?;
        let lacks = carried.lacks.has(MatchKey::Email);
        (lacks || carried.sent.has(MatchKey::Email)).then_some(lacks)
    },
    summary: |keys, judged| {
        format!(
            "{} to TikTok without the e-mail address that the funnel knew ({} of the requests that could carry one).",
            events_do(keys, "went", "went"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[
        ("The event's own record has it, so the sender drops it", |subject, _| {
            subject.carried.is_some_and(|carried| carried.in_record.has(MatchKey::Email))
        }),
        ("Only an earlier record of the session has it, so the sender does not keep it", |subject, _| {
            subject.carried.is_some_and(|carried| {
                carried.lacks.has(MatchKey::Email) && !carried.in_record.has(MatchKey::Email)
            })
        }),
        (
            "The request carries neither phone nor external id, as if personal data were left out on purpose",
            |subject, _| {
                subject.carried.is_some_and(|carried| {
                    !carried.sent.has(MatchKey::Phone) && !carried.sent.has(MatchKey::ExternalId)
                })
            },
        ),
    ],
    lists: &[("By event", name_of)],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{exchange, only, sends, without};

    #[test]
    fn it_fires_on_the_request_that_shows_it_and_on_no_other() {
        let broken = sends(exchange("payment_succeeded"), |sent| {
            sent.body.keys.present = without(sent, MatchKey::Email);
        });
        let found = only(&[broken, exchange("payment_succeeded")], FACT.code);
        assert_eq!(found.events, 1);
        assert!(
            found.summary.starts_with("1 event went to TikTok without the e-mail address"),
            "{}",
            found.summary
        );
    }
}
