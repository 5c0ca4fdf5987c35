//! Renewals that go to TikTok as purchases of the ad.

use std::cell::OnceCell;
use std::collections::HashSet;

use crate::domain::{Amount, Duration, Finding, Severity, StoredEvent, TimeMs};

use super::super::groups::{Groups, spread};
use super::super::{Check, CheckFact, Scope, Subject};
use super::finding;
use super::known::{expected_event, is_purchase};
use super::words::counted;

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "renewals-as-purchases",
    severity: Severity::Medium,
    title: "Payments of one session come back with the same amount at billing intervals: renewals sent as purchases.",
    causes: &[
        "The payment provider's webhook fires payment_succeeded for every invoice of a subscription.",
        "The sender does not look whether an invoice is the first one.",
    ],
    fix: "Send CompletePayment for the first payment only. Renewals inflate the purchases that TikTok credits to old \
          clicks; the integration has no event for them.",
    fix_command: "makegood events --finding renewals-as-purchases",
    concerns: |subject, _| purchase(subject).is_some(),
    make: || Box::new(Renewals::default()),
};

/// Fewer of them may be chance: a second order on the same weekday.
const RENEWALS_MIN: u64 = 3;

/// Billing intervals: days from, days to, name.
const INTERVALS: [(i64, i64, &str); 5] = [
    (7, 7, "a week"),
    (14, 14, "two weeks"),
    (28, 31, "a month"),
    (89, 92, "a quarter"),
    (365, 366, "a year"),
];

/// How far from a whole interval a payment may lie.
const SLACK: Duration = Duration::from_hours(12);

#[derive(Default)]
struct Renewals {
    payments: Groups<(TimeMs, Option<Amount>)>,
    sessions: OnceCell<HashSet<u64>>,
}

fn purchase<'a>(subject: &Subject<'a>) -> Option<(&'a StoredEvent, i64)> {
    let event = expected_event(subject).filter(|_| is_purchase(subject.row))?;
    Some((event, event.session?))
}

/// The place in [`INTERVALS`] of a payment after another one of the same amount.
fn interval(earlier: &(TimeMs, Option<Amount>), later: &(TimeMs, Option<Amount>)) -> Option<usize> {
    let after = later.0.since(earlier.0).as_ms();
    let is_near = |(from, to, _): &(i64, i64, &str)| {
        after >= Duration::from_days(*from).as_ms() - SLACK.as_ms()
            && after <= Duration::from_days(*to).as_ms() + SLACK.as_ms()
    };
    (earlier.1.is_some() && earlier.1 == later.1).then(|| INTERVALS.iter().position(is_near)).flatten()
}

/// Calls with the interval of each payment that comes one after the one before.
fn each_renewal(payments: &[&(TimeMs, Option<Amount>)], mut visit: impl FnMut(usize)) {
    for pair in payments.windows(2) {
        if let [earlier, later] = pair
            && let Some(at) = interval(earlier, later)
        {
            visit(at);
        }
    }
}

impl Check for Renewals {
    fn observe(&mut self, subject: &Subject<'_>, _: &Scope<'_>) {
        if let Some((event, session)) = purchase(subject) {
            self.payments.add(session, (event.at, event.value));
        }
    }

    fn confirms(&self, subject: &Subject<'_>) -> bool {
        let sessions = self.sessions.get_or_init(|| {
            let mut sessions = HashSet::new();
            self.payments.each_group(|session, payments| {
                each_renewal(payments, |_| {
                    sessions.insert(session);
                });
            });
            sessions
        });
        purchase(subject).is_some_and(|(_, session)| sessions.contains(&spread(session)))
    }

    fn findings(&self, _: &Scope<'_>) -> Vec<Finding> {
        let (mut by_interval, mut sessions) = ([0_u64; INTERVALS.len()], 0_u64);
        self.payments.each_group(|_, payments| {
            let mut any = false;
            each_renewal(payments, |at| {
                any = true;
                by_interval.iter_mut().skip(at).take(1).for_each(|count| *count += 1);
            });
            sessions += u64::from(any);
        });
        let total: u64 = by_interval.iter().sum();
        if total < RENEWALS_MIN {
            return Vec::new();
        }
        let summary = format!(
            "{} look like renewals: the same amount again in the same session, a billing interval later.",
            counted(total, "purchase")
        );
        let mut evidence = vec![format!("In {}.", counted(sessions, "session"))];
        for ((_, _, name), count) in INTERVALS.iter().zip(by_interval).filter(|(_, count)| *count > 0) {
            evidence.push(format!("{name} after the one before: {}.", counted(count, "purchase")));
        }
        if self.payments.one_in() > 1 {
            evidence.push(format!("Counted on one session in {}.", self.payments.one_in()));
        }
        vec![finding(&FACT, total, summary, evidence)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{at, clean, found, shows};
    use crate::domain::LedgerRow;
    use crate::reconcile::testing::{amount, hours};

    fn paid(session: i64, days: i64, value: &str) -> LedgerRow {
        let mut key = at(clean("payment_succeeded"), hours(days * 24 + 3 - 24 * 70));
        let event = key.event.as_mut().unwrap();
        (event.session, event.value) = (Some(session), amount(value));
        key
    }

    #[test]
    fn it_fires_on_the_same_amount_at_billing_intervals() {
        let rows =
            [paid(1, 0, "9.99"), paid(1, 30, "9.99"), paid(1, 61, "9.99"), paid(2, 0, "5"), paid(2, 7, "5")];
        let found = found(&rows, FACT.code).unwrap();
        assert_eq!(found.events, 3);
        assert!(shows(&found, "a month after the one before: 2 purchases."));
        assert!(shows(&found, "a week after the one before: 1 purchase."));
    }

    #[test]
    fn it_is_silent_on_upsells_and_on_a_few() {
        let upsells = [paid(1, 0, "9.99"), paid(1, 0, "9.99"), paid(1, 30, "5"), paid(1, 60, "4")];
        assert_eq!(found(&upsells, FACT.code), None);
        assert_eq!(found(&[paid(1, 0, "9"), paid(1, 30, "9"), paid(1, 60, "9")], FACT.code), None);
    }
}
