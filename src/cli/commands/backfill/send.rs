//! The run: tokens, client, signals, progress, summary.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use serde::Serialize;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::backfill::{self, Job, Progress, Summary};
use crate::cli::args;
use crate::cli::exit::{Exit, Failure};
use crate::cli::ui::{Ui, Unit};
use crate::cli::{Context, end_now};
use crate::domain::{PixelCode, Plan, RunId, TimeMs};
use crate::http::{Client, Endpoint, Token};
use crate::report::{Format, RunReport, escape};
use crate::sandbox::{Options, Sandbox};
use crate::store::{Destination, RunKind, Store};

use super::prepare::Prepared;
use super::{Printer, Target, end};

/// What is to be sent, where and with what.
pub(super) struct Order<'a> {
    pub(super) target: Target,
    pub(super) tokens: &'a BTreeMap<PixelCode, Token>,
    pub(super) args: &'a args::Backfill,
    pub(super) prepared: &'a Prepared,
}

/// What a run did, and how to end.
pub(super) struct Done {
    pub(super) run: RunReport,
    pub(super) exit: Exit,
    /// What newly needs attention.
    pub(super) warnings: Vec<String>,
    /// When the first of what has no outcome becomes unsafe to send.
    pub(super) first_deadline: Option<TimeMs>,
    /// Why it stopped early.
    pub(super) stops: Vec<Failure>,
}

/// The tokens of the plan's pixels.
///
/// # Errors
/// [`Failure`] with code 4 when one is missing or cannot be read safely.
pub(super) fn tokens(context: &Context<'_>, plan: &Plan) -> Result<BTreeMap<PixelCode, Token>, Failure> {
    let pixels: BTreeSet<&PixelCode> = plan.send.iter().map(|planned| &planned.pixel).collect();
    pixels
        .into_iter()
        .map(|pixel| {
            let source = context.settings.tokens.get(pixel).ok_or_else(|| {
                let message = format!("no access token for pixel {}", escape(pixel.as_str()));
                Failure::new(Exit::Config, message).hint(
                    "add access_token_file to its [[pixel]]; the token is made in Events Manager → Web Events → the pixel → Settings → Events API",
                )
            })?;
            Ok((pixel.clone(), source.read(context.environment)?))
        })
        .collect()
}

/// Refuses to send elsewhere than where this database's live requests went: what one took, the other
/// never saw. Test sends deliver nothing, and may go anywhere.
///
/// # Errors
/// [`Failure`] with code 4 when they went elsewhere.
pub(super) fn check_destination(
    store: &Store,
    target: &Target,
    args: &args::Backfill,
) -> Result<(), Failure> {
    match store.shared()?.destination {
        Some(kept) if args.test_event_code.is_none() => same_destination(kept, target.destination()),
        Some(_) | None => Ok(()),
    }
}

fn same_destination(kept: Destination, wanted: Destination) -> Result<(), Failure> {
    let (message, hint) = match (kept, wanted) {
        (Destination::Sandbox, Destination::TikTok) => (
            "this database has sent to a sandbox: what that took counts as delivered here, and TikTok never saw it",
            "fill a database of its own for TikTok: makegood import --db live.db, and send from that one",
        ),
        (Destination::TikTok, Destination::Sandbox) => (
            "this database has sent to TikTok: what a sandbox takes would count as delivered, and be owed for ever",
            "fill a database of its own for the sandbox: makegood import --db sandbox.db, and send from that one",
        ),
        (Destination::TikTok, Destination::TikTok) | (Destination::Sandbox, Destination::Sandbox) => {
            return Ok(());
        }
    };
    Err(Failure::new(Exit::Config, message).hint(hint))
}

