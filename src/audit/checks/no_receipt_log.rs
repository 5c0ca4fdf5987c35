//! Expected events of a pixel, and not one server receipt: what was sent is not known.

use crate::domain::{Finding, Leg, PixelCode, ServerLog, Severity, Verdict};

use super::super::tally::Slots;
use super::super::{Check, CheckFact, Scope, Subject};
use super::known::expected_event;
use super::words::{events, quoted};
use super::{events_api_path, finding};

/// Its row of the catalogue.
pub(in crate::audit) const FACT: CheckFact = CheckFact {
    code: "no-receipt-log",
    severity: Severity::High,
    title: "A pixel has expected events and not one server receipt, so nobody knows what was sent.",
    causes: &[
        "The log of the server that sends to TikTok was not imported.",
        "The server leg was never set up for this pixel: no access token in the campaign.",
        "Its receipts name another pixel, or none.",
    ],
    fix: concat!(
        "Import the delivery log. If no server sends to this pixel, put its token in place (",
        events_api_path!(),
        "), or say server_log = \"none\" in its [[pixel]] so that a backfill may send everything.",
    ),
    fix_command: "makegood import",
    concerns,
    make: || Box::new(NoReceiptLog::default()),
};

#[derive(Default)]
struct NoReceiptLog {
    pixels: Slots<Option<PixelCode>, Pixel>,
}

#[derive(Default)]
struct Pixel {
    has_log: bool,
    expected: u64,
}

/// Whether the logs hold server receipts of a pixel, or the config says that none are to be expected.
pub(in crate::audit) fn has_log(pixel: Option<&PixelCode>, scope: &Scope<'_>) -> bool {
    let server_log = pixel.and_then(|pixel| scope.policy.pixel(pixel)).map(|pixel| pixel.server_log);
    server_log == Some(ServerLog::None) || scope.logs.newest_of(pixel).server_at.is_some()
}

fn concerns(subject: &Subject<'_>, scope: &Scope<'_>) -> bool {
    subject.verdict.is_some_and(Verdict::is_expected) && !has_log(subject.row.pixel.as_ref(), scope)
}

impl Check for NoReceiptLog {
    fn observe(&mut self, subject: &Subject<'_>, scope: &Scope<'_>) {
        let row = subject.row;
        let make = |pixel: &Option<PixelCode>| Pixel { has_log: has_log(pixel.as_ref(), scope), expected: 0 };
        let at = self.pixels.place(&row.pixel, || Some(None), make);
        let Some(pixel) = self.pixels.get_mut(at) else { return };
        if !pixel.has_log {
            // Undated receipts are in no log's newest times.
            pixel.has_log = row.receipts.iter().any(|one| one.leg == Leg::Server && !one.is_test);
        }
        let is_expected = subject.verdict.is_some_and(Verdict::is_expected);
        pixel.expected += u64::from(is_expected && expected_event(subject).is_some());
    }

    fn findings(&self, _: &Scope<'_>) -> Vec<Finding> {
        let silent: Vec<_> =
            self.pixels.iter().filter(|(_, pixel)| !pixel.has_log && pixel.expected > 0).collect();
        let total = silent.iter().map(|(_, pixel)| pixel.expected).sum();
        let mut evidence: Vec<_> = silent
            .iter()
            .map(|(code, pixel)| {
                let of = code.as_ref().map_or_else(
                    || "events without a pixel".to_owned(),
                    |code| format!("pixel {}", quoted(code.as_str())),
                );
                format!("{of}: {}, no server receipt in any log.", events(pixel.expected))
            })
            .collect();
        evidence.sort();
        let summary = match silent.as_slice() {
            [] => return Vec::new(),
            [(Some(code), _)] => format!(
                "There is no receipt log of pixel {}: what was sent of its {} is not known.",
                quoted(code.as_str()),
                events(total)
            ),
            [(None, _)] => {
                format!("There is no receipt log: what was sent of {} is not known.", events(total))
            }
            several => format!(
                "There is no receipt log of {} pixels: what was sent of their {} is not known.",
                several.len(),
                events(total)
            ),
        };
        vec![finding(&FACT, total, summary, evidence)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{audit_with, clean, missing};
    use crate::domain::LogFacts;
    use crate::reconcile::Logs;
    use crate::reconcile::testing::{hours, policy, receipt};

    fn silent() -> Logs {
        Logs::new(&LogFacts::default(), &policy())
    }

    #[test]
    fn it_is_the_first_finding_and_takes_the_coverage_away() {
        let rows = [missing("payment_succeeded", []), missing("lead", [receipt("Lead").browser()])];
        let result = audit_with(&rows, &policy(), &silent(), hours(5));
        let codes: Vec<_> = result.findings.iter().map(|one| (one.code, one.events)).collect();
        assert_eq!(codes, [(FACT.code, 2)], "what was never sent is not known, so never-sent is silent");
        assert_eq!((result.totals.coverage_ppm(), result.totals.without_log), (None, 2));
    }

    #[test]
    fn it_is_silent_with_a_receipt_even_an_undated_one() {
        let undated = missing("lead", [receipt("Lead").undated().code(0)]);
        let result = audit_with(&[missing("lead", []), undated], &policy(), &silent(), hours(5));
        assert!(result.findings.iter().all(|one| one.code != FACT.code));
        assert_eq!(result.totals.coverage_ppm(), Some(500_000));
    }

    #[test]
    fn it_is_silent_where_no_server_sends_or_nothing_is_expected() {
        let mut none = policy();
        none.pixels[0].server_log = ServerLog::None;
        let result = audit_with(&[missing("lead", [])], &none, &silent(), hours(5));
        let codes: Vec<_> = result.findings.iter().map(|one| one.code).collect();
        assert_eq!(codes, ["never-sent"]);
        assert_eq!(result.totals.coverage_ppm(), Some(0));
        let mut foreign = clean("lead");
        foreign.receipts.clear();
        foreign.event.as_mut().unwrap().place_mut().source = Some("facebook".into());
        let result = audit_with(&[foreign], &policy(), &silent(), hours(5));
        assert!(result.findings.iter().all(|one| one.code != FACT.code));
    }
}
