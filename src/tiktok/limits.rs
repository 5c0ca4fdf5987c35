//! Limits and windows of the Events API, and ours where TikTok's are unknown.

use crate::domain::Duration;

/// Events per request; more and TikTok refuses the whole request. Official, high confidence.
pub const EVENTS_PER_REQUEST_MAX: usize = 1000;

/// Bytes per request. TikTok documents none; ours.
pub const BODY_BYTES_MAX: usize = 1_000_000;

/// TikTok drops a second copy of a key that arrives within this time of the first. Official.
pub const DEDUP_WINDOW: Duration = Duration::from_hours(48);

/// How long after a key was first seen it may be sent: the window less an hour for time-outs, the
/// network and clocks (product 6.1).
pub const SEND_WINDOW: Duration = Duration::from_hours(47);

/// Within this time of the first copy TikTok merges a later one into it. Official.
pub const MERGE_WINDOW: Duration = Duration::from_mins(5);

/// The oldest event that may ever be sent. TikTok documents none; 28 days is its longest click window.
pub const AGE_MAX: Duration = Duration::from_days(28);

/// How far ahead of our clock an event's time may lie. TikTok documents none; ours.
pub const FUTURE_MAX: Duration = Duration::from_secs(60);

/// Bytes of an answer that are read. TikTok's have a few hundred; ours.
pub const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Longest ttclid. Official.
pub const TTCLID_CHARS_MAX: usize = 1000;

/// The path that events are posted to; the slash at its end is needed. Official.
pub const TRACK_PATH: &str = "/open_api/v1.3/event/track/";

/// The only host that events are posted to.
pub const HOST: &str = "business-api.tiktok.com";
