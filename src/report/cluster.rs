//! A cluster's coverage.

use serde::Serialize;

use crate::domain::{ClusterCoverage, CoverageRow, TimeMs};

use super::grid::{Column, Grid};
use super::number::{count, count_of, percent};
use super::words::wrap;
use super::{View, Zone, escape_short};

/// The cluster's coverage as JSON.
#[derive(Serialize)]
pub struct CoverageJson {
    reconciled_at: String,
    settled: String,
    hosts: u64,
    expected: u64,
    delivered: u64,
    missing: u64,
    /// Six decimals; `null`: nothing was expected.
    coverage: Option<f64>,
    days: Vec<DayJson>,
}

#[derive(Serialize)]
struct DayJson {
    day: String,
    pixel_id: Option<Box<str>>,
    event: Box<str>,
    expected: u64,
    delivered: u64,
    missing: u64,
}

/// Expected and delivered keys of all rows.
#[must_use]
pub fn coverage_sums(coverage: &ClusterCoverage) -> (u64, u64) {
    let rows = coverage.rows.iter();
    rows.fold((0, 0), |(expected, delivered), row| (expected + row.expected, delivered + row.delivered))
}

/// The coverage by the contracts.
#[must_use]
pub fn coverage_json(coverage: &ClusterCoverage) -> CoverageJson {
    let ClusterCoverage { at, settled, hosts, rows } = coverage;
    let (expected, delivered) = coverage_sums(coverage);
    let day = |row: &CoverageRow| DayJson {
        day: Zone::UTC.date(row.day),
        pixel_id: Some(row.pixel.clone()).filter(|pixel| !pixel.is_empty()),
        event: row.event.clone(),
        expected: row.expected,
        delivered: row.delivered,
        missing: row.expected.saturating_sub(row.delivered),
    };
    CoverageJson {
        reconciled_at: at.to_string(),
        settled: settled.to_string(),
        hosts: *hosts,
        expected,
        delivered,
        missing: expected.saturating_sub(delivered),
        coverage: delivered
            .saturating_mul(1_000_000)
            .checked_div(expected)
            .and_then(|ppm| u32::try_from(ppm).ok())
            .map(super::json::from_ppm),
        days: rows.iter().map(day).collect(),
    }
}

/// The coverage by event, as text.
#[must_use]
pub(super) fn cluster(coverage: &ClusterCoverage, view: &View) -> String {
    let rows = &coverage.rows;
    let mut grid = Grid::new(&[
        Column::text("all hosts", 0),
        Column::number("expected", 0),
        Column::number("delivered", 0),
        Column::number("missing", 0),
        Column::number("coverage", 0),
    ]);
    let mut events: Vec<&str> = rows.iter().map(|row| &*row.event).collect();
    events.sort_unstable();
    events.dedup();
    let mut add = |name: String, of: &dyn Fn(&CoverageRow) -> bool| {
        let rows = rows.iter().filter(|row| of(row));
        let (expected, delivered) =
            rows.fold((0, 0), |sum: (u64, u64), row| (sum.0 + row.expected, sum.1 + row.delivered));
        let missing = expected.saturating_sub(delivered);
        grid.row([name, count(expected), count(delivered), count(missing), percent(delivered, expected)]);
    };
    for event in events {
        add(escape_short(event, 40), &|row| &*row.event == event);
    }
    add("all".to_owned(), &|_| true);
    let foot = format!(
        "Counted on the cluster {}, {}, up to {}. All other figures tell of what came back from there.",
        view.zone.minute(coverage.at),
        days(rows),
        Zone::UTC.second(coverage.settled),
    );
    format!("{}{}\n", grid.render(view.width), wrap(&foot, 0, view.width))
}

/// The cluster's coverage in one sentence: the audit's own counts miss what did not come back.
#[must_use]
pub(super) fn cluster_sentence(coverage: &ClusterCoverage) -> String {
    let (expected, delivered) = coverage_sums(coverage);
    let whose = match coverage.hosts {
        0 => "your own tables".to_owned(),
        hosts => format!("the union of {}", count_of(hosts, "host", "hosts")),
    };
    let missing = expected.saturating_sub(delivered);
    format!(
        "Over {whose}, {} expected, {} delivered, {} missing: coverage {}. Below stand only the missing ones \
         that came back.",
        count(expected),
        count(delivered),
        count(missing),
        percent(delivered, expected),
    )
}

fn days(rows: &[CoverageRow]) -> String {
    let day = |row: Option<&CoverageRow>| Zone::UTC.date(row.map_or(TimeMs::FIRST, |row| row.day));
    format!("UTC days {} to {}", day(rows.first()), day(rows.last()))
}
