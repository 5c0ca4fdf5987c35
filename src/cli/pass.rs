//! The one pass over the ledger: rooms joined, each key once, with its verdict.

use crate::audit::{Audit, AuditResult, Axis, Carried, Legs, Part, Scope, Subject, UnusedLine};
use crate::domain::{LedgerRow, Policy, Range, TimeMs, Verdict};
use crate::reconcile::{self, Logs, Resolver};
use crate::store::Store;

use super::exit::Failure;
use super::filters::{Filters, Sought};

/// What a pass looks at.
#[derive(Clone, Copy)]
pub struct Pass<'a> {
    /// The database.
    pub store: &'a Store,
    /// The config.
    pub policy: &'a Policy,
    /// What the logs hold.
    pub logs: &'a Logs,
    /// The time span.
    pub range: Range,
    /// The moment.
    pub now: TimeMs,
    /// Which keys.
    pub filters: &'a Filters,
}

impl<'a> Pass<'a> {
    /// What checks need to know.
    #[must_use]
    pub fn scope(&self) -> Scope<'a> {
        let view = if self.filters.is_empty() { Part::Whole } else { Part::Filtered };
        Scope { policy: self.policy, logs: self.logs, range: self.range, now: self.now, view }
    }

    /// Visits every key of the range that the filters let through.
    ///
    /// # Errors
    /// [`Failure`] when the database cannot be read, or what `visit` returns.
    pub fn each(&self, visit: &mut dyn FnMut(&Subject<'_>) -> Result<(), Failure>) -> Result<(), Failure> {
        let Some(mut sought) = self.filters.sought() else {
            return self.walk(&mut |subject| {
                if self.filters.has_verdict(subject.verdict) { visit(subject) } else { Ok(()) }
            });
        };
        // What a finding counts may take all keys to know: one pass to find, one to list.
        let scope = self.scope();
        self.walk(&mut |subject| {
            sought.observe(subject, &scope);
            Ok(())
        })?;
        let sought: Sought = sought;
        self.walk(&mut |subject| {
            if self.filters.has_verdict(subject.verdict) && sought.has(subject, &scope) {
                visit(subject)
            } else {
                Ok(())
            }
        })
    }

    /// Every key of the range whose own columns the filters let through.
    fn walk(&self, visit: &mut dyn FnMut(&Subject<'_>) -> Result<(), Failure>) -> Result<(), Failure> {
        let lens = self.lens();
        let mut resolver = Resolver::new(self.policy);
        let mut rows = Vec::new();
        self.store.for_each_group::<Failure>(self.range, &mut |group| {
            resolver.resolve(group, &mut rows);
            lens.each(&rows, visit)
        })
    }

    const fn lens(&self) -> Lens<'a> {
        let Self { store: _, policy, logs, range, now, filters } = *self;
        Lens { policy, logs, range, now, filters }
    }

    /// The audit of this pass.
    ///
    /// # Errors
    /// [`Failure`] when the database cannot be read.
    pub fn audit(&self) -> Result<AuditResult, Failure> {
        self.audit_along(Axis { zone: chrono_tz::UTC, previous: None })
    }

    /// The same with days of a zone, and compared with a period before.
    ///
    /// # Errors
    /// [`Failure`] when the database cannot be read.
    pub fn audit_along(&self, axis: Axis) -> Result<AuditResult, Failure> {
        let mut audit = Audit::new(self.scope()).along(axis);
        let since = axis.previous.map_or(self.range.since, |previous| previous.since.min(self.range.since));
        let whole = Self { range: Range { since, until: self.range.until }, ..*self };
        whole.each(&mut |subject| {
            audit.observe(subject);
            Ok(())
        })?;
        if self.filters.is_empty() {
            for line in self.store.quarantined()? {
                audit.observe_line(&UnusedLine {
                    reason: line.reason,
                    name: line.name.as_deref(),
                    at: line.at,
                    // Its folder may name a person, and findings are handed on.
                    file: &line.path.file_name().unwrap_or_default().to_string_lossy(),
                });
            }
        }
        Ok(audit.finish())
    }
}

/// What turns rows into subjects.
#[derive(Clone, Copy)]
struct Lens<'a> {
    policy: &'a Policy,
    logs: &'a Logs,
    range: Range,
    now: TimeMs,
    filters: &'a Filters,
}

impl Lens<'_> {
    /// Looks at the keys of one id.
    fn each<E>(
        &self,
        rows: &[LedgerRow],
        visit: &mut dyn FnMut(&Subject<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        for row in rows {
            if !self.is_inside(row) || !self.filters.has_row(row) {
                continue;
            }
            let verdict = row.event.as_ref().map(|_| reconcile::decide(row, self.policy, self.now));
            visit(&self.judge(row, verdict.as_ref(), rows))?;
        }
        Ok(())
    }

    fn judge<'r>(
        &self,
        row: &'r LedgerRow,
        verdict: Option<&'r Verdict>,
        siblings: &'r [LedgerRow],
    ) -> Subject<'r> {
        let missing = verdict.filter(|verdict| verdict.is_missing());
        Subject {
            row,
            verdict,
            leg: missing.map(|_| reconcile::missing_leg(row, self.policy, self.logs)),
            stand: missing.map(|verdict| reconcile::hold(row, verdict, self.policy, self.logs, self.now)),
            siblings,
            legs: Legs::of(row),
            carried: Carried::of(row),
        }
    }

    /// An event by its own time; an orphan by any of its receipts', or if none has one.
    fn is_inside(&self, row: &LedgerRow) -> bool {
        if let Some(event) = &row.event {
            return self.range.has(event.at);
        }
        let mut times = row.receipts.iter().filter_map(|receipt| receipt.at).peekable();
        times.peek().is_none() || times.any(|at| self.range.has(at))
    }
}
