//! The local Events API: strict, with TikTok's envelope, codes and deduplication, and faults on demand.
//!
//! It is the server that the tests, the demo and a careful new user send to. It keeps what a
//! deduplicating TikTok would have counted, per key: tests assert on that, not on what was sent.
//! Besides the track endpoint it answers TikTok's questions for totals, `/pixel/list/` and
//! `/pixel/event/stats/`, and `GET /sandbox/counted`, `POST /sandbox/browser`,
//! `POST /sandbox/clock` and `POST /sandbox/script`.

mod admin;
mod count;
mod faults;
mod fields;
mod record;
mod schema;
mod script;
mod server;
mod stats;
mod track;
mod wire;

pub use count::{Counted, Counter, Effect, Key};
pub use faults::{Blames, Fault, Poison, Says, Script, Step, Taken};
pub use record::{Seen, SeenEvent};
pub use server::{Options, Sandbox};
