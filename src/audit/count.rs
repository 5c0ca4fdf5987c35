//! The pass.

use std::collections::BTreeMap;

use chrono_tz::Tz;

use crate::domain::{
    EventName, Finding, HeldClass, LedgerRow, Leg, MatchKey, PixelCode, StoredEvent, TimeMs, Verdict,
};
use crate::reconcile::Stand;
use crate::tiktok::event_map;

use super::before::Before;
use super::checks::{CHECKS, known, no_receipt_log};
use super::coverage::KeyCounts;
use super::reasons::{Causes, Exclusions, ValueMissing};
use super::slices::{Cut, Cutter, Keys};
use super::tally::Slots;
use super::{
    AuditResult, Axis, Check, ClockCounts, Counts, Dimension, EventCounts, Scope, SliceCounts, Subject,
};

/// An audit under way.
pub struct Audit<'a> {
    scope: Scope<'a>,
    checks: Vec<Box<dyn Check>>,
    notes: Vec<Finding>,
    events: Slots<EventName, EventSlot>,
    pixels: Slots<Option<PixelCode>, PixelSlot>,
    /// Missing keys per event and pixel, of pixels without a server receipt.
    without_log: BTreeMap<(usize, usize), u64>,
    zone: Tz,
    cutter: Cutter,
    before: Option<Before>,
    money: ValueMissing,
    causes: Causes,
    exclusions: Exclusions,
    orphans: u64,
    clock: ClockCounts,
    held: [u64; HeldClass::ALL.len()],
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
        Self {
            scope,
            checks: CHECKS.iter().map(|fact| (fact.make)()).collect(),
            notes: Vec::new(),
            events: Slots::default(),
            pixels: Slots::default(),
            without_log: BTreeMap::new(),
            zone: Tz::UTC,
            cutter: Cutter::new(Tz::UTC),
            before: None,
            money: ValueMissing::default(),
            causes: Causes::default(),
            exclusions: Exclusions::default(),
            orphans: 0,
            clock: ClockCounts::default(),
            held: [0; HeldClass::ALL.len()],
        }
    }

    /// The same audit with days of another zone, and with a period to compare with.
    #[must_use]
    pub fn along(mut self, axis: Axis) -> Self {
        let Axis { zone, previous } = axis;
        self.zone = zone;
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
        for check in &mut self.checks {
            check.observe(subject, &self.scope);
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
        if let Verdict::Excluded(reason) = verdict {
            self.exclusions.add(reason, event, self.scope.policy);
            return;
        }
        slot.keys.add(event.keys);
        if let Some(one) = SliceCounts::of(verdict, strongest_keys(subject.row, event)) {
            let cut = Cut { event, place: at, is_purchase: slot.is_purchase, verdict };
            self.cutter.add(cut, &one);
        }
        if verdict.is_missing() {
            if slot.is_purchase {
                self.money.add(event, subject.leg);
            }
            self.causes.add(verdict);
            if self.pixels.get(at_pixel).is_some_and(|pixel| !pixel.has_log) {
                *self.without_log.entry((at, at_pixel)).or_default() += 1;
            }
            self.stand(subject.stand);
        }
    }

    fn stand(&mut self, stand: Option<Stand>) {
        match stand {
            Some(Stand::Send { until }) => {
                self.clock.sendable += 1;
                let first = self.clock.first_deadline_at;
                self.clock.first_deadline_at = Some(first.map_or(until, |first| first.min(until)));
            }
            Some(Stand::Held(class)) => {
                let counts = HeldClass::ALL.iter().zip(&mut self.held);
                counts.filter(|(known, _)| **known == class).for_each(|(_, count)| *count += 1);
            }
            Some(Stand::Unsendable(_)) => self.clock.unsendable += 1,
            Some(Stand::NotDue(_) | Stand::Never) | None => {}
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
    pub fn finish(self) -> AuditResult {
        let scope = self.scope;
        let mut findings = self.notes;
        findings.extend(self.checks.iter().flat_map(|check| check.findings(&scope)));
        // Without the receipts no other number can be trusted: this finding comes first.
        findings.sort_by_key(|one| {
            (one.code != no_receipt_log::FACT.code, one.severity, u64::MAX - one.events, one.code)
        });
        let by_event = by_event(&self.events, &self.pixels, &self.without_log);
        let names: Vec<_> = self.events.iter().map(|(name, _)| name.clone()).collect();
        let slices = Dimension::ALL.map(|dimension| self.cutter.slices(dimension, self.zone, &names)).into();
        let mut totals = Counts::default();
        for event in &by_event {
            totals.merge(&event.counts);
        }
        let held = HeldClass::ALL.into_iter().zip(self.held).filter(|(_, events)| *events > 0);
        let mut pixels: Vec<_> = self.pixels.iter().filter_map(|(pixel, _)| pixel.clone()).collect();
        pixels.sort();
        AuditResult {
            now: scope.now,
            range: scope.range,
            pixels,
            totals,
            by_event,
            value_missing: self.money.finish(),
            causes: self.causes.finish(),
            exclusions: self.exclusions.finish(),
            days: self.cutter.days.day_rows(self.zone),
            hours: self.cutter.days.hour_rows(self.zone),
            previous: self.before.map(Before::finish),
            slices,
            orphans: self.orphans,
            findings,
            clock: ClockCounts { held: held.collect(), ..self.clock },
        }
    }
}

/// How a key stands with ttclid and e-mail address, by the record's own fields.
fn strongest_keys(row: &LedgerRow, event: &StoredEvent) -> Keys {
    let valid = event.keys.valid;
    if known::email(row, event) == known::Email::NotJudged {
        Keys::NotJudged
    } else if valid.has(MatchKey::Ttclid) || valid.has(MatchKey::Email) {
        Keys::There
    } else {
        Keys::Lack
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
mod tests {
    use super::*;
    use crate::audit::Scope;
    use crate::audit::checks::testing::{audit, audit_with, clean, missing};
    use crate::domain::{Range, Severity};
    use crate::reconcile::testing::{event, group, hours, logs, name, policy, receipt, row};
    use crate::reconcile::{Logs, resolve};

    #[test]
    fn events_stand_with_purchases_first_and_unmapped_names_last() {
        let mut custom = clean("lead");
        custom.name = Some(name("Aaa"));
        let rows = [
            row(event("Aardvark"), []),
            clean("page_view"),
            custom,
            clean("trial_started"),
            clean("payment_succeeded"),
        ];
        let result = audit(&rows);
        let names: Vec<_> = result.by_event.iter().map(|event| event.name.as_str()).collect();
        assert_eq!(names, ["CompletePayment", "StartTrial", "PageView", "Aaa", "Aardvark"]);
        assert_eq!(result.by_event[4].counts.excluded, 1);
        assert_eq!((result.by_event[4].match_keys[0].total, result.by_event[0].match_keys[0].total), (0, 1));
    }

    #[test]
    fn the_totals_are_the_sum_of_the_events() {
        let rows = [
            clean("lead"),
            missing("lead", [receipt("Lead").browser()]),
            missing("payment_succeeded", [receipt("CompletePayment").code(40002)]),
            missing("payment_succeeded", [receipt("CompletePayment").code(50000)]),
            row(event("Renewal"), []),
        ];
        let result = audit(&rows);
        let Counts { events, excluded, waiting, delivered, refused, unknown, never_sent, .. } = result.totals;
        assert_eq!((events, excluded, waiting, delivered), (5, 1, 0, 1));
        assert_eq!((refused, unknown, never_sent), (1, 1, 1));
        let missing: u64 = result.by_event.iter().map(|event| event.counts.missing()).sum();
        assert_eq!((missing, result.totals.missing_browser_fired), (3, 1));
        assert_eq!(result.causes.iter().map(|cause| cause.events).sum::<u64>(), missing);
        assert_eq!(result.value_missing[0].amount.to_string(), "19.98");
        assert_eq!((result.clock.sendable, result.clock.first_deadline_at), (3, Some(hours(47))));
    }

    #[test]
    fn what_lies_outside_the_time_span_is_left_out() {
        let (policy, logs) = (policy(), logs());
        let range = Range { since: hours(0), until: hours(1) };
        let mut audit = Audit::new(Scope { policy: &policy, logs: &logs, range, now: hours(5) });
        let mut late = missing("lead", []);
        late.event.as_mut().unwrap().at = hours(1);
        let orphan = |at: Option<i64>| {
            let mut sent = receipt("Lead").on("A").code(0);
            sent.at = at.map(hours);
            resolve(group([], [sent]), &policy).pop().unwrap()
        };
        let rows = [late, missing("lead", []), orphan(Some(0)), orphan(None), orphan(Some(2))];
        for row in &rows {
            let verdict = row.event.is_some().then_some(Verdict::NeverSent { only_test: false });
            audit.observe(&Subject { row, verdict: verdict.as_ref(), leg: None, stand: None });
        }
        let result = audit.finish();
        assert_eq!((result.totals.events, result.orphans), (1, 2));
        assert_eq!(result.days.len(), 1);
        assert_eq!(
            (result.days[0].day.to_string(), result.days[0].missing),
            ("2026-11-20T00:00:00Z".into(), 1)
        );
    }

    #[test]
    fn held_classes_are_counted_in_their_order() {
        let mut differs = missing("lead", []);
        differs.pixel_differs = true;
        let rows = [differs, missing("lead", [receipt("Lead").browser()]), missing("lead", [])];
        let result = audit_with(&rows, &policy(), &logs(), hours(60));
        let held = [(HeldClass::LateBrowserFired, 1), (HeldClass::LateBrowserUnseen, 2)];
        assert_eq!(result.clock.held, held);
        assert_eq!((result.clock.sendable, result.clock.first_deadline_at), (0, None));
    }

    #[test]
    fn findings_stand_by_severity_then_events_and_the_missing_log_first() {
        let (policy, logs) = (policy(), Logs::default());
        let mut audit = Audit::new(Scope { policy: &policy, logs: &logs, range: Range::ALL, now: hours(5) });
        let note = |code, severity, events| Finding {
            code,
            severity,
            events,
            summary: String::new(),
            evidence: Vec::new(),
            fix: String::new(),
            fix_command: String::new(),
        };
        audit.note(note("b-few", Severity::High, 1));
        audit.note(note("c-low", Severity::Low, 900));
        audit.note(note("a-many", Severity::High, 9));
        let silent = missing("lead", []);
        let verdict = Verdict::NeverSent { only_test: false };
        audit.observe(&Subject { row: &silent, verdict: Some(&verdict), leg: None, stand: None });
        let codes: Vec<_> = audit.finish().findings.into_iter().map(|finding| finding.code).collect();
        assert_eq!(codes, ["no-receipt-log", "a-many", "b-few", "c-low"]);
    }

    #[test]
    fn endless_names_are_counted_together() {
        let rows: Vec<_> =
            (0..2000).map(|number| row(event(&format!("step {number} of an endless funnel")), [])).collect();
        let result = audit(&rows);
        assert_eq!((result.by_event.len(), result.totals.excluded), (1001, 2000));
        let rest = result.by_event.iter().find(|event| event.name.as_str() == REST).unwrap();
        assert_eq!(rest.counts.events, 1000);
        assert_eq!(result.exclusions.iter().map(|row| row.events).sum::<u64>(), 2000);
    }
}
