//! The ttclid's letter case was changed on the way.

use crate::domain::{Flaw, Flaws, MatchKey, Severity};

use super::super::CheckFact;
use super::flawed::given;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "ttclid-respelled",
    severity: Severity::Medium,
    title: "The ttclid's letter case was changed on the way.",
    causes: &[
        "Code or a database column folds values to one case.",
        "A URL is put into lower case before its query is read.",
    ],
    fix: "Carry the ttclid byte for byte: it is case-sensitive.",
    fix_command: "makegood events --finding ttclid-respelled",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| given(subject, MatchKey::Ttclid, FLAWS),
    summary: |keys, judged| {
        format!(
            "{} a ttclid in other letter case than TikTok made it ({} of those that carry one).",
            events_do(keys, "carries", "carry"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[],
    lists: &[("By event", name_of)],
};

const FLAWS: Flaws = Flaws::of(&[Flaw::TtclidRespelled]);
