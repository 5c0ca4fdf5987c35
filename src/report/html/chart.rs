//! Bars per day, and what all pictures share: places in tenths of a pixel, keys, tables beside them.

use super::super::document::{Report, StepLine};
use super::super::number::{count, length, percent};
use super::markup::Html;

/// A length or place on a picture, in tenths of its unit.
pub(super) fn px(tenths: u64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// `part` of `whole` of a length in tenths; what is there is seen, however little it is.
pub(super) fn scaled(part: u64, whole: u64, tenths: u64) -> u64 {
    if part == 0 || whole == 0 {
        return 0;
    }
    let length = u128::from(part.min(whole)) * u128::from(tenths) / u128::from(whole);
    u64::try_from(length).unwrap_or(tenths).max(SEEN_MIN)
}

/// A share as a length in tenths, where the worst share is the whole length.
pub(super) fn scaled_share(share: (u64, u64), worst: (u64, u64), tenths: u64) -> u64 {
    if share.0 == 0 || share.1 == 0 || worst.0 == 0 {
        return 0;
    }
    // part/whole ÷ worst part/worst whole; counts of 32 bits do not overflow here.
    let length = u128::from(share.0) * u128::from(worst.1) * u128::from(tenths)
        / (u128::from(share.1) * u128::from(worst.0));
    u64::try_from(length).unwrap_or(tenths).clamp(SEEN_MIN, tenths)
}

/// A bar in a cell: it is as wide as its cell.
pub(super) const BAR: [(&str, &str); 4] =
    [("class", "bar"), ("viewBox", "0 0 100 8"), ("preserveAspectRatio", "none"), ("aria-hidden", "true")];

/// The shortest bar that is seen: a pixel and a half.
const SEEN_MIN: u64 = 15;

/// The next round number at or above, whose half is a whole number (but for 1).
pub(super) fn round_up(n: u64) -> u64 {
    if let Some(small) = [1, 2, 4, 6, 8].into_iter().find(|small| *small >= n) {
        return small;
    }
    let mut unit = 1_u64;
    loop {
        for step in [10, 12, 16, 20, 24, 30, 40, 50, 60, 80] {
            let round = unit.saturating_mul(step);
            if round >= n || round == u64::MAX {
                return round;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

/// A picture with its name and what it shows in words; `height` in whole pixels of 760 across.
pub(super) fn picture(
    page: &mut Html,
    id: &'static str,
    height: u64,
    words: (&str, &str),
    draw: impl FnOnce(&mut Html),
) {
    let (title, description) = (format!("{id}-title"), format!("{id}-words"));
    let frame = format!("0 0 760 {height}");
    let region = format!("{}, picture", words.0);
    page.tag(
        "div",
        &[("class", "scroll"), ("role", "region"), ("aria-label", &region), ("tabindex", "0")],
        |page| {
            let names = format!("{title} {description}");
            page.tag(
                "svg",
                &[("class", "chart"), ("viewBox", &frame), ("role", "img"), ("aria-labelledby", &names)],
                |page| {
                    page.leaf("title", &[("id", &title)], words.0);
                    page.leaf("desc", &[("id", &description)], words.1);
                    draw(page);
                },
            );
        },
    );
}

/// What the colours of a picture mean.
pub(super) fn key(page: &mut Html, entries: &[(&'static str, &str)]) {
    page.tag("ul", &[("class", "key")], |page| {
        for (class, words) in entries {
            page.tag("li", &[], |page| {
                page.tag("svg", &[("viewBox", "0 0 12 12"), ("aria-hidden", "true")], |page| {
                    rectangle(page, class, [5, 5, 110, 110]);
                });
                page.text(words);
            });
        }
    });
}

/// A rectangle: left, top, width, height in tenths.
pub(super) fn rectangle(page: &mut Html, class: &'static str, place: [u64; 4]) {
    let [x, y, width, height] = place.map(px);
    page.tag(
        "rect",
        &[("class", class), ("x", &x), ("y", &y), ("width", &width), ("height", &height)],
        |_| {},
    );
}

/// Text on a picture: left and base line in tenths.
pub(super) fn label(page: &mut Html, class: &'static str, anchor: &'static str, place: [u64; 2], text: &str) {
    let [x, y] = place.map(px);
    page.leaf("text", &[("class", class), ("x", &x), ("y", &y), ("text-anchor", anchor)], text);
}

/// A line across a picture: from, to, height in tenths.
pub(super) fn rule(page: &mut Html, from: u64, to: u64, y: u64) {
    let [from, to, y] = [from, to, y].map(px);
    page.tag("line", &[("class", "axis"), ("x1", &from), ("x2", &to), ("y1", &y), ("y2", &y)], |_| {});
}

/// The numbers of a picture, for those who would rather read them.
pub(super) fn copy(page: &mut Html, headers: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    page.tag("details", &[("class", "copy")], |page| {
        page.leaf("summary", &[], "The same numbers as a table");
        table(page, headers, rows);
    });
}

/// A table whose first column names its rows.
pub(super) fn table(page: &mut Html, headers: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    table_of(page, headers, |page| rows.for_each(|row| table_row(page, &row)));
}

/// A table in a region that can be scrolled by key; `body` draws its rows.
pub(super) fn table_of(page: &mut Html, headers: &[&str], body: impl FnOnce(&mut Html)) {
    let region = format!("Table of {}", headers.join(", "));
    let frame = [("class", "scroll"), ("role", "region"), ("aria-label", region.as_str()), ("tabindex", "0")];
    page.tag("div", &frame, |page| {
        page.tag("table", &[], |page| {
            page.tag("thead", &[], |page| {
                page.tag("tr", &[], |page| {
                    for header in headers {
                        // Reasons and answers are prose; all other columns but the first hold numbers.
                        let class = if matches!(*header, "why" | "mostly") { "text" } else { "number" };
                        page.leaf("th", &[("scope", "col"), ("class", class)], header);
                    }
                });
            });
            page.tag("tbody", &[], body);
        });
    });
}

fn table_row(page: &mut Html, cells: &[String]) {
    page.tag("tr", &[], |page| {
        for (at, cell) in cells.iter().enumerate() {
            if at == 0 {
                page.leaf("th", &[("scope", "row")], cell);
            } else {
                page.leaf("td", &[], cell);
            }
        }
    });
}

/// The left and right edge of the bars.
const LEFT: u64 = 560;
const RIGHT: u64 = 7500;
/// Top and bottom of all events, then of the missing ones on a scale of their own.
const ALL: [u64; 2] = [120, 1800];
const GAP: [u64; 2] = [2060, 2660];
/// The widest bar.
const BAR_MAX: u64 = 640;
/// So many labels fit under the bars.
const LABELS_MAX: u64 = 16;

/// Bars per day: expected and delivered, and below them the missing on a scale of their own.
pub(super) fn days(page: &mut Html, report: &Report) {
    let rows = &report.steps.rows;
    let Some(worst) = rows.iter().max_by_key(|row| row.missing) else {
        page.leaf("p", &[], "No expected events in this time span.");
        return;
    };
    let unit = report.steps.unit;
    let title = format!("Expected events per {unit}");
    let words = format!(
        "{} {unit}s, each a bar of delivered and missing events. {}.",
        rows.len(),
        if worst.missing == 0 {
            "Nothing is missing".to_owned()
        } else {
            format!(
                "The largest gap: {} of {} missing on {}",
                count(worst.missing),
                count(worst.expected),
                worst.name
            )
        }
    );
    page.tag("figure", &[], |page| {
        key(
            page,
            &[("ok", "delivered: an accepted server copy"), ("bad", "missing: no accepted server copy")],
        );
        picture(page, "days-chart", 290, (&title, &words), |page| draw(page, rows));
        page.leaf("figcaption", &[], &format!("{words} Below: the missing alone, on a scale of their own."));
    });
    copy(
        page,
        &[unit, "expected", "delivered", "missing", "missing of expected"],
        rows.iter().map(|row| {
            vec![
                row.name.clone(),
                count(row.expected),
                count(row.expected.saturating_sub(row.missing)),
                count(row.missing),
                percent(row.missing, row.expected),
            ]
        }),
    );
}

fn draw(page: &mut Html, rows: &[StepLine]) {
    let top = round_up(rows.iter().map(|row| row.expected).max().unwrap_or(0));
    let gap = round_up(rows.iter().map(|row| row.missing).max().unwrap_or(0));
    axis(page, ALL, top);
    axis(page, GAP, gap);
    let slot = (RIGHT - LEFT) / length(rows.len()).max(1);
    let width = (slot * 7 / 10).clamp(10, BAR_MAX);
    let every = length(rows.len()).div_ceil(LABELS_MAX);
    let most = rows.iter().map(|row| row.missing).max().unwrap_or(0);
    for (at, row) in (0_u64..).zip(rows) {
        let left = LEFT + slot * at + (slot - width.min(slot)) / 2;
        let delivered = row.expected.saturating_sub(row.missing);
        let all = scaled(row.expected, top, ALL[1] - ALL[0]);
        let missing = scaled(row.missing, top, ALL[1] - ALL[0]).min(all);
        let alone = scaled(row.missing, gap, GAP[1] - GAP[0]);
        page.tag("g", &[], |page| {
            let words = format!(
                "{}: {} delivered, {} missing of {} ({})",
                row.name,
                count(delivered),
                count(row.missing),
                count(row.expected),
                percent(row.missing, row.expected)
            );
            page.leaf("title", &[], &words);
            rectangle(page, "ok", [left, ALL[1] - (all - missing), width, all - missing]);
            rectangle(page, "bad", [left, ALL[1] - all, width, missing]);
            rectangle(page, "bad", [left, GAP[1] - alone, width, alone]);
        });
        let middle = left + width / 2;
        if row.missing > 0 && (every == 1 || row.missing == most) {
            label(page, "peak", "middle", [middle, GAP[1] - alone - 50], &count(row.missing));
        }
        if at % every == 0 {
            label(page, "tick", "middle", [middle, GAP[1] + 170], &row.label);
        }
    }
}

fn axis(page: &mut Html, [from, to]: [u64; 2], top: u64) {
    let half = (top > 1).then_some((top / 2, to - (to - from) / 2));
    for (value, y) in [Some((0, to)), half, Some((top, from))].into_iter().flatten() {
        rule(page, LEFT, RIGHT, y);
        label(page, "tick", "end", [LEFT - 80, y + 40], &count(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_is_seen_and_nothing_is_not() {
        assert_eq!(scaled(0, 1000, 1680), 0);
        assert_eq!(scaled(1, 1_000_000, 1680), SEEN_MIN);
        assert_eq!(scaled(500, 1000, 1680), 840);
        assert_eq!(scaled(u64::MAX, u64::MAX, 1680), 1680);
        assert_eq!(scaled(2, 1, 1680), 1680, "no bar leaves its picture");
        assert_eq!(scaled_share((1, 10), (2, 10), 1000), 500);
        assert_eq!(scaled_share((0, 10), (2, 10), 1000), 0);
        assert_eq!(scaled_share((1, 1_000_000), (2, 10), 1000), SEEN_MIN);
    }

    #[test]
    fn axes_end_at_round_numbers() {
        let rounded = [0, 1, 2, 3, 9, 10, 11, 318, 3240, 81_000].map(round_up);
        assert_eq!(rounded, [1, 1, 2, 4, 10, 10, 12, 400, 4000, 100_000]);
        assert_eq!(round_up(u64::MAX), u64::MAX);
    }

    #[test]
    fn places_have_one_decimal() {
        assert_eq!([0, 5, 10, 7500].map(px), ["0.0", "0.5", "1.0", "750.0"]);
    }
}
