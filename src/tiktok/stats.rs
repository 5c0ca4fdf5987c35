//! TikTok's own totals per event: the stats endpoint, and what people copy from Events Manager.
//!
//! Totals only: no id, no proof. TikTok does not say whether it counts before or after deduplication.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::domain::{EventName, Untrusted};

use super::event_map;

/// The path of the totals. Official (TikTok facts 4.3).
pub const STATS_PATH: &str = "/open_api/v1.3/pixel/event/stats/";
/// The path that turns a Pixel Code into the number that the totals want. Official (TikTok facts 4.3).
pub const PIXELS_PATH: &str = "/open_api/v1.3/pixel/list/";
/// The longest span in days that is asked for: official 30, one client's bound 28 (TikTok facts 4.3).
pub const DAYS_MAX: u64 = 28;
/// The most rows that are read: a pixel has a few dozen events.
const ROWS_MAX: usize = 1000;

/// Ads-side names of events in the totals, as far as anybody has written them down; others are shown
/// as they come, unless the config's `[stats_names]` maps them. TikTok facts 4.3; checked 2026-11-23.
const NAMES: &[(&str, &str)] = &[
    ("SHOPPING", "CompletePayment"),
    ("ON_WEB_ORDER", "PlaceAnOrder"),
    ("ON_WEB_DETAIL", "ViewContent"),
    ("PAGE_VIEW", "PageView"),
];

/// What TikTok reports of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// Our name of it, where it is known.
    pub event: Option<EventName>,
    /// Its name as it came.
    pub raw: Untrusted,
    /// All.
    pub total: Option<u64>,
    /// From the Pixel.
    pub browser: Option<u64>,
    /// From the Events API.
    pub server: Option<u64>,
    /// From both ("Server & browser" in Events Manager).
    pub both: Option<u64>,
    /// Attributed to ads.
    pub attributed: Option<u64>,
}

/// Further names: as TikTok's totals have them (folded), and the event each stands for.
pub type Names = BTreeMap<Arc<str>, EventName>;

/// Why totals cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatsError {
    /// Not in the form that was expected.
    #[error("it is not in the form of TikTok's totals")]
    Form,
    /// No row has an event's name.
    #[error("it has no column or field `event`")]
    NoEvent,
    /// A count is no whole number.
    #[error("row {row}: a count is no whole number")]
    Count {
        /// The row, from 1.
        row: usize,
    },
    /// More rows than any pixel has.
    #[error("it has more than 1000 rows")]
    TooLong,
}

fn name(raw: &str, further: &Names) -> Option<EventName> {
    let known = NAMES.iter().find(|(theirs, _)| *theirs == raw).map(|(_, ours)| *ours);
    let folded = event_map::fold(raw);
    known
        .and_then(|ours| EventName::parse(ours).ok())
        .or_else(|| further.get(folded.as_str()).cloned())
        .or_else(|| event_map::resolve(raw, &BTreeMap::new()).ok())
}

/// The number of a pixel in an answer of [`PIXELS_PATH`].
#[must_use]
pub fn read_pixel_number(body: &[u8], code: &str) -> Option<String> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let lists = answer.get("data")?.as_object()?.values().filter_map(Value::as_array);
    let is_it = |pixel: &&Value| pixel.get("pixel_code").and_then(Value::as_str) == Some(code);
    let pixel = lists.flatten().find(is_it)?;
    let number = match pixel.get("pixel_id")? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (!number.is_empty() && number.len() <= 32 && number.bytes().all(|c| c.is_ascii_digit())).then_some(number)
}

