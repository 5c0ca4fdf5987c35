//! Expected events without any server receipt, on a pixel that has a receipt log.

use std::sync::Arc;

use crate::domain::{Duration, Finding, MissingLeg, Severity, Verdict};

use super::super::tally::Tally;
use super::super::timeline::Timeline;
use super::super::{Check, CheckFact, Scope, Subject};
use super::known::{expected_event, is_purchase};
use super::no_receipt_log::has_log;
use super::words::{counted, events, events_do, list, share};
use super::{finding, severity_of_loss};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "never-sent",
    severity: Severity::High,
    title: "Expected events have no server receipt, though the log holds receipts of their pixel.",
    causes: &[
        "The sender was down, was being deployed, or its queue was full: a whole stretch is missing.",
        "A filter or an error for some visitors or carts: the missing ones are scattered.",
        "The receipts exist and were not imported: another host, a rotated file.",
    ],
    fix: "Send them while their 48-hour clock runs; then look at what the sender did in the hours named \
          in the evidence.",
    fix_command: "makegood backfill",
    concerns,
    make: || Box::new(NeverSent::default()),
};

struct NeverSent {
    expected: u64,
    keys: u64,
    purchases: u64,
    browser_fired: u64,
    /// Expected and never-sent keys per hour.
    hours: Timeline<(u32, u32)>,
    names: Tally<Arc<str>>,
}

impl Default for NeverSent {
    fn default() -> Self {
        Self {
            expected: 0,
            keys: 0,
            purchases: 0,
            browser_fired: 0,
            hours: Timeline::new(Duration::from_hours(1)),
            names: Tally::default(),
        }
    }
}

fn concerns(subject: &Subject<'_>, scope: &Scope<'_>) -> bool {
    match subject.verdict {
        Some(Verdict::NeverSent { only_test: false }) => has_log(subject.row.pixel.as_ref(), scope),
        Some(
            Verdict::NeverSent { only_test: true }
            | Verdict::Excluded(_)
            | Verdict::Delivered
            | Verdict::Waiting
            | Verdict::Unknown { .. }
            | Verdict::Refused { .. },
        )
        | None => false,
    }
}

impl Check for NeverSent {
    fn observe(&mut self, subject: &Subject<'_>, scope: &Scope<'_>) {
        let Some(event) = expected_event(subject) else { return };
        if !subject.verdict.is_some_and(Verdict::is_expected) {
            return;
        }
        self.expected += 1;
        let is_one = concerns(subject, scope);
        if let Some((expected, never_sent)) = self.hours.at(event.at) {
            *expected = expected.saturating_add(1);
            *never_sent = never_sent.saturating_add(u32::from(is_one));
        }
        if !is_one {
            return;
        }
        self.keys += 1;
        self.purchases += u64::from(is_purchase(subject.row));
        self.browser_fired += u64::from(subject.leg == Some(MissingLeg::BrowserFired));
        if let Some(name) = &subject.row.name {
            self.names.add_text(name.as_str());
        }
    }

    fn findings(&self, _: &Scope<'_>) -> Vec<Finding> {
        if self.keys == 0 {
            return Vec::new();
        }
        let summary = format!(
            "{} no server receipt ({} of those expected), though the log holds others of the same pixel.",
            events_do(self.keys, "has", "have"),
            share(self.keys, self.expected)
        );
        let mut evidence = self.stretches();
        evidence.push(format!("By event: {}.", list(&self.names.sorted())));
        evidence.push(format!("Purchases among them: {}.", events(self.purchases)));
        evidence
            .push(format!("The browser fired, so TikTok may hold a copy: {}.", events(self.browser_fired)));
        let severity = severity_of_loss(self.purchases, self.keys, self.expected);
        vec![Finding { severity, ..finding(&FACT, self.keys, summary, evidence) }]
    }
}

impl NeverSent {
    /// A block or scattered: hours of which nothing at all was sent tell the two apart.
    fn stretches(&self) -> Vec<String> {
        /// Under so many expected events an empty hour is chance.
        const HOUR_EVENTS_MIN: u32 = 3;
        let is_silent =
            |(expected, never_sent): &(u32, u32)| *expected >= HOUR_EVENTS_MIN && expected == never_sent;
        let silent: Vec<_> = self.hours.iter().filter(|(_, counts)| is_silent(counts)).collect();
        let inside: u64 = silent.iter().map(|(_, (_, never_sent))| u64::from(*never_sent)).sum();
        let outside = self.keys.saturating_sub(inside);
        let Some((from, _)) = silent.first() else {
            return vec![format!(
                "They are scattered: in no hour with {HOUR_EVENTS_MIN} or more expected events was \
                 everything missing."
            )];
        };
        vec![
            format!(
                "In {} of which nothing at all was sent, as when the sender is down, the first from {from} on: \
                 {}.",
                counted(silent.len().try_into().unwrap_or(u64::MAX), "hour"),
                events(inside)
            ),
            format!("Scattered among events that were sent: {}.", events(outside)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{clean, found, missing, only, shows};
    use crate::domain::LedgerRow;
    use crate::reconcile::testing::{T0, receipt};

    fn after(mut key: LedgerRow, minutes: i64) -> LedgerRow {
        key.event.as_mut().unwrap().at = T0.plus(Duration::from_mins(minutes));
        key
    }

    #[test]
    fn it_fires_and_tells_a_block_from_a_scatter() {
        let mut rows = vec![clean("lead"); 3];
        rows.extend([1, 2, 3].map(|minutes| after(missing("lead", []), 60 + minutes)));
        rows.push(missing("lead", [receipt("Lead").browser()]));
        let found = only(&rows, FACT.code);
        assert_eq!((found.events, found.severity), (4, Severity::High));
        let block = "In 1 hour of which nothing at all was sent, as when the sender is down, the first from \
                     2026-11-20T13:00:00Z on: 3 events.";
        assert!(shows(&found, block), "{:?}", found.evidence);
        assert!(shows(&found, "Scattered among events that were sent: 1 event."));
        assert!(shows(&found, "The browser fired, so TikTok may hold a copy: 1 event."));
    }

    #[test]
    fn it_is_silent_on_other_answers_and_test_receipts() {
        let tested = missing("lead", [receipt("Lead").code(0).test()]);
        assert_eq!(found(&[tested, clean("lead")], FACT.code), None);
    }
}
