//! `audit`: what was logged against what TikTok accepted.

mod compare;
mod gates;
mod output;

use std::sync::Arc;

use clap::builder::{FalseyValueParser, PossibleValuesParser, TypedValueParser};

use crate::audit::{AuditResult, Axis, Dimension};
use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::filters::Filters;
use crate::cli::metrics::MetricsFile;
use crate::cli::pass::Pass;
use crate::cli::time;
use crate::domain::{ClusterCoverage, Duration, LogFacts, Range, TimeMs};
use crate::reconcile::Logs;
use crate::report::{Format, Ids, LastAudit, escape};
use crate::store::{RunKind, Store, StoreError};

use super::import::{self, Imported};
use super::shared;

/// Arguments of `audit`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  makegood audit funnel.jsonl delivery.jsonl
  makegood audit --last week -o audit.html -o audit.xlsx
  makegood audit --by landing --event CompletePayment
  makegood audit --last day -q --fail-under 99.5 --fail-on high

Without a time range: the day of the newest event and the six before.")]
pub struct Args {
    /// Logs to look at without a database; - is standard input. Default: the database.
    #[arg(value_name = "FILE")]
    pub files: Vec<String>,
    /// Show the expected events by campaign, funnel, landing, browser, day, hour or event.
    #[arg(long, value_name = "WHAT", env = "MAKEGOOD_BY", hide_env = true)]
    #[arg(hide_possible_values = true, value_parser = by_parser())]
    pub by: Option<Dimension>,
    /// Do not first import what is new in the [[source]]s; leave the database as it is.
    #[arg(long, env = "MAKEGOOD_NO_IMPORT", hide_env = true, value_parser = FalseyValueParser::new())]
    pub no_import: bool,
    /// Show ids in full in html, md and xlsx, which shorten them otherwise.
    #[arg(long, env = "MAKEGOOD_SHOW_IDS", hide_env = true, value_parser = FalseyValueParser::new())]
    pub show_ids: bool,
    /// TikTok's own totals.
    #[command(flatten)]
    pub compare: compare::CompareArgs,
    /// Gates.
    #[command(flatten)]
    pub gates: gates::GateArgs,
    /// Where to write metrics.
    #[command(flatten)]
    pub metrics: MetricsFile,
}

fn by_parser() -> impl TypedValueParser<Value = Dimension> {
    // Answers stand in the audit as causes: by themselves they say nothing of a share.
    let known = || Dimension::ALL.into_iter().filter(|dimension| *dimension != Dimension::Answer);
    PossibleValuesParser::new(known().map(Dimension::word))
        .map(move |word| known().find(|dimension| dimension.word() == word).unwrap_or(Dimension::Event))
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when there is nothing to audit, or the database fails.
pub fn run(context: &mut Context<'_>, args: &Args) -> Result<Exit, Failure> {
    let outputs = output::wanted(context, args.by)?;
    let wanted = args.compare.wanted()?;
    let gates = args.gates.read(&context.settings.policy)?;
    let (store, imported) = open(context, args)?;
    let logs = logs(context, &store, imported.as_ref())?;
    let filters = Filters::new(&context.global, &context.settings.policy, &context.ui);
    let range = context.range(&store)?;
    let zone = context.settings.zone.0;
    let times = store.event_times()?;
    let previous = times.and_then(|times| time::previous(range, times, context.now, zone));
    let pass = Pass {
        store: &store,
        policy: &context.settings.policy,
        logs: &logs,
        range,
        now: context.now,
        filters: &filters,
    };
    let begun = std::time::Instant::now();
    let mut result = pass.audit_along(Axis { zone, previous })?;
    let seconds = begun.elapsed().as_secs_f64();
    context.ui.detail(&format!("audited {} events in {seconds:.3} s", result.totals.events));
    // The audit stands without the comparison: what stopped it is said after.
    let (comparison, trouble) = match compare::run(context, &pass, &wanted) {
        Ok(comparison) => (comparison, None),
        Err(failure) => (None, Some(failure)),
    };
    result.comparison = comparison;
    result.cluster = cluster(&store, range)?;
    let ids = if args.show_ids { Ids::Full } else { Ids::Short };
    let wish = shared::wanted(&outputs, ids);
    let report = wish.map(|wish| shared::report(context, &pass, &result, wish)).transpose()?;
    for output in &outputs {
        let bytes = match (output.format, &report) {
            (Format::Shared(format), Some(report)) => format.bytes(report),
            (_, _) => output::bytes(&result, args.by, output, context.settings.zone),
        };
        context.ui.page(output, &bytes)?;
    }
    let trouble = trouble.map_or(Exit::Done, |failure| {
        context.ui.fail(&failure);
        failure.exit
    });
    let newest = gates::Newest { events: times, logs: &logs, policy: &context.settings.policy };
    let gate = gates.judge(&context.ui, &result, &newest).worst(trouble);
    let exit = imported.map_or(gate, |imported| {
        imported.warn(&context.ui);
        if imported.is_scratch
            && let Some(next) = next_step(&args.files, &result, times)
        {
            context.ui.hint(&next);
        }
        imported.exit.worst(gate)
    });
    args.metrics.write(context, &store, "audit", exit)?;
    let is_whole = filters.is_empty() && args.files.is_empty() && !args.no_import;
    if is_whole && let Err(error) = note(context, store, &result, exit) {
        // The audit stands also where the database may only be read.
        context.ui.detail(&format!("status will not tell of this audit: {}", escape(&error.to_string())));
    }
    Ok(exit)
}

/// What to do after an audit of files that found something, or nothing at all.
fn next_step(files: &[String], result: &AuditResult, times: Option<(TimeMs, TimeMs)>) -> Option<String> {
    let files = files.iter().map(|file| escape(file)).collect::<Vec<_>>().join(" ");
    if times.is_none() && result.orphans == 0 {
        let why = "no event was found: the logs are empty, or of another format";
        return Some(format!("{why}; makegood init --from {files} looks at them"));
    }
    (!result.findings.is_empty())
        .then(|| format!("nothing was kept; to follow this up: makegood import {files}"))
}

/// Notes an audit for `status`.
fn note(context: &Context<'_>, store: Store, result: &AuditResult, exit: Exit) -> Result<(), StoreError> {
    // One that was opened for reading is closed before the same file is opened again.
    drop(store);
    let mut store = Store::open(&context.settings.db)?;
    let run = store.begin_run(RunKind::Audit, context.now, "{}")?;
    store.end_run(run, context.clock.now(), exit.code(), &LastAudit::of(result).to_json())
}

/// What a cluster counted of the days that the range touches; they are days of UTC.
fn cluster(store: &Store, range: Range) -> Result<Option<ClusterCoverage>, Failure> {
    let day = Duration::from_days(1);
    let mut coverage = store.cluster_coverage()?;
    if let Some(coverage) = &mut coverage {
        coverage.rows.retain(|row| row.day < range.until && range.since < row.day.plus(day));
    }
    Ok(coverage.filter(|coverage| !coverage.rows.is_empty()))
}

/// The database to audit: a scratch one of the named files, or the stored one with what is new.
fn open(context: &Context<'_>, args: &Args) -> Result<(Store, Option<Imported>), Failure> {
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
