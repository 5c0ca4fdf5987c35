//! A ttclid is there, and it is a word for nothing, an unfilled macro, or broken.

use crate::domain::{Flaw, Flaws, MatchKey, Severity};

use super::super::{CheckFact, Subject};
use super::flawed::has;
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "ttclid-unusable",
    severity: Severity::Medium,
    title: "A ttclid is there, and it is a word for nothing, an unfilled macro, or broken.",
    causes: &[
        "The campaign link holds a macro that nobody fills in, such as __CLICKID__.",
        "The sender writes a word where it found no ttclid.",
        "The value was decoded, joined or wrapped on the way.",
    ],
    fix: "Let TikTok append the ttclid itself (it needs no macro in the link), and leave the field out where there is none. A backfill leaves a bad value out.",
    fix_command: "makegood events --finding ttclid-unusable",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| click(subject, FLAWS),
    summary: |keys, judged| {
        format!(
            "{} a ttclid that TikTok cannot use ({} of those that carry one).",
            events_do(keys, "carries", "carry"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[
        ("The macro or word stands in the link itself, in the page's URL", |subject, _| {
            has(subject, Flaw::UrlTtclidPlaceholder)
        }),
        ("A word for nothing, or a macro, stands in the field", |subject, _| {
            has(subject, Flaw::TtclidPlaceholder)
        }),
        ("White space inside, or longer than 1000 characters", |subject, _| has(subject, Flaw::TtclidShape)),
    ],
    lists: &[("By event", name_of)],
};

const FLAWS: Flaws = Flaws::of(&[Flaw::TtclidPlaceholder, Flaw::TtclidShape, Flaw::UrlTtclidPlaceholder]);

fn click(subject: &Subject<'_>, flaws: Flaws) -> Option<bool> {
    let event = expected_event(subject)?;
    let is_flawed = event.flaws.has_any(flaws);
    (event.keys.present.has(MatchKey::Ttclid) || is_flawed).then_some(is_flawed)
}
