//! Campaigns that the config lacks, and ones that it has for nothing.

use std::sync::Arc;

use crate::domain::{Finding, Severity};

use super::super::tally::Tally;
use super::super::{Check, CheckFact, Part, Scope, Subject};
use super::finding;
use super::words::{events, events_do, list, quoted, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "campaign-config",
    severity: Severity::Medium,
    title: "The config's campaigns and those of the log are not the same.",
    causes: &[
        "A campaign was made after the config was written.",
        "A campaign has ended, and its entry was left over.",
        "The id in the config has a typing error.",
    ],
    fix: "Add a [[campaign]] with id, source, pixel and origin for each that is missing, and remove what is left over. \
          Without it the record's own source and pixel are taken.",
    fix_command: "makegood events --finding campaign-config",
    concerns: |subject, scope| missing(subject, scope).is_some(),
    make: || Box::new(CampaignConfig::default()),
};

#[derive(Default)]
struct CampaignConfig {
    judged: u64,
    keys: u64,
    without_source: u64,
    missing: Tally<Arc<str>>,
    known: Tally<Arc<str>>,
}

/// The campaign of a key, where the config has campaigns and not this one.
fn missing<'a>(subject: &Subject<'a>, scope: &Scope<'_>) -> Option<&'a str> {
    let id = subject.row.event.as_ref()?.place.campaign.as_ref()?;
    let campaigns = &scope.policy.campaigns;
    (!campaigns.is_empty() && !campaigns.contains_key(id)).then(|| id.as_str())
}

impl Check for CampaignConfig {
    fn observe(&mut self, subject: &Subject<'_>, scope: &Scope<'_>) {
        if scope.policy.campaigns.is_empty() {
            return;
        }
        let Some(event) = &subject.row.event else { return };
        self.judged += 1;
        if let Some(id) = missing(subject, scope) {
            self.keys += 1;
            self.missing.add_text(id);
            self.without_source += u64::from(event.place.source.is_none());
        } else if let Some(id) = &event.place.campaign {
            self.known.add_text(id.as_str());
        }
    }

    fn findings(&self, scope: &Scope<'_>) -> Vec<Finding> {
        let seen = self.known.sorted();
        let is_unused = |id: &&str| !seen.iter().any(|(known, _)| **known == **id);
        let all = scope.policy.campaigns.keys().map(crate::domain::CampaignId::as_str);
        let unused: Vec<_> = match scope.view {
            Part::Whole if self.judged > 0 => all.filter(is_unused).map(quoted).collect(),
            Part::Whole | Part::Filtered => Vec::new(),
        };
        let mut evidence = Vec::new();
        if self.keys > 0 {
            evidence.push(format!("Not in the config: {}.", list(&self.missing.sorted())));
            evidence.push(format!(
                "Without a source of their own, so TikTok is assumed: {}.",
                events(self.without_source)
            ));
        }
        if !unused.is_empty() {
            evidence.push(format!(
                "In the config, and without an event in this time span: {}.",
                unused.join(", ")
            ));
        }
        let (severity, summary) = match (self.keys, unused.len()) {
            (0, 0) => return Vec::new(),
            (0, _) => {
                (Severity::Info, "The config has campaigns without an event in this time span.".to_owned())
            }
            (keys, _) => (
                FACT.severity,
                format!(
                    "{} to campaigns that the config does not have ({} of all).",
                    events_do(keys, "belongs", "belong"),
                    share(keys, self.judged)
                ),
            ),
        };
        vec![Finding { severity, ..finding(&FACT, self.keys, summary, evidence) }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{audit_with, clean};
    use crate::domain::{CampaignId, Policy};
    use crate::reconcile::testing::{campaign_policy, hours, logs, policy};

    fn with(campaigns: &[&str]) -> Option<Finding> {
        let ids = campaigns.iter().map(|id| (CampaignId::parse(id).unwrap(), campaign_policy()));
        let policy = Policy { campaigns: ids.collect(), ..policy() };
        let findings = audit_with(&[clean("lead")], &policy, &logs(), hours(5)).findings;
        findings.into_iter().find(|one| one.code == FACT.code)
    }

    #[test]
    fn it_fires_on_missing_and_on_left_over_campaigns() {
        let missing = with(&["11"]).unwrap();
        assert_eq!((missing.events, missing.severity), (1, Severity::Medium));
        assert_eq!(missing.evidence[0], "Not in the config: \"12\" (1).");
        assert!(missing.evidence[2].ends_with("\"11\"."));
        assert_eq!(with(&["11", "12"]).unwrap().severity, Severity::Info);
    }

    #[test]
    fn it_is_silent_without_campaigns_and_where_they_agree() {
        assert_eq!((with(&[]), with(&["12"])), (None, None));
    }
}
