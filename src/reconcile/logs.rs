//! What the receipt logs hold as a whole, per pixel.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{CampaignId, LogFacts, LogNewest, PixelCode, Policy};

/// What the logs hold per pixel, resolved by the policy.
#[derive(Clone, Debug, Default)]
pub struct Logs {
    by_pixel: BTreeMap<PixelCode, LogNewest>,
    /// Of all receipts, whatever their pixel.
    overall: LogNewest,
    consent_campaigns: BTreeSet<Option<CampaignId>>,
    has_unreadable: bool,
}

impl Logs {
    /// Resolves what the store knows of the logs.
    ///
    /// A receipt without a pixel counts for the pixel of its event: the record's, else its
    /// campaign's, else the config's only one; a receipt of which none is known, for no pixel.
    #[must_use]
    pub fn new(facts: &LogFacts, policy: &Policy) -> Self {
        let LogFacts { by_pixel, without_pixel, consent_campaigns, event_pixels: _, unreadable } = facts;
        let mut logs = Self {
            consent_campaigns: consent_campaigns.iter().cloned().collect(),
            has_unreadable: !unreadable.is_empty(),
            ..Self::default()
        };
        for (pixel, newest) in by_pixel {
            logs.add(Some(pixel), *newest);
        }
        for (pixel, campaign, newest) in without_pixel {
            let campaign = policy.campaign(campaign.as_ref());
            let pixel = pixel
                .as_ref()
                .or_else(|| campaign.and_then(|campaign| campaign.pixel.as_ref()))
                .or_else(|| only_pixel(policy));
            logs.add(pixel, *newest);
        }
        logs
    }

    fn add(&mut self, pixel: Option<&PixelCode>, newest: LogNewest) {
        join(&mut self.overall, newest);
        if let Some(pixel) = pixel {
            join(self.by_pixel.entry(pixel.clone()).or_default(), newest);
        }
    }

    /// The newest receipts of a pixel.
    #[must_use]
    pub fn newest(&self, pixel: &PixelCode) -> LogNewest {
        self.by_pixel.get(pixel).copied().unwrap_or_default()
    }

    /// The newest receipts of a key's pixel; of a key without one, the newest of all.
    #[must_use]
    pub fn newest_of(&self, pixel: Option<&PixelCode>) -> LogNewest {
        pixel.map_or(self.overall, |pixel| self.newest(pixel))
    }

    /// Whether some record of the campaign says something of consent.
    #[must_use]
    pub fn has_consent(&self, campaign: Option<&CampaignId>) -> bool {
        !self.consent_campaigns.is_empty() && self.consent_campaigns.contains(&campaign.cloned())
    }

    /// Whether a source could not be read in this invocation, so that receipts may be missing.
    #[must_use]
    pub const fn has_unreadable(&self) -> bool {
        self.has_unreadable
    }
}

/// The config's only pixel.
pub(super) fn only_pixel(policy: &Policy) -> Option<&PixelCode> {
    match policy.pixels.as_slice() {
        [only] => Some(&only.id),
        _ => None,
    }
}

fn join(newest: &mut LogNewest, other: LogNewest) {
    newest.server_at = newest.server_at.max(other.server_at);
    newest.browser_at = newest.browser_at.max(other.browser_at);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::TimeMs;
    use crate::reconcile::testing::{campaign_policy, pixel, pixel_policy};

    fn server(ms: i64) -> LogNewest {
        LogNewest { server_at: Some(TimeMs::from_ms(ms)), browser_at: None }
    }

    #[test]
    fn receipts_without_a_pixel_count_for_the_pixel_of_their_event() {
        let id = CampaignId::parse("12").unwrap();
        let mut campaign = campaign_policy();
        campaign.pixel = Some(pixel("B"));
        let policy = Policy {
            campaigns: BTreeMap::from([(id.clone(), campaign)]),
            pixels: vec![pixel_policy("C")],
            ..Policy::default()
        };
        let facts = LogFacts {
            by_pixel: vec![(pixel("A"), server(1))],
            without_pixel: vec![
                (Some(pixel("A")), Some(id.clone()), server(5)),
                (None, Some(id), server(3)),
                (None, None, server(9)),
            ],
            ..LogFacts::default()
        };
        let logs = Logs::new(&facts, &policy);
        assert_eq!(logs.newest(&pixel("A")), server(5));
        assert_eq!(logs.newest(&pixel("B")), server(3));
        assert_eq!(logs.newest(&pixel("C")), server(9));
        assert_eq!(logs.newest(&pixel("D")), LogNewest::default());
        assert_eq!(logs.newest_of(None), server(9));

        let without_config = Logs::new(&facts, &Policy::default());
        assert_eq!(without_config.newest(&pixel("C")), LogNewest::default());
        assert_eq!(without_config.newest_of(None), server(9));
    }
}
