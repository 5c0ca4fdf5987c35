//! Purchases that TikTok may have counted twice.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::{Amount, EventId, Finding, LedgerRow, OrderKey, PixelCode, Severity, StoredEvent};
use crate::tiktok::{event_map, limits};

use super::super::groups::{Groups, spread};
use super::super::reasons::ValueMissing;
use super::super::{Check, CheckFact, Legs, Scope, Subject};
use super::finding;
use super::known::{expected_event, is_purchase};
use super::words::{counted, events, money};

/// Its row of the catalogue.
pub(in crate::audit) const FACT: CheckFact = CheckFact {
    code: "possibly-double",
    severity: Severity::High,
    title: "One order went to TikTok as two purchases: under two event_ids, under two names, or again after 48 hours.",
    causes: &[
        "A page reload, a webhook or a second tag makes a new event_id for the same order.",
        "One leg says CompletePayment and the other Purchase.",
        "A replay sent an old purchase again.",
    ],
    fix: "Make the purchase's event_id from the order id, so that every copy of an order is the same event to \
          TikTok. What was counted twice cannot be taken back: subtract it in your reports.",
    fix_command: "makegood events --finding possibly-double",
    concerns: |subject, _| is_purchase(subject.row) && expected_event(subject).is_some(),
    make: || Box::new(PossiblyDouble::default()),
};

/// A purchase of an order: ordered so that what has reached TikTok comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Copy {
    /// Nothing of it was accepted, and no browser fired it.
    is_unsent: bool,
    value: Option<Amount>,
    currency: Option<Arc<str>>,
    /// What tells two keys apart.
    key: (EventId, Option<PixelCode>),
}

#[derive(Default)]
struct PossiblyDouble {
    orders: Groups<Copy>,
    two_names: u64,
    after_window: u64,
    /// Value of what was counted again by name or by time.
    again: ValueMissing,
    /// Orders under two ids, by hash: worked out once, when a key is first asked for.
    doubled: OnceCell<HashSet<u64>>,
}

impl Check for PossiblyDouble {
    fn observe(&mut self, subject: &Subject<'_>, _: &Scope<'_>) {
        let Some(event) = expected_event(subject).filter(|_| is_purchase(subject.row)) else { return };
        if let Some(order) = event.order {
            self.orders.add(order.value(), copy(subject, event));
        }
        let (two_names, after_window) = (has_two_names(subject), is_after_window(subject.legs));
        self.two_names += u64::from(two_names);
        self.after_window += u64::from(after_window);
        if two_names || after_window {
            self.again.add(event, None);
        }
    }

    fn confirms(&self, subject: &Subject<'_>) -> bool {
        let order = subject.row.event.as_ref().and_then(|event| event.order).map(OrderKey::value);
        let doubled = || order.is_some_and(|order| self.doubled().contains(&spread(order)));
        has_two_names(subject) || is_after_window(subject.legs) || doubled()
    }

    fn value(&self) -> Vec<(Arc<str>, Amount)> {
        self.copies().value.sums()
    }

    fn findings(&self, _: &Scope<'_>) -> Vec<Finding> {
        let Copies { orders, surplus, pending, value } = self.copies();
        let counted_twice = surplus + self.two_names + self.after_window;
        let total = counted_twice + pending;
        if total == 0 {
            return Vec::new();
        }
        let worth = money(&value.sums());
        let summary = if counted_twice > 0 {
            format!("{} may count twice at TikTok{worth}.", counted(counted_twice, "purchase"))
        } else {
            format!("{} would make an order count twice, once delivered.", counted(pending, "purchase"))
        };
        let mut evidence = Vec::new();
        if orders > 0 {
            evidence.push(format!("Under two or more event_ids: {}.", counted(orders, "order")));
        }
        for (count, words) in [
            (surplus, "Beside another copy of their order that reached TikTok"),
            (pending, "Not delivered yet, so that a backfill would count their order again"),
            (self.two_names, "Sent under another name of the same event as well"),
            (self.after_window, "Accepted or fired again more than 48 hours later"),
        ] {
            if count > 0 {
                evidence.push(format!("{words}: {}.", events(count)));
            }
        }
        if self.orders.one_in() > 1 {
            evidence.push(format!(
                "Counted on one order in {}; the others were not compared.",
                self.orders.one_in()
            ));
        }
        vec![finding(&FACT, total, summary, evidence)]
    }
}

