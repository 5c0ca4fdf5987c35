//! Counts per local day and per hour of it.

use std::collections::VecDeque;

use chrono_tz::Tz;

use crate::domain::{TimeMs, calendar};

use super::slices::SliceCounts;
use super::{DayCounts, HourCounts};

/// Hours of a day, as clocks show them: the day that is an hour longer has one of them twice.
const HOURS: usize = 24;

/// What is remembered of quarters of an hour: 42 days of them, each worked out once.
const QUARTERS: i64 = 4096;
/// A quarter of an hour in milliseconds: no zone's offset changes within one.
const QUARTER_MS: i64 = 15 * 60 * 1000;

/// Finds the local day and hour of many instants.
#[derive(Debug)]
pub(super) struct LocalClock {
    zone: Tz,
    /// By quarter modulo their number: the quarter, its day, its hour.
    known: Vec<(i64, i32, u8)>,
}

impl LocalClock {
    pub(super) fn new(zone: Tz) -> Self {
        Self { zone, known: Vec::new() }
    }

    /// The number of the day and the hour; `None` for an instant that no log line may carry.
    pub(super) fn at(&mut self, at: TimeMs) -> Option<(i32, u8)> {
        if !at.is_plausible() {
            return None;
        }
        let quarter = at.as_ms().div_euclid(QUARTER_MS);
        let slot = usize::try_from(quarter.rem_euclid(QUARTERS)).ok()?;
        if let Some((known, day, hour)) = self.known.get(slot)
            && *known == quarter
        {
            return Some((*day, *hour));
        }
        let (date, hour) = calendar::local(at, self.zone)?;
        let day = calendar::day_number(date);
        if self.known.is_empty() {
            self.known.resize(usize::try_from(QUARTERS).unwrap_or(0), (i64::MIN, 0, 0));
        }
        if let Some(known) = self.known.get_mut(slot) {
            *known = (quarter, day, hour);
        }
        Some((day, hour))
    }
}

/// Expected keys of an hour.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hour {
    pub(super) expected: u32,
    delivered: u32,
    refused: u32,
    unknown: u32,
    purchases_missing: u32,
}

impl Hour {
    pub(super) const fn missing(&self) -> u32 {
        self.expected.saturating_sub(self.delivered)
    }

    fn add(&mut self, one: &SliceCounts, is_purchase: bool) {
        let add = |to: &mut u32, is_one| *to = to.saturating_add(u32::from(is_one));
        add(&mut self.expected, true);
        add(&mut self.delivered, one.delivered > 0);
        add(&mut self.refused, one.refused > 0);
        add(&mut self.unknown, one.unknown > 0);
        add(&mut self.purchases_missing, is_purchase && one.missing() > 0);
    }

    /// The same counts as of any slice, but for match keys.
    pub(super) fn counts(&self) -> SliceCounts {
        let rest = self.missing().saturating_sub(self.refused).saturating_sub(self.unknown);
        SliceCounts {
            expected: self.expected.into(),
            delivered: self.delivered.into(),
            refused: self.refused.into(),
            unknown: self.unknown.into(),
            never_sent: rest.into(),
            ..SliceCounts::default()
        }
    }
}

#[derive(Debug, Default)]
struct Day {
    counts: SliceCounts,
    hours: [Hour; HOURS],
}

/// A row of days, each with its hours, from the first to the last that was seen. Half a kilobyte per
/// day of the years 2015 to 2100: at most 17 MB, and a hundred days in 54 kB.
#[derive(Debug, Default)]
pub(super) struct Days {
    first: i32,
    row: VecDeque<Day>,
    /// All days together, by hour.
    by_hour: [SliceCounts; HOURS],
}

impl Days {
    /// Adds what one expected key counts.
    pub(super) fn add(&mut self, (day, hour): (i32, u8), one: &SliceCounts, is_purchase: bool) {
        if let Some(counts) = self.by_hour.get_mut(usize::from(hour)) {
            counts.merge(one);
        }
        let Some(day) = self.day(day) else { return };
        day.counts.merge(one);
        if let Some(hour) = day.hours.get_mut(usize::from(hour)) {
            hour.add(one, is_purchase);
        }
    }

    fn day(&mut self, number: i32) -> Option<&mut Day> {
        if self.row.is_empty() {
            self.first = number;
        }
        while number < self.first {
            self.row.push_front(Day::default());
            self.first -= 1;
        }
        let at = usize::try_from(number - self.first).ok()?;
        while self.row.len() <= at {
            self.row.push_back(Day::default());
        }
        self.row.get_mut(at)
    }

    /// The number of each day, and the day.
    fn numbered(&self) -> impl Iterator<Item = (i32, &Day)> {
        (self.first..).zip(&self.row)
    }

