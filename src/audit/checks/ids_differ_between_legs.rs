//! Each leg makes its own event id.

use crate::domain::{Finding, Severity};

use super::super::{Check, CheckFact, Scope, Subject};
use super::finding;
use super::memo::Common;
use super::pairs::{ByName, Fault, is_browser_orphan, is_server_only};
use super::words::{counted, events, quoted};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "ids-differ-between-legs",
    severity: Severity::High,
    title: "The browser fires the same events under other event_ids than the server, so TikTok counts both copies.",
    causes: &[
        "Two generators: the Pixel call makes an id of its own instead of taking the server's.",
        "One leg adds a prefix or a suffix to the id.",
        "The ids belong to another sender on the same pixel.",
    ],
    fix: "Make the id once, where the event happens, and hand the same text to the Pixel call and to the server.",
    fix_command: "makegood events --finding ids-differ-between-legs",
    concerns: |subject, _| is_server_only(subject) || is_browser_orphan(subject),
    make: || Box::new(IdsDiffer::default()),
};

#[derive(Default)]
struct IdsDiffer(ByName);

impl Check for IdsDiffer {
    fn observe(&mut self, subject: &Subject<'_>, scope: &Scope<'_>) {
        self.0.observe(subject, scope);
    }

    fn common(&mut self) -> Option<Common<'_>> {
        Some(Common::Pairs(&mut self.0))
    }

    fn confirms(&self, subject: &Subject<'_>) -> bool {
        self.0.is_of(subject, Fault::IdsDiffer)
    }

    fn findings(&self, _: &Scope<'_>) -> Vec<Finding> {
        let names = self.0.with(Fault::IdsDiffer);
        let total: u64 = names.iter().map(|(_, pairs)| pairs.server_only.min(pairs.browser_orphans)).sum();
        if total == 0 {
            return Vec::new();
        }
        let evidence = names.iter().map(|(name, pairs)| {
            format!(
                "{}: {} from the server without a browser copy, and {} under ids that no funnel log has.",
                quoted(name.as_str()),
                events(pairs.server_only),
                counted(pairs.browser_orphans, "Pixel call")
            )
        });
        let summary = format!(
            "About {} went to TikTok under two ids, one from each leg, and count twice.",
            events(total)
        );
        vec![finding(&FACT, total, summary, evidence.collect())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{found, server_only};
    use crate::reconcile::resolve;
    use crate::reconcile::testing::{group, policy, receipt};

    #[test]
    fn it_fires_where_both_legs_have_as_many_and_share_no_id() {
        let orphan = resolve(group([], [receipt("Lead").browser()]), &policy()).pop().unwrap();
        let mut rows = vec![server_only("lead"); 20];
        rows.extend(vec![orphan; 20]);
        let found = found(&rows, FACT.code).unwrap();
        assert_eq!((found.events, found.severity), (20, Severity::High));
        rows.truncate(39);
        assert_eq!(super::super::testing::found(&rows, FACT.code), None);
    }
}
