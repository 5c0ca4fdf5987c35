//! `status`: how things stand.

use clap::Args;
use clap::builder::FalseyValueParser;

use crate::audit::{Audit, ClockCounts, Subject};
use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::filters::Filters;
use crate::cli::metrics::MetricsFile;
use crate::cli::pass::Pass;
use crate::cli::ui::Ui;
use crate::domain::{HeldClass, Range};
use crate::reconcile::Stand;
use crate::report::{self, Format, LastAudit, LastRun, Status, escape};
use crate::store::{RunKind, Store};

use super::schedule;

/// Arguments of `status`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  makegood status
  makegood status --strict -q || mail -s 'makegood needs you' ops@example.com
  makegood status --metrics-file /var/lib/node_exporter/makegood.prom

It reads the database and changes nothing. The gap is that of the seven days up to the newest event;
clock and held events are those of all that is stored.")]
pub struct Arguments {
    /// End with 3 when anything is held, cannot be sent, could not be read, or a token was refused.
    #[arg(long, env = "MAKEGOOD_STRICT", hide_env = true, value_parser = FalseyValueParser::new())]
    pub strict: bool,
    /// Where to write metrics.
    #[command(flatten)]
    pub metrics: MetricsFile,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when there is no database, or it cannot be read.
pub fn run(context: &Context<'_>, args: &Arguments) -> Result<Exit, Failure> {
    let outputs = context.ui.outputs(&[Format::Table, Format::Json])?;
    let store = context.open_read_only()?;
    let status = gather(context, &store)?;
    for output in &outputs {
        let text = if output.format == Format::Json {
            report::status_json(&status)
        } else {
            report::status_table(&status, &Ui::view(context.settings.zone, output))
        };
        context.ui.write(output, text.as_bytes())?;
    }
    let standing = status.standing();
    let exit = if args.strict && !standing.is_empty() { Exit::Partial } else { Exit::Done };
    if exit == Exit::Partial {
        context.ui.warn(&standing.join("; "));
    }
    args.metrics.write(context, &store, "status", exit)?;
    Ok(exit)
}

/// Looks at everything that is stored.
///
/// # Errors
/// [`Failure`] when the database cannot be read.
pub fn gather(context: &Context<'_>, store: &Store) -> Result<Status, Failure> {
    gather_and_see(context, store, &mut |_| Ok(()))
}

/// The same, and shows each key on the way; an error of `see` ends it.
///
/// # Errors
/// [`Failure`] when the database cannot be read, or what `see` returns.
pub(super) fn gather_and_see(
    context: &Context<'_>,
    store: &Store,
    see: &mut dyn FnMut(&Subject<'_>) -> Result<(), Failure>,
) -> Result<Status, Failure> {
    let logs = super::audit::logs(context, store, None)?;
    let filters = Filters::default();
    let newest = store.event_times()?.map(|(_, newest)| newest);
    let range = crate::cli::time::default_range(newest.unwrap_or(context.now), context.settings.zone.0);
    let pass = Pass {
        store,
        policy: &context.settings.policy,
        logs: &logs,
        range: Range::ALL,
        now: context.now,
        filters: &filters,
    };
    let mut audit = Audit::new(Pass { range, ..pass }.scope());
    let mut clock = ClockCounts::default();
    pass.each(&mut |subject| {
        see(subject)?;
        if let Some(stand) = subject.stand {
            add(&mut clock, stand);
        }
        if subject.row.event.as_ref().is_some_and(|event| range.has(event.at)) {
            audit.observe(subject);
        }
        Ok(())
    })?;
    clock.held.sort_unstable();
    let result = audit.finish();
    let shared = store.shared()?;
    let last = |kind| Ok::<_, Failure>(store.runs(kind, 1)?.into_iter().next());
    let backfill = last(RunKind::Backfill)?;
    let audit = last(RunKind::Audit)?.and_then(|run| run.counts);
    Ok(Status {
        now: context.now,
        database: escape(&context.settings.db.display().to_string()).into_owned(),
        range,
        totals: result.totals,
        by_event: result.by_event,
        value_missing: result.value_missing,
        clock,
        quarantined: store.quarantined_count()?,
        newest_event_at: newest,
        imported_at: store.imported_at()?,
        audit: audit.as_deref().and_then(LastAudit::from_json),
        backfill: backfill.map(|run| LastRun { started_at: run.started_at, exit_code: run.exit_code }),
        next_run_at: schedule::installed(context).map(|found| found.every.next_after(context.now)),
        throttled_until: shared.throttled_until.filter(|until| *until > context.now),
        blocked: shared.blocked_tokens.into_iter().map(|(pixel, _, code)| (pixel, code)).collect(),
    })
}

fn add(clock: &mut ClockCounts, stand: Stand) {
    match stand {
        Stand::Send { until } => {
            clock.sendable += 1;
            clock.first_deadline_at = [clock.first_deadline_at, Some(until)].into_iter().flatten().min();
        }
        Stand::Held(class) => add_held(&mut clock.held, class),
        Stand::Unsendable(_) => clock.unsendable += 1,
        Stand::NotDue(_) | Stand::Never => {}
    }
}

fn add_held(held: &mut Vec<(HeldClass, u64)>, class: HeldClass) {
    match held.iter_mut().find(|(known, _)| *known == class) {
        Some((_, n)) => *n += 1,
        None => held.push((class, 1)),
    }
}
