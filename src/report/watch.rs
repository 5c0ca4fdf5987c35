//! The live picture: what arrives, how things stand, and the newest problem.

use crate::domain::{EventId, EventName, TimeMs, Verdict};

use super::grid::{Column, Grid};
use super::number::{bar, count, spark};
use super::view::Meaning;
use super::words::{coverage, wrap};
use super::{Status, View, escape, escape_short, reasons, status};

/// So many minutes of arrivals are drawn.
pub const RECENT_MINUTES: usize = 30;
/// Longest event name in the picture, in characters.
const NAME_CHARS_MAX: usize = 40;
/// Cells before the words of a line, as in the status.
const LABEL: usize = 12;

/// What came since the first look, of all events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Came {
    /// Events.
    pub events: u64,
    /// Of them, accepted by TikTok.
    pub delivered: u64,
    /// Of them, without an accepted server copy though due.
    pub missing: u64,
}

/// The newest event that lacks an accepted server copy.
#[derive(Clone, Debug)]
pub struct LastProblem {
    /// Its id.
    pub id: EventId,
    /// Its name.
    pub name: EventName,
    /// When it happened.
    pub at: TimeMs,
    /// Its verdict.
    pub verdict: Verdict,
}

/// Everything of one picture.
#[derive(Debug)]
pub struct Picture<'a> {
    /// How things stand; its moment is that of the picture.
    pub status: &'a Status,
    /// Events of each of the last minutes, by the time they happened; the last is the newest.
    pub recent: &'a [u64; RECENT_MINUTES],
    /// When looking began, and the counts then and now; `None`: this is the only look.
    pub since: Option<(TimeMs, Came, Came)>,
    /// The newest problem.
    pub last_problem: Option<&'a LastProblem>,
    /// What the one who reads the logs has to say, the newest last; not escaped again.
    pub notes: &'a [String],
}

/// The picture as lines.
#[must_use]
pub fn picture(picture: &Picture<'_>, view: &View) -> String {
    let (zone, status) = (view.zone, picture.status);
    let mut text =
        wrap(&format!("makegood watch · {} · {}", zone.second(status.now), zone.name()), 0, view.width);
    let line = |text: &mut String, label: &str, words: &str| {
        text.push_str(&wrap(&format!(" {label:<10} {words}"), LABEL, view.width));
    };
    line(&mut text, "arrived", &arrived(picture.recent, view.width));
    line(&mut text, "logs", &status::logs(status, view));
    line(&mut text, "gap", &status::gap(status));
    line(&mut text, "clock", &status::clock(status, view));
    let held = status.clock.held.iter().map(|(class, n)| format!("{} {}", class.code(), count(*n)));
    let held: Vec<String> = held.collect();
    if !held.is_empty() {
        line(&mut text, "held", &held.join(" · "));
    }
    line(&mut text, "backfill", &status::backfill(status, view));
    for (label, words) in status::troubles(status, view) {
        line(&mut text, label, &words);
    }
    if let Some((began, before, now)) = picture.since {
        line(&mut text, "since", &format!("{}: {}", zone.second(began), change(before, now)));
    }
    if let Some(problem) = picture.last_problem {
        let name = escape_short(problem.name.as_str(), NAME_CHARS_MAX);
        let verdict = problem.verdict.word().replace('_', " ");
        let verdict = view.paint(Meaning::of_verdict(&problem.verdict), &verdict);
        let why = reasons::sentence(&problem.verdict);
        line(
            &mut text,
            "last",
            &format!("{name} of {}, {verdict}: {}", zone.second(problem.at), escape(&why)),
        );
    }
    for note in picture.notes {
        line(&mut text, "follow", note);
    }
    if !status.by_event.is_empty() {
        text.push('\n');
        text.push_str(&events(status).render_columns(view.width));
    }
    text
}

/// `▁▂▅▃ 41 in 1 min, 812 in 30 min`; on a narrow terminal only the newest minutes are drawn.
fn arrived(recent: &[u64; RECENT_MINUTES], width: Option<usize>) -> String {
    let [.., last] = recent;
    let all: u64 = recent.iter().sum();
    if all == 0 {
        return format!("no event of the last {RECENT_MINUTES} minutes is stored");
    }
    let room = width.map_or(RECENT_MINUTES, |width| width.saturating_sub(LABEL));
    let drawn = recent.get(RECENT_MINUTES.saturating_sub(room)..).unwrap_or_default();
    format!("{} {} in 1 min, {} in {RECENT_MINUTES} min", spark(drawn), count(*last), count(all))
}

/// `12 more events, 11 more delivered, 3 fewer missing`.
fn change(before: Came, now: Came) -> String {
    let Came { events, delivered, missing } = now;
    let pairs = [
        (before.events, events, ["event", "events"]),
        (before.delivered, delivered, ["delivered"; 2]),
        (before.missing, missing, ["missing"; 2]),
    ];
    let words =
        pairs.into_iter().filter(|(before, now, _)| before != now).map(|(before, now, [one, many])| {
            let direction = if now > before { "more" } else { "fewer" };
            let by = now.abs_diff(before);
            format!("{} {direction} {}", count(by), if by == 1 { one } else { many })
        });
    let words: Vec<String> = words.collect();
    if words.is_empty() { "nothing changed".to_owned() } else { words.join(", ") }
}

fn events(status: &Status) -> Grid {
    let mut grid = Grid::new(&[
        Column::text("event", 0),
        Column::number("logged", 3),
        Column::number("waiting", 4),
        Column::number("expected", 2),
        Column::number("missing", 0),
        Column::number("coverage", 0),
        Column::text("", 1),
    ]);
    for event in &status.by_event {
        let counts = &event.counts;
        let known = counts.coverage_ppm().is_some();
        grid.row([
            escape_short(event.name.as_str(), NAME_CHARS_MAX),
            count(counts.events),
            count(counts.waiting),
            count(counts.expected()),
            count(counts.missing()),
            coverage(counts),
            if known { bar(counts.delivered, counts.expected()) } else { String::new() },
        ]);
    }
    grid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_says_its_direction() {
        let before = Came { events: 5, delivered: 1, missing: 4 };
        let after = Came { events: 9, delivered: 6, missing: 3 };
        assert_eq!(change(before, after), "4 more events, 5 more delivered, 1 fewer missing");
        assert_eq!(change(before, before), "nothing changed");
    }

    #[test]
    fn arrivals_are_counted_by_the_minute() {
        let mut recent = [0; RECENT_MINUTES];
        assert_eq!(arrived(&recent, None), "no event of the last 30 minutes is stored");
        recent[0] = 1;
        recent[RECENT_MINUTES - 1] = 2;
        let line = arrived(&recent, None);
        assert!(line.starts_with('▅') && line.ends_with("▁█ 2 in 1 min, 3 in 30 min"), "{line}");
        assert_eq!(arrived(&recent, Some(15)), "▁▁█ 2 in 1 min, 3 in 30 min");
    }
}
