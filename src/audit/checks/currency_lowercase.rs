//! The currency is not in upper case.

use crate::domain::{Flaw, Flaws, Severity};

use super::super::CheckFact;
use super::flawed::{currency_of, valued};
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "currency-lowercase",
    severity: Severity::Low,
    title: "The currency is not in upper case.",
    causes: &["The payment provider writes it so.", "A template writes it so."],
    fix: "Put it into upper case: USD. A backfill does so.",
    fix_command: "makegood events --finding currency-lowercase",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        valued(subject).filter(|event| event.place.currency.is_some()).map(|event| event.flaws.has_any(FLAWS))
    },
    summary: |keys, judged| {
        format!(
            "{} a currency that is not in upper case ({} of those with one).",
            events_do(keys, "has", "have"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[],
    lists: &[("By event", name_of), ("Currencies", currency_of)],
};

const FLAWS: Flaws = Flaws::of(&[Flaw::CurrencyRespelled]);
