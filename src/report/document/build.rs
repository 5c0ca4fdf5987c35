//! From an audit to a report: everything that is computed for showing it.

use chrono::NaiveDate;

use crate::audit::{AuditResult, CHECKS, Counts, EventCounts};
use crate::domain::{EventName, Finding, HeldClass, Range};
use crate::tiktok::event_map;

use super::super::events::safe_until;
use super::super::number::{count, count_of, length, money, percent};
use super::super::slices::ignored_words;
use super::super::words::{PAYMENT, by_amount, first_sentences};
use super::super::{EventRow, View, Zone, reasons, words};
use super::{
    EventLine, FindingLine, HourCell, Ids, Legs, MissingLine, Number, PastRun, RepairLine, Report,
    ReportFacts, RunLine, Strength, Tone, cut, keys, time, totals,
};

/// Names that are listed one by one; a log that goes on inventing names must not fill the report.
const EVENTS_MAX: usize = 60;
/// Reasons and values of exclusions that are listed.
const EXCLUDED_MAX: usize = 12;
/// Sentences of evidence that are listed.
const EVIDENCE_MAX: usize = 8;
/// Backfills that are listed.
const RUNS_MAX: usize = 20;

impl Report {
    /// A report of an audit.
    #[must_use]
    pub fn new(facts: &ReportFacts<'_>) -> Self {
        let (audit, ids, zone) = (facts.audit, facts.ids, facts.zone);
        let events: Vec<EventLine> =
            audit.by_event.iter().take(EVENTS_MAX).map(|event| line(event, audit, ids)).collect();
        let unlisted = audit.by_event.iter().skip(EVENTS_MAX).map(|event| event.counts.events).sum();
        let hours = super::hour_rows(audit, zone);
        Self {
            made: zone.minute(audit.now),
            span: zone.range(audit.range),
            zone: zone.name(),
            pixels: pixels(facts),
            before: audit.previous.as_ref().map(|before| short_range(before.range, zone)),
            sentences: first_sentences(audit).iter().map(|words| ids.sentence(words)).collect(),
            numbers: numbers(audit, zone),
            findings: audit.findings.iter().map(|finding| finding_line(finding, ids)).collect(),
            ignored: audit.ignored.iter().map(|one| ids.sentence(&ignored_words(one, zone))).collect(),
            steps: time::steps(&day_cells(audit, zone)),
            hours_words: time::hours_words(&hours),
            hours,
            funnel: funnel(&events),
            events,
            all: all(audit),
            unlisted,
            keys: keys::lines(audit.by_event.iter().take(EVENTS_MAX), audit, ids),
            weights: words::strength(&audit.key_weights),
            totals: audit.comparison.as_ref().map(|compared| totals::totals(compared, ids, zone)),
            gaps: cut::gaps(audit, ids, zone),
            mainly: cut::mainly(audit, ids, zone),
            cuts: cut::tables(audit, ids, zone),
            causes: audit.causes.iter().map(|cause| (ids.name(&cause.words), cause.events)).collect(),
            excluded: excluded(audit, ids),
            money: money_lines(audit),
            repair: repair(audit),
            deadline: deadline(audit, zone),
            runs: facts.runs.iter().take(RUNS_MAX).map(|run| run_line(run, zone)).collect(),
            missing: facts.missing.iter().filter_map(|row| missing_line(row, facts)).collect(),
            missing_unlisted: audit.totals.missing().saturating_sub(length(facts.missing.len())),
            sums: sums(&audit.totals),
        }
    }
}

fn pixels(facts: &ReportFacts<'_>) -> String {
    let shown = facts.audit.pixels.iter().map(|pixel| {
        let id = facts.ids.show(pixel.as_str());
        let name = facts.names.iter().find(|(known, _)| known == pixel);
        name.map_or_else(|| id.clone(), |(_, name)| format!("{} ({id})", facts.ids.name(name)))
    });
    let shown: Vec<String> = shown.collect();
    match shown.as_slice() {
        [] => "no pixel".to_owned(),
        [one] => format!("pixel {one}"),
        several => format!("{} pixels: {}", count(length(several.len())), several.join(", ")),
    }
}

