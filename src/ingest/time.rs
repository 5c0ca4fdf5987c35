//! Times as logs write them: RFC 3339, or seconds or milliseconds since 1970 (product 3.1).

use chrono::{LocalResult, TimeZone as _};
use chrono_tz::Tz;

use crate::domain::{Reason, TimeMs};

use super::json::Value;
use super::record::is_blank;

/// Below this a number is seconds …
const SECONDS_END: i64 = 100_000_000_000;
/// … and below this milliseconds; more is nonsense.
const MILLISECONDS_END: i64 = 100_000_000_000_000;

/// Reads a time; `zone` is that of texts which carry none.
pub(super) fn read(value: Option<Value<'_, '_>>, zone: Option<Tz>) -> Result<TimeMs, Reason> {
    let Some(value) = value else { return Err(Reason::TimeMissing) };
    // As MongoDB exports one.
    let value = value.field("$date").unwrap_or(value);
    let value = value.field("$numberLong").unwrap_or(value);
    let at = if let Some(text) = value.as_text() {
        if is_blank(text) {
            return Err(Reason::TimeMissing);
        }
        from_text(text, zone)?
    } else {
        from_number(&value.number().ok_or(Reason::WrongType)?)?
    };
    if at.is_plausible() { Ok(at) } else { Err(Reason::TimeRange) }
}

/// Reads a text: RFC 3339 with `T` or a space, any number of decimals, seconds optional; or a number.
pub(super) fn from_text(text: &str, zone: Option<Tz>) -> Result<TimeMs, Reason> {
    let text = text.trim();
    let mut left = Left(text.as_bytes());
    let Some(local) = clock(&mut left) else {
        return if text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'.' | b'-')) {
            from_number(text)
        } else {
            Err(Reason::TimeUnreadable)
        };
    };
    while left.eat(|c| c == b' ') {}
    match left.0 {
        // As databases write it.
        b"UTC" | b"GMT" | [b'Z' | b'z'] => Ok(TimeMs::from_ms(local)),
        [sign @ (b'+' | b'-'), rest @ ..] => {
            let ahead = offset_ms(rest).ok_or(Reason::TimeUnreadable)?;
            Ok(TimeMs::from_ms(if *sign == b'+' { local - ahead } else { local + ahead }))
        }
        [] => zone.ok_or(Reason::TimeWithoutZone).and_then(|zone| from_local(local, zone)),
        _ => Err(Reason::TimeUnreadable),
    }
}

/// Date and time of day, as milliseconds since 1970 on a clock without a zone.
fn clock(left: &mut Left<'_>) -> Option<i64> {
    let year = left.digits(4)?;
    left.one(b'-')?;
    let month = left.digits(2)?;
    left.one(b'-')?;
    let day = left.digits(2)?;
    if !left.eat(|c| matches!(c, b'T' | b't' | b' ')) {
        return None;
    }
    let hour = left.digits(2)?;
    left.one(b':')?;
    let minute = left.digits(2)?;
    let second = if left.eat(|c| c == b':') { left.digits(2)? } else { 0 };
    let thousandths = if left.eat(|c| matches!(c, b'.' | b',')) { left.thousandths()? } else { 0 };
    // A leap second has no place among POSIX times, and 24:00 is another day's name for 00:00.
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = days(year, month, day)? * 86_400 + hour * 3600 + minute * 60 + second;
    Some(seconds * 1000 + thousandths)
}

/// Days from 1970-01-01 in the Gregorian calendar; years run from March, so a leap day is the last.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if day < 1 || day > length {
        return None;
    }
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let century = year.div_euclid(400);
    let in_century = year.rem_euclid(400);
    let in_year = (153 * month + 2) / 5 + day - 1;
    Some(century * 146_097 + in_century * 365 + in_century / 4 - in_century / 100 + in_year - 719_468)
}

/// `02:00`, `0200` or `02`, as milliseconds.
fn offset_ms(text: &[u8]) -> Option<i64> {
    let mut left = Left(text);
    let hours = left.digits(2)?;
    let minutes = if left.0.is_empty() {
        0
    } else {
        left.eat(|c| c == b':');
        left.digits(2)?
    };
    (left.0.is_empty() && hours <= 23 && minutes <= 59).then_some((hours * 60 + minutes) * 60_000)
}

/// The instant of a local time. A time that the clocks skipped is none; of two, the earlier one,
/// because the 48-hour clock must not start late.
fn from_local(local: i64, zone: Tz) -> Result<TimeMs, Reason> {
    let naive = chrono::DateTime::from_timestamp_millis(local).ok_or(Reason::TimeUnreadable)?.naive_utc();
    match zone.from_local_datetime(&naive) {
        LocalResult::Single(at) => Ok(TimeMs::from_ms(at.timestamp_millis())),
        LocalResult::Ambiguous(a, b) => Ok(TimeMs::from_ms(a.timestamp_millis().min(b.timestamp_millis()))),
        LocalResult::None => Err(Reason::TimeUnreadable),
    }
}

