//! The server's requests leave out other match keys that the funnel knew.

use crate::domain::{MatchKey, Severity};

use super::super::CheckFact;
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "match-keys-not-forwarded",
    severity: Severity::Medium,
    title: "The funnel knew a ttp, phone number, external id, IP address or user agent, and the request to TikTok does not carry it.",
    causes: &[
        "The sender forwards a fixed list of fields, and the key is not on it.",
        "The sender runs behind the funnel and has no access to the visitor's request.",
        "The sender does not pass the session's id as the external id.",
    ],
    fix: "Send every match key that the funnel knows with every server event: ttp, phone and external_id (hashed), ip and user_agent of the visitor.",
    fix_command: "makegood events --finding match-keys-not-forwarded",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        expected_event(subject)?;
        subject.carried.map(|carried| OTHERS.into_iter().any(|key| carried.lacks.has(key)))
    },
    summary: |keys, judged| {
        format!(
            "{} to TikTok without a ttp, phone number, external id, IP address or user agent that the funnel knew ({} of the requests that were logged).",
            events_do(keys, "went", "went"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[
        ("Without ttp", |subject, _| subject.carried.is_some_and(|carried| carried.lacks.has(MatchKey::Ttp))),
        ("Without phone number", |subject, _| {
            subject.carried.is_some_and(|carried| carried.lacks.has(MatchKey::Phone))
        }),
        ("Without external id: neither the funnel's nor the session's id", |subject, _| {
            subject.carried.is_some_and(|carried| carried.lacks.has(MatchKey::ExternalId))
        }),
        ("Without IP address", |subject, _| {
            subject.carried.is_some_and(|carried| carried.lacks.has(MatchKey::Ip))
        }),
        ("Without user agent", |subject, _| {
            subject.carried.is_some_and(|carried| carried.lacks.has(MatchKey::UserAgent))
        }),
    ],
    lists: &[("By event", name_of)],
};

/// Click id and e-mail address have findings of their own.
const OTHERS: [MatchKey; 5] =
    [MatchKey::Ttp, MatchKey::Phone, MatchKey::ExternalId, MatchKey::Ip, MatchKey::UserAgent];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{exchange, only, sends, without};

    #[test]
    fn it_fires_on_the_request_that_shows_it_and_on_no_other() {
        let broken = sends(exchange("payment_succeeded"), |sent| {
            sent.body.keys.present = without(sent, MatchKey::Ip);
        });
        let found = only(&[broken, exchange("payment_succeeded")], FACT.code);
        assert_eq!(found.events, 1);
        assert!(found.summary.starts_with("1 event went to TikTok without a ttp"), "{}", found.summary);
    }
}
