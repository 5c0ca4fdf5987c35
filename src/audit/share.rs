//! Shares of a count, and how sure they are.

/// A count as a real number; counts of an audit are far below 2^53.
fn real(count: u64) -> f64 {
    let [low, high] = [count & 0xffff_ffff, count >> 32].map(|half| u32::try_from(half).unwrap_or(u32::MAX));
    f64::from(high).mul_add(4_294_967_296.0, f64::from(low))
}

/// The Wilson score interval of a share, at `z` standard deviations; `(0, 1)` of nothing.
///
/// Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference" (1927).
pub(super) fn wilson(part: u64, whole: u64, z: f64) -> (f64, f64) {
    if whole == 0 {
        return (0.0, 1.0);
    }
    let (n, share) = (real(whole), real(part.min(whole)) / real(whole));
    let square = z * z / n;
    let middle = share + square / 2.0;
    let half = z * (share * (1.0 - share) / n + square / (4.0 * n)).sqrt();
    (((middle - half) / (1.0 + square)).max(0.0), ((middle + half) / (1.0 + square)).min(1.0))
}

/// The standard deviations beyond which none of so many shares lies by chance, but in one audit of a
/// hundred: the tail of a normal distribution is below `exp(-z²/2) / 2`, and all tails add up.
pub(super) fn deviations(tests: u64) -> f64 {
    const CHANCE: f64 = 0.01;
    (2.0 * (real(tests.max(1)) / (2.0 * CHANCE)).ln()).sqrt()
}

/// Part and whole, counted twice: of keys with a flaw, and of those without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Split {
    /// Flawed keys in the slice.
    pub(super) bad_in: u64,
    /// Flawed keys in all.
    pub(super) bad: u64,
    /// Good keys in the slice.
    pub(super) good_in: u64,
    /// Good keys in all.
    pub(super) good: u64,
}

impl Split {
    /// The least odds ratio that the counts allow: how much more of the flawed keys lie in the slice
    /// than of the good ones. The same whether all good keys were counted or a sample.
    pub(super) fn odds_at_least(self, z: f64) -> f64 {
        let Self { bad_in, bad, good_in, good } = self;
        let (low, _) = wilson(bad_in, bad, z);
        let (_, high) = wilson(good_in, good, z);
        let odds = |share: f64| share / (1.0 - share).max(f64::EPSILON);
        odds(low) / odds(high).max(f64::EPSILON)
    }

    /// How much better two shares than one explain the counts (twice the log-likelihood ratio).
    pub(super) fn weight(self) -> f64 {
        let Self { bad_in, bad, good_in, good } = self;
        let term = |part: u64, row: u64, column: u64| {
            if part == 0 {
                return 0.0;
            }
            let expected = real(row) * real(column) / real(bad + good);
            real(part) * (real(part) / expected).ln()
        };
        let inside = bad_in + good_in;
        let outside = (bad + good).saturating_sub(inside);
        2.0 * (term(bad_in, bad, inside)
            + term(bad.saturating_sub(bad_in), bad, outside)
            + term(good_in, good, inside)
            + term(good.saturating_sub(good_in), good, outside))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_wilsons() {
        // Values of the formula worked out by hand for 10 of 50 at 95 %.
        let (low, high) = wilson(10, 50, 1.96);
        assert!((low - 0.112_4).abs() < 1e-4 && (high - 0.330_4).abs() < 1e-4, "{low} {high}");
        assert_eq!(wilson(0, 0, 1.96), (0.0, 1.0));
        assert!(wilson(5, 5, 3.0).0 < 0.4 && wilson(0, 5, 3.0).1 > 0.6);
    }

    #[test]
    fn more_questions_need_a_clearer_answer() {
        assert!((deviations(1) - 2.797).abs() < 1e-3);
        assert!(deviations(1000) > deviations(10) + 0.5);
    }

    #[test]
    fn a_sample_of_the_good_keys_gives_the_same_odds() {
        let all = Split { bad_in: 300, bad: 400, good_in: 10_000, good: 100_000 };
        let some = Split { good_in: 1_000, good: 10_000, ..all };
        assert!(all.odds_at_least(4.0) > 14.0 && some.odds_at_least(4.0) > 14.0);
        let even = Split { bad_in: 40, bad: 400, ..all };
        assert!(even.odds_at_least(4.0) < 1.0 && even.weight() < 1e-9);
        assert!(all.weight() > 500.0);
    }
}
