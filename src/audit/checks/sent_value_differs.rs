//! Money in the requests that is not the funnel's.

use crate::domain::Severity;

use super::super::{CheckFact, MoneySent, Subject};
use super::flawed::valued;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "sent-value-differs",
    severity: Severity::High,
    title: "The value, currency or contents that were sent are not those of the funnel's event.",
    causes: &[
        "The sender sends minor units (cents) or a rounded value.",
        "The sender sends the price before discount or with tax, and the funnel logs the other.",
        "The sender sends one fixed currency for all countries.",
        "The sender does not pass value or contents on.",
    ],
    fix: "Send value, currency and contents of the event as the funnel has them: a decimal number in major units, and the currency of the payment.",
    fix_command: "makegood events --finding sent-value-differs",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        valued(subject)?;
        subject.carried.map(|carried| carried.money.any())
    },
    summary: |keys, judged| {
        format!(
            "{} to TikTok with another value, currency or contents than the funnel's ({} of the requests that carry money).",
            events_do(keys, "went", "went"),
            share(keys, judged)
        )
    },
    weight: Weight::Loss,
    signs: &[
        ("A hundred times the value, or a hundredth of it: cents for units", |subject, _| {
            money(subject).hundredfold
        }),
        ("Another value", |subject, _| money(subject).value && !money(subject).hundredfold),
        ("No value, and the funnel has one", |subject, _| money(subject).no_value),
        ("Another currency", |subject, _| money(subject).currency),
        ("No contents, and the funnel tells what was bought", |subject, _| money(subject).no_contents),
    ],
    lists: &[("By event", name_of)],
};

fn money(subject: &Subject<'_>) -> MoneySent {
    subject.carried.map(|carried| carried.money).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{exchange, only, sends, shows};

    #[test]
    fn it_fires_on_the_request_that_shows_it_and_on_no_other() {
        let broken = sends(exchange("payment_succeeded"), |sent| {
            sent.body.value = crate::domain::Amount::parse("999");
        });
        let found = only(&[broken, exchange("payment_succeeded")], FACT.code);
        assert_eq!(found.events, 1);
        assert!(found.summary.starts_with("1 event went to TikTok with another value"), "{}", found.summary);
        assert!(shows(&found, "A hundred times the value"));
    }
}
