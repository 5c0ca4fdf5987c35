//! What TikTok would make of a request: token, content type, schema, standing rules, deduplication.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::json;

use crate::domain::{Leg, TimeMs};

use super::count::{Counter, Key};
use super::faults::{Blames, Fault, Says, Script, Taken};
use super::record::{Record, Seen, SeenEvent, digest};
use super::schema::{Arrived, Read, Request};
use super::wire::{Incoming, Manner, Outgoing};

/// Requests kept in memory; a longer story is in the record.
const SEEN_MAX: usize = 100_000;

/// Its clock: fixed, or running on from a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    base: TimeMs,
    running_since: Option<tokio::time::Instant>,
}

impl Clock {
    pub const fn fixed(at: TimeMs) -> Self {
        Self { base: at, running_since: None }
    }

    pub fn running(from: TimeMs) -> Self {
        Self { base: from, running_since: Some(tokio::time::Instant::now()) }
    }

    pub fn now(&self) -> TimeMs {
        let elapsed = self.running_since.map_or(0, |since| since.elapsed().as_millis());
        self.base.plus(crate::domain::Duration::from_ms(i64::try_from(elapsed).unwrap_or(i64::MAX)))
    }

    pub fn set(&mut self, at: TimeMs) {
        self.base = at;
        self.running_since = self.running_since.map(|_| tokio::time::Instant::now());
    }
}

/// Everything the sandbox knows.
#[derive(Debug)]
pub(super) struct State {
    pub token: Option<String>,
    pub clock: Clock,
    pub counter: Counter,
    pub script: Script,
    pub seen: VecDeque<Seen>,
    pub requests: u64,
    pub test_events: u64,
    /// Requests that have arrived and are not answered yet, with their keys.
    pub on_the_wire: BTreeMap<u64, BTreeSet<Key>>,
    /// The number of the newest of them.
    pub arrivals: u64,
    pub record: Option<Record>,
}

/// What the truthful answer would be.
struct Truth {
    status: u16,
    code: i64,
    message: String,
    is_taken: bool,
}

impl Truth {
    fn refusal(status: u16, code: i64, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), is_taken: false }
    }
}

impl State {
    /// Notes that a request has arrived; returns its number.
    pub fn arrive(&mut self, Request { pixel, events, .. }: &Request) -> u64 {
        let keys = events.iter().map(|event| Key::new(pixel, &event.event, &event.event_id));
        self.arrivals += 1;
        self.on_the_wire.insert(self.arrivals, keys.collect());
        self.arrivals
    }

    /// Notes that it is about to be answered; returns how many of its keys are in other requests too.
    pub fn depart(&mut self, number: u64) -> usize {
        let keys = self.on_the_wire.remove(&number).unwrap_or_default();
        let is_elsewhere = |key: &&Key| self.on_the_wire.values().any(|others| others.contains(*key));
        keys.iter().filter(is_elsewhere).count()
    }

    /// Answers a request to the track endpoint, and remembers it before the answer goes out.
    pub fn track(
        &mut self,
        (incoming, body): (&Incoming, Read),
        fault: Option<&Fault>,
        (together, doubled): (usize, usize),
    ) -> (Outgoing, Manner) {
        self.requests += 1;
        let truth = match self.judge(incoming, &body) {
            Ok(truth) => truth,
            Err(page) => return (self.dated(page), Manner::Whole),
        };
        let (taken, mut answer, manner, code) = self.spoil(&truth, fault);
        let mut seen = self.remember(incoming, body.request, truth.is_taken && taken == Taken::Yes);
        (seen.status, seen.code) = (answered(&answer, manner), code);
        (seen.together, seen.doubled) = (together, doubled);
        if let Some(Err(_)) = self.record.as_mut().map(|record| record.write(&seen)) {
            // A record that cannot be kept is no record: say so instead of going on without it.
            answer = Outgoing::json(500, &json!({"error": "the record cannot be written"}));
        }
        if self.seen.len() >= SEEN_MAX {
            self.seen.pop_front();
        }
        self.seen.push_back(seen);
        (self.dated(answer), manner)
    }

    fn dated(&self, answer: Outgoing) -> Outgoing {
        let now = self.clock.now();
        Outgoing { date: now.is_plausible().then_some(now), ..answer }
    }

