//! Counters by values that logs choose freely, bounded.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// Distinct values that are counted apart; all further ones are counted together. A funnel has
/// dozens of names, sources, campaigns and pages; more is a broken log.
pub(super) const VALUES_MAX: usize = 1000;

/// So many values are found by walking them; the others by hash. A walk over a dozen short texts is
/// faster than hashing one.
const WALKED_MAX: usize = 16;

/// How often each value occurred.
#[derive(Debug)]
pub(super) struct Tally<K> {
    /// The first few values, which are walked.
    walked: Vec<(K, u64)>,
    counts: HashMap<K, u64>,
    /// Occurrences of values beyond the bound.
    rest: u64,
}

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Self { walked: Vec::new(), counts: HashMap::new(), rest: 0 }
    }
}

impl<K: Hash + Eq + Ord + Clone> Tally<K> {
    /// Counts a value.
    pub(super) fn add(&mut self, value: &K) {
        if let Some((_, count)) = self.walked.iter_mut().find(|(known, _)| known == value) {
            *count += 1;
        } else if let Some(count) = self.counts.get_mut(value) {
            *count += 1;
        } else {
            self.add_new(value.clone());
        }
    }

    fn add_new(&mut self, value: K) {
        if self.walked.len() < WALKED_MAX {
            self.walked.push((value, 1));
        } else if self.walked.len() + self.counts.len() < VALUES_MAX {
            self.counts.insert(value, 1);
        } else {
            self.rest += 1;
        }
    }

    /// Values with their counts, most frequent first, equal ones in their own order.
    pub(super) fn sorted(&self) -> Vec<(K, u64)> {
        let hashed = self.counts.iter().map(|(value, count)| (value.clone(), *count));
        let mut rows: Vec<(K, u64)> = self.walked.iter().cloned().chain(hashed).collect();
        rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        rows
    }

    /// Occurrences of values beyond the bound.
    pub(super) const fn rest(&self) -> u64 {
        self.rest
    }
}

impl Tally<Arc<str>> {
    /// Counts a text; keeps a copy only when it is new.
    pub(super) fn add_text(&mut self, text: &str) {
        if let Some((_, count)) = self.walked.iter_mut().find(|(known, _)| **known == *text) {
            *count += 1;
        } else if let Some(count) = self.counts.get_mut(text) {
            *count += 1;
        } else {
            self.add_new(Arc::from(text));
        }
    }
}

/// A few rows found by a key: the first ones by walking, the others by hash.
#[derive(Clone, Debug)]
pub(super) struct Slots<K, V> {
    rows: Vec<(K, V)>,
    index: HashMap<K, usize>,
}

impl<K, V> Default for Slots<K, V> {
    fn default() -> Self {
        Self { rows: Vec::new(), index: HashMap::new() }
    }
}

impl<K: Hash + Eq + Clone, V> Slots<K, V> {
    /// The place of a key's row, made by `make` if it is new; beyond [`VALUES_MAX`] rows that of `rest`.
    pub(super) fn place(
        &mut self,
        key: &K,
        rest: impl FnOnce() -> Option<K>,
        make: impl FnOnce(&K) -> V,
    ) -> usize {
        if let Some(at) = self.rows.iter().take(WALKED_MAX).position(|(known, _)| known == key) {
            return at;
        }
        if let Some(at) = self.index.get(key) {
            return *at;
        }
        let new = self.rows.len();
        let others = if new < VALUES_MAX { None } else { rest() };
        let key = others.unwrap_or_else(|| key.clone());
        let at = *self.index.entry(key.clone()).or_insert(new);
        if at == new {
            let row = make(&key);
            self.rows.push((key, row));
        }
        at
    }

    /// The row at a place.
    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut V> {
        self.rows.get_mut(at).map(|(_, row)| row)
    }

    /// The row at a place.
    pub(super) fn get(&self, at: usize) -> Option<&V> {
        self.rows.get(at).map(|(_, row)| row)
    }

    /// All rows, in the order of their places.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(K, V)> {
        self.rows.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_counts_and_is_bounded() {
        let mut tally: Tally<Arc<str>> = Tally::default();
        for value in 0..VALUES_MAX + 5 {
            tally.add_text(&format!("v{value:05}"));
        }
        tally.add_text("v00001");
        tally.add_text("v00001");
        let sorted = tally.sorted();
        assert_eq!((sorted.len(), tally.rest()), (VALUES_MAX, 5));
        assert_eq!((&*sorted[0].0, sorted[0].1, &*sorted[1].0), ("v00001", 3, "v00000"));
    }

    #[test]
    fn slots_find_walked_and_hashed_rows_and_end_in_a_rest() {
        let mut slots: Slots<u32, u64> = Slots::default();
        for round in 0..2 {
            for key in 0..2000_u32 {
                let at = slots.place(&key, || Some(u32::MAX), |_| 0);
                *slots.get_mut(at).unwrap() += 1;
                if round == 1 && key < 1000 {
                    assert_eq!(slots.get(at), Some(&2), "{key}");
                }
            }
        }
        let rows: Vec<_> = slots.iter().collect();
        assert_eq!(rows.len(), VALUES_MAX + 1);
        assert_eq!(rows.last(), Some(&&(u32::MAX, 2000)));
    }
}
