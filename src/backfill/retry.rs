//! When to try again, and when to stop trying: numbers only, no clock.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration as Wait;

use crate::domain::{Duration, TimeMs};

/// Tries of one batch in one run when the connection fails; the AWS SDKs' standard (reliability 1).
pub(super) const TRIES_MAX: u32 = 3;

/// The longest pause that a run sits out; a longer one is left to the next run.
pub(super) const PAUSE_MAX: Duration = Duration::from_secs(30);

/// How long nobody sends after the breaker opened, or a token may have leaked: TikTok's own advice
/// after an error of its side.
pub(super) const BREAK: Duration = Duration::from_mins(5);

/// Pauses between runs, by the number of runs that tried before: Svix's ladder, which ends inside
/// the 47 hours.
const LADDER: [Duration; 6] = [
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(10),
];

/// The last try comes this long before the deadline, if the ladder would pass it.
const LAST_CHANCE: Duration = Duration::from_hours(1);

/// First and longest pause after a throttle answer without `Retry-After`.
const THROTTLE_FIRST: Duration = Duration::from_secs(1);
const THROTTLE_LONGEST: Duration = Duration::from_mins(5);

/// First and longest backoff inside a run.
const BACKOFF_FIRST_MS: u64 = 500;
const BACKOFF_LONGEST_MS: u64 = 20_000;

/// Batches in a row without a readable answer that stop a run.
const IN_A_ROW_MAX: u32 = 5;

/// Batches after which the share of unreadable answers counts, and the share in percent that stops a run.
const SAMPLE_MIN: u32 = 10;
const SHARE_MAX_PERCENT: u32 = 70;

/// Not before this time, after `runs_before` earlier runs tried; never so late that the deadline
/// passes without another try.
pub(super) fn not_before(runs_before: usize, now: TimeMs, deadline: TimeMs) -> TimeMs {
    let [first, .., last] = LADDER;
    let rung = LADDER.get(runs_before).copied().unwrap_or(last);
    let last_chance = deadline.minus(LAST_CHANCE);
    now.plus(rung).min(last_chance).max(now.plus(first))
}

/// How long all processes pause after the `nth` throttle answer in a row (from 0): what the server asks
/// for, or else between half of a bound that doubles and all of it, so that senders do not meet again.
pub(super) fn throttle_pause(retry_after: Option<Duration>, nth: u32, jitter: &mut Jitter) -> Duration {
    let bound = THROTTLE_FIRST.as_ms().saturating_mul(2 << nth.min(20)).min(THROTTLE_LONGEST.as_ms());
    let spread = jitter.up_to(u64::try_from(bound / 2).unwrap_or(0));
    let own = Duration::from_ms(bound - i64::try_from(spread).unwrap_or(0));
    // A server that says "now" is not believed twice as fast as our own first pause.
    retry_after.unwrap_or(own).max(THROTTLE_FIRST)
}

/// Randomness for backoff: splitmix64, because nothing here needs more.
#[derive(Debug)]
pub(super) struct Jitter(u64);

impl Jitter {
    /// Seeded by the process: each one's backoff differs.
    pub fn new() -> Self {
        Self::seeded(RandomState::new().hash_one(0_u8))
    }

    /// Seeded for a test.
    pub const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Full jitter before try `nth` (from 1): anything between nothing and the doubled bound.
    pub fn backoff(&mut self, nth: u32) -> Wait {
        let bound = BACKOFF_FIRST_MS.saturating_mul(1_u64.checked_shl(nth).unwrap_or(u64::MAX));
        Wait::from_millis(self.up_to(bound.min(BACKOFF_LONGEST_MS)))
    }

    /// Anything from 0 to `most`.
    const fn up_to(&mut self, most: u64) -> u64 {
        self.next() % most.saturating_add(1)
    }
}

/// Counts exchanges without a readable answer, and opens when there are too many.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    in_a_row: u32,
    bad: u32,
    all: u32,
}

impl Breaker {
    /// An answer was read.
    pub const fn good(&mut self) {
        self.in_a_row = 0;
        self.all += 1;
    }

    /// None was. Whether to stop.
    #[must_use]
    pub const fn bad(&mut self) -> bool {
        self.in_a_row += 1;
        self.bad += 1;
        self.all += 1;
        self.in_a_row >= IN_A_ROW_MAX
            || (self.all >= SAMPLE_MIN && self.bad * 100 >= self.all * SHARE_MAX_PERCENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_ends_before_the_deadline() {
        let now = TimeMs::from_ms(0);
        let far = now.plus(Duration::from_hours(47));
        let mins = |runs| not_before(runs, now, far).as_ms() / 60_000;
        assert_eq!([0, 1, 2, 3, 4, 5, 6, 99].map(mins), [5, 30, 120, 300, 600, 600, 600, 600]);
        let near = now.plus(Duration::from_hours(2));
        assert_eq!(not_before(4, now, near), now.plus(Duration::from_hours(1)));
        assert_eq!(not_before(4, now, now), now.plus(Duration::from_mins(5)), "never at once");
    }

    #[test]
    fn n_23_throttle_pauses_stay_in_their_bounds_for_ten_thousand_seeds() {
        for (nth, bound) in [(0, 2_000), (1, 4_000), (2, 8_000), (5, 64_000), (8, 300_000), (1_000, 300_000)]
        {
            let (mut shortest, mut longest) = (i64::MAX, 0);
            for seed in 0..10_000 {
                let pause = throttle_pause(None, nth, &mut Jitter::seeded(seed)).as_ms();
                (shortest, longest) = (shortest.min(pause), longest.max(pause));
            }
            assert!(shortest >= bound / 2 && shortest < bound * 55 / 100, "{nth}: {shortest}");
            assert!(longest <= bound && longest > bound * 95 / 100, "{nth}: {longest}");
        }
        let mut jitter = Jitter::seeded(1);
        assert_eq!(throttle_pause(Some(Duration::from_secs(7)), 9, &mut jitter), Duration::from_secs(7));
        let at_once = throttle_pause(Some(Duration::ZERO), 0, &mut jitter);
        assert_eq!(at_once, Duration::from_secs(1), "no busy loop");
    }

    #[test]
    fn backoff_stays_in_its_bounds_for_ten_thousand_seeds() {
        let mut longest = Wait::ZERO;
        for seed in 0..10_000 {
            let mut jitter = Jitter::seeded(seed);
            assert!(jitter.backoff(0) <= Wait::from_millis(500));
            assert!(jitter.backoff(1) <= Wait::from_secs(1));
            longest = longest.max(jitter.backoff(200));
        }
        assert!(longest > Wait::from_secs(19) && longest <= Wait::from_secs(20), "{longest:?}");
    }

    #[test]
    fn the_breaker_opens_after_five_in_a_row_or_seventy_percent() {
        let mut breaker = Breaker::default();
        assert!((0..4).all(|_| !breaker.bad()));
        assert!(breaker.bad());
        let mut breaker = Breaker::default();
        for _ in 0..3 {
            breaker.good();
            assert!(!breaker.bad() && !breaker.bad());
        }
        assert!(breaker.bad(), "7 of 10");
        assert!(breaker.all == 10 && breaker.bad == 7);
    }
}
