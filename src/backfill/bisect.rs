//! Finding the events that TikTok refuses: only a request of one event can refuse an event.

/// Requests per refused batch, times the depth of its halving: five bad events of a thousand cost 85
/// at most, all thousand bad would cost 1999 (reliability 2.6).
const REQUESTS_PER_LEVEL: u32 = 32;

/// Refusals of single events, with nothing of their batch accepted, that show that the fault is ours:
/// both halves refused down to single events, twice in a row.
const ALONE_MAX: u32 = 4;

/// Places that a refusal names which are believed in a row, before halving takes over.
const HINTS_MAX: u32 = 8;

/// The search within one refused batch.
#[derive(Debug)]
pub(super) struct Bisection {
    cap: u32,
    used: u32,
    alone: u32,
    hints: u32,
    is_any_accepted: bool,
}

/// What to do after a part was refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It held one event, and that is refused.
    Alone,
    /// Send these parts, in this order.
    Parts(Vec<Vec<usize>>),
    /// Give up: our requests look wrong, not the events.
    LooksLikeOurs,
}

impl Bisection {
    /// The search within a batch of so many events.
    pub fn new(events: usize) -> Self {
        let levels = usize::BITS - events.saturating_sub(1).leading_zeros();
        Self { cap: REQUESTS_PER_LEVEL * levels.max(1), used: 0, alone: 0, hints: 0, is_any_accepted: false }
    }

    /// A part was accepted.
    pub const fn accepted(&mut self) {
        self.is_any_accepted = true;
        self.alone = 0;
        self.hints = 0;
    }

    /// A part was refused; `hint` is the place that the refusal blames.
    pub fn refused(&mut self, mut keys: Vec<usize>, hint: Option<usize>) -> Next {
        if keys.len() <= 1 {
            self.alone += 1;
            let is_ours = self.alone >= ALONE_MAX && !self.is_any_accepted;
            return if is_ours { Next::LooksLikeOurs } else { Next::Alone };
        }
        self.used += 2;
        if self.used > self.cap {
            return Next::LooksLikeOurs;
        }
        if let Some(at) = hint.filter(|at| *at < keys.len() && self.hints < HINTS_MAX) {
            // The rest goes first: once it is accepted, the blamed one is known to stand alone.
            self.hints += 1;
            let blamed = keys.remove(at);
            return Next::Parts(vec![keys, vec![blamed]]);
        }
        let right = keys.split_off(keys.len() / 2);
        Next::Parts(vec![keys, right])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    struct Told {
        requests: u32,
        accepted: Vec<usize>,
        refused: Vec<usize>,
        is_ours: bool,
    }

    /// Runs a search against a server that refuses every request with a bad event in it.
    fn search(events: usize, is_bad: impl Fn(usize) -> bool, names: bool) -> Told {
        let mut told = Told { requests: 0, accepted: vec![], refused: vec![], is_ours: false };
        let mut bisection = Bisection::new(events);
        let mut queue = VecDeque::from([(0..events).collect::<Vec<_>>()]);
        while let Some(keys) = queue.pop_front() {
            told.requests += 1;
            let Some(place) = keys.iter().position(|key| is_bad(*key)) else {
                bisection.accepted();
                told.accepted.extend(keys);
                continue;
            };
            let first = keys[0];
            match bisection.refused(keys, names.then_some(place)) {
                Next::Alone => told.refused.push(first),
                Next::Parts(parts) => {
                    for part in parts.into_iter().rev() {
                        queue.push_front(part);
                    }
                }
                Next::LooksLikeOurs => {
                    told.is_ours = true;
                    break;
                }
            }
        }
        told
    }

    #[test]
    fn one_bad_event_costs_two_requests_per_level() {
        for bad in [0, 1, 499, 500, 998, 999] {
            let told = search(1000, |key| key == bad, false);
            assert!(told.requests <= 21, "{}", told.requests);
            assert_eq!((told.refused, told.accepted.len()), (vec![bad], 999));
        }
        assert!(search(100, |key| key == 37, false).requests <= 15, "N-16");
    }

    #[test]
    fn a_named_event_costs_two_requests() {
        let told = search(1000, |key| key == 37, true);
        assert_eq!((told.requests, told.refused, told.accepted.len()), (3, vec![37], 999));
        let told = search(200, |key| key < 5, true);
        assert!(!told.is_ours && told.refused.len() == 5 && told.accepted.len() == 195);
    }

    #[test]
    fn a_wrong_name_refuses_nobody() {
        let mut bisection = Bisection::new(4);
        assert_eq!(bisection.refused(vec![0, 1, 2, 3], Some(9)), Next::Parts(vec![vec![0, 1], vec![2, 3]]));
        assert_eq!(bisection.refused(vec![0, 1], Some(1)), Next::Parts(vec![vec![0], vec![1]]));
    }

    #[test]
    fn all_bad_stops_early_and_blames_us() {
        for names in [false, true] {
            for events in [4, 200, 1000] {
                let told = search(events, |_| true, names);
                assert!(told.is_ours && told.refused.len() < 4, "{events}");
                assert!(told.requests <= 40, "{events} {names}: {}", told.requests);
            }
        }
        let told = search(2, |_| true, false);
        assert!(!told.is_ours && told.refused == [0, 1], "two bad events are two bad events");
    }

    #[test]
    fn a_flaky_verdict_ends() {
        let mut bisection = Bisection::new(1000);
        let mut requests = 0;
        loop {
            // Whatever is sent, two events or more are refused for ever.
            match bisection.refused((0..1000).collect(), None) {
                Next::Parts(parts) => requests += parts.len(),
                Next::LooksLikeOurs => break,
                Next::Alone => panic!("nothing was sent alone"),
            }
        }
        assert_eq!(requests, 320);
    }

    proptest! {
        #[test]
        fn every_event_is_accepted_or_refused_alone(
            bad in proptest::collection::btree_set(0_usize..300, 0..12),
            events in 1_usize..300,
            names in any::<bool>(),
        ) {
            let told = search(events, |key| bad.contains(&key), names);
            if !told.is_ours {
                prop_assert_eq!(told.refused.len() + told.accepted.len(), events);
                prop_assert!(told.refused.iter().all(|key| bad.contains(key)));
                prop_assert!(told.accepted.iter().all(|key| !bad.contains(key)));
            }
        }
    }
}
