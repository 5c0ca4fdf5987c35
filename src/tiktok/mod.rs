//! Every fact about TikTok: names, currencies, limits, windows, codes, digests, payloads, answers.
//!
//! Pure: bytes in, bytes out. Each fact table says where its rows come from and when they were
//! checked; the contract as a whole is the Events API 2.0 (`/open_api/v1.3/event/track/`).

pub mod agent;
pub mod answer;
pub mod codes;
pub mod currency;
pub mod event_map;
pub mod flaws;
pub mod limits;
pub mod normalise;
pub mod page;
pub mod payload;
pub mod recipes;
pub mod stats;
pub mod tags;
pub mod validity;

mod phone;
