//! Lines that could not be used.

use std::sync::Arc;

use crate::domain::{Finding, Reason, Severity};

use super::super::tally::Tally;
use super::super::{Check, CheckFact, Scope, Subject, UnusedLine};
use super::finding;
use super::words::{counted, list};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "lines-unusable",
    severity: Severity::Medium,
    title: "Lines of the logs could not be used, so what they say is in no other number here.",
    causes: &[
        "A line was cut: the disk was full, the writer was killed, two writers share the file.",
        "Times have no zone, or another form than RFC 3339 and epoch.",
        "The file holds other things than events and receipts.",
    ],
    fix: "Open the named file at the offset that makegood events --quarantined gives. Times without a zone are read \
          with assume_tz in the [[source]].",
    fix_command: "makegood events --quarantined",
    concerns: |_, _| false,
    make: || Box::new(Unusable::default()),
};

#[derive(Default)]
struct Unusable {
    lines: u64,
    reasons: Tally<Arc<str>>,
    files: Tally<Arc<str>>,
}

/// Those of `event-id-missing` stand there.
pub(super) const fn is_about_id(reason: Reason) -> bool {
    matches!(reason, Reason::EventIdMissing | Reason::EventIdNotString | Reason::IdTooLong)
}

impl Check for Unusable {
    fn observe(&mut self, _: &Subject<'_>, _: &Scope<'_>) {}

    fn observe_line(&mut self, line: &UnusedLine<'_>) {
        if is_about_id(line.reason) {
            return;
        }
        self.lines += 1;
        self.reasons.add_text(line.reason.code());
        self.files.add_text(line.file);
    }

    fn findings(&self, _: &Scope<'_>) -> Vec<Finding> {
        if self.lines == 0 {
            return Vec::new();
        }
        let summary = format!("{} of the logs could not be used.", counted(self.lines, "line"));
        let evidence = vec![
            format!("By reason: {}.", list(&self.reasons.sorted())),
            format!("By file: {}.", list(&self.files.sorted())),
        ];
        vec![finding(&FACT, self.lines, summary, evidence)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Audit;
    use crate::audit::checks::event_id_missing;
    use crate::audit::checks::testing::scope;
    use crate::domain::Range;
    use crate::reconcile::testing::{T0, hours, logs, policy};

    #[test]
    fn lines_without_an_id_and_other_lines_are_two_findings() {
        let (policy, logs) = (policy(), logs());
        let range = Range { since: T0, until: hours(1) };
        let mut audit = Audit::new(scope(&policy, &logs, range));
        let mut line = |reason, at| {
            audit.observe_line(&UnusedLine { reason, name: Some("Lead"), at, file: "a.jsonl" });
        };
        line(Reason::EventIdMissing, Some(T0));
        line(Reason::EventIdNotString, Some(T0));
        line(Reason::EventIdMissing, Some(hours(2)));
        line(Reason::Syntax, None);
        let findings = audit.finish().findings;
        let found: Vec<_> = findings.iter().map(|one| (one.code, one.events)).collect();
        assert_eq!(found, [(event_id_missing::FACT.code, 2), (FACT.code, 1)]);
        assert_eq!(findings[0].evidence[3], "By day, newest first: 2026-11-20 2.");
        assert_eq!(findings[1].evidence[1], "By file: \"a.jsonl\" (1).");
    }
}
