//! What an audit found, as values.

use std::sync::Arc;

use chrono_tz::Tz;

use crate::domain::{
    Amount, ClusterCoverage, EventName, Finding, HeldClass, KeyWeights, MatchKey, PixelCode, Range, TimeMs,
};

use super::{Comparison, Concentration, Ignored, Slices};

/// The counts of product 5, of one event or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Logged keys.
    pub events: u64,
    /// Not TikTok's.
    pub excluded: u64,
    /// Younger than the grace period.
    pub waiting: u64,
    /// Accepted.
    pub delivered: u64,
    /// Of `delivered`: the browser fired too.
    pub delivered_browser_fired: u64,
    /// Every answer a definite error.
    pub refused: u64,
    /// Outcome not known.
    pub unknown: u64,
    /// Of `unknown`: the log records only HTTP 2xx.
    pub unverified: u64,
    /// No server receipt.
    pub never_sent: u64,
    /// Missing, and the browser fired.
    pub missing_browser_fired: u64,
    /// Missing, and a browser log does not have it.
    pub missing_neither_leg: u64,
    /// Missing, and there is no browser log.
    pub missing_browser_unknown: u64,
    /// Missing keys of pixels without any server receipt: nobody knows what was sent, so they have no
    /// coverage.
    pub without_log: u64,
}

impl Counts {
    /// Logged, not excluded, not waiting.
    #[must_use]
    pub const fn expected(&self) -> u64 {
        self.delivered + self.missing()
    }

    /// Without an accepted server copy.
    #[must_use]
    pub const fn missing(&self) -> u64 {
        self.refused + self.unknown + self.never_sent
    }
}

/// Presence and validity of one match key on one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyCoverage {
    /// The match key.
    pub key: MatchKey,
    /// Non-excluded events with a non-empty field of their own.
    pub present: u64,
    /// Of those, with a value that TikTok can use.
    pub valid: u64,
    /// Non-excluded events that could carry it: an address only where it could be known.
    pub judged: u64,
    /// Non-excluded events.
    pub total: u64,
}

/// The counts of one event.
#[derive(Clone, Debug)]
pub struct EventCounts {
    /// TikTok's name, or the logged one where it is not mapped.
    pub name: EventName,
    /// Its counts.
    pub counts: Counts,
    /// Its match keys, all seven.
    pub match_keys: [KeyCoverage; 7],
}

/// Money of one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Money {
    /// The currency, in upper case.
    pub currency: Arc<str>,
    /// Sum of value over missing CompletePayment keys.
    pub amount: Amount,
    /// Of that, the part seen on neither leg.
    pub neither_leg: Amount,
}

/// The 48-hour clock of what is missing.
#[derive(Clone, Debug, Default)]
pub struct ClockCounts {
    /// Keys that a backfill would send now.
    pub sendable: u64,
    /// Held keys by class.
    pub held: Vec<(HeldClass, u64)>,
    /// Keys that cannot be sent as they are.
    pub unsendable: u64,
    /// When the first sendable key becomes unsafe.
    pub first_deadline_at: Option<TimeMs>,
}

/// A missing key's cause and how often it occurs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// `refused 40002`, `never sent`, `unknown 50000`, …
    pub words: String,
    /// How many keys.
    pub events: u64,
}

/// Excluded keys by reason and literal value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExclusionCount {
    /// The reason's code.
    pub reason: &'static str,
    /// The literal value: the source, the name. Hostile text.
    pub value: Option<Arc<str>>,
    /// How many keys.
    pub events: u64,
}

/// One local day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayCounts {
    /// Its first instant.
    pub day: TimeMs,
    /// Expected keys.
    pub expected: u64,
    /// Accepted keys.
    pub delivered: u64,
    /// Missing keys.
    pub missing: u64,
    /// Missing CompletePayment keys.
    pub purchases_missing: u64,
}

/// One hour of a local day. An hour that the clocks show twice is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HourCounts {
    /// The day's first instant.
    pub day: TimeMs,
    /// The hour that the clocks show, 0 to 23.
    pub hour: u8,
    /// Expected keys.
    pub expected: u64,
    /// Accepted keys.
    pub delivered: u64,
    /// Missing keys.
    pub missing: u64,
    /// Missing CompletePayment keys.
    pub purchases_missing: u64,
}

/// The period of the same length just before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous {
    /// Its time span.
    pub range: Range,
    /// All events together.
    pub totals: Counts,
    /// Each event, by name.
    pub by_event: Vec<(EventName, Counts)>,
}

impl Previous {
    /// The counts of an event; nothing where it did not happen.
    #[must_use]
    pub fn event(&self, name: &EventName) -> Counts {
        let found = self.by_event.iter().find(|(known, _)| known == name);
        found.map(|(_, counts)| *counts).unwrap_or_default()
    }
}

/// What an audit found.
#[derive(Debug)]
pub struct AuditResult {
    /// The moment of the audit.
    pub now: TimeMs,
    /// The time span.
    pub range: Range,
    /// The zone of its days and hours.
    pub zone: Tz,
    /// Pixels seen.
    pub pixels: Vec<PixelCode>,
    /// How much each match key counts.
    pub key_weights: KeyWeights,
    /// All events together.
    pub totals: Counts,
    /// Each event; CompletePayment first, the rest by the order of sending, unmapped names last.
    pub by_event: Vec<EventCounts>,
    /// Missing CompletePayment value per currency.
    pub value_missing: Vec<Money>,
    /// Per currency, the value of accepted purchases that TikTok can hardly credit to an ad.
    pub value_not_creditable: Vec<(Arc<str>, Amount)>,
    /// Per currency, the value of purchases that TikTok may have counted a second time.
    pub possibly_double: Vec<(Arc<str>, Amount)>,
    /// Why keys are missing, most frequent first.
    pub causes: Vec<Cause>,
    /// What was excluded and why, most frequent first.
    pub exclusions: Vec<ExclusionCount>,
    /// Local days of the range with at least one expected key.
    pub days: Vec<DayCounts>,
    /// Hours of those days with at least one expected key.
    pub hours: Vec<HourCounts>,
    /// The period before; `None` where the logs do not reach back so far.
    pub previous: Option<Previous>,
    /// Expected keys cut by each dimension, in the order of [`super::Dimension::ALL`].
    pub slices: Vec<Slices>,
    /// Where the gap is concentrated.
    pub concentrated: Vec<Concentration>,
    /// Receipts without an event.
    pub orphans: u64,
    /// Our counts beside TikTok's own, where somebody asked.
    pub comparison: Option<Comparison>,
    /// What a cluster counted over all hosts, where one did, of the audited days.
    pub cluster: Option<ClusterCoverage>,
    /// Findings that the config ignores.
    pub ignored: Vec<Ignored>,
    /// Findings, by severity, then events, then code.
    pub findings: Vec<Finding>,
    /// The clock.
    pub clock: ClockCounts,
}
