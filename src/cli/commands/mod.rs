//! The commands: each joins rooms, and decides nothing itself.

mod asking;
pub mod audit;
pub mod backfill;
pub mod backup;
pub mod completions;
pub mod config;
pub mod demo;
pub mod doctor;
pub mod erase;
pub mod events;
pub mod explain;
pub mod findings;
mod follow;
pub mod import;
pub mod init;
pub mod man;
pub mod merge;
pub mod prune;
pub mod sandbox;
pub mod schedule;
mod shared;
pub mod sql;
pub mod status;
pub mod verify;
