//! What the ledger must do, in plain values.

use std::collections::BTreeMap;

use makegood::domain::{Duration, Outcome, TimeMs};

/// How long a request may be on the wire.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);

/// A key.
#[derive(Clone, Debug, Default)]
pub(super) struct Key {
    /// Batch and outcome, in the order of claiming.
    pub(super) attempts: Vec<(i64, Option<Outcome>)>,
    /// Batch, end of its lease, not before.
    pub(super) claim: Option<(i64, TimeMs, TimeMs)>,
    frozen: Option<String>,
    /// A log holds an acceptance.
    pub(super) is_in_log: bool,
}

impl Key {
    fn is_accepted(&self) -> bool {
        self.is_in_log || self.attempts.iter().any(|(_, outcome)| *outcome == Some(Outcome::Accepted))
    }
}

/// A request that went out.
#[derive(Clone, Debug)]
struct Flight {
    keys: Vec<usize>,
    sent_at: TimeMs,
}

/// All of it.
#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) now: TimeMs,
    deadline: TimeMs,
    pub(super) keys: Vec<Key>,
    ended: BTreeMap<i64, bool>,
    flights: BTreeMap<usize, Flight>,
    /// The keys as they were when the laws were checked last.
    before: Vec<Key>,
}

impl Model {
    pub(super) fn new(now: TimeMs, deadline: TimeMs, keys: usize) -> Self {
        let keys = vec![Key::default(); keys];
        let before = keys.clone();
        Self { now, deadline, keys, ended: BTreeMap::new(), flights: BTreeMap::new(), before }
    }

    /// Which of the wanted keys are free, with the object each must be sent with; and which are not.
    pub(super) fn free(&self, wanted: &[usize], object: &str) -> (Vec<(usize, String)>, Vec<usize>) {
        let is_free = |key: &Key| {
            let due = key.claim.map(|(_, lease, not_before)| lease.max(not_before));
            self.now < self.deadline && !key.is_accepted() && due.is_none_or(|due| due <= self.now)
        };
        let (free, held): (Vec<_>, Vec<_>) = wanted.iter().partition(|key| is_free(&self.keys[**key]));
        let with_object =
            |key: usize| (key, self.keys[key].frozen.clone().unwrap_or_else(|| object.to_owned()));
        (free.into_iter().map(with_object).collect(), held)
    }

    pub(super) fn claimed(
        &mut self,
        worker: usize,
        batch: Option<i64>,
        taken: &[(usize, String)],
        lease: TimeMs,
    ) {
        // Whatever the worker had on the wire is no longer waited for.
        self.flights.remove(&worker);
        let Some(batch) = batch else { return };
        assert!(self.ended.keys().all(|earlier| *earlier < batch), "a fencing token is never used again");
        self.ended.insert(batch, false);
        for (key, object) in taken {
            let key = &mut self.keys[*key];
            key.attempts.push((batch, None));
            key.claim = Some((batch, lease, TimeMs::from_ms(0)));
            key.frozen = Some(object.clone());
        }
    }

    fn of(&self, batch: i64) -> Vec<usize> {
        let has = |key: &usize| self.keys[*key].attempts.iter().any(|(of, _)| *of == batch);
        (0..self.keys.len()).filter(has).collect()
    }

    pub(super) fn may_send(&self, batch: i64, until: TimeMs) -> bool {
        let is_ours = |key: &usize| {
            let key = &self.keys[*key];
            !key.is_accepted() && key.claim.is_some_and(|(owner, lease, _)| owner == batch && lease >= until)
        };
        !self.ended[&batch] && self.of(batch).iter().all(is_ours)
    }

    /// A request goes out. Nobody else who still waits for an answer may have one of its keys.
    pub(super) fn sends(&mut self, worker: usize, batch: i64) {
        let keys = self.of(batch);
        for (other, flight) in &self.flights {
            let is_live = *other != worker && self.now < flight.sent_at.plus(TIMEOUT);
            let shares = keys.iter().any(|key| flight.keys.contains(key));
            assert!(!(is_live && shares), "two live owners: {keys:?} and {flight:?} at {}", self.now);
        }
        self.flights.insert(worker, Flight { keys, sent_at: self.now });
    }

    pub(super) fn recorded(
        &mut self,
        worker: usize,
        batch: i64,
        outcome: Option<Outcome>,
        not_before: TimeMs,
    ) {
        self.flights.remove(&worker);
        self.ended.insert(batch, true);
        let Some(outcome) = outcome else { return };
        for key in self.of(batch) {
            let key = &mut self.keys[key];
            let owns = key.claim.is_some_and(|(owner, _, _)| owner == batch);
            let Some((_, told)) = key.attempts.iter_mut().find(|(of, _)| *of == batch) else { continue };
            if outcome == Outcome::Accepted {
                *told = Some(outcome);
                key.frozen = None;
            } else if owns && told.is_none() {
                *told = Some(outcome);
            }
            if let Some((_, lease, earliest)) = key.claim.as_mut().filter(|_| owns) {
                *lease = (*lease).min(self.now);
                *earliest = (*earliest).max(not_before);
            }
        }
    }

    pub(super) fn crashed(&mut self, worker: usize) {
        self.flights.remove(&worker);
    }

    /// What holds whatever happens: the model itself is held against them.
    pub(super) fn check_laws(&mut self) {
        for (before, after) in self.before.iter().zip(&self.keys) {
            assert!(!before.is_accepted() || after.is_accepted(), "an acceptance never goes back");
            assert!(before.attempts.len() <= after.attempts.len(), "attempts are only added");
            for ((batch, was), (same, is)) in before.attempts.iter().zip(&after.attempts) {
                assert_eq!(batch, same, "attempts are only added");
                let stays = was.is_none() || was == is || *is == Some(Outcome::Accepted);
                assert!(stays, "an outcome, once written, stays: {was:?} to {is:?}");
            }
            let is_frozen = before.frozen.is_none() || before.frozen == after.frozen || after.is_accepted();
            assert!(is_frozen, "the object changed");
            if before.is_accepted() {
                assert_eq!(before.attempts.len(), after.attempts.len(), "accepted and claimed again");
            }
        }
        self.before.clone_from(&self.keys);
    }
}
