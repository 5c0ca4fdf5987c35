//! Days and hours of a report: every chart gets as many marks as an eye can take in.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{Datelike as _, Days, NaiveDate, Weekday};

use super::super::number::{count, count_of, length};
use super::{HourCell, HourRow, StepLine, Steps};

/// More days than this are shown as weeks.
const DAYS_MAX: usize = 62;
/// More days than this share seven rows of hours, one per day of the week.
const HOUR_ROWS_MAX: usize = 31;
/// Hours of a day.
pub(super) const HOURS: usize = 24;
/// More steps than this are not filled with empty ones: a stray date ten years ago would draw
/// hundreds of them.
const FILLED_MAX: u64 = 400;

/// Days without holes, or weeks of a long time span.
pub(super) fn steps(days: &[(NaiveDate, HourCell)]) -> Steps {
    if span(days) > DAYS_MAX {
        let weeks = fold(days.iter().map(|(day, cell)| (monday(*day), *cell)));
        let rows = filled(&weeks, 7).into_iter().map(|(monday, cell)| StepLine {
            day: monday,
            label: monday.format("%-d %b").to_string(),
            name: format!("week of {}", monday.format("%a %-d %b %Y")),
            expected: cell.expected,
            missing: cell.missing,
        });
        return Steps { unit: "week", rows: rows.collect() };
    }
    let rows = filled(&fold(days.iter().copied()), 1).into_iter().map(|(day, cell)| StepLine {
        day,
        label: day.format("%-d %b").to_string(),
        name: day.format("%a %-d %b %Y").to_string(),
        expected: cell.expected,
        missing: cell.missing,
    });
    Steps { unit: "day", rows: rows.collect() }
}

/// Rows of 24 hours, one per day; of a long time span one per day of the week.
pub(super) fn hours(cells: &[(NaiveDate, u8, HourCell)]) -> Vec<HourRow> {
    let days: Vec<_> = cells.iter().map(|(day, _, cell)| (*day, *cell)).collect();
    if span(&days) > HOUR_ROWS_MAX {
        let weekdays = (0..7).filter_map(|number| Weekday::try_from(number).ok());
        let row = |weekday: Weekday| HourRow {
            label: weekday.to_string(),
            cells: row(cells.iter().filter(|(day, _, _)| day.weekday() == weekday)),
        };
        return weekdays.map(row).collect();
    }
    let filled = filled(&fold(days.into_iter()), 1);
    let row = |(day, _): (NaiveDate, HourCell)| HourRow {
        label: day.format("%a %-d %b").to_string(),
        cells: row(cells.iter().filter(|(other, _, _)| *other == day)),
    };
    filled.into_iter().map(row).collect()
}

/// What the picture of hours shows, in words.
pub(super) fn hours_words(rows: &[HourRow]) -> String {
    let mut cells: Vec<(&str, usize, HourCell)> = rows
        .iter()
        .flat_map(|row| row.cells.iter().enumerate().map(|(hour, cell)| (row.label.as_str(), hour, *cell)))
        .filter(|(_, _, cell)| cell.missing > 0)
        .collect();
    cells.sort_by_key(|(_, _, cell)| Reverse(cell.missing));
    let Some((day, hour, worst)) = cells.first() else {
        return "Nothing is missing.".to_owned();
    };
    let all: u64 = cells.iter().map(|(_, _, cell)| cell.missing).sum();
    let mut sum = 0;
    let half = cells.iter().take_while(|(_, _, cell)| {
        let before = sum;
        sum += cell.missing;
        before * 2 < all
    });
    let (half, hours) = (length(half.count()), length(cells.len()));
    format!(
        "The worst hour began {day} at {hour:02}:00: {} of {} missing. Half of all missing events fell into {} \
         of the {} in which any did.",
        count(worst.missing),
        count(worst.expected),
        count(half),
        count_of(hours, "hour", "hours"),
    )
}

fn row<'a>(cells: impl Iterator<Item = &'a (NaiveDate, u8, HourCell)>) -> Vec<HourCell> {
    let mut row = vec![HourCell::default(); HOURS];
    for (_, hour, cell) in cells {
        if let Some(slot) = row.get_mut(usize::from(*hour)) {
            slot.add(*cell);
        }
    }
    row
}

