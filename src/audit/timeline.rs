//! Counts per step of time, found without a search.

use std::collections::VecDeque;

use crate::domain::{Duration, TimeMs};

/// A row of counters, one per step of time between the first and the last that was seen.
#[derive(Debug)]
pub(super) struct Timeline<T> {
    step: Duration,
    first: i64,
    cells: VecDeque<T>,
}

impl<T: Default> Timeline<T> {
    /// An empty timeline with steps of this length.
    pub(super) const fn new(step: Duration) -> Self {
        Self { step, first: 0, cells: VecDeque::new() }
    }

    /// The counter of an instant; `None` for one that no log line may carry, so that memory is
    /// bounded by the years 2015 to 2100.
    pub(super) fn at(&mut self, at: TimeMs) -> Option<&mut T> {
        if !at.is_plausible() {
            return None;
        }
        let place = at.as_ms().div_euclid(self.step.as_ms());
        if self.cells.is_empty() {
            self.first = place;
        }
        while place < self.first {
            self.cells.push_front(T::default());
            self.first -= 1;
        }
        let index = usize::try_from(place - self.first).ok()?;
        while self.cells.len() <= index {
            self.cells.push_back(T::default());
        }
        self.cells.get_mut(index)
    }

    /// Each step's first instant and its counter, in order; steps between two that were seen too.
    pub(super) fn iter(&self) -> impl Iterator<Item = (TimeMs, &T)> {
        let places = (self.first..).map(|place| TimeMs::from_ms(place.saturating_mul(self.step.as_ms())));
        places.zip(&self.cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_found_in_any_order() {
        let hour = Duration::from_hours(1);
        let mut line: Timeline<u32> = Timeline::new(hour);
        let start = TimeMs::from_ms(1_795_176_000_000);
        for hours in [5, 0, 2, 5, -3] {
            *line.at(start.plus(Duration::from_hours(hours)).plus(Duration::from_mins(59))).unwrap() += 1;
        }
        let seen: Vec<_> = line.iter().filter(|(_, count)| **count > 0).collect();
        let at = |hours| start.plus(Duration::from_hours(hours));
        assert_eq!(seen, [(at(-3), &1), (at(0), &1), (at(2), &1), (at(5), &2)]);
        assert_eq!(line.iter().count(), 9);
        assert_eq!(line.at(TimeMs::from_ms(0)), None);
    }
}
