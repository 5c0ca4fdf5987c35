//! Excluded as another platform's, and yet with a TikTok click id.

use std::sync::Arc;

use crate::domain::{Exclusion, Finding, MatchKey, Severity, StoredEvent, Verdict};
use crate::reconcile::source_of;

use super::super::tally::Tally;
use super::super::{Check, CheckFact, Scope, Subject};
use super::finding;
use super::known::is_purchase;
use super::words::{events, events_do, list, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "excluded-with-ttclid",
    severity: Severity::Medium,
    title: "Events are excluded as another platform's by their source, and yet carry a TikTok click id.",
    causes: &[
        "The campaign's source is set wrong, so that its server leg to TikTok is off.",
        "The source has a spelling that the config does not know as TikTok's.",
        "A TikTok link leads to another platform's campaign, or an old ttclid was kept across visits.",
    ],
    fix: "Compare the sources named in the evidence with the campaigns' settings; a spelling of TikTok \
          goes into source_aliases of the config.",
    fix_command: "makegood events --finding excluded-with-ttclid",
    concerns: |subject, _| excluded(subject).is_some_and(has_ttclid),
    make: || Box::new(ExcludedWithTtclid::default()),
};

#[derive(Default)]
struct ExcludedWithTtclid {
    /// All excluded by their source.
    excluded: u64,
    with_ttclid: u64,
    purchases: u64,
    by_link: u64,
    sources: Tally<Arc<str>>,
}

fn excluded<'a>(subject: &Subject<'a>) -> Option<&'a StoredEvent> {
    match subject.verdict {
        Some(Verdict::Excluded(Exclusion::OtherSource)) => subject.row.event.as_ref(),
        Some(
            Verdict::Excluded(
                Exclusion::Unmapped(_)
                | Exclusion::ConsentDenied
                | Exclusion::MarkedTest
                | Exclusion::NoServerLeg,
            )
            | Verdict::Delivered
            | Verdict::Waiting
            | Verdict::Unknown { .. }
            | Verdict::Refused { .. }
            | Verdict::NeverSent { .. },
        )
        | None => None,
    }
}

/// One that TikTok could use, or one in the page's URL.
const fn has_ttclid(event: &StoredEvent) -> bool {
    event.keys.valid.has(MatchKey::Ttclid) || event.facts.url_has_ttclid()
}

impl Check for ExcludedWithTtclid {
    fn observe(&mut self, subject: &Subject<'_>, scope: &Scope<'_>) {
        let Some(event) = excluded(subject) else { return };
        self.excluded += 1;
        if !has_ttclid(event) {
            return;
        }
        self.with_ttclid += 1;
        self.purchases += u64::from(is_purchase(subject.row));
        self.by_link += u64::from(event.facts.utm_is_tiktok() || event.facts.referrer_is_tiktok());
        if let Some(source) = source_of(event, scope.policy) {
            self.sources.add_text(source);
        }
    }

    fn findings(&self, _: &Scope<'_>) -> Vec<Finding> {
        if self.with_ttclid == 0 {
            return Vec::new();
        }
        let summary = format!(
            "{} a TikTok click id, yet the source is another platform ({} of all excluded so).",
            events_do(self.with_ttclid, "carries", "carry"),
            share(self.with_ttclid, self.excluded)
        );
        let evidence = vec![
            format!("By source: {}.", list(&self.sources.sorted())),
            format!(
                "Also with a TikTok referrer or a link with utm_source tiktok, so the source is wrong: {}.",
                events(self.by_link)
            ),
            format!(
                "With nothing else of TikTok, so the ttclid may be left from an earlier visit: {}.",
                events(self.with_ttclid - self.by_link)
            ),
            format!("Purchases among them: {}.", events(self.purchases)),
        ];
        vec![finding(&FACT, self.with_ttclid, summary, evidence)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{clean, found, shows, strip};
    use crate::domain::LedgerRow;

    fn from(source: &str) -> LedgerRow {
        let mut key = clean("payment_succeeded");
        key.event.as_mut().unwrap().place_mut().source = Some(source.into());
        key
    }

    #[test]
    fn it_fires_on_another_source_with_a_click_id() {
        let mut by_link = from("Face\u{1b}book");
        by_link.event.as_mut().unwrap().facts.set_utm_tiktok();
        let mut plain = from("organic");
        strip(&mut plain, MatchKey::Ttclid);
        let found = found(&[by_link, from("organic"), plain, clean("lead")], FACT.code).unwrap();
        assert_eq!(found.events, 2);
        assert!(found.summary.contains("66.6 %"), "{}", found.summary);
        assert!(shows(&found, "By source: \"Face\\u{1b}book\" (1), \"organic\" (1)."));
    }

    #[test]
    fn it_is_silent_on_other_exclusions() {
        let mut denied = clean("lead");
        denied.event.as_mut().unwrap().facts.set_consent(crate::domain::Consent::Denied);
        assert_eq!(found(&[denied, clean("lead")], FACT.code), None);
    }
}
