//! The loop: one owner of the store starts requests and lands their replies.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration as Wait;

use tokio::sync::{mpsc, oneshot};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

use crate::crash::crash_point;
use crate::domain::{Duration, PixelCode, Planned, TimeMs};
use crate::http::{Cause, Reply};
use crate::store::{BatchResult, Store, StoreError};

use super::ahead::Ahead;
use super::batches::batches;
use super::bisect::Bisection;
use super::retry::{Breaker, Jitter};
use super::{Job, Progress, Stopped, Summary};

/// How far the clock may lie behind the newest time any run has seen (reliability 2.9).
const CLOCK_BACK_MAX: Duration = Duration::from_mins(5);

/// How long an acceptance may wait for the claim that records it: a few turns at most, so that a crash
/// forgets little.
const RECORD_DELAY_MAX: Wait = Wait::from_millis(50);

/// Keys that wait for a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Parcel {
    /// Indices into the plan; one pixel.
    pub keys: Vec<usize>,
    /// The refused batch that it is a part of.
    pub parent: Option<i64>,
    /// The search it belongs to.
    pub search: Option<usize>,
    /// Tries of this run that failed to reach TikTok.
    pub tries: u32,
    /// One of them may have reached it.
    pub is_unclear: bool,
}

/// A request on its way.
#[derive(Debug)]
pub(super) struct Flight {
    pub batch: i64,
    pub parcel: Parcel,
    /// Not before this time, should nobody know what became of it.
    pub not_before: TimeMs,
    /// Where the connection waits for the last word before the first byte; `None`: it was given.
    pub go: Option<oneshot::Sender<bool>>,
    /// Why the last word was no.
    pub kept: Option<Kept>,
}

/// Why a request was kept back at the last moment: no byte of its body left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// Its claim does not hold long enough any more, or one of its keys was accepted meanwhile.
    Lost,
    /// A deadline passed meanwhile, or the run is over.
    Late,
    /// The store could not be asked, and the run ends.
    Unasked,
}

/// An accepted request that is not recorded yet: the transaction of the next claim records it as well.
#[derive(Debug)]
pub(super) struct Landed {
    pub batch: i64,
    pub result: BatchResult,
    /// How many.
    pub keys: u64,
    pub deadline: Option<TimeMs>,
}

/// A run.
pub(super) struct Run<'a> {
    pub job: Job<'a>,
    pub store: &'a mut Store,
    pub progress: &'a mut dyn FnMut(Progress),
    pub queue: VecDeque<Parcel>,
    pub wire: JoinSet<Reply>,
    /// What is on the wire, by the task that waits for its reply.
    pub flights: HashMap<Id, Flight>,
    pub landed: Vec<Landed>,
    /// Where requests say, by their batch, that their connection stands.
    pub standing: mpsc::UnboundedSender<i64>,
    /// Objects that are built while others are on the wire.
    pub ahead: Ahead,
    pub searches: Vec<Bisection>,
    pub summary: Summary,
    pub done: u64,
    /// Requests that may be in flight.
    pub width: usize,
    pub fingerprints: BTreeMap<PixelCode, String>,
    /// Pixels that take nothing more in this run.
    pub closed: BTreeSet<PixelCode>,
    /// Nothing is started any more.
    pub is_over: bool,
    pub breaker: Breaker,
    pub jitter: Jitter,
    /// Between two requests of all processes.
    pub gap: Wait,
    /// When the next turn comes.
    pub turn_at: Option<Instant>,
    /// Throttle answers in a row.
    pub throttles: u32,
    /// Nobody sends before this moment.
    pub paused_until: Option<Instant>,
    /// The shared pause that this run has sat out.
    pub pause_obeyed: Option<TimeMs>,
    /// Searches in a row that blamed our requests.
    pub blamed_in_a_row: u32,
}

/// Runs a plan.
pub(super) async fn run(
    job: Job<'_>,
    store: &mut Store,
    progress: &mut dyn FnMut(Progress),
) -> Result<Summary, StoreError> {
    let key = store.fingerprint_key()?;
    let now = (job.now)();
    if clock_is_back(store.shared()?.clock_high_water, now).is_none() {
        store.raise_clock(now)?;
    }
    let policy = &job.policy.backfill;
    let queue: VecDeque<Parcel> = batches(&job.plan.send, policy.batch)
        .into_iter()
        .map(|keys| Parcel { keys, ..Parcel::default() })
        .collect();
    let (standing, stood) = mpsc::unbounded_channel();
    let ahead = if queue.len() > 1 { Ahead::start(store.path(), job.policy, job.run) } else { Ahead::none() };
    let mut run = Run {
        store,
        progress,
        queue,
        wire: JoinSet::new(),
        flights: HashMap::new(),
        landed: Vec::new(),
        standing,
        ahead,
        searches: Vec::new(),
        summary: Summary { planned: count(job.plan.send.len()), ..Summary::default() },
        done: 0,
        width: 1,
        fingerprints: job
            .tokens
            .iter()
            .map(|(pixel, token)| (pixel.clone(), token.fingerprint(&key)))
            .collect(),
        closed: BTreeSet::new(),
        is_over: false,
        breaker: Breaker::default(),
        jitter: Jitter::new(),
        gap: Wait::from_secs(1) / policy.requests_per_second.max(1),
        turn_at: None,
        throttles: 0,
        paused_until: None,
        pause_obeyed: None,
        blamed_in_a_row: 0,
        job,
    };
    run.send_all(stood).await;
    crash_point!("P9");
    Ok(run.summary)
}

