//! One event, one id, two names: TikTok takes them for two events.

use crate::domain::{EventName, LedgerRow, Leg, Severity};
use crate::tiktok::event_map;

use super::super::{CheckFact, Scope, Subject};
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "names-differ",
    severity: Severity::High,
    title: "The same event_id was sent under another event name than the funnel's, so TikTok cannot see that \
            it is one event.",
    causes: &[
        "One leg says CompletePayment and the other Purchase, or Lead and SubmitForm: old and new names.",
        "The spelling differs: capitals, spaces, underscores. TikTok compares names byte for byte.",
        "The sender gives one id to several kinds of events.",
    ],
    fix: "Use one literal name on both legs, the one that the integration's Pixel fires. Such events are \
          never sent again by a backfill: a copy under this name would be one more conversion.",
    fix_command: "makegood events --finding names-differ",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        expected_event(subject)?;
        Some(subject.row.elsewhere.another_name)
    },
    summary: |keys, of| {
        format!(
            "{} sent under another name with the same event_id ({} of the events): two names are two events \
             to TikTok.",
            events_do(keys, "was", "were"),
            share(keys, of)
        )
    },
    weight: Weight::Loss,
    signs: &[
        (
            "The other name is an old or new name of the same event, as Purchase and CompletePayment",
            |subject, _| strays(subject).any(|(name, _)| is_renamed(subject, name)),
        ),
        ("The other name differs in capitals or spelling only", |subject, _| {
            strays(subject).any(|(name, _)| is_respelled(subject, name))
        }),
        ("The other name was sent by the server", |subject, _| {
            strays(subject).any(|(_, row)| is_on(row, Leg::Server))
        }),
        ("The other name was sent by the browser", |subject, _| {
            strays(subject).any(|(_, row)| is_on(row, Leg::Browser))
        }),
        ("Accepted under both names, so it counts twice", |subject, _| {
            subject.legs.accepted.any()
                && strays(subject).any(|(_, row)| super::super::Legs::of(row).accepted.any())
        }),
    ],
    lists: &[("By event", name_of), ("Sent as", stray_name)],
};

/// Rows of the same id that have no event: the name they were sent under is none of the funnel's.
fn strays<'a>(subject: &Subject<'a>) -> impl Iterator<Item = (&'a EventName, &'a LedgerRow)> {
    let own = subject.row.name.as_ref();
    let rows = subject.siblings.iter().filter(|row| row.event.is_none());
    rows.filter_map(|row| Some((row.name.as_ref()?, row))).filter(move |(name, _)| Some(*name) != own)
}

fn stray_name<'a>(subject: &Subject<'a>, _: &'a Scope<'_>) -> Option<&'a str> {
    strays(subject).next().map(|(name, _)| name.as_str())
}

fn is_on(row: &LedgerRow, leg: Leg) -> bool {
    row.receipts.iter().any(|receipt| receipt.leg == leg)
}

fn is_respelled(subject: &Subject<'_>, other: &EventName) -> bool {
    let own = subject.row.name.as_ref().map(|name| event_map::fold(name.as_str()));
    own.is_some_and(|own| own == event_map::fold(other.as_str()))
}

fn is_renamed(subject: &Subject<'_>, other: &EventName) -> bool {
    let own = subject.row.name.as_ref();
    !is_respelled(subject, other)
        && event_map::resolve(other.as_str(), &std::collections::BTreeMap::new()).ok().as_ref() == own
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{clean, found, found_in_group, shows};
    use crate::reconcile::testing::{event, group, receipt};

    #[test]
    fn it_fires_on_two_names_under_one_id() {
        let sent = [
            receipt("Purchase").on("A").code(0),
            receipt("completepayment").on("A").browser(),
            receipt("CompletePayment").on("A").code(0),
        ];
        let found = found_in_group(group([event("payment_succeeded")], sent), FACT.code).unwrap();
        assert_eq!((found.events, found.severity), (1, Severity::High));
        assert!(shows(&found, "The other name is an old or new name"));
        assert!(shows(&found, "The other name differs in capitals or spelling only: 1 event."));
        assert!(shows(&found, "Accepted under both names, so it counts twice: 1 event."));
    }

    #[test]
    fn it_is_silent_where_each_name_has_its_event() {
        let both = [event("payment_succeeded"), event("subscription_started")];
        let sent = [receipt("Subscribe").on("A").code(0)];
        assert_eq!(found_in_group(group(both, sent), FACT.code), None);
        assert_eq!(found(&[clean("lead")], FACT.code), None);
    }
}
