//! What the sandbox remembers of each request; no personal data.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::domain::TimeMs;

/// An event of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenEvent {
    /// Event name.
    pub event: String,
    /// Event id.
    pub event_id: String,
    /// SHA-256 of its object, in hex: a repeat must be the same.
    pub sha256: String,
    /// What became of it: `counted`, `merged`, `dropped`, `test`, or `none` when it was not taken.
    pub effect: &'static str,
}

/// A request to the track endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// When it arrived.
    pub at: TimeMs,
    /// HTTP status of the answer; `None`: there was none.
    pub status: Option<u16>,
    /// Code of the answer, where it had one.
    pub code: Option<i64>,
    /// Pixel Code.
    pub pixel: String,
    /// Test event code.
    pub test_event_code: Option<String>,
    /// The events, in the order of the request.
    pub events: Vec<SeenEvent>,
    /// SHA-256 of the body, in hex.
    pub body_sha256: String,
    /// Whether the events were taken, whatever the answer said.
    pub taken: bool,
    /// Requests on the wire when it arrived, itself among them.
    pub together: usize,
    /// Its events that were on the wire in another request as well while it was.
    pub doubled: usize,
}

pub(super) fn digest(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}

/// The durable record: a JSON line per request.
#[derive(Debug)]
pub(super) struct Record(File);

impl Record {
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(OpenOptions::new().create(true).append(true).open(path)?))
    }

    /// Writes a line, in one call and without a buffer: it stands before the answer goes out, and
    /// outlives a kill of either side.
    pub fn write(&mut self, seen: &Seen) -> io::Result<()> {
        let events: Vec<_> = seen
            .events
            .iter()
            .map(|event| {
                let SeenEvent { event, event_id, sha256, effect } = event;
                json!({"event": event, "event_id": event_id, "sha256": sha256, "effect": effect})
            })
            .collect();
        let line = json!({
            "at": seen.at.to_string(),
            "status": seen.status,
            "code": seen.code,
            "pixel": seen.pixel,
            "test_event_code": seen.test_event_code,
            "events": events,
            "body_sha256": seen.body_sha256,
            "effect": if seen.taken { "taken" } else { "not-taken" },
            "doubled": seen.doubled,
        });
        self.0.write_all(format!("{line}\n").as_bytes())
    }
}
