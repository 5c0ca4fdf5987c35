//! The two headers of an answer that matter.

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use crate::domain::{Duration, TimeMs};

/// The longest wait that is believed. A longer one is a mistake or an attack (reliability 2.6).
const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);

/// The server's clock.
pub(super) fn date(headers: &HeaderMap) -> Option<TimeMs> {
    http_date(headers.get(DATE)?.to_str().ok()?)
}

/// How long the server asks to wait, within 0 to 1 h; `None` for what cannot be read.
///
/// A date is measured against the server's own `Date`: our clock has no say in it.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
        // More digits than a number holds is still a number: the longest wait.
        Duration::from_secs(text.parse().unwrap_or(i64::MAX))
    } else {
        http_date(text)?.since(date(headers)?)
    };
    Some(wait.clamp(Duration::ZERO, RETRY_AFTER_MAX))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<TimeMs> {
    let at = chrono::DateTime::parse_from_rfc2822(text.trim()).ok()?;
    Some(TimeMs::from_ms(at.timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn wait(retry_after_text: &str, date_text: &str) -> Option<i64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(retry_after_text).unwrap());
        headers.insert(DATE, HeaderValue::from_str(date_text).unwrap());
        retry_after(&headers).map(|wait| wait.as_ms() / 1000)
    }

    #[test]
    fn seconds_and_dates_are_read_and_clamped() {
        let now = "Fri, 20 Nov 2026 12:00:00 GMT";
        for (text, secs) in [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("3601", Some(3600)),
            ("99999999999999999999999", Some(3600)),
            ("Fri, 20 Nov 2026 12:00:30 GMT", Some(30)),
            ("Fri, 20 Nov 2026 11:00:30 GMT", Some(0)),
            ("Sat, 21 Nov 2026 12:00:30 GMT", Some(3600)),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(wait(text, now), secs, "{text}");
        }
        assert_eq!(wait("Fri, 20 Nov 2026 12:00:30 GMT", "nonsense"), None);
    }

    #[test]
    fn the_date_is_read() {
        assert_eq!(http_date("Fri, 20 Nov 2026 12:00:00 GMT").unwrap().to_string(), "2026-11-20T12:00:00Z");
        assert_eq!(http_date("20 Nov"), None);
    }
}
