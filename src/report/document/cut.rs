//! The expected events, cut by what they have in common.

use crate::audit::{AuditResult, Concentration, Dimension, Flaw, SliceRow, Slices};

use super::super::Zone;
use super::super::number::count;
use super::super::slices::{concentration, place, slice_words};

use super::{CutLine, CutTable, GapLine, Ids};

/// Values of one table.
const ROWS_MAX: usize = 8;

/// One place is named first if it holds at least one in this many of the missing events.
const MAIN_PART: u64 = 4;

/// Where the gap is concentrated, the clearest places first.
pub(super) fn gaps(audit: &AuditResult, ids: Ids, zone: Zone) -> Vec<GapLine> {
    let line = |one: &Concentration| {
        let (flaw, heading) = match one.flaw {
            Flaw::Missing => ("missing", "Missing"),
            Flaw::Keyless => ("without ttclid and e-mail", "Without ttclid and e-mail"),
        };
        GapLine {
            flaw,
            place: ids.sentence(&place(one, zone)),
            there: (one.events, one.of),
            elsewhere: (one.elsewhere, one.elsewhere_of),
            mostly: one.mostly.as_deref().map(|answer| ids.name(answer)).unwrap_or_default(),
            sentence: ids.sentence(&format!("{heading}: {}.", concentration(one, zone))),
        }
    };
    audit.concentrated.iter().map(line).collect()
}

/// The place that holds the most missing events, if they are a good part of all.
pub(super) fn mainly(audit: &AuditResult, ids: Ids, zone: Zone) -> Option<String> {
    let missing = audit.totals.missing();
    let places = audit.concentrated.iter().filter(|one| one.flaw == Flaw::Missing);
    let most = places.max_by_key(|one| one.events).filter(|one| one.events * MAIN_PART >= missing)?;
    let mostly = most.mostly.as_deref().map(|answer| format!(", mostly {}", ids.name(answer)));
    Some(format!(
        "{} of the {} fall into one place: {}{}.",
        count(most.events),
        count(missing),
        ids.sentence(&place(most, zone)),
        mostly.unwrap_or_default()
    ))
}

/// A table for each thing that can be told apart in this data. Days, hours, events and answers have
/// their own parts of the report.
pub(super) fn tables(audit: &AuditResult, ids: Ids, zone: Zone) -> Vec<CutTable> {
    let shown = [Dimension::Campaign, Dimension::Funnel, Dimension::Landing, Dimension::Browser];
    let cut = audit.slices.iter().filter(|slices| shown.contains(&slices.dimension) && slices.rows.len() > 1);
    cut.map(|slices| table(slices, ids, zone)).collect()
}

fn table(slices: &Slices, ids: Ids, zone: Zone) -> CutTable {
    let rows: Vec<CutLine> = slices.rows.iter().take(ROWS_MAX).map(|row| line(row, ids, zone)).collect();
    CutTable {
        by: slices.dimension.word(),
        worst_missing: worst(rows.iter().map(|row| (row.missing, row.expected))),
        worst_keyless: worst(rows.iter().map(|row| (row.keyless, row.judged))),
        rows,
        unlisted: slices.rows.len().saturating_sub(ROWS_MAX),
    }
}

/// The largest share.
fn worst(shares: impl Iterator<Item = (u64, u64)>) -> (u64, u64) {
    let larger = |a: (u64, u64), b: (u64, u64)| {
        let is_larger = u128::from(b.0) * u128::from(a.1) > u128::from(a.0) * u128::from(b.1);
        if is_larger { b } else { a }
    };
    shares.filter(|(_, whole)| *whole > 0).reduce(larger).unwrap_or_default()
}

fn line(row: &SliceRow, ids: Ids, zone: Zone) -> CutLine {
    CutLine {
        value: ids.name(&slice_words(&row.value, zone)),
        expected: row.counts.expected,
        missing: row.counts.missing(),
        judged: row.counts.judged,
        keyless: row.counts.keyless,
    }
}
