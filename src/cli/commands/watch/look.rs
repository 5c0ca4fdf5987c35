//! One look at the database, and one after another while it changes.

use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use super::happening::Happening;
use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::signals::Stop;
use crate::domain::{TimeMs, Verdict};
use crate::report::{Came, LastProblem, Picture, RECENT_MINUTES, Status};
use crate::store::Store;

use super::super::status;

/// How often it is asked whether there is news.
const ASK_EVERY: Duration = Duration::from_millis(100);
/// Time itself changes verdicts: without news, everything is looked at again after this long.
const LOOK_ANYWAY: Duration = Duration::from_secs(30);
/// Looking takes at most one part in so many of the time.
const SHARE: u32 = 4;
const MINUTE_MS: i64 = 60_000;

/// What was found when everything was last looked at.
pub(super) struct Seen {
    /// How things stand.
    pub(super) status: Status,
    /// All that is stored.
    pub(super) came: Came,
    /// The newest event without an accepted server copy.
    pub(super) last_problem: Option<LastProblem>,
    recent: [u64; RECENT_MINUTES],
}

impl Seen {
    /// Looks at everything.
    ///
    /// # Errors
    /// [`Failure`] when the database cannot be read, or it is time to stop.
    pub(super) fn look(context: &Context<'_>, store: &Store, stop: &Stop) -> Result<Self, Failure> {
        let mut came = Came::default();
        let mut recent = [0; RECENT_MINUTES];
        let mut last_problem: Option<LastProblem> = None;
        let status = status::gather_and_see(context, store, &mut |subject| {
            if stop.is_told() {
                return Err(Failure::new(Exit::Done, "stopped"));
            }
            let (Some(event), Some(verdict)) = (&subject.row.event, subject.verdict) else { return Ok(()) };
            came.events += 1;
            came.delivered += u64::from(*verdict == Verdict::Delivered);
            if let Some(minute) = minute(&mut recent, event.at, context.now) {
                *minute += 1;
            }
            if !verdict.is_missing() {
                return Ok(());
            }
            came.missing += 1;
            // Ties go to the first, so that the same data shows the same problem.
            if last_problem.as_ref().is_none_or(|known| known.at < event.at) {
                last_problem = Some(LastProblem {
                    id: subject.row.id.clone(),
                    name: subject.row.name.clone().unwrap_or_else(|| event.name.clone()),
                    at: event.at,
                    verdict: verdict.clone(),
                });
            }
            Ok(())
        })?;
        Ok(Self { status, came, last_problem, recent })
    }

    /// The picture of it, since when and since what it is compared.
    pub(super) fn picture<'a>(&'a self, since: Option<(TimeMs, Came)>, notes: &'a [String]) -> Picture<'a> {
        Picture {
            status: &self.status,
            recent: &self.recent,
            since: since.map(|(began, before)| (began, before, self.came)),
            last_problem: self.last_problem.as_ref(),
            notes,
        }
    }
}

/// The counter of a moment's minute; none for one that is too old or still to come.
fn minute(recent: &mut [u64; RECENT_MINUTES], at: TimeMs, now: TimeMs) -> Option<&mut u64> {
    let back = usize::try_from(now.since(at).as_ms().div_euclid(MINUTE_MS)).ok()?;
    recent.get_mut(RECENT_MINUTES.checked_sub(back + 1)?)
}

/// Looks whenever the database has changed since `known`, until it is time to stop. That another process keeps it busy
/// only makes a look late.
///
/// # Errors
/// [`Failure`] when it cannot be read.
pub(super) fn look_on(
    context: &Context<'_>,
    (store, known): (&Store, i64),
    stop: &Stop,
    looks: &Sender<Happening>,
) -> Result<(), Failure> {
    let mut context = context.clone();
    let (mut known, mut looked, mut rest) = (known, Instant::now(), ASK_EVERY);
    while !stop.is_told() {
        std::thread::sleep(ASK_EVERY);
        // Before the look: what changes meanwhile is looked at again.
        let count = store.change_count()?;
        let since = looked.elapsed();
        if since < LOOK_ANYWAY && (since < rest || count == known) {
            continue;
        }
        looked = Instant::now();
        context.now = context.clock.now();
        match Seen::look(&context, store, stop) {
            Ok(seen) => {
                known = count;
                let _ = looks.send(Happening::Seen(Box::new(seen)));
            }
            Err(_) if stop.is_told() => return Ok(()),
            Err(failure) if failure.exit == Exit::Later => {}
            Err(failure) => return Err(failure),
        }
        rest = looked.elapsed().saturating_mul(SHARE).max(ASK_EVERY);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_counts_in_the_minute_it_happened() {
        let now = TimeMs::from_ms(1_795_132_800_000);
        let mut recent = [0; RECENT_MINUTES];
        for (back_ms, place) in [(0, 29), (59_999, 29), (60_000, 28), (29 * MINUTE_MS, 0)] {
            *minute(&mut recent, TimeMs::from_ms(now.as_ms() - back_ms), now).unwrap() += 1;
            assert!(recent[place] > 0, "{back_ms}");
        }
        assert_eq!(recent.iter().sum::<u64>(), 4);
        for back_ms in [30 * MINUTE_MS, -1, i64::MAX / 2] {
            assert!(minute(&mut recent, TimeMs::from_ms(now.as_ms() - back_ms), now).is_none(), "{back_ms}");
        }
    }
}
