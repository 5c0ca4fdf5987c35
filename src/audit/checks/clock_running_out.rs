//! What can still be sent, and not for long.

use crate::domain::{Duration, Severity};
use crate::reconcile::Stand;

use super::super::{CheckFact, Scope, Subject};
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "clock-running-out",
    severity: Severity::High,
    title: "Missing events can be sent safely for less than 12 hours more.",
    causes: &[
        "The backfill does not run, or not often enough.",
        "Its last runs stopped before they came to these: a token, a limit, a question that nobody answered.",
    ],
    fix: "Send them now. After 47 hours they are held, because a copy that TikTok already has would count twice.",
    fix_command: "makegood backfill",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check(),
};

/// Half a night and a morning: who reads it in the morning can still act.
const SOON: Duration = Duration::from_hours(12);

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, scope| left(subject, scope).map(|left| left < SOON),
    summary: |keys, of| {
        format!(
            "{} unsafe to send within 12 hours ({} of those that can be sent now).",
            events_do(keys, "becomes", "become"),
            share(keys, of)
        )
    },
    weight: Weight::Stated,
    signs: &[
        ("Within one hour", |subject, scope| {
            left(subject, scope).is_some_and(|left| left < Duration::from_hours(1))
        }),
        ("Refused or lost before, so the sender will not come back to them", |subject, _| {
            subject.legs.server.any()
        }),
        ("Tried by makegood before", |subject, _| !subject.row.attempts.is_empty()),
    ],
    lists: &[("By event", name_of)],
};

fn left(subject: &Subject<'_>, scope: &Scope<'_>) -> Option<Duration> {
    let Some(Stand::Send { until }) = subject.stand else { return None };
    Some(until.since(scope.now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{audit_with, found, missing, shows};
    use crate::reconcile::testing::{hours, logs, policy};

    #[test]
    fn it_fires_in_the_last_12_hours() {
        let rows = [missing("payment_succeeded", [])];
        let soon = audit_with(&rows, &policy(), &logs(), hours(36).plus(Duration::from_ms(1))).findings;
        let soon = soon.iter().find(|one| one.code == FACT.code).unwrap();
        assert_eq!((soon.events, soon.severity), (1, Severity::High));
        assert!(shows(soon, "Purchases among them: 1 event (USD 9.99)."));
        assert_eq!(found(&rows, FACT.code), None);
    }
}
