//! Values to bytes: the audit, the list of events, one event's story, a plan; one file per format.
//!
//! Pure: width and zone are parameters, nothing is written here. Text from logs is escaped by
//! [`escape`] before a terminal sees it, and defused in [`csv`] before a spreadsheet does.

mod answer;
mod checkup;
mod cluster;
mod comparison;
pub mod csv;
mod document;
mod escape;
mod events;
mod events_markdown;
mod filled;
mod findings;
mod grid;
mod html;
mod import;
mod json;
mod last_audit;
mod markdown;
mod merge;
mod metrics;
mod number;
mod plan;
mod reasons;
mod run;
mod shades;
mod slices;
mod slices_json;
mod status;
mod story;
mod table;
mod test_visit;
#[cfg(test)]
mod tests_support;
mod view;
mod walk;
mod watch;
mod when;
mod words;
mod xlsx;

pub use answer::{Answer, Value, answer_json, answer_lines, answer_table};
pub use checkup::{Check, Health, checkup_json, checkup_table};
pub use cluster::{CoverageJson, coverage_json, coverage_sums};
pub use document::{Ids, PastRun, Report, ReportFacts};
pub use escape::{escape, escape_short};
pub use events::{
    EventRow, QuarantinedLine, event_line, events_json, events_table, quarantined_json, quarantined_line,
    quarantined_table,
};
pub use events_markdown::events_markdown;
pub use filled::{FilledIn, filled_lines, filled_table};
pub use findings::{CatalogueEntry, finding_page, findings_json, findings_table, rank_findings};
pub use import::{ImportedFile, import_json, import_table, import_totals};
pub use json::{audit as audit_json, audit_by as audit_by_json, audit_line, pretty};
pub use last_audit::LastAudit;
pub use merge::{MergedDatabase, merge_json, merge_table};
pub use metrics::{Ended, metrics};
pub use number::{count, count_of, percent};
pub use plan::{Comparable, PlanContext, PlanCounts, plan, plan_line};
pub use reasons::verdict_words;
pub use run::{RunReport, summary, summary_line};
pub use slices::{audit_by_csv, concentration, slice_words, slices_of};
pub use status::{LastRun, Status, status_json, status_table};
pub use story::{Chapter, Story, story};
pub use table::{audit as audit_table, audit_by as audit_by_table};
pub use test_visit::{TestAnswer, TestRow, TestVisit, test_visit_json, test_visit_table};
pub use view::{Ink, View, ascii};
pub use walk::{ANSWER_AFTER_MAX, BrowserLeg, ServerLeg, Walk, WalkRow, walk_json, walk_table};
pub use watch::{Came, LastProblem, Picture, RECENT_MINUTES, picture};
pub use when::Zone;
pub use words::sentence;

/// An output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Table,
    /// One document.
    Json,
    /// A document per line.
    Ndjson,
    /// For spreadsheets.
    Csv,
    /// For pipes.
    Tsv,
    /// To hand on.
    Shared(Shared),
}

/// A format to hand on: ids are shortened in it, and personal data masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shared {
    /// A page.
    Html,
    /// A message.
    Markdown,
    /// A workbook.
    Workbook,
}

impl Shared {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Html, Self::Markdown, Self::Workbook];

    /// A report in this format.
    #[must_use]
    pub fn bytes(self, report: &Report) -> Vec<u8> {
        match self {
            Self::Html => html::html(report).into_bytes(),
            Self::Markdown => markdown::markdown(report).into_bytes(),
            Self::Workbook => xlsx::xlsx(report),
        }
    }
}

/// One row of the table of output formats.
#[derive(Debug)]
pub struct OutputFact {
    /// The format.
    pub format: Format,
    /// Its name for `--format`.
    pub name: &'static str,
    /// The endings of file names that ask for it.
    pub endings: &'static [&'static str],
}

/// All output formats.
pub const OUTPUTS: &[OutputFact] = &[
    OutputFact { format: Format::Table, name: "table", endings: &["txt"] },
    OutputFact { format: Format::Json, name: "json", endings: &["json"] },
    OutputFact { format: Format::Ndjson, name: "ndjson", endings: &["ndjson", "jsonl"] },
    OutputFact { format: Format::Csv, name: "csv", endings: &["csv"] },
    OutputFact { format: Format::Tsv, name: "tsv", endings: &["tsv"] },
    OutputFact { format: Format::Shared(Shared::Html), name: "html", endings: &["html", "htm"] },
    OutputFact { format: Format::Shared(Shared::Markdown), name: "md", endings: &["md"] },
    OutputFact { format: Format::Shared(Shared::Workbook), name: "xlsx", endings: &["xlsx"] },
];
