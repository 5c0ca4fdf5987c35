//! TikTok refused the event, or the request around it, as invalid.

use crate::domain::{Finding, Refusal, Severity, Unsendable};
use crate::reconcile::Stand;

use super::super::{Check, CheckFact, Scope, Subject};
use super::refusals::{Refusals, is_refused_for};
use super::words::events;
use super::{finding, severity_of_loss};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "refused-invalid",
    severity: Severity::High,
    title: "TikTok refused the event, or the request that held it, as invalid.",
    causes: &[
        "A required field lacks or has the wrong type: value or currency, page URL, a number as text.",
        "Another event of the same request was bad: TikTok refuses the whole request for one.",
        "Endpoint, API version or method is wrong, so that every request fails.",
    ],
    fix: "Look at the first few events and correct the field at the source; a backfill then sends each \
          with its own request if need be, so that one bad event no longer takes others with it.",
    fix_command: "makegood events --finding refused-invalid",
    concerns: |subject, _| is_refused_for(subject, BLAMED),
    make: || Box::new(RefusedInvalid::default()),
};

const BLAMED: &[Refusal] = &[Refusal::Event, Refusal::Config];

#[derive(Default)]
struct RefusedInvalid {
    refusals: Refusals,
    of_request: u64,
    without_money: u64,
    without_url: u64,
    without_keys: u64,
}

impl Check for RefusedInvalid {
    fn observe(&mut self, subject: &Subject<'_>, _: &Scope<'_>) {
        if !self.refusals.observe(subject, BLAMED) {
            return;
        }
        self.of_request += u64::from(is_refused_for(subject, &[Refusal::Config]));
        match subject.stand {
            Some(Stand::Unsendable(Unsendable::Money)) => self.without_money += 1,
            Some(Stand::Unsendable(Unsendable::NoUrl)) => self.without_url += 1,
            Some(Stand::Unsendable(Unsendable::NoMatchKey)) => self.without_keys += 1,
            Some(
                Stand::Unsendable(
                    Unsendable::NoPixelOrToken
                    | Unsendable::Future
                    | Unsendable::TooOld
                    | Unsendable::LimitedWithoutIp
                    | Unsendable::PayloadGone
                    | Unsendable::RefusedAlone
                    | Unsendable::TooLarge
                    | Unsendable::ObjectDamaged,
                )
                | Stand::Send { .. }
                | Stand::Held(_)
                | Stand::NotDue(_)
                | Stand::Never,
            )
            | None => {}
        }
    }

    fn findings(&self, _: &Scope<'_>) -> Vec<Finding> {
        let seen = &self.refusals;
        if seen.keys == 0 {
            return Vec::new();
        }
        let summary =
            format!("TikTok refused {} as invalid, or the request that held them.", events(seen.keys));
        let mut evidence = seen.answers();
        let of_event = [
            (self.without_money, "Without a value, or with a currency that TikTok does not take"),
            (self.without_url, "Without an absolute page URL"),
            (self.without_keys, "Without any match key"),
        ];
        for (count, what) in of_event.into_iter().filter(|(count, _)| *count > 0) {
            evidence.push(format!("{what}, so the fault is in the event: {}.", events(count)));
        }
        if self.of_request > 0 {
            evidence.push(format!(
                "Refused for the request's address, version, method or account, not for what they hold: {}.",
                events(self.of_request)
            ));
        }
        evidence.push(seen.inside_success());
        evidence.push(seen.by_event());
        evidence.extend(seen.senders());
        let severity = severity_of_loss(seen.purchases, seen.keys, seen.expected);
        vec![Finding { severity, ..finding(&FACT, seen.keys, summary, evidence) }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{clean, found, missing, only, shows};
    use crate::reconcile::testing::receipt;

    #[test]
    fn it_fires_on_refused_events_and_requests() {
        let mut worthless = missing("payment_succeeded", [receipt("CompletePayment").code(40002)]);
        worthless.event.as_mut().unwrap().value = None;
        let rows = [
            worthless,
            missing("lead", [receipt("Lead").code(40000)]),
            missing("lead", [receipt("Lead").code(40006)]),
            clean("lead"),
        ];
        let found = found(&rows, FACT.code).unwrap();
        assert_eq!((found.events, found.severity), (3, Severity::High));
        assert!(shows(&found, "Without a value"));
        assert!(shows(&found, "Refused for the request's address"));
        assert!(shows(&found, "By event: \"Lead\" (2), \"CompletePayment\" (1)."));
    }

    #[test]
    fn it_is_silent_on_the_token() {
        only(&[missing("lead", [receipt("Lead").code(40105)]), clean("lead")], "refused-token");
    }
}
