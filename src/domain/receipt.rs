//! One logged try to hand an event to TikTok on one leg.

use super::{EventName, PixelCode, Position, Sent, TimeMs};

/// The way an event goes to TikTok. Both legs send the same events under the same `event_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Leg {
    /// The Events API.
    Server,
    /// The Pixel.
    Browser,
}

/// The `code` of an answer's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Code {
    /// No code was logged.
    #[default]
    Absent,
    /// An integer; only 0 accepts.
    Integer(i64),
    /// Something that is no integer (`"0"`, `0.0`, 2^70): never an acceptance.
    NotInteger,
    /// A body was logged that is not TikTok's JSON: nobody knows what it means.
    Unreadable,
}

/// What came back for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Answer {
    /// HTTP status, where one was logged.
    pub http_status: Option<u16>,
    /// The body's code.
    pub code: Code,
    /// The sender noted that there was no answer: a time-out or a broken connection.
    pub timed_out: bool,
    /// The request is known to have held this one event only.
    pub alone: bool,
    /// The log holds the sender's own word that the event was delivered. No verdict rests on it.
    pub sender_claims_delivered: bool,
}

/// TikTok's id of a request, as logged.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct RequestId(Option<Box<str>>);

impl RequestId {
    /// The longest request id that is kept, in bytes; TikTok's have 24 to 34.
    pub const BYTES_MAX: usize = 64;

    /// No request id.
    pub const NONE: Self = Self(None);

    /// Takes a request id as logged; a blank one or one over 64 bytes is none.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if text.trim().is_empty() || text.len() > Self::BYTES_MAX {
            Self(None)
        } else {
            Self(Some(text.into()))
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

/// A receipt as stored.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The TikTok name that was sent, byte for byte.
    pub name: EventName,
    /// The Pixel Code it was sent to, where the log says so.
    pub pixel: Option<PixelCode>,
    /// The leg.
    pub leg: Leg,
    /// When it was sent.
    pub at: Option<TimeMs>,
    /// What came back.
    pub answer: Answer,
    /// Whether it was sent with a test event code: it then delivers nothing.
    pub is_test: bool,
    /// Where it comes from; a pass over everything leaves it out.
    pub trace: Option<Box<Trace>>,
    /// What the request held, where the log has its body.
    pub sent: Option<Box<Sent>>,
}

/// Where a receipt comes from: what a person asks of one id, and no verdict depends on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trace {
    /// Where it was read.
    pub position: Position,
    /// TikTok's id of the request.
    pub request: RequestId,
}
