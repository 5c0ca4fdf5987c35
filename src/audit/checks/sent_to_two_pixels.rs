//! One event on two pixels.

use crate::domain::{PixelCode, Severity};

use super::super::{CheckFact, Legs, Scope, Subject};
use super::known::expected_event;
use super::rules::{Rules, Weight, campaign_of, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "sent-to-two-pixels",
    severity: Severity::High,
    title: "The same event was sent to another pixel than its own.",
    causes: &[
        "Two campaigns of one funnel have different pixels, and the sender picks the wrong one.",
        "The browser fires a pixel that is set in the page, the server the campaign's.",
        "The pixel was changed, and one leg or a cached page still has the old one.",
    ],
    fix: "Compare the pixel of the campaign with the one in the page and in the sender. On two pixels the \
          legs are never paired, and each pixel learns from half of the conversions.",
    fix_command: "makegood events --finding sent-to-two-pixels",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        expected_event(subject)?;
        Some(subject.row.elsewhere.another_pixel)
    },
    summary: |keys, of| {
        format!(
            "{} a receipt of the same name and id on another pixel ({} of the events).",
            events_do(keys, "has", "have"),
            share(keys, of)
        )
    },
    weight: Weight::Loss,
    signs: &[
        ("Accepted on the other pixel only, so its own pixel lacks it", |subject, _| {
            !subject.legs.accepted.any() && elsewhere(subject).any(|(_, legs)| legs.accepted.any())
        }),
        ("Accepted on both", |subject, _| {
            subject.legs.accepted.any() && elsewhere(subject).any(|(_, legs)| legs.accepted.any())
        }),
        ("The browser fired the other pixel", |subject, _| {
            elsewhere(subject).any(|(_, legs)| legs.browser.any())
        }),
    ],
    lists: &[("The other pixel", other_pixel), ("By event", name_of), ("By campaign", campaign_of)],
};

fn elsewhere<'a>(subject: &Subject<'a>) -> impl Iterator<Item = (Option<&'a PixelCode>, Legs)> {
    let (name, pixel) = (subject.row.name.as_ref(), subject.row.pixel.as_ref());
    let rows =
        subject.siblings.iter().filter(move |row| row.name.as_ref() == name && row.pixel.as_ref() != pixel);
    rows.map(|row| (row.pixel.as_ref(), Legs::of(row)))
}

fn other_pixel<'a>(subject: &Subject<'a>, _: &'a Scope<'_>) -> Option<&'a str> {
    elsewhere(subject).find_map(|(pixel, _)| pixel).map(PixelCode::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{clean, found, found_in_group, shows};
    use crate::reconcile::testing::{event, group, pixel, receipt};

    #[test]
    fn it_fires_on_a_receipt_on_another_pixel() {
        let mut own = event("lead");
        own.pixel = Some(pixel("A"));
        let sent = [receipt("Lead").on("B").code(0)];
        let found = found_in_group(group([own], sent), FACT.code).unwrap();
        assert_eq!(found.events, 1);
        assert!(shows(&found, "Accepted on the other pixel only"));
        assert!(shows(&found, "The other pixel: \"B\" (1)."));
    }

    #[test]
    fn it_is_silent_on_one_pixel() {
        assert_eq!(found(&[clean("lead")], FACT.code), None);
    }
}