/// Runs the plan.
///
/// # Errors
/// [`Failure`] when the run cannot begin.
pub(super) fn run(
    context: &Context<'_>,
    store: &mut Store,
    printer: &mut Printer,
    order: Order<'_>,
) -> Result<Done, Failure> {
    let limits = &context.settings.policy.backfill;
    let failed = |error: std::io::Error| {
        Failure::new(Exit::Store, format!("cannot start the network runtime: {}", error.kind()))
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(failed)?;
    if order.args.test_event_code.is_none() {
        let wanted = order.target.destination();
        same_destination(store.keep_destination(wanted)?, wanted)?;
    }
    let (endpoint, _sandbox) = open(context, &runtime, order.target)?;
    let client = Client::new(endpoint, limits.connect_timeout, limits.total_timeout)?;
    let (stop, stopped) = watch::channel(false);
    let caught = listen(&runtime, stop, context.ui.clone()).map_err(failed)?;
    let note = end::note(order.args, order.prepared);
    let run = store.begin_run(RunKind::Backfill, context.now, &note)?;
    let clock = context.clock;
    let now = move || clock.now();
    let job = Job {
        plan: &order.prepared.plan,
        policy: &context.settings.policy,
        client: &client,
        tokens: order.tokens,
        run,
        test_code: order.args.test_event_code.as_deref(),
        now: &now,
        fixed_clock: context.clock.is_fixed(),
        stop: stopped,
    };
    let mut bar = context.ui.progress(Unit::Events);
    let mut written = Ok(());
    let summary = runtime.block_on(backfill::run(job, store, &mut |progress| {
        bar.set(progress.done, progress.planned);
        if written.is_ok() {
            // The run goes on and is recorded; the failure is told when it is over.
            written =
                printer.put(|output| (output.format == Format::Ndjson).then(|| progress_line(run, progress)));
        }
    }));
    drop(bar);
    // What is still in flight on other threads must not keep a stopped program alive.
    runtime.shutdown_background();
    let summary = match summary {
        Ok(summary) => summary,
        Err(error) => {
            let failure = Failure::from(error);
            // Nothing was sent; if the row cannot be completed either, the next run sees that this one died.
            let _ = store.end_run(run, context.clock.now(), failure.exit.code(), "{}");
            return Err(failure);
        }
    };
    let done = finish(context, store, order.prepared, (run, summary, &caught), order.args);
    written?;
    Ok(done)
}

/// Where the requests go; a sandbox inside this process lives as long as the run.
fn open(
    context: &Context<'_>,
    runtime: &Runtime,
    target: Target,
) -> Result<(Endpoint, Option<Sandbox>), Failure> {
    match target {
        Target::Endpoint(endpoint) => Ok((endpoint, None)),
        Target::Sandbox => {
            let options = Options {
                now: context.clock.is_fixed().then_some(context.now),
                wall: Some(context.now),
                ..Options::default()
            };
            let sandbox = runtime.block_on(Sandbox::start(options)).map_err(|error| {
                Failure::new(Exit::Config, format!("cannot run a sandbox: {}", error.kind()))
            })?;
            Ok((Endpoint::parse(&sandbox.url())?, Some(sandbox)))
        }
    }
}

/// The run's row and report. A database that fails now takes nothing away from what the run has to tell.
fn finish(
    context: &Context<'_>,
    store: &mut Store,
    prepared: &Prepared,
    (run, summary, caught): (RunId, Summary, &AtomicU8),
    args: &args::Backfill,
) -> Done {
    let test = args.test_event_code.is_some();
    let (mut exit, mut stops) = end::stops(&summary, caught.load(Ordering::SeqCst));
    let mut failed = |failure: Failure| {
        // A database that failed already has said so.
        if !stops.iter().any(|stop| stop.exit == failure.exit) {
            stops.push(failure.clone());
        }
        failure.exit
    };
    let (new, warnings) =
        end::newly(store, prepared, &summary).unwrap_or_else(|failure| (failed(failure), Vec::new()));
    exit = exit.worst(new);
    let after = if test { Ok(None) } else { prepared.after(context, store).map(Some) };
    let after = after.unwrap_or_else(|failure| {
        exit = exit.worst(failed(failure));
        None
    });
    let counts = end::counts(prepared, &summary);
    if let Err(error) = store.end_run(run, context.clock.now(), exit.code(), &counts) {
        exit = exit.worst(failed(error.into()));
    }
    let dry = end::dry(prepared);
    let more_unsendable = u64::try_from(summary.unsendable.len()).unwrap_or(u64::MAX);
    let report = RunReport {
        run: Some(run),
        planned: summary.planned,
        accepted: summary.accepted,
        refused: summary.refused,
        unknown: summary.unknown,
        unsendable: dry.unsendable + more_unsendable,
        expired: summary.expired,
        passed: summary.passed,
        left: summary.left,
        requests: summary.requests,
        elapsed_ms: u64::try_from(context.clock.elapsed().as_ms()).unwrap_or(0),
        after,
        test,
        ..dry
    };
    Done { run: report, exit, warnings, first_deadline: summary.first_deadline, stops }
}

/// The first signal lets what is in flight finish; the second ends at once. Returns where the
/// signal's number will stand.
fn listen(runtime: &Runtime, stop: watch::Sender<bool>, ui: Ui) -> std::io::Result<Arc<AtomicU8>> {
    let caught = Arc::new(AtomicU8::new(0));
    let _inside = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let seen = Arc::clone(&caught);
    runtime.spawn(async move {
        loop {
            let number = tokio::select! {
                _ = interrupt.recv() => 2,
                _ = terminate.recv() => 15,
                _ = hangup.recv() => 1,
            };
            if seen.swap(number, Ordering::SeqCst) != 0 {
                // Attempts in flight stay unknown in the ledger, which is the truth.
                end_now(Exit::Signal(number));
            }
            let _ = stop.send(true);
            ui.talk("Stopping after the request in flight; a second signal stops at once.");
        }
    });
    Ok(caught)
}

#[derive(Serialize)]
struct ProgressJson {
    r#type: &'static str,
    run: i64,
    planned: u64,
    done: u64,
    accepted: u64,
    refused: u64,
    unknown: u64,
    requests: u64,
}

fn progress_line(run: RunId, progress: Progress) -> String {
    let Progress { planned, done, accepted, refused, unknown, requests } = progress;
    let line = ProgressJson {
        r#type: "progress",
        run: run.value(),
        planned,
        done,
        accepted,
        refused,
        unknown,
        requests,
    };
    let mut line = serde_json::to_string(&line).unwrap_or_default();
    line.push('\n');
    line
}