/// What stands beside another copy of its order.
struct Copies {
    /// Orders with several copies.
    orders: u64,
    /// Copies that reached TikTok beside another.
    surplus: u64,
    /// Copies that did not, so far.
    pending: u64,
    /// Value of what was counted again.
    value: ValueMissing,
}

impl PossiblyDouble {
    fn copies(&self) -> Copies {
        let mut found = Copies { orders: 0, surplus: 0, pending: 0, value: self.again.clone() };
        self.orders.each_group(|_, copies| {
            // The first copy is the order itself: one that was sent, if any was.
            let rest = copies.get(1..).unwrap_or_default();
            found.orders += u64::from(!rest.is_empty());
            for copy in rest {
                found.pending += u64::from(copy.is_unsent);
                if !copy.is_unsent {
                    found.surplus += 1;
                    found.value.add_sum(copy.value, copy.currency.as_deref());
                }
            }
        });
        found
    }

    fn doubled(&self) -> &HashSet<u64> {
        self.doubled.get_or_init(|| {
            let mut doubled = HashSet::new();
            self.orders.each_group(|order, copies| {
                if copies.len() > 1 {
                    doubled.insert(order);
                }
            });
            doubled
        })
    }
}

fn copy(subject: &Subject<'_>, event: &StoredEvent) -> Copy {
    Copy {
        is_unsent: !subject.legs.accepted.any() && !subject.legs.browser.any(),
        value: event.value,
        currency: event.place.currency.clone(),
        key: (subject.row.id.clone(), subject.row.pixel.clone()),
    }
}

/// A live copy of the same id under a name that stands for a purchase too.
fn has_two_names(subject: &Subject<'_>) -> bool {
    let is_other = |row: &&LedgerRow| row.event.is_none() && row.name != subject.row.name;
    let own =
        |row: &LedgerRow| row.name.as_ref().is_some_and(|name| event_map::stands_for_purchase(name.as_str()));
    let counts = |legs: Legs| legs.accepted.any() || legs.browser.any();
    counts(subject.legs)
        && subject.siblings.iter().filter(is_other).any(|row| own(row) && counts(Legs::of(row)))
}

fn is_after_window(legs: Legs) -> bool {
    legs.accepted.span() > limits::DEDUP_WINDOW || legs.gap().is_some_and(|gap| gap > limits::DEDUP_WINDOW)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{clean, found, found_in_group, shows};
    use crate::reconcile::testing::{event, group, receipt};

    fn ordered(order: i64, id: &str) -> LedgerRow {
        let mut key = clean("payment_succeeded");
        key.event.as_mut().unwrap().order = Some(OrderKey::new(order));
        key.id = EventId::parse(id).unwrap();
        key
    }

    #[test]
    fn it_fires_on_an_order_under_two_ids() {
        let mut unsent = ordered(7, "c");
        unsent.receipts.clear();
        let rows = [ordered(7, "a"), ordered(7, "b"), ordered(8, "d"), unsent];
        let found = found(&rows, FACT.code).unwrap();
        assert_eq!(found.events, 2);
        assert_eq!(found.summary, "1 purchase may count twice at TikTok (USD 9.99).");
        assert!(shows(&found, "Under two or more event_ids: 1 order."));
        assert!(shows(
            &found,
            "Not delivered yet, so that a backfill would count their order again: 1 event."
        ));
        let pending = super::super::testing::found(&rows[1..], FACT.code).unwrap();
        assert_eq!(pending.summary, "1 purchase would make an order count twice, once delivered.");
    }

    #[test]
    fn it_fires_on_two_names_of_a_purchase() {
        let sent = [receipt("Purchase").on("A").browser(), receipt("CompletePayment").on("A").code(0)];
        let found = found_in_group(group([event("payment_succeeded")], sent), FACT.code).unwrap();
        assert!(shows(&found, "Sent under another name of the same event as well: 1 event."));
    }

    #[test]
    fn it_is_silent_on_one_copy_an_order() {
        assert_eq!(found(&[ordered(7, "a"), ordered(8, "b"), clean("payment_succeeded")], FACT.code), None);
    }
}
