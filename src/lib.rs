//! makegood finds the conversions that your server never got into TikTok, says why, and sends them again, safely.
//!
//! Reading the rooms in this order is reading the program; `docs/architecture.md` draws the flow
//! and says what each room may know.

mod crash;

pub mod domain;
pub mod tiktok;

pub mod ingest;
pub mod store;

pub mod reconcile;
pub mod segment;

pub mod audit;
pub mod report;

pub mod backfill;
pub mod http;
pub mod sandbox;

pub mod cli;
