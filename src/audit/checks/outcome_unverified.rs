//! The log records the HTTP status and not the code.

use crate::domain::{Severity, Verdict};

use super::super::CheckFact;
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of, pixel_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "outcome-unverified",
    severity: Severity::Medium,
    title: "The log says HTTP 2xx and nothing of the code, and TikTok refuses inside HTTP 200 too.",
    causes: &[
        "The sender logs the HTTP status only.",
        "The sender takes every HTTP 2xx for success and throws the body away.",
    ],
    fix: "Let the sender write down code, message and request_id of the answer's body, and take only code 0 for \
          success. Until then coverage is a range, and such events are sent again only inside 48 hours.",
    fix_command: "makegood events --finding outcome-unverified",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        expected_event(subject)?;
        let verdict = subject.verdict.filter(|verdict| verdict.is_expected())?;
        Some(matches!(verdict, Verdict::Unknown { unverified: true, code: _ }))
    },
    summary: |keys, of| {
        format!(
            "{} answered with HTTP 2xx and no code in the log ({} of the expected): accepted or refused, nobody knows.",
            events_do(keys, "was", "were"),
            share(keys, of)
        )
    },
    weight: Weight::Loss,
    signs: &[("The browser fired too", |subject, _| subject.legs.browser.any())],
    lists: &[("By event", name_of), ("By pixel", pixel_of)],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{clean, found, missing};
    use crate::reconcile::testing::receipt;

    #[test]
    fn it_fires_on_a_bare_status_only() {
        let rows = [missing("lead", [receipt("Lead").status(200)]), clean("lead")];
        assert_eq!(found(&rows, FACT.code).unwrap().events, 1);
        assert_eq!(found(&[missing("lead", [receipt("Lead").code(50000)]), clean("lead")], FACT.code), None);
    }
}
