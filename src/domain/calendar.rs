//! Days and hours as a zone's clocks show them.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

use super::TimeMs;

/// Quarters of an hour to look ahead for a time that exists: Samoa once skipped a whole day.
const GAP_QUARTERS_MAX: i32 = 100;

/// The date and the hour that a zone's clocks show at an instant; `None` far outside the calendar.
#[must_use]
pub fn local(at: TimeMs, zone: Tz) -> Option<(NaiveDate, u8)> {
    let at = DateTime::<Utc>::from_timestamp_millis(at.as_ms())?.with_timezone(&zone);
    Some((at.date_naive(), u8::try_from(at.hour()).ok()?))
}

/// The first instant of a date in a zone; where the clocks skip midnight, the next one that exists.
#[must_use]
pub fn midnight(date: NaiveDate, zone: Tz) -> Option<TimeMs> {
    instant(date.and_hms_opt(0, 0, 0)?, zone)
}

/// A local time as an instant: the earlier of two, and the next one that exists.
#[must_use]
pub fn instant(plain: NaiveDateTime, zone: Tz) -> Option<TimeMs> {
    (0..=GAP_QUARTERS_MAX).find_map(|quarter| {
        let plain = plain.checked_add_signed(TimeDelta::minutes(i64::from(quarter) * 15))?;
        zone.from_local_datetime(&plain).earliest().map(|at| TimeMs::from_ms(at.timestamp_millis()))
    })
}

/// An instant moved back by whole days of a zone: the same time on its clocks.
#[must_use]
pub fn days_before(at: TimeMs, days: u64, zone: Tz) -> Option<TimeMs> {
    let here = DateTime::<Utc>::from_timestamp_millis(at.as_ms())?.with_timezone(&zone);
    instant(here.naive_local().checked_sub_days(Days::new(days))?, zone)
}

/// The number of a date: days since 1 January of the year 1.
#[must_use]
pub fn day_number(date: NaiveDate) -> i32 {
    date.num_days_from_ce()
}

/// The date with a number.
#[must_use]
pub fn date(day_number: i32) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(day_number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::{America::Sao_Paulo, Asia::Kolkata, Europe::Berlin};

    fn at(text: &str) -> TimeMs {
        TimeMs::from_ms(DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis())
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_clocks_of_a_zone_decide() {
        assert_eq!(local(at("2026-11-22T23:30:00Z"), Berlin), Some((day("2026-11-23"), 0)));
        assert_eq!(local(at("2026-11-22T18:30:00Z"), Kolkata), Some((day("2026-11-23"), 0)));
        // The hour between two and three comes twice when summer time ends.
        assert_eq!(local(at("2026-10-25T00:30:00Z"), Berlin), Some((day("2026-10-25"), 2)));
        assert_eq!(local(at("2026-10-25T01:30:00Z"), Berlin), Some((day("2026-10-25"), 2)));
    }

    #[test]
    fn a_midnight_that_the_clocks_skip_is_the_next_moment() {
        assert_eq!(midnight(day("2018-11-04"), Sao_Paulo), Some(at("2018-11-04T03:00:00Z")));
        assert_eq!(midnight(day("2026-03-29"), Berlin), Some(at("2026-03-28T23:00:00Z")));
        assert_eq!(midnight(day("2026-03-30"), Berlin), Some(at("2026-03-29T22:00:00Z")), "23 hours later");
    }

    #[test]
    fn a_date_survives_its_number() {
        assert_eq!(date(day_number(day("2026-11-23"))), Some(day("2026-11-23")));
    }
}
