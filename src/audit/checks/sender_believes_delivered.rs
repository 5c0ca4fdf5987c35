//! The sender's own log calls delivered what has no accepted server copy.

use crate::domain::{Answer, Code, Finding, Leg, Outcome, Severity, Verdict};
use crate::tiktok::answer::classify;
use crate::tiktok::codes::meaning;

use super::super::tally::Tally;
use super::super::{Check, CheckFact, Scope, Subject};
use super::finding;
use super::known::{answer, is_purchase};
use super::words::{events, events_do};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "sender-believes-delivered",
    severity: Severity::High,
    title: "Your sender's log calls events delivered that have no accepted server copy.",
    causes: &[
        "The sender reads only the HTTP status: TikTok answers 200 and puts the refusal into the body.",
        "The sender takes a code that proves nothing for success, such as 20001 (partly successful).",
        "The sender writes its own word before the answer is there.",
    ],
    fix: "Let the sender judge by the integer `code` of the body, and by nothing else: 0 is delivered, \
          everything else is not. Let it log code and request_id of every answer.",
    fix_command: "makegood events --finding sender-believes-delivered",
    concerns: |subject, _| belief(subject) == Some(Belief::Wrong),
    make: || Box::new(SenderBelievesDelivered::default()),
};

/// What the sender's log makes of a key without an accepted server copy.
///
/// A code that is not 0 inside an HTTP 200 is no belief by itself: a log that has the code may belong to a
/// sender that reads it. It becomes one where the log also holds the sender's own word. Where the log holds
/// only a status, the sender had nothing else to go by, but nobody can say that it is wrong: those are told
/// apart and not counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Belief {
    /// It says delivered, and the answer says otherwise.
    Wrong,
    /// It says delivered or logs a status of success, and no answer says anything.
    Unproven,
}

/// The sender's belief of a missing key.
fn belief(subject: &Subject<'_>) -> Option<Belief> {
    if !subject.verdict.is_some_and(Verdict::is_missing) {
        return None;
    }
    let beliefs = answers(subject).filter_map(|answer| match classify(&answer) {
        Outcome::Unverified if answer.sender_claims_delivered || answer.http_status.is_some() => {
            Some(Belief::Unproven)
        }
        Outcome::Accepted | Outcome::NotSent | Outcome::Unverified => None,
        Outcome::Refused(_) | Outcome::Unknown => answer.sender_claims_delivered.then_some(Belief::Wrong),
    });
    beliefs.reduce(|one, other| if one == Belief::Wrong { one } else { other })
}

/// What came back for the sender's live tries.
fn answers<'a>(subject: &Subject<'a>) -> impl Iterator<Item = Answer> + 'a {
    let logged = subject.row.receipts.iter();
    logged.filter(|one| one.leg == Leg::Server && !one.is_test).map(|receipt| receipt.answer)
}

#[derive(Default)]
struct SenderBelievesDelivered {
    wrong: u64,
    purchases: u64,
    unproven: u64,
    answers: Tally<(Code, Option<u16>)>,
}

impl Check for SenderBelievesDelivered {
    fn observe(&mut self, subject: &Subject<'_>, _: &Scope<'_>) {
        match belief(subject) {
            Some(Belief::Wrong) => {
                self.wrong += 1;
                self.purchases += u64::from(is_purchase(subject.row));
                let claimed = answers(subject).filter(|answer| answer.sender_claims_delivered).last();
                if let Some(answer) = claimed {
                    self.answers.add(&(answer.code, answer.http_status));
                }
            }
            Some(Belief::Unproven) => self.unproven += 1,
            None => {}
        }
    }

    fn findings(&self, _: &Scope<'_>) -> Vec<Finding> {
        if self.wrong == 0 {
            return Vec::new();
        }
        let summary =
            format!("The sender's log calls {} delivered that TikTok did not accept.", events(self.wrong));
        let mut evidence: Vec<String> = self
            .answers
            .sorted()
            .into_iter()
            .map(|((code, http_status), count)| {
                let status = http_status.map_or_else(String::new, |status| format!("HTTP {status}, "));
                let meaning = meaning(&answer(code, http_status));
                format!("{status}code {code}, {meaning}: {}.", events(count))
            })
            .collect();
        evidence.push(format!("Purchases among them: {}.", events(self.purchases)));
        if self.unproven > 0 {
            evidence.push(format!(
                "Not counted: {} with a status or the sender's word and no code, so that nobody can tell.",
                events_do(self.unproven, "was logged", "were logged")
            ));
        }
        vec![finding(&FACT, self.wrong, summary, evidence)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{audit, clean, missing, shows};
    use crate::domain::Receipt;
    use crate::reconcile::testing::receipt;

    fn claimed(mut receipt: Receipt) -> Receipt {
        receipt.answer.sender_claims_delivered = true;
        receipt
    }

    fn found(rows: &[crate::domain::LedgerRow]) -> Option<Finding> {
        audit(rows).findings.into_iter().find(|finding| finding.code == FACT.code)
    }

    #[test]
    fn a_claim_that_the_body_refutes_is_counted() {
        let rows = [
            missing("payment_succeeded", [claimed(receipt("CompletePayment").code(40002))]),
            missing("lead", [claimed(receipt("Lead").code(20001))]),
            missing("lead", [claimed(receipt("Lead").status(200))]),
            missing("lead", [receipt("Lead").status(200)]),
            clean("lead"),
        ];
        let found = found(&rows).unwrap();
        assert_eq!((found.events, found.severity), (2, Severity::High));
        assert!(shows(&found, "HTTP 200, code 40002"), "{:?}", found.evidence);
        assert!(shows(&found, "Purchases among them: 1 event."));
        assert!(shows(&found, "Not counted: 2 events were logged"), "{:?}", found.evidence);
    }

    #[test]
    fn a_code_alone_is_no_belief_and_a_later_acceptance_ends_one() {
        let accepted = [claimed(receipt("Lead").code(40002)), receipt("Lead").code(0)];
        let test = [claimed(receipt("Lead").code(40002).test())];
        let rows = [
            missing("lead", [receipt("Lead").code(40002)]),
            missing("lead", accepted),
            missing("lead", test),
            missing("lead", [claimed(receipt("Lead").browser()), receipt("Lead").code(40105)]),
        ];
        assert!(found(&rows).is_none());
    }
}
