//! The pass.

use std::collections::BTreeMap;

use chrono_tz::Tz;

use crate::domain::{EventName, Finding, LedgerRow, Leg, PixelCode, StoredEvent, TimeMs, Verdict};
use crate::tiktok::event_map;

use super::before::Before;
use super::checks::{CHECKS, Memo, known, no_receipt_log, possibly_double, value_not_creditable};
use super::clock::Clock;
use super::concentration::Search;
use super::coverage::KeyCounts;
use super::cutter::{Cut, Cutter};
use super::ignore::Ignores;
use super::reasons::{Causes, Exclusions, ValueMissing};
use super::sample;
use super::slices::Keys;
use super::tally::Slots;
use super::{
    AuditResult, Axis, Check, CheckFact, Counts, Dimension, EventCounts, Scope, SliceCounts, Subject,
    UnusedLine,
};

/// An audit under way.
pub struct Audit<'a> {
    scope: Scope<'a>,
    /// The rows of the catalogue that `checks` are made of.
    facts: &'static [CheckFact],
    checks: Vec<Box<dyn Check>>,
    memo: Memo,
    /// The places of the checks that look at each key for themselves.
    lookers: Vec<usize>,
    ignores: Ignores,
    notes: Vec<Finding>,
    events: Slots<EventName, EventSlot>,
    pixels: Slots<Option<PixelCode>, PixelSlot>,
    /// Missing keys per event and pixel, of pixels without a server receipt.
    without_log: BTreeMap<(usize, usize), u64>,
    cutter: Cutter,
    search: Search,
    before: Option<Before>,
    money: ValueMissing,
    causes: Causes,
    exclusions: Exclusions,
    orphans: u64,
    clock: Clock,
}

#[derive(Debug)]
struct EventSlot {
    is_mapped: bool,
    is_purchase: bool,
    counts: Counts,
    keys: KeyCounts,
}

#[derive(Debug)]
struct PixelSlot {
    /// The log holds server receipts of it, or the config says that there are none to wait for.
    has_log: bool,
}

impl<'a> Audit<'a> {
    /// Begins an audit with all checks.
    #[must_use]
    pub fn new(scope: Scope<'a>) -> Self {
        Self::with(scope, CHECKS)
    }

    /// Begins an audit with some checks; they see the same keys whatever others there are.
    #[must_use]
    pub fn with(scope: Scope<'a>, facts: &'static [CheckFact]) -> Self {
        let mut checks: Vec<_> = facts.iter().map(|fact| (fact.make)()).collect();
        let memo = Memo::of(&mut checks);
        Self {
            ignores: Ignores::new(&scope),
            scope,
            facts,
            lookers: (0..checks.len()).filter(|place| !memo.has(*place)).collect(),
            memo,
            checks,
            notes: Vec::new(),
            events: Slots::default(),
            pixels: Slots::default(),
            without_log: BTreeMap::new(),
            cutter: Cutter::new(Tz::UTC),
            search: Search::default(),
            before: None,
            money: ValueMissing::default(),
            causes: Causes::default(),
            exclusions: Exclusions::default(),
            orphans: 0,
            clock: Clock::default(),
        }
    }

    /// The same audit with days of another zone, and with a period to compare with.
    #[must_use]
    pub fn along(mut self, axis: Axis) -> Self {
        let Axis { zone, previous } = axis;
        self.cutter = Cutter::new(zone);
        self.before = previous.map(Before::new);
        self
    }

    /// Takes one key. Orphans have no verdict. What lies outside the time span is left out: keys by
    /// their event's time, orphans unless a receipt of theirs is inside or undated.
    pub fn observe(&mut self, subject: &Subject<'_>) {
        if let (Some(event), Some(verdict)) = (&subject.row.event, subject.verdict) {
            if !self.scope.range.has(event.at) {
                if let Some(before) = &mut self.before {
                    before.observe(subject, event, verdict);
                }
                return;
            }
            self.count(subject, event, verdict);
        } else {
            let range = self.scope.range;
            let is_inside = |at: Option<TimeMs>| at.is_none_or(|at| range.has(at));
            if !subject.row.receipts.iter().any(|receipt| is_inside(receipt.at)) {
                return;
            }
            self.orphans += 1;
            self.pixel(subject.row);
        }
        if self.ignores.has_scoped() {
            self.ignores.begin_key();
            for (fact, check) in self.facts.iter().zip(&mut self.checks) {
                if !self.ignores.hides(fact, subject, &self.scope) {
                    check.observe(subject, &self.scope);
                }
            }
            return;
        }
        self.memo.observe(subject, &self.scope, &mut self.checks);
        for place in &self.lookers {
            if let Some(check) = self.checks.get_mut(*place) {
                check.observe(subject, &self.scope);
            }
        }
    }

    /// Takes a line that could not be used.
    pub fn observe_line(&mut self, line: &UnusedLine<'_>) {
        if line.at.is_none_or(|at| self.scope.range.has(at)) {
            self.checks.iter_mut().for_each(|check| check.observe_line(line));
        }
    }

    /// Adds a finding that does not come from keys, such as one on quarantined lines.
    pub fn note(&mut self, finding: Finding) {
        self.notes.push(finding);
    }

