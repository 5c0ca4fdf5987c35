//! `SplitMix64`: fixed by seed and by algorithm, so that made-up logs stay the same for ever.

/// The generator of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 for 0.
    pub(super) const fn below(&mut self, bound: u64) -> u64 {
        match bound {
            0 => 0,
            bound => self.next() % bound,
        }
    }

    /// True in so many of a thousand cases.
    pub(super) const fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// One of them.
    pub(super) fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        let count = u64::try_from(from.len()).unwrap_or(0);
        let at = usize::try_from(self.below(count)).unwrap_or(0);
        from.get(at).copied().unwrap_or_default()
    }

    /// Sixteen bytes, marked as a random UUID.
    pub(super) fn uuid(&mut self) -> [u8; 16] {
        let high = (self.next() & !0xf000) | 0x4000;
        let low = (self.next() & !(3 << 62)) | (1 << 63);
        ((u128::from(high) << 64) | u128::from(low)).to_be_bytes()
    }

    /// Appends `count` characters of the URL-safe base 64 alphabet.
    pub(super) fn push_text(&mut self, count: usize, to: &mut Vec<u8>) {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let end = to.len() + count;
        while to.len() < end {
            for byte in self.next().to_le_bytes().into_iter().take(end - to.len()) {
                to.extend(ALPHABET.get(usize::from(byte & 63)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_paper() {
        // First outputs of the reference implementation in C for seed 1234567.
        let mut random = Random::new(1_234_567);
        let numbers: Vec<_> = (0..3).map(|_| random.next()).collect();
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }
}
