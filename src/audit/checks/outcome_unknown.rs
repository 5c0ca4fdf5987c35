//! Sent, and nobody knows what became of it.

use crate::domain::{Code, Severity, Verdict};
use crate::reconcile::server_tries;

use super::super::{CheckFact, Subject};
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "outcome-unknown",
    severity: Severity::Medium,
    title: "Events were sent, and no answer says whether TikTok took them.",
    causes: &[
        "The request timed out or the connection broke after it had left.",
        "TikTok answered with a server error.",
        "The sender was stopped before it wrote the answer down, or logs it elsewhere.",
    ],
    fix: "Raise the sender's time-out, write every answer's code down, and try again inside 48 hours with the same \
          event_id: TikTok drops a copy that it already has.",
    fix_command: "makegood backfill",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        expected_event(subject)?;
        let verdict = subject.verdict.filter(|verdict| verdict.is_expected())?;
        Some(matches!(verdict, Verdict::Unknown { unverified: false, code: _ }))
    },
    summary: |keys, of| {
        format!(
            "{} sent with an outcome that nobody knows ({} of the expected).",
            events_do(keys, "was", "were"),
            share(keys, of)
        )
    },
    weight: Weight::Stated,
    signs: &[
        ("Timed out, as the sender noted", |subject, _| any_answer(subject, |one| one.timed_out)),
        ("TikTok answered with a server error", |subject, _| {
            any_answer(subject, |one| one.code != Code::Absent || one.http_status >= Some(500))
        }),
        ("No answer was logged", |subject, _| {
            any_answer(subject, |one| one.code == Code::Absent && one.http_status.is_none() && !one.timed_out)
        }),
        ("The last try was makegood's own", |subject, _| {
            server_tries(subject.row).max_by_key(|one| one.at).is_some_and(|one| one.ours)
        }),
    ],
    lists: &[("By event", name_of)],
};

fn any_answer(subject: &Subject<'_>, test: fn(&crate::domain::Answer) -> bool) -> bool {
    server_tries(subject.row).any(|one| test(&one.answer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{clean, found, missing, shows};
    use crate::reconcile::testing::receipt;

    #[test]
    fn it_fires_on_sends_without_a_readable_answer() {
        let mut silent = receipt("Lead");
        silent.answer.timed_out = true;
        let rows = [missing("lead", [silent]), missing("lead", [receipt("Lead").code(50000)]), clean("lead")];
        let found = found(&rows, FACT.code).unwrap();
        assert_eq!(found.events, 2);
        assert!(shows(&found, "Timed out, as the sender noted: 1 event."));
        assert!(shows(&found, "TikTok answered with a server error: 1 event."));
    }

    #[test]
    fn it_is_silent_on_answers_and_on_bare_statuses() {
        assert_eq!(found(&[missing("lead", [receipt("Lead").status(200)]), clean("lead")], FACT.code), None);
    }
}
