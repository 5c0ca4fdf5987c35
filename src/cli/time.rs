//! Spans of time as people type them: `7d`, `yesterday`, `monday`, a date, a time.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, Utc, Weekday};
use chrono_tz::Tz;

use crate::domain::calendar::{self, midnight};
use crate::domain::{Duration, Range, TimeMs};

/// What was typed and cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{option}: cannot read this time")]
pub struct TimeError {
    /// The option.
    pub option: &'static str,
    /// The forms it takes.
    pub forms: &'static str,
}

const FORMS: &str = "7d, 36h, 90m (back from now), today, yesterday, monday, 2026-11-20, 2026-11-20T08:00, 2026-11-20T08:00:00Z";
const SPANS: &str = "24h, 7d (back from now), day, week, month (the previous one)";

/// What was typed of a time span.
#[derive(Clone, Copy, Debug, Default)]
pub struct Typed<'a> {
    /// `--since`.
    pub since: Option<&'a str>,
    /// `--until`.
    pub until: Option<&'a str>,
    /// `--last`.
    pub last: Option<&'a str>,
}

/// Reads what was typed; `None`: nothing was. An open end is `now` or just after the newest event,
/// an open begin the oldest event's day.
///
/// # Errors
/// [`TimeError`] with the option that cannot be read.
pub fn range(
    typed: Typed<'_>,
    events: Option<(TimeMs, TimeMs)>,
    now: TimeMs,
    zone: Tz,
) -> Result<Option<Range>, TimeError> {
    if let Some(last) = typed.last {
        return last_span(last, now, zone).map(Some).ok_or(TimeError { option: "--last", forms: SPANS });
    }
    if typed.since.is_none() && typed.until.is_none() {
        return Ok(None);
    }
    let read = |option, text: Option<&str>| {
        text.map(|text| instant(text, now, zone).ok_or(TimeError { option, forms: FORMS })).transpose()
    };
    let (oldest, newest) = events.unwrap_or((now, now));
    let since = read("--since", typed.since)?.unwrap_or_else(|| midnight_before(oldest, 0, zone));
    let until = read("--until", typed.until)?.unwrap_or_else(|| now.max(newest.plus(Duration::from_ms(1))));
    if until <= since {
        return Err(TimeError { option: "--until", forms: "a time after --since" });
    }
    Ok(Some(Range { since, until }))
}

/// With nothing typed: the day of the newest event and the six before.
#[must_use]
pub fn default_range(newest: TimeMs, zone: Tz) -> Range {
    Range { since: midnight_before(newest, 6, zone), until: midnight_after(newest, zone) }
}

/// The period just before a range, of the same length: whole days of the zone for whole days, so that
/// both have the same days of the week. Where the range reaches beyond now, both end at the same time of
/// their last day. `None` where the oldest event leaves more than a seventh of the
/// period without a log: then there is nothing fair to compare with.
#[must_use]
pub fn previous(range: Range, (oldest, newest): (TimeMs, TimeMs), now: TimeMs, zone: Tz) -> Option<Range> {
    let Range { since, until } = range;
    let end = until.min(now.max(newest.plus(Duration::from_ms(1))));
    if range == Range::ALL || end <= since {
        return None;
    }
    let date = |at| calendar::local(at, zone).map(|(date, _)| date);
    let (first, last) = (date(since)?, date(until)?);
    let is_days = midnight(first, zone) == Some(since) && midnight(last, zone) == Some(until);
    let length = until.since(since);
    let days = u64::try_from(last.signed_duration_since(first).num_days()).ok()?;
    let back = |at: TimeMs| {
        if is_days { calendar::days_before(at, days, zone) } else { Some(at.minus(length)) }
    };
    let before = Range { since: back(since)?, until: back(end)?.min(since) };
    let unlogged = oldest.since(before.since);
    (unlogged.as_ms() <= length.as_ms() / 7).then_some(before)
}

/// One moment: `--now`, and each end of a span.
#[must_use]
pub fn instant(text: &str, now: TimeMs, zone: Tz) -> Option<TimeMs> {
    let text = text.trim();
    if let Some(back) = span(text) {
        return Some(now.minus(back));
    }
    let today = local(now, zone)?.date_naive();
    let lower = text.to_ascii_lowercase();
    let date = match lower.as_str() {
        "now" => return Some(now),
        "today" => Some(today),
        "yesterday" => today.checked_sub_days(Days::new(1)),
        word => match word.parse::<Weekday>() {
            Ok(day) if word.len() >= 3 => {
                let back = today.weekday().days_since(day);
                today.checked_sub_days(Days::new(u64::from(back)))
            }
            Ok(_) | Err(_) => NaiveDate::parse_from_str(text, "%Y-%m-%d").ok(),
        },
    };
    if let Some(date) = date {
        return midnight(date, zone);
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(TimeMs::from_ms(at.timestamp_millis()));
    }
    let forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
    let plain = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
    calendar::instant(plain, zone)
}