    fn count(&mut self, subject: &Subject<'_>, event: &StoredEvent, verdict: &Verdict) {
        let at_pixel = self.pixel(subject.row);
        let at = self.event(subject.row.name.as_ref(), event);
        let Some(slot) = self.events.get_mut(at) else { return };
        slot.counts.add(verdict, subject.leg);
        if *verdict == Verdict::Delivered && subject.row.receipts.iter().any(|one| one.leg == Leg::Browser) {
            slot.counts.delivered_browser_fired += 1;
        }
        if let Verdict::Excluded(reason) = verdict {
            self.exclusions.add(reason, event, self.scope.policy);
            return;
        }
        let email = known::email(subject.row, event);
        slot.keys.add(event.keys, email);
        if let Some(one) = SliceCounts::of(verdict, Keys::of(event, email)) {
            let cut = Cut { event, place: at, is_purchase: slot.is_purchase, verdict };
            let place = self.cutter.add(cut, &one);
            self.search.add(sample::hash(&subject.row.id), place, &one);
        }
        if verdict.is_missing() {
            if slot.is_purchase {
                self.money.add(event, subject.leg);
            }
            self.causes.add(verdict);
            if self.pixels.get(at_pixel).is_some_and(|pixel| !pixel.has_log) {
                *self.without_log.entry((at, at_pixel)).or_default() += 1;
            }
            self.clock.add(subject.stand);
        }
    }

    /// The place of a row's event: TikTok's name, or the logged one where it is not mapped.
    fn event(&mut self, mapped: Option<&EventName>, event: &StoredEvent) -> usize {
        let name = mapped.unwrap_or(&event.name);
        let rest = || EventName::parse(REST).ok();
        let make = |name: &EventName| EventSlot {
            is_mapped: mapped.is_some(),
            is_purchase: event_map::is_purchase(name),
            counts: Counts::default(),
            keys: KeyCounts::default(),
        };
        self.events.place(name, rest, make)
    }

    /// The place of a row's pixel, which learns here whether there are server receipts of it.
    fn pixel(&mut self, row: &LedgerRow) -> usize {
        let scope = &self.scope;
        let at = self.pixels.place(
            &row.pixel,
            || Some(None),
            |pixel| PixelSlot { has_log: no_receipt_log::has_log(pixel.as_ref(), scope) },
        );
        if let Some(slot) = self.pixels.get_mut(at)
            && !slot.has_log
        {
            // Undated receipts are in no log's newest times.
            slot.has_log = row.receipts.iter().any(|one| one.leg == Leg::Server && !one.is_test);
        }
        at
    }

    /// Ends the pass.
    #[must_use]
    pub fn finish(mut self) -> AuditResult {
        let scope = self.scope;
        self.memo.finish(&mut self.checks);
        let value = |code: &str| {
            let check = CHECKS.iter().zip(&self.checks).find(|(fact, _)| fact.code == code);
            check.map(|(_, check)| check.value()).unwrap_or_default()
        };
        let value_not_creditable = value(value_not_creditable::FACT.code);
        let possibly_double = value(possibly_double::FACT.code);
        let mut findings = self.notes;
        findings.extend(self.checks.iter().flat_map(|check| check.findings(&scope)));
        let ignored = self.ignores.finish(&mut findings);
        // Without the receipts no other number can be trusted: this finding comes first.
        findings.sort_by_key(|one| {
            (one.code != no_receipt_log::FACT.code, one.severity, u64::MAX - one.events, one.code)
        });
        let by_event = by_event(&self.events, &self.pixels, &self.without_log);
        let names: Vec<_> = self.events.iter().map(|(name, _)| name.clone()).collect();
        let slices = Dimension::ALL.map(|dimension| self.cutter.slices(dimension, &names)).into();
        let mut totals = Counts::default();
        for event in &by_event {
            totals.merge(&event.counts);
        }
        let mut pixels: Vec<_> = self.pixels.iter().filter_map(|(pixel, _)| pixel.clone()).collect();
        pixels.sort();
        AuditResult {
            now: scope.now,
            range: scope.range,
            zone: self.cutter.zone(),
            pixels,
            key_weights: scope.policy.key_weights,
            totals,
            by_event,
            value_missing: self.money.finish(),
            value_not_creditable,
            possibly_double,
            causes: self.causes.finish(),
            exclusions: self.exclusions.finish(),
            days: self.cutter.days.day_rows(self.cutter.zone()),
            hours: self.cutter.days.hour_rows(self.cutter.zone()),
            previous: self.before.map(Before::finish),
            slices,
            concentrated: self.search.finish(&self.cutter, &names),
            orphans: self.orphans,
            comparison: None,
            cluster: None,
            ignored,
            findings,
            clock: self.clock.finish(),
        }
    }
}

/// What stands for the names beyond the bound.
pub(super) const REST: &str = "(other names)";

/// CompletePayment first, then the order of sending, unmapped names last, each group by name.
fn by_event(
    events: &Slots<EventName, EventSlot>,
    pixels: &Slots<Option<PixelCode>, PixelSlot>,
    without_log: &BTreeMap<(usize, usize), u64>,
) -> Vec<EventCounts> {
    let mut rows: Vec<_> = events
        .iter()
        .enumerate()
        .map(|(at, (name, slot))| {
            let mut counts = slot.counts;
            for ((_, pixel), missing) in without_log.range((at, 0)..(at + 1, 0)) {
                if pixels.get(*pixel).is_some_and(|pixel| !pixel.has_log) {
                    counts.without_log += missing;
                }
            }
            let place = event_map::EVENTS.iter().position(|fact| fact.name == name.as_str());
            let order = (!slot.is_mapped, place.unwrap_or(usize::MAX), name.clone());
            (order, EventCounts { name: name.clone(), counts, match_keys: slot.keys.rows() })
        })
        .collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    rows.into_iter().map(|(_, row)| row).collect()
}

#[cfg(test)]
mod tests;
