//! What a cluster counted over the union of all hosts.

use super::TimeMs;

/// One day of one event on one pixel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoverageRow {
    /// The start of the day, UTC.
    pub day: TimeMs,
    /// The Pixel Code; empty: none is known.
    pub pixel: Box<str>,
    /// TikTok's name of the event.
    pub event: Box<str>,
    /// Keys that should have an accepted server copy.
    pub expected: u64,
    /// Of these, accepted.
    pub delivered: u64,
    /// The newest acceptance among them.
    pub newest: Option<TimeMs>,
}

/// The answer of one run over a cluster: it takes the place of the one before, and is never added to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterCoverage {
    /// When the run began.
    pub at: TimeMs,
    /// Up to here every host had shipped, and the grace period was over.
    pub settled: TimeMs,
    /// How many hosts had shipped; 0: it read tables of one's own.
    pub hosts: u64,
    /// Its rows, by day, pixel, event.
    pub rows: Vec<CoverageRow>,
}
