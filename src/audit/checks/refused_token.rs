//! TikTok refused the access token, or what it may do.

use crate::domain::{Finding, Refusal, Severity};

use super::super::{Check, CheckFact, Scope, Subject};
use super::refusals::{Refusals, is_refused_for};
use super::words::events;
use super::{events_api_path, finding};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "refused-token",
    severity: Severity::High,
    title: "TikTok refused the access token or its permission, also where it answered 401 without a code.",
    causes: &[
        "The Events API access token in the campaign is wrong, revoked or of another pixel.",
        "The token has expired, or the person who made it lost access to the pixel.",
        "The token may not send for this pixel: its owner must be admin or operator of it.",
    ],
    fix: concat!(
        "Generate a new token (",
        events_api_path!(),
        " → Generate access token) and paste it into the campaign's settings and into the pixel's token \
         file; then send what is missing.",
    ),
    fix_command: "makegood findings refused-token",
    concerns: |subject, _| is_refused_for(subject, BLAMED),
    make: || Box::new(RefusedToken(Refusals::default())),
};

const BLAMED: &[Refusal] = &[Refusal::Credential, Refusal::Permission];

struct RefusedToken(Refusals);

impl Check for RefusedToken {
    fn observe(&mut self, subject: &Subject<'_>, _: &Scope<'_>) {
        self.0.observe(subject, BLAMED);
    }

    fn findings(&self, _: &Scope<'_>) -> Vec<Finding> {
        let seen = &self.0;
        if seen.keys == 0 {
            return Vec::new();
        }
        let summary =
            format!("TikTok refused {} because of the access token or its permission.", events(seen.keys));
        let mut evidence = seen.answers();
        if seen.without_code > 0 {
            evidence.push(format!(
                "Answered with an HTTP status and no code, and a 401 is enough to know: {}.",
                events(seen.without_code)
            ));
        }
        evidence.push(seen.inside_success());
        evidence.push(format!("Purchases among them: {}.", events(seen.purchases)));
        evidence.extend(seen.senders());
        vec![finding(&FACT, seen.keys, summary, evidence)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{audit, clean, missing, only, shows};
    use crate::reconcile::testing::receipt;

    #[test]
    fn it_fires_on_token_codes_permission_and_a_bare_401() {
        let rows = [
            missing("lead", [receipt("Lead").code(40105)]),
            missing("lead", [receipt("Lead").code(40001)]),
            missing("payment_succeeded", [receipt("CompletePayment").status(401)]),
            clean("lead"),
        ];
        let found = only(&rows, FACT.code);
        assert_eq!((found.events, found.severity), (3, Severity::High));
        assert!(shows(&found, "HTTP 401 without a code"));
        assert!(shows(&found, "code 40105, access token wrong or revoked: 1 event."));
        assert!(found.fix.contains("Events Manager"));
    }

    #[test]
    fn it_is_silent_when_a_later_try_got_through() {
        let retried = missing("lead", [receipt("Lead").code(40105), receipt("Lead").code(0)]);
        assert_eq!(audit(&[retried]).findings, []);
        only(&[missing("lead", [receipt("Lead").status(401).code(40100)])], "throttled-not-retried");
    }
}
