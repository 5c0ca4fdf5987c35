//! Times as people read them: in one zone, named.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

use crate::domain::{Range, TimeMs};

/// A time as documents write it; `None` of any other text.
pub(super) fn read(text: &str) -> Option<TimeMs> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| TimeMs::from_ms(at.timestamp_millis()))
}

/// The zone that times are shown in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(pub chrono_tz::Tz);

impl Zone {
    /// UTC.
    pub const UTC: Self = Self(chrono_tz::UTC);

    /// The zone's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    fn show(self, at: TimeMs, form: &str) -> String {
        DateTime::<Utc>::from_timestamp_millis(at.as_ms())
            .map_or_else(|| at.to_string(), |at| at.with_timezone(&self.0).format(form).to_string())
    }

    /// `Mon 16 Nov 2026 00:00`.
    #[must_use]
    pub fn minute(self, at: TimeMs) -> String {
        self.show(at, "%a %-d %b %Y %H:%M")
    }

    /// `2026-11-21 14:02:11`, for columns.
    #[must_use]
    pub fn second(self, at: TimeMs) -> String {
        self.show(at, "%Y-%m-%d %H:%M:%S")
    }

    /// `Sat 21 Nov 2026`.
    #[must_use]
    pub fn day(self, at: TimeMs) -> String {
        self.show(at, "%a %-d %b %Y")
    }

    /// What the zone's calendar and clocks show; `None` far outside the calendar.
    #[must_use]
    pub fn local(self, at: TimeMs) -> Option<NaiveDateTime> {
        DateTime::<Utc>::from_timestamp_millis(at.as_ms()).map(|at| at.with_timezone(&self.0).naive_local())
    }

    /// The date of [`Self::local`].
    #[must_use]
    pub fn local_date(self, at: TimeMs) -> Option<NaiveDate> {
        self.local(at).map(|at| at.date())
    }

    /// `2026-11-21`.
    #[must_use]
    pub fn date(self, at: TimeMs) -> String {
        self.show(at, "%Y-%m-%d")
    }

    /// `14:02`.
    #[must_use]
    pub fn clock_minute(self, at: TimeMs) -> String {
        self.show(at, "%H:%M")
    }

    /// `14:02:11.204`.
    #[must_use]
    pub fn clock(self, at: TimeMs) -> String {
        self.show(at, "%H:%M:%S%.3f")
    }

    /// `Mon 16 Nov 2026 00:00 – Mon 23 Nov 2026 00:00 · Europe/Berlin`; the end is the first
    /// instant outside.
    #[must_use]
    pub fn range(self, range: Range) -> String {
        if range == Range::ALL {
            return format!("all times · {}", self.name());
        }
        format!("{} – {} · {}", self.minute(range.since), self.minute(range.until), self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_their_zone() {
        let at = TimeMs::from_ms(1_763_642_096_789);
        assert_eq!(Zone::UTC.second(at), "2025-11-20 12:34:56");
        assert_eq!(Zone(chrono_tz::Europe::Berlin).minute(at), "Thu 20 Nov 2025 13:34");
        assert_eq!(Zone::UTC.clock(at), "12:34:56.789");
        assert_eq!(Zone::UTC.minute(TimeMs::from_ms(i64::MAX)), format!("{} ms", i64::MAX));
    }
}
