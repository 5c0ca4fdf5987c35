//! What is missing along time: heights by day, shades by day and hour.

use std::fmt::Write as _;

use crate::audit::AuditResult;

use super::document::{HourCell, hour_rows};
use super::number::{count, spark};
use super::words::wrap;
use super::{View, Zone};

/// More days than this are drawn several at a time.
const DAYS_DRAWN_MAX: usize = 62;
/// Fewer missing events make no pattern: they are listed faster than looked at.
const MISSING_MIN: u64 = 20;
/// Up to which share of missing events, in percent, an hour has which shade.
const SHADES: [(u64, char); 4] = [(0, '·'), (5, '░'), (15, '▒'), (40, '▓')];
/// More than that.
const DARKEST: char = '█';
/// Cells before the hours.
const LABEL: usize = 15;
/// With two cells for each hour the picture is this wide.
const DOUBLE_FROM: usize = LABEL + 48;
/// An hour is named every so many.
const NAMED_EVERY: usize = 3;

/// A height for each day, or for several where the line would be too long, and the worst day.
#[must_use]
pub(super) fn per_day(result: &AuditResult, view: &View) -> (String, String) {
    let peak = result.days.iter().max_by_key(|day| day.missing).filter(|day| day.missing > 0);
    let Some(peak) = peak.filter(|_| result.days.len() > 1) else { return Default::default() };
    let room = view.width.map_or(DAYS_DRAWN_MAX, |width| width.saturating_sub(14).clamp(1, DAYS_DRAWN_MAX));
    let step = result.days.len().div_ceil(room);
    let label = if step == 1 { "per day".to_owned() } else { format!("per {step} days") };
    let missing = result.days.chunks(step).map(|days| days.iter().map(|day| day.missing).sum());
    let words = format!(
        "{}  peak {} of {} missing, {}",
        spark(&missing.collect::<Vec<u64>>()),
        count(peak.missing),
        count(peak.expected),
        view.zone.day(peak.day)
    );
    (label, words)
}

/// Days down, hours across; nothing where too little is missing for a pattern.
#[must_use]
pub(super) fn shades(result: &AuditResult, view: &View) -> String {
    let rows = hour_rows(result, Zone(result.zone));
    if result.totals.missing() < MISSING_MIN || rows.len() < 2 {
        return String::new();
    }
    let cells = if view.width.is_none_or(|width| width >= DOUBLE_FROM) { 2 } else { 1 };
    let mut head = format!(" {:<fill$}", "missing at", fill = LABEL - 1);
    for hour in (0..24).step_by(NAMED_EVERY) {
        let _ = write!(head, "{hour:<fill$}", fill = NAMED_EVERY * cells);
    }
    let mut text = format!("\n{}\n", head.trim_end());
    for row in &rows {
        let shades: String =
            row.cells.iter().flat_map(|cell| std::iter::repeat_n(shade(*cell), cells)).collect();
        let line = format!(" {:<fill$}{shades}", row.label, fill = LABEL - 1);
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let [none, few, some, many] = SHADES.map(|(up_to, shade)| (shade, up_to));
    let key = format!(
        "{:LABEL$}{} none missing, {} up to {} %, {} {} %, {} {} %, {DARKEST} more",
        "", none.0, few.0, few.1, some.0, some.1, many.0, many.1
    );
    text + &wrap(&key, LABEL, view.width)
}

/// An hour in which nothing was expected is blank.
fn shade(cell: HourCell) -> char {
    if cell.expected == 0 {
        return ' ';
    }
    let found = SHADES
        .iter()
        .find(|(up_to, _)| u128::from(cell.missing) * 100 <= u128::from(*up_to) * u128::from(cell.expected));
    found.map_or(DARKEST, |(_, shade)| *shade)
}

#[cfg(test)]
mod tests {
    use super::super::tests_support::result;
    use super::*;
    use crate::audit::{DayCounts, HourCounts};
    use crate::domain::{Duration, TimeMs};

    fn shaded() -> AuditResult {
        let day = TimeMs::from_ms(1_795_132_800_000);
        let hour = |days: i64, hour, expected, missing| HourCounts {
            day: day.plus(Duration::from_hours(24 * days)),
            hour,
            expected,
            delivered: expected - missing,
            missing,
            purchases_missing: 0,
        };
        let mut result = result();
        result.totals.never_sent = 30;
        result.hours = vec![
            hour(0, 0, 100, 0),
            hour(0, 1, 1_000_000, 1),
            hour(0, 2, 100, 5),
            hour(0, 3, 100, 6),
            hour(0, 23, 100, 40),
            hour(2, 12, 100, 41),
        ];
        result
    }

    #[test]
    fn an_hour_is_as_dark_as_much_of_it_is_missing() {
        let text = shades(&shaded(), &View::plain(Zone::UTC));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], " missing at    0     3     6     9     12    15    18    21");
        assert_eq!(lines[2], format!(" Fri 20 Nov    ··░░░░▒▒{}▓▓", " ".repeat(38)));
        assert_eq!(lines[3], " Sat 21 Nov");
        assert_eq!(lines[4], format!(" Sun 22 Nov    {}██", " ".repeat(24)));
        let narrow = shades(&shaded(), &View { width: Some(40), ..View::plain(Zone::UTC) });
        assert_eq!(narrow.lines().nth(2), Some(format!(" Fri 20 Nov    ·░░▒{}▓", " ".repeat(19)).as_str()));
    }

    #[test]
    fn many_days_are_drawn_several_at_a_time() {
        let day = |n: i64| DayCounts {
            day: TimeMs::from_ms(1_795_132_800_000).plus(Duration::from_hours(24 * n)),
            expected: 10,
            delivered: 9,
            missing: u64::from(n == 50),
            purchases_missing: 0,
        };
        let mut result = result();
        result.days = (0..100).map(day).collect();
        let (label, words) = per_day(&result, &View { width: Some(40), ..View::plain(Zone::UTC) });
        let drawn = "▁".repeat(12) + "█" + &"▁".repeat(12);
        let peak = "peak 1 of 10 missing, Sat 9 Jan 2027";
        assert_eq!((label.as_str(), words), ("per 4 days", format!("{drawn}  {peak}")));
        result.days.truncate(1);
        assert_eq!(per_day(&result, &View::plain(Zone::UTC)), Default::default());
    }

    #[test]
    fn too_few_make_no_pattern() {
        let mut few = shaded();
        few.totals.never_sent = 1;
        few.totals.refused = 0;
        assert_eq!(shades(&few, &View::plain(Zone::UTC)), "");
    }
}
