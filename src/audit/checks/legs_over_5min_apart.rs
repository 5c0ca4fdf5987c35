//! The second copy came too late to be merged into the first.

use crate::domain::Severity;
use crate::tiktok::limits;

use super::super::CheckFact;
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "legs-over-5min-apart",
    severity: Severity::Medium,
    title: "The second leg's copy reached TikTok more than 5 minutes after the first, so its match keys were \
            dropped with it.",
    causes: &[
        "The server sends in batches or from a queue that runs behind.",
        "The server waits for the payment provider, the browser does not.",
        "The sender was down for a while and caught up.",
    ],
    fix: "Let the server send at once. TikTok merges a second copy into the first within 5 minutes only; what \
          the later copy knew better (e-mail, ttclid) is lost after that.",
    fix_command: "makegood events --finding legs-over-5min-apart",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        expected_event(subject)?;
        // Our own backfill comes later than any browser: that is what it is for.
        let gap = subject.legs.gap().filter(|_| subject.row.attempts.is_empty())?;
        Some(gap > limits::MERGE_WINDOW && gap <= limits::DEDUP_WINDOW)
    },
    summary: |keys, of| {
        format!(
            "{} on the two legs more than 5 minutes apart ({} of the events seen on both): the later copy's match \
             keys were dropped.",
            events_do(keys, "came", "came"),
            share(keys, of)
        )
    },
    weight: Weight::Lack,
    signs: &[
        ("The server came later", |subject, _| subject.legs.accepted.first > subject.legs.browser.first),
        ("The browser came later", |subject, _| subject.legs.accepted.first < subject.legs.browser.first),
        ("The server had tried earlier and was refused, so retries took the time", |subject, _| {
            subject.legs.server.first < subject.legs.accepted.first
        }),
        ("Over an hour apart, as after an outage", |subject, _| {
            subject.legs.gap().is_some_and(|gap| gap > crate::domain::Duration::from_hours(1))
        }),
    ],
    lists: &[("By event", name_of)],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{clean, found, missing, shows};
    use crate::domain::LedgerRow;
    use crate::reconcile::testing::{T0, receipt};

    fn apart(minutes: i64) -> LedgerRow {
        let later = T0.as_ms() + minutes * 60_000;
        missing("lead", [receipt("Lead").browser().at(T0.as_ms()), receipt("Lead").code(0).at(later)])
    }

    #[test]
    fn it_fires_between_5_minutes_and_48_hours() {
        let found = found(&[apart(4), apart(5), apart(6), apart(90), apart(49 * 60)], FACT.code).unwrap();
        assert_eq!(found.events, 2);
        assert!(shows(&found, "The server came later: 2 events."));
        assert!(shows(&found, "Over an hour apart, as after an outage: 1 event."));
    }

    #[test]
    fn it_is_silent_on_one_leg() {
        assert_eq!(found(&[clean("lead"), apart(1)], FACT.code), None);
    }
}
