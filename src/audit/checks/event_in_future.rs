//! Events that have not happened yet.

use crate::domain::{Duration, Severity};
use crate::tiktok::limits;

use super::super::{CheckFact, Scope, Subject};
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "event-in-future",
    severity: Severity::Medium,
    title: "Events lie ahead of now: a clock, a time zone or a unit is wrong.",
    causes: &[
        "Local time is written down as if it were UTC.",
        "The clock of the machine that logs is ahead.",
        "A planned time, such as the next renewal, is logged as the time of the event.",
    ],
    fix: "Log times with their zone (2026-11-20T12:34:56Z) from a machine whose clock is kept by NTP. Such events \
          wait until their time has come; TikTok refuses times ahead of its own.",
    fix_command: "makegood events --finding event-in-future",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, scope| Some(ahead(subject, scope)? > limits::FUTURE_MAX),
    summary: |keys, of| {
        format!("{} in the future ({} of the events).", events_do(keys, "lies", "lie"), share(keys, of))
    },
    weight: Weight::Stated,
    signs: &[
        ("By less than 15 minutes, as a clock that is ahead", |subject, scope| {
            ahead(subject, scope) < Some(Duration::from_mins(15))
        }),
        ("By 15 minutes to 14 hours, as local time taken for UTC", |subject, scope| {
            let ahead = ahead(subject, scope);
            ahead >= Some(Duration::from_mins(15)) && ahead <= Some(Duration::from_hours(14))
        }),
        ("By more than 14 hours, as a planned time or a wrong unit", |subject, scope| {
            ahead(subject, scope) > Some(Duration::from_hours(14))
        }),
        ("Already accepted by TikTok under another time", |subject, _| subject.legs.accepted.any()),
    ],
    lists: &[("By event", name_of)],
};

fn ahead(subject: &Subject<'_>, scope: &Scope<'_>) -> Option<Duration> {
    Some(subject.row.event.as_ref()?.at.since(scope.now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{at, clean, found, missing, shows};
    use crate::reconcile::testing::hours;

    #[test]
    fn it_fires_on_what_lies_ahead_of_now() {
        let skewed = at(missing("lead", []), hours(5).plus(Duration::from_mins(2)));
        let zoned = at(missing("lead", []), hours(7));
        let found = found(&[skewed, zoned, clean("lead")], FACT.code).unwrap();
        assert_eq!(found.events, 2);
        assert!(shows(&found, "By less than 15 minutes, as a clock that is ahead: 1 event."));
        assert!(shows(&found, "By 15 minutes to 14 hours, as local time taken for UTC: 1 event."));
    }

    #[test]
    fn it_is_silent_within_a_minute() {
        assert_eq!(
            found(&[at(missing("lead", []), hours(5).plus(Duration::from_secs(60)))], FACT.code),
            None
        );
    }
}
