//! How a run ends: exit code, words, and what its row keeps.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::backfill::{Stopped, Summary};
use crate::cli::Context;
use crate::cli::args;
use crate::cli::exit::{Exit, Failure};
use crate::domain::{Duration, HeldClass, TimeMs, Unsendable};
use crate::report::{PastRun, PlanCounts, RunReport, count, count_of, escape};
use crate::store::{DeadRun, RunKind, Store};

use super::prepare::Prepared;

/// What a run's row keeps: enough to tell, next time, what is new.
#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct RunCounts {
    planned: u64,
    accepted: u64,
    refused: u64,
    unknown: u64,
    expired: u64,
    requests: u64,
    held: BTreeMap<String, u64>,
}

#[derive(Serialize)]
struct RunNote<'a> {
    planned: u64,
    released: Vec<&'static str>,
    reason: Option<&'a str>,
    test_event_code: Option<&'a str>,
}

/// What a run's row says at its begin.
pub(super) fn note(args: &args::Backfill, prepared: &Prepared) -> String {
    let note = RunNote {
        planned: PlanCounts::of(&prepared.plan).send,
        released: args.include_held.iter().map(|class| class.code()).collect(),
        reason: args.reason.as_deref(),
        test_event_code: args.test_event_code.as_deref(),
    };
    serde_json::to_string(&note).unwrap_or_default()
}

/// What a run's row says at its end.
pub(super) fn counts(prepared: &Prepared, summary: &Summary) -> String {
    let counts = RunCounts {
        planned: summary.planned,
        accepted: summary.accepted,
        refused: summary.refused,
        unknown: summary.unknown,
        expired: summary.expired,
        requests: summary.requests,
        held: held(prepared),
    };
    serde_json::to_string(&counts).unwrap_or_default()
}

fn held(prepared: &Prepared) -> BTreeMap<String, u64> {
    let counts = PlanCounts::of(&prepared.plan);
    counts.held.into_iter().map(|(class, n): (HeldClass, u64)| (class.code().to_owned(), n)).collect()
}

/// The report of a run that sent nothing.
pub(super) fn dry(prepared: &Prepared) -> RunReport {
    let counts = PlanCounts::of(&prepared.plan);
    RunReport {
        planned: counts.send,
        held: counts.held_total(),
        unsendable: counts.unsendable_total(),
        before: prepared.before,
        ..RunReport::default()
    }
}

/// Earlier runs to look back at.
const RUNS_BACK: u32 = 50;

fn earlier(store: &Store) -> Result<Vec<RunCounts>, Failure> {
    let counts = store
        .runs(RunKind::Backfill, RUNS_BACK)?
        .into_iter()
        .filter_map(|run| run.counts.and_then(|counts| serde_json::from_str(&counts).ok()));
    Ok(counts.collect())
}

/// The backfills of a database, newest first.
///
/// # Errors
/// [`Failure`] when the database cannot be read.
pub fn past_runs(store: &Store) -> Result<Vec<PastRun>, Failure> {
    let past = store.runs(RunKind::Backfill, RUNS_BACK)?.into_iter().map(|run| {
        let counts: RunCounts =
            run.counts.and_then(|counts| serde_json::from_str(&counts).ok()).unwrap_or_default();
        PastRun {
            run: run.run.value(),
            started_at: run.started_at,
            planned: counts.planned,
            accepted: counts.accepted,
            refused: counts.refused,
            unknown: counts.unknown,
            held: counts.held.values().sum(),
            is_open: run.ended_at.is_none(),
        }
    });
    Ok(past.collect())
}

/// How many more a class holds than at the end of the last run, over all classes that hold more.
fn newly_held(store: &Store, prepared: &Prepared) -> Result<u64, Failure> {
    let before = earlier(store)?.into_iter().next().unwrap_or_default().held;
    let more = |(class, n): (&String, &u64)| n.saturating_sub(before.get(class).copied().unwrap_or(0));
    Ok(held(prepared).iter().map(more).sum())
}

/// Whether this run newly left something that needs attention, and in words what.
///
/// # Errors
/// [`Failure`] when the database cannot be read.
pub(super) fn newly(
    store: &Store,
    prepared: &Prepared,
    summary: &Summary,
) -> Result<(Exit, Vec<String>), Failure> {
    let held = newly_held(store, prepared)?;
    let met = [
        (held, "more held than after the last run; the plan says why"),
        (summary.refused, "refused by TikTok"),
        (summary.unknown, "with an unknown outcome"),
        (summary.expired, "past their 47 h before they could be sent"),
        (given_up(summary), "not delivered; `makegood explain` has the answer, which is not to be repeated"),
    ];
    let met = met.into_iter().filter(|(n, _)| *n > 0);
    let warnings: Vec<String> = met.map(|(n, words)| format!("{} {words}", count(n))).collect();
    Ok((if warnings.is_empty() { Exit::Done } else { Exit::Partial }, warnings))
}

