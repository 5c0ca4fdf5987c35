//! An event that goes to TikTok on the browser leg only.

use crate::domain::{Finding, Severity};

use super::super::{Check, CheckFact, Scope, Subject};
use super::finding;
use super::known::expected_event;
use super::pairs::{ByName, Fault, is_tried};
use super::words::{events, events_do, quoted};

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
    make: || Box::new(BrowserLegOnly::default()),
};

#[derive(Default)]
struct BrowserLegOnly(ByName);

impl Check for BrowserLegOnly {
    fn observe(&mut self, subject: &Subject<'_>, scope: &Scope<'_>) {
        self.0.observe(subject, scope);
    }

    fn confirms(&self, subject: &Subject<'_>) -> bool {
        self.0.is_of(subject, Fault::BrowserOnly)
    }

    fn findings(&self, _: &Scope<'_>) -> Vec<Finding> {
        let names = self.0.with(Fault::BrowserOnly);
        let total: u64 = names.iter().map(|(_, pairs)| pairs.browser_only).sum();
        if total == 0 {
            return Vec::new();
        }
        let evidence = names.iter().map(|(name, pairs)| {
            format!(
                "{}: {}, none of them on the other leg.",
                quoted(name.as_str()),
                events(pairs.browser_only)
            )
        });
        let summary = format!(
            "{} fired in the browser and not once sent by the server.",
            events_do(total, "was", "were")
        );
        vec![finding(&FACT, total, summary, evidence.collect())]
    }
}

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
