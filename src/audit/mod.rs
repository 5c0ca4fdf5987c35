//! One streaming pass that counts, and feeds the checks.
//!
//! [`Audit::observe`] takes each key with its verdict; [`Audit::finish`] gives an [`AuditResult`],
//! which every output format reads. A check is one file in `checks/` and one line in [`CHECKS`].
//! Memory does not grow with the log: texts that logs choose freely are counted apart up to a
//! fixed number of them, and the rest together.

mod before;
mod carried;
mod checks;
mod clock;
mod codes;
mod comparison;
mod concentration;
mod count;
mod coverage;
mod cutter;
mod days;
mod groups;
mod ignore;
mod legs;
mod reasons;
mod result;
mod sample;
mod share;
mod slices;
mod strength;
mod tally;
mod timeline;

use std::sync::Arc;

use chrono_tz::Tz;

use crate::domain::{
    Amount, Finding, LedgerRow, MissingLeg, Policy, Range, Reason, Severity, TimeMs, Verdict,
};
use crate::reconcile::{Logs, Stand};

pub use carried::{Carried, MoneySent};
pub use checks::CHECKS;
pub use comparison::{Compared, Comparison, Ours, TotalsFrom, compare};
pub use concentration::{Concentration, Flaw};
pub use count::Audit;
pub use ignore::Ignored;
pub use legs::{Legs, Sends};
pub use result::{
    AuditResult, Cause, ClockCounts, Counts, DayCounts, EventCounts, ExclusionCount, HourCounts, KeyCoverage,
    Money, Previous,
};
pub use slices::{Dimension, SliceCounts, SliceRow, SliceValue, Slices};
pub use strength::{STRENGTH_SAMPLE_MIN, wilson};

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
    /// All rows of its `event_id`, itself among them.
    pub siblings: &'a [LedgerRow],
    /// What each leg did with it.
    pub legs: Legs,
    /// What the request really held; `None`: no log has its body.
    pub carried: Option<Carried>,
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
    /// Which keys it sees.
    pub view: Part,
}

/// Which keys of a time span an audit sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All.
    Whole,
    /// Those that filters let through: nothing can be said of what is not seen.
    Filtered,
}

/// A line of a log that could not be used.
#[derive(Clone, Copy, Debug)]
pub struct UnusedLine<'a> {
    /// Why.
    pub reason: Reason,
    /// The event's name, where the line gave one.
    pub name: Option<&'a str>,
    /// The event's time, where the line gave one.
    pub at: Option<TimeMs>,
    /// The file it was read from.
    pub file: &'a str,
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

    /// What it has in common with other checks.
    fn common(&mut self) -> Option<checks::Common<'_>> {
        None
    }

    /// What the purchases among its keys are worth, per currency; of checks that add it up.
    fn value(&self) -> Vec<(Arc<str>, Amount)> {
        Vec::new()
    }

    /// Looks at a line that could not be used.
    fn observe_line(&mut self, _line: &UnusedLine<'_>) {}

    /// Whether a key that [`CheckFact::concerns`] is one of those found, now that every key was seen:
    /// what only a rate or a comparison of keys can say.
    fn confirms(&self, _subject: &Subject<'_>) -> bool {
        true
    }
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
    /// Whether a key can be one of those that the finding counts: what `events --finding` lists, if
    /// [`Check::confirms`] agrees.
    pub concerns: fn(&Subject<'_>, &Scope<'_>) -> bool,
    /// Makes the accumulator.
    pub make: fn() -> Box<dyn Check>,
}
