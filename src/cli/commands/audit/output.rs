//! The formats of an audit.

use crate::audit::{AuditResult, Dimension};
use crate::cli::Context;
use crate::cli::exit::Failure;
use crate::cli::ui::{Output, Ui};
use crate::report::csv::{self, Separator};
use crate::report::{self, Format, Shared, Zone};

const FORMATS: &[Format] = &[
    Format::Table,
    Format::Json,
    Format::Ndjson,
    Format::Csv,
    Format::Tsv,
    Format::Shared(Shared::Html),
    Format::Shared(Shared::Markdown),
    Format::Shared(Shared::Workbook),
];
const FORMATS_BY: &[Format] = &[Format::Table, Format::Json, Format::Ndjson, Format::Csv, Format::Tsv];

/// The outputs that were asked for. What is handed on has the tables of `--by` in it, all of them.
///
/// # Errors
/// [`Failure`] when one is none of this command's.
pub(super) fn wanted(context: &Context<'_>, by: Option<Dimension>) -> Result<Vec<Output>, Failure> {
    let outputs = context.ui.outputs(FORMATS)?;
    match by {
        None => Ok(outputs),
        Some(_) => context
            .ui
            .outputs(FORMATS_BY)
            .map_err(|failure| failure.hint("without --by: the page has a table of each such cut in it")),
    }
}

/// The audit in the format of one output, those apart that lay out a report.
pub(super) fn bytes(result: &AuditResult, by: Option<Dimension>, output: &Output, zone: Zone) -> Vec<u8> {
    let view = Ui::view(zone, output);
    match (output.format, by) {
        (Format::Json, None) => report::audit_json(result).into_bytes(),
        (Format::Json, Some(by)) => report::audit_by_json(result, by).into_bytes(),
        (Format::Ndjson, _) => report::audit_line(result, by).into_bytes(),
        (Format::Csv, None) => csv::audit(result, Separator::Comma),
        (Format::Tsv, None) => csv::audit(result, Separator::Tab),
        (Format::Csv, Some(by)) => report::audit_by_csv(result, by, Separator::Comma),
        (Format::Tsv, Some(by)) => report::audit_by_csv(result, by, Separator::Tab),
        (Format::Table | Format::Shared(_), Some(by)) => {
            report::audit_by_table(result, by, &view).into_bytes()
        }
        (Format::Table | Format::Shared(_), None) => report::audit_table(result, &view).into_bytes(),
    }
}
