//! Names that TikTok is retiring.

use crate::domain::Severity;

use super::super::CheckFact;
use super::rules::{Rules, Weight, name_of, pixel_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "event-name-legacy",
    severity: Severity::Info,
    title: "Receipts carry old event names that TikTok renamed or is retiring. CompletePayment is not meant: the \
            integration itself sends it.",
    causes: &[
        "Another sender or tag on the same pixel was set up before the names changed.",
        "A template of the tag manager still has the old names.",
    ],
    fix: "SubmitForm is Lead now; PlaceAnOrder and ClickButton are taken until 2027. Change a name on both legs \
          at once, or the two are counted as two events.",
    fix_command: "makegood findings orphan-receipts",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check(),
};

/// Facts 6: renamed or retiring; CompletePayment is left out, because the integration sends it.
const OLD: [&str; 3] = ["SubmitForm", "PlaceAnOrder", "ClickButton"];

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        let receipt = subject.row.receipts.first()?;
        Some(OLD.contains(&receipt.name.as_str()))
    },
    summary: |keys, of| {
        format!(
            "{} sent under an old name ({} of the ids with receipts).",
            events_do(keys, "was", "were"),
            share(keys, of)
        )
    },
    weight: Weight::Stated,
    signs: &[
        ("Sent by the server", |subject, _| subject.legs.server.any()),
        ("Sent by the browser", |subject, _| subject.legs.browser.any()),
    ],
    lists: &[("Sent as", name_of), ("By pixel", pixel_of)],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{clean, found, shows};
    use crate::reconcile::resolve;
    use crate::reconcile::testing::{group, policy, receipt};

    #[test]
    fn it_fires_on_old_names_but_not_on_complete_payment() {
        let old = resolve(group([], [receipt("SubmitForm").browser()]), &policy()).pop().unwrap();
        let found = found(&[old, clean("payment_succeeded")], FACT.code).unwrap();
        assert_eq!(found.events, 1);
        assert!(shows(&found, "Sent by the browser: 1 event."));
    }

    #[test]
    fn it_is_silent_on_the_integrations_names() {
        assert_eq!(found(&[clean("payment_succeeded")], FACT.code), None);
    }
}
