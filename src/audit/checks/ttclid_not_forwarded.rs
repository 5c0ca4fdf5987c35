//! The server's requests leave out a click id that the funnel knew.

use crate::domain::{MatchKey, Severity};

use super::super::CheckFact;
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "ttclid-not-forwarded",
    severity: Severity::Medium,
    title: "The funnel knew the ttclid, and the request to TikTok does not carry it.",
    causes: &[
        "The sender forwards a fixed list of fields, and the ttclid is not on it.",
        "The ttclid stands in the page URL of the request only, where TikTok does not look for it.",
        "The event is reported by a webhook, whose sender never asks the session for its ttclid.",
    ],
    fix: "Send the ttclid as user.ttclid with every server event of the session, whoever reports it.",
    fix_command: "makegood events --finding ttclid-not-forwarded",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        expected_event(subject)?;
        let carried = subject.carried?;
        let lacks = carried.lacks.has(MatchKey::Ttclid);
        (lacks || carried.sent.has(MatchKey::Ttclid)).then_some(lacks)
    },
    summary: |keys, judged| {
        format!(
            "{} to TikTok without the ttclid that the funnel knew ({} of the requests that could carry one).",
            events_do(keys, "went", "went"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[
        ("The event's own record has it, so the sender drops it", |subject, _| {
            subject.carried.is_some_and(|carried| carried.in_record.has(MatchKey::Ttclid))
        }),
        ("Only an earlier record of the session has it, so the sender does not keep it", |subject, _| {
            subject.carried.is_some_and(|carried| {
                carried.lacks.has(MatchKey::Ttclid) && !carried.in_record.has(MatchKey::Ttclid)
            })
        }),
        ("It stands in the page URL of the request", |subject, _| {
            subject.carried.is_some_and(|carried| carried.ttclid_in_url)
        }),
        ("The event has no page, as from a webhook", |subject, _| {
            subject.row.event.as_ref().is_some_and(|event| event.place.page.is_none())
        }),
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
            sent.body.keys.present = without(sent, MatchKey::Ttclid);
        });
        let found = only(&[broken, exchange("payment_succeeded")], FACT.code);
        assert_eq!(found.events, 1);
        assert!(found.summary.starts_with("1 event went to TikTok without the ttclid"), "{}", found.summary);
    }
}