fn numbers(audit: &AuditResult, zone: Zone) -> [Number; 6] {
    let payments = audit.by_event.iter().find(|event| event.name.as_str() == PAYMENT);
    let payments = payments.map(|event| event.counts).unwrap_or_default();
    // Currency and amount stay on one line.
    let value = by_amount(&audit.value_missing)
        .into_iter()
        .map(|sum| money(&sum.currency, sum.amount).replace(' ', "\u{a0}"));
    let value: Vec<String> = value.collect();
    let totals = &audit.totals;
    let tone = |missing: u64| if missing > 0 { Tone::Bad } else { Tone::Plain };
    let number = |value: String, label, note: String, tone| Number { value, label, note, tone };
    let first = audit.clock.first_deadline_at.map(|at| format!("the first only until {}", zone.minute(at)));
    [
        number(
            words::coverage(&payments),
            "CompletePayment coverage",
            format!("{} of {} accepted", count(payments.delivered), count(payments.expected())),
            tone(payments.missing()),
        ),
        number(
            count(payments.missing()),
            "payments without an accepted server copy",
            value.join(", "),
            tone(payments.missing()),
        ),
        number(
            words::coverage(totals),
            "coverage of all events",
            format!("{} of {} accepted", count(totals.delivered), count(totals.expected())),
            tone(totals.missing()),
        ),
        number(
            count(totals.missing()),
            "events without an accepted server copy",
            format!("{} fired in the browser", count(totals.missing_browser_fired)),
            tone(totals.missing()),
        ),
        number(count(audit.clock.sendable), "can be sent again now", first.unwrap_or_default(), Tone::Plain),
        number(
            count(totals.excluded),
            "excluded on purpose",
            format!("of {} logged", count(totals.events)),
            Tone::Plain,
        ),
    ]
}

fn finding_line(finding: &Finding, ids: Ids) -> FindingLine {
    let fact = CHECKS.iter().find(|check| check.code == finding.code);
    FindingLine {
        code: finding.code,
        severity: finding.severity,
        events: finding.events,
        summary: ids.sentence(&finding.summary),
        evidence: finding.evidence.iter().take(EVIDENCE_MAX).map(|one| ids.sentence(one)).collect(),
        causes: fact.map(|fact| fact.causes).unwrap_or_default(),
        fix: ids.sentence(&finding.fix),
        command: ids.sentence(&finding.fix_command),
    }
}

fn day_cells(audit: &AuditResult, zone: Zone) -> Vec<(NaiveDate, HourCell)> {
    let days = audit.days.iter().filter_map(|day| {
        Some((zone.local_date(day.day)?, HourCell { expected: day.expected, missing: day.missing }))
    });
    days.collect()
}

pub(super) fn hour_cells(audit: &AuditResult, zone: Zone) -> Vec<(NaiveDate, u8, HourCell)> {
    let hours = audit.hours.iter().filter_map(|hour| {
        let cell = HourCell { expected: hour.expected, missing: hour.missing };
        Some((zone.local_date(hour.day)?, hour.hour, cell))
    });
    hours.collect()
}

/// `9 Nov 2026 – 16 Nov 2026`.
fn short_range(range: Range, zone: Zone) -> String {
    format!("{} – {}", zone.minute(range.since), zone.minute(range.until))
}

fn line(event: &EventCounts, audit: &AuditResult, ids: Ids) -> EventLine {
    let manager = event_map::fact(event.name.as_str()).and_then(|fact| fact.shown_as);
    let was = was(audit, Some(&event.name));
    let strength = keys::strength(event, audit);
    EventLine { manager, was, strength, ..counted(ids.name(event.name.as_str()), &event.counts) }
}

fn all(audit: &AuditResult) -> EventLine {
    EventLine { was: was(audit, None), ..counted("all".to_owned(), &audit.totals) }
}

/// The coverage of the period before, of one event or of all.
fn was(audit: &AuditResult, name: Option<&EventName>) -> Option<String> {
    let before = audit.previous.as_ref()?;
    let counts = name.map_or(before.totals, |name| before.event(name));
    (counts.expected() > 0).then(|| words::coverage(&counts))
}

fn counted(name: String, counts: &Counts) -> EventLine {
    EventLine {
        name,
        manager: None,
        counts: *counts,
        coverage: words::coverage(counts),
        is_known: counts.coverage_ppm().is_some(),
        was: None,
        legs: Legs {
            both: counts.delivered_browser_fired,
            server: counts.delivered.saturating_sub(counts.delivered_browser_fired),
            browser: counts.missing_browser_fired,
            neither: counts.missing_neither_leg,
            unknown: counts.missing_browser_unknown,
        },
        strength: Strength::default(),
    }
}

/// The mapped events that were expected, in the order of a funnel.
fn funnel(events: &[EventLine]) -> Vec<EventLine> {
    let mut steps: Vec<(u8, &EventLine)> = events
        .iter()
        .filter(|event| event.counts.expected() > 0)
        .filter_map(|event| Some((event_map::fact(&event.name)?.step, event)))
        .collect();
    steps.sort_by_key(|(step, _)| *step);
    steps.into_iter().map(|(_, event)| event.clone()).collect()
}

