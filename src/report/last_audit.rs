//! The last audit, as `status` tells of it later.

use serde::{Deserialize, Serialize};

use crate::audit::{AuditResult, Counts};
use crate::domain::{Range, TimeMs};

use super::json::from_ppm;
use super::number::{count, percent};
use super::words::PAYMENT;
use super::{View, when};

/// What an audit of all events had to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastAudit {
    /// When it was made.
    pub at: TimeMs,
    /// What it looked at.
    pub range: Range,
    /// Keys that should have an accepted server copy.
    pub expected: u64,
    /// Those of them without one.
    pub missing: u64,
    /// Expected `CompletePayment` keys.
    pub orders_expected: u64,
    /// Those of them without an accepted server copy.
    pub orders_missing: u64,
    /// Coverage in millionths; `None`: there is none to tell, such as without any receipt log.
    pub coverage_ppm: Option<u32>,
}

/// How it is kept, and how `--json` shows it.
#[derive(Serialize, Deserialize)]
pub(super) struct LastAuditJson {
    at: String,
    since: String,
    until: String,
    expected: u64,
    missing: u64,
    orders_expected: u64,
    orders_missing: u64,
    coverage: Option<f64>,
}

impl LastAudit {
    /// What is to be known later of an audit.
    #[must_use]
    pub fn of(result: &AuditResult) -> Self {
        let orders = result.by_event.iter().find(|event| event.name.as_str() == PAYMENT);
        let orders: Counts = orders.map(|event| event.counts).unwrap_or_default();
        Self {
            at: result.now,
            range: result.range,
            expected: result.totals.expected(),
            missing: result.totals.missing(),
            orders_expected: orders.expected(),
            orders_missing: orders.missing(),
            coverage_ppm: result.totals.coverage_ppm(),
        }
    }

    /// The text under which it is kept.
    #[must_use]
    pub fn to_json(&self) -> String {
        super::json::line(&self.wire()).trim_end().to_owned()
    }

    /// Reads the text under which it was kept; `None` of any other.
    #[must_use]
    pub fn from_json(text: &str) -> Option<Self> {
        let LastAuditJson { at, since, until, expected, missing, orders_expected, orders_missing, coverage } =
            serde_json::from_str(text).ok()?;
        Some(Self {
            at: when::read(&at)?,
            range: Range { since: when::read(&since)?, until: when::read(&until)? },
            expected,
            missing,
            orders_expected,
            orders_missing,
            coverage_ppm: coverage.and_then(|share| format!("{:.0}", share * 1e6).parse().ok()),
        })
    }

    pub(super) fn wire(&self) -> LastAuditJson {
        let Self { at, range, expected, missing, orders_expected, orders_missing, coverage_ppm } = *self;
        LastAuditJson {
            at: at.to_string(),
            since: range.since.to_string(),
            until: range.until.to_string(),
            expected,
            missing,
            orders_expected,
            orders_missing,
            coverage: coverage_ppm.map(from_ppm),
        }
    }

    /// Its result and its range, in words.
    pub(super) fn words(&self, view: &View) -> String {
        let coverage = match self.coverage_ppm {
            Some(ppm) => format!("coverage {}", percent(ppm.into(), 1_000_000)),
            None => "coverage not known".to_owned(),
        };
        format!(
            "{coverage}: {} of {} orders and {} of all {} events were missing; {}",
            count(self.orders_missing),
            count(self.orders_expected),
            count(self.missing),
            count(self.expected),
            view.zone.range(self.range),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Zone;

    fn last() -> LastAudit {
        LastAudit {
            at: TimeMs::from_ms(1_763_640_000_000),
            range: Range {
                since: TimeMs::from_ms(1_763_078_400_000),
                until: TimeMs::from_ms(1_763_683_200_000),
            },
            expected: 15_554,
            missing: 878,
            orders_expected: 568,
            orders_missing: 37,
            coverage_ppm: Some(943_551),
        }
    }

    #[test]
    fn what_is_kept_is_read_back() {
        for last in [last(), LastAudit { coverage_ppm: None, ..last() }] {
            assert_eq!(LastAudit::from_json(&last.to_json()), Some(last));
        }
        assert_eq!(LastAudit::from_json("{}"), None);
        assert_eq!(LastAudit::from_json(&last().to_json().replace("2025", "20x5")), None);
    }

    #[test]
    fn it_says_what_was_missing_of_what() {
        let view = View::plain(Zone::UTC);
        assert_eq!(
            last().words(&view),
            "coverage 94.4 %: 37 of 568 orders and 878 of all 15,554 events were missing; \
             Fri 14 Nov 2025 00:00 – Fri 21 Nov 2025 00:00 · UTC"
        );
        let none = LastAudit { coverage_ppm: None, ..last() };
        assert!(none.words(&view).starts_with("coverage not known: 37 of"), "{}", none.words(&view));
    }
}
