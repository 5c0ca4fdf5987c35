//! What a deduplicating TikTok would have counted.

use std::collections::BTreeMap;

use crate::domain::{Leg, TimeMs};
use crate::tiktok::limits::{DEDUP_WINDOW, MERGE_WINDOW};

use super::stats::Totals;

/// What was counted of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Pixel Code.
    pub pixel: String,
    /// Event name.
    pub event: String,
    /// Event id.
    pub event_id: String,
    /// Copies that arrived and were accepted.
    pub copies: u64,
    /// Conversions counted: one per 48 h window.
    pub counted: u64,
    /// When the first copy of the current window arrived.
    pub first_at: TimeMs,
}

/// What became of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The first copy, or one outside the window: counted.
    Counted,
    /// Within five minutes on the other leg: merged with the first.
    Merged,
    /// Within 48 hours: dropped.
    Dropped,
}

impl Effect {
    /// The word that the record uses.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Merged => "merged",
            Self::Dropped => "dropped",
        }
    }
}

/// What TikTok deduplicates on; every part is compared byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Pixel Code.
    pub pixel: String,
    /// Event name.
    pub event: String,
    /// Event id.
    pub event_id: String,
}

impl Key {
    /// The key of these parts.
    #[must_use]
    pub fn new(pixel: &str, event: &str, event_id: &str) -> Self {
        Self { pixel: pixel.to_owned(), event: event.to_owned(), event_id: event_id.to_owned() }
    }
}

#[derive(Debug)]
struct Window {
    copies: u64,
    counted: u64,
    first_at: TimeMs,
    first_leg: Leg,
}

/// The dedup oracle: 48 h from the receipt of the first copy, whichever leg brought it.
#[derive(Debug, Default)]
pub struct Counter {
    windows: BTreeMap<Key, Window>,
    totals: Totals,
}

impl Counter {
    /// Takes a copy.
    pub fn take(&mut self, key: Key, leg: Leg, at: TimeMs) -> Effect {
        self.totals.add(&key, leg, at);
        let Some(window) = self.windows.get_mut(&key) else {
            self.windows.insert(key, Window { copies: 1, counted: 1, first_at: at, first_leg: leg });
            return Effect::Counted;
        };
        window.copies += 1;
        let age = at.since(window.first_at);
        if age >= DEDUP_WINDOW {
            window.counted += 1;
            window.first_at = at;
            window.first_leg = leg;
            Effect::Counted
        } else if leg != window.first_leg && age <= MERGE_WINDOW {
            Effect::Merged
        } else {
            Effect::Dropped
        }
    }

    /// The totals of all copies.
    pub(super) const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// All keys, sorted.
    #[must_use]
    pub fn counted(&self) -> Vec<Counted> {
        self.windows
            .iter()
            .map(|(key, window)| Counted {
                pixel: key.pixel.clone(),
                event: key.event.clone(),
                event_id: key.event_id.clone(),
                copies: window.copies,
                counted: window.counted,
                first_at: window.first_at,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    fn second_copy(legs: (Leg, Leg), after_ms: i64) -> Effect {
        let mut counter = Counter::default();
        assert_eq!(
            counter.take(Key::new("P", "Purchase", "o1"), legs.0, TimeMs::from_ms(1000)),
            Effect::Counted
        );
        counter.take(Key::new("P", "Purchase", "o1"), legs.1, TimeMs::from_ms(1000 + after_ms))
    }

    #[test]
    fn a_second_copy_is_merged_dropped_or_counted_by_its_age() {
        let across = (Leg::Browser, Leg::Server);
        assert_eq!(second_copy(across, 0), Effect::Merged);
        assert_eq!(second_copy(across, 300_000), Effect::Merged);
        assert_eq!(second_copy(across, 300_001), Effect::Dropped);
        assert_eq!(second_copy(across, 48 * HOUR_MS - 1), Effect::Dropped);
        assert_eq!(second_copy(across, 48 * HOUR_MS), Effect::Counted);
        assert_eq!(second_copy((Leg::Server, Leg::Server), 10_000), Effect::Dropped, "one leg never merges");
    }

    #[test]
    fn the_window_starts_at_the_first_copy_and_not_at_a_dropped_one() {
        let mut counter = Counter::default();
        for hour in [0, 30, 47, 49] {
            counter.take(Key::new("P", "Purchase", "o1"), Leg::Server, TimeMs::from_ms(hour * HOUR_MS));
        }
        let [key] = &counter.counted()[..] else { panic!("one key") };
        assert_eq!((key.copies, key.counted, key.first_at), (4, 2, TimeMs::from_ms(49 * HOUR_MS)));
    }

    #[test]
    fn every_part_of_the_key_counts() {
        let mut counter = Counter::default();
        for (pixel, event, id) in [
            ("P", "Purchase", "o1"),
            ("Q", "Purchase", "o1"),
            ("P", "CompletePayment", "o1"),
            ("P", "Purchase", "o1 "),
        ] {
            assert_eq!(
                counter.take(Key::new(pixel, event, id), Leg::Server, TimeMs::from_ms(0)),
                Effect::Counted
            );
        }
        assert_eq!(counter.counted().len(), 4);
    }
}
