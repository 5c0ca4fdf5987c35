//! Several records under one key, and they do not say the same.

use crate::domain::Severity;
use crate::tiktok::event_map;

use super::super::{CheckFact, Subject};
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "content-differs",
    severity: Severity::High,
    title: "Several records share event, pixel and event_id and differ in what they say: TikTok keeps one and \
            drops the others.",
    causes: &[
        "The id is made from the session, the cart or the page, so that separate acts share it.",
        "The record is written again with more fields: once when it happens, once when it is complete.",
        "An order was changed, and the same id was used for the new amount.",
    ],
    fix: "Make a new event_id for every act, and the same one on both legs of it; for a purchase the order id \
          is a good one.",
    fix_command: "makegood events --finding content-differs",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| Some(expected_event(subject)?.facts.content_differs()),
    summary: |keys, of| {
        format!(
            "{} logged several times with different content under one event_id ({} of the events): TikTok counts \
             one of them.",
            events_do(keys, "was", "were"),
            share(keys, of)
        )
    },
    weight: Weight::Loss,
    signs: &[
        ("They differ in value or currency, and a backfill holds them", |subject, _| {
            event_is(subject, |event| event.facts.money_differs())
        }),
        ("The money is the same, so it may be one act written twice", |subject, _| {
            event_is(subject, |event| !event.facts.money_differs())
        }),
        ("Page views and other acts that repeat, so the id may be the session's", |subject, _| {
            repeats(subject)
        }),
        ("The id is the session's id", |subject, _| event_is(subject, |event| event.facts.id_is_session())),
    ],
    lists: &[("By event", name_of)],
};

fn event_is(subject: &Subject<'_>, test: fn(&crate::domain::StoredEvent) -> bool) -> bool {
    subject.row.event.as_ref().is_some_and(test)
}

fn repeats(subject: &Subject<'_>) -> bool {
    subject.row.name.as_ref().is_some_and(event_map::may_repeat)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{clean, found, shows};

    #[test]
    fn it_fires_on_records_of_one_key_that_differ() {
        let (mut views, mut paid) = (clean("page_view"), clean("payment_succeeded"));
        views.event.as_mut().unwrap().facts.set_content_differs();
        paid.event.as_mut().unwrap().facts.set_content_differs();
        paid.event.as_mut().unwrap().facts.set_money_differs();
        let found = found(&[views, paid, clean("lead")], FACT.code).unwrap();
        assert_eq!((found.events, found.severity), (2, Severity::High));
        assert!(shows(&found, "They differ in value or currency, and a backfill holds them: 1 event."));
        assert!(shows(&found, "Page views and other acts that repeat"));
    }

    #[test]
    fn it_is_silent_on_one_record_a_key() {
        assert_eq!(found(&[clean("page_view"), clean("payment_succeeded")], FACT.code), None);
    }
}
