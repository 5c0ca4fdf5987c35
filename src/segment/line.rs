//! The lines of a segment: what `ingest` reads back as `shipped`.
//!
//! A line says all that the store knows of a row, so that the machine that reads it back judges as the
//! host would have. Whoever changes what a mask means changes the number of the type.

use serde::Serialize;

use crate::domain::{Code, Digest, Leg, Seen, TimeMs};

/// An event.
pub(super) const EVENT: &str = "makegood.event/1";
/// A receipt.
pub(super) const RECEIPT: &str = "makegood.receipt/1";
/// A session.
pub(super) const SESSION: &str = "makegood.session/1";
/// The newest receipt of a log.
pub(super) const NEWEST: &str = "makegood.newest/1";
/// A campaign whose records carry consent.
pub(super) const CONSENT: &str = "makegood.consent/1";

#[derive(Serialize)]
pub(super) struct EventLine<'a> {
    pub(super) r#type: &'static str,
    pub(super) event_id: &'a str,
    pub(super) event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pixel_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) campaign_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) funnel_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) page: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) session_id: Option<&'a str>,
    pub(super) at_ms: i64,
    pub(super) seen_ms: i64,
    /// Masks, in the order of the database.
    pub(super) keys: u16,
    pub(super) facts: u32,
    pub(super) flaws: u64,
    pub(super) content: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) currency: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) order_key: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_agent: Option<&'a str>,
    /// The stored form, as JSON text: digests instead of values.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) payload: &'a str,
}

#[derive(Serialize)]
pub(super) struct ReceiptLine<'a> {
    pub(super) r#type: &'static str,
    pub(super) event_id: &'a str,
    pub(super) event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pixel_id: Option<&'a str>,
    pub(super) leg: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) at_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) http_status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<Said>,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) timed_out: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) alone: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) claimed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) test_event_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_id: Option<&'a str>,
}

/// A code: the integer, or why there is none.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Said {
    Integer(i64),
    Word(&'static str),
}

#[derive(Serialize)]
pub(super) struct SessionLine<'a> {
    pub(super) r#type: &'static str,
    pub(super) session_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) landing_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) landing_page: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ttclid: Option<Sight>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ttp: Option<Sight>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<Sight>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) phone: Option<Sight>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) external_id: Option<Sight>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) captured_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) paywall_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) denied_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) granted_ms: Option<i64>,
    pub(super) ip_tag: u16,
}

/// A value that a session showed: a click id, a cookie, or a digest.
#[derive(Serialize)]
pub(super) struct Sight {
    value: String,
    at_ms: i64,
    #[serde(skip_serializing_if = "is_false")]
    several: bool,
}

#[derive(Serialize)]
pub(super) struct NewestLine<'a> {
    pub(super) r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pixel_id: Option<&'a str>,
    pub(super) leg: &'static str,
    pub(super) at_ms: i64,
}

#[derive(Serialize)]
pub(super) struct ConsentLine<'a> {
    pub(super) r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pixel_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) campaign_id: Option<&'a str>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_false(fact: &bool) -> bool {
    !*fact
}

impl Said {
    pub(super) const fn of(code: Code) -> Option<Self> {
        match code {
            Code::Absent => None,
            Code::Integer(code) => Some(Self::Integer(code)),
            Code::NotInteger => Some(Self::Word("not-an-integer")),
            Code::Unreadable => Some(Self::Word("unreadable")),
        }
    }
}

impl Sight {
    pub(super) fn text(seen: &Seen<Box<str>>) -> Self {
        Self::of(seen.value.to_string(), seen.at, seen.several)
    }

    pub(super) fn digest(seen: &Seen<Digest>) -> Self {
        Self::of(seen.value.to_hex(), seen.at, seen.several)
    }

    const fn of(value: String, at: TimeMs, several: bool) -> Self {
        Self { value, at_ms: at.as_ms(), several }
    }
}

pub(super) const fn leg(leg: Leg) -> &'static str {
    match leg {
        Leg::Server => "server",
        Leg::Browser => "browser",
    }
}
