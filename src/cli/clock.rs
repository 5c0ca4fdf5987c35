//! The one clock.

use std::time::Instant;

use crate::domain::{Duration, TimeMs};

/// Wall time and time elapsed; `--now` fixes both.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    wall: fn() -> TimeMs,
    started: Instant,
    fixed: Option<TimeMs>,
}

impl Clock {
    /// A clock that reads wall time with `wall`.
    #[must_use]
    pub fn new(wall: fn() -> TimeMs) -> Self {
        Self { wall, started: Instant::now(), fixed: None }
    }

    /// The same clock, standing still, if a time is given.
    #[must_use]
    pub fn fixed_at(self, now: Option<TimeMs>) -> Self {
        Self { fixed: now, ..self }
    }

    /// Whether it stands still.
    #[must_use]
    pub const fn is_fixed(&self) -> bool {
        self.fixed.is_some()
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> TimeMs {
        self.fixed.unwrap_or_else(self.wall)
    }

    /// Time since the program began; none on a clock that stands still, so that the same input
    /// gives the same bytes.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        if self.is_fixed() {
            return Duration::ZERO;
        }
        Duration::from_ms(i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}
