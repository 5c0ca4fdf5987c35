//! An event that goes to TikTok on the browser leg only.

use crate::domain::Severity;

use super::super::CheckFact;
use super::known::expected_event;
use super::pairs::{Fault, OneLeg, is_tried};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "browser-leg-only",
    severity: Severity::High,
    title: "An event that the browser fires is never sent by the server, though the log holds the pixel's other server receipts.",
    causes: &[
        "The server leg of this event was never set up.",
        "The sender filters the event's name, or knows it under another one.",
        "The server sends it from another machine whose log was not imported.",
    ],
    fix: "Let the server send the event with the same event_id, name and time. A backfill sends what is missing while its 48-hour clock runs.",
    fix_command: "makegood events --finding browser-leg-only",
    concerns: |subject, _| {
        expected_event(subject).is_some() && subject.legs.browser.any() && !is_tried(subject)
    },
    make: || {
        OneLeg::check(
            &FACT,
            Fault::BrowserOnly,
            |pairs| pairs.browser_only,
            "fired in the browser and not once sent by the server",
        )
    },
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{found, missing};
    use crate::reconcile::testing::receipt;

    #[test]
    fn it_fires_on_a_sample_with_nothing_on_the_other_leg() {
        let rows = vec![missing("lead", [receipt("Lead").browser()]); 20];
        assert_eq!(found(&rows, FACT.code).unwrap().events, 20);
        assert_eq!(found(&rows[1..], FACT.code), None, "too few");
        let mut sent = rows;
        sent[0].receipts.push(receipt("Lead").code(0));
        assert_eq!(found(&sent, FACT.code), None);
    }

    #[test]
    fn a_name_that_the_server_tried_and_tiktok_refused_is_no_such_thing() {
        let mut rows = vec![missing("lead", [receipt("Lead").browser()]); 30];
        rows[0].receipts.push(receipt("Lead").code(40_105));
        assert_eq!(found(&rows, FACT.code), None);
    }
}
