//! The contracts that other programs rely on, as JSON (product 10). Fields are added, never renamed.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::audit::{AuditResult, Counts, Dimension, Money, wilson};
use crate::domain::{Amount, Finding, MatchKey};

use super::{comparison, slices_json};

#[derive(Serialize)]
struct AuditJson<'a> {
    schema: &'static str,
    now: String,
    since: String,
    until: String,
    totals: TotalsJson<'a>,
    by_event: Vec<EventJson<'a>>,
    match_keys: Vec<MatchKeyJson<'a>>,
    match_strength_weights: BTreeMap<&'static str, u32>,
    findings: Vec<FindingJson<'a>>,
    clock: ClockJson,
    orphans: u64,
    exclusions: Vec<ExclusionJson<'a>>,
    timezone: &'static str,
    days: Vec<slices_json::DayJson>,
    previous: Option<slices_json::PreviousJson<'a>>,
    concentrated: Vec<slices_json::ConcentrationJson<'a>>,
    ignored: Vec<slices_json::IgnoredJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison: Option<comparison::ComparisonJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<super::CoverageJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<slices_json::ByJson>,
}

#[derive(Serialize)]
struct CountsJson<'a> {
    events: u64,
    excluded: u64,
    waiting: u64,
    expected: u64,
    delivered: u64,
    delivered_browser_fired: u64,
    refused: u64,
    unknown: u64,
    unverified: u64,
    never_sent: u64,
    missing: u64,
    missing_browser_fired: u64,
    missing_neither_leg: u64,
    missing_browser_unknown: u64,
    coverage: Option<f64>,
    /// Of the coverage, at 95 %.
    coverage_interval: Option<[f64; 2]>,
    accuracy: Option<f64>,
    value_missing: Vec<MoneyJson<'a>>,
}

/// The totals: what the counts of one event do not have.
#[derive(Serialize)]
struct TotalsJson<'a> {
    #[serde(flatten)]
    counts: CountsJson<'a>,
    value_not_creditable: Vec<SumJson<'a>>,
    possibly_double: Vec<SumJson<'a>>,
}

#[derive(Serialize)]
struct SumJson<'a> {
    currency: &'a str,
    amount: String,
}

#[derive(Serialize)]
struct EventJson<'a> {
    event: &'a str,
    /// Ours, weighted by `match_strength_weights`; null: too few events.
    match_strength: Option<f64>,
    #[serde(flatten)]
    counts: CountsJson<'a>,
}

#[derive(Serialize)]
struct MoneyJson<'a> {
    currency: &'a str,
    amount: String,
    neither_leg: String,
}

#[derive(Serialize)]
struct MatchKeyJson<'a> {
    event: &'a str,
    key: &'static str,
    present: u64,
    valid: u64,
    total: u64,
    judged: u64,
    /// Of valid ÷ judged, at 95 %.
    interval: Option<[f64; 2]>,
}

/// A finding as other programs see it.
#[derive(Serialize)]
pub(super) struct FindingJson<'a> {
    code: &'a str,
    severity: &'static str,
    events: u64,
    summary: &'a str,
    evidence: &'a [String],
    fix: &'a str,
    fix_command: &'a str,
}

#[derive(Serialize)]
struct ClockJson {
    sendable: u64,
    held: Vec<HeldJson>,
    unsendable: u64,
    first_deadline_at: Option<String>,
}

#[derive(Serialize)]
struct HeldJson {
    class: &'static str,
    events: u64,
}

#[derive(Serialize)]
struct ExclusionJson<'a> {
    reason: &'static str,
    value: Option<&'a str>,
    events: u64,
}

/// The audit by the contract `makegood.audit/1`, with a line end.
#[must_use]
pub fn audit(result: &AuditResult) -> String {
    pretty(&document(result, None))
}

/// The same, with the expected keys by one dimension.
#[must_use]
pub fn audit_by(result: &AuditResult, dimension: Dimension) -> String {
    pretty(&document(result, Some(dimension)))
}

/// The same on one line, for pipes that read a document per line.
#[must_use]
pub fn audit_line(result: &AuditResult, dimension: Option<Dimension>) -> String {
    line(&document(result, dimension))
}

