//! Receipts whose event no funnel log has.

use crate::domain::{Leg, Receipt, Severity};
use crate::tiktok::event_map;

use super::super::{CheckFact, Scope, Subject};
use super::rules::{Rules, Weight, name_of, pixel_of};
use super::words::{counted, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "orphan-receipts",
    severity: Severity::Medium,
    title: "Receipts name events that no funnel log has.",
    causes: &[
        "A funnel log was not imported: another host, a rotated file, an earlier day.",
        "The sender makes up the event_id itself, so that it differs from the funnel's.",
        "Another sender uses the same pixel: a shop, a tag manager, an app.",
    ],
    fix: "Import the missing funnel log; if there is none, let the sender pass the funnel's event_id on \
          unchanged. Until then those events look as if they had never been sent.",
    fix_command: "makegood findings orphan-receipts",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge,
    summary: |keys, of| {
        format!(
            "{} seen in receipts {} in no funnel log ({} of all ids).",
            counted(keys, "event id"),
            if keys == 1 { "is" } else { "are" },
            share(keys, of)
        )
    },
    weight: Weight::Lack,
    signs: &[
        ("Accepted by TikTok", |subject, _| subject.legs.accepted.any()),
        ("Seen on the server leg only", |subject, _| {
            subject.legs.server.any() && !subject.legs.browser.any()
        }),
        ("Seen on the browser leg only", |subject, _| {
            subject.legs.browser.any() && !subject.legs.server.any()
        }),
        ("Under a name that the funnel does not send, so another sender uses the pixel", |subject, _| {
            subject.row.name.as_ref().is_some_and(|name| event_map::fact(name.as_str()).is_none())
        }),
        ("Without a pixel in the receipt", |subject, _| subject.row.pixel.is_none()),
        ("Without a time", |subject, _| subject.row.receipts.iter().all(|receipt| receipt.at.is_none())),
    ],
    lists: &[("By event", name_of), ("By pixel", pixel_of)],
};

/// Rows whose id has an event elsewhere belong to `names-differ` and `sent-to-two-pixels`; what has
/// only test receipts is a tester's.
fn judge(subject: &Subject<'_>, _: &Scope<'_>) -> Option<bool> {
    if subject.row.event.is_some() {
        return Some(false);
    }
    let is_elsewhere = subject.siblings.iter().any(|row| row.event.is_some());
    let is_live = |receipt: &Receipt| receipt.leg == Leg::Browser || !receipt.is_test;
    (!is_elsewhere && subject.row.receipts.iter().any(is_live)).then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{clean, found, found_in_group, shows};
    use crate::reconcile::resolve;
    use crate::reconcile::testing::{event, group, policy, receipt};

    #[test]
    fn it_fires_on_receipts_without_an_event() {
        let orphan = |sent| resolve(group([], [sent]), &policy()).pop().unwrap();
        let rows = [
            orphan(receipt("Lead").on("A").code(0)),
            orphan(receipt("AddToCart").browser()),
            orphan(receipt("Lead").on("A").code(0).test()),
            clean("lead"),
        ];
        let found = found(&rows, FACT.code).unwrap();
        assert_eq!(found.events, 2);
        assert!(shows(&found, "Under a name that the funnel does not send"));
        assert!(shows(&found, "Without a pixel in the receipt: 1 event."));
    }

    #[test]
    fn it_is_silent_where_the_id_has_an_event_under_another_name() {
        let renamed = group([event("payment_succeeded")], [receipt("Purchase").on("A").code(0)]);
        assert_eq!(found_in_group(renamed, FACT.code), None);
    }
}