/// A length of time: `90s`, `15m`, `36h`, `7d`, `2w`.
#[must_use]
pub fn span(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(digits.len()..)?;
    if digits.is_empty() || !digits.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    // Ten thousand days are 27 years; more is a mistake, and could leave the calendar.
    let n: i64 = digits.parse().ok().filter(|n| *n <= 1_000_000)?;
    let span = match unit {
        "ms" => Duration::from_ms(n),
        "s" => Duration::from_secs(n),
        "m" | "min" => Duration::from_mins(n),
        "h" => Duration::from_hours(n),
        "d" => Duration::from_days(n),
        "w" => Duration::from_days(n * 7),
        _ => return None,
    };
    (span <= Duration::from_days(10_000)).then_some(span)
}

fn last_span(text: &str, now: TimeMs, zone: Tz) -> Option<Range> {
    if let Some(back) = span(text) {
        return (back > Duration::ZERO).then(|| Range { since: now.minus(back), until: now });
    }
    let today = local(now, zone)?.date_naive();
    let (since, until) = match text.trim().to_ascii_lowercase().as_str() {
        "day" => (today.checked_sub_days(Days::new(1))?, today),
        "week" => {
            let monday =
                today.checked_sub_days(Days::new(u64::from(today.weekday().num_days_from_monday())))?;
            (monday.checked_sub_days(Days::new(7))?, monday)
        }
        "month" => {
            let first = today.with_day(1)?;
            (first.checked_sub_months(Months::new(1))?, first)
        }
        _ => return None,
    };
    Some(Range { since: midnight(since, zone)?, until: midnight(until, zone)? })
}

fn local(at: TimeMs, zone: Tz) -> Option<DateTime<Tz>> {
    DateTime::<Utc>::from_timestamp_millis(at.as_ms()).map(|at| at.with_timezone(&zone))
}

fn midnight_before(at: TimeMs, days: u64, zone: Tz) -> TimeMs {
    local(at, zone)
        .and_then(|at| at.date_naive().checked_sub_days(Days::new(days)))
        .and_then(|date| midnight(date, zone))
        .unwrap_or(at)
}