fn excluded(audit: &AuditResult, ids: Ids) -> Vec<(String, u64)> {
    let words = |row: &crate::audit::ExclusionCount| {
        let value = row.value.as_deref().map(|value| format!(": {}", ids.name(value)));
        (format!("{}{}", row.reason, value.unwrap_or_default()), row.events)
    };
    let mut rows: Vec<_> = audit.exclusions.iter().take(EXCLUDED_MAX).map(words).collect();
    let rest: u64 = audit.exclusions.iter().skip(EXCLUDED_MAX).map(|row| row.events).sum();
    if rest > 0 {
        rows.push(("further reasons and values".to_owned(), rest));
    }
    rows
}

fn money_lines(audit: &AuditResult) -> Vec<[String; 3]> {
    let lines = by_amount(&audit.value_missing).into_iter().map(|sum| {
        let amount = |amount| money(&sum.currency, amount);
        [super::super::escape_short(&sum.currency, 8), amount(sum.amount), amount(sum.neither_leg)]
    });
    lines.collect()
}

fn repair(audit: &AuditResult) -> Vec<RepairLine> {
    let clock = &audit.clock;
    let mut lines = vec![RepairLine {
        what: "can be sent now".to_owned(),
        events: clock.sendable,
        why: "inside 47 h TikTok drops a second copy, so sending again cannot count twice",
    }];
    lines.extend(clock.held.iter().map(|(class, events): &(HeldClass, u64)| RepairLine {
        what: format!("held: {}", class.code()),
        events: *events,
        why: reasons::held(*class),
    }));
    lines.push(RepairLine {
        what: "cannot be sent".to_owned(),
        events: clock.unsendable,
        why: "makegood events --verdict missing names the reason of each",
    });
    lines.retain(|line| line.events > 0);
    lines
}

fn deadline(audit: &AuditResult, zone: Zone) -> Option<String> {
    let at = audit.clock.first_deadline_at?;
    let what = count_of(audit.clock.sendable, "event", "events");
    Some(format!(
        "{what} can be sent again without counting twice; the first becomes unsafe on {} (in {}).",
        zone.minute(at),
        at.since(audit.now)
    ))
}

fn missing_line(row: &EventRow, facts: &ReportFacts<'_>) -> Option<MissingLine> {
    let (ids, view) = (facts.ids, View::plain(facts.zone));
    Some(MissingLine {
        at: facts.zone.local(row.at)?,
        event: ids.name(row.name.as_str()),
        id: ids.show(&row.id.to_string()),
        campaign: row.campaign.as_ref().map(|campaign| ids.name(campaign.as_str())).unwrap_or_default(),
        value: row.value,
        currency: super::super::escape_short(row.currency.as_deref().unwrap_or_default(), 8),
        verdict: row.verdict.word().replace('_', " "),
        reason: reasons::verdict(&row.verdict).unwrap_or_default(),
        browser: match row.browser_fired {
            Some(true) => "fired",
            Some(false) => "not seen",
            None => "",
        },
        safe_until: safe_until(row, facts.audit.now, &view),
    })
}

fn run_line(run: &PastRun, zone: Zone) -> RunLine {
    RunLine {
        run: run.run,
        at: zone.minute(run.started_at),
        counts: [run.planned, run.accepted, run.refused, run.unknown, run.held],
        is_open: run.is_open,
    }
}

/// The two formulas of product 5 with this data's numbers.
fn sums(totals: &Counts) -> Vec<String> {
    let mut lines = vec![format!(
        "expected = logged − excluded − waiting = {} − {} − {} = {}",
        count(totals.events),
        count(totals.excluded),
        count(totals.waiting),
        count(totals.expected())
    )];
    lines.push(format!(
        "missing = refused + unknown + never sent = {} + {} + {} = {}",
        count(totals.refused),
        count(totals.unknown),
        count(totals.never_sent),
        count(totals.missing())
    ));
    if totals.coverage_ppm().is_none() {
        lines.push(
            "coverage = delivered ÷ expected: not known, because no server receipt was logged".to_owned(),
        );
        return lines;
    }
    let known = totals.expected().saturating_sub(totals.without_log);
    lines.push(format!(
        "coverage = delivered ÷ expected = {} ÷ {} = {}",
        count(totals.delivered),
        count(known),
        percent(totals.delivered, known)
    ));
    if totals.without_log > 0 {
        lines.push(format!(
            "{} of pixels without any server receipt are left out of the coverage",
            count_of(totals.without_log, "expected event", "expected events")
        ));
    }
    if totals.unverified > 0 {
        lines.push(format!(
            "{} logged with an HTTP status and no code: if all of them were accepted, the coverage is {}",
            count_of(totals.unverified, "answer was", "answers were"),
            percent(totals.delivered + totals.unverified, known)
        ));
    }
    lines
}
