//! The one value that every shared format reads: HTML, Markdown and the workbook lay it out and
//! compute nothing.
//!
//! [`Report::new`] makes it from an audit and what surrounds it. Its texts can be shown anywhere:
//! nothing in them drives a terminal, and ids are shortened and personal data masked unless
//! [`Ids::Full`] was asked for.

mod build;
mod cut;
mod keys;
mod lines;
mod mask;
mod time;
mod totals;

use crate::audit::AuditResult;
use crate::domain::PixelCode;

use super::{EventRow, Zone};

pub use lines::{
    CutLine, CutTable, EventLine, FindingLine, GapLine, HourCell, HourRow, KeyCell, KeysLine, Legs,
    MissingLine, Number, PastRun, RepairLine, Report, RunLine, StepLine, Steps, Strength, Tone, TotalsLine,
    TotalsTable,
};
pub use mask::Ids;

/// Rows of 24 hours, one per day; of a long time span one per day of the week.
pub(super) fn hour_rows(audit: &AuditResult, zone: Zone) -> Vec<HourRow> {
    time::hours(&build::hour_cells(audit, zone))
}

/// What a report is made from.
#[derive(Debug)]
pub struct ReportFacts<'a> {
    /// The audit.
    pub audit: &'a AuditResult,
    /// The zone of times.
    pub zone: Zone,
    /// What the config calls its pixels.
    pub names: Vec<(PixelCode, String)>,
    /// Backfills of this database, newest first.
    pub runs: Vec<PastRun>,
    /// Missing events to be listed one by one, conversions first.
    pub missing: Vec<EventRow>,
    /// Whether ids are shown in full.
    pub ids: Ids,
}
