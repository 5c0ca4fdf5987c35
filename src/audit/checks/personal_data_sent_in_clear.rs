//! E-mail addresses or phone numbers went to TikTok unhashed.

use crate::domain::{MatchKey, Severity};

use super::super::CheckFact;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "personal-data-sent-in-clear",
    severity: Severity::High,
    title: "The request to TikTok carries an e-mail address or a phone number as readable text.",
    causes: &[
        "The sender does not hash at all.",
        "One path of the sender, such as a retry or a webhook, forgets to hash.",
        "A tag hashes in the browser, and the server forwards the raw field beside it.",
    ],
    fix: "Hash e-mail address and phone number with SHA-256 before they leave your server. Tell whoever answers for privacy: the data has left the house, and it stands in your log.",
    fix_command: "makegood events --finding personal-data-sent-in-clear",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        let carried = subject.carried?;
        let has_one = carried.sent.has(MatchKey::Email) || carried.sent.has(MatchKey::Phone);
        has_one.then(|| !carried.in_clear.is_empty())
    },
    summary: |keys, judged| {
        format!(
            "{} to TikTok with an e-mail address or a phone number in clear ({} of the requests that carry one).",
            events_do(keys, "went", "went"),
            share(keys, judged)
        )
    },
    weight: Weight::Stated,
    signs: &[
        ("With an e-mail address in clear", |subject, _| {
            subject.carried.is_some_and(|carried| carried.in_clear.has(MatchKey::Email))
        }),
        ("With a phone number in clear", |subject, _| {
            subject.carried.is_some_and(|carried| carried.in_clear.has(MatchKey::Phone))
        }),
    ],
    lists: &[("By event", name_of)],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{exchange, only, sends};

    #[test]
    fn it_fires_on_the_request_that_shows_it_and_on_no_other() {
        let broken = sends(exchange("payment_succeeded"), |sent| {
            sent.body.in_clear.add(MatchKey::Email);
        });
        let found = only(&[broken, exchange("payment_succeeded")], FACT.code);
        assert_eq!(found.events, 1);
        assert!(
            found.summary.starts_with("1 event went to TikTok with an e-mail address"),
            "{}",
            found.summary
        );
    }
}
