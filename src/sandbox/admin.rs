//! The sandbox's own paths: what it counted, its clock, its script, copies of the browser leg.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{Duration, Leg, TimeMs};

use super::count::Key;
use super::script;
use super::track::State;
use super::wire::{Incoming, Outgoing};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BrowserWire {
    event_source_id: String,
    event: String,
    event_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockWire {
    now: Option<String>,
    advance_ms: Option<i64>,
}

impl State {
    /// Answers a request to `/sandbox/…`.
    pub fn admin(&mut self, incoming: &Incoming) -> Outgoing {
        let done = match (incoming.method.as_str(), incoming.path.as_str()) {
            ("GET", "/sandbox/counted") => Ok(self.counted_json()),
            ("POST", "/sandbox/browser") => self.browser(&incoming.body),
            ("POST", "/sandbox/clock") => self.set_clock(&incoming.body),
            ("POST", "/sandbox/script") => script::read(&incoming.body).map(|script| {
                self.script = script;
                json!({"steps": self.script.steps.len(), "rules": self.script.poison.len()})
            }),
            _ => return Outgoing::page(404),
        };
        match done {
            Ok(value) => Outgoing::json(200, &value),
            Err(what) => Outgoing::json(400, &json!({"error": what})),
        }
    }

    /// What was counted, sorted by key, with totals.
    pub fn counted_json(&self) -> Value {
        let counted = self.counter.counted();
        let keys: Vec<_> = counted
            .iter()
            .map(|key| {
                json!({
                    "pixel": key.pixel, "event": key.event, "event_id": key.event_id,
                    "copies": key.copies, "counted": key.counted, "first_at": key.first_at.to_string(),
                })
            })
            .collect();
        json!({
            "now": self.clock.now().to_string(),
            "totals": {
                "keys": keys.len(),
                "copies": counted.iter().map(|key| key.copies).sum::<u64>(),
                "counted": counted.iter().map(|key| key.counted).sum::<u64>(),
                "counted_twice": counted.iter().filter(|key| key.counted > 1).count(),
                "requests": self.requests,
                "test_events": self.test_events,
            },
            "keys": keys,
        })
    }

    fn browser(&mut self, body: &[u8]) -> Result<Value, &'static str> {
        let wire: BrowserWire = serde_json::from_slice(body)
            .map_err(|_| "not a browser copy: {\"event_source_id\",\"event\",\"event_id\"}")?;
        let now = self.clock.now();
        let key = Key { pixel: wire.event_source_id, event: wire.event, event_id: wire.event_id };
        let effect = self.counter.take(key, Leg::Browser, now);
        Ok(json!({"effect": effect.word()}))
    }

    fn set_clock(&mut self, body: &[u8]) -> Result<Value, &'static str> {
        let what = "not a time: {\"now\":\"2026-11-20T12:00:00Z\"} or {\"advance_ms\":60000}";
        let wire: ClockWire = serde_json::from_slice(body).map_err(|_| what)?;
        let at = match (wire.now, wire.advance_ms) {
            (Some(now), None) => {
                let at = chrono::DateTime::parse_from_rfc3339(&now).map_err(|_| what)?;
                TimeMs::from_ms(at.timestamp_millis())
            }
            (None, Some(ms)) => self.clock.now().plus(Duration::from_ms(ms)),
            (Some(_), Some(_)) | (None, None) => return Err(what),
        };
        self.clock.set(at);
        Ok(json!({"now": at.to_string()}))
    }
}
