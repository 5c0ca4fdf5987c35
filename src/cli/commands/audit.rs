//! `audit`: what was logged against what TikTok accepted.

use std::sync::Arc;

use crate::audit::Axis;
use crate::cli::Context;
use crate::cli::args;
use crate::cli::exit::{Exit, Failure};
use crate::cli::filters::Filters;
use crate::cli::pass::Pass;
use crate::cli::time;
use crate::cli::ui::Ui;
use crate::domain::LogFacts;
use crate::reconcile::Logs;
use crate::report::{self, Format, escape};
use crate::store::Store;

use super::import::{self, Imported};

/// Runs the command.
///
/// # Errors
/// [`Failure`] when there is nothing to audit, or the database fails.
pub fn run(context: &mut Context<'_>, args: &args::Audit) -> Result<Exit, Failure> {
    let outputs = context.ui.outputs(&[Format::Table, Format::Json])?;
    let (store, imported) = open(context, args)?;
    let logs = logs(context, &store, imported.as_ref())?;
    let filters = Filters::new(&context.global, &context.settings.policy, &context.ui);
    let range = context.range(&store)?;
    let zone = context.settings.zone.0;
    let previous = store.event_times()?.and_then(|times| time::previous(range, times, zone));
    let pass = Pass {
        store: &store,
        policy: &context.settings.policy,
        logs: &logs,
        range,
        now: context.now,
        filters: &filters,
    };
    let begun = std::time::Instant::now();
    let result = pass.audit_along(Axis { zone, previous })?;
    let seconds = begun.elapsed().as_secs_f64();
    context.ui.detail(&format!("audited {} events in {seconds:.3} s", result.totals.events));
    for output in &outputs {
        let text = match output.format {
            Format::Json => report::audit_json(&result),
            Format::Table | Format::Ndjson | Format::Csv | Format::Tsv => {
                report::audit_table(&result, &Ui::view(context.settings.zone, output))
            }
        };
        context.ui.write(output, text.as_bytes())?;
    }
    Ok(imported.map_or(Exit::Done, |imported| {
        imported.warn(&context.ui);
        if imported.is_scratch && !result.findings.is_empty() {
            let files = args.files.iter().map(|file| escape(file)).collect::<Vec<_>>().join(" ");
            context.ui.hint(&format!("nothing was kept; to follow this up: makegood import {files}"));
        }
        imported.exit
    }))
}

/// The database to audit: a scratch one of the named files, or the stored one with what is new.
fn open(context: &Context<'_>, args: &args::Audit) -> Result<(Store, Option<Imported>), Failure> {
    if !args.files.is_empty() {
        let found = import::find(context, &import::named_patterns(&args.files))?;
        let mut store = Store::scratch()?;
        let mut imported = import::bring_in(context, &mut store, found)?;
        imported.is_scratch = true;
        return Ok((store, Some(imported)));
    }
    let sources = import::source_patterns(context);
    if sources.is_empty() || args.no_import {
        return Ok((context.open_read_only()?, None));
    }
    let (store, imported) = import::open_with_news(context, &sources)?;
    Ok((store, Some(imported)))
}

/// What the logs hold; a source that could not be read just now is part of it.
///
/// # Errors
/// [`Failure`] when the database cannot be read.
pub fn logs(context: &Context<'_>, store: &Store, imported: Option<&Imported>) -> Result<Logs, Failure> {
    let mut facts: LogFacts = store.log_facts()?;
    for (path, why) in imported.iter().flat_map(|imported| &imported.unreadable) {
        facts.unreadable.push((Arc::clone(path), Arc::clone(why)));
    }
    Ok(Logs::new(&facts, &context.settings.policy))
}
