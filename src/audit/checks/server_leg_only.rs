//! An event that goes to TikTok on the server leg only.

use crate::domain::{Finding, Severity};

use super::super::{Check, CheckFact, Scope, Subject};
use super::finding;
use super::pairs::{ByName, Fault, is_server_only};
use super::words::{events, events_do, quoted};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "server-leg-only",
    severity: Severity::Medium,
    title: "An event that the server delivers is never fired in the browser, though the log holds the pixel's other Pixel calls.",
    causes: &[
        "The Pixel tag of this event was never set up, or is blocked on its page.",
        "The event happens where there is no browser: a renewal, a webhook.",
        "The Pixel calls of that page are not logged.",
    ],
    fix: "Fire the Pixel with the same event_id where the visitor is still on the page. Without the browser the copy has no cookies to match by.",
    fix_command: "makegood events --finding server-leg-only",
    concerns: |subject, _| is_server_only(subject),
    make: || Box::new(ServerLegOnly::default()),
};

#[derive(Default)]
struct ServerLegOnly(ByName);

impl Check for ServerLegOnly {
    fn observe(&mut self, subject: &Subject<'_>, scope: &Scope<'_>) {
        self.0.observe(subject, scope);
    }

    fn confirms(&self, subject: &Subject<'_>) -> bool {
        self.0.is_of(subject, Fault::ServerOnly)
    }

    fn findings(&self, _: &Scope<'_>) -> Vec<Finding> {
        let names = self.0.with(Fault::ServerOnly);
        let total: u64 = names.iter().map(|(_, pairs)| pairs.server_only).sum();
        if total == 0 {
            return Vec::new();
        }
        let evidence = names.iter().map(|(name, pairs)| {
            format!(
                "{}: {}, none of them on the other leg.",
                quoted(name.as_str()),
                events(pairs.server_only)
            )
        });
        let summary = format!(
            "{} delivered by the server and not once fired in the browser.",
            events_do(total, "was", "were")
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
    fn it_fires_on_a_sample_with_nothing_on_the_other_leg() {
        let rows = vec![server_only("lead"); 20];
        assert_eq!(found(&rows, FACT.code).unwrap().events, 20);
        assert_eq!(found(&rows[1..], FACT.code), None, "too few");
        let mut paired = rows;
        paired[0].receipts.push(receipt("Lead").browser());
        assert_eq!(found(&paired, FACT.code), None);
    }
}
