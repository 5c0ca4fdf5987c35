//! Too few events have a copy on both legs.

use crate::domain::{Finding, Severity};

use super::super::{Check, CheckFact, Scope, Subject};
use super::finding;
use super::memo::Common;
use super::pairs::{ByName, Fault, is_server_only};
use super::words::{events, events_do, quoted, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "pair-rate-low",
    severity: Severity::Medium,
    title: "Fewer than 80 % of the events that the server delivered have a browser copy of the same event_id.",
    causes: &[
        "Browsers block the Pixel: ad blockers, consent, the in-app browser of another platform.",
        "The Pixel fires without the event_id, or before the id is known.",
        "The browser log does not hold every Pixel call.",
    ],
    fix: "Open the funnel with the Pixel Helper and compare the event_id of one event with the server's. If the \
          browser log does not hold every Pixel call, the rate looks lower than it is. TikTok shows the same as \
          \"Event ID mismatch between server and browser events\".",
    fix_command: "makegood events --finding pair-rate-low",
    concerns: |subject, _| is_server_only(subject),
    make: || Box::new(PairRateLow::default()),
};

#[derive(Default)]
struct PairRateLow(ByName);

impl Check for PairRateLow {
    fn observe(&mut self, subject: &Subject<'_>, scope: &Scope<'_>) {
        self.0.observe(subject, scope);
    }

    fn common(&mut self) -> Option<Common<'_>> {
        Some(Common::Pairs(&mut self.0))
    }

    fn confirms(&self, subject: &Subject<'_>) -> bool {
        self.0.is_of(subject, Fault::LowRate)
    }

    fn findings(&self, _: &Scope<'_>) -> Vec<Finding> {
        let names = self.0.with(Fault::LowRate);
        let total = names.iter().map(|(_, pairs)| pairs.server_only).sum();
        let accepted = names.iter().map(|(_, pairs)| pairs.accepted()).sum();
        if names.is_empty() {
            return Vec::new();
        }
        let evidence = names.iter().map(|(name, pairs)| {
            format!(
                "{}: {} of those accepted from the server have a browser copy ({} of {}); the browser alone fired \
                 {} more.",
                quoted(name.as_str()),
                share(pairs.both, pairs.accepted()),
                pairs.both,
                events(pairs.accepted()),
                pairs.browser_only
            )
        });
        let summary = format!(
            "{} delivered by the server and never seen in the browser ({} of the accepted of these names).",
            events_do(total, "was", "were"),
            share(total, accepted)
        );
        vec![finding(&FACT, total, summary, evidence.collect())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{found, server_only};
    use crate::reconcile::testing::receipt;

    #[test]
    fn it_fires_under_80_percent_of_a_sample() {
        let mut rows = vec![server_only("lead"); 20];
        for key in rows.iter_mut().take(10) {
            key.receipts.push(receipt("Lead").browser());
        }
        let found = found(&rows, FACT.code).unwrap();
        assert_eq!(found.events, 10);
        assert_eq!(
            found.evidence[0],
            "\"Lead\": 50 % of those accepted from the server have a browser copy (10 of 20 events); the browser \
             alone fired 0 more."
        );
        for key in rows.iter_mut().skip(10).take(6) {
            key.receipts.push(receipt("Lead").browser());
        }
        assert_eq!(super::super::testing::found(&rows, FACT.code), None);
    }
}
