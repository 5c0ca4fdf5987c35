//! How missing keys stand with the 48-hour clock.

use crate::domain::HeldClass;
use crate::reconcile::Stand;

use super::ClockCounts;

/// Counts what stands against sending each missing key.
#[derive(Default)]
pub(super) struct Clock {
    counts: ClockCounts,
    /// In the order of [`HeldClass::ALL`].
    held: [u64; HeldClass::ALL.len()],
}

impl Clock {
    /// Counts a key.
    pub(super) fn add(&mut self, stand: Option<Stand>) {
        match stand {
            Some(Stand::Send { until }) => {
                self.counts.sendable += 1;
                let first = self.counts.first_deadline_at;
                self.counts.first_deadline_at = Some(first.map_or(until, |first| first.min(until)));
            }
            Some(Stand::Held(class)) => {
                let counts = HeldClass::ALL.iter().zip(&mut self.held);
                counts.filter(|(known, _)| **known == class).for_each(|(_, count)| *count += 1);
            }
            Some(Stand::Unsendable(_)) => self.counts.unsendable += 1,
            Some(Stand::NotDue(_) | Stand::Never) | None => {}
        }
    }

    /// The counts; of the classes those that occur.
    pub(super) fn finish(self) -> ClockCounts {
        let held = HeldClass::ALL.into_iter().zip(self.held).filter(|(_, events)| *events > 0);
        ClockCounts { held: held.collect(), ..self.counts }
    }
}
