//! A phone number has no country code, so its digest would match nobody.

use crate::domain::{Flaw, Flaws, MatchKey, Severity};

use super::super::CheckFact;
use super::flawed::given;
use super::rules::{Rules, Weight, campaign_of, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "phone-without-country-code",
    severity: Severity::Medium,
    title: "A phone number has no country code, so its digest would match nobody.",
    causes: &["The form asks for a national number.", "Visitors leave the country code out."],
    fix: "Ask for the country in the form, or name the country of such numbers in the config: [phone] default_region.",
    fix_command: "makegood events --finding phone-without-country-code",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| given(subject, MatchKey::Phone, FLAWS),
    summary: |keys, judged| {
        format!(
            "{} a phone number without a country code ({} of those that carry one).",
            events_do(keys, "carries", "carry"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[],
    lists: &[("By event", name_of), ("By campaign", campaign_of)],
};

const FLAWS: Flaws = Flaws::of(&[Flaw::PhoneNoCountry]);
