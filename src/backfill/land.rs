//! From a reply to a row in the ledger, and to what happens next.

use crate::crash::crash_point;
use crate::domain::{Duration, TimeMs};
use crate::http::Reply;
use crate::store::BatchResult;

use super::Stopped;
use super::bisect::{Bisection, Next};
use super::flow::{Flight, Landed, Parcel, Run, count};
use super::judge::{self, News};
use super::retry::{BREAK, TRIES_MAX, throttle_pause};
use super::start::is_busy;

/// Tries to record an outcome. Each waits as long as the store's own busy time-out.
const RECORD_TRIES: u32 = 3;

/// How far our clock and the server's may differ: half of the hour by which the send window is
/// shorter than TikTok's (reliability 2.9).
const CLOCK_SKEW_MAX: Duration = Duration::from_mins(30);

/// Searches in a row that blame our requests and end the run.
const BLAMED_MAX: u32 = 2;

/// What becomes of the keys of a landed request.
enum Fate {
    Accepted,
    Refused,
    /// Nobody knows, and this run does not try again.
    Unknown,
    /// Not taken, and this run does not try again.
    Left,
    /// Tried again in this run, in these parts.
    Again(Vec<Parcel>),
}

impl Run<'_> {
    /// Records a reply and acts on it.
    pub async fn land(&mut self, flight: Flight, reply: Reply) {
        let Flight { batch, parcel, not_before, go: _, kept } = flight;
        if let Some(kept) = kept {
            return self.take_back(batch, parcel, kept).await;
        }
        let heard = judge::hear(reply);
        let now = self.now();
        let keys = count(parcel.keys.len());
        let deadline = self.deadline(&parcel.keys);
        let fate = self.fate(batch, parcel, &heard.news);
        if matches!(fate, Fate::Accepted) {
            self.landed.push(Landed { batch, result: heard.result(now, not_before), keys, deadline });
            return self.check_clock(heard.date, now);
        }
        // What this run tries again is free at once; the rest waits for a later run.
        let free_at = if matches!(fate, Fate::Again(_)) { now } else { not_before };
        if !self.record(&[(batch, heard.result(now, free_at))]).await {
            self.summary.unknown += keys;
            self.note_deadline(deadline);
            return self.tell();
        }
        crash_point!("P8");
        match fate {
            Fate::Refused => self.summary.refused += keys,
            Fate::Unknown => self.summary.unknown += keys,
            Fate::Left => self.summary.left += keys,
            Fate::Accepted | Fate::Again(_) => {}
        }
        if matches!(fate, Fate::Unknown | Fate::Left) {
            self.note_deadline(deadline);
        }
        if let Fate::Again(parcels) = fate {
            self.requeue(parcels.into_iter());
        } else {
            self.done += keys;
        }
        self.check_clock(heard.date, now);
        self.tell();
    }

    /// Records what was accepted, unless a claim has done so.
    pub async fn record_landed(&mut self) {
        let landed = std::mem::take(&mut self.landed);
        if landed.is_empty() {
            return;
        }
        let ended: Vec<_> = landed.iter().map(|one| (one.batch, one.result.clone())).collect();
        if self.record(&ended).await {
            return self.recorded(landed);
        }
        for one in landed {
            self.summary.unknown += one.keys;
            self.note_deadline(one.deadline);
        }
        self.tell();
    }

    /// Counts what is recorded as accepted.
    pub fn recorded(&mut self, landed: Vec<Landed>) {
        for one in landed {
            crash_point!("P8");
            self.summary.accepted += one.keys;
            self.done += one.keys;
            self.tell();
        }
    }

    /// What becomes of the keys, and what the run learns from the reply.
    fn fate(&mut self, batch: i64, parcel: Parcel, news: &News) -> Fate {
        match news {
            News::Silent(_)
            | News::Lost(_)
            | News::NotSent(_)
            | News::Certificate(_)
            | News::Redirected(_) => {}
            News::Accepted
            | News::BadEvent { .. }
            | News::TooLarge
            | News::Partial
            | News::Untold
            | News::Refused
            | News::Token(_)
            | News::Permission(_)
            | News::Config(_)
            | News::Throttled(_)
            | News::Leak => self.breaker.good(),
        }
        match news {
            News::Accepted => self.accepted(&parcel),
            News::BadEvent { code, hint } => self.bad_event(batch, parcel, (*code, *hint)),
            News::TooLarge => halved(batch, parcel),
            News::Partial => self.singly(batch, parcel),
            News::Refused => Fate::Left,
            News::Untold => Fate::Unknown,
            News::Token(code) => self.bad_token(&parcel, *code),
            News::Permission(code) => self.no_permission(&parcel, *code),
            News::Config(what) => self.ended(Stopped::Config { what: what.clone() }),
            News::Throttled(asked) => self.throttled(parcel, *asked),
            News::Leak => self.leaked(&parcel),
            News::Redirected(status) => self.ended(Stopped::Redirected { status: *status }),
            News::Certificate(why) => self.ended(Stopped::Certificate { why: why.clone() }),
            News::NotSent(why) => self.unreached(parcel, why),
            News::Lost(why) => self.lost(parcel, why),
            News::Silent(why) => self.silent(why),
        }
    }

    fn accepted(&mut self, parcel: &Parcel) -> Fate {
        if let Some(search) = parcel.search.and_then(|at| self.searches.get_mut(at)) {
            search.accepted();
        }
        self.throttles = 0;
        self.blamed_in_a_row = 0;
        self.width = self.job.policy.backfill.concurrency.max(1);
        Fate::Accepted
    }

    fn ended(&mut self, why: Stopped) -> Fate {
        self.end(why);
        Fate::Left
    }

    fn bad_event(&mut self, batch: i64, parcel: Parcel, (code, hint): (i64, Option<usize>)) -> Fate {
        let is_alone = parcel.keys.len() == 1;
        if is_alone && parcel.search.is_none() {
            return Fate::Refused;
        }
        let at = parcel.search.unwrap_or(self.searches.len());
        if parcel.search.is_none() {
            self.searches.push(Bisection::new(parcel.keys.len()));
        }
        let Some(search) = self.searches.get_mut(at) else { return Fate::Left };
        match search.refused(parcel.keys, hint) {
            Next::Alone => Fate::Refused,
            Next::Parts(parts) => Fate::Again(parts_of(batch, Some(at), parts)),
            Next::LooksLikeOurs => {
                self.give_up_search(at, code);
                if is_alone { Fate::Refused } else { Fate::Left }
            }
        }
    }

    /// Gives up a search; a second one in a row ends the run.
    fn give_up_search(&mut self, at: usize, code: i64) {
        let parcels = std::mem::take(&mut self.queue).into_iter();
        let (dropped, kept): (Vec<_>, Vec<_>) = parcels.partition(|parcel| parcel.search == Some(at));
        self.queue = kept.into();
        for parcel in dropped {
            self.leave(&parcel);
        }
        self.note(Stopped::LooksLikeOurs { code });
        self.blamed_in_a_row += 1;
        self.is_over |= self.blamed_in_a_row >= BLAMED_MAX;
    }

    fn singly(&mut self, batch: i64, parcel: Parcel) -> Fate {
        if parcel.keys.len() <= 1 || self.is_over {
            return Fate::Unknown;
        }
        let mut parts =
            parts_of(batch, parcel.search, parcel.keys.into_iter().map(|key| vec![key]).collect());
        for part in &mut parts {
            part.is_unclear = true;
        }
        Fate::Again(parts)
    }

    /// Blocks the token for every process, and closes every pixel that uses it. Pixels with another
    /// token go on: their conversions have deadlines too.
    fn bad_token(&mut self, parcel: &Parcel, code: i64) -> Fate {
        let Some(pixel) = self.pixel(parcel) else { return Fate::Left };
        if let Some(fingerprint) = self.fingerprints.get(&pixel).cloned() {
            if let Err(error) = self.store.block_token(&pixel, &fingerprint, code) {
                self.end(Stopped::Store { why: error.to_string(), unrecorded: 0, busy: is_busy(&error) });
            }
            let same = self.fingerprints.iter().filter(|(_, other)| **other == fingerprint);
            self.closed.extend(same.map(|(pixel, _)| pixel.clone()));
        }
        self.closed.insert(pixel.clone());
        self.note(Stopped::Token { pixel, code });
        Fate::Left
    }

    fn no_permission(&mut self, parcel: &Parcel, code: i64) -> Fate {
        if let Some(pixel) = self.pixel(parcel) {
            self.closed.insert(pixel.clone());
            self.note(Stopped::Permission { pixel, code });
        }
        Fate::Left
    }

    fn throttled(&mut self, parcel: Parcel, asked: Option<Duration>) -> Fate {
        let pause = throttle_pause(asked, self.throttles, &mut self.jitter);
        self.throttles += 1;
        self.width = 1;
        self.pause_all(pause);
        if self.is_over { Fate::Left } else { Fate::Again(vec![parcel]) }
    }

    /// All sending pauses, ours included; a person must look at the token.
    fn leaked(&mut self, parcel: &Parcel) -> Fate {
        let until = self.now().plus(BREAK);
        self.pause_all(BREAK);
        match self.pixel(parcel) {
            Some(pixel) => self.ended(Stopped::MayHaveLeaked { pixel, until }),
            None => Fate::Left,
        }
    }

    /// Tells all processes to pause, and this one too.
    fn pause_all(&mut self, pause: Duration) {
        let until = self.now().plus(pause);
        if let Err(error) = self.store.throttle(until) {
            return self.end(Stopped::Store { why: error.to_string(), unrecorded: 0, busy: is_busy(&error) });
        }
        self.pause(until, pause);
    }

    fn unreached(&mut self, parcel: Parcel, why: &str) -> Fate {
        self.width = 1;
        match self.again(parcel) {
            Some(parcel) => Fate::Again(vec![parcel]),
            None => self.ended(Stopped::Network { why: why.to_owned() }),
        }
    }

    fn lost(&mut self, parcel: Parcel, why: &str) -> Fate {
        let fate = self.silent(why);
        match self.again(parcel) {
            Some(parcel) => Fate::Again(vec![Parcel { is_unclear: true, ..parcel }]),
            None => fate,
        }
    }

    fn silent(&mut self, why: &str) -> Fate {
        self.width = 1;
        self.summary.trouble = Some(why.to_owned());
        if self.breaker.bad() {
            // The next run must not start where this one gave up.
            let until = self.now().plus(BREAK);
            let _ = self.store.throttle(until);
            self.end(Stopped::Network { why: why.to_owned() });
        }
        Fate::Unknown
    }

    /// The parcel for another try in this run after a backoff, if it has one left.
    fn again(&mut self, parcel: Parcel) -> Option<Parcel> {
        let tries = parcel.tries + 1;
        if tries >= TRIES_MAX || self.is_over {
            return None;
        }
        // What broke this connection breaks the next one too: nothing else goes out meanwhile.
        let until = tokio::time::Instant::now() + self.jitter.backoff(tries);
        self.paused_until = self.paused_until.max(Some(until));
        Some(Parcel { tries, ..parcel })
    }

    fn pixel(&self, parcel: &Parcel) -> Option<crate::domain::PixelCode> {
        parcel.keys.first().and_then(|key| self.planned(*key)).map(|planned| planned.pixel.clone())
    }

    /// Writes outcomes, several times if need be. `false`: they stand nowhere, and the run ends.
    pub async fn record(&mut self, ended: &[(i64, BatchResult)]) -> bool {
        let mut last = None;
        for _ in 0..RECORD_TRIES {
            match self.store.record_all(ended) {
                Ok(()) => return true,
                Err(error) => last = Some(error),
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        if let Some(error) = last {
            let before = self.unrecorded();
            self.summary.stopped.retain(|why| !matches!(why, Stopped::Store { .. }));
            self.end(Stopped::Store {
                why: error.to_string(),
                unrecorded: before + count(ended.len()),
                busy: is_busy(&error),
            });
        }
        false
    }

    fn unrecorded(&self) -> u64 {
        let of = |why: &Stopped| {
            if let Stopped::Store { unrecorded, .. } = why { Some(*unrecorded) } else { None }
        };
        self.summary.stopped.iter().find_map(of).unwrap_or(0)
    }

    fn check_clock(&mut self, server: Option<TimeMs>, now: TimeMs) {
        if self.job.fixed_clock {
            return;
        }
        if let Some(off) = server.map(|server| now.since(server))
            && off.as_ms().abs() > CLOCK_SKEW_MAX.as_ms()
        {
            self.end(Stopped::Clock { off });
        }
    }
}

fn halved(batch: i64, parcel: Parcel) -> Fate {
    let Parcel { mut keys, search, .. } = parcel;
    if keys.len() <= 1 {
        return Fate::Refused;
    }
    let right = keys.split_off(keys.len() / 2);
    Fate::Again(parts_of(batch, search, vec![keys, right]))
}

fn parts_of(batch: i64, search: Option<usize>, parts: Vec<Vec<usize>>) -> Vec<Parcel> {
    let parcel = |keys| Parcel { keys, parent: Some(batch), search, ..Parcel::default() };
    parts.into_iter().map(parcel).collect()
}
