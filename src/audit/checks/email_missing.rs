//! Events without an e-mail address that the visitor had already given.

use std::sync::Arc;

use crate::domain::{Finding, Severity, StoredEvent, Verdict};

use super::super::tally::Tally;
use super::super::{Check, CheckFact, Scope, Subject};
use super::known::{Email, email, expected_event, is_purchase};
use super::words::{events, events_do, list, share};
use super::{finding, severity_of_lack};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "email-missing",
    severity: Severity::Medium,
    title: "The visitor had given an e-mail address, and events after that do not carry it.",
    causes: &[
        "The sender passes the address with the registration event only and does not keep it.",
        "Guest or express checkout: the payment provider has the address and the funnel does not.",
        "The field has another name than the sender expects.",
    ],
    fix: "Keep the address with the session once it is captured, and send its SHA-256 (trimmed, lower \
          case) with every later event.",
    fix_command: "makegood events --finding email-missing",
    concerns: |subject, _| not_carried(subject).is_some(),
    make: || Box::new(EmailMissing::default()),
};

#[derive(Default)]
struct EmailMissing {
    /// Events at or after the capture.
    judged: u64,
    lacking: u64,
    purchases: u64,
    /// The session shows the address itself, so a backfill can fill it in.
    known: u64,
    missing: u64,
    names: Tally<Arc<str>>,
}

fn not_carried<'a>(subject: &Subject<'a>) -> Option<&'a StoredEvent> {
    expected_event(subject).filter(|event| email(subject.row, event) == Email::KnownNotCarried)
}

impl Check for EmailMissing {
    fn observe(&mut self, subject: &Subject<'_>, _: &Scope<'_>) {
        let Some(event) = expected_event(subject) else { return };
        match email(subject.row, event) {
            Email::Carried => self.judged += 1,
            Email::NotCaptured | Email::NotJudged => {}
            Email::KnownNotCarried => {
                self.judged += 1;
                self.lacking += 1;
                self.purchases += u64::from(is_purchase(subject.row));
                let seen_at = subject.row.session.as_ref().and_then(|session| session.email_at);
                let is_known = seen_at.is_some_and(|seen| seen <= event.at);
                self.known += u64::from(is_known);
                self.missing += u64::from(is_known && subject.verdict.is_some_and(Verdict::is_missing));
                if let Some(name) = &subject.row.name {
                    self.names.add_text(name.as_str());
                }
            }
        }
    }

    fn findings(&self, _: &Scope<'_>) -> Vec<Finding> {
        if self.lacking == 0 {
            return Vec::new();
        }
        let summary = format!(
            "{} no e-mail address, though the visitor had given it or should have ({} of the events where it \
             could be known).",
            events_do(self.lacking, "carries", "carry"),
            share(self.lacking, self.judged)
        );
        let evidence = vec![
            format!(
                "An earlier record of the session has the address, so the sender does not keep it: {}.",
                events(self.known)
            ),
            format!(
                "No record by then has it, so the funnel or its log does not pass it on: {}.",
                events(self.lacking - self.known)
            ),
            format!("Purchases among them: {}.", events(self.purchases)),
            format!("By event: {}.", list(&self.names.sorted())),
            format!(
                "Not delivered yet, so that a backfill sends them with the address of their session: {}.",
                events(self.missing)
            ),
        ];
        let severity = severity_of_lack(self.lacking, self.judged);
        vec![Finding { severity, ..finding(&FACT, self.lacking, summary, evidence) }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{audit, clean, only, shows, strip};
    use crate::domain::MatchKey;
    use crate::reconcile::testing::hours;

    #[test]
    fn it_fires_on_events_at_or_after_the_capture() {
        let (mut dropped, mut capture, mut unknown) =
            (clean("payment_succeeded"), clean("email_captured"), clean("payment_failed"));
        for key in [&mut dropped, &mut capture, &mut unknown] {
            strip(key, MatchKey::Email);
        }
        let session = capture.session.as_mut().unwrap();
        (session.email_at, session.captured_at) = (None, Some(hours(0)));
        unknown.session = None;
        let found = only(&[dropped, capture, unknown, clean("lead")], FACT.code);
        assert_eq!(found.events, 3);
        assert!(shows(
            &found,
            "An earlier record of the session has the address, so the sender does not keep it: 1 event."
        ));
        assert!(shows(
            &found,
            "No record by then has it, so the funnel or its log does not pass it on: 2 events."
        ));
    }

    #[test]
    fn it_is_silent_before_the_capture() {
        let mut early = clean("page_view");
        strip(&mut early, MatchKey::Email);
        let session = early.session.as_mut().unwrap();
        (session.email_at, session.captured_at) = (Some(hours(1)), Some(hours(1)));
        assert_eq!(audit(&[early, clean("lead")]).findings, []);
    }
}
