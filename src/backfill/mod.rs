//! Runs a plan: claim, commit, re-check, send, record.
//!
//! The plan made every choice; nothing is decided here but when to stop. What must hold at every
//! moment is written down in `docs/safety.md` and checked by the fault tests.

mod ahead;
mod batches;
mod bisect;
mod build;
mod enrich;
mod flow;
mod judge;
mod land;
mod patience;
mod retry;
mod start;

use std::collections::BTreeMap;

use crate::domain::{Duration, EventId, EventName, PixelCode, Plan, Policy, RunId, TimeMs, Unsendable};
use crate::http::{Client, Token};
use crate::store::{Store, StoreError};

#[cfg(feature = "crash-points")]
pub use crate::crash::POINTS;
pub use build::{Built, build};
pub use flow::clock_is_back;

/// Everything a run needs.
pub struct Job<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The config.
    pub policy: &'a Policy,
    /// The client.
    pub client: &'a Client,
    /// The tokens, by pixel.
    pub tokens: &'a BTreeMap<PixelCode, Token>,
    /// The run.
    pub run: RunId,
    /// Sends to the Test Events view: it delivers nothing.
    pub test_code: Option<&'a str>,
    /// Reads the clock: the one of `main`.
    pub now: &'a (dyn Fn() -> TimeMs + Sync),
    /// Whether the clock is fixed by `--now`: the check against the server's `Date` is then off.
    pub fixed_clock: bool,
    /// Turns true when the run shall stop after what is in flight.
    pub stop: tokio::sync::watch::Receiver<bool>,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// Keys of the plan.
    pub planned: u64,
    /// Keys with an outcome.
    pub done: u64,
    /// Accepted.
    pub accepted: u64,
    /// Refused.
    pub refused: u64,
    /// Unknown.
    pub unknown: u64,
    /// Requests made.
    pub requests: u64,
}

/// Why a run stopped before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// TikTok refused the token of a pixel.
    Token {
        /// The pixel.
        pixel: PixelCode,
        /// The answer's code, or its HTTP status where it had none.
        code: i64,
    },
    /// TikTok says that the token may not do this.
    Permission {
        /// The pixel.
        pixel: PixelCode,
        /// The answer's code.
        code: i64,
    },
    /// A token that was refused before and has not changed: no request was made.
    StillBlocked {
        /// The pixel.
        pixel: PixelCode,
        /// The code of back then.
        code: i64,
    },
    /// Endpoint, version or request is wrong.
    Config {
        /// What came back.
        what: String,
    },
    /// The server wanted to send us elsewhere.
    Redirected {
        /// HTTP status.
        status: u16,
    },
    /// The certificate is not trusted.
    Certificate {
        /// Why.
        why: String,
    },
    /// Throttled beyond this run.
    Throttled {
        /// Until when.
        until: TimeMs,
    },
    /// TikTok throttles this pixel harder than usual: the token may be in other hands.
    MayHaveLeaked {
        /// The pixel.
        pixel: PixelCode,
        /// Until when no process sends.
        until: TimeMs,
    },
    /// Too many requests without an answer.
    Network {
        /// What happened last.
        why: String,
    },
    /// Every part of a refused batch was refused: our request looks wrong, not the data.
    LooksLikeOurs {
        /// The code.
        code: i64,
    },
    /// The clock disagrees with the server's or went backwards.
    Clock {
        /// By how much.
        off: Duration,
    },
    /// A signal.
    Signal,
    /// The store failed.
    Store {
        /// Why.
        why: String,
        /// Requests whose outcome could not be recorded.
        unrecorded: u64,
        /// The disk was busy, not broken.
        busy: bool,
    },
}

/// What a run did.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Keys of the plan.
    pub planned: u64,
    /// Accepted.
    pub accepted: u64,
    /// Refused by TikTok, each alone.
    pub refused: u64,
    /// Outcome not known.
    pub unknown: u64,
    /// Not sent: their deadline passed meanwhile.
    pub expired: u64,
    /// Not sent: taken by another worker or accepted meanwhile.
    pub passed: u64,
    /// Not sent: the run stopped first.
    pub left: u64,
    /// The earliest deadline of what has no outcome.
    pub first_deadline: Option<TimeMs>,
    /// Turned out to be unsendable when built.
    pub unsendable: Vec<(EventName, EventId, Unsendable)>,
    /// Requests made.
    pub requests: u64,
    /// What the last request without a readable answer met; the next run may fare better.
    pub trouble: Option<String>,
    /// Why it stopped before its end.
    pub stopped: Vec<Stopped>,
}

/// Runs a plan to its end, or to the first thing that must stop it.
///
/// # Errors
/// [`StoreError`] only before the first request; later ones end the run and stand in the summary.
pub async fn run(
    job: Job<'_>,
    store: &mut Store,
    progress: &mut dyn FnMut(Progress),
) -> Result<Summary, StoreError> {
    flow::run(job, store, progress).await
}