/// Keys that a run which went to its end did not try again.
const fn given_up(summary: &Summary) -> u64 {
    if summary.stopped.is_empty() { summary.left } else { 0 }
}

/// A run with nothing to send leaves a row only if what is held has changed.
///
/// # Errors
/// [`Failure`] when the database cannot be written.
pub(super) fn nothing_sent(
    context: &Context<'_>,
    store: &mut Store,
    prepared: &Prepared,
) -> Result<Exit, Failure> {
    let summary = Summary::default();
    let (exit, warnings) = newly(store, prepared, &summary)?;
    for warning in &warnings {
        context.ui.warn(warning);
    }
    let last = earlier(store)?.into_iter().next().unwrap_or_default();
    if last.held != held(prepared) {
        let run = store.begin_run(RunKind::Backfill, context.now, "{}")?;
        store.end_run(run, context.clock.now(), exit.code(), &counts(prepared, &summary))?;
    }
    Ok(exit)
}

/// Ends with code 6 in a row of which `-q` says nothing: two hours of an hourly cron.
const SILENT_MAX: usize = 2;

/// So near to a deadline it speaks.
const SILENT_UNTIL: Duration = Duration::from_hours(6);

/// Whether `-q` says nothing of an end with code 6, which this run's row holds already: nothing is lost
/// yet, and the next run may do better (product 10).
///
/// # Errors
/// [`Failure`] when the database cannot be read.
pub(super) fn may_stay_silent(
    context: &Context<'_>,
    store: &Store,
    first_deadline: Option<TimeMs>,
) -> Result<bool, Failure> {
    if !context.global.quiet
        || first_deadline.is_some_and(|deadline| deadline.since(context.clock.now()) < SILENT_UNTIL)
    {
        return Ok(false);
    }
    let runs = store.runs(RunKind::Backfill, RUNS_BACK)?;
    let ends = runs.iter().map(|run| run.exit_code);
    Ok(ends.take_while(|code| *code == Some(Exit::Later.code())).count() <= SILENT_MAX)
}

/// Says which backfills died, and what nobody knows of them.
///
/// # Errors
/// [`Failure`] when the database cannot be written.
pub(super) fn name_the_dead(context: &Context<'_>, store: &mut Store) -> Result<(), Failure> {
    for DeadRun { run, requests, events } in store.bury_backfills(context.now)? {
        let (requests, events) =
            (count_of(requests, "request", "requests"), count_of(events, "event", "events"));
        context.ui.talk(&format!("Run {run} died; nobody knows what became of {requests} with {events}."));
    }
    Ok(())
}

/// A plan this many times as large as usual stops and asks for a word …
const UNUSUAL_FACTOR: u64 = 5;
/// … if there were this many runs to know what is usual …
const UNUSUAL_RUNS_MIN: usize = 3;
/// … and it is this large: five times nothing is nothing.
const UNUSUAL_EVENTS_MIN: u64 = 100;

/// Stops a plan that is larger than `max`, or than all experience.
///
/// # Errors
/// [`Failure`] with code 2 when it is.
pub(super) fn check_size(context: &Context<'_>, store: &Store, prepared: &Prepared) -> Result<(), Failure> {
    let planned = PlanCounts::of(&prepared.plan).send;
    if let Some(max) = context.settings.policy.backfill.max {
        if planned > max {
            let message =
                format!("the plan would send {}, more than the limit of {}", count(planned), count(max));
            return Err(Failure::new(Exit::Usage, message)
                .hint("look at it with --dry-run; raise --max, or narrow it with --event or --since"));
        }
        return Ok(());
    }
    let mut usual: Vec<u64> =
        earlier(store)?.iter().map(|counts| counts.planned).filter(|planned| *planned > 0).collect();
    usual.sort_unstable();
    let Some(median) = usual.get(usual.len() / 2).filter(|_| usual.len() >= UNUSUAL_RUNS_MIN) else {
        return Ok(());
    };
    if planned >= UNUSUAL_EVENTS_MIN && planned > median.saturating_mul(UNUSUAL_FACTOR) {
        let message = format!("the plan would send {}, usual are about {}", count(planned), count(*median));
        return Err(Failure::new(Exit::Usage, message)
            .hint(format!("look at it with --dry-run; if it is right: --max {planned}")));
    }
    Ok(())
}

