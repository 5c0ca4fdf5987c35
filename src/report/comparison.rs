//! Our counts beside TikTok's own.

use serde::Serialize;

use crate::audit::{Compared, Comparison, Ours, TotalsFrom};
use crate::domain::{EventName, PixelCode};
use crate::tiktok::stats::Reported;

use super::grid::{Column, Grid};
use super::number::count;
use super::words::wrap;
use super::{View, Zone, escape_short};

/// What nobody may take the comparison for.
pub(super) const NOTE: &str = "Corroboration, never proof: TikTok does not say whether it counts before or \
     after deduplication, and counts arrive hours late.";

/// Where TikTok's totals come from, and of which time.
#[must_use]
pub(super) fn title(comparison: &Comparison, zone: Zone) -> String {
    let (from, zone) = match comparison.from {
        TotalsFrom::Endpoint => ("TikTok's own totals", Zone::UTC),
        TotalsFrom::Typed => ("Counts typed in from Events Manager", zone),
    };
    format!("{from}, {}", zone.range(comparison.range))
}

/// The comparison as text.
#[must_use]
pub(super) fn comparison(comparison: &Comparison, view: &View) -> String {
    let mut grid = Grid::new(&[
        Column::text("event", 0),
        Column::number("server: ours", 0),
        Column::number("TikTok", 0),
        Column::number("browser: ours", 1),
        Column::number("TikTok", 1),
        Column::number("both: ours", 2),
        Column::number("TikTok", 2),
        Column::number("total", 3),
        Column::number("attributed", 3),
    ]);
    for Compared { pixel: _, event, ours: Ours { server, browser, both }, theirs } in &comparison.rows {
        let raw = theirs.as_ref().map(|theirs| escape_short(theirs.raw.raw(), 40)).unwrap_or_default();
        let name = event.as_ref().map_or(raw, |event| escape_short(event.as_str(), 40));
        let cell = |field: fn(&Reported) -> Option<u64>| {
            theirs.as_ref().and_then(field).map_or_else(|| "–".to_owned(), count)
        };
        grid.row([
            name,
            count(*server),
            cell(|one| one.server),
            count(*browser),
            cell(|one| one.browser),
            count(*both),
            cell(|one| one.both),
            cell(|one| one.total),
            cell(|one| one.attributed),
        ]);
    }
    let mut text = wrap(&title(comparison, view.zone), 0, view.width);
    text.push_str(&grid.render(view.width));
    text.push_str(&wrap(NOTE, 0, view.width));
    text
}

/// The comparison as JSON.
#[derive(Serialize)]
pub(super) struct ComparisonJson<'a> {
    from: &'static str,
    since: String,
    until: String,
    rows: Vec<ComparedJson<'a>>,
}

#[derive(Serialize)]
struct ComparedJson<'a> {
    pixel_id: Option<&'a str>,
    event: Option<&'a str>,
    server: u64,
    browser: u64,
    both: u64,
    tiktok: Option<ReportedJson<'a>>,
}

#[derive(Serialize)]
struct ReportedJson<'a> {
    name: &'a str,
    total: Option<u64>,
    server: Option<u64>,
    browser: Option<u64>,
    both: Option<u64>,
    attributed: Option<u64>,
}

/// The comparison for the document.
pub(super) fn comparison_json(comparison: &Comparison) -> ComparisonJson<'_> {
    let Comparison { from, range, rows } = comparison;
    let rows = rows.iter().map(|Compared { pixel, event, ours, theirs }| ComparedJson {
        pixel_id: pixel.as_ref().map(PixelCode::as_str),
        event: event.as_ref().map(EventName::as_str),
        server: ours.server,
        browser: ours.browser,
        both: ours.both,
        tiktok: theirs.as_ref().map(
            |Reported { event: _, raw, total, browser, server, both, attributed }| ReportedJson {
                name: raw.raw(),
                total: *total,
                server: *server,
                browser: *browser,
                both: *both,
                attributed: *attributed,
            },
        ),
    });
    ComparisonJson {
        from: match from {
            TotalsFrom::Endpoint => "endpoint",
            TotalsFrom::Typed => "typed",
        },
        since: range.since.to_string(),
        until: range.until.to_string(),
        rows: rows.collect(),
    }
}
