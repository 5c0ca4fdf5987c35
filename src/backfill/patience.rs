//! A clock that nobody sets, and how long a request may wait by it.

use std::time::Duration as Wait;

use nix::time::{ClockId, clock_gettime};

use crate::domain::Duration;

/// A clock that goes on while the machine sleeps: the wall clock may be set, and others stand still.
#[cfg(target_os = "linux")]
const SLEEPLESS: ClockId = ClockId::CLOCK_BOOTTIME;
#[cfg(not(target_os = "linux"))]
const SLEEPLESS: ClockId = ClockId::CLOCK_MONOTONIC;

/// A span that begins now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    began: Option<Wait>,
    most: Wait,
}

impl Patience {
    /// So long from now.
    pub fn of(most: Duration) -> Self {
        Self { began: since_start(), most: Wait::from_millis(u64::try_from(most.as_ms()).unwrap_or(0)) }
    }

    /// Whether it is over. A clock that cannot be read is one: nobody knows.
    pub fn is_over(self) -> bool {
        let gone = self.began.zip(since_start()).and_then(|(began, now)| now.checked_sub(began));
        gone.is_none_or(|gone| gone >= self.most)
    }
}

/// Time since the machine started, its sleep included.
pub(super) fn since_start() -> Option<Wait> {
    clock_gettime(SLEEPLESS).ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends() {
        assert!(!Patience::of(Duration::from_mins(1)).is_over());
        assert!(Patience::of(Duration::ZERO).is_over());
        assert!(Patience::of(Duration::from_secs(-1)).is_over());
        let patience = Patience::of(Duration::from_ms(5));
        while !patience.is_over() {
            std::hint::spin_loop();
        }
        assert!(Patience { began: None, ..patience }.is_over());
    }
}
