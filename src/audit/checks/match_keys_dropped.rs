//! Match keys that the session had shown and a later event does not carry.

use crate::domain::{Enrich, Finding, KeySet, LedgerRow, MatchKey, Severity, StoredEvent, Verdict};

use super::super::{Check, CheckFact, Scope, Subject};
use super::known::{expected_event, is_purchase};
use super::words::{events, events_do, share};
use super::{finding, severity_of_lack};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "match-keys-dropped",
    severity: Severity::Medium,
    title: "The session had shown a match key, and later events do not carry it.",
    causes: &[
        "Each step sends only what its own page knows.",
        "The value came later than the event.",
        "The session shows several values, so that none is certain.",
    ],
    fix: "Keep match keys with the session, and send all of them with every later event. A backfill fills in \
          what the session knew.",
    fix_command: "makegood events --finding match-keys-dropped",
    concerns: |subject, _| {
        expected_event(subject).is_some_and(|event| !of_others(dropped(subject.row, event)).is_empty())
    },
    make: || Box::new(Dropped::default()),
};

/// The keys that a session keeps.
const KEPT: [MatchKey; 5] =
    [MatchKey::Ttclid, MatchKey::Ttp, MatchKey::Email, MatchKey::Phone, MatchKey::ExternalId];

/// Click id and address have findings of their own, so they alone are not counted here.
fn of_others(keys: KeySet) -> KeySet {
    let mut left = KeySet::default();
    let others = [MatchKey::Ttp, MatchKey::Phone, MatchKey::ExternalId];
    others.into_iter().filter(|key| keys.has(*key)).for_each(|key| left.add(key));
    left
}

/// Keys that the event lacks and its session had shown by then.
fn dropped(row: &LedgerRow, event: &StoredEvent) -> KeySet {
    let mut keys = KeySet::default();
    if let Some(session) = &row.session {
        for key in KEPT {
            let is_known = || session.first_seen(key).is_some_and(|seen| seen <= event.at);
            if !event.keys.present.has(key) && is_known() {
                keys.add(key);
            }
        }
    }
    keys
}

#[derive(Default)]
struct Dropped {
    judged: u64,
    lacking: u64,
    purchases: u64,
    /// Of each key of [`KEPT`]: known by then, known later only, several values.
    known: [[u64; 3]; KEPT.len()],
    /// Not delivered: a backfill sends them.
    missing: u64,
}

impl Check for Dropped {
    fn observe(&mut self, subject: &Subject<'_>, _: &Scope<'_>) {
        let Some(event) = expected_event(subject) else { return };
        let Some(session) = &subject.row.session else { return };
        self.judged += 1;
        let keys = dropped(subject.row, event);
        for (key, [by_then, later, several]) in KEPT.into_iter().zip(&mut self.known) {
            if keys.has(key) {
                *by_then += 1;
            } else if !event.keys.present.has(key) {
                *later += u64::from(session.first_seen(key).is_some());
                *several += u64::from(session.several.has(key));
            }
        }
        if !of_others(keys).is_empty() {
            self.lacking += 1;
            self.purchases += u64::from(is_purchase(subject.row));
            self.missing += u64::from(subject.verdict.is_some_and(Verdict::is_missing));
        }
    }

    fn findings(&self, scope: &Scope<'_>) -> Vec<Finding> {
        if self.lacking == 0 {
            return Vec::new();
        }
        let summary = format!(
            "{} a ttp, phone or external id that the session had shown before ({} of the events with a session).",
            events_do(self.lacking, "lacks", "lack"),
            share(self.lacking, self.judged)
        );
        let mut evidence = Vec::new();
        for (key, [by_then, later, several]) in KEPT.into_iter().zip(self.known) {
            if by_then + later + several > 0 {
                evidence.push(format!(
                    "{key}: {} could have it from their session; of {} it came later; of {} the session shows \
                     several values.",
                    events(by_then),
                    events(later),
                    events(several)
                ));
            }
        }
        evidence.push(format!("Purchases among them: {}.", events(self.purchases)));
        let fills = match scope.policy.backfill.enrich {
            Enrich::Past => "with what the session knew by then (enrich = \"past\")",
            Enrich::Session => "with what the whole session knows (enrich = \"session\")",
            Enrich::Off => "as they are, for the config says enrich = \"off\"",
        };
        evidence.push(format!(
            "Not delivered yet, so that a backfill sends them {fills}: {}.",
            events(self.missing)
        ));
        let severity = severity_of_lack(self.lacking, self.judged);
        vec![Finding { severity, ..finding(&FACT, self.lacking, summary, evidence) }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{audit, clean, only, shows, strip};
    use crate::reconcile::testing::hours;

    fn without_ttp(seen: Option<i64>) -> LedgerRow {
        let mut key = clean("lead");
        strip(&mut key, MatchKey::Ttp);
        let session = key.session.as_mut().unwrap();
        (session.ttp_at, session.first_at) = (seen.map(hours), None);
        key
    }

    #[test]
    fn it_fires_where_the_session_knew_the_key_by_then() {
        let rows = [without_ttp(Some(-1)), without_ttp(Some(1)), clean("lead")];
        let found = only(&rows, FACT.code);
        assert_eq!(found.events, 1);
        assert!(shows(&found, "ttp: 1 event could have it from their session; of 1 event it came later"));
    }

    #[test]
    fn it_is_silent_where_the_session_knew_nothing() {
        assert_eq!(audit(&[without_ttp(None), clean("lead")]).findings, []);
    }
}
