//! Where the gap is concentrated, found without being asked.
//!
//! A slice is named when it holds more of the flawed keys than of the good ones, beyond chance: the
//! least odds ratio of two Wilson intervals, as wide as the number of slices looked at demands, is
//! [`ODDS_MIN`] or more. The clearest slice is taken first; of the others only what is left without
//! its keys is looked at, in a sample, so that no two slices say the same thing.

use crate::domain::EventName;

use super::cutter::{Cutter, Mark, Spot};
use super::days::Hour;
use super::sample::Sample;
use super::share::{Split, deviations};
use super::slices::{Dimension, SliceCounts, SliceValue};

/// Flawed keys that a slice must hold to be named, and good or flawed ones to be looked at.
const BAD_MIN: u64 = 10;
/// Keys that a slice, and what is outside of it, must hold to be looked at.
const KEYS_MIN: u64 = 30;
/// A slice must hold one in so many of all flawed keys, or it explains nothing.
const PART_MIN: u64 = 20;
/// How much more likely a key in the slice is flawed than one outside, at the least.
const ODDS_MIN: f64 = 1.5;
/// Slices that are named of each flaw.
const NAMED_MAX: usize = 5;
/// Stretches of time that are looked at.
const STRETCHES_MAX: usize = 3;

/// What is wrong with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flaw {
    /// It lacks an accepted server copy.
    Missing,
    /// It carries neither a usable ttclid nor a usable e-mail address, though it could.
    Keyless,
}

impl Flaw {
    /// The word that outputs use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Keyless => "keyless",
        }
    }

    /// Flawed keys and all that were looked at.
    const fn of(self, counts: &SliceCounts) -> (u64, u64) {
        match self {
            Self::Missing => (counts.missing(), counts.expected),
            Self::Keyless => (counts.keyless, counts.judged),
        }
    }

    /// What it is looked for by. A missing key's answer is no place where it could be missing more, and
    /// the kind of an event decides by itself which keys are known by then.
    const fn dimensions(self) -> [Dimension; 7] {
        let last = match self {
            Self::Missing => Dimension::Event,
            Self::Keyless => Dimension::Answer,
        };
        [
            Dimension::Campaign,
            Dimension::Funnel,
            Dimension::Landing,
            Dimension::Browser,
            Dimension::Day,
            Dimension::Hour,
            last,
        ]
    }
}

/// A slice that holds more of a flaw than chance would give it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concentration {
    /// The flaw.
    pub flaw: Flaw,
    /// What the slice is one of.
    pub dimension: Dimension,
    /// What its keys have in common.
    pub value: SliceValue,
    /// Flawed keys in it.
    pub events: u64,
    /// Keys in it that were looked at: expected ones, of match keys those that could carry them.
    pub of: u64,
    /// Flawed keys elsewhere.
    pub elsewhere: u64,
    /// Keys elsewhere.
    pub elsewhere_of: u64,
    /// The answer of more than half of its missing keys: `refused 40100`, `never sent`, …
    pub mostly: Option<String>,
}

/// Samples of keys with and without a flaw.
#[derive(Debug, Default)]
struct Samples {
    bad: Sample,
    good: Sample,
}

/// Gathers what the search needs.
#[derive(Debug, Default)]
pub(super) struct Search {
    missing: Samples,
    keyless: Samples,
}

impl Search {
    /// Takes an expected key, which counts `one`.
    pub(super) fn add(&mut self, hash: u64, spot: Spot, one: &SliceCounts) {
        for (flaw, samples) in [(Flaw::Missing, &mut self.missing), (Flaw::Keyless, &mut self.keyless)] {
            match flaw.of(one) {
                (_, 0) => {}
                (0, _) => samples.good.add(hash, spot),
                (_, _) => samples.bad.add(hash, spot),
            }
        }
    }

