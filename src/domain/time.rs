//! Instants and spans, both in milliseconds.

use std::fmt;

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeMs(i64);

/// A span of time in milliseconds; negative when it points back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(i64);

impl TimeMs {
    /// The first instant a log line may carry: 2015-01-01T00:00:00Z (product 3.1).
    pub const FIRST: Self = Self(1_420_070_400_000);
    /// The first instant a log line may no longer carry: 2101-01-01T00:00:00Z (product 3.1).
    pub const END: Self = Self(4_133_980_800_000);
    /// The time of what nobody dated: after every event, so that an event is filled in from it only when the
    /// config takes values of the whole session.
    pub const UNDATED: Self = Self(Self::END.0 - 1);

    /// An instant from milliseconds since the epoch.
    #[must_use]
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_ms(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down: what `event_time` wants.
    #[must_use]
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This instant moved by a span; stops at the ends of the number range.
    #[must_use]
    pub const fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// This instant moved back by a span; stops at the ends of the number range.
    #[must_use]
    pub const fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(span.0))
    }

    /// The span from `earlier` to this instant.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }

    /// Whether a log line may carry this instant: years 2015 to 2100 (product 3.1).
    #[must_use]
    pub const fn is_plausible(self) -> bool {
        self.0 >= Self::FIRST.0 && self.0 < Self::END.0
    }
}

/// RFC 3339 in UTC with milliseconds, `2026-11-20T12:34:56.789Z`; without them when they are zero.
impl fmt::Display for TimeMs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(at) = chrono::DateTime::from_timestamp_millis(self.0) else {
            return write!(f, "{} ms", self.0);
        };
        let form = if self.0.rem_euclid(1000) == 0 { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S%.3fZ" };
        write!(f, "{}", at.format(form))
    }
}

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A span of milliseconds.
    #[must_use]
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// A span of seconds.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// A span of minutes.
    #[must_use]
    pub const fn from_mins(mins: i64) -> Self {
        Self::from_secs(mins.saturating_mul(60))
    }

    /// A span of hours.
    #[must_use]
    pub const fn from_hours(hours: i64) -> Self {
        Self::from_mins(hours.saturating_mul(60))
    }

    /// A span of days of 24 hours.
    #[must_use]
    pub const fn from_days(days: i64) -> Self {
        Self::from_hours(days.saturating_mul(24))
    }

    /// Milliseconds.
    #[must_use]
    pub const fn as_ms(self) -> i64 {
        self.0
    }
}

/// The two largest units, as people say them: `47 h 12 min`, `3 d 4 h`, `12 s`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = self.0.unsigned_abs() / 1000;
        let sign = if self.0 < 0 { "-" } else { "" };
        let (days, hours, mins) = (secs / 86_400, secs / 3600 % 24, secs / 60 % 60);
        match (days, hours, mins) {
            (0, 0, 0) => write!(f, "{sign}{} s", secs % 60),
            (0, 0, m) => write!(f, "{sign}{m} min"),
            (0, h, 0) => write!(f, "{sign}{h} h"),
            (0 | 1, h, m) => write!(f, "{sign}{} h {m} min", days * 24 + h),
            (d, 0, _) => write!(f, "{sign}{d} d"),
            (d, h, _) => write!(f, "{sign}{d} d {h} h"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_print_as_rfc_3339() {
        assert_eq!(TimeMs::from_ms(1_763_642_096_789).to_string(), "2025-11-20T12:34:56.789Z");
        assert_eq!(TimeMs::from_ms(1_763_642_096_000).to_string(), "2025-11-20T12:34:56Z");
        assert_eq!(TimeMs::from_ms(i64::MAX).to_string(), format!("{} ms", i64::MAX));
    }

    #[test]
    fn the_plausible_years_are_2015_to_2100() {
        assert_eq!(TimeMs::FIRST.to_string(), "2015-01-01T00:00:00Z");
        assert_eq!(TimeMs::END.to_string(), "2101-01-01T00:00:00Z");
        assert!(TimeMs::FIRST.is_plausible());
        assert!(!TimeMs::END.is_plausible());
    }

    #[test]
    fn spans_print_as_people_say_them() {
        assert_eq!(Duration::from_secs(12).to_string(), "12 s");
        assert_eq!(Duration::from_mins(61).to_string(), "1 h 1 min");
        assert_eq!(Duration::from_hours(47).to_string(), "47 h 0 min");
        assert_eq!(Duration::from_hours(76).to_string(), "3 d 4 h");
    }
}
