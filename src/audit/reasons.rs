//! Why keys are missing or excluded, and what the missing ones are worth.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::{Amount, CampaignId, Code, Exclusion, MissingLeg, Policy, StoredEvent, Verdict};
use crate::reconcile::source_of;

use super::tally::{Tally, VALUES_MAX};
use super::{Cause, ExclusionCount, Money};

/// Why keys are missing.
#[derive(Debug, Default)]
pub(super) struct Causes(Tally<Why>);

/// Why a key is missing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Why {
    Refused(Code, Option<u16>),
    Unknown(Code),
    Unverified,
    NeverSent,
    OnlyTest,
}

impl Why {
    /// Why a key is missing, if it is.
    pub(super) const fn of(verdict: &Verdict) -> Option<Self> {
        Some(match verdict {
            Verdict::Excluded(_) | Verdict::Delivered | Verdict::Waiting => return None,
            // The status speaks only where no code does.
            Verdict::Refused { code: Code::Absent, http_status } => Self::Refused(Code::Absent, *http_status),
            Verdict::Refused { code, http_status: _ } => Self::Refused(*code, None),
            Verdict::Unknown { unverified: true, code: _ } => Self::Unverified,
            Verdict::Unknown { unverified: false, code } => Self::Unknown(*code),
            Verdict::NeverSent { only_test: true } => Self::OnlyTest,
            Verdict::NeverSent { only_test: false } => Self::NeverSent,
        })
    }

    /// The words that outputs use.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Refused(Code::Absent, Some(status)) => format!("refused http-{status}"),
            Self::Refused(code, _) => format!("refused {code}"),
            Self::Unknown(Code::Absent) => "unknown, no answer logged".to_owned(),
            Self::Unknown(code) => format!("unknown {code}"),
            Self::Unverified => "unknown, HTTP status logged without a code".to_owned(),
            Self::NeverSent => "never sent".to_owned(),
            Self::OnlyTest => "never sent, test receipts only".to_owned(),
        }
    }
}

impl Causes {
    /// Counts a missing key; other verdicts have no cause.
    pub(super) fn add(&mut self, verdict: &Verdict) {
        if let Some(why) = Why::of(verdict) {
            self.0.add(&why);
        }
    }

    /// Most frequent first.
    pub(super) fn finish(self) -> Vec<Cause> {
        let rest = self.0.rest();
        let rows = self.0.sorted().into_iter().map(|(why, events)| Cause { words: why.words(), events });
        let others = Cause { words: "other answers".to_owned(), events: rest };
        rows.chain((rest > 0).then_some(others)).collect()
    }
}

/// What was excluded, by reason and literal value.
#[derive(Debug, Default)]
pub(super) struct Exclusions {
    by_value: BTreeMap<&'static str, Tally<Arc<str>>>,
    plain: BTreeMap<&'static str, u64>,
}

impl Exclusions {
    pub(super) fn add(&mut self, reason: &Exclusion, event: &StoredEvent, policy: &Policy) {
        let value = match reason {
            Exclusion::OtherSource => source_of(event, policy),
            Exclusion::Unmapped(_) => Some(event.name.as_str()),
            Exclusion::NoServerLeg => event.place.campaign.as_ref().map(CampaignId::as_str),
            Exclusion::ConsentDenied | Exclusion::MarkedTest => None,
        };
        match value {
            Some(value) => self.by_value.entry(reason.code()).or_default().add_text(value),
            None => *self.plain.entry(reason.code()).or_default() += 1,
        }
    }

    /// Most frequent first.
    pub(super) fn finish(self) -> Vec<ExclusionCount> {
        let mut rows = Vec::new();
        for (reason, tally) in &self.by_value {
            let values = tally.sorted().into_iter();
            rows.extend(values.map(|(value, events)| ExclusionCount { reason, value: Some(value), events }));
            rows.push(ExclusionCount { reason, value: None, events: tally.rest() });
        }
        rows.extend(self.plain.iter().map(|(reason, events)| ExclusionCount {
            reason,
            value: None,
            events: *events,
        }));
        rows.retain(|row| row.events > 0);
        rows.sort_by(|a, b| {
            b.events.cmp(&a.events).then_with(|| (a.reason, &a.value).cmp(&(b.reason, &b.value)))
        });
        rows
    }
}

/// The value of missing purchases, per currency.
#[derive(Clone, Debug, Default)]
pub(super) struct ValueMissing(BTreeMap<Arc<str>, (Amount, Amount)>);

