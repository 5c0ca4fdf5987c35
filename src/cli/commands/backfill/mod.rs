//! `backfill`: plan, print, ask, send, report.

mod end;
mod prepare;
mod printer;
mod requests;
mod send;

use crate::backfill;
use crate::cli::Context;
use crate::cli::args;
use crate::cli::exit::{Exit, Failure};
use crate::cli::lock::Lock;
use crate::cli::ui::Ui;
use crate::http::Endpoint;
use crate::report::{self, Format, PlanContext, PlanCounts, count, count_of};
use crate::store::{Destination, Store};

use super::import::{self, Imported};
pub use end::past_runs;
use prepare::Prepared;
use printer::Printer;

/// Runs the command.
///
/// # Errors
/// [`Failure`] when nothing may or can be sent; what a run met on its way is in its exit code.
pub fn run(context: &mut Context<'_>, args: &args::Backfill) -> Result<Exit, Failure> {
    let mut printer = Printer::new(context, &[Format::Table, Format::Json, Format::Ndjson])?;
    let target = target(context, args)?;
    if let Some(max) = args.max {
        context.settings.policy.backfill.max = Some(max);
    }
    let (mut store, imported, _lock) = open(context, args)?;
    if !args.dry_run {
        send::check_destination(&store, &target, args)?;
        check_clock(context, &store)?;
        end::name_the_dead(context, &mut store)?;
    }
    let prepared = prepare::prepare(context, args, &store, imported.as_ref())?;
    print_plan(context, &mut printer, &prepared)?;
    if let Some(path) = &args.requests {
        let code = args.test_event_code.as_deref();
        requests::write(context, &mut printer, &store, &prepared.plan, (code, path))?;
    }
    if args.dry_run {
        printer.close(context, &end::dry(&prepared), Exit::Done)?;
        return Ok(Exit::Done);
    }
    let exit = imported.as_ref().map_or(Exit::Done, |imported| {
        imported.warn(&context.ui);
        imported.exit
    });
    if prepared.plan.send.is_empty() {
        let exit = exit.worst(end::nothing_sent(context, &mut store, &prepared)?);
        printer.close(context, &end::dry(&prepared), exit)?;
        args.metrics.write(context, &store, "backfill", exit)?;
        return Ok(exit);
    }
    end::check_size(context, &store, &prepared)?;
    check_answerable(context, args)?;
    let tokens = send::tokens(context, &prepared.plan)?;
    if !args.send && !Ui::ask(&question(args, &prepared, &target)) {
        context.ui.talk("Nothing was sent.");
        return Ok(exit);
    }
    let job = send::Order { target, tokens: &tokens, args, prepared: &prepared };
    let report = send::run(context, &mut store, &mut printer, job)?;
    let exit = exit.worst(report.exit);
    printer.close(context, &report.run, exit)?;
    if !(exit == Exit::Later && end::may_stay_silent(context, &store, report.first_deadline)?) {
        for warning in &report.warnings {
            context.ui.warn(warning);
        }
        for stop in &report.stops {
            context.ui.fail(stop);
        }
    }
    args.metrics.write(context, &store, "backfill", exit)?;
    Ok(exit)
}

/// Where a run sends.
enum Target {
    /// TikTok, or a sandbox that runs already.
    Endpoint(Endpoint),
    /// A sandbox inside this process, for this run.
    Sandbox,
}

impl Target {
    fn is_tiktok(&self) -> bool {
        self.destination() == Destination::TikTok
    }

    fn destination(&self) -> Destination {
        match self {
            Self::Endpoint(endpoint) if !endpoint.is_loopback() => Destination::TikTok,
            Self::Endpoint(_) | Self::Sandbox => Destination::Sandbox,
        }
    }
}