/// The totals in an answer of [`STATS_PATH`]; no list is no event.
///
/// # Errors
/// [`StatsError`] when it is another answer.
pub fn read_totals(body: &[u8], further: &Names) -> Result<Vec<Reported>, StatsError> {
    let answer: Value = serde_json::from_slice(body).map_err(|_| StatsError::Form)?;
    let data = answer.get("data").ok_or(StatsError::Form)?;
    let Some(list) = data.get("list") else { return Ok(Vec::new()) };
    let list = list.as_array().ok_or(StatsError::Form)?;
    let rows = list.iter().filter_map(|pixel| pixel.get("statistics")?.as_array()).flatten();
    let mut totals = Vec::new();
    for (at, row) in (1..).zip(rows) {
        if at > ROWS_MAX {
            return Err(StatsError::TooLong);
        }
        let text = |key: &str| row.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let raw = text("custom_event_type").or_else(|| text("pixel_event_type")).unwrap_or("(no name)");
        let count = |key: &str| count(row.get(key).unwrap_or(&Value::Null), at);
        totals.push(Reported {
            event: name(raw, further),
            raw: Untrusted::new(raw),
            total: count("total_count")?,
            browser: count("browser_event_total_count")?,
            server: count("server_event_total_count")?,
            both: None,
            attributed: count("attributed_count")?,
        });
    }
    Ok(totals)
}

fn count(value: &Value, row: usize) -> Result<Option<u64>, StatsError> {
    match value {
        Value::Null => Ok(None),
        Value::Number(number) => number.as_u64().map(Some).ok_or(StatsError::Count { row }),
        Value::String(text) => typed_count(text, row),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(StatsError::Count { row }),
    }
}

/// A count as people copy it: `1,204`, `1 204`; blank or a dash is none.
fn typed_count(text: &str, row: usize) -> Result<Option<u64>, StatsError> {
    let plain: String =
        text.chars().filter(|c| !c.is_whitespace() && !matches!(c, ',' | '\u{202f}')).collect();
    match plain.as_str() {
        "" | "-" | "–" | "—" => Ok(None),
        digits => digits.parse().map(Some).map_err(|_| StatsError::Count { row }),
    }
}

/// Counts typed in from Events Manager: JSON objects, or lines with a header, separated by commas,
/// semicolons or tabs. Columns: event, and any of Browser, Server, Server & browser, Total, Attributed.
///
/// # Errors
/// [`StatsError`] that says what is wrong.
pub fn read_typed(text: &str, further: &Names) -> Result<Vec<Reported>, StatsError> {
    let rows = if text.trim_start().starts_with('[') { json_rows(text)? } else { text_rows(text)? };
    let mut typed = Vec::new();
    for (at, row) in (1..).zip(&rows) {
        if at > ROWS_MAX {
            return Err(StatsError::TooLong);
        }
        let find = |wanted: &[&str]| row.iter().find(|(key, _)| wanted.contains(&key.as_str()));
        let raw = find(&["event", "eventname", "name"]).map(|(_, value)| value.trim()).unwrap_or_default();
        if raw.is_empty() {
            return Err(StatsError::NoEvent);
        }
        let count = |wanted: &[&str]| find(wanted).map_or(Ok(None), |(_, value)| typed_count(value, at));
        typed.push(Reported {
            event: name(raw, further),
            raw: Untrusted::new(raw),
            total: count(&["total", "totalevents", "all"])?,
            browser: count(&["browser"])?,
            server: count(&["server"])?,
            both: count(&["server&browser", "serverandbrowser", "browser&server", "both"])?,
            attributed: count(&["attributed", "attributedevents"])?,
        });
    }
    Ok(typed)
}

/// A column's name without case, blanks, `_` and `-`.
fn column(text: &str) -> String {
    let kept = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-' | '\u{feff}'));
    kept.flat_map(char::to_lowercase).collect()
}

type Row = Vec<(String, String)>;