/// What went wrong on the way: the gravest exit code, and words for each.
pub(super) fn stops(summary: &Summary, signal: u8) -> (Exit, Vec<Failure>) {
    let mut exit = if signal == 0 { Exit::Done } else { Exit::Signal(signal) };
    let mut failures = Vec::new();
    for stop in &summary.stopped {
        let (code, message, hint) = stop_words(stop, signal);
        exit = exit.worst(code);
        failures.push(Failure::new(code, message).hint(hint));
    }
    let damaged = summary.unsendable.iter().filter(|(_, _, why)| *why == Unsendable::ObjectDamaged).count();
    if damaged > 0 {
        exit = exit.worst(Exit::Store);
        let events = count_of(u64::try_from(damaged).unwrap_or(u64::MAX), "event", "events");
        let message = format!("the database holds {events} not as they were written; they were not sent");
        failures.push(Failure::new(Exit::Store, message).hint(DAMAGED_HINT));
    }
    if let Some(trouble) = summary.trouble.as_ref().filter(|_| summary.stopped.is_empty()) {
        exit = exit.worst(Exit::Later);
        let message = format!("no answer from TikTok: {}", escape(trouble));
        failures.push(Failure::new(Exit::Later, message).hint(AGAIN_HINT));
    }
    (exit, failures)
}

const TOKEN_HINT: &str = "make a new token in Events Manager → Web Events → the pixel → Settings → Events API, put it into access_token_file, run again";
const DAMAGED_HINT: &str =
    "check the disk; keep a copy, then restore a backup or import the logs into a new --db";
const AGAIN_HINT: &str = "nothing is lost: run again";

const CLOCK_HINT: &str = "set the clock, then run again";

fn clock_words(off: Duration) -> String {
    format!("this machine's clock is off by {off}: the 48-hour clock cannot be trusted")
}

/// A run that must not begin because of the clock.
pub(super) fn clock_failure(off: Duration) -> Failure {
    Failure::new(Exit::Config, clock_words(off)).hint(CLOCK_HINT)
}

fn stop_words(stop: &Stopped, signal: u8) -> (Exit, String, &'static str) {
    match stop {
        Stopped::Token { pixel, code } => (
            Exit::Token,
            format!("TikTok refused the token of pixel {} (code {code})", escape(pixel.as_str())),
            TOKEN_HINT,
        ),
        Stopped::Permission { pixel, code } => (
            Exit::Token,
            format!("the token of pixel {} may not send to it (code {code})", escape(pixel.as_str())),
            TOKEN_HINT,
        ),
        Stopped::StillBlocked { pixel, code } => (
            Exit::Token,
            format!(
                "the token of pixel {} was refused before (code {code}) and has not changed; nothing was sent",
                escape(pixel.as_str())
            ),
            TOKEN_HINT,
        ),
        Stopped::Config { what } => (
            Exit::Config,
            format!("TikTok did not take the request: {}", escape(what)),
            "is this makegood current?",
        ),
        Stopped::Redirected { status } => (
            Exit::Config,
            format!("the server redirects (HTTP {status}); tokens follow no redirect"),
            "something stands between this machine and TikTok, or --endpoint is wrong",
        ),
        Stopped::Certificate { why } => (
            Exit::Config,
            format!("the server's certificate is not trusted: {}", escape(why)),
            "something stands between this machine and TikTok; nothing was sent",
        ),
        Stopped::Throttled { until } => {
            (Exit::Later, format!("TikTok throttles; no request before {until}"), AGAIN_HINT)
        }
        Stopped::MayHaveLeaked { pixel, until } => (
            Exit::Later,
            format!(
                "TikTok throttles pixel {} as if others used its token; no request before {until}",
                escape(pixel.as_str())
            ),
            "if nothing else of yours sends with this token, make a new one: it may have leaked",
        ),
        Stopped::Network { why } => {
            (Exit::Later, format!("no answer from TikTok: {}", escape(why)), AGAIN_HINT)
        }
        Stopped::LooksLikeOurs { code } => (
            Exit::Config,
            format!("TikTok refuses every event alone (code {code}): the request looks wrong, not the data"),
            "look at a body with --dry-run --requests FILE, and try it with --test-event-code",
        ),
        Stopped::Clock { off } => (Exit::Config, clock_words(*off), CLOCK_HINT),
        Stopped::Signal => {
            let exit = if signal == 0 { Exit::Later } else { Exit::Signal(signal) };
            (exit, "stopped by a signal; what was in flight is recorded".to_owned(), AGAIN_HINT)
        }
        Stopped::Store { why, unrecorded, busy } => (
            if *busy { Exit::Later } else { Exit::Store },
            match unrecorded {
                0 => format!("the database failed: {}", escape(why)),
                n => {
                    let requests = count_of(*n, "request", "requests");
                    format!("the database failed: {}; outcomes of {requests} not recorded", escape(why))
                }
            },
            "what has no outcome is unknown, and looked at again inside its 47 h",
        ),
    }
}
