//! One streaming pass that counts, and feeds the checks.
//!
//! [`Audit::observe`] takes each key with its verdict; [`Audit::finish`] gives an [`AuditResult`],
//! which every output format reads. A check is one file in `checks/` and one line in [`CHECKS`].
//! Memory does not grow with the log: texts that logs choose freely are counted apart up to a
//! fixed number of them, and the rest together.

mod before;
mod checks;
mod codes;
mod count;
mod coverage;
mod days;
mod reasons;
mod result;
mod slices;
mod tally;
mod timeline;

use chrono_tz::Tz;

use crate::domain::{Finding, LedgerRow, MissingLeg, Policy, Range, Severity, TimeMs, Verdict};
use crate::reconcile::{Logs, Stand};

pub use checks::CHECKS;
pub use count::Audit;
pub use result::{
    AuditResult, Cause, ClockCounts, Counts, DayCounts, EventCounts, ExclusionCount, HourCounts, KeyCoverage,
    Money, Previous,
};
pub use slices::{Dimension, SliceCounts, SliceRow, SliceValue, Slices};

/// One key, judged: what an observer sees.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The key.
    pub row: &'a LedgerRow,
    /// Its verdict; `None`: an orphan, receipts without an event.
    pub verdict: Option<&'a Verdict>,
    /// The split by the other leg, of a missing key.
    pub leg: Option<MissingLeg>,
    /// What stands against sending it, of a missing key.
    pub stand: Option<Stand>,
}

/// What an audit is about.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The config.
    pub policy: &'a Policy,
    /// What the logs hold.
    pub logs: &'a Logs,
    /// The time span.
    pub range: Range,
    /// The moment of the audit.
    pub now: TimeMs,
}

/// How an audit divides time.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    /// The zone of days and hours.
    pub zone: Tz,
    /// The period to compare with.
    pub previous: Option<Range>,
}

/// An accumulator over the pass. Its memory does not grow with the log.
pub trait Check {
    /// Looks at one key; the pass has left out what lies outside the time span.
    fn observe(&mut self, subject: &Subject<'_>, scope: &Scope<'_>);

    /// What it found, once every key was seen.
    fn findings(&self, scope: &Scope<'_>) -> Vec<Finding>;
}

/// One row of the catalogue of checks.
pub struct CheckFact {
    /// The finding's code.
    pub code: &'static str,
    /// Its severity at its worst; a finding that touches little is given a lower one.
    pub severity: Severity,
    /// What it means, in one sentence without counts.
    pub title: &'static str,
    /// Likely causes, most likely first.
    pub causes: &'static [&'static str],
    /// What to change.
    pub fix: &'static str,
    /// The command to run next.
    pub fix_command: &'static str,
    /// Whether a key is one of those that the finding counts: what `events --finding` lists.
    pub concerns: fn(&Subject<'_>, &Scope<'_>) -> bool,
    /// Makes the accumulator.
    pub make: fn() -> Box<dyn Check>,
}
