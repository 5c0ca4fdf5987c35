//! Findings that the config ignores: counted, with their reasons, and not shown as findings.

use crate::domain::{Finding, IgnorePolicy, LedgerRow};

use super::{CheckFact, Scope, Subject};

/// What a rule of the config kept out of the findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// The rule.
    pub rule: IgnorePolicy,
    /// Events that it kept out.
    pub events: u64,
}

/// The rules that hold at the moment of the audit.
#[derive(Debug)]
pub(super) struct Ignores {
    rules: Vec<Rule>,
    /// Some rule looks at single keys.
    has_scoped: bool,
}

#[derive(Debug)]
struct Rule {
    policy: IgnorePolicy,
    events: u64,
    /// It already counted the key at hand.
    has_key: bool,
}

impl Rule {
    /// Whether it ignores a whole code, whatever the key.
    const fn is_whole(&self) -> bool {
        self.policy.campaign.is_none() && self.policy.event.is_none()
    }

    fn has(&self, code: &str, row: &LedgerRow) -> bool {
        let IgnorePolicy { code: own, campaign, event, reason: _, until: _ } = &self.policy;
        let of_campaign = || row.event.as_ref().and_then(|event| event.place.campaign.as_ref());
        own.is_none_or(|own| own == code)
            && (event.is_none() || *event == row.name)
            && (campaign.is_none() || campaign.as_ref() == of_campaign())
    }
}

impl Ignores {
    pub(super) fn new(scope: &Scope<'_>) -> Self {
        let live = scope.policy.ignores.iter().filter(|policy| scope.now < policy.until);
        let rules: Vec<_> =
            live.map(|policy| Rule { policy: policy.clone(), events: 0, has_key: false }).collect();
        let has_scoped = rules.iter().any(|rule| !rule.is_whole());
        Self { rules, has_scoped }
    }

    /// Whether some rule looks at single keys.
    pub(super) const fn has_scoped(&self) -> bool {
        self.has_scoped
    }

    /// Before the checks look at a key.
    pub(super) fn begin_key(&mut self) {
        if self.has_scoped {
            self.rules.iter_mut().for_each(|rule| rule.has_key = false);
        }
    }

    /// Whether a check shall not see this key: a rule on its event or campaign says so, and the check
    /// would count it.
    pub(super) fn hides(&mut self, fact: &CheckFact, subject: &Subject<'_>, scope: &Scope<'_>) -> bool {
        if !self.has_scoped {
            return false;
        }
        let mut rules = self.rules.iter_mut().filter(|rule| !rule.is_whole());
        let Some(rule) = rules.find(|rule| rule.has(fact.code, subject.row)) else { return false };
        if !(fact.concerns)(subject, scope) {
            return false;
        }
        // A check that takes all keys to know may concern many and count few: those are not told of.
        if !rule.has_key && (fact.make)().confirms(subject) {
            rule.events += 1;
            rule.has_key = true;
        }
        true
    }

    /// Takes out the findings whose whole code is ignored, and says what was.
    pub(super) fn finish(mut self, findings: &mut Vec<Finding>) -> Vec<Ignored> {
        findings.retain(|finding| {
            let mut rules = self.rules.iter_mut().filter(|rule| rule.is_whole());
            let Some(rule) = rules.find(|rule| rule.policy.code == Some(finding.code)) else { return true };
            rule.events += finding.events;
            false
        });
        let ignored = self.rules.into_iter().filter(|rule| rule.events > 0);
        ignored.map(|Rule { policy, events, has_key: _ }| Ignored { rule: policy, events }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{audit_with, clean, missing};
    use crate::domain::{CampaignId, Policy};
    use crate::reconcile::testing::{hours, logs, name, policy};

    fn with(rule: IgnorePolicy) -> Policy {
        Policy { ignores: vec![rule], ..policy() }
    }

    fn never_sent() -> IgnorePolicy {
        let reason = "a known outage".into();
        IgnorePolicy { code: Some("never-sent"), campaign: None, event: None, reason, until: hours(10) }
    }

    /// Codes with events, and events that were ignored.
    fn told(rule: IgnorePolicy, now: i64) -> (Vec<(&'static str, u64)>, Vec<u64>) {
        let rows = [clean("lead"), missing("lead", []), missing("payment_succeeded", [])];
        let result = audit_with(&rows, &with(rule), &logs(), hours(now));
        let findings = result.findings.iter().map(|finding| (finding.code, finding.events)).collect();
        assert_eq!(result.totals.missing(), 2, "an ignored finding changes no count");
        (findings, result.ignored.iter().map(|one| one.events).collect())
    }

    #[test]
    fn an_ignored_code_is_a_count_until_its_last_day_is_over() {
        assert_eq!(told(never_sent(), 5), (vec![], vec![2]));
        assert_eq!(told(never_sent(), 10), (vec![("never-sent", 2)], vec![]));
    }

    #[test]
    fn a_rule_on_an_event_or_campaign_hides_only_its_keys() {
        let lead = IgnorePolicy { event: Some(name("Lead")), ..never_sent() };
        assert_eq!(told(lead.clone(), 5), (vec![("never-sent", 1)], vec![1]));
        let any_code = IgnorePolicy { code: None, ..lead };
        assert_eq!(told(any_code, 5), (vec![("never-sent", 1)], vec![1]));
        let here = IgnorePolicy { campaign: CampaignId::parse("12").ok(), ..never_sent() };
        assert_eq!(told(here, 5), (vec![], vec![2]));
        let elsewhere = IgnorePolicy { campaign: CampaignId::parse("13").ok(), ..never_sent() };
        assert_eq!(told(elsewhere, 5), (vec![("never-sent", 2)], vec![]));
    }
}
