//! Rows kept to be compared after the pass, in bounded memory: what one person or one order did.

/// Rows that are kept. A row is a few dozen bytes, so a sample stays under 20 MB.
const ROWS_MAX: usize = 1 << 18;

/// A sample of groups: all rows of a group are in it, or none.
///
/// Beyond the bound every second group goes, by a hash of its key, as often as needed; so that what is
/// kept is whole, the same in any order, and a share of all that is known.
#[derive(Debug)]
pub(super) struct Groups<T> {
    rows: Vec<(u64, T)>,
    /// Groups are kept whose hash has so many zeros at its end.
    halvings: u32,
    rows_max: usize,
}

impl<T> Default for Groups<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), halvings: 0, rows_max: ROWS_MAX }
    }
}

impl<T: Ord> Groups<T> {
    /// Takes a row of a group.
    pub(super) fn add(&mut self, group: i64, row: T) {
        let group = spread(group);
        if !self.keeps(group) {
            return;
        }
        self.rows.push((group, row));
        while self.rows.len() > self.rows_max && self.halvings < u64::BITS - 1 {
            self.halvings += 1;
            let halvings = self.halvings;
            self.rows.retain(|(group, _)| group.trailing_zeros() >= halvings);
        }
    }

    const fn keeps(&self, group: u64) -> bool {
        self.halvings == 0 || group.trailing_zeros() >= self.halvings
    }

    /// Of so many groups one is kept.
    pub(super) const fn one_in(&self) -> u64 {
        1 << self.halvings
    }

    /// Calls with the hash and the rows of each group, in order.
    pub(super) fn each_group(&self, mut visit: impl FnMut(u64, &[&T])) {
        let mut rows: Vec<&(u64, T)> = self.rows.iter().collect();
        rows.sort();
        for group in rows.chunk_by(|a, b| a.0 == b.0) {
            let Some((key, _)) = group.first() else { continue };
            visit(*key, &group.iter().map(|(_, row)| row).collect::<Vec<_>>());
        }
    }
}

/// Spreads the bits of a number (the finaliser of SplitMix64): a bijection, so no two groups fall together.
pub(super) const fn spread(group: i64) -> u64 {
    let mut bits = group.cast_unsigned().wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_stay_whole_and_memory_is_bounded() {
        let mut sample = Groups { rows_max: 100, ..Groups::default() };
        for row in 0..3 {
            for group in 0..400 {
                sample.add(group, row);
            }
        }
        assert!(sample.rows.len() <= 100 && sample.one_in() >= 8, "{}", sample.one_in());
        let (mut groups, mut whole) = (0, 0);
        sample.each_group(|_, rows| {
            groups += 1;
            whole += u64::from(rows == [&0, &1, &2]);
        });
        assert!(groups > 10 && groups == whole, "{groups} {whole}");
    }

    #[test]
    fn a_small_sample_is_everything() {
        let mut sample = Groups::default();
        for (group, row) in [(7, 'b'), (8, 'x'), (7, 'a')] {
            sample.add(group, row);
        }
        let mut seen = Vec::new();
        sample.each_group(|_, rows| seen.push(rows.iter().map(|row| **row).collect::<String>()));
        seen.sort();
        assert_eq!((seen, sample.one_in()), (vec!["ab".to_owned(), "x".to_owned()], 1));
    }
}
