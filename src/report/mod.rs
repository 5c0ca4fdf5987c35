//! Values to bytes: the audit, the list of events, one event's story, a plan; one file per format.
//!
//! Pure: width and zone are parameters, nothing is written here. Text from logs is escaped by
//! [`escape`] before a terminal sees it, and defused in [`csv`] before a spreadsheet does.

pub mod csv;
mod escape;
mod events;
mod filled;
mod findings;
mod grid;
mod import;
mod json;
mod number;
mod plan;
mod reasons;
mod run;
mod story;
mod table;
#[cfg(test)]
mod tests_support;
mod when;
mod words;

pub use escape::{escape, escape_short};
pub use events::{
    EventRow, QuarantinedLine, event_line, events_json, events_table, quarantined_json, quarantined_line,
    quarantined_table,
};
pub use filled::{FilledIn, filled_lines, filled_table};
pub use findings::{CatalogueEntry, finding_page, findings_json, findings_table};
pub use import::{ImportedFile, import_json, import_table, import_totals};
pub use json::audit as audit_json;
pub use number::{count, count_of};
pub use plan::{Comparable, PlanContext, PlanCounts, plan, plan_line};
pub use run::{RunReport, summary, summary_line};
pub use story::{Chapter, Story, story};
pub use table::audit as audit_table;
pub use when::Zone;

/// How a person looks at an output.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// The zone of times.
    pub zone: Zone,
    /// Cells across; `None`: as wide as it wants to be.
    pub width: Option<usize>,
}

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
];
