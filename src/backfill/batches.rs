//! Which keys go into one request.

use std::collections::BTreeMap;

use crate::domain::{PixelCode, Planned};
use crate::tiktok::limits::EVENTS_PER_REQUEST_MAX;

/// Cuts a plan into requests, as indices into it: one pixel each, at most `batch` events, in plan
/// order, and the requests in the order of their first key.
pub(super) fn batches(plan: &[Planned], batch: usize) -> Vec<Vec<usize>> {
    let most = batch.clamp(1, EVENTS_PER_REQUEST_MAX);
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut open: BTreeMap<&PixelCode, usize> = BTreeMap::new();
    for (at, planned) in plan.iter().enumerate() {
        let place = open.get(&planned.pixel).copied();
        if let Some(keys) = place.and_then(|place| batches.get_mut(place)).filter(|keys| keys.len() < most) {
            keys.push(at);
        } else {
            open.insert(&planned.pixel, batches.len());
            batches.push(vec![at]);
        }
    }
    batches
}

/// How many of the first objects fit into a body of `bytes_max`, given each one's size and the size
/// of the body around them. At least none.
pub(super) fn fitting(sizes: &[usize], around: usize, bytes_max: usize) -> usize {
    let mut total = around;
    sizes
        .iter()
        .take_while(|size| {
            // One comma each.
            total = total.saturating_add(**size).saturating_add(1);
            total <= bytes_max
        })
        .count()
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{EventId, EventName, TimeMs};

    pub(in crate::backfill) fn planned(pixel: &str, id: usize) -> Planned {
        let name = EventName::parse("CompletePayment").unwrap();
        Planned {
            pixel: PixelCode::parse(pixel).unwrap(),
            name: name.clone(),
            id: EventId::parse(&format!("e{id}")).unwrap(),
            at: TimeMs::from_ms(0),
            deadline: TimeMs::from_ms(0),
            value: None,
            currency: None,
            browser_fired: false,
            released: None,
            logged_name: name,
            logged_pixel: None,
        }
    }

    #[test]
    fn pixels_are_never_mixed_and_the_order_is_kept() {
        let plan: Vec<_> =
            ["A", "B", "A", "A", "B", "A"].iter().zip(0..).map(|(p, id)| planned(p, id)).collect();
        assert_eq!(batches(&plan, 2), [vec![0, 2], vec![1, 4], vec![3, 5]]);
        assert_eq!(batches(&plan, 0).len(), 6, "a batch of none is a batch of one");
        assert!(batches(&[], 10).is_empty());
    }

    #[test]
    fn what_fits_is_counted_with_commas() {
        assert_eq!(fitting(&[10, 10, 10], 5, 27), 2);
        assert_eq!(fitting(&[10, 10, 10], 5, 26), 1);
        assert_eq!(fitting(&[10, 10, 10], 5, 38), 3);
        assert_eq!(fitting(&[100], 5, 50), 0);
        assert_eq!(fitting(&[usize::MAX, 1], 5, 50), 0);
    }

    proptest! {
        #[test]
        fn every_key_is_in_one_batch_and_no_batch_exceeds_its_limit(
            pixels in proptest::collection::vec(0_u8..4, 0..300),
            batch in 0_usize..1500,
        ) {
            let plan: Vec<_> = pixels.iter().zip(0..).map(|(p, id)| planned(&format!("P{p}"), id)).collect();
            let cut = batches(&plan, batch);
            let mut all: Vec<_> = cut.iter().flatten().copied().collect();
            for keys in &cut {
                prop_assert!(!keys.is_empty() && keys.len() <= batch.clamp(1, 1000));
                prop_assert!(keys.is_sorted());
                prop_assert!(keys.iter().all(|at| plan[*at].pixel == plan[keys[0]].pixel));
            }
            prop_assert!(cut.is_sorted_by_key(|keys| keys[0]));
            all.sort_unstable();
            prop_assert_eq!(all, (0..plan.len()).collect::<Vec<_>>());
        }
    }
}
