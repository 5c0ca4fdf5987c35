//! From everything stored under one id to one verdict per key, and from verdicts to a plan.
//!
//! Pure. [`Resolver`] finds pixel and TikTok name of each record and splits a group into keys;
//! [`decide`] gives each key its verdict; [`hold`] says what stands against sending a missing one;
//! [`Planner`] sorts the missing ones into send, held and skipped. [`Logs`] is what the receipt
//! logs hold as a whole: without it nobody can say that something was not sent.

mod answers;
mod decide;
mod hold;
mod late;
mod logs;
mod plan;
mod resolve;
mod split;
mod unsendable;

#[cfg(test)]
mod laws;
#[cfg(test)]
pub(crate) mod testing;

pub use answers::{Try, server_tries};
pub use decide::{Browser, browser_fired, decide, is_assumed_source, missing_leg, source_of};
pub use hold::{Stand, hold};
pub use late::{Clock, clock};
pub use logs::Logs;
pub use plan::{PlanLimits, Planner};
pub use resolve::{Resolver, resolve};
