//! The commands: each joins rooms, and decides nothing itself.

pub mod audit;
pub mod backfill;
pub mod demo;
pub mod events;
pub mod explain;
pub mod findings;
pub mod import;
pub mod sandbox;