    /// Both statuses occur in the wild with 40104 and 40105; 401 is the one of TikTok's error page.
    fn judge(&self, incoming: &Incoming, body: &Read) -> Result<Truth, Outgoing> {
        if incoming.method != "POST" {
            return Err(Outgoing::page(405));
        }
        let token = incoming.header("access-token").unwrap_or_default();
        if token.is_empty() {
            return Ok(Truth::refusal(401, 40104, "Access token is empty"));
        }
        let is_right = match &self.token {
            Some(right) => token == right,
            None => !token.contains(char::is_whitespace),
        };
        if !is_right {
            return Ok(Truth::refusal(401, 40105, "Access token is incorrect or has been revoked"));
        }
        let content_type = incoming.header("content-type").unwrap_or_default();
        if !content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
        {
            return Err(Outgoing::page(415));
        }
        if let Some(broken) = &body.broken {
            return Ok(Truth::refusal(200, 40002, broken.to_string()));
        }
        if let Some((at, rule)) =
            self.script.poisoned(body.request.events.iter().map(|event| event.event_id.as_str()))
        {
            let message = match rule.blames {
                Blames::Index => format!("Batch.{at}.event_id: not allowed"),
                Blames::Nobody => "Invalid parameters".to_owned(),
            };
            return Ok(Truth::refusal(200, rule.code, message));
        }
        Ok(Truth { status: 200, code: 0, message: "OK".to_owned(), is_taken: true })
    }

    /// Whether the events are taken, the answer, its manner, and the code it carries.
    fn spoil(&self, truth: &Truth, fault: Option<&Fault>) -> (Taken, Outgoing, Manner, Option<i64>) {
        let proper = || (self.envelope(truth.status, truth.code, &truth.message), Some(truth.code));
        let silent = |taken, manner| (taken, Outgoing::default(), manner, None);
        match fault {
            None => {
                let (answer, code) = proper();
                (Taken::Yes, answer, Manner::Whole, code)
            }
            Some(Fault::Truncate) => (Taken::Yes, proper().0, Manner::Half, None),
            Some(Fault::Drip(pause)) => {
                let (answer, code) = proper();
                (Taken::Yes, answer, Manner::Drip(*pause), code)
            }
            Some(Fault::Answer { taken, status, says, headers }) => {
                let (answer, code) = match says {
                    Says::Code(code, message) => (self.envelope(*status, *code, message), Some(*code)),
                    Says::Text(text) => (
                        Outgoing {
                            status: *status,
                            content_type: "text/html",
                            body: text.clone().into_bytes(),
                            ..Outgoing::default()
                        },
                        None,
                    ),
                };
                (*taken, Outgoing { headers: headers.clone(), ..answer }, Manner::Whole, code)
            }
            Some(Fault::Hang(taken)) => silent(*taken, Manner::Hang),
            Some(Fault::Reset(taken)) => silent(*taken, Manner::Reset),
            Some(Fault::Close(taken)) => silent(*taken, Manner::Close),
        }
    }

    /// TikTok's envelope. Request ids have TikTok's look, but count, so that a test can name them.
    fn envelope(&self, status: u16, code: i64, message: &str) -> Outgoing {
        let stamp = chrono::DateTime::from_timestamp_millis(self.clock.now().as_ms()).unwrap_or_default();
        let request_id = format!("{}{:020}", stamp.format("%Y%m%d%H%M%S"), self.requests);
        Outgoing::json(
            status,
            &json!({"code": code, "message": message, "request_id": request_id, "data": {}}),
        )
    }

    fn remember(&mut self, incoming: &Incoming, request: Request, taken: bool) -> Seen {
        let now = self.clock.now();
        let Request { pixel, test_code, events } = request;
        let mut seen_events = Vec::with_capacity(events.len());
        for event in events {
            let effect = match (taken, &test_code) {
                (false, _) => "none",
                (true, Some(_)) => {
                    self.test_events += 1;
                    "test"
                }
                (true, None) => {
                    let key = Key::new(&pixel, &event.event, &event.event_id);
                    self.counter.take(key, Leg::Server, now).word()
                }
            };
            let Arrived { event, event_id, sha256 } = event;
            seen_events.push(SeenEvent { event, event_id, sha256, effect });
        }
        Seen {
            at: now,
            status: None,
            code: None,
            pixel,
            test_event_code: test_code,
            events: seen_events,
            body_sha256: digest(&incoming.body),
            taken,
            together: 0,
            doubled: 0,
        }
    }
}

fn answered(answer: &Outgoing, manner: Manner) -> Option<u16> {
    match manner {
        Manner::Whole | Manner::Half | Manner::Drip(_) => Some(answer.status),
        Manner::Hang | Manner::Reset | Manner::Close => None,
    }
}
