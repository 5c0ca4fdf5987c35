//! The expected events, cut by what they have in common.

use crate::audit::{AuditResult, Concentration, Dimension, Flaw, SliceRow, Slices};

use super::super::Zone;
use super::super::slices::{concentration, slice_words};

use super::{CutLine, CutTable, Ids};

/// Values of one table.
const ROWS_MAX: usize = 8;

/// Where the gap is concentrated, the clearest places first.
pub(super) fn sentences(audit: &AuditResult, ids: Ids, zone: Zone) -> Vec<String> {
    let sentence = |one: &Concentration| {
        let what = match one.flaw {
            Flaw::Missing => "Missing",
            Flaw::Keyless => "Without ttclid and e-mail",
        };
        ids.sentence(&format!("{what}: {}.", concentration(one, zone)))
    };
    audit.concentrated.iter().map(sentence).collect()
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