impl Run<'_> {
    async fn send_all(&mut self, mut stood: mpsc::UnboundedReceiver<i64>) {
        let mut stop = self.job.stop.clone();
        let mut can_be_stopped = true;
        loop {
            if *stop.borrow() && !self.is_over {
                self.end(Stopped::Signal);
            }
            let wake = self.start_what_can_be().await;
            if !self.claims_soon(wake) {
                self.record_landed().await;
            }
            if self.wire.is_empty() && (self.is_over || self.queue.is_empty()) {
                break;
            }
            tokio::select! {
                // The last word first: a connection waits for it.
                biased;
                Some(batch) = stood.recv() => self.look_again(batch),
                Some(landed) = self.wire.join_next_with_id(), if !self.wire.is_empty() => {
                    self.land_task(landed).await;
                    // What has landed meanwhile is recorded together with it.
                    while let Some(landed) = self.wire.try_join_next_with_id() {
                        self.land_task(landed).await;
                    }
                }
                () = self.ahead.next(), if self.ahead.is_waited_for() => {}
                () = sleep_until(wake), if wake.is_some() => {}
                changed = stop.changed(), if can_be_stopped => can_be_stopped = changed.is_ok(),
            }
        }
        for parcel in std::mem::take(&mut self.queue) {
            self.leave(&parcel);
        }
    }

    /// Whether a claim follows at once that can record what has landed as well.
    fn claims_soon(&self, wake: Option<Instant>) -> bool {
        let has_room = !self.is_over && self.wire.len() < self.width && !self.queue.is_empty();
        has_room && wake.is_none_or(|wake| wake <= Instant::now() + RECORD_DELAY_MAX)
    }

    async fn land_task(&mut self, landed: Result<(Id, Reply), JoinError>) {
        let (task, reply) = landed.unwrap_or_else(|broken| (broken.id(), broke_off()));
        if let Some(flight) = self.flights.remove(&task) {
            self.land(flight, reply).await;
        }
    }

    /// Starts requests until the wire is full, the queue empty, or a pause is due: its end.
    async fn start_what_can_be(&mut self) -> Option<Instant> {
        while !self.is_over && self.wire.len() < self.width && !self.queue.is_empty() {
            let now = Instant::now();
            let held = self.paused_until.max(self.turn_at).filter(|until| *until > now);
            if held.is_some() {
                return held;
            }
            self.order_ahead();
            if self.queue.front().is_some_and(|parcel| self.ahead.has_to_wait_for(&parcel.keys)) {
                break;
            }
            if let Some(parcel) = self.queue.pop_front() {
                self.start(parcel).await;
            }
        }
        self.order_ahead();
        None
    }

    /// Has the next parcels built while others are on the wire: as many as may go out at once.
    fn order_ahead(&mut self) {
        let most = self.job.policy.backfill.concurrency.max(1);
        for parcel in self.queue.iter().take(most) {
            self.ahead.order(&parcel.keys, &self.job.plan.send);
        }
    }

    /// Ends the run: what is in flight lands, nothing new starts.
    pub fn end(&mut self, why: Stopped) {
        self.is_over = true;
        self.note(why);
    }

    /// Remembers why something stopped, once.
    pub fn note(&mut self, why: Stopped) {
        if !self.summary.stopped.contains(&why) {
            self.summary.stopped.push(why);
        }
    }

    /// Counts keys that this run does not try (again).
    pub fn leave(&mut self, parcel: &Parcel) {
        self.note_deadline(self.deadline(&parcel.keys));
        let total = if parcel.is_unclear { &mut self.summary.unknown } else { &mut self.summary.left };
        *total += count(parcel.keys.len());
    }

    /// Remembers until when keys without an outcome can be sent.
    pub fn note_deadline(&mut self, deadline: Option<TimeMs>) {
        let first = deadline.into_iter().chain(self.summary.first_deadline).min();
        self.summary.first_deadline = first;
    }

    /// Puts parcels at the head of the queue, in their order.
    pub fn requeue(&mut self, parcels: impl DoubleEndedIterator<Item = Parcel>) {
        for parcel in parcels.rev().filter(|parcel| !parcel.keys.is_empty()) {
            self.queue.push_front(parcel);
        }
    }

    pub fn now(&self) -> TimeMs {
        (self.job.now)()
    }

    pub fn planned(&self, key: usize) -> Option<&Planned> {
        self.job.plan.send.get(key)
    }

    /// The earliest deadline of some keys.
    pub fn deadline(&self, keys: &[usize]) -> Option<TimeMs> {
        keys.iter().filter_map(|key| self.planned(*key)).map(|planned| planned.deadline).min()
    }

    /// Whether the clock runs behind the newest time any run has seen, and by how much.
    pub fn clock_is_back(&self, newest: Option<TimeMs>) -> Option<Duration> {
        clock_is_back(newest, self.now())
    }

    pub fn tell(&mut self) {
        let Summary { planned, accepted, refused, unknown, requests, .. } = self.summary;
        (self.progress)(Progress { planned, done: self.done, accepted, refused, unknown, requests });
    }
}

/// By how much a clock runs behind the newest time that any run has seen, if it is more than clocks do.
#[must_use]
pub fn clock_is_back(newest: Option<TimeMs>, now: TimeMs) -> Option<Duration> {
    let newest = newest?;
    (now.plus(CLOCK_BACK_MAX) < newest).then(|| now.since(newest))
}

/// The reply of a task that panicked: nobody knows what became of its request.
fn broke_off() -> Reply {
    Reply::Ambiguous { status: None, cause: Cause::Damaged, why: "the request broke off".to_owned() }
}

async fn sleep_until(at: Option<Instant>) {
    if let Some(at) = at {
        tokio::time::sleep_until(at).await;
    }
}

/// A count for a summary.
pub(super) fn count(keys: usize) -> u64 {
    u64::try_from(keys).unwrap_or(u64::MAX)
}
