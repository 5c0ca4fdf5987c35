//! `findings`: what an audit can find, and one of it explained.

use crate::audit::{AuditResult, CHECKS};
use crate::cli::Context;
use crate::cli::args;
use crate::cli::exit::{Exit, Failure};
use crate::cli::filters::Filters;
use crate::cli::pass::Pass;
use crate::cli::ui::Ui;
use crate::report::{self, CatalogueEntry, Format};
use crate::store::{Store, StoreError};

/// Runs the command.
///
/// # Errors
/// [`Failure`] when the database is there and cannot be read.
pub fn run(context: &Context<'_>, args: &args::Findings) -> Result<Exit, Failure> {
    let outputs = context.ui.outputs(&[Format::Table, Format::Json])?;
    let result = audited(context)?;
    let mut entries: Vec<CatalogueEntry<'_>> = CHECKS
        .iter()
        .filter(|fact| args.code.as_deref().is_none_or(|code| code == fact.code))
        .map(|fact| {
            let findings = result.as_ref().map(|result| result.findings.as_slice()).unwrap_or_default();
            CatalogueEntry { fact, finding: findings.iter().find(|finding| finding.code == fact.code) }
        })
        .collect();
    report::rank_findings(&mut entries);
    for output in &outputs {
        let view = Ui::view(context.settings.zone, output);
        let text = match (output.format, entries.as_slice()) {
            (Format::Json, _) => report::findings_json(&entries),
            (Format::Table | Format::Ndjson | Format::Csv | Format::Tsv | Format::Shared(_), [one])
                if args.code.is_some() =>
            {
                report::finding_page(one, &view)
            }
            (Format::Table | Format::Ndjson | Format::Csv | Format::Tsv | Format::Shared(_), _) => {
                report::findings_table(&entries, &view)
            }
        };
        context.ui.page(output, text.as_bytes())?;
    }
    if let Some(result) = &result {
        context.ui.talk(&format!("events of {}", context.settings.zone.range(result.range)));
    }
    Ok(Exit::Done)
}

/// The audit of the stored data; `None` without a database: the catalogue needs none.
fn audited(context: &Context<'_>) -> Result<Option<AuditResult>, Failure> {
    let store = match Store::open_read_only(&context.settings.db) {
        Ok(store) => store,
        Err(StoreError::Missing { .. }) if context.global.db.is_none() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let logs = super::audit::logs(context, &store, None)?;
    let filters = Filters::new(&context.global, &context.settings.policy, &context.ui);
    let pass = Pass {
        store: &store,
        policy: &context.settings.policy,
        logs: &logs,
        range: context.range(&store)?,
        now: context.now,
        filters: &filters,
    };
    pass.audit().map(Some)
}
