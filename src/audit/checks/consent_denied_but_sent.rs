//! Sent to TikTok although the visitor had denied consent.

use crate::domain::{Exclusion, Severity, Verdict};

use super::super::{CheckFact, Scope, Subject};
use super::rules::{Rules, Weight, campaign_of, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "consent-denied-but-sent",
    severity: Severity::High,
    title: "Events were handed to TikTok although the visitor had denied consent.",
    causes: &[
        "The consent banner gates the Pixel only, and the server sends whatever it is given.",
        "The sender reads consent once, at the start of the session, and misses a later denial.",
        "The Pixel fires before the visitor has answered.",
    ],
    fix: "Let both legs ask for the consent of the moment before they send. What was sent cannot be taken \
          back: TikTok has no call for that.",
    fix_command: "makegood events --finding consent-denied-but-sent",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge,
    summary: |keys, of| {
        format!(
            "{} to TikTok though the visitor had denied consent ({} of the denied).",
            events_do(keys, "went", "went"),
            share(keys, of)
        )
    },
    weight: Weight::Stated,
    signs: &[
        ("On the server leg only, so the banner gates the Pixel and not the sender", |subject, _| {
            subject.legs.server.any() && !subject.legs.browser.any()
        }),
        ("On the browser leg only, so the Pixel does not wait for the answer", |subject, _| {
            subject.legs.browser.any() && !subject.legs.server.any()
        }),
        ("On both legs, so nothing asks", |subject, _| {
            subject.legs.browser.any() && subject.legs.server.any()
        }),
        ("Consent was granted earlier in the session, so the sender may keep an old answer", |subject, _| {
            let event = subject.row.event.as_ref();
            let granted = subject.row.session.as_ref().and_then(|session| session.granted_at);
            event.zip(granted).is_some_and(|(event, granted)| granted <= event.at)
        }),
    ],
    lists: &[("By event", name_of), ("By campaign", campaign_of)],
};

fn judge(subject: &Subject<'_>, _: &Scope<'_>) -> Option<bool> {
    let Some(Verdict::Excluded(Exclusion::ConsentDenied)) = subject.verdict else { return None };
    Some(subject.legs.server.any() || subject.legs.browser.any())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{clean, found, missing, shows};
    use crate::domain::{Consent, LedgerRow, Receipt};
    use crate::reconcile::testing::receipt;

    fn denied(receipts: impl IntoIterator<Item = Receipt>) -> LedgerRow {
        let mut key = missing("lead", receipts);
        key.event.as_mut().unwrap().facts.set_consent(Consent::Denied);
        key
    }

    #[test]
    fn it_fires_on_receipts_of_the_denied() {
        let rows = [denied([receipt("Lead").code(40000)]), denied([receipt("Lead").browser()]), denied([])];
        let found = found(&rows, FACT.code).unwrap();
        assert_eq!((found.events, found.severity), (2, Severity::High));
        assert!(shows(&found, "On the server leg only"));
        assert!(found.summary.contains("66.6 %"));
    }

    #[test]
    fn it_is_silent_on_test_receipts_and_on_the_granted() {
        assert_eq!(found(&[denied([receipt("Lead").code(0).test()]), clean("lead")], FACT.code), None);
    }
}
