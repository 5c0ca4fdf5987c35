//! TikTok's own totals, as the sandbox would have them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::domain::{Leg, TimeMs};
use crate::tiktok::stats::{PIXELS_PATH, STATS_PATH};

use super::count::Key;
use super::track::State;
use super::wire::{Incoming, Outgoing};

/// Accepted copies by pixel, UTC day and event: from the Pixel, and from the Events API.
#[derive(Debug, Default)]
pub(super) struct Totals(BTreeMap<(String, String, String), [u64; 2]>);

impl Totals {
    /// Counts an accepted copy.
    pub(super) fn add(&mut self, key: &Key, leg: Leg, at: TimeMs) {
        let day = at.to_string().chars().take(10).collect();
        let counts = self.0.entry((key.pixel.clone(), day, key.event.clone())).or_default();
        let [browser, server] = counts;
        match leg {
            Leg::Browser => *browser += 1,
            Leg::Server => *server += 1,
        }
    }

    fn of(&self, pixel: &str, days: &std::ops::RangeInclusive<String>) -> Vec<Value> {
        let mut by_event: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
        for ((own, day, event), [browser, server]) in &self.0 {
            if own == pixel && days.contains(day) {
                let [browsers, servers] = by_event.entry(event).or_default();
                (*browsers, *servers) = (*browsers + browser, *servers + server);
            }
        }
        let row = |(event, [browser, server]): (&str, [u64; 2])| {
            json!({
                "custom_event_type": event, "total_count": browser + server,
                "browser_event_total_count": browser, "server_event_total_count": server,
                "attributed_count": 0,
            })
        };
        by_event.into_iter().map(row).collect()
    }
}

/// The number that the sandbox gives a Pixel Code: made of its characters, as theirs say nothing of it.
fn number(code: &str) -> String {
    let folded = code.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(131).wrapping_add(u64::from(byte)));
    format!("7{:018}", folded % 1_000_000_000_000_000_000)
}

impl State {
    /// Answers a question for totals; `None`: the path is another.
    pub(super) fn stats(&self, incoming: &Incoming) -> Option<Outgoing> {
        let (path, query) = incoming.path.split_once('?').unwrap_or((&incoming.path, ""));
        if path != STATS_PATH && path != PIXELS_PATH {
            return None;
        }
        if incoming.method != "GET" {
            return Some(Outgoing::page(405));
        }
        let query: BTreeMap<String, String> =
            url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let answer = match self.token_refusal(incoming) {
            Some((code, message)) => json!({"code": code, "message": message, "data": {}}),
            None if path == PIXELS_PATH => Self::pixels(&query),
            None => self.totals(&query),
        };
        Some(Outgoing::json(200, &answer))
    }

    fn token_refusal(&self, incoming: &Incoming) -> Option<(i64, &'static str)> {
        let token = incoming.header("access-token").unwrap_or_default();
        let is_right = self.token.as_ref().is_none_or(|right| token == right);
        if token.is_empty() {
            Some((40104, "Access token is empty"))
        } else {
            (!is_right).then_some((40105, "Access token is incorrect or has been revoked"))
        }
    }

    fn pixels(query: &BTreeMap<String, String>) -> Value {
        match (query.get("advertiser_id"), query.get("code")) {
            (Some(_), Some(code)) => json!({"code": 0, "message": "OK", "data": {
                "pixels": [{"pixel_code": code, "pixel_id": number(code)}],
            }}),
            _ => json!({"code": 40002, "message": "advertiser_id and code are needed", "data": {}}),
        }
    }

    fn totals(&self, query: &BTreeMap<String, String>) -> Value {
        let wrong = |what: &str| json!({"code": 40002, "message": what, "data": {}});
        if !query.contains_key("advertiser_id") {
            return wrong("advertiser_id is needed");
        }
        let read = |key: &str| query.get(key).and_then(|text| serde_json::from_str::<Value>(text).ok());
        let numbers: Option<Vec<String>> = read("pixel_ids").and_then(|ids| serde_json::from_value(ids).ok());
        let Some(numbers) = numbers.filter(|numbers| (1..=10).contains(&numbers.len())) else {
            return wrong("pixel_ids must be a list of 1 to 10 numbers as strings");
        };
        let days = read("date_range").unwrap_or_default();
        let day = |key: &str| days.get(key).and_then(Value::as_str).map(str::to_owned);
        let (Some(first), Some(last)) = (day("start_date"), day("end_date")) else {
            return wrong("date_range needs start_date and end_date");
        };
        let (days, totals) = (first..=last, self.counter.totals());
        let codes: std::collections::BTreeSet<&String> = totals.0.keys().map(|(code, ..)| code).collect();
        let pixels: Vec<Value> = codes
            .into_iter()
            .filter(|code| numbers.contains(&number(code)))
            .map(|code| json!({"pixel_id": number(code), "statistics": totals.of(code, &days)}))
            .collect();
        json!({"code": 0, "message": "OK", "data": {"list": pixels}})
    }
}
