//! A progress bar on a terminal, once the work takes more than a second.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// What a progress bar counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes read.
    Bytes,
    /// Events.
    Events,
}

/// A progress bar that may never show.
#[derive(Debug)]
pub struct Progress {
    shown: bool,
    unit: Unit,
    started: Instant,
    bar: Option<ProgressBar>,
}

/// Work shorter than this shows no bar.
const PROGRESS_AFTER: Duration = Duration::from_secs(1);

impl Progress {
    /// A bar, if it is to be shown at all.
    #[must_use]
    pub fn new(unit: Unit, shown: bool) -> Self {
        Self { shown, unit, started: Instant::now(), bar: None }
    }

    /// Shows how far the work has come.
    pub fn set(&mut self, done: u64, total: u64) {
        if !self.shown || self.started.elapsed() < PROGRESS_AFTER {
            return;
        }
        let form = match self.unit {
            Unit::Bytes => "{bar:30} {bytes}/{total_bytes} · {bytes_per_sec} · {eta} left",
            Unit::Events => "{bar:30} {pos}/{len} · {per_sec} · {eta} left",
        };
        let bar = self.bar.get_or_insert_with(|| {
            let style = ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(total).with_style(style)
        });
        bar.set_length(total);
        bar.set_position(done);
    }
}

/// Also when the work ends with an error.
impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
