//! One id for several kinds of events.

use crate::domain::Severity;

use super::super::{CheckFact, Subject};
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "event-id-shared",
    severity: Severity::Low,
    title: "Events of different names share one event_id. TikTok keeps them apart by name; people and other \
            tools may not.",
    causes: &[
        "The id is the order's or the session's, and several events of it carry it.",
        "One click fires several events from one template with one id.",
    ],
    fix: "Nothing is lost at TikTok as long as the names differ. Put the event's name into the id if other \
          tools look events up by id alone.",
    fix_command: "makegood events --finding event-id-shared",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        expected_event(subject)?;
        Some(is_shared(subject))
    },
    summary: |keys, of| {
        format!(
            "{} the event_id of an event of another name ({} of the events).",
            events_do(keys, "has", "have"),
            share(keys, of)
        )
    },
    weight: Weight::Stated,
    signs: &[
        ("The id is the session's id", |subject, _| {
            subject.row.event.as_ref().is_some_and(|event| event.facts.id_is_session())
        }),
        ("An order id stands beside it, so the id may be the order's", |subject, _| {
            subject.row.event.as_ref().is_some_and(|event| event.order.is_some())
        }),
    ],
    lists: &[("By event", name_of)],
};

/// Whether an event of another name has the id too.
pub(super) fn is_shared(subject: &Subject<'_>) -> bool {
    let own = &subject.row.name;
    subject.siblings.iter().any(|row| row.event.is_some() && row.name != *own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{clean, found, found_in_group, shows};
    use crate::reconcile::testing::{event, group};

    #[test]
    fn it_fires_on_two_names_with_events_of_their_own() {
        let found =
            found_in_group(group([event("payment_succeeded"), event("trial_started")], []), FACT.code)
                .unwrap();
        assert_eq!((found.events, found.severity), (2, Severity::Low));
        assert!(shows(&found, "By event: \"CompletePayment\" (1), \"StartTrial\" (1)."));
    }

    #[test]
    fn it_is_silent_on_one_name() {
        assert_eq!(found(&[clean("lead"), clean("lead")], FACT.code), None);
    }
}