fn midnight_after(at: TimeMs, zone: Tz) -> TimeMs {
    local(at, zone)
        .and_then(|at| at.date_naive().checked_add_days(Days::new(1)))
        .and_then(|date| midnight(date, zone))
        .unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::{America::Sao_Paulo, Europe::Berlin, UTC};

    fn at(text: &str) -> TimeMs {
        TimeMs::from_ms(DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis())
    }

    /// A Sunday.
    fn now() -> TimeMs {
        at("2026-11-22T13:05:00Z")
    }

    fn one(text: &str, zone: Tz) -> String {
        instant(text, now(), zone).map_or("none".to_owned(), |at| at.to_string())
    }

    #[test]
    fn moments_are_read_in_the_zone() {
        assert_eq!(one("7d", Berlin), "2026-11-15T13:05:00Z");
        assert_eq!(one("36h", Berlin), "2026-11-21T01:05:00Z");
        assert_eq!(one("today", Berlin), "2026-11-21T23:00:00Z");
        assert_eq!(one("yesterday", Berlin), "2026-11-20T23:00:00Z");
        assert_eq!(one("yesterday", UTC), "2026-11-21T00:00:00Z");
        assert_eq!(one("Monday", Berlin), "2026-11-15T23:00:00Z");
        assert_eq!(one("sunday", UTC), "2026-11-22T00:00:00Z", "today is one");
        assert_eq!(one("2026-10-01", UTC), "2026-10-01T00:00:00Z");
        assert_eq!(one("2026-10-01", Berlin), "2026-09-30T22:00:00Z");
        assert_eq!(one("2026-10-01T12:00:00+02:00", UTC), "2026-10-01T10:00:00Z");
        assert_eq!(one("2026-10-01T12:00", Berlin), "2026-10-01T10:00:00Z");
        assert_eq!(one("2026-10-01 12:00:01.5", UTC), "2026-10-01T12:00:01.500Z");
        for text in ["", "d", "7", "7x", "-7d", "tomorrow?", "2026-13-01", "99999999999d", "m", "2026"] {
            assert_eq!(one(text, UTC), "none", "{text}");
        }
    }

    #[test]
    fn a_midnight_that_the_clock_skips_is_the_next_moment() {
        // Brazil began summer time at midnight: 2018-11-04 00:00 does not exist there.
        assert_eq!(one("2018-11-04", Sao_Paulo), "2018-11-04T03:00:00Z");
        // Berlin leaves summer time: the day has 25 hours.
        let day = |zone| default_range(at("2026-10-25T12:00:00Z"), zone);
        let length = day(Berlin).until.since(at("2026-10-24T22:00:00Z"));
        assert_eq!(length, Duration::from_hours(25));
    }

    #[test]
    fn the_last_calendar_span_is_the_previous_one() {
        let last = |text| last_span(text, now(), UTC).map(|r| (r.since.to_string(), r.until.to_string()));
        let pair = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(last("day"), pair("2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"));
        assert_eq!(last("week"), pair("2026-11-09T00:00:00Z", "2026-11-16T00:00:00Z"));
        assert_eq!(last("month"), pair("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"));
        assert_eq!(last("24h"), pair("2026-11-21T13:05:00Z", "2026-11-22T13:05:00Z"));
        assert_eq!(last("0h"), None);
        assert_eq!(last("year"), None);
    }

    #[test]
    fn an_open_end_takes_in_the_newest_event() {
        let ahead = at("2026-11-23T00:00:00Z");
        let typed = Typed { since: Some("2026-11-20"), ..Typed::default() };
        let range = range(typed, Some((now(), ahead)), now(), UTC).unwrap().unwrap();
        assert!(range.has(ahead) && !range.has(at("2026-11-19T23:59:59Z")));
    }

    #[test]
    fn the_default_is_seven_days_up_to_the_newest_event() {
        let range = default_range(at("2026-11-22T13:02:44Z"), Berlin);
        assert_eq!(range.since.to_string(), "2026-11-15T23:00:00Z");
        assert_eq!(range.until.to_string(), "2026-11-22T23:00:00Z");
    }

    #[test]
    fn the_period_before_has_the_same_days() {
        let show = |range: Option<Range>| range.map(|r| (r.since.to_string(), r.until.to_string()));
        let pair = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        let long_ago = at("2026-01-01T00:00:00Z");
        // Monday 26 October in Berlin begins at 23:00 UTC; the Monday before, in summer time, at 22:00.
        let monday = Range { since: at("2026-10-25T23:00:00Z"), until: at("2026-11-01T23:00:00Z") };
        let before = previous(monday, (long_ago, long_ago), now(), Berlin);
        assert_eq!(show(before), pair("2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z"));
        // Up to now, Thursday 12:00 in Berlin, and Thursday 12:00 a week before.
        let thursday = at("2026-10-29T11:00:00Z");
        let before = previous(monday, (long_ago, long_ago), thursday, Berlin);
        assert_eq!(show(before), pair("2026-10-18T22:00:00Z", "2026-10-22T10:00:00Z"));
        // No whole days: as many hours.
        let hours = Range { since: at("2026-11-21T13:05:00Z"), until: now() };
        let before = previous(hours, (long_ago, now()), now(), Berlin);
        assert_eq!(show(before), pair("2026-11-20T13:05:00Z", "2026-11-21T13:05:00Z"));
    }

    #[test]
    fn a_log_that_does_not_reach_back_gives_no_period_before() {
        let week = Range { since: at("2026-11-16T00:00:00Z"), until: at("2026-11-23T00:00:00Z") };
        let with = |oldest: &str| previous(week, (at(oldest), now()), now(), UTC).is_some();
        assert!(with("2026-11-09T23:59:59Z"));
        assert!(!with("2026-11-10T00:00:01Z"));
        assert!(!with("2026-11-16T08:00:00Z"));
        assert_eq!(previous(Range::ALL, (now(), now()), now(), UTC), None);
    }

    #[test]
    fn what_cannot_be_read_names_its_option() {
        let typed = Typed { since: Some("soon"), ..Typed::default() };
        assert_eq!(range(typed, None, now(), UTC).unwrap_err().option, "--since");
        let typed = Typed { since: Some("today"), until: Some("yesterday"), last: None };
        assert_eq!(range(typed, None, now(), UTC).unwrap_err().option, "--until");
        assert_eq!(range(Typed::default(), None, now(), UTC), Ok(None));
    }
}