    /// What is concentrated where; the clearest of each flaw first.
    pub(super) fn finish(&self, cutter: &Cutter, names: &[EventName]) -> Vec<Concentration> {
        let mut found = Vec::new();
        for (flaw, samples) in [(Flaw::Missing, &self.missing), (Flaw::Keyless, &self.keyless)] {
            let candidates = candidates(flaw, cutter);
            let all = total(flaw, cutter);
            for (mark, counts) in chosen(flaw, candidates, &all, samples) {
                let ((events, of), (all, all_of)) = (flaw.of(&counts), flaw.of(&all));
                let lost = samples.bad.spots().filter(|spot| mark.has(spot));
                found.push(Concentration {
                    flaw,
                    dimension: mark.dimension(),
                    value: cutter.value(mark, names),
                    events,
                    of,
                    elsewhere: all.saturating_sub(events),
                    elsewhere_of: all_of.saturating_sub(of),
                    mostly: if flaw == Flaw::Missing { cutter.main_answer(lost) } else { None },
                });
            }
        }
        found
    }
}

fn total(flaw: Flaw, cutter: &Cutter) -> SliceCounts {
    let mut all = SliceCounts::default();
    let [by, ..] = flaw.dimensions();
    cutter.marks(by).iter().for_each(|(_, counts)| all.merge(counts));
    all
}

/// All slices, those that would be named rather first.
fn candidates(flaw: Flaw, cutter: &Cutter) -> Vec<(Mark, SliceCounts)> {
    let mut candidates = Vec::new();
    for dimension in flaw.dimensions() {
        let marks = cutter.marks(dimension).into_iter();
        candidates.extend(marks.filter(|(mark, _)| mark.is_one_value()));
    }
    if flaw == Flaw::Missing {
        let hours: Vec<_> = cutter.days.hours().map(|(day, hour, counts)| ((day, hour), *counts)).collect();
        candidates.extend(stretches(hours));
    }
    candidates
}

/// Up to [`STRETCHES_MAX`] runs of hours, apart from each other, in which most more is missing than
/// twice the usual share.
fn stretches(mut hours: Vec<((i32, u8), Hour)>) -> Vec<(Mark, SliceCounts)> {
    let mut found = Vec::new();
    let sum = |counts: fn(&Hour) -> u32| hours.iter().map(|(_, hour)| i128::from(counts(hour))).sum::<i128>();
    let (expected, missing) = (sum(|hour| hour.expected), sum(Hour::missing));
    // Twice the share of all, or half way from there to everything, whichever is less; as a fraction.
    let usual = (4 * missing).min(expected + missing);
    while found.len() < STRETCHES_MAX {
        let excess =
            |hour: &Hour| i128::from(hour.missing()) * 2 * expected - usual * i128::from(hour.expected);
        let (mut best, mut best_sum, mut start, mut sum) = (0..0, 0, 0, 0);
        for (at, (_, hour)) in hours.iter().enumerate() {
            if sum <= 0 {
                (start, sum) = (at, 0);
            }
            sum += excess(hour);
            if sum > best_sum {
                (best, best_sum) = (start..at + 1, sum);
            }
        }
        let Some(run) = hours.get_mut(best) else { break };
        let (Some((from, _)), Some((to, _))) = (run.first().copied(), run.last().copied()) else { break };
        let mut counts = SliceCounts::default();
        for (_, hour) in run.iter_mut() {
            counts.merge(&hour.counts());
            *hour = Hour::default();
        }
        found.push((Mark::Stretch(from, to), counts));
    }
    found
}

