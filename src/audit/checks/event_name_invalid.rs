//! Names in receipts that TikTok refuses, or takes for something else.

use crate::domain::{LedgerRow, Severity};
use crate::tiktok::event_map;

use super::super::{CheckFact, Scope, Subject};
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "event-name-invalid",
    severity: Severity::Medium,
    title: "Events were sent under names that TikTok's rules forbid, or that look like a standard event and are \
            not one.",
    causes: &[
        "The funnel's own name is sent as it is: payment_succeeded, Page view.",
        "A standard event is written in other capitals, which makes it a custom event.",
        "A name is built from a page title: too long, or with characters that TikTok does not take.",
    ],
    fix: "Send the names of the integration's table, letter by letter; optimisation only knows those.",
    fix_command: "makegood findings names-differ",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge,
    summary: |keys, of| {
        format!(
            "{} sent under a name that TikTok refuses or does not take for the event it means ({} of the ids with \
             receipts).",
            events_do(keys, "was", "were"),
            share(keys, of)
        )
    },
    weight: Weight::Lack,
    signs: &[
        ("A funnel or standard name in another spelling", |subject, _| {
            sent(subject.row).is_some_and(is_respelled)
        }),
        ("Too long, or with characters outside letters, digits, space, - and _", |subject, _| {
            sent(subject.row).is_some_and(is_malformed)
        }),
    ],
    lists: &[("Sent as", name_of)],
};

fn judge(subject: &Subject<'_>, _: &Scope<'_>) -> Option<bool> {
    let name = sent(subject.row)?;
    Some(event_map::fact(name).is_none() && (is_respelled(name) || is_malformed(name)))
}

/// The name under which something of a key was sent.
fn sent(row: &LedgerRow) -> Option<&str> {
    let is_sent = row.receipts.iter().any(|receipt| !receipt.is_test);
    is_sent.then(|| row.receipts.first().map(|receipt| receipt.name.as_str())).flatten()
}

/// It stands for an event of the table and is not that event's name.
fn is_respelled(name: &str) -> bool {
    let folded = event_map::fold(name);
    event_map::EVENTS.iter().any(|event| {
        event.name != name
            && (event_map::fold(event.name) == folded || event_map::fold(event.funnel) == folded)
    })
}

/// TikTok's rules for custom names (facts 8.2, 9): at most 50 characters, a letter first.
fn is_malformed(name: &str) -> bool {
    const CHARS_MAX: usize = 50;
    let is_allowed = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    name.chars().count() > CHARS_MAX
        || !name.starts_with(char::is_alphabetic)
        || !name.chars().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{clean, found, shows};
    use crate::reconcile::resolve;
    use crate::reconcile::testing::{group, policy, receipt};

    fn orphan(name: &str) -> LedgerRow {
        resolve(group([], [receipt(name).on("A").code(0)]), &policy()).pop().unwrap()
    }

    #[test]
    fn it_fires_on_respelled_and_malformed_names() {
        let long = "x".repeat(51);
        let rows = ["completepayment", "page_view", "1st step", &long, "AddToCart", "Lead"].map(orphan);
        let found = found(&rows, FACT.code).unwrap();
        assert_eq!(found.events, 4);
        assert!(shows(&found, "A funnel or standard name in another spelling: 2 events."));
        assert!(shows(&found, "Too long"));
    }

    #[test]
    fn it_is_silent_on_the_tables_names() {
        assert_eq!(found(&[clean("lead"), clean("page_view"), orphan("ViewContent")], FACT.code), None);
    }
}
