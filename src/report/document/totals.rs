//! TikTok's own totals beside ours.

use crate::audit::{Compared, Comparison};
use crate::domain::PixelCode;
use crate::tiktok::event_map;
use crate::tiktok::stats::Reported;

use super::super::number::length;
use super::super::{Zone, comparison};
use super::{Ids, TotalsLine, TotalsTable};

/// Lines of the table: names that TikTok lists and nobody maps must not fill a report.
const ROWS_MAX: usize = 60;

/// TikTok's own totals beside ours.
pub(super) fn totals(compared: &Comparison, ids: Ids, zone: Zone) -> TotalsTable {
    let mut rows: Vec<&Compared> = compared.rows.iter().collect();
    // Conversions first, as everywhere; names that nobody maps stay last.
    rows.sort_by_key(|row| (row.pixel.clone(), row.event.is_none(), row.event.as_ref().map(event_map::rank)));
    TotalsTable {
        title: comparison::title(compared, zone),
        note: comparison::NOTE,
        rows: rows.into_iter().take(ROWS_MAX).map(|row| line(row, ids)).collect(),
        unlisted: length(compared.rows.len().saturating_sub(ROWS_MAX)),
    }
}

fn line(row: &Compared, ids: Ids) -> TotalsLine {
    let Compared { pixel, event, ours, theirs } = row;
    let raw = theirs.as_ref().map(|theirs| theirs.raw.raw()).unwrap_or_default();
    let their = |field: fn(&Reported) -> Option<u64>| theirs.as_ref().and_then(field);
    TotalsLine {
        pixel: pixel.as_ref().map(PixelCode::as_str).map(|code| ids.show(code)).unwrap_or_default(),
        event: ids.name(event.as_ref().map_or(raw, |event| event.as_str())),
        server: (ours.server, their(|one| one.server)),
        browser: (ours.browser, their(|one| one.browser)),
        both: (ours.both, their(|one| one.both)),
        total: their(|one| one.total),
        attributed: their(|one| one.attributed),
    }
}
