//! The server sent an accepted event again inside the window: harmless, and a sign.

use crate::domain::Severity;
use crate::tiktok::limits;

use super::super::{CheckFact, Subject};
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "sent-twice",
    severity: Severity::Info,
    title: "The server sent the same event several times within 48 hours; TikTok dropped the later copies.",
    causes: &[
        "A queue that delivers at least once, or a restart in the middle of a batch.",
        "Two senders do the same work.",
        "The sender does not recognise an acceptance and tries again.",
    ],
    fix: "Nothing is counted twice inside 48 hours. If they are many, two senders may be running.",
    fix_command: "makegood events --finding sent-twice",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        expected_event(subject)?;
        subject.legs.accepted.any().then(|| is_twice(subject))
    },
    summary: |keys, of| {
        format!(
            "{} accepted from the server several times within 48 hours ({} of the accepted): TikTok dropped the \
             later copies.",
            events_do(keys, "was", "were"),
            share(keys, of)
        )
    },
    weight: Weight::Stated,
    signs: &[
        ("Within a minute, as two senders or a restart do", |subject, _| {
            subject.legs.accepted.span() <= crate::domain::Duration::from_mins(1)
        }),
        ("One of the copies came from makegood's own backfill", |subject, _| {
            !subject.row.attempts.is_empty()
        }),
    ],
    lists: &[("By event", name_of)],
};

/// Whether TikTok accepted it more than once within the time in which it counts such copies as one.
pub(super) fn is_twice(subject: &Subject<'_>) -> bool {
    let accepted = subject.legs.accepted;
    accepted.count > 1 && accepted.span() <= limits::DEDUP_WINDOW
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{clean, found, missing, shows};
    use crate::reconcile::testing::{T0, hours, receipt};

    #[test]
    fn it_fires_on_two_acceptances_within_the_window() {
        let sent = |at| receipt("Lead").code(0).at(at);
        let twice = missing("lead", [sent(T0.as_ms()), sent(T0.as_ms() + 30_000)]);
        let late = missing("lead", [sent(T0.as_ms()), sent(hours(49).as_ms())]);
        let retried = missing("lead", [receipt("Lead").code(40100), sent(hours(1).as_ms())]);
        let found = found(&[twice, late, retried, clean("lead")], FACT.code).unwrap();
        assert_eq!((found.events, found.severity), (1, Severity::Info));
        assert!(shows(&found, "Within a minute"));
    }

    #[test]
    fn it_is_silent_on_one_acceptance() {
        assert_eq!(found(&[clean("lead")], FACT.code), None);
    }
}