fn json_rows(text: &str) -> Result<Vec<Row>, StatsError> {
    let rows: Vec<serde_json::Map<String, Value>> =
        serde_json::from_str(text).map_err(|_| StatsError::Form)?;
    let cell = |(key, value): (String, Value)| {
        let text = match value {
            Value::String(text) => text,
            Value::Null => String::new(),
            Value::Number(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
        };
        (column(&key), text)
    };
    Ok(rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect())
}

fn text_rows(text: &str) -> Result<Vec<Row>, StatsError> {
    let header = text.lines().next().unwrap_or_default();
    let separator = [b'\t', b';', b','].into_iter().find(|c| header.bytes().any(|byte| byte == *c));
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator.ok_or(StatsError::Form)?)
        .flexible(true)
        .from_reader(text.as_bytes());
    let names: Vec<String> = reader.headers().map_err(|_| StatsError::Form)?.iter().map(column).collect();
    let row = |record: Result<csv::StringRecord, csv::Error>| {
        let record = record.map_err(|_| StatsError::Form)?;
        Ok(names.iter().cloned().zip(record.iter().map(str::to_owned)).collect())
    };
    reader.records().take(ROWS_MAX + 1).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short(row: &Reported) -> (&str, Option<u64>, Option<u64>, Option<u64>) {
        (row.event.as_ref().map_or("?", EventName::as_str), row.browser, row.server, row.both)
    }

    #[test]
    fn totals_are_read_and_unknown_names_stay() {
        let body = br#"{"code":0,"data":{"list":[{"pixel_id":"7","statistics":[
            {"pixel_event_type":"SHOPPING","total_count":"12","browser_event_total_count":5,
             "server_event_total_count":7,"attributed_count":3},
            {"pixel_event_type":"ON_WEB_REGISTER","total_count":2},
            {"custom_event_type":"PageCompleted","total_count":9}]}]}}"#;
        let further =
            Names::from([("onwebregister".into(), EventName::parse("CompleteRegistration").unwrap())]);
        let rows = read_totals(body, &further).unwrap();
        let names: Vec<_> = rows.iter().map(|row| row.event.as_ref().map(EventName::as_str)).collect();
        assert_eq!(names, [Some("CompletePayment"), Some("CompleteRegistration"), Some("PageCompleted")]);
        assert_eq!((rows[0].total, rows[0].attributed, rows[1].server), (Some(12), Some(3), None));
        assert_eq!(read_totals(body, &Names::new()).unwrap()[1].event, None);
        assert_eq!(read_totals(b"{\"data\":{}}", &further), Ok(Vec::new()));
        assert_eq!(read_totals(b"<html>", &further), Err(StatsError::Form));
        let negative = br#"{"data":{"list":[{"statistics":[{"total_count":-1}]}]}}"#;
        assert_eq!(read_totals(negative, &further), Err(StatsError::Count { row: 1 }));
    }

    #[test]
    fn the_number_of_a_pixel_is_that_of_its_code() {
        let body = br#"{"data":{"page_info":{},"pixels":[{"pixel_code":"B","pixel_id":"8"},{"pixel_code":"A","pixel_id":71}]}}"#;
        assert_eq!(read_pixel_number(body, "A").as_deref(), Some("71"));
        assert_eq!(read_pixel_number(body, "C"), None);
        assert_eq!(
            read_pixel_number(br#"{"data":{"pixels":[{"pixel_code":"A","pixel_id":"7&x"}]}}"#, "A"),
            None
        );
    }

    #[test]
    fn counts_are_typed_in_as_people_copy_them() {
        let none = Names::new();
        for text in [
            "Event,Browser,Server,Server & browser\nPurchase,\"1,204\",7,\u{2013}\nNope,1,2,3\n",
            "\u{feff}event\tbrowser\tserver\tserver_and_browser\nPurchase\t1204\t7\t\nNope\t1\t2\t3",
            "event;Browser;Server;Server & Browser\nPurchase;1 204;7;-\nNope;1;2;3",
            r#"[{"event":"Purchase","browser":1204,"server":"7"},{"event":"Nope","browser":1,"server":2,"Server & browser":3}]"#,
        ] {
            let rows = read_typed(text, &none).unwrap();
            let rows: Vec<_> = rows.iter().map(short).collect();
            assert_eq!(
                rows,
                [("CompletePayment", Some(1204), Some(7), None), ("?", Some(1), Some(2), Some(3))],
                "{text}"
            );
        }
        assert_eq!(read_typed("browser,server\n1,2\n", &none), Err(StatsError::NoEvent));
        assert_eq!(read_typed("event,server\nLead,many\n", &none), Err(StatsError::Count { row: 1 }));
        assert_eq!(read_typed("one line", &none), Err(StatsError::Form));
    }
}
