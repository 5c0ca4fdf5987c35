//! TikTok traffic that never showed a click id: not in a field, not in a URL, not in its session.

use std::sync::Arc;

use crate::domain::{Finding, Flaw, MatchKey, Severity, StoredEvent};

use super::super::tally::Tally;
use super::super::{Check, CheckFact, Scope, Subject};
use super::known::{Sign, expected_event, is_purchase, session_had_ttclid, tiktok_sign};
use super::words::{events, events_do, list, share};
use super::{finding, severity_of_lack};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "ttclid-never-arrived",
    severity: Severity::Medium,
    title: "Visitors from TikTok arrived without a ttclid, so TikTok cannot tie them to a click.",
    causes: &[
        "The campaign links do not include TikTok's ttclid parameter.",
        "A redirect or a link shortener drops the query before the funnel's first page.",
        "The visits were not ad clicks: views of the profile page, shared links, previews.",
    ],
    fix: "Confirm that the campaign links lead straight to the funnel and keep TikTok's ttclid query \
          parameter; open one from an ad and look at the address of the first page.",
    fix_command: "makegood events --finding ttclid-never-arrived",
    concerns: |subject, scope| lacking(subject, scope).is_some(),
    make: || Box::new(NeverArrived::default()),
};

#[derive(Default)]
struct NeverArrived {
    /// Keys with a sign of TikTok, with or without a click id.
    traffic: u64,
    lacking: u64,
    purchases: u64,
    with_utm: u64,
    with_referrer: u64,
    /// The link holds a macro that nobody fills in.
    with_macro: u64,
    campaigns: Tally<Arc<str>>,
}

/// A key of TikTok's traffic, and what shows that it is one.
fn traffic<'a>(subject: &Subject<'a>, scope: &Scope<'_>) -> Option<(&'a StoredEvent, Sign)> {
    let event = expected_event(subject)?;
    Some((event, tiktok_sign(event, scope.policy)?))
}

fn lacking<'a>(subject: &Subject<'a>, scope: &Scope<'_>) -> Option<(&'a StoredEvent, Sign)> {
    traffic(subject, scope).filter(|(event, _)| never_had_one(subject, event))
}

/// A click id that the session shows only later belongs to another click.
fn never_had_one(subject: &Subject<'_>, event: &StoredEvent) -> bool {
    !event.keys.present.has(MatchKey::Ttclid)
        && !event.facts.url_has_ttclid()
        && !session_had_ttclid(subject.row, event.at)
}

impl Check for NeverArrived {
    fn observe(&mut self, subject: &Subject<'_>, scope: &Scope<'_>) {
        let Some((event, sign)) = traffic(subject, scope) else { return };
        self.traffic += 1;
        if !never_had_one(subject, event) {
            return;
        }
        self.lacking += 1;
        self.purchases += u64::from(is_purchase(subject.row));
        match sign {
            Sign::Utm => self.with_utm += 1,
            Sign::Referrer => self.with_referrer += 1,
            Sign::Source => {}
        }
        self.with_macro += u64::from(event.flaws.has(Flaw::UrlTtclidPlaceholder));
        if let Some(campaign) = &event.place.campaign {
            self.campaigns.add_text(campaign.as_str());
        }
    }

    fn findings(&self, _: &Scope<'_>) -> Vec<Finding> {
        if self.lacking == 0 {
            return Vec::new();
        }
        let summary = format!(
            "{} no ttclid though the visitor came from TikTok ({} of that traffic), and none was ever seen in \
             their session or URL.",
            events_do(self.lacking, "has", "have"),
            share(self.lacking, self.traffic)
        );
        let only_source = self.lacking - self.with_utm - self.with_referrer;
        let mut evidence = vec![
            format!(
                "Through a link with utm_source tiktok, which lost the ttclid or never had it: {}.",
                events(self.with_utm)
            ),
            format!("From a TikTok page, without such a link: {}.", events(self.with_referrer)),
            format!("The link has a macro in its place that nobody filled in: {}.", events(self.with_macro)),
            format!("TikTok's only by campaign or source: {}.", events(only_source)),
            format!("Purchases among them: {}.", events(self.purchases)),
        ];
        let campaigns = self.campaigns.sorted();
        if !campaigns.is_empty() {
            evidence.push(format!("By campaign: {}.", list(&campaigns)));
        }
        let severity = severity_of_lack(self.lacking, self.traffic);
        vec![Finding { severity, ..finding(&FACT, self.lacking, summary, evidence) }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{clean, found, only, shows, strip};
    use crate::domain::LedgerRow;
    use crate::reconcile::testing::hours;

    fn never(logged: &str) -> LedgerRow {
        let mut key = clean(logged);
        strip(&mut key, MatchKey::Ttclid);
        key.session.as_mut().unwrap().ttclid_at = None;
        key
    }

    #[test]
    fn it_fires_on_tiktok_traffic_that_never_had_one() {
        let (mut by_link, mut later) = (never("lead"), never("payment_succeeded"));
        by_link.event.as_mut().unwrap().facts.set_utm_tiktok();
        later.session.as_mut().unwrap().ttclid_at = Some(hours(1));
        let found = only(&[by_link, later, clean("lead"), clean("page_view")], FACT.code);
        assert_eq!((found.events, found.severity), (2, Severity::Medium));
        assert!(found.summary.starts_with("2 events have no ttclid"), "{}", found.summary);
        assert!(found.summary.contains("50 %"), "{}", found.summary);
        assert!(shows(
            &found,
            "Through a link with utm_source tiktok, which lost the ttclid or never had it: 1 event."
        ));
        assert!(shows(&found, "TikTok's only by campaign or source: 1 event."));
        assert!(shows(&found, "By campaign: \"12\" (2)."));
    }

    #[test]
    fn it_is_silent_without_a_sign_of_tiktok() {
        let mut organic = never("lead");
        organic.event.as_mut().unwrap().place_mut().source = None;
        let mut foreign = never("lead");
        foreign.event.as_mut().unwrap().place_mut().source = Some("facebook".into());
        assert_eq!(found(&[organic, foreign, clean("lead")], FACT.code), None);
    }

    #[test]
    fn a_few_among_many_are_low() {
        let mut rows = vec![clean("lead"); 40];
        rows.push(never("lead"));
        assert_eq!(only(&rows, FACT.code).severity, Severity::Low);
    }
}
