//! A click id that arrived with the visitor and is missing from a later event.

use std::sync::Arc;

use crate::domain::{Finding, MatchKey, Severity, StoredEvent, Verdict};

use super::super::tally::Tally;
use super::super::{Check, CheckFact, Scope, Subject};
use super::known::{expected_event, is_purchase, session_had_ttclid};
use super::words::{events, events_do, list, share};
use super::{finding, severity_of_lack};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "ttclid-lost-after-landing",
    severity: Severity::Medium,
    title: "The visitor arrived with a ttclid, and later events of the session do not carry it.",
    causes: &[
        "The ttclid is read from the current page's URL and not stored on landing.",
        "It is stored in a cookie of one host, and the paywall or checkout is on another.",
        "It is in the page's URL, and the sender does not copy it into user.ttclid.",
    ],
    fix: "Store the ttclid of the landing URL in a first-party cookie for the whole domain, and send it \
          with every event of the session.",
    fix_command: "makegood events --finding ttclid-lost-after-landing",
    concerns: |subject, _| expected_event(subject).is_some_and(|event| is_lost(subject, event)),
    make: || Box::new(LostAfterLanding::default()),
};

#[derive(Default)]
struct LostAfterLanding {
    /// Keys that carry a click id or have lost it.
    arrived: u64,
    lost: u64,
    purchases: u64,
    in_own_url: u64,
    /// On another host than the landing page.
    on_other_host: u64,
    hosts: Tally<Arc<str>>,
    /// Lost, and missing: a backfill fills the click id in.
    missing: u64,
    pages: Tally<Arc<str>>,
}

fn is_lost(subject: &Subject<'_>, event: &StoredEvent) -> bool {
    !event.keys.present.has(MatchKey::Ttclid)
        && (event.facts.url_has_ttclid() || session_had_ttclid(subject.row, event.at))
}

/// The host of a page, which is host and path.
fn host(page: &str) -> &str {
    page.split('/').next().unwrap_or_default()
}

impl Check for LostAfterLanding {
    fn observe(&mut self, subject: &Subject<'_>, _: &Scope<'_>) {
        let Some(event) = expected_event(subject) else { return };
        if event.keys.present.has(MatchKey::Ttclid) {
            self.arrived += 1;
        }
        if !is_lost(subject, event) {
            return;
        }
        self.arrived += 1;
        self.lost += 1;
        self.purchases += u64::from(is_purchase(subject.row));
        self.in_own_url += u64::from(event.facts.url_has_ttclid());
        self.missing += u64::from(subject.verdict.is_some_and(Verdict::is_missing));
        if let Some(page) = &event.place.page {
            self.pages.add_text(page);
            if let Some(landing) = event.landing.as_deref()
                && host(landing) != host(page)
            {
                self.on_other_host += 1;
                self.hosts.add_text(&format!("{} → {}", host(landing), host(page)));
            }
        }
    }

    fn findings(&self, _: &Scope<'_>) -> Vec<Finding> {
        if self.lost == 0 {
            return Vec::new();
        }
        let summary = format!(
            "{} the ttclid that the visitor had arrived with ({} of the events of such visitors).",
            events_do(self.lost, "lacks", "lack"),
            share(self.lost, self.arrived)
        );
        let mut evidence = vec![
            format!(
                "In the URL of their own page, and not copied into the field: {}.",
                events(self.in_own_url)
            ),
            format!(
                "In the URL of an earlier page of the session only, so it was not stored: {}.",
                events(self.lost - self.in_own_url)
            ),
            format!("On another host than the landing page: {}.", events(self.on_other_host)),
            format!("Purchases among them: {}.", events(self.purchases)),
            format!(
                "Not delivered yet, so that a backfill sends them with the ttclid: {}. The delivered ones \
                 cannot be repaired: the first copy wins.",
                events(self.missing)
            ),
        ];
        let hosts = self.hosts.sorted();
        if !hosts.is_empty() {
            evidence.push(format!("By change of host: {}.", list(&hosts)));
        }
        let pages = self.pages.sorted();
        if !pages.is_empty() {
            evidence.push(format!("By page: {}.", list(&pages)));
        }
        let severity = severity_of_lack(self.lost, self.arrived);
        vec![Finding { severity, ..finding(&FACT, self.lost, summary, evidence) }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{audit, clean, missing, only, shows, strip};
    use crate::reconcile::testing::hours;

    #[test]
    fn it_fires_when_the_session_or_the_url_had_one() {
        let (mut not_stored, mut in_url) = (clean("lead"), missing("payment_succeeded", []));
        strip(&mut not_stored, MatchKey::Ttclid);
        let event = not_stored.event.as_mut().unwrap();
        event.place_mut().page = Some("pay.example.com/paywall".into());
        event.landing = Some("quiz.example.com/start".into());
        strip(&mut in_url, MatchKey::Ttclid);
        in_url.session.as_mut().unwrap().ttclid_at = None;
        in_url.event.as_mut().unwrap().facts.set_url_ttclid();
        let rows = [not_stored, in_url, clean("lead")];
        let result = audit(&rows);
        let found = result.findings.iter().find(|one| one.code == FACT.code).unwrap();
        assert_eq!((found.events, result.findings.len()), (2, 2), "never-sent is the other");
        assert!(found.summary.contains("66.6 %"), "{}", found.summary);
        assert!(shows(found, "In the URL of their own page, and not copied into the field: 1 event."));
        assert!(shows(found, "By change of host: \"quiz.example.com → pay.example.com\" (1)."));
        assert!(shows(found, "By page: \"pay.example.com/paywall\" (1)."));
        assert!(shows(found, "Not delivered yet, so that a backfill sends them with the ttclid: 1 event."));
    }

    #[test]
    fn it_is_silent_when_the_click_came_later_or_never() {
        let (mut later, mut never) = (clean("lead"), clean("lead"));
        strip(&mut later, MatchKey::Ttclid);
        later.session.as_mut().unwrap().ttclid_at = Some(hours(1));
        strip(&mut never, MatchKey::Ttclid);
        never.session.as_mut().unwrap().ttclid_at = None;
        let found = only(&[later, never, clean("lead")], "ttclid-never-arrived");
        assert_eq!(found.events, 2);
    }
}