/// ISO 4217's code for "no currency": a value without one is still shown.
const NO_CURRENCY: &str = "XXX";

impl ValueMissing {
    /// Adds a missing purchase; one without a value adds nothing.
    pub(super) fn add(&mut self, event: &StoredEvent, leg: Option<MissingLeg>) {
        self.add_value(event.value, event.place.currency.as_deref(), leg);
    }

    fn add_value(&mut self, value: Option<Amount>, currency: Option<&str>, leg: Option<MissingLeg>) {
        let Some(value) = value else { return };
        let logged = currency.map(str::trim).filter(|logged| !logged.is_empty());
        let currency = logged.unwrap_or(NO_CURRENCY).to_uppercase();
        if self.0.len() >= VALUES_MAX && !self.0.contains_key(currency.as_str()) {
            return;
        }
        let (amount, neither) = self.0.entry(currency.into()).or_default();
        // A sum beyond 28 digits is no money; it stays where it was.
        *amount = amount.plus(value).unwrap_or(*amount);
        if leg == Some(MissingLeg::Neither) {
            *neither = neither.plus(value).unwrap_or(*neither);
        }
    }

    /// Adds a value that is no missing purchase's.
    pub(super) fn add_sum(&mut self, value: Option<Amount>, currency: Option<&str>) {
        self.add_value(value, currency, None);
    }

    /// The sums by currency.
    pub(super) fn sums(&self) -> Vec<(Arc<str>, Amount)> {
        self.0.iter().map(|(currency, (amount, _))| (Arc::clone(currency), *amount)).collect()
    }

    /// By currency.
    pub(super) fn finish(self) -> Vec<Money> {
        let money = |(currency, (amount, neither_leg))| Money { currency, amount, neither_leg };
        self.0.into_iter().map(money).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::testing::{amount, event};

    #[test]
    fn causes_are_named_by_code_or_status_most_frequent_first() {
        let mut causes = Causes::default();
        let refused = |code, http_status| Verdict::Refused { code, http_status };
        causes.add(&refused(Code::Integer(40002), Some(200)));
        causes.add(&refused(Code::Integer(40002), Some(400)));
        causes.add(&refused(Code::Absent, Some(401)));
        causes.add(&Verdict::NeverSent { only_test: false });
        causes.add(&Verdict::Unknown { unverified: false, code: Code::Integer(50000) });
        causes.add(&Verdict::Delivered);
        let words: Vec<_> = causes.finish().into_iter().map(|cause| (cause.words, cause.events)).collect();
        let expected =
            [("refused 40002", 2), ("refused http-401", 1), ("unknown 50000", 1), ("never sent", 1)];
        assert_eq!(words, expected.map(|(words, events)| (words.to_owned(), events)));
    }

    #[test]
    fn exclusions_keep_the_literal_value() {
        let (mut exclusions, policy) = (Exclusions::default(), Policy::default());
        let mut other = event("lead");
        other.place_mut().source = Some("Facebook Ads".into());
        exclusions.add(&Exclusion::OtherSource, &other, &policy);
        exclusions.add(&Exclusion::OtherSource, &other, &policy);
        exclusions.add(&Exclusion::Unmapped(None), &event("Renewal"), &policy);
        exclusions.add(&Exclusion::ConsentDenied, &event("lead"), &policy);
        let rows = exclusions.finish();
        let rows: Vec<_> = rows.iter().map(|row| (row.reason, row.value.as_deref(), row.events)).collect();
        let expected = [
            ("other-source", Some("Facebook Ads"), 2),
            ("consent-denied", None, 1),
            ("unmapped", Some("Renewal"), 1),
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn money_is_summed_per_upper_case_currency() {
        let mut money = ValueMissing::default();
        let mut one = event("payment_succeeded");
        money.add(&one, Some(MissingLeg::Neither));
        one.place_mut().currency = Some("usd".into());
        one.value = amount("20.015");
        money.add(&one, Some(MissingLeg::BrowserFired));
        one.place_mut().currency = None;
        money.add(&one, None);
        one.value = None;
        money.add(&one, None);
        let rows = money.finish();
        let rows: Vec<_> = rows
            .iter()
            .map(|row| (&*row.currency, row.amount.to_string(), row.neither_leg.to_string()))
            .collect();
        let expected = [("USD", "30.005", "9.99"), ("XXX", "20.015", "0")];
        assert_eq!(rows, expected.map(|(c, a, n)| (c, a.to_owned(), n.to_owned())));
    }
}
