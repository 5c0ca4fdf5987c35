//! TikTok does not take the currency.

use crate::domain::{Flaw, Flaws, Severity};

use super::super::CheckFact;
use super::flawed::{currency_of, valued};
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "currency-unsupported",
    severity: Severity::High,
    title: "TikTok does not take the currency.",
    causes: &["A sign or a name stands there.", "You sell in a currency that is not on TikTok's list."],
    fix: "Send one of TikTok's currencies; convert the value if you sell in another one.",
    fix_command: "makegood events --finding currency-unsupported",
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
            "{} a currency that TikTok does not take ({} of those with one).",
            events_do(keys, "has", "have"),
            share(keys, judged)
        )
    },
    weight: Weight::Loss,
    signs: &[],
    lists: &[("By event", name_of), ("Currencies", currency_of)],
};

const FLAWS: Flaws = Flaws::of(&[Flaw::CurrencyUnsupported]);
