//! The plan, and coverage as it is before.

use crate::audit::{Audit, Counts, Scope};
use crate::cli::Context;
use crate::cli::args;
use crate::cli::commands::import::Imported;
use crate::cli::exit::Failure;
use crate::cli::filters::Filters;
use crate::cli::pass::Pass;
use crate::domain::{Plan, Range, Verdict};
use crate::reconcile::{Browser, Logs, PlanLimits, Planner, browser_fired};
use crate::report::Comparable;
use crate::store::Store;

/// Everything known before the first request.
pub(super) struct Prepared {
    /// What to send, hold and leave.
    pub(super) plan: Plan,
    /// The time span the plan looks at.
    pub(super) range: Range,
    /// Coverage before.
    pub(super) before: Counts,
    /// What browser copies of accepted events tell.
    pub(super) comparable: Comparable,
    logs: Logs,
    filters: Filters,
    /// The time span of coverage: what was asked for, or the seven days up to the newest event.
    coverage: Range,
}

/// One pass for the plan and for the coverage before.
///
/// # Errors
/// [`Failure`] when the database cannot be read.
pub(super) fn prepare(
    context: &Context<'_>,
    args: &args::Backfill,
    store: &Store,
    imported: Option<&Imported>,
) -> Result<Prepared, Failure> {
    let policy = &context.settings.policy;
    let logs = super::super::audit::logs(context, store, imported)?;
    let filters = Filters::new(&context.global, policy, &context.ui);
    let range = context.typed_range(store)?.unwrap_or(Range::ALL);
    let coverage = context.range(store)?;
    let limits =
        PlanLimits { range, events: policy.backfill.events.clone(), include_held: args.include_held.clone() };
    let mut comparable = Comparable::default();
    let mut planner = Planner::new(policy, &logs, limits, context.now);
    let pass = Pass { store, policy, logs: &logs, range, now: context.now, filters: &filters };
    let mut audit = Audit::new(Scope { range: coverage, ..pass.scope() });
    pass.each(&mut |subject| {
        let (Some(event), Some(verdict)) = (&subject.row.event, subject.verdict) else { return Ok(()) };
        planner.observe(subject.row, verdict);
        if coverage.has(event.at) {
            audit.observe(subject);
        }
        if *verdict == Verdict::Delivered {
            match browser_fired(subject.row, policy, &logs) {
                Browser::Fired => {
                    comparable.accepted += 1;
                    comparable.browser_fired += 1;
                }
                Browser::DidNotFire | Browser::NotSeen => comparable.accepted += 1,
                Browser::Unknown => {}
            }
        }
        Ok(())
    })?;
    let (plan, before) = (planner.finish(), audit.finish().totals);
    Ok(Prepared { plan, range, before, comparable, logs, filters, coverage })
}

impl Prepared {
    /// Coverage after a run, over the same time span and keys.
    ///
    /// # Errors
    /// [`Failure`] when the database cannot be read.
    pub(super) fn after(&self, context: &Context<'_>, store: &Store) -> Result<Counts, Failure> {
        let pass = Pass {
            store,
            policy: &context.settings.policy,
            logs: &self.logs,
            range: self.coverage,
            now: context.clock.now(),
            filters: &self.filters,
        };
        Ok(pass.audit()?.totals)
    }
}
