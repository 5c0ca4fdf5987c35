//! The period before: counts only.

use crate::domain::{EventName, Range, StoredEvent, Verdict};

use super::tally::Slots;
use super::{Counts, Previous, Subject};

/// Counts the period to compare with.
#[derive(Debug)]
pub(super) struct Before {
    range: Range,
    events: Slots<EventName, Counts>,
}

impl Before {
    pub(super) fn new(range: Range) -> Self {
        Self { range, events: Slots::default() }
    }

    /// Takes one key; what lies outside the period is left out.
    pub(super) fn observe(&mut self, subject: &Subject<'_>, event: &StoredEvent, verdict: &Verdict) {
        if !self.range.has(event.at) {
            return;
        }
        let name = subject.row.name.as_ref().unwrap_or(&event.name);
        let at = self.events.place(name, || EventName::parse(super::count::REST).ok(), |_| Counts::default());
        if let Some(counts) = self.events.get_mut(at) {
            counts.add(verdict, subject.leg);
        }
    }

    pub(super) fn finish(self) -> Previous {
        let mut totals = Counts::default();
        let mut by_event: Vec<_> = self.events.iter().cloned().collect();
        for (_, counts) in &by_event {
            totals.merge(counts);
        }
        by_event.sort_by(|a, b| a.0.cmp(&b.0));
        Previous { range: self.range, totals, by_event }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{lone, missing, scope};
    use crate::audit::{Audit, Axis};
    use crate::reconcile::testing::{hours, logs, name, policy};

    #[test]
    fn the_period_before_is_counted_apart() {
        let (policy, logs) = (policy(), logs());
        let range = Range { since: hours(0), until: hours(1) };
        let axis = Axis { zone: chrono_tz::UTC, previous: Some(Range { since: hours(-1), until: hours(0) }) };
        let mut audit = Audit::new(scope(&policy, &logs, range)).along(axis);
        let at = |hour| {
            let mut row = missing("lead", []);
            row.event.as_mut().unwrap().at = hours(hour);
            row
        };
        for row in [at(-2), at(-1), at(0), at(1)] {
            let verdict = Verdict::NeverSent { only_test: false };
            audit.observe(&lone(&row, Some(&verdict)));
        }
        let result = audit.finish();
        let before = result.previous.unwrap();
        assert_eq!((result.totals.events, before.totals.never_sent), (1, 1));
        assert_eq!(before.event(&name("Lead")).missing(), 1);
        assert_eq!(before.event(&name("CompletePayment")), Counts::default());
    }
}
