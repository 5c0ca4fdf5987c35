//! An event that goes to TikTok on the server leg only.

use crate::domain::Severity;

use super::super::CheckFact;
use super::pairs::{Fault, OneLeg, is_server_only};

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
    make: || {
        OneLeg::check(
            &FACT,
            Fault::ServerOnly,
            |pairs| pairs.server_only,
            "delivered by the server and not once fired in the browser",
        )
    },
};

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
