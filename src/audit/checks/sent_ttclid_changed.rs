//! The click id in the requests is not the one of the funnel.

use crate::domain::{Flaw, Flaws, MatchKey, Severity};

use super::super::{CheckFact, Subject};
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "sent-ttclid-changed",
    severity: Severity::Medium,
    title: "The ttclid that was sent is not the one that the funnel knew.",
    causes: &[
        "A column, a cookie or a log field of the sender cuts it off.",
        "The sender puts it into lower case.",
        "A template sends its placeholder instead of the value.",
        "The sender keeps the ttclid of another visit.",
    ],
    fix: "Send the ttclid of the session byte for byte: up to 1000 characters, in its own letter case.",
    fix_command: "makegood events --finding sent-ttclid-changed",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        expected_event(subject)?;
        let carried = subject.carried?;
        let is_changed = carried.differs.has(MatchKey::Ttclid) || carried.flaws.has_any(CHANGED);
        carried.sent.has(MatchKey::Ttclid).then_some(is_changed)
    },
    summary: |keys, judged| {
        format!(
            "{} to TikTok with another ttclid than the funnel's ({} of the requests that carry one).",
            events_do(keys, "went", "went"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[
        ("Cut off: it begins like the whole one", |subject, _| is_so(subject, Flaw::TtclidCut)),
        ("In other letter case", |subject, _| is_so(subject, Flaw::TtclidRespelled)),
        ("A word for nothing, or a placeholder that nobody filled in", |subject, _| {
            is_so(subject, Flaw::TtclidPlaceholder)
        }),
        ("Another click's", |subject, _| {
            !is_so(subject, Flaw::TtclidCut)
                && !is_so(subject, Flaw::TtclidRespelled)
                && !is_so(subject, Flaw::TtclidPlaceholder)
        }),
    ],
    lists: &[("By event", name_of)],
};

/// What a request shows by itself.
const CHANGED: Flaws = Flaws::of(&[Flaw::TtclidCut, Flaw::TtclidRespelled, Flaw::TtclidPlaceholder]);

fn is_so(subject: &Subject<'_>, flaw: Flaw) -> bool {
    subject.carried.is_some_and(|carried| carried.how.has(flaw) || carried.flaws.has(flaw))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{exchange, only, sends, shows};

    #[test]
    fn it_fires_on_the_request_that_shows_it_and_on_no_other() {
        let broken = sends(exchange("payment_succeeded"), |sent| {
            sent.mismatch.keys.add(MatchKey::Ttclid);
            sent.mismatch.how.add(Flaw::TtclidCut);
        });
        let found = only(&[broken, exchange("payment_succeeded")], FACT.code);
        assert_eq!(found.events, 1);
        assert!(found.summary.starts_with("1 event went to TikTok with another ttclid"), "{}", found.summary);
        assert!(shows(&found, "Cut off: it begins like the whole one: 1 event."));
    }
}
