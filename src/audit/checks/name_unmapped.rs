//! Names that stand for no TikTok event.

use std::sync::Arc;

use crate::domain::{Exclusion, Finding, Severity, Verdict};

use super::super::tally::Tally;
use super::super::{Check, CheckFact, Scope, Subject};
use super::finding;
use super::words::{events, events_do, list, quoted, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "name-unmapped",
    severity: Severity::Medium,
    title: "Events have names that stand for no TikTok event, so nothing of them is expected or sent.",
    causes: &[
        "A typing error, or an event that was renamed in the funnel.",
        "The funnel logs more than the integration sends: ViewContent, Renewal, Cancellation. That is normal.",
    ],
    fix: "Add a line to [map] in the config for each name that is TikTok's business: \"your name\" = \
          \"CompletePayment\". The others may stay as they are.",
    fix_command: "makegood events --finding name-unmapped",
    concerns: |subject, _| unmapped(subject).is_some(),
    make: || Box::new(Unmapped::default()),
};

/// Suggestions that are named.
const SHOWN: usize = 5;

#[derive(Default)]
struct Unmapped {
    keys: u64,
    judged: u64,
    names: Tally<Arc<str>>,
    /// `logged → nearest`.
    near: Tally<(Arc<str>, Arc<str>)>,
    with_near: u64,
}

/// What is known of an unmapped key: the nearest TikTok name, if one is near.
fn unmapped<'a>(subject: &Subject<'a>) -> Option<&'a Exclusion> {
    let Some(Verdict::Excluded(why @ Exclusion::Unmapped(_))) = subject.verdict else { return None };
    Some(why)
}

impl Check for Unmapped {
    fn observe(&mut self, subject: &Subject<'_>, _: &Scope<'_>) {
        let Some(event) = &subject.row.event else { return };
        self.judged += 1;
        let Some(why) = unmapped(subject) else { return };
        self.keys += 1;
        self.names.add_text(event.name.as_str());
        if let Exclusion::Unmapped(Some(nearest)) = why {
            self.with_near += 1;
            self.near.add(&(Arc::from(event.name.as_str()), Arc::from(nearest.as_str())));
        }
    }

    fn findings(&self, _: &Scope<'_>) -> Vec<Finding> {
        if self.keys == 0 {
            return Vec::new();
        }
        let summary = format!(
            "{} a name that stands for no TikTok event ({} of all).",
            events_do(self.keys, "has", "have"),
            share(self.keys, self.judged)
        );
        let mut evidence = vec![format!("By name: {}.", list(&self.names.sorted()))];
        for ((logged, nearest), count) in self.near.sorted().into_iter().take(SHOWN) {
            evidence.push(format!(
                "{} is spelled nearly like {}: {}.",
                quoted(&logged),
                quoted(&nearest),
                events(count)
            ));
        }
        // Without a name near by they are most likely what the integration leaves out on purpose.
        let severity = if self.with_near > 0 { Severity::Medium } else { Severity::Info };
        vec![Finding { severity, ..finding(&FACT, self.keys, summary, evidence) }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{clean, found, shows};
    use crate::reconcile::testing::{event, row};

    #[test]
    fn it_fires_and_names_the_nearest() {
        let rows = [row(event("payment_succeded"), []), row(event("Cancellation"), []), clean("lead")];
        let found = found(&rows, FACT.code).unwrap();
        assert_eq!((found.events, found.severity), (2, Severity::Medium));
        assert!(
            shows(&found, "\"payment_succeded\" is spelled nearly like \"CompletePayment\": 1 event."),
            "{found:?}"
        );
        assert_eq!(super::super::testing::found(&rows[1..], FACT.code).unwrap().severity, Severity::Info);
        assert_eq!(super::super::testing::found(&rows[2..], FACT.code), None);
    }
}