/// The slices to name: the clearest, then the clearest of what is left without its keys, and so on.
fn chosen(
    flaw: Flaw,
    mut candidates: Vec<(Mark, SliceCounts)>,
    all: &SliceCounts,
    samples: &Samples,
) -> Vec<(Mark, SliceCounts)> {
    let (all_bad, all_of) = flaw.of(all);
    let tests = u64::try_from(candidates.len()).unwrap_or(u64::MAX);
    // Of stretches, each from any hour to any later one was looked at, in a way.
    let days = candidates.iter().filter(|(mark, _)| mark.dimension() == Dimension::Day).count();
    let pairs = count(days.saturating_mul(24)).saturating_pow(2) / 2;
    let deviations_of = |mark: Mark| {
        let pairs = if mark.dimension() == Dimension::Stretch { pairs } else { 0 };
        deviations(tests.saturating_add(pairs))
    };
    let is_clear = |mark: Mark, split: Split| {
        let inside = split.bad_in + split.good_in;
        let outside = (split.bad + split.good).saturating_sub(inside);
        split.bad_in >= BAD_MIN
            && inside >= KEYS_MIN
            && outside >= KEYS_MIN
            && split.odds_at_least(deviations_of(mark)) >= ODDS_MIN
    };
    let exact = |counts: &SliceCounts| {
        let (bad_in, of) = flaw.of(counts);
        Split { bad_in, bad: all_bad, good_in: of - bad_in, good: all_of - all_bad }
    };
    candidates.retain(|(mark, counts)| {
        let split = exact(counts);
        split.bad_in.saturating_mul(PART_MIN) >= all_bad && is_clear(*mark, split)
    });
    let mut named: Vec<(Mark, SliceCounts)> = Vec::new();
    while named.len() < NAMED_MAX {
        let is_left = |spot: &&Spot| !named.iter().any(|(mark, _)| mark.has(spot));
        let bad: Vec<_> = samples.bad.spots().filter(is_left).collect();
        let good: Vec<_> = samples.good.spots().filter(is_left).collect();
        let split_of = |mark: Mark, counts: &SliceCounts| {
            if named.is_empty() {
                return exact(counts);
            }
            let inside = |spots: &[&Spot]| count(spots.iter().filter(|spot| mark.has(spot)).count());
            Split {
                bad_in: inside(&bad),
                bad: count(bad.len()),
                good_in: inside(&good),
                good: count(good.len()),
            }
        };
        let clear = candidates.iter().filter_map(|(mark, counts)| {
            let split = split_of(*mark, counts);
            is_clear(*mark, split).then_some((split.weight(), *mark, *counts))
        });
        // Of equal ones the first: slices stand in the order in which people look for causes.
        let best = clear.reduce(|best, next| if next.0 > best.0 { next } else { best });
        let Some((_, mark, counts)) = best else { break };
        named.push((mark, counts));
    }
    named
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{audit, missing, strip};
    use crate::audit::sample::hash;
    use crate::domain::{CampaignId, Duration, EventId, FunnelId, LedgerRow, MatchKey, Range, Untrusted};
    use crate::reconcile::testing::{T0, receipt};

    /// A purchase with its dice: numbers that are the same in every run.
    struct Dice(u64);

    impl Dice {
        fn roll(&self, which: u64, sides: u64) -> u64 {
            hash(&EventId::parse(&format!("{} {which}", self.0)).unwrap()) % sides
        }
    }

    /// So many purchases of seven days; each is given its place, then broken by the case.
    fn purchases(seed: u64, many: u64, breaks: impl Fn(&mut LedgerRow, &Dice)) -> Vec<LedgerRow> {
        let one = |number: u64| {
            let dice = Dice(seed * 1_000_000 + number);
            let mut row = missing("payment_succeeded", []);
            row.id = EventId::parse(&format!("{seed}-{number}")).unwrap();
            let event = row.event.as_mut().unwrap();
            event.at = T0.minus(Duration::from_mins(i64::try_from(dice.roll(0, 7 * 24 * 60)).unwrap()));
            let campaign = 10 + dice.roll(1, 5);
            event.place_mut().campaign = CampaignId::parse(&campaign.to_string()).ok();
            event.place_mut().funnel = FunnelId::parse(if campaign == 14 { "47" } else { "46" }).ok();
            event.landing = Some(if dice.roll(2, 3) == 0 { "q.example/b" } else { "q.example/a" }.into());
            breaks(&mut row, &dice);
            row
        };
        (0..many).map(one).collect()
    }

    fn deliver(row: &mut LedgerRow) {
        row.receipts.push(receipt("CompletePayment").on("A").code(0));
    }

    fn refuse(row: &mut LedgerRow) {
        row.receipts.push(receipt("CompletePayment").on("A").code(40100));
    }

    fn campaign(row: &LedgerRow) -> &str {
        row.event.as_ref().unwrap().place.campaign.as_ref().unwrap().as_str()
    }

    fn text(text: &str) -> SliceValue {
        SliceValue::Text(Untrusted::new(text))
    }

    #[test]
    fn a_planted_gap_is_named_once_though_two_slices_hold_it() {
        // Campaign 14 is the whole of funnel 47.
        let rows = purchases(1, 3000, |row, dice| {
            let often = if campaign(row) == "14" { 40 } else { 1 };
            if dice.roll(3, 100) < often { refuse(row) } else { deliver(row) }
        });
        let result = audit(&rows);
        let [found] = &result.concentrated[..] else { panic!("{:?}", result.concentrated) };
        assert_eq!(
            (found.flaw, found.dimension, &found.value),
            (Flaw::Missing, Dimension::Campaign, &text("14"))
        );
        assert_eq!(found.mostly.as_deref(), Some("refused 40100"));
        assert_eq!(found.events + found.elsewhere, result.totals.missing());
        assert_eq!(found.of + found.elsewhere_of, 3000);
        assert!(found.events * 100 / found.of >= 30, "{found:?}");
    }

    #[test]
    fn an_outage_is_named_by_its_hours_and_beside_another_cause() {
        let began = T0.minus(Duration::from_hours(30));
        let outage = Range { since: began, until: began.plus(Duration::from_hours(5)) };
        let rows = purchases(2, 6000, |row, dice| {
            if campaign(row) == "11" && dice.roll(3, 100) < 30 {
                refuse(row);
            } else if !outage.has(row.event.as_ref().unwrap().at) && dice.roll(4, 100) > 0 {
                deliver(row);
            }
        });
        let found = audit(&rows).concentrated;
        let named: Vec<_> = found.iter().map(|one| (&one.value, one.mostly.as_deref())).collect();
        let want = [(&text("11"), Some("refused 40100")), (&SliceValue::Stretch(outage), Some("never sent"))];
        assert!(named.len() == 2 && want.iter().all(|one| named.contains(one)), "{found:?}");
    }

    #[test]
    fn match_keys_that_lack_on_one_landing_page_are_named() {
        let rows = purchases(3, 2000, |row, dice| {
            deliver(row);
            let often =
                if row.event.as_ref().unwrap().landing.as_deref() == Some("q.example/b") { 60 } else { 5 };
            if dice.roll(3, 100) < often {
                strip(row, MatchKey::Ttclid);
                strip(row, MatchKey::Email);
            }
        });
        let found = audit(&rows).concentrated;
        let [found] = &found[..] else { panic!("{found:?}") };
        assert_eq!((found.flaw, &found.value, &found.mostly), (Flaw::Keyless, &text("q.example/b"), &None));
    }

    #[test]
    fn chance_is_not_named() {
        for seed in 10..60 {
            let rows = purchases(seed, 1500, |row, dice| {
                if dice.roll(3, 100) > 3 {
                    deliver(row);
                }
                if dice.roll(4, 100) > 30 {
                    strip(row, MatchKey::Ttclid);
                    strip(row, MatchKey::Email);
                }
            });
            assert_eq!(audit(&rows).concentrated, [], "{seed}");
        }
    }

    #[test]
    fn a_tiny_sample_says_nothing() {
        let rows = purchases(4, 200, |row, dice| {
            if campaign(row) != "12" || dice.roll(3, 100) >= 15 {
                deliver(row);
            }
        });
        let result = audit(&rows);
        assert!((1..10).contains(&result.totals.missing()));
        assert_eq!(result.concentrated, []);
    }
}
