//! What a backfill did, in words and by its contract.

use std::fmt::Write as _;

use serde::Serialize;

use crate::audit::Counts;
use crate::domain::RunId;

use super::number::{count, percent};
use super::words::wrap;
use super::{View, json, words};

/// What a run did.
#[derive(Clone, Debug, Default)]
pub struct RunReport {
    /// The run; `None`: a dry one.
    pub run: Option<RunId>,
    /// Keys of the plan.
    pub planned: u64,
    /// Accepted.
    pub accepted: u64,
    /// Refused, each alone.
    pub refused: u64,
    /// Outcome not known.
    pub unknown: u64,
    /// Held by the plan.
    pub held: u64,
    /// Cannot be sent as they are.
    pub unsendable: u64,
    /// Their deadline passed meanwhile.
    pub expired: u64,
    /// Taken by another worker, or accepted meanwhile.
    pub passed: u64,
    /// The run stopped before them.
    pub left: u64,
    /// Requests made.
    pub requests: u64,
    /// Milliseconds it took.
    pub elapsed_ms: u64,
    /// Coverage before.
    pub before: Counts,
    /// Coverage after; `None`: nothing was sent.
    pub after: Option<Counts>,
    /// With a test event code: it delivered nothing.
    pub test: bool,
}

#[derive(Serialize)]
struct SummaryJson {
    r#type: &'static str,
    run: Option<i64>,
    planned: u64,
    accepted: u64,
    refused: u64,
    unknown: u64,
    held: u64,
    unsendable: u64,
    expired: u64,
    passed: u64,
    left: u64,
    requests: u64,
    seconds: f64,
    coverage_before: Option<f64>,
    coverage_after: Option<f64>,
    exit_code: u8,
}

/// The last line of a run, by its contract.
#[must_use]
pub fn summary_line(run: &RunReport, exit_code: u8) -> String {
    let coverage = |counts: &Counts| counts.coverage_ppm().map(|ppm| f64::from(ppm) / 1e6);
    json::line(&SummaryJson {
        r#type: "summary",
        run: run.run.map(RunId::value),
        planned: run.planned,
        accepted: run.accepted,
        refused: run.refused,
        unknown: run.unknown,
        held: run.held,
        unsendable: run.unsendable,
        expired: run.expired,
        passed: run.passed,
        left: run.left,
        requests: run.requests,
        seconds: f64::from(u32::try_from(run.elapsed_ms).unwrap_or(u32::MAX)) / 1e3,
        coverage_before: coverage(&run.before),
        coverage_after: run.after.as_ref().and_then(coverage),
        exit_code,
    })
}

/// What a run did, in words.
#[must_use]
pub fn summary(run: &RunReport, view: &View) -> String {
    let mut parts = Vec::new();
    for (n, word) in [
        (run.accepted, "accepted"),
        (run.refused, "refused"),
        (run.unknown, "with an unknown outcome"),
        (run.expired, "past their deadline meanwhile"),
        (run.passed, "taken care of meanwhile"),
        (run.left, "not reached"),
    ] {
        if n > 0 {
            parts.push(format!("{} {word}", count(n)));
        }
    }
    let mut text =
        format!("Sent {} of {} planned", count(run.accepted + run.refused + run.unknown), count(run.planned));
    if !parts.is_empty() {
        let _ = write!(text, ": {}", parts.join(", "));
    }
    text.push('.');
    if run.test {
        text.push_str(" With a test event code nothing is delivered: look at Events Manager → Test events.");
    } else if let Some(after) = &run.after {
        let _ = write!(text, " Coverage {} → {}.", words::coverage(&run.before), words::coverage(after));
        if after.missing() > 0 {
            let share = percent(after.missing(), after.expected());
            let _ = write!(text, " Still missing: {} ({share}).", count(after.missing()));
        }
    }
    if run.held > 0 {
        let _ = write!(text, " Held: {}.", count(run.held));
    }
    wrap(&text, 0, view.width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_has_every_field_of_its_contract() {
        let run = RunReport {
            run: Some(RunId::new(7)),
            planned: 3,
            accepted: 2,
            unknown: 1,
            elapsed_ms: 1500,
            ..RunReport::default()
        };
        let document: serde_json::Value = serde_json::from_str(&summary_line(&run, 3)).unwrap();
        for field in
            ["type", "run", "planned", "accepted", "refused", "unknown", "held", "unsendable", "seconds"]
        {
            assert!(document.get(field).is_some(), "{field}");
        }
        assert_eq!(document["type"], "summary");
        assert_eq!(document["seconds"], 1.5);
    }
}
