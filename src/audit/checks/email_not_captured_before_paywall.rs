//! Checkout and payment events of visitors whose e-mail address nobody had asked for yet.

use crate::domain::{Finding, Severity, StoredEvent};

use super::super::{Check, CheckFact, Scope, Subject};
use super::known::{Email, email, expected_event, is_purchase};
use super::words::{events, events_do, share};
use super::{finding, severity_of_lack};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "email-not-captured-before-paywall",
    severity: Severity::Medium,
    title: "Visitors reach the checkout or pay before the funnel has asked for their e-mail address.",
    causes: &[
        "The funnel has no registration step, or has it after the paywall.",
        "The registration step can be skipped.",
        "The address is captured and its email_captured event is not logged.",
    ],
    fix: "Add a registration step before the paywall, so that checkout and payment events carry the \
          hashed address.",
    fix_command: "makegood events --finding email-not-captured-before-paywall",
    concerns: |subject, _| not_captured(subject).is_some(),
    make: || Box::new(NotCaptured::default()),
};

#[derive(Default)]
struct NotCaptured {
    /// Checkout and payment events of visitors with a session.
    judged: u64,
    lacking: u64,
    purchases: u64,
    /// The address came later in the session.
    later: u64,
}

fn not_captured<'a>(subject: &Subject<'a>) -> Option<&'a StoredEvent> {
    expected_event(subject).filter(|event| email(subject.row, event) == Email::NotCaptured)
}

impl Check for NotCaptured {
    fn observe(&mut self, subject: &Subject<'_>, _: &Scope<'_>) {
        let Some(event) = expected_event(subject) else { return };
        match email(subject.row, event) {
            Email::Carried | Email::KnownNotCarried => self.judged += 1,
            Email::NotJudged => {}
            Email::NotCaptured => {
                self.judged += 1;
                self.lacking += 1;
                self.purchases += u64::from(is_purchase(subject.row));
                let session = subject.row.session.as_ref();
                let is_later = session.is_some_and(|it| it.email_at.or(it.captured_at).is_some());
                self.later += u64::from(is_later);
            }
        }
    }

    fn findings(&self, _: &Scope<'_>) -> Vec<Finding> {
        if self.lacking == 0 {
            return Vec::new();
        }
        let summary = format!(
            "{} from checkout or payment before the visitor had given an e-mail address ({} of the events \
             that could carry one).",
            events_do(self.lacking, "comes", "come"),
            share(self.lacking, self.judged)
        );
        let evidence = vec![
            format!(
                "The address came later in the session, so the registration step stands after the paywall: \
                 {}.",
                events(self.later)
            ),
            format!(
                "No address in the whole session, so there is no such step or it was skipped: {}.",
                events(self.lacking - self.later)
            ),
            format!("Purchases among them: {}.", events(self.purchases)),
        ];
        let severity = severity_of_lack(self.lacking, self.judged);
        vec![Finding { severity, ..finding(&FACT, self.lacking, summary, evidence) }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{audit, clean, only, shows, strip};
    use crate::domain::{LedgerRow, MatchKey, TimeMs};
    use crate::reconcile::testing::hours;

    fn without(logged: &str, captured_at: Option<TimeMs>) -> LedgerRow {
        let mut key = clean(logged);
        strip(&mut key, MatchKey::Email);
        let session = key.session.as_mut().unwrap();
        (session.email_at, session.captured_at) = (captured_at, captured_at);
        key
    }

    #[test]
    fn it_fires_on_checkout_and_payment_before_the_capture() {
        let rows = [
            without("checkout_presented", Some(hours(1))),
            without("payment_succeeded", None),
            without("page_view", None),
            clean("payment_succeeded"),
        ];
        let found = only(&rows, FACT.code);
        assert_eq!(found.events, 2);
        assert!(found.summary.contains("66.6 %"), "{}", found.summary);
        assert!(shows(&found, "The address came later in the session"));
        assert!(shows(&found, "No address in the whole session"));
    }

    #[test]
    fn it_is_silent_on_events_before_the_paywall() {
        assert_eq!(audit(&[without("lead", None), without("page_completed", Some(hours(1)))]).findings, []);
    }
}
