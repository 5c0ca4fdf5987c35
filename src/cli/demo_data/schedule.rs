//! When the visits start.

use crate::domain::{Duration, TimeMs};

use super::random::Random;
use super::{DemoOptions, SPAN};

/// The last visit starts this long before the end, so that most visits run to their own end.
const LAST_START: Duration = Duration::from_mins(3);

/// Visits per hour of the day, UTC, relative to each other: few at night, most in the evening.
const HOUR_WEIGHTS: [u64; 24] =
    [5, 3, 2, 2, 2, 3, 5, 8, 10, 11, 12, 13, 14, 13, 13, 14, 15, 17, 20, 22, 22, 19, 14, 9];

const HOUR_MS: i64 = 3_600_000;

/// Spreads the visits over the span, by the weights of the hours.
pub(super) struct Schedule {
    events: u64,
    /// The hour that the last visit started in, and the weight of all hours before it.
    hour_ms: i64,
    weight_before: u64,
    weight_all: u64,
    last_ms: i64,
}

impl Schedule {
    pub(super) fn new(options: DemoOptions) -> Self {
        let last_ms = options.end.minus(LAST_START).as_ms();
        let hour_ms = options.end.minus(SPAN).as_ms();
        let hours = (last_ms - hour_ms).div_euclid(HOUR_MS) + 1;
        let weight_all = (0..hours).map(|hour| weight(hour_ms + hour * HOUR_MS)).sum();
        Self { events: options.events, hour_ms, weight_before: 0, weight_all, last_ms }
    }

    /// When the visit starts whose first event is the `done`-th; called with rising `done`.
    pub(super) fn start_of(&mut self, done: u64, random: &mut Random) -> TimeMs {
        let share = u128::from(done) * u128::from(self.weight_all) / u128::from(self.events.max(1));
        let target = u64::try_from(share).unwrap_or(u64::MAX);
        while self.weight_before + weight(self.hour_ms) <= target {
            self.weight_before += weight(self.hour_ms);
            self.hour_ms += HOUR_MS;
        }
        let jitter = i64::try_from(random.below(3_600_000)).unwrap_or(0);
        TimeMs::from_ms((self.hour_ms + jitter).min(self.last_ms))
    }
}

fn weight(hour_ms: i64) -> u64 {
    let hour = usize::try_from(hour_ms.div_euclid(HOUR_MS).rem_euclid(24)).unwrap_or(0);
    HOUR_WEIGHTS.get(hour).copied().unwrap_or(1)
}