/// Reads seconds, with decimals or not, or milliseconds.
fn from_number(text: &str) -> Result<TimeMs, Reason> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if whole.starts_with('-') {
        return Err(Reason::TimeRange);
    }
    if text.bytes().any(|c| !matches!(c, b'0'..=b'9' | b'.')) || whole.is_empty() || decimals.contains('.') {
        return Err(Reason::TimeUnreadable);
    }
    let whole: i64 = whole.parse().map_err(|_| Reason::TimeRange)?;
    if whole < SECONDS_END {
        let mut left = Left(decimals.as_bytes());
        let thousandths = if decimals.is_empty() { 0 } else { left.thousandths().unwrap_or_default() };
        Ok(TimeMs::from_ms(whole * 1000 + thousandths))
    } else if whole < MILLISECONDS_END {
        Ok(TimeMs::from_ms(whole))
    } else {
        Err(Reason::TimeRange)
    }
}

/// The zone with an IANA name.
pub(super) fn zone(name: &str) -> Option<Tz> {
    name.parse().ok()
}

/// What is left of a text.
struct Left<'a>(&'a [u8]);

impl Left<'_> {
    fn eat(&mut self, is: impl Fn(u8) -> bool) -> bool {
        match self.0 {
            [first, rest @ ..] if is(*first) => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn one(&mut self, byte: u8) -> Option<()> {
        self.eat(|c| c == byte).then_some(())
    }

    fn digits(&mut self, count: usize) -> Option<i64> {
        let (text, rest) = self.0.split_at_checked(count)?;
        let mut number = 0_i64;
        for digit in text {
            if !digit.is_ascii_digit() {
                return None;
            }
            number = number * 10 + i64::from(digit - b'0');
        }
        self.0 = rest;
        Some(number)
    }

    /// Decimals, cut after the third: at least one digit.
    fn thousandths(&mut self) -> Option<i64> {
        let (mut number, mut unit) = (0, 100);
        let mut any = false;
        while let [digit @ b'0'..=b'9', rest @ ..] = self.0 {
            number += i64::from(digit - b'0') * unit;
            unit /= 10;
            any = true;
            self.0 = rest;
        }
        any.then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(text: &str) -> Result<i64, Reason> {
        from_text(text, None).map(TimeMs::as_ms)
    }

    #[test]
    fn every_spelling_gives_the_same_instant() {
        let at = 1_795_178_096_789;
        for text in [
            "2026-11-20T12:34:56.789Z",
            "2026-11-20t12:34:56.789z",
            "2026-11-20 12:34:56.789Z",
            "2026-11-20 12:34:56.789 +00:00",
            "2026-11-20T12:34:56,7899999Z",
            "2026-11-20T14:34:56.789+02:00",
            "2026-11-20T14:34:56.789+0200",
            "2026-11-20T14:34:56.789+02",
            "2026-11-20T07:04:56.789-05:30",
            " 2026-11-20T12:34:56.789Z ",
            "2026-11-20 12:34:56.789 UTC",
            "1795178096789",
            "1795178096.789",
        ] {
            assert_eq!(ms(text), Ok(at), "{text}");
        }
        assert_eq!(ms("2026-11-20T12:34Z"), Ok(1_795_178_040_000));
        assert_eq!(ms("1795178096"), Ok(1_795_178_096_000));
        assert_eq!(ms("99999999999"), Ok(99_999_999_999_000));
        assert_eq!(ms("100000000000"), Ok(100_000_000_000));
    }

    #[test]
    fn nonsense_is_unreadable() {
        for text in [
            "2026-11-20T24:00:00Z",
            "2016-12-31T23:59:60Z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-11-20",
            "2026-11-20T12:34:56.Z",
            "2026-11-20T12:34:56+25:00",
            "2026-11-20T12:34:56Zx",
            "x",
            "1.2.3",
            "12-1",
            ".5",
            "NaN",
            "२०२६-११-२०T12:34:56Z",
        ] {
            assert_eq!(ms(text), Err(Reason::TimeUnreadable), "{text}");
        }
        for text in ["-1", "-62135596800", "100000000000000", "9223372036854775808"] {
            assert_eq!(ms(text), Err(Reason::TimeRange), "{text}");
        }
    }

    #[test]
    fn a_time_without_a_zone_needs_one() {
        let text = "2026-11-20T12:34:56";
        assert_eq!(ms(text), Err(Reason::TimeWithoutZone));
        let berlin = zone("Europe/Berlin");
        assert_eq!(from_text(text, berlin).unwrap().to_string(), "2026-11-20T11:34:56Z");
        assert_eq!(from_text("2026-03-29 02:30:00", berlin), Err(Reason::TimeUnreadable), "skipped");
        let twice = from_text("2026-10-25 02:30:00", berlin).unwrap();
        assert_eq!(twice.to_string(), "2026-10-25T00:30:00Z", "the earlier of two");
        assert_eq!(from_text("2026-11-20T12:34:56Z", berlin).unwrap().to_string(), "2026-11-20T12:34:56Z");
        assert!(zone("Europe/Atlantis").is_none());
    }

    proptest! {
        #[test]
        fn the_calendar_is_that_of_chrono(ms in -62_135_596_800_000_i64..253_402_300_800_000) {
            let at = chrono::DateTime::from_timestamp_millis(ms).unwrap();
            let text = at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
            prop_assert_eq!(from_text(&text, None), Ok(TimeMs::from_ms(ms)));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}|[0-9TZ:.+ -]{0,40}") {
            let ours = from_text(&text, None);
            if let Ok(at) = chrono::DateTime::parse_from_rfc3339(&text)
                && at.timestamp_subsec_millis() < 1000
            {
                prop_assert_eq!(ours, Ok(TimeMs::from_ms(at.timestamp_millis())));
            }
        }
    }
}
