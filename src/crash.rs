//! Points where a crash test kills or stops the process.
//!
//! Those of a backfill have a table; an import passes `I1` with every batch that is staged, and `I2` with
//! every commit.
//!
//! No room: the points lie in three of them, and nothing is here without the feature `crash-points`.

/// The points of a backfill, in the order they are passed (reliability 2.5).
///
/// `P1` and `P7` lie inside the transactions that claim and record, `P3` and `P4` inside the request.
#[cfg(feature = "crash-points")]
pub const POINTS: &[&str] = &["P0", "P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9"];

/// Kills the process here if the environment says so: `MAKEGOOD_CRASH=P5:2` at the second passing;
/// or stops it until it is told to go on: `MAKEGOOD_STOP=P5`.
macro_rules! crash_point {
    ($name:literal) => {
        #[cfg(feature = "crash-points")]
        $crate::crash::pass($name);
    };
}

pub(crate) use crash_point;

/// Passes a point.
#[cfg(feature = "crash-points")]
pub(crate) fn pass(name: &str) {
    use nix::sys::signal::{Signal, raise};
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static WANTED: OnceLock<Option<(String, u32, Signal)>> = OnceLock::new();
    static PASSED: AtomicU32 = AtomicU32::new(0);

    let read = || {
        let (text, signal) = setting("MAKEGOOD_CRASH")
            .map(|text| (text, Signal::SIGKILL))
            .or_else(|| Some((setting("MAKEGOOD_STOP")?, Signal::SIGSTOP)))?;
        let (name, nth) = text.split_once(':').unwrap_or((text.as_str(), "1"));
        Some((name.to_owned(), nth.parse().ok()?, signal))
    };
    let Some((wanted, nth, signal)) = WANTED.get_or_init(read) else { return };
    if wanted == name && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *nth {
        // No destructor may run: a power cut runs none either.
        // To this thread, which is then stopped before it goes on.
        let _ = raise(*signal);
    }
}

#[cfg(feature = "crash-points")]
#[expect(
    clippy::disallowed_methods,
    reason = "the one test-only branch: a setting would let a user reach it"
)]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