/// Where to send. Checked before anything else, and long before a token is read.
fn target(context: &Context<'_>, args: &args::Backfill) -> Result<Target, Failure> {
    let target = match args.endpoint.as_deref() {
        Some(url) => Target::Endpoint(Endpoint::parse(url)?),
        None if context.settings.sandbox => Target::Sandbox,
        None => Target::Endpoint(Endpoint::tiktok()),
    };
    if context.clock.is_fixed() && !args.dry_run && target.is_tiktok() {
        return Err(Failure::new(
            Exit::Usage,
            "--now cannot be used to send to TikTok: the 48-hour clock must be real",
        )
        .hint("use it with --dry-run, or with --endpoint and a sandbox"));
    }
    if let Some(code) = &args.test_event_code {
        super::verify::check_code(code)?;
    }
    Ok(target)
}

type Opened = (Store, Option<Imported>, Option<Lock>);

/// A dry run opens for reading and takes no lock: it changes nothing at all.
fn open(context: &Context<'_>, args: &args::Backfill) -> Result<Opened, Failure> {
    let sources = if args.no_import { Vec::new() } else { import::source_patterns(context) };
    if args.dry_run {
        if !sources.is_empty() {
            context.ui.talk("A dry run does not read new log lines; `makegood import` does.");
        }
        return Ok((context.open_read_only()?, None, None));
    }
    if sources.is_empty() {
        // A database that is not there is a mistake; opening for writing would make an empty one.
        drop(context.open_read_only()?);
        let lock = Lock::take(&context.settings.db)?;
        return Ok((Store::open(&context.settings.db)?, None, Some(lock)));
    }
    let lock = Lock::take(&context.settings.db)?;
    let (store, imported) = import::open_with_news(context, &sources)?;
    Ok((store, Some(imported), Some(lock)))
}

/// A plan made under a clock that went backwards would take what is old for young.
fn check_clock(context: &Context<'_>, store: &Store) -> Result<(), Failure> {
    match backfill::clock_is_back(store.shared()?.clock_high_water, context.now) {
        Some(off) => Err(end::clock_failure(off)),
        None => Ok(()),
    }
}

fn print_plan(context: &Context<'_>, printer: &mut Printer, prepared: &Prepared) -> Result<(), Failure> {
    let plan = PlanContext {
        now: context.now,
        range: prepared.range,
        comparable: prepared.comparable,
        batch: context.settings.policy.backfill.batch,
    };
    printer.put(|output| match output.format {
        Format::Ndjson => Some(report::plan_line(&prepared.plan)),
        Format::Table => Some(report::plan(&prepared.plan, &plan, &Ui::view(context.settings.zone, output))),
        Format::Json | Format::Csv | Format::Tsv | Format::Shared(_) => None,
    })
}

/// Without a terminal only `--send` sends, and what may count twice needs a second word.
fn check_answerable(context: &Context<'_>, args: &args::Backfill) -> Result<(), Failure> {
    if args.send && !args.include_held.is_empty() && !args.accept_double_count {
        return Err(Failure::new(Exit::Usage, "--include-held with --send may count conversions twice")
            .hint(
                "read the plan (--dry-run); then add --accept-double-count, or leave --send out and be asked",
            ));
    }
    if args.send || context.ui.can_ask() {
        return Ok(());
    }
    Err(Failure::new(Exit::Usage, "there is something to send, and nobody to ask")
        .hint("add --send to send without asking, or --dry-run to see the plan only"))
}

fn question(args: &args::Backfill, prepared: &Prepared, target: &Target) -> String {
    let counts = PlanCounts::of(&prepared.plan);
    let events = count_of(counts.send, "event", "events");
    if args.test_event_code.is_some() {
        return format!("Send {events} to TikTok's Test events view?");
    }
    if !target.is_tiktok() {
        return format!("Send {events} to the sandbox?");
    }
    let released = counts.released.0 + counts.released.1;
    let twice =
        if released > 0 { format!(" {} of them may count twice.", count(released)) } else { String::new() };
    format!("Send {events} to TikTok?{twice} They cannot be taken back.")
}
