//! Tests of the counting.

use super::*;
use crate::audit::checks::testing::{audit, audit_with, clean, lone, missing, scope};
use crate::domain::{HeldClass, Range, Severity};
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
    let mut audit = Audit::new(scope(&policy, &logs, range));
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
        audit.observe(&lone(row, verdict.as_ref()));
    }
    let result = audit.finish();
    assert_eq!((result.totals.events, result.orphans), (1, 2));
    assert_eq!(result.days.len(), 1);
    assert_eq!((result.days[0].day.to_string(), result.days[0].missing), ("2026-11-20T00:00:00Z".into(), 1));
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
    let mut audit = Audit::new(scope(&policy, &logs, Range::ALL));
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
    audit.observe(&lone(&silent, Some(&verdict)));
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
