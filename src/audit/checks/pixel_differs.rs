//! Record and campaign disagree on the pixel.

use crate::domain::{PixelCode, Severity};

use super::super::CheckFact;
use super::known::expected_event;
use super::rules::{Rules, Weight, campaign_of, pixel_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "pixel-differs",
    severity: Severity::Medium,
    title: "The record names another pixel than its campaign does in the config.",
    causes: &[
        "The campaign got a new pixel, and the config still has the old one.",
        "The config's [[campaign]] has a typing error or the wrong id.",
        "The funnel logs a pixel that is fixed in the page instead of the campaign's.",
    ],
    fix: "Look up the pixel in the campaign's settings and correct the config or the funnel. The record's \
          pixel is taken meanwhile, and a backfill holds these events.",
    fix_command: "makegood events --finding pixel-differs",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        expected_event(subject)?;
        Some(subject.row.pixel_differs)
    },
    summary: |keys, of| {
        format!(
            "{} another pixel than the config gives the campaign ({} of the events).",
            events_do(keys, "names", "name"),
            share(keys, of)
        )
    },
    weight: Weight::Stated,
    signs: &[
        ("Accepted on the record's pixel, so the config is out of date", |subject, _| {
            subject.legs.accepted.any()
        }),
        ("Not delivered, and held by a backfill until the two agree", |subject, _| {
            subject.verdict.is_some_and(crate::domain::Verdict::is_missing)
        }),
    ],
    lists: &[
        ("The record's pixel", pixel_of),
        ("The campaign's pixel", |subject, scope| {
            let campaign = scope.policy.campaign(subject.row.event.as_ref()?.place.campaign.as_ref())?;
            campaign.pixel.as_ref().map(PixelCode::as_str)
        }),
        ("By campaign", campaign_of),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{clean, found, missing, shows};

    #[test]
    fn it_fires_where_record_and_campaign_disagree() {
        let (mut sent, mut lost) = (clean("lead"), missing("lead", []));
        (sent.pixel_differs, lost.pixel_differs) = (true, true);
        let found = found(&[sent, lost, clean("lead")], FACT.code).unwrap();
        assert_eq!(found.events, 2);
        assert!(shows(&found, "Accepted on the record's pixel, so the config is out of date: 1 event."));
        assert!(shows(&found, "Not delivered, and held"));
    }

    #[test]
    fn it_is_silent_where_they_agree() {
        assert_eq!(found(&[clean("lead")], FACT.code), None);
    }
}
