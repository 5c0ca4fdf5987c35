//! What goes wrong on the way to TikTok, and when.

use crate::domain::{Duration, TimeMs};

use super::random::Random;

/// What becomes of an event on its server leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Accepted,
    /// A system error, then accepted on the sender's second try.
    AcceptedOnRetry,
    /// The token had been replaced in Events Manager, but not on the sender.
    TokenRefused,
    /// Throttled inside an HTTP 200, which the sender takes for success and never repeats.
    Throttled,
    /// A parameter that TikTok does not take.
    BadParameter,
    /// A system error, never repeated.
    SystemError,
    /// The gateway's error page: no code at all.
    GatewayError,
    /// The sender never tried.
    NeverSent,
}

/// A span of trouble, as its distance from the end of the logs.
struct Window {
    from: Duration,
    to: Duration,
    fate: Fate,
    per_mille: u64,
}

/// The week's troubles. Two lie within 48 hours of the end and can still be repaired; two do not.
const WINDOWS: [Window; 4] = [
    // The worker that sends was stopped by a deployment at night and nobody noticed.
    Window {
        from: Duration::from_hours(13),
        to: Duration::from_hours(9),
        fate: Fate::NeverSent,
        per_mille: 1000,
    },
    // The token was replaced.
    Window {
        from: Duration::from_hours(31),
        to: Duration::from_hours(26),
        fate: Fate::TokenRefused,
        per_mille: 1000,
    },
    // A campaign took off.
    Window {
        from: Duration::from_mins(4680),
        to: Duration::from_mins(4625),
        fate: Fate::Throttled,
        per_mille: 700,
    },
    // The worker was stopped before, for a shorter time.
    Window {
        from: Duration::from_hours(121),
        to: Duration::from_hours(120),
        fate: Fate::NeverSent,
        per_mille: 1000,
    },
];

/// What becomes of an event of this time.
pub(super) fn fate(at: TimeMs, end: TimeMs, random: &mut Random) -> Fate {
    let before_end = end.since(at);
    for window in &WINDOWS {
        if before_end <= window.from && before_end > window.to && random.chance(window.per_mille) {
            return window.fate;
        }
    }
    match random.below(1000) {
        0..4 => Fate::BadParameter,
        4..6 => Fate::SystemError,
        6..8 => Fate::GatewayError,
        8..14 => Fate::NeverSent,
        14..24 => Fate::AcceptedOnRetry,
        _ => Fate::Accepted,
    }
}
