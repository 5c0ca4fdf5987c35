//! TikTok asked to slow down, and the sender never tried again.

use crate::domain::{Finding, Refusal, Severity};

use super::super::{Check, CheckFact, Scope, Subject};
use super::refusals::{Refusals, is_refused_for};
use super::words::events;
use super::{finding, severity_of_loss};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "throttled-not-retried",
    severity: Severity::High,
    title: "TikTok answered that there were too many requests, and no later try was accepted.",
    causes: &[
        "The sender reads the HTTP status only, and TikTok says it in the body's code.",
        "The sender retries too few times or too soon.",
        "A burst: many single requests instead of batches.",
    ],
    fix: "Let the sender read the body's code and try again later with the same event_id; send several \
          events in one request. What is missing can be sent now.",
    fix_command: "makegood backfill",
    concerns: |subject, _| is_refused_for(subject, BLAMED),
    make: || Box::new(ThrottledNotRetried(Refusals::default())),
};

const BLAMED: &[Refusal] = &[Refusal::Throttled];

struct ThrottledNotRetried(Refusals);

impl Check for ThrottledNotRetried {
    fn observe(&mut self, subject: &Subject<'_>, _: &Scope<'_>) {
        self.0.observe(subject, BLAMED);
    }

    fn findings(&self, _: &Scope<'_>) -> Vec<Finding> {
        let seen = &self.0;
        if seen.keys == 0 {
            return Vec::new();
        }
        let summary = format!(
            "TikTok refused {} because of too many requests, and no later try got through.",
            events(seen.keys)
        );
        let mut evidence = seen.answers();
        evidence.push(format!("Tried once and never again: {}.", events(seen.tried_once)));
        evidence
            .push(format!("Tried several times, always in vain: {}.", events(seen.keys - seen.tried_once)));
        evidence.push(seen.inside_success());
        evidence.push(seen.by_event());
        evidence.extend(seen.senders());
        let severity = severity_of_loss(seen.purchases, seen.keys, seen.expected);
        vec![Finding { severity, ..finding(&FACT, seen.keys, summary, evidence) }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{audit, clean, missing, only, shows};
    use crate::domain::Outcome;
    use crate::reconcile::testing::{T0, attempt, receipt};

    #[test]
    fn it_fires_on_throttled_events_without_a_later_success() {
        let mut again = missing("lead", [receipt("Lead").code(40100)]);
        again.attempts.push(attempt("Lead", "A").ended(Outcome::Refused(Refusal::Throttled)));
        again.attempts[0].code = crate::domain::Code::Integer(40133);
        let rows = [missing("lead", [receipt("Lead").code(40016)]), again, clean("lead")];
        let found = only(&rows, FACT.code);
        assert_eq!(found.events, 2);
        assert!(shows(&found, "Tried once and never again: 1 event."));
        assert!(shows(&found, "Last answered to makegood's own backfill: 1 event"));
    }

    #[test]
    fn it_is_silent_when_retried_with_success() {
        let later = T0.as_ms() + 60_000;
        let retried = missing("lead", [receipt("Lead").code(40100), receipt("Lead").at(later).code(0)]);
        assert_eq!(audit(&[retried, clean("lead")]).findings, []);
    }
}
