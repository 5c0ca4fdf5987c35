//! The integration sends 0 where the funnel knows a value.

use crate::domain::{Amount, Severity};
use crate::tiktok::event_map::{self, Value};

use super::super::CheckFact;
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "subscription-value-not-sent",
    severity: Severity::Info,
    title: "The funnel logs a value on trials or subscriptions, and the integration sends them with value 0.",
    causes: &[
        "By design: the money is counted once, with CompletePayment. The funnel's own event reference gives \
         subscriptions a value all the same.",
    ],
    fix: "Nothing, as long as the payment itself is sent. Compare money by CompletePayment, not by Subscribe.",
    fix_command: "makegood events --finding subscription-value-not-sent",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        let event = expected_event(subject)?;
        let fact = event_map::fact(subject.row.name.as_ref()?.as_str())?;
        (fact.value == Value::Zero).then(|| !event.value.is_none_or(Amount::is_zero))
    },
    summary: |keys, of| {
        format!(
            "{} logged with a value and sent with value 0 ({} of trials and subscriptions).",
            events_do(keys, "is", "are"),
            share(keys, of)
        )
    },
    weight: Weight::Stated,
    signs: &[],
    lists: &[("By event", name_of)],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{clean, found};
    use crate::reconcile::testing::amount;

    #[test]
    fn it_fires_on_a_value_that_is_not_sent() {
        let with = |value: &str| {
            let mut key = clean("subscription_started");
            key.event.as_mut().unwrap().value = amount(value);
            key
        };
        let found = found(&[with("9.99"), with("0.00"), clean("payment_succeeded")], FACT.code).unwrap();
        assert_eq!((found.events, found.severity), (1, Severity::Info));
        assert!(found.summary.contains("50 %"));
        assert_eq!(super::super::testing::found(&[with("0")], FACT.code), None);
    }
}
