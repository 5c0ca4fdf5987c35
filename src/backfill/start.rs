//! From waiting keys to a request on the wire: build, claim, commit, connect, re-check, send.

use std::time::Duration as Wait;

use tokio::sync::oneshot;

use crate::crash::crash_point;
use crate::domain::{Duration, PixelCode, TimeMs};
use crate::http::Gate;
use crate::store::{ClaimKey, ClaimRequest, Pace, Shared, StoreError};
use crate::tiktok::limits::BODY_BYTES_MAX;
use crate::tiktok::payload::{self, EventObject};

use super::batches::fitting;
use super::build::{Built, build_in};
use super::flow::{Flight, Kept, Parcel, Run};
use super::judge::Heard;
use super::patience::{Patience, since_start};
use super::retry::{PAUSE_MAX, TRIES_MAX, not_before};
use super::{Stopped, Unsendable};

/// What the lease must outlive beside the time-out: the time until the first byte leaves, and until
/// the answer is recorded (reliability 2.5).
const LEASE_SLACK: Duration = Duration::from_secs(10);

/// The keys of a parcel, ready to be claimed.
struct Ready {
    keys: Vec<ClaimKey>,
    /// Indices into the plan, in the same order.
    places: Vec<usize>,
    /// The fewest runs that tried one of them before.
    runs_before: usize,
}

