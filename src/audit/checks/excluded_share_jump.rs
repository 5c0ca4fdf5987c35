//! A day on which much more was excluded than before.

use crate::domain::{Duration, Finding, Severity, TimeMs, Verdict};

use super::super::timeline::Timeline;
use super::super::{Check, CheckFact, Scope, Subject};
use super::finding;
use super::words::{events, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "excluded-share-jump",
    severity: Severity::Medium,
    title: "On one day much more was excluded than on the days before, so coverage looks better than it is.",
    causes: &[
        "A campaign's source or the spelling of a source changed.",
        "A new consent banner, or one that records denials where it recorded nothing.",
        "The funnel's events got new names that stand for no TikTok event.",
    ],
    fix: "Compare the reasons of that day with the day before: the exclusions by reason and value stand in the audit. \
          If they are TikTok's after all, say so in the config.",
    fix_command: "makegood events --verdict excluded",
    concerns: |subject, _| reason(subject).is_some(),
    make: || Box::new(ShareJump { days: Timeline::new(DAY) }),
};

const DAY: Duration = Duration::from_days(1);

/// Under so many events a day's share says nothing.
const DAY_EVENTS_MIN: u64 = 50;

/// A jump is one by so many percentage points, and to half as much again.
const JUMP_POINTS: u64 = 10;

/// The codes of the exclusions, in the order of a day's counters.
const REASONS: [&str; 5] = ["other-source", "unmapped", "consent-denied", "marked-test", "no-server-leg"];

#[derive(Clone, Copy, Debug, Default)]
struct Day {
    events: u64,
    excluded: [u64; REASONS.len()],
}

impl Day {
    fn out(&self) -> u64 {
        self.excluded.iter().sum()
    }

    fn add(&mut self, other: &Self) {
        self.events += other.events;
        for (own, other) in self.excluded.iter_mut().zip(other.excluded) {
            *own += other;
        }
    }
}

struct ShareJump {
    days: Timeline<Day>,
}

/// The place of a key's exclusion in [`REASONS`].
fn reason(subject: &Subject<'_>) -> Option<usize> {
    let Some(Verdict::Excluded(why)) = subject.verdict else { return None };
    REASONS.iter().position(|code| *code == why.code())
}

impl ShareJump {
    /// The first day with a jump, that day, and all days before it.
    fn jump(&self) -> Option<(TimeMs, Day, Day)> {
        let mut before = Day::default();
        for (at, day) in self.days.iter() {
            let (now, then) = (percent(day), percent(&before));
            let is_jump =
                now >= then.saturating_add(JUMP_POINTS) && now.saturating_mul(2) >= then.saturating_mul(3);
            if is_jump && day.events >= DAY_EVENTS_MIN && before.events >= DAY_EVENTS_MIN {
                return Some((at, *day, before));
            }
            before.add(day);
        }
        None
    }
}

fn percent(day: &Day) -> u64 {
    day.out().saturating_mul(100).checked_div(day.events).unwrap_or(0)
}

impl Check for ShareJump {
    fn observe(&mut self, subject: &Subject<'_>, _: &Scope<'_>) {
        let Some(event) = &subject.row.event else { return };
        let Some(day) = self.days.at(event.at) else { return };
        day.events += 1;
        if let Some(reason) = reason(subject) {
            day.excluded.iter_mut().skip(reason).take(1).for_each(|count| *count += 1);
        }
    }

    fn confirms(&self, subject: &Subject<'_>) -> bool {
        let day = |at: TimeMs| at.as_ms().div_euclid(DAY.as_ms());
        let jump = self.jump().map(|(at, ..)| day(at));
        subject.row.event.as_ref().is_some_and(|event| Some(day(event.at)) == jump)
    }

    fn findings(&self, _: &Scope<'_>) -> Vec<Finding> {
        let Some((at, day, before)) = self.jump() else { return Vec::new() };
        let date = at.to_string().chars().take(10).collect::<String>();
        let summary = format!(
            "On {date} (UTC) {} of all events were excluded, on the days before {}.",
            share(day.out(), day.events),
            share(before.out(), before.events)
        );
        let reasons = REASONS.iter().zip(day.excluded.iter().zip(before.excluded));
        let evidence =
            reasons.filter(|(_, (now, then))| **now > 0 || *then > 0).map(|(code, (now, then))| {
                format!(
                    "{code}: {} that day ({}), {} before.",
                    events(*now),
                    share(*now, day.events),
                    share(then, before.events)
                )
            });
        vec![finding(&FACT, day.out(), summary, evidence.collect())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{at, clean, found, shows};
    use crate::domain::LedgerRow;
    use crate::reconcile::testing::hours;

    fn day(number: i64, excluded: usize) -> Vec<LedgerRow> {
        let mut rows = vec![at(clean("lead"), hours(number * 24 - 24 * 3)); 50];
        for row in rows.iter_mut().take(excluded) {
            row.event.as_mut().unwrap().place_mut().source = Some("facebook".into());
        }
        rows
    }

    #[test]
    fn it_fires_on_a_jump_by_ten_points_and_half() {
        let rows = [day(0, 5), day(1, 5), day(2, 20)].concat();
        let found = found(&rows, FACT.code).unwrap();
        assert_eq!(
            (found.events, found.summary.as_str()),
            (20, "On 2026-11-19 (UTC) 40 % of all events were excluded, on the days before 10 %.")
        );
        assert!(shows(&found, "other-source: 20 events that day (40 %), 10 % before."));
    }

    #[test]
    fn it_is_silent_on_steady_shares_and_few_events() {
        assert_eq!(found(&[day(0, 5), day(1, 7)].concat(), FACT.code), None);
        assert_eq!(found(&[day(0, 5)[..20].to_vec(), day(1, 40)].concat(), FACT.code), None);
    }
}
