//! The share of missing events by hour of the day.

use super::super::document::{HourCell, HourRow, Report};
use super::super::number::{count, length, percent};
use super::chart::{copy, key, label, picture, rectangle};
use super::markup::Html;

const LEFT: u64 = 840;
const TOP: u64 = 220;
const WIDTH: u64 = 275;
const HEIGHT: u64 = 200;
/// Between two cells.
const GAP: u64 = 20;
/// Up to which share of missing events, in percent, a cell has which colour.
const LEVELS: [(u64, &str); 4] = [(0, "h0"), (5, "h1"), (15, "h2"), (40, "h3")];
const KEY: [(&str, &str); 6] = [
    ("none", "no events"),
    ("h0", "none missing"),
    ("h1", "up to 5 %"),
    ("h2", "up to 15 %"),
    ("h3", "up to 40 %"),
    ("h4", "more"),
];
/// So many of the worst hours are listed beside the picture.
const WORST_MAX: usize = 24;

pub(super) fn hours(page: &mut Html, report: &Report) {
    if report.hours.is_empty() {
        page.leaf("p", &[], "No expected events in this time span.");
        return;
    }
    page.leaf("p", &[("class", "note")], &report.hours_words);
    let height = (TOP + HEIGHT * length(report.hours.len())) / 10 + 4;
    let title = format!("Share of expected events missing, by hour ({})", report.zone);
    page.tag("figure", &[], |page| {
        key(page, &KEY);
        picture(page, "hours-chart", height, (&title, &report.hours_words), |page| {
            for hour in (0..24).step_by(3) {
                label(page, "tick", "start", [LEFT + WIDTH * hour, TOP - 70], &format!("{hour:02}"));
            }
            for (at, row) in (0_u64..).zip(&report.hours) {
                let y = TOP + HEIGHT * at;
                label(page, "tick", "end", [LEFT - 90, y + 135], &row.label);
                for (hour, cell) in (0_u64..).zip(&row.cells) {
                    draw(page, row, (hour, *cell), [LEFT + WIDTH * hour, y]);
                }
            }
        });
    });
    let mut worst: Vec<(&str, usize, HourCell)> = report
        .hours
        .iter()
        .flat_map(|row| row.cells.iter().enumerate().map(|(hour, cell)| (row.label.as_str(), hour, *cell)))
        .filter(|(_, _, cell)| cell.missing > 0)
        .collect();
    worst.sort_by_key(|(_, _, cell)| std::cmp::Reverse(cell.missing));
    copy(
        page,
        &["the worst hours", "expected", "missing", "missing of expected"],
        worst.into_iter().take(WORST_MAX).map(|(day, hour, cell)| {
            vec![
                format!("{day} {hour:02}:00"),
                count(cell.expected),
                count(cell.missing),
                percent(cell.missing, cell.expected),
            ]
        }),
    );
}

fn draw(page: &mut Html, row: &HourRow, (hour, cell): (u64, HourCell), [x, y]: [u64; 2]) {
    let place = [x, y, WIDTH - GAP, HEIGHT - GAP];
    if cell.expected == 0 {
        rectangle(page, "none", place);
        return;
    }
    let level = LEVELS
        .iter()
        .find(|(up_to, _)| u128::from(cell.missing) * 100 <= u128::from(*up_to) * u128::from(cell.expected));
    page.tag("g", &[], |page| {
        let words = format!(
            "{} {hour:02}:00: {} of {} missing",
            row.label,
            count(cell.missing),
            count(cell.expected)
        );
        page.leaf("title", &[], &words);
        rectangle(page, level.map_or("h4", |(_, class)| class), place);
    });
}