fn document(result: &AuditResult, by: Option<Dimension>) -> AuditJson<'_> {
    AuditJson {
        schema: "makegood.audit/1",
        now: result.now.to_string(),
        since: result.range.since.to_string(),
        until: result.range.until.to_string(),
        totals: TotalsJson {
            counts: counts(&result.totals, &result.value_missing),
            value_not_creditable: sums(&result.value_not_creditable),
            possibly_double: sums(&result.possibly_double),
        },
        by_event: result
            .by_event
            .iter()
            .map(|event| {
                let payments = event.name.as_str() == super::words::PAYMENT;
                let sums: &[Money] = if payments { &result.value_missing } else { &[] };
                EventJson {
                    event: event.name.as_str(),
                    match_strength: event.strength_ppm(&result.key_weights).and_then(share),
                    counts: counts(&event.counts, sums),
                }
            })
            .collect(),
        match_keys: match_keys(result),
        match_strength_weights: weights(result),
        findings: result.findings.iter().map(finding).collect(),
        clock: ClockJson {
            sendable: result.clock.sendable,
            held: result
                .clock
                .held
                .iter()
                .map(|(class, events)| HeldJson { class: class.code(), events: *events })
                .collect(),
            unsendable: result.clock.unsendable,
            first_deadline_at: result.clock.first_deadline_at.map(|at| at.to_string()),
        },
        orphans: result.orphans,
        exclusions: result
            .exclusions
            .iter()
            .map(|exclusion| ExclusionJson {
                reason: exclusion.reason,
                value: exclusion.value.as_deref(),
                events: exclusion.events,
            })
            .collect(),
        timezone: result.zone.name(),
        days: slices_json::days(result),
        previous: slices_json::previous(result),
        concentrated: slices_json::concentrated(result),
        ignored: slices_json::ignored(result),
        comparison: result.comparison.as_ref().map(comparison::comparison_json),
        cluster: result.cluster.as_ref().map(super::coverage_json),
        by: by.map(|dimension| slices_json::by(result, dimension)),
    }
}

fn sums(sums: &[(Arc<str>, Amount)]) -> Vec<SumJson<'_>> {
    sums.iter().map(|(currency, amount)| SumJson { currency, amount: amount.to_string() }).collect()
}

fn weights(result: &AuditResult) -> BTreeMap<&'static str, u32> {
    MatchKey::ALL.into_iter().map(|key| (key.name(), result.key_weights.of(key))).collect()
}

/// Millionths as a number between 0 and 1.
fn share(ppm: u64) -> Option<f64> {
    u32::try_from(ppm).ok().map(from_ppm)
}

fn match_keys(result: &AuditResult) -> Vec<MatchKeyJson<'_>> {
    let rows = result.by_event.iter().flat_map(|event| {
        event.match_keys.iter().map(|key| MatchKeyJson {
            event: event.name.as_str(),
            key: key.key.name(),
            present: key.present,
            valid: key.valid,
            total: key.total,
            judged: key.judged,
            interval: wilson(key.valid.min(key.judged), key.judged),
        })
    });
    rows.collect()
}

pub(super) fn finding(finding: &Finding) -> FindingJson<'_> {
    let Finding { code, severity, events, summary, evidence, fix, fix_command } = finding;
    FindingJson { code, severity: severity.word(), events: *events, summary, evidence, fix, fix_command }
}

fn counts<'a>(counts: &Counts, sums: &'a [Money]) -> CountsJson<'a> {
    let Counts {
        events,
        excluded,
        waiting,
        delivered,
        delivered_browser_fired,
        refused,
        unknown,
        unverified,
        never_sent,
        missing_browser_fired,
        missing_neither_leg,
        missing_browser_unknown,
        without_log,
    } = *counts;
    CountsJson {
        events,
        excluded,
        waiting,
        expected: counts.expected(),
        delivered,
        delivered_browser_fired,
        refused,
        unknown,
        unverified,
        never_sent,
        missing: counts.missing(),
        missing_browser_fired,
        missing_neither_leg,
        missing_browser_unknown,
        coverage: counts.coverage_ppm().map(from_ppm),
        coverage_interval: counts
            .coverage_ppm()
            .and_then(|_| wilson(counts.delivered, counts.expected().saturating_sub(without_log))),
        accuracy: accuracy_ppm(counts).map(from_ppm),
        value_missing: sums
            .iter()
            .map(|sum| MoneyJson {
                currency: &sum.currency,
                amount: sum.amount.to_string(),
                neither_leg: sum.neither_leg.to_string(),
            })
            .collect(),
    }
}