impl HourCell {
    fn add(&mut self, other: Self) {
        self.expected += other.expected;
        self.missing += other.missing;
    }
}

fn fold(cells: impl Iterator<Item = (NaiveDate, HourCell)>) -> BTreeMap<NaiveDate, HourCell> {
    let mut folded: BTreeMap<NaiveDate, HourCell> = BTreeMap::new();
    for (day, cell) in cells {
        folded.entry(day).or_default().add(cell);
    }
    folded
}

/// Days from the first to the last.
fn span(cells: &[(NaiveDate, HourCell)]) -> usize {
    let days = cells.iter().map(|(day, _)| *day);
    let (Some(first), Some(last)) = (days.clone().min(), days.max()) else { return 0 };
    usize::try_from(last.signed_duration_since(first).num_days()).unwrap_or(usize::MAX).saturating_add(1)
}

fn monday(day: NaiveDate) -> NaiveDate {
    let back = Days::new(u64::from(day.weekday().num_days_from_monday()));
    day.checked_sub_days(back).unwrap_or(day)
}

/// The cells with empty ones between them.
fn filled(cells: &BTreeMap<NaiveDate, HourCell>, step: u64) -> Vec<(NaiveDate, HourCell)> {
    let mut rows: Vec<(NaiveDate, HourCell)> = Vec::with_capacity(cells.len());
    for (day, cell) in cells {
        while let Some(next) = rows.last().and_then(|(last, _)| last.checked_add_days(Days::new(step)))
            && next < *day
            && day.signed_duration_since(next).num_days().unsigned_abs() < FILLED_MAX * step
        {
            rows.push((next, HourCell::default()));
        }
        rows.push((*day, *cell));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn cell(expected: u64, missing: u64) -> HourCell {
        HourCell { expected, missing }
    }

    #[test]
    fn days_without_events_are_there_and_empty() {
        let steps = steps(&[(day("2026-11-20"), cell(5, 1)), (day("2026-11-22"), cell(7, 0))]);
        let rows: Vec<_> = steps.rows.iter().map(|row| (row.label.as_str(), row.expected)).collect();
        assert_eq!((steps.unit, rows), ("day", vec![("20 Nov", 5), ("21 Nov", 0), ("22 Nov", 7)]));
    }

    #[test]
    fn long_spans_are_shown_in_weeks() {
        let first = day("2026-06-01");
        let days: Vec<_> = (0..100).map(|n| (first + Days::new(n), cell(2, 1))).collect();
        let steps = steps(&days);
        assert_eq!((steps.unit, steps.rows.len()), ("week", 15));
        assert_eq!((steps.rows[0].expected, steps.rows[0].missing), (14, 7));
        assert_eq!(steps.rows[1].name, "week of Mon 8 Jun 2026");
        assert_eq!(steps.rows.iter().map(|row| row.expected).sum::<u64>(), 200);
    }

    #[test]
    fn hours_stand_in_their_place_and_fold_into_weekdays() {
        let cells = [(day("2026-11-21"), 23, cell(4, 4)), (day("2026-11-23"), 0, cell(3, 0))];
        let rows = hours(&cells);
        let labels: Vec<_> = rows.iter().map(|row| row.label.as_str()).collect();
        assert_eq!(labels, ["Sat 21 Nov", "Sun 22 Nov", "Mon 23 Nov"]);
        assert_eq!((rows[0].cells[23], rows[2].cells[0]), (cell(4, 4), cell(3, 0)));
        let far = [(day("2026-01-05"), 8, cell(1, 0)), (day("2026-11-23"), 8, cell(2, 1))];
        let rows = hours(&far);
        assert_eq!((rows.len(), rows[0].label.as_str(), rows[0].cells[8]), (7, "Mon", cell(3, 1)));
        assert_eq!(hours(&[]).len(), 0);
    }

    #[test]
    fn a_stray_date_does_not_draw_a_decade() {
        let steps = steps(&[(day("2015-01-05"), cell(1, 0)), (day("2026-11-22"), cell(1, 0))]);
        assert_eq!(steps.rows.len(), 2);
    }
}
