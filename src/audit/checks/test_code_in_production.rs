//! Real visitors' events sent with a test event code.

use crate::domain::{Severity, Verdict};

use super::super::CheckFact;
use super::known::expected_event;
use super::rules::{Rules, Weight, campaign_of, name_of, pixel_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "test-code-in-production",
    severity: Severity::High,
    title: "The server sent events with a test event code: they show in Test Events and count nowhere.",
    causes: &[
        "The Test Event Code was left in the campaign's settings after going live.",
        "A tester walked through the live funnel while the code was set.",
        "A staging server logs into the same file.",
    ],
    fix: "Remove the Test Event Code from the campaign (Dashboard → Campaigns → the campaign → Settings), then \
          confirm in Events Manager that events land in the main view. Such events are held by a backfill: look \
          whether they are visitors or testers before you release them.",
    fix_command: "makegood events --finding test-code-in-production",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        expected_event(subject)?;
        (subject.legs.server.any() || subject.legs.tests.any()).then(|| subject.legs.tests.any())
    },
    summary: |keys, of| {
        format!(
            "{} sent with a test event code, which delivers nothing ({} of the events with server receipts).",
            events_do(keys, "was", "were"),
            share(keys, of)
        )
    },
    weight: Weight::Loss,
    signs: &[
        ("With test receipts only, so nothing of them was delivered", |subject, _| {
            matches!(subject.verdict, Some(Verdict::NeverSent { only_test: true }))
        }),
        ("Sent live as well, as when a tester repeats the walk", |subject, _| subject.legs.server.any()),
        ("The Pixel fired live, because the code is the server's only", |subject, _| {
            subject.legs.browser.any()
        }),
    ],
    lists: &[("By campaign", campaign_of), ("By pixel", pixel_of), ("By event", name_of)],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{clean, found, missing, shows};
    use crate::reconcile::testing::receipt;

    #[test]
    fn it_fires_on_test_receipts() {
        let only = missing("payment_succeeded", [receipt("CompletePayment").code(0).test()]);
        let both = missing("lead", [receipt("Lead").code(0).test(), receipt("Lead").code(0)]);
        let found = found(&[only, both, clean("lead")], FACT.code).unwrap();
        assert_eq!((found.events, found.severity), (2, Severity::High));
        assert!(shows(&found, "With test receipts only, so nothing of them was delivered: 1 event."));
        assert!(shows(&found, "Sent live as well"));
    }

    #[test]
    fn it_is_silent_on_live_receipts() {
        assert_eq!(found(&[clean("lead")], FACT.code), None);
    }
}
