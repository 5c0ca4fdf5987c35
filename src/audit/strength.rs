//! How well the events of one name can be matched: a percentage of ours, never TikTok's own quality score.

use crate::domain::KeyWeights;

use super::{EventCounts, KeyCoverage};

/// Fewer events than this prove nothing.
pub const STRENGTH_SAMPLE_MIN: u64 = 20;

/// The 97.5th percentile of the normal distribution: intervals are those of 95 %.
const Z: f64 = 1.959_964;

impl EventCounts {
    /// The weighted mean of the shares of valid match keys, in millionths; `None`: too few events. A key
    /// counts only where it could be known, which matters for e-mail addresses.
    #[must_use]
    pub fn strength_ppm(&self, weights: &KeyWeights) -> Option<u64> {
        if self.match_keys.iter().all(|key| key.total < STRENGTH_SAMPLE_MIN) {
            return None;
        }
        let known = self.match_keys.iter().filter(|key| key.judged > 0);
        let (sum, weight) = known.fold((0, 0), |(sum, weight), key| {
            let own = u64::from(weights.of(key.key));
            (sum + own * share_ppm(key), weight + own)
        });
        sum.checked_div(weight)
    }
}

fn share_ppm(key: &KeyCoverage) -> u64 {
    key.valid.min(key.judged).saturating_mul(1_000_000).checked_div(key.judged).unwrap_or(0)
}

/// The Wilson interval of a rate at 95 %: lower and upper end, rounded to six decimals; `None` of nothing.
#[must_use]
pub fn wilson(part: u64, whole: u64) -> Option<[f64; 2]> {
    let n = f64::from(u32::try_from(whole).ok().filter(|n| *n > 0)?);
    let p = f64::from(u32::try_from(part.min(whole)).ok()?) / n;
    let z2 = Z * Z;
    let centre = p + z2 / (2.0 * n);
    let spread = Z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    let round = |x: f64| (x.clamp(0.0, 1.0) * 1e6).round() / 1e6;
    Some([round((centre - spread) / (1.0 + z2 / n)), round((centre + spread) / (1.0 + z2 / n))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Counts;
    use crate::domain::{EventName, MatchKey};

    fn event(total: u64, valid: impl Fn(MatchKey) -> u64, judged: impl Fn(MatchKey) -> u64) -> EventCounts {
        EventCounts {
            name: EventName::parse("Lead").unwrap(),
            counts: Counts::default(),
            match_keys: MatchKey::ALL.map(|key| KeyCoverage {
                key,
                present: valid(key),
                valid: valid(key),
                judged: judged(key),
                total,
            }),
        }
    }

    #[test]
    fn strength_is_the_weighted_mean_of_valid_shares() {
        let weights = KeyWeights::default();
        let all = event(100, |_| 100, |_| 100);
        assert_eq!(all.strength_ppm(&weights), Some(1_000_000));
        let only_click = event(100, |key| if key == MatchKey::Ttclid { 50 } else { 0 }, |_| 100);
        let of = u64::from(weights.of(MatchKey::Ttclid));
        let sum: u64 = MatchKey::ALL.into_iter().map(|key| u64::from(weights.of(key))).sum();
        assert_eq!(only_click.strength_ppm(&weights), Some(of * 500_000 / sum));
        let but_email = |key| if key == MatchKey::Email { 0 } else { 100 };
        let early = event(100, but_email, but_email);
        assert_eq!(early.strength_ppm(&weights), Some(1_000_000), "nobody could know the address");
        assert_eq!(event(19, |_| 19, |_| 19).strength_ppm(&weights), None, "too few");
    }

    #[test]
    fn wilson_intervals_are_those_of_the_books() {
        // Newcombe 1998, table I: 81 of 263 has 0.2553 to 0.3662.
        let [low, high] = wilson(81, 263).unwrap();
        assert!((low - 0.2553).abs() < 5e-5 && (high - 0.3662).abs() < 5e-5, "{low} {high}");
        assert_eq!(wilson(0, 0), None);
        assert!(wilson(20, 20).unwrap()[1] > 0.999_999);
        assert!(wilson(0, 20).unwrap()[0] < 0.000_001);
    }
}
