//! Slices, days and the period before, as JSON. Fields are added, never renamed.

use serde::Serialize;

use crate::audit::{
    AuditResult, Concentration, DayCounts, Dimension, Ignored, Previous, SliceRow, SliceValue,
};
use crate::domain::{CampaignId, EventName, IgnorePolicy};

use super::Zone;
use super::slices::{slice_value, slices_of};

/// The expected keys of a local day.
#[derive(Serialize)]
pub(super) struct DayJson {
    date: String,
    since: String,
    expected: u64,
    delivered: u64,
    missing: u64,
    purchases_missing: u64,
}

/// A place where the gap is concentrated.
#[derive(Serialize)]
pub(super) struct ConcentrationJson<'a> {
    gap: &'static str,
    by: &'static str,
    value: Option<String>,
    events: u64,
    of: u64,
    elsewhere: u64,
    elsewhere_of: u64,
    mostly: Option<&'a str>,
}

/// What a rule of the config ignores.
#[derive(Serialize)]
pub(super) struct IgnoredJson<'a> {
    code: Option<&'static str>,
    campaign: Option<&'a str>,
    event: Option<&'a str>,
    reason: &'a str,
    until: String,
    events: u64,
}

/// The period before.
#[derive(Serialize)]
pub(super) struct PreviousJson<'a> {
    since: String,
    until: String,
    totals: BeforeJson,
    by_event: Vec<EventBeforeJson<'a>>,
}

#[derive(Serialize)]
struct EventBeforeJson<'a> {
    event: &'a str,
    #[serde(flatten)]
    counts: BeforeJson,
}

#[derive(Serialize)]
struct BeforeJson {
    events: u64,
    excluded: u64,
    expected: u64,
    delivered: u64,
    missing: u64,
    coverage: Option<f64>,
}

/// The slices that were asked for.
#[derive(Serialize)]
pub(super) struct ByJson {
    dimension: &'static str,
    rows: Vec<SliceJson>,
}

#[derive(Serialize)]
struct SliceJson {
    value: Option<String>,
    /// All values beyond the first thousand together.
    rest: bool,
    expected: u64,
    delivered: u64,
    missing: u64,
    refused: u64,
    unknown: u64,
    never_sent: u64,
    judged: u64,
    keyless: u64,
}

pub(super) fn days(result: &AuditResult) -> Vec<DayJson> {
    let zone = Zone(result.zone);
    let day = |DayCounts { day, expected, delivered, missing, purchases_missing }: &DayCounts| DayJson {
        date: zone.date(*day),
        since: day.to_string(),
        expected: *expected,
        delivered: *delivered,
        missing: *missing,
        purchases_missing: *purchases_missing,
    };
    result.days.iter().map(day).collect()
}

pub(super) fn concentrated(result: &AuditResult) -> Vec<ConcentrationJson<'_>> {
    let zone = Zone(result.zone);
    let rows = result.concentrated.iter().map(|one| {
        let Concentration { flaw, dimension, value, events, of, elsewhere, elsewhere_of, mostly } = one;
        ConcentrationJson {
            gap: flaw.word(),
            by: dimension.word(),
            value: slice_value(value, zone),
            events: *events,
            of: *of,
            elsewhere: *elsewhere,
            elsewhere_of: *elsewhere_of,
            mostly: mostly.as_deref(),
        }
    });
    rows.collect()
}

pub(super) fn ignored(result: &AuditResult) -> Vec<IgnoredJson<'_>> {
    let rules = result.ignored.iter().map(|Ignored { rule, events }| {
        let IgnorePolicy { code, campaign, event, reason, until } = rule;
        IgnoredJson {
            code: *code,
            campaign: campaign.as_ref().map(CampaignId::as_str),
            event: event.as_ref().map(EventName::as_str),
            reason,
            until: until.to_string(),
            events: *events,
        }
    });
    rules.collect()
}

pub(super) fn previous(result: &AuditResult) -> Option<PreviousJson<'_>> {
    let Previous { range, totals, by_event } = result.previous.as_ref()?;
    let counts = |counts: &crate::audit::Counts| BeforeJson {
        events: counts.events,
        excluded: counts.excluded,
        expected: counts.expected(),
        delivered: counts.delivered,
        missing: counts.missing(),
        coverage: counts.coverage_ppm().map(super::json::from_ppm),
    };
    let events =
        by_event.iter().map(|(name, event)| EventBeforeJson { event: name.as_str(), counts: counts(event) });
    Some(PreviousJson {
        since: range.since.to_string(),
        until: range.until.to_string(),
        totals: counts(totals),
        by_event: events.collect(),
    })
}

pub(super) fn by(result: &AuditResult, dimension: Dimension) -> ByJson {
    let zone = Zone(result.zone);
    let row = |SliceRow { value, counts }: &SliceRow| SliceJson {
        value: slice_value(value, zone),
        rest: *value == SliceValue::Rest,
        expected: counts.expected,
        delivered: counts.delivered,
        missing: counts.missing(),
        refused: counts.refused,
        unknown: counts.unknown,
        never_sent: counts.never_sent,
        judged: counts.judged,
        keyless: counts.keyless,
    };
    ByJson { dimension: dimension.word(), rows: slices_of(result, dimension).iter().map(row).collect() }
}
