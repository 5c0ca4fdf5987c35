//! Rows for tests, made in a line.

use std::sync::Arc;

use crate::domain::{
    Amount, Answer, Attempt, CampaignPolicy, Code, Duration, EventId, EventName, Facts, Flaws, IdGroup,
    KeyBits, LedgerRow, Leg, LogFacts, LogNewest, MatchKey, Outcome, PixelCode, PixelLog, PixelPolicy, Place,
    Policy, Receipt, RunId, ServerLog, SessionState, StoredEvent, TimeMs,
};

use super::{Logs, resolve};

/// 2026-11-20T12:00:00Z: when things happen in tests.
pub const T0: TimeMs = TimeMs::from_ms(1_795_176_000_000);

/// The id of all test events.
pub fn id() -> EventId {
    EventId::parse("ord_1").unwrap()
}

pub fn name(text: &str) -> EventName {
    EventName::parse(text).unwrap()
}

pub fn pixel(text: &str) -> PixelCode {
    PixelCode::parse(text).unwrap()
}

pub fn amount(text: &str) -> Option<Amount> {
    Amount::parse(text)
}

/// A time so many hours after [`T0`].
pub fn hours(after: i64) -> TimeMs {
    T0.plus(Duration::from_hours(after))
}

pub fn pixel_policy(id: &str) -> PixelPolicy {
    PixelPolicy {
        id: pixel(id),
        name: None,
        has_token: true,
        server_log: ServerLog::Partial,
        pixel_log: PixelLog::Partial,
    }
}

pub fn campaign_policy() -> CampaignPolicy {
    CampaignPolicy { source: None, pixel: None, origin: None, server_leg: true, pixel_leg: true }
}

/// A config with pixel `A`, which has a token.
pub fn policy() -> Policy {
    Policy { pixels: vec![pixel_policy("A")], ..Policy::default() }
}

/// Logs with server and browser receipts of pixel `A` long after all events.
pub fn logs() -> Logs {
    let newest = LogNewest { server_at: Some(hours(1000)), browser_at: Some(hours(1000)) };
    Logs::new(&LogFacts { by_pixel: vec![(pixel("A"), newest)], ..LogFacts::default() }, &policy())
}

/// A log of pixel `A` whose newest server receipt came so many hours after [`T0`].
pub fn logs_until(newest: Option<i64>) -> Logs {
    let newest = LogNewest { server_at: newest.map(hours), browser_at: None };
    Logs::new(&LogFacts { by_pixel: vec![(pixel("A"), newest)], ..LogFacts::default() }, &policy())
}

/// A whole, sendable event of TikTok's at [`T0`], seen by the log a second later.
pub fn event(logged: &str) -> StoredEvent {
    let mut keys = KeyBits::default();
    for key in MatchKey::ALL {
        keys.present.add(key);
        keys.valid.add(key);
    }
    let mut facts = Facts::default();
    facts.set_url();
    facts.set_contents();
    facts.set_content_ids_good();
    facts.set_content_type_product();
    StoredEvent {
        name: name(logged),
        pixel: None,
        place: Arc::new(Place {
            source: Some(Arc::from("tiktok")),
            currency: Some(Arc::from("USD")),
            ..Place::default()
        }),
        landing: None,
        session: Some(1),
        at: T0,
        seen_at: T0,
        keys,
        facts,
        flaws: Flaws::NONE,
        value: amount("9.99"),
        order: None,
        contact: Some(1),
        block: Some(1),
        slot: 0,
        content: 1,
        position: None,
    }
}

/// A server receipt two seconds after [`T0`], without an answer so far.
pub fn receipt(sent: &str) -> Receipt {
    Receipt {
        name: name(sent),
        pixel: None,
        leg: Leg::Server,
        at: Some(T0.plus(Duration::from_secs(2))),
        answer: Answer::default(),
        is_test: false,
        trace: None,
        sent: None,
    }
}

impl Receipt {
    pub(crate) fn on(mut self, code: &str) -> Self {
        self.pixel = Some(pixel(code));
        self
    }

    pub(crate) fn at(mut self, ms: i64) -> Self {
        self.at = Some(TimeMs::from_ms(ms));
        self
    }

    pub(crate) fn undated(mut self) -> Self {
        self.at = None;
        self
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.answer.http_status = Some(status);
        self
    }

    pub(crate) fn code(mut self, code: i64) -> Self {
        self.answer.http_status = Some(200);
        self.answer.code = Code::Integer(code);
        self
    }

    pub(crate) fn alone(mut self) -> Self {
        self.answer.alone = true;
        self
    }

    pub(crate) fn test(mut self) -> Self {
        self.is_test = true;
        self
    }

    pub(crate) fn browser(mut self) -> Self {
        self.leg = Leg::Browser;
        self.answer = Answer::default();
        self
    }
}

/// One of our attempts, a minute after [`T0`], of unknown outcome.
pub fn attempt(sent: &str, on: &str) -> Attempt {
    Attempt {
        name: name(sent),
        pixel: pixel(on),
        batch: 1,
        run: RunId::new(1),
        at: T0.plus(Duration::from_mins(1)),
        outcome: None,
        code: Code::Absent,
        http_status: None,
        alone: false,
        is_test: false,
    }
}

impl Attempt {
    pub(crate) fn ended(mut self, outcome: Outcome) -> Self {
        self.outcome = Some(outcome);
        self
    }
}

/// What is stored under one id.
pub fn group(
    events: impl IntoIterator<Item = StoredEvent>,
    receipts: impl IntoIterator<Item = Receipt>,
) -> IdGroup {
    let events: Vec<_> = events.into_iter().collect();
    IdGroup {
        id: id(),
        sessions: events.iter().map(|_| Some(SessionState::default())).collect(),
        events,
        receipts: receipts.into_iter().collect(),
        attempts: Vec::new(),
        claims: Vec::new(),
    }
}

/// The key of one event on pixel `A` with its receipts.
pub fn row(mut event: StoredEvent, receipts: impl IntoIterator<Item = Receipt>) -> LedgerRow {
    event.pixel = Some(pixel("A"));
    let receipts = receipts.into_iter().map(|receipt| receipt.on("A"));
    let mut rows = resolve(group([event], receipts), &Policy::default());
    rows.retain(|row| row.event.is_some());
    rows.pop().unwrap()
}
