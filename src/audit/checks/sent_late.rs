//! The server's copy took more than a minute.

use crate::domain::{Duration, Outcome, Severity, TimeMs};
use crate::reconcile::server_tries;
use crate::tiktok::limits;

use super::super::{CheckFact, Subject};
use super::known::expected_event;
use super::rules::{Rules, Weight, campaign_of, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "sent-late",
    severity: Severity::Medium,
    title: "TikTok accepted the server's copy more than 60 seconds after the event.",
    causes: &[
        "The sender works through a queue or in batches and runs behind.",
        "Refusals and retries took the time.",
        "The event waits for something else: the payment provider's webhook, a nightly job.",
    ],
    fix: "Send at once and in small batches. After 5 minutes TikTok no longer merges the copy into the browser's; \
          after 48 hours it counts it once more.",
    fix_command: "makegood events --finding sent-late",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check(),
};

/// What the integration promises: events appear within 60 seconds.
const PROMISED: Duration = Duration::from_secs(60);

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        expected_event(subject)?;
        let first = subject.legs.accepted.first?;
        Some(
            late(subject, first)? > PROMISED
                && logged(subject).is_some_and(|at| late(subject, at) > Some(PROMISED)),
        )
    },
    summary: |keys, of| {
        format!(
            "{} accepted from the server more than 60 seconds after it happened ({} of the accepted).",
            events_do(keys, "was", "were"),
            share(keys, of)
        )
    },
    weight: Weight::Lack,
    signs: &[
        ("Within 5 minutes, still merged with the browser's copy", |subject, _| {
            lateness(subject) <= limits::MERGE_WINDOW
        }),
        ("After 5 minutes to 48 hours, too late to be merged", |subject, _| {
            let late = lateness(subject);
            late > limits::MERGE_WINDOW && late <= limits::DEDUP_WINDOW
        }),
        ("After 48 hours, when it counts beside the browser's copy", |subject, _| {
            lateness(subject) > limits::DEDUP_WINDOW
        }),
        ("Refused at first, so retries took the time", |subject, _| {
            subject.legs.server.first < subject.legs.accepted.first
        }),
        ("First tried late, so the queue or the trigger took the time", |subject, _| {
            subject.legs.server.first == subject.legs.accepted.first
        }),
    ],
    lists: &[("By event", name_of), ("By campaign", campaign_of)],
};

fn late(subject: &Subject<'_>, at: TimeMs) -> Option<Duration> {
    Some(at.since(subject.row.event.as_ref()?.at))
}

/// The first acceptance in a log; our own backfill is late by its nature.
fn logged(subject: &Subject<'_>) -> Option<TimeMs> {
    server_tries(subject.row)
        .filter(|one| !one.ours && one.outcome == Outcome::Accepted)
        .filter_map(|one| one.at)
        .min()
}

fn lateness(subject: &Subject<'_>) -> Duration {
    logged(subject).and_then(|at| late(subject, at)).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{clean, found, missing, shows};
    use crate::domain::LedgerRow;
    use crate::reconcile::testing::{T0, attempt, receipt};

    fn after(seconds: i64) -> LedgerRow {
        missing("lead", [receipt("Lead").code(0).at(T0.as_ms() + seconds * 1000)])
    }

    #[test]
    fn it_fires_after_a_minute() {
        let found = found(&[after(60), after(61), after(301), after(49 * 3600)], FACT.code).unwrap();
        assert_eq!(found.events, 3);
        assert!(shows(&found, "Within 5 minutes, still merged with the browser's copy: 1 event."));
        assert!(shows(&found, "After 48 hours, when it counts beside the browser's copy: 1 event."));
    }

    #[test]
    fn it_is_silent_on_our_own_backfill() {
        let mut ours = missing("lead", []);
        ours.attempts.push(attempt("Lead", "A").ended(Outcome::Accepted));
        ours.attempts[0].at = T0.plus(Duration::from_hours(5));
        assert_eq!(found(&[ours, clean("lead")], FACT.code), None);
    }
}