/// (delivered + excluded) ÷ (events − waiting) in millionths, rounded down: the share of events
/// that ended as they should. `None` where there is no coverage to go by.
fn accuracy_ppm(counts: &Counts) -> Option<u32> {
    let settled = counts.events.checked_sub(counts.waiting).filter(|n| *n > 0)?;
    if counts.expected() > 0 {
        counts.coverage_ppm()?;
    }
    let right = u128::from(counts.delivered) + u128::from(counts.excluded);
    u32::try_from(right * 1_000_000 / u128::from(settled)).ok()
}

pub(super) fn from_ppm(ppm: u32) -> f64 {
    f64::from(ppm) / 1e6
}

/// A document on several lines, with a line end. What is serialised here cannot fail: no maps with
/// keys that are no strings, no foreign `Serialize`.
#[must_use]
pub fn pretty(document: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}

/// A document on one line, with a line end.
pub(super) fn line(document: &impl Serialize) -> String {
    let mut text = serde_json::to_string(document).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::super::tests_support::result;
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_audit_has_every_field_of_its_contract() {
        let document: Value = serde_json::from_str(&audit(&result())).unwrap();
        assert_eq!(document["schema"], "makegood.audit/1");
        assert_eq!(document["now"], "2026-11-02T00:00:00Z");
        assert_eq!(document["since"], "2026-10-01T00:00:00Z");
        let counts = [
            "events",
            "excluded",
            "waiting",
            "expected",
            "delivered",
            "refused",
            "unknown",
            "never_sent",
            "missing",
            "missing_browser_fired",
            "missing_neither_leg",
            "missing_browser_unknown",
            "coverage",
            "accuracy",
            "value_missing",
        ];
        for field in counts {
            assert!(document["totals"].get(field).is_some(), "totals.{field}");
            assert!(document["by_event"][0].get(field).is_some(), "by_event.{field}");
        }
        assert_eq!(document["totals"]["coverage"], 0.804_347);
        assert_eq!(document["totals"]["accuracy"], 0.871_428);
        assert_eq!(
            document["totals"]["value_missing"][0],
            serde_json::json!({"currency": "USD", "amount": "119.85", "neither_leg": "79.88"})
        );
        assert_eq!(
            document["totals"]["value_not_creditable"][0],
            serde_json::json!({"currency": "USD", "amount": "9.99"})
        );
        assert_eq!(document["totals"]["possibly_double"], serde_json::json!([]));
        assert_eq!(document["by_event"][0]["event"], "CompletePayment");
        assert_eq!(document["match_keys"].as_array().unwrap().len(), 7 * result().by_event.len());
        assert_eq!(
            document["match_keys"][0],
            serde_json::json!({"event": "CompletePayment", "key": "ttclid", "present": 25, "valid": 24, "total": 46, "judged": 46, "interval": [0.381_374, 0.658_753]})
        );
        for field in ["code", "severity", "events", "summary", "fix_command"] {
            assert!(document["findings"][0].get(field).is_some(), "findings.{field}");
        }
        assert_eq!(
            document["clock"]["held"][0],
            serde_json::json!({"class": "late-browser-fired", "events": 3})
        );
        assert_eq!(document["clock"]["first_deadline_at"], "2026-11-02T05:00:00Z");
    }

    #[test]
    fn nothing_to_judge_is_null_and_not_zero() {
        let none = Counts { events: 3, waiting: 3, ..Counts::default() };
        assert_eq!(accuracy_ppm(&none), None);
        let excluded = Counts { events: 3, excluded: 3, ..Counts::default() };
        assert_eq!(accuracy_ppm(&excluded), Some(1_000_000));
    }

    #[test]
    fn the_same_result_gives_the_same_bytes() {
        assert_eq!(audit(&result()), audit(&result()));
    }
}
