//! A sample of keys, the same whatever their order.

use crate::domain::EventId;

use super::cutter::Spot;

/// Keys of one kind that are kept at most: 4,096 of 24 bytes and a hash, 130 kB.
const KEPT_MAX: usize = 4096;

/// All keys of one kind, or those whose hash ends in enough zeros.
#[derive(Debug, Default)]
pub(super) struct Sample {
    /// Zeros that the hash of a kept key ends in: each halves the sample.
    zeros: u32,
    kept: Vec<(u64, Spot)>,
}

impl Sample {
    /// Takes a key by its hash.
    pub(super) fn add(&mut self, hash: u64, spot: Spot) {
        if hash.trailing_zeros() < self.zeros {
            return;
        }
        self.kept.push((hash, spot));
        while self.kept.len() > KEPT_MAX && self.zeros < u64::BITS {
            self.zeros += 1;
            let zeros = self.zeros;
            self.kept.retain(|(hash, _)| hash.trailing_zeros() >= zeros);
        }
    }

    /// The keys that are kept.
    pub(super) fn spots(&self) -> impl Iterator<Item = &Spot> {
        self.kept.iter().map(|(_, spot)| spot)
    }
}

/// A hash of an id whose every bit depends on all of it (the finish of `SplitMix64`).
pub(super) fn hash(id: &EventId) -> u64 {
    let start = match id {
        EventId::Uuid(bytes) => {
            let number = u128::from_be_bytes(*bytes);
            let [high, low] = [number >> 64, number & u128::from(u64::MAX)];
            u64::try_from(high).unwrap_or(0).rotate_left(32) ^ u64::try_from(low).unwrap_or(0)
        }
        EventId::Text(text) => text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        }),
    };
    let mut mixed = start;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::cutter::Mark;

    #[test]
    fn a_sample_is_bounded_and_the_same_in_any_order() {
        let keys: Vec<(u64, Spot)> = (0..20_000_u16)
            .map(|number| {
                let id = EventId::parse(&format!("530e0e61-18e9-485e-a8bf-{number:012x}")).unwrap();
                (hash(&id), Spot::of_campaign(number % 10))
            })
            .collect();
        let (mut one, mut other) = (Sample::default(), Sample::default());
        for ((hash, spot), (last_hash, last_spot)) in keys.iter().zip(keys.iter().rev()) {
            one.add(*hash, *spot);
            other.add(*last_hash, *last_spot);
        }
        other.kept.reverse();
        assert_eq!(one.kept, other.kept);
        assert!((KEPT_MAX / 4..=KEPT_MAX).contains(&one.kept.len()), "{}", one.kept.len());
        let campaign = one.spots().filter(|spot| Mark::Campaign(3).has(spot)).count();
        assert!((campaign * 10).abs_diff(one.kept.len()) < one.kept.len() / 3, "{campaign}");
    }
}