impl Run<'_> {
    /// Sends a parcel, or finds out why it must not go.
    pub async fn start(&mut self, mut parcel: Parcel) {
        let Some(pixel) = parcel.keys.first().and_then(|key| self.planned(*key)).map(|key| key.pixel.clone())
        else {
            return;
        };
        let shared = match self.store.shared() {
            Ok(shared) => shared,
            Err(error) => return self.put_away(parcel, &error),
        };
        if !self.may_send(&pixel, &mut parcel, &shared) {
            return;
        }
        match self.store.until_turn(self.pace()) {
            Ok(Wait::ZERO) => {}
            Ok(wait) => {
                // Another process was here: its turn first.
                self.turn_at = Some(tokio::time::Instant::now() + wait);
                return self.queue.push_front(parcel);
            }
            Err(error) => return self.put_away(parcel, &error),
        }
        let ready = match self.build(&mut parcel) {
            Ok(ready) => ready,
            Err(error) => return self.put_away(parcel, &error),
        };
        if ready.keys.is_empty() {
            return self.tell();
        }
        crash_point!("P0");
        let now = self.now();
        let landed = std::mem::take(&mut self.landed);
        let ended: Vec<_> = landed.iter().map(|one| (one.batch, one.result.clone())).collect();
        let request = ClaimRequest {
            run: self.job.run,
            pixel: &pixel,
            test_code: self.job.test_code,
            keys: &ready.keys,
            lease: self.job.policy.backfill.lease,
            now,
            parent: parcel.parent,
            pace: self.pace(),
        };
        let claimed = match self.store.record_and_claim(&ended, &request) {
            Ok(claimed) => claimed,
            Err(error) => {
                // They are recorded by themselves, or counted as not recorded.
                self.landed = landed;
                return self.put_away(parcel, &error);
            }
        };
        self.recorded(landed);
        crash_point!("P2");
        for place in claimed.damaged.iter().filter_map(|at| ready.places.get(*at)) {
            self.drop_unsendable(*place, Unsendable::ObjectDamaged);
        }
        self.pass(now, claimed.passed.iter().filter_map(|at| ready.places.get(*at)));
        let Some(batch) = claimed.batch.filter(|_| !claimed.keys.is_empty()) else {
            return self.tell();
        };
        parcel.keys = claimed.keys.iter().filter_map(|(at, _)| ready.places.get(*at).copied()).collect();
        let objects: Vec<&EventObject> = claimed.keys.iter().map(|(_, object)| object).collect();
        let body = payload::body(&pixel, self.job.test_code, &objects);
        let claim = Claim { batch, body, at: now, wait: claimed.wait, runs_before: ready.runs_before };
        self.send(&pixel, parcel, claim).await;
    }

    fn pace(&self) -> Pace {
        Pace { now: since_start().unwrap_or_default(), gap: self.gap }
    }

    /// Whether anything may go to this pixel now. Else the parcel is put away and the reason noted.
    fn may_send(&mut self, pixel: &PixelCode, parcel: &mut Parcel, shared: &Shared) -> bool {
        if let Some(off) = self.clock_is_back(shared.clock_high_water) {
            self.queue.push_front(std::mem::take(parcel));
            self.end(Stopped::Clock { off });
            return false;
        }
        let Some(fingerprint) = self.fingerprints.get(pixel) else {
            for key in std::mem::take(&mut parcel.keys) {
                self.drop_unsendable(key, Unsendable::NoPixelOrToken);
            }
            return false;
        };
        let blocked = shared.blocked_tokens.iter().find(|(_, blocked, _)| blocked == fingerprint);
        if let Some((_, _, code)) = blocked {
            let stopped = Stopped::StillBlocked { pixel: pixel.clone(), code: *code };
            if self.closed.insert(pixel.clone()) {
                self.note(stopped);
            }
        }
        if self.closed.contains(pixel) {
            self.leave(parcel);
            return false;
        }
        if let Some(until) = shared.throttled_until.filter(|until| Some(*until) > self.pause_obeyed) {
            let pause = until.since(self.now());
            if pause > Duration::ZERO {
                self.queue.push_front(std::mem::take(parcel));
                self.pause(until, pause);
                return false;
            }
        }
        true
    }

    /// Sits a short pause out; leaves a long one to the next run.
    pub fn pause(&mut self, until: TimeMs, pause: Duration) {
        if pause > PAUSE_MAX {
            return self.end(Stopped::Throttled { until });
        }
        self.pause_obeyed = Some(until);
        let wait = std::time::Duration::from_millis(u64::try_from(pause.as_ms()).unwrap_or(0));
        self.paused_until = self.paused_until.max(Some(tokio::time::Instant::now() + wait));
    }

    /// Builds the objects of a parcel. What has expired or cannot be sent leaves it; what does not fit
    /// into one body goes back to the queue.
    fn build(&mut self, parcel: &mut Parcel) -> Result<Ready, StoreError> {
        let now = self.now();
        let plan = &self.job.plan.send;
        let mut built: Vec<(usize, Built)> = Vec::with_capacity(parcel.keys.len());
        for key in std::mem::take(&mut parcel.keys) {
            let Some(planned) = plan.get(key) else { continue };
            if now >= planned.deadline {
                self.summary.expired += 1;
                self.done += 1;
                continue;
            }
            let object = match self.ahead.take(key) {
                Some(object) => object,
                None => build_in(self.store, self.job.policy, planned, Some(self.job.run))?,
            };
            match object {
                Ok(object) => built.push((key, object)),
                Err(why) => self.drop_unsendable(key, why),
            }
        }
        let around = match built.first().and_then(|(key, _)| self.planned(*key)) {
            Some(planned) => payload::body(&planned.pixel, self.job.test_code, &[]).len(),
            None => 0,
        };
        let sizes: Vec<usize> = built.iter().map(|(_, built)| built.object.as_json().len()).collect();
        let fits = fitting(&sizes, around, BODY_BYTES_MAX);
        let rest: Vec<usize> = built.split_off(fits).into_iter().map(|(key, _)| key).collect();
        if let (0, [too_large, others @ ..]) = (fits, rest.as_slice()) {
            self.drop_unsendable(*too_large, Unsendable::TooLarge);
            self.requeue(std::iter::once(Parcel { keys: others.to_vec(), ..parcel.clone() }));
        } else {
            self.requeue(std::iter::once(Parcel { keys: rest, ..parcel.clone() }));
        }
        parcel.keys = built.iter().map(|(key, _)| *key).collect();
        let runs_before = built.iter().map(|(_, built)| built.runs_before).min().unwrap_or(0);
        let claim_key = |(key, built): (usize, Built)| {
            let planned = self.planned(key)?;
            Some(ClaimKey {
                name: planned.name.clone(),
                id: planned.id.clone(),
                object: built.object,
                provenance: built.provenance,
                deadline: planned.deadline,
            })
        };
        Ok(Ready {
            keys: built.into_iter().filter_map(claim_key).collect(),
            places: parcel.keys.clone(),
            runs_before,
        })
    }

    /// Counts keys that were not free any more, or whose deadline passed while they were built.
    fn pass<'k>(&mut self, now: TimeMs, keys: impl Iterator<Item = &'k usize>) {
        for key in keys {
            let is_late = self.planned(*key).is_some_and(|planned| now >= planned.deadline);
            let total = if is_late { &mut self.summary.expired } else { &mut self.summary.passed };
            *total += 1;
            self.done += 1;
        }
    }

    /// Puts the request of a claim on its way: its connection is made, and then asks for a last word.
    async fn send(&mut self, pixel: &PixelCode, mut parcel: Parcel, claim: Claim) {
        let Claim { batch, body, at, wait, runs_before } = claim;
        if body.len() > BODY_BYTES_MAX && parcel.keys.len() > 1 {
            // Frozen objects may be larger than the ones that were measured.
            let right = parcel.keys.split_off(parcel.keys.len() / 2);
            let halves = [parcel.clone(), Parcel { keys: right, ..parcel.clone() }];
            return self.give_back(batch, halves).await;
        }
        let Some(token) = self.job.tokens.get(pixel).cloned() else { return };
        let limits = &self.job.policy.backfill;
        let lease_until = at.plus(limits.lease);
        let deadline = self.deadline(&parcel.keys).unwrap_or(at);
        // The lease must outlive the whole request, which cannot take longer than its time-out.
        let patience = Patience::of(lease_until.minus(limits.total_timeout).min(deadline).since(at));
        let (go, word) = oneshot::channel();
        let standing = self.standing.clone();
        let gate = Gate::new(async move {
            let is_heard = standing.send(batch).is_ok();
            let may_go = is_heard && word.await.unwrap_or(false);
            crash_point!("P3");
            may_go && !patience.is_over()
        });
        let client = self.job.client.clone();
        self.summary.requests += 1;
        self.turn_at = Some(tokio::time::Instant::now() + wait + self.gap);
        let task = self.wire.spawn(async move {
            tokio::time::sleep(wait).await;
            let reply = match client.post(&token, body, gate).await {
                Ok(head) => {
                    crash_point!("P5");
                    head.read().await
                }
                Err(reply) => reply,
            };
            crash_point!("P6");
            reply
        });
        let not_before = not_before(runs_before, at, deadline);
        let flight = Flight { batch, parcel, not_before, go: Some(go), kept: None };
        self.flights.insert(task.id(), flight);
    }

    /// The last word on a request whose connection stands: its claim must hold until it can have ended,
    /// and no deadline may be over.
    pub fn look_again(&mut self, batch: i64) {
        let now = self.now();
        let until = now.plus(self.job.policy.backfill.total_timeout).plus(LEASE_SLACK);
        let Some(flight) = self.flights.values().find(|flight| flight.batch == batch) else { return };
        let is_late =
            self.is_over || self.deadline(&flight.parcel.keys).is_none_or(|deadline| now >= deadline);
        let kept = if is_late {
            Some(Kept::Late)
        } else {
            match self.store.recheck(batch, until) {
                Ok(true) => None,
                Ok(false) => Some(Kept::Lost),
                Err(error) => {
                    self.store_failed(&error);
                    Some(Kept::Unasked)
                }
            }
        };
        if let Some(flight) = self.flights.values_mut().find(|flight| flight.batch == batch) {
            flight.kept = kept;
            if let Some(go) = flight.go.take() {
                // A request that has ended meanwhile hears nothing any more.
                let _ = go.send(kept.is_none());
            }
        }
    }

    /// Takes back a request of which nothing was sent.
    pub async fn take_back(&mut self, batch: i64, mut parcel: Parcel, kept: Kept) {
        self.summary.requests = self.summary.requests.saturating_sub(1);
        match kept {
            Kept::Unasked => return self.queue.push_front(parcel),
            Kept::Late => {}
            Kept::Lost => parcel.tries += 1,
        }
        if parcel.tries >= TRIES_MAX {
            self.leave(&parcel);
            parcel = Parcel::default();
        }
        self.give_back(batch, [parcel, Parcel::default()]).await;
    }

    /// Releases a claim of which nothing was sent, and queues what shall be tried again.
    async fn give_back(&mut self, batch: i64, parcels: [Parcel; 2]) {
        let now = self.now();
        if self.record(&[(batch, Heard::not_sent().result(now, now))]).await {
            self.requeue(parcels.into_iter());
        } else {
            for parcel in parcels {
                self.leave(&parcel);
            }
        }
    }

    fn drop_unsendable(&mut self, key: usize, why: Unsendable) {
        if let Some(planned) = self.job.plan.send.get(key) {
            self.summary.unsendable.push((planned.name.clone(), planned.id.clone(), why));
            self.done += 1;
        }
    }

    /// The store failed before anything was claimed.
    fn put_away(&mut self, parcel: Parcel, error: &StoreError) {
        self.queue.push_front(parcel);
        self.store_failed(error);
    }

    /// The store failed before anything was sent.
    fn store_failed(&mut self, error: &StoreError) {
        self.end(Stopped::Store { why: error.to_string(), unrecorded: 0, busy: is_busy(error) });
    }
}

/// A claim whose request is ready.
struct Claim {
    batch: i64,
    body: Vec<u8>,
    /// When it was made.
    at: TimeMs,
    /// Until its turn.
    wait: Wait,
    runs_before: usize,
}

pub(super) fn is_busy(error: &StoreError) -> bool {
    matches!(error, StoreError::Busy { .. })
}
