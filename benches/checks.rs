//! What the checks cost: the audit with all of them against the audit with none, on one database.
//!
//!     makegood demo --events 1000000 --out logs && makegood --db m.db import logs/*.jsonl
//!     cargo bench --bench checks -- m.db [ROUNDS]
//!
//! Rounds take turns, and medians are compared; the run fails above 1.5.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use makegood::audit::{Audit, CHECKS, Carried, CheckFact, Legs, Part, Scope, Subject};
use makegood::domain::{Duration as Span, Policy, Range};
use makegood::reconcile::{Logs, Resolver, decide, hold, missing_leg};
use makegood::store::{Store, StoreError};
use nix::sys::resource::{UsageWho, getrusage};

/// The audit with all checks takes at most so many times the audit without.
const RATIO_MAX: f64 = 1.5;

/// The audit is made so long after the newest event, when nothing is waiting any more.
const DAY: Span = Span::from_days(1);

struct Cost {
    wall: Duration,
    cpu: Duration,
    events: u64,
    findings: usize,
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    // Cargo adds an argument of its own.
    let mut arguments = std::env::args().skip(1).filter(|one| one != "--bench");
    let Some(database) = arguments.next() else { return Err("which database?".into()) };
    let rounds: usize = arguments.next().map_or(Ok(5), |rounds| rounds.parse())?;
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        without.push(audit(Path::new(&database), &[])?);
        with.push(audit(Path::new(&database), CHECKS)?);
    }
    let mut out = std::io::stdout().lock();
    let (wall, cpu) = (median(&with, &without, |cost| cost.wall), median(&with, &without, |cost| cost.cpu));
    let (Some(all), Some(none)) = (with.first(), without.first()) else { return Err("no rounds".into()) };
    writeln!(
        out,
        "{} events, {rounds} rounds, {} checks, {} findings",
        all.events,
        CHECKS.len(),
        all.findings
    )?;
    for (what, (with, without)) in [("wall", wall), ("CPU", cpu)] {
        let ratio = with / without;
        writeln!(
            out,
            "{what:<5} {with:.3} s with all checks, {without:.3} s without: {ratio:.2} (at most {RATIO_MAX})"
        )?;
    }
    if none.findings > 0 || all.findings == 0 || none.events != all.events {
        return Err("the two audits are not what they should be".into());
    }
    Ok(if wall.0 / wall.1 > RATIO_MAX { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn audit(database: &Path, checks: &'static [CheckFact]) -> Result<Cost, Box<dyn std::error::Error>> {
    let store = Store::open_read_only(database)?;
    let policy = Policy::default();
    let logs = Logs::new(&store.log_facts()?, &policy);
    let Some((_, newest)) = store.event_times()? else { return Err("the database holds no events".into()) };
    let now = newest.plus(DAY);
    let scope = Scope { policy: &policy, logs: &logs, range: Range::ALL, now, view: Part::Whole };
    let (began, cpu) = (Instant::now(), cpu()?);
    let mut audit = Audit::with(scope, checks);
    let (mut resolver, mut rows) = (Resolver::new(&policy), Vec::new());
    store.for_each_group::<StoreError>(Range::ALL, &mut |group| {
        resolver.resolve(group, &mut rows);
        for row in &rows {
            let verdict = row.event.as_ref().map(|_| decide(row, &policy, now));
            let missing = verdict.as_ref().filter(|verdict| verdict.is_missing());
            audit.observe(&Subject {
                row,
                verdict: verdict.as_ref(),
                leg: missing.map(|_| missing_leg(row, &policy, &logs)),
                stand: missing.map(|verdict| hold(row, verdict, &policy, &logs, now)),
                siblings: &rows,
                legs: Legs::of(row),
                carried: Carried::of(row),
            });
        }
        Ok(())
    })?;
    let result = audit.finish();
    let (wall, cpu) = (began.elapsed(), self::cpu()?.saturating_sub(cpu));
    Ok(Cost { wall, cpu, events: result.totals.events, findings: result.findings.len() })
}

/// CPU time of this process so far.
fn cpu() -> nix::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let of = |time: nix::sys::time::TimeVal| {
        Duration::from_secs(time.tv_sec().unsigned_abs())
            + Duration::from_micros(time.tv_usec().unsigned_abs())
    };
    Ok(of(usage.user_time()) + of(usage.system_time()))
}

fn median(with: &[Cost], without: &[Cost], cost: fn(&Cost) -> Duration) -> (f64, f64) {
    let middle = |costs: &[Cost]| {
        let mut costs: Vec<_> = costs.iter().map(cost).collect();
        costs.sort();
        costs.get(costs.len() / 2).map_or(f64::NAN, Duration::as_secs_f64)
    };
    (middle(with), middle(without))
}