    /// Days by number, with their counts.
    pub(super) fn counted(&self) -> impl Iterator<Item = (i32, &SliceCounts)> {
        self.numbered().map(|(number, day)| (number, &day.counts))
    }

    /// Hours of the day, all days together.
    pub(super) fn by_hour(&self) -> impl Iterator<Item = (u8, &SliceCounts)> {
        (0..).zip(&self.by_hour)
    }

    /// Every hour of every day between the first and the last: day, hour, counts.
    pub(super) fn hours(&self) -> impl Iterator<Item = (i32, u8, &Hour)> {
        self.numbered()
            .flat_map(|(number, day)| (0..).zip(&day.hours).map(move |(hour, counts)| (number, hour, counts)))
    }

    /// The days for an output.
    pub(super) fn day_rows(&self, zone: Tz) -> Vec<DayCounts> {
        let days = self.numbered().filter(|(_, day)| day.counts.expected > 0);
        days.filter_map(|(number, day)| {
            Some(DayCounts {
                day: first_instant(number, zone)?,
                expected: day.counts.expected,
                delivered: day.counts.delivered,
                missing: day.counts.missing(),
                purchases_missing: day.hours.iter().map(|hour| u64::from(hour.purchases_missing)).sum(),
            })
        })
        .collect()
    }

    /// The hours for an output: those with at least one expected key.
    pub(super) fn hour_rows(&self, zone: Tz) -> Vec<HourCounts> {
        let hours = self.hours().filter(|(_, _, counts)| counts.expected > 0);
        hours
            .filter_map(|(number, hour, counts)| {
                Some(HourCounts {
                    day: first_instant(number, zone)?,
                    hour,
                    expected: u64::from(counts.expected),
                    delivered: u64::from(counts.delivered),
                    missing: u64::from(counts.missing()),
                    purchases_missing: u64::from(counts.purchases_missing),
                })
            })
            .collect()
    }
}

/// The instant when an hour of a day begins on the clocks; 24 is the next day's first.
pub(super) fn hour_begins((number, hour): (i32, u8), zone: Tz) -> Option<TimeMs> {
    let (days, hour) = (hour / 24, hour % 24);
    let date = calendar::date(number.checked_add(i32::from(days))?)?;
    calendar::instant(date.and_hms_opt(u32::from(hour), 0, 0)?, zone)
}

/// The first instant of a day.
pub(super) fn first_instant(number: i32, zone: Tz) -> Option<TimeMs> {
    calendar::date(number).and_then(|date| calendar::midnight(date, zone))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Duration;
    use chrono_tz::{Asia::Kathmandu, Europe::Berlin};

    /// 2026-10-24T22:00:00Z: midnight in Berlin on the day when summer time ends.
    const MIDNIGHT: TimeMs = TimeMs::from_ms(1_792_879_200_000);

    #[test]
    fn the_long_day_is_one_day_and_its_double_hour_one_hour() {
        let (mut clock, mut days) = (LocalClock::new(Berlin), Days::default());
        let one = SliceCounts { expected: 1, never_sent: 1, ..SliceCounts::default() };
        for quarter in 0..100 {
            let at = MIDNIGHT.plus(Duration::from_mins(15 * quarter));
            days.add(clock.at(at).unwrap(), &one, quarter == 8);
        }
        let rows = days.day_rows(Berlin);
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].day, rows[0].missing, rows[0].purchases_missing), (MIDNIGHT, 100, 1));
        let hours = days.hour_rows(Berlin);
        let by_hour: Vec<_> = hours.iter().map(|hour| hour.expected).collect();
        assert_eq!((by_hour.len(), by_hour[1], by_hour[2], by_hour[3]), (24, 4, 8, 4));
        assert_eq!(hours[2].purchases_missing, 1);
    }

    #[test]
    fn days_are_found_in_any_order_and_bad_times_are_left_out() {
        let (mut clock, mut days) = (LocalClock::new(Kathmandu), Days::default());
        let one = SliceCounts { expected: 1, delivered: 1, ..SliceCounts::default() };
        for day in [3, -2, 0, 3] {
            // A quarter to six in the evening, UTC: the next day begins in Kathmandu.
            let at = MIDNIGHT.plus(Duration::from_hours(24 * day)).minus(Duration::from_mins(225));
            assert_eq!(clock.at(at), clock.at(at.plus(Duration::from_mins(14))));
            days.add(clock.at(at).unwrap(), &one, false);
        }
        let rows: Vec<_> = days.day_rows(Kathmandu).iter().map(|row| row.delivered).collect();
        assert_eq!(rows, [1, 1, 2]);
        assert_eq!(days.hours().count(), 6 * 24);
        assert_eq!(
            days.by_hour().filter(|(_, one)| one.expected > 0).map(|(hour, _)| hour).collect::<Vec<_>>(),
            [0]
        );
        assert_eq!(clock.at(TimeMs::from_ms(0)), None);
    }
}
