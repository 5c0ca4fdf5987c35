//! Found too late to be sent safely.

use crate::domain::{HeldClass, Severity, Verdict};
use crate::reconcile::Stand;

use super::super::{CheckFact, Subject};
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "past-the-clock",
    severity: Severity::Medium,
    title: "Missing events are older than 47 hours, so sending them might count them twice.",
    causes: &[
        "Nobody looked within two days: no schedule runs the backfill.",
        "The logs reached this machine late.",
        "An earlier run was stopped by a token, a limit or a question, and nobody came back to it.",
    ],
    fix: "Run the backfill every hour, so that gaps are closed while TikTok still drops second copies. Of these, \
          the ones that certainly never reached TikTok can be released by hand: makegood backfill --dry-run shows \
          the price.",
    fix_command: "makegood backfill --dry-run",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        let is_missing = subject.verdict.is_some_and(Verdict::is_missing);
        is_missing.then(|| late(subject).is_some())
    },
    summary: |keys, of| {
        format!(
            "{} past the 47 hours in which sending is safe ({} of the missing).",
            events_do(keys, "is", "are"),
            share(keys, of)
        )
    },
    weight: Weight::Stated,
    signs: &[
        ("The browser fired, so a copy now would count twice", |subject, _| {
            late(subject) == Some(HeldClass::LateBrowserFired)
        }),
        ("Nobody saw the browser fire, and the log does not prove that it did not", |subject, _| {
            late(subject) == Some(HeldClass::LateBrowserUnseen)
        }),
        ("An earlier try has no known outcome", |subject, _| {
            late(subject) == Some(HeldClass::LateAttemptUnknown)
        }),
    ],
    lists: &[("By event", name_of)],
};

fn late(subject: &Subject<'_>) -> Option<HeldClass> {
    let Some(Stand::Held(class)) = subject.stand else { return None };
    let is_late = matches!(
        class,
        HeldClass::LateBrowserFired | HeldClass::LateBrowserUnseen | HeldClass::LateAttemptUnknown
    );
    is_late.then_some(class)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{audit_with, found, missing, shows};
    use crate::reconcile::testing::{hours, logs, policy, receipt};

    #[test]
    fn it_fires_past_47_hours_only() {
        let rows = [missing("lead", [receipt("Lead").browser()]), missing("payment_succeeded", [])];
        let late = audit_with(&rows, &policy(), &logs(), hours(60)).findings;
        let late = late.iter().find(|one| one.code == FACT.code).unwrap();
        assert_eq!(late.events, 2);
        assert!(shows(late, "The browser fired, so a copy now would count twice: 1 event."));
        assert_eq!(found(&rows, FACT.code), None);
    }
}
