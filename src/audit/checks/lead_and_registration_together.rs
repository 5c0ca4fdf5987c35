//! One moment, two events: the integration's own.

use std::cell::OnceCell;
use std::collections::HashSet;

use crate::domain::{Duration, Finding, Severity, StoredEvent, TimeMs};

use super::super::groups::{Groups, spread};
use super::super::{Check, CheckFact, Scope, Subject};
use super::finding;
use super::known::expected_event;
use super::words::{counted, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "lead-and-registration-together",
    severity: Severity::Info,
    title: "Lead and CompleteRegistration are sent for the same moment, the registration step, so one person counts \
            as two conversions.",
    causes: &[
        "By design of the integration: leaving the registration step is a Lead, and capturing the address is \
               CompleteRegistration.",
    ],
    fix: "Optimise for one of the two, and do not add them up in reports. Lead is one of TikTok's standard events \
          since 2025, though the integration calls it custom.",
    fix_command: "makegood events --event CompleteRegistration,Lead",
    concerns: |subject, _| act(subject).is_some(),
    make: || Box::new(Together::default()),
};

/// Two events within this time are one moment.
const MOMENT: Duration = Duration::from_secs(5);

/// Under so many sessions with both it may be chance.
const SESSIONS_MIN: u64 = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    Lead,
    Registration,
}

#[derive(Default)]
struct Together {
    acts: Groups<(TimeMs, Act)>,
    sessions: OnceCell<HashSet<u64>>,
}

fn act<'a>(subject: &Subject<'a>) -> Option<(&'a StoredEvent, i64, Act)> {
    let act = match subject.row.name.as_ref()?.as_str() {
        "Lead" => Act::Lead,
        "CompleteRegistration" => Act::Registration,
        _ => return None,
    };
    let event = expected_event(subject)?;
    Some((event, event.session?, act))
}

/// Whether a session has both, and both in one moment.
fn both(acts: &[&(TimeMs, Act)]) -> (bool, bool) {
    let first = |act| acts.iter().find(|(_, one)| *one == act).map(|(at, _)| *at);
    let Some((lead, registration)) = first(Act::Lead).zip(first(Act::Registration)) else {
        return (false, false);
    };
    (true, lead.since(registration).as_ms().abs() <= MOMENT.as_ms())
}

impl Check for Together {
    fn observe(&mut self, subject: &Subject<'_>, _: &Scope<'_>) {
        if let Some((event, session, act)) = act(subject) {
            self.acts.add(session, (event.at, act));
        }
    }

    fn confirms(&self, subject: &Subject<'_>) -> bool {
        let sessions = self.sessions.get_or_init(|| {
            let mut sessions = HashSet::new();
            self.acts.each_group(|session, acts| {
                if both(acts).1 {
                    sessions.insert(session);
                }
            });
            sessions
        });
        act(subject).is_some_and(|(_, session, _)| sessions.contains(&spread(session)))
    }

    fn findings(&self, _: &Scope<'_>) -> Vec<Finding> {
        let (mut with_both, mut together) = (0_u64, 0_u64);
        self.acts.each_group(|_, acts| {
            let (has_both, is_together) = both(acts);
            with_both += u64::from(has_both);
            together += u64::from(is_together);
        });
        if together < SESSIONS_MIN {
            return Vec::new();
        }
        let summary = format!(
            "{} sent Lead and CompleteRegistration within 5 seconds ({} of those with both).",
            counted(together, "session"),
            share(together, with_both)
        );
        let mut evidence = vec![format!(
            "Further apart, so the two are different steps there: {}.",
            counted(with_both - together, "session")
        )];
        if self.acts.one_in() > 1 {
            evidence.push(format!("Counted on one session in {}.", self.acts.one_in()));
        }
        vec![finding(&FACT, together, summary, evidence)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{at, clean, found};
    use crate::domain::LedgerRow;
    use crate::reconcile::testing::T0;

    fn of(session: i64, logged: &str, seconds: i64) -> LedgerRow {
        let mut key = at(clean(logged), T0.plus(Duration::from_secs(seconds)));
        key.event.as_mut().unwrap().session = Some(session);
        key
    }

    #[test]
    fn it_fires_on_five_sessions_with_both_in_one_moment() {
        let mut rows: Vec<_> =
            (0..5).flat_map(|session| [of(session, "lead", 0), of(session, "email_captured", 5)]).collect();
        rows.extend([of(9, "lead", 0), of(9, "email_captured", 6)]);
        let found = found(&rows, FACT.code).unwrap();
        assert_eq!((found.events, found.severity), (5, Severity::Info));
        assert!(found.summary.contains("83.3 %"), "{}", found.summary);
        assert_eq!(super::super::testing::found(&rows[2..], FACT.code), None);
    }
}
