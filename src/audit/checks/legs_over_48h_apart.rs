//! The second copy came after the deduplication window: it counts again.

use crate::domain::Severity;
use crate::tiktok::limits;

use super::super::CheckFact;
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "legs-over-48h-apart",
    severity: Severity::High,
    title: "The two legs' copies reached TikTok more than 48 hours apart, so TikTok counted the event twice.",
    causes: &[
        "A replay or a repair script sent old events again without looking at their age.",
        "The sender was down for days and caught up.",
        "The clock of one log is wrong by days.",
    ],
    fix: "Never replay what is older than 48 hours if the browser fired; makegood backfill holds such events. \
          What was counted twice cannot be taken back: subtract it in your reports.",
    fix_command: "makegood events --finding legs-over-48h-apart",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        expected_event(subject)?;
        Some(subject.legs.gap()? > limits::DEDUP_WINDOW)
    },
    summary: |keys, of| {
        format!(
            "{} on the two legs more than 48 hours apart ({} of the events seen on both), so TikTok counted both \
             copies.",
            events_do(keys, "came", "came"),
            share(keys, of)
        )
    },
    weight: Weight::Stated,
    signs: &[
        ("The server came later", |subject, _| subject.legs.accepted.first > subject.legs.browser.first),
        ("The browser came later, which no browser does: its clock or its log is wrong", |subject, _| {
            subject.legs.accepted.first < subject.legs.browser.first
        }),
    ],
    lists: &[("By event", name_of)],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{found, missing, shows};
    use crate::domain::LedgerRow;
    use crate::reconcile::testing::{T0, hours, receipt};

    fn apart(after: i64) -> LedgerRow {
        let paid = |receipt: crate::domain::Receipt| receipt.at(hours(after).as_ms());
        let browser = receipt("CompletePayment").browser().at(T0.as_ms());
        missing("payment_succeeded", [browser, paid(receipt("CompletePayment").code(0))])
    }

    #[test]
    fn it_fires_after_48_hours() {
        let found = found(&[apart(48), apart(49)], FACT.code).unwrap();
        assert_eq!((found.events, found.severity), (1, Severity::High));
        assert!(shows(&found, "The server came later: 1 event."));
        assert!(shows(&found, "Purchases among them: 1 event (USD 9.99)."));
    }

    #[test]
    fn it_is_silent_before() {
        assert_eq!(found(&[apart(0), apart(47)], FACT.code), None);
    }
}
