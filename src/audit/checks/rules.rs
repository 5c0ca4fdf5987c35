//! The shape of most checks: each key is judged alone, and those concerned are counted apart by what
//! tells their causes from each other.

use std::sync::Arc;

use crate::domain::{Amount, Finding};

use super::super::reasons::ValueMissing;
use super::super::tally::Tally;
use super::super::{Check, CheckFact, Scope, Subject};
use super::known::is_purchase;
use super::memo::Common;
use super::words::{events, list, money};
use super::{finding, severity_of_lack, severity_of_loss};

/// What a check is made of.
pub(super) struct Rules {
    /// Its row of the catalogue.
    pub(super) fact: &'static CheckFact,
    /// Whether a key is one of those the finding counts; `None`: the check is not about it.
    pub(super) judge: fn(&Subject<'_>, &Scope<'_>) -> Option<bool>,
    /// The sentence with the counts: those concerned, of so many judged.
    pub(super) summary: fn(u64, u64) -> String,
    /// How bad it is.
    pub(super) weight: Weight,
    /// What tells the causes apart: words, and whether they hold of a key.
    pub(super) signs: &'static [(&'static str, Sign)],
    /// Literal values that are listed with their counts, under a label.
    pub(super) lists: &'static [(&'static str, Value)],
}

/// Whether something holds of a key.
pub(super) type Sign = fn(&Subject<'_>, &Scope<'_>) -> bool;

/// A literal value of a key.
pub(super) type Value = for<'a> fn(&Subject<'a>, &'a Scope<'_>) -> Option<&'a str>;

/// How bad a finding is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Weight {
    /// As the catalogue says.
    Stated,
    /// Less than stated where no purchase is among them and they are few.
    Loss,
    /// Less than stated where they are few.
    Lack,
}

/// How often a check has to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// Of each key.
    Each,
    /// Once of all keys that are alike: it looks at nothing but what [`super::memo`] compares.
    Alike,
}

/// A check by its rules.
pub struct ByRules {
    rules: &'static Rules,
    judged: u64,
    keys: u64,
    purchases: u64,
    value: ValueMissing,
    asked: Asked,
    signs: Vec<u64>,
    lists: Vec<Tally<Arc<str>>>,
}

impl Rules {
    /// The accumulator of a check that looks at each key.
    pub(super) fn check(&'static self) -> Box<dyn Check> {
        self.accumulator(Asked::Each)
    }

    /// The accumulator of a check that looks at nothing but what [`super::memo`] compares.
    pub(super) fn check_of_likeness(&'static self) -> Box<dyn Check> {
        self.accumulator(Asked::Alike)
    }

    fn accumulator(&'static self, asked: Asked) -> Box<dyn Check> {
        Box::new(ByRules {
            rules: self,
            judged: 0,
            keys: 0,
            purchases: 0,
            value: ValueMissing::default(),
            asked,
            signs: vec![0; self.signs.len()],
            lists: self.lists.iter().map(|_| Tally::default()).collect(),
        })
    }

    /// Whether a key is concerned.
    pub(super) fn concerns(&self, subject: &Subject<'_>, scope: &Scope<'_>) -> bool {
        (self.judge)(subject, scope) == Some(true)
    }
}

impl ByRules {
    /// Whether a key is concerned; `None`: the check is not about it.
    pub(super) fn judge(&self, subject: &Subject<'_>, scope: &Scope<'_>) -> Option<bool> {
        (self.rules.judge)(subject, scope)
    }

    /// Counts keys that it is about.
    pub(super) const fn add_judged(&mut self, keys: u64) {
        self.judged += keys;
    }

    /// Counts a key that is concerned.
    pub(super) fn add(&mut self, subject: &Subject<'_>, scope: &Scope<'_>) {
        self.keys += 1;
        if is_purchase(subject.row) {
            self.purchases += 1;
            subject.row.event.iter().for_each(|event| self.value.add(event, None));
        }
        for (count, (_, holds)) in self.signs.iter_mut().zip(self.rules.signs) {
            *count += u64::from(holds(subject, scope));
        }
        for (tally, (_, value)) in self.lists.iter_mut().zip(self.rules.lists) {
            if let Some(value) = value(subject, scope) {
                tally.add_text(value);
            }
        }
    }
}

impl Check for ByRules {
    fn observe(&mut self, subject: &Subject<'_>, scope: &Scope<'_>) {
        let Some(is_one) = self.judge(subject, scope) else { return };
        self.add_judged(1);
        if is_one {
            self.add(subject, scope);
        }
    }

    fn common(&mut self) -> Option<Common<'_>> {
        (self.asked == Asked::Alike).then_some(Common::Likeness(self))
    }

    fn value(&self) -> Vec<(Arc<str>, Amount)> {
        self.value.sums()
    }

    fn findings(&self, _: &Scope<'_>) -> Vec<Finding> {
        if self.keys == 0 {
            return Vec::new();
        }
        let rules = self.rules;
        let signs = self.signs.iter().zip(rules.signs).filter(|(count, _)| **count > 0);
        let mut evidence: Vec<_> =
            signs.map(|(count, (words, _))| format!("{words}: {}.", events(*count))).collect();
        for (tally, (label, _)) in self.lists.iter().zip(rules.lists) {
            let values = tally.sorted();
            if !values.is_empty() {
                evidence.push(format!("{label}: {}.", list(&values)));
            }
        }
        if self.purchases > 0 {
            let worth = money(&self.value.sums());
            evidence.push(format!("Purchases among them: {}{worth}.", events(self.purchases)));
        }
        let severity = match rules.weight {
            Weight::Stated => rules.fact.severity,
            Weight::Loss => severity_of_loss(self.purchases, self.keys, self.judged),
            Weight::Lack => severity_of_lack(self.keys, self.judged),
        };
        let severity = severity.max(rules.fact.severity);
        let summary = (rules.summary)(self.keys, self.judged);
        vec![Finding { severity, ..finding(rules.fact, self.keys, summary, evidence) }]
    }
}

/// The TikTok name of a key, or the logged one.
pub(super) fn name_of<'a>(subject: &Subject<'a>, _: &'a Scope<'_>) -> Option<&'a str> {
    let row = subject.row;
    let logged = || row.event.as_ref().map(|event| event.name.as_str());
    row.name.as_ref().map(crate::domain::EventName::as_str).or_else(logged)
}

/// The campaign of a key.
pub(super) fn campaign_of<'a>(subject: &Subject<'a>, _: &'a Scope<'_>) -> Option<&'a str> {
    subject.row.event.as_ref()?.place.campaign.as_ref().map(crate::domain::CampaignId::as_str)
}

/// The pixel of a key.
pub(super) fn pixel_of<'a>(subject: &Subject<'a>, _: &'a Scope<'_>) -> Option<&'a str> {
    subject.row.pixel.as_ref().map(crate::domain::PixelCode::as_str)
}
