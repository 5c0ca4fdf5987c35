//! The server leg's log ends, and the events go on.

use crate::domain::{Duration, Finding, PixelCode, ServerLog, Severity, StoredEvent, TimeMs, Verdict};

use super::super::tally::Slots;
use super::super::{Check, CheckFact, Scope, Subject};
use super::finding;
use super::known::{expected_event, is_purchase};
use super::words::{events, quoted};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "server-leg-silent",
    severity: Severity::High,
    title: "The newest server receipt is hours older than the newest events: the sender stands still, or its log does.",
    causes: &[
        "The sender is down, or its queue is stuck.",
        "Its log was rotated or moved, and the config reads the old place.",
        "The delivery log was exported earlier than the funnel log.",
    ],
    fix: "Look whether the sender runs and where it logs to. Until a newer receipt is there, a backfill holds these \
          events (receipts-behind), because they may have been sent.",
    fix_command: "makegood import",
    concerns: |subject, scope| after_log(subject, scope).is_some(),
    make: || Box::new(Silent::default()),
};

/// Shorter pauses are nights and small funnels.
const SILENT_MIN: Duration = Duration::from_hours(1);

/// Fewer events than this may all be unlucky.
const EVENTS_MIN: u64 = 3;

#[derive(Default)]
struct Silent {
    pixels: Slots<Option<PixelCode>, Pixel>,
}

#[derive(Default)]
struct Pixel {
    receipt_at: Option<TimeMs>,
    newest: Option<TimeMs>,
    behind: u64,
    purchases: u64,
}

impl Pixel {
    fn silence(&self) -> Option<Duration> {
        let silence = self.newest?.since(self.receipt_at?);
        (silence >= SILENT_MIN && self.behind >= EVENTS_MIN).then_some(silence)
    }
}

/// An expected event that is newer than every server receipt of its pixel.
fn after_log<'a>(subject: &Subject<'a>, scope: &Scope<'_>) -> Option<(&'a StoredEvent, TimeMs)> {
    let event = expected_event(subject).filter(|_| subject.verdict.is_some_and(Verdict::is_expected))?;
    let pixel = subject.row.pixel.as_ref();
    let newest = scope.logs.newest_of(pixel).server_at?;
    let config = pixel.and_then(|pixel| scope.policy.pixel(pixel)).map(|pixel| pixel.server_log);
    (event.at > newest && !subject.legs.server.any() && config != Some(ServerLog::None))
        .then_some((event, newest))
}

impl Check for Silent {
    fn observe(&mut self, subject: &Subject<'_>, scope: &Scope<'_>) {
        let Some((event, receipt_at)) = after_log(subject, scope) else { return };
        let at = self.pixels.place(&subject.row.pixel, || Some(None), |_| Pixel::default());
        let Some(pixel) = self.pixels.get_mut(at) else { return };
        pixel.receipt_at = pixel.receipt_at.max(Some(receipt_at));
        pixel.newest = pixel.newest.max(Some(event.at));
        pixel.behind += 1;
        pixel.purchases += u64::from(is_purchase(subject.row));
    }

    fn confirms(&self, subject: &Subject<'_>) -> bool {
        self.pixels.iter().any(|(pixel, counts)| *pixel == subject.row.pixel && counts.silence().is_some())
    }

    fn findings(&self, _: &Scope<'_>) -> Vec<Finding> {
        let mut silent: Vec<_> = self
            .pixels
            .iter()
            .filter_map(|(pixel, counts)| Some((pixel, counts, counts.silence()?, counts.receipt_at?)))
            .collect();
        silent.sort_by(|a, b| a.0.cmp(b.0));
        let total = silent.iter().map(|(_, counts, ..)| counts.behind).sum();
        let Some(longest) = silent.iter().map(|(_, _, silence, _)| *silence).max() else { return Vec::new() };
        let summary = format!("The server leg has been silent for {longest} and {} since.", events(total));
        let evidence = silent.iter().map(|(pixel, counts, silence, receipt_at)| {
            let of = pixel.as_ref().map_or_else(
                || "Events without a pixel".to_owned(),
                |pixel| format!("Pixel {}", quoted(pixel.as_str())),
            );
            format!(
                "{of}: newest server receipt {receipt_at}, then {silence} with {}, {} of them purchases.",
                events(counts.behind),
                counts.purchases
            )
        });
        vec![finding(&FACT, total, summary, evidence.collect())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{audit_with, missing};
    use crate::reconcile::testing::{hours, logs_until, policy};

    fn with(log_until: i64, count: usize) -> Option<Finding> {
        let rows = vec![missing("payment_succeeded", []); count];
        let findings = audit_with(&rows, &policy(), &logs_until(Some(log_until)), hours(5)).findings;
        findings.into_iter().find(|one| one.code == FACT.code)
    }

    #[test]
    fn it_fires_an_hour_after_the_last_receipt() {
        let found = with(-2, 3).unwrap();
        assert_eq!(found.events, 3);
        assert_eq!(found.summary, "The server leg has been silent for 2 h and 3 events since.");
        assert!(found.evidence[0].ends_with("then 2 h with 3 events, 3 of them purchases."));
        assert_eq!(with(-1, 3).map(|one| one.events), Some(3));
    }

    #[test]
    fn it_is_silent_on_few_events_and_on_a_log_that_goes_on() {
        assert_eq!((with(-2, 2), with(0, 3), with(1, 3)), (None, None, None));
    }
}
