//! The ledger as it is read: everything known of one `event_id`, then of one key.

use std::sync::Arc;

use super::{
    CampaignId, Code, EventId, EventName, Outcome, PixelCode, Receipt, RunId, SessionState, StoredEvent,
    TimeMs,
};

/// One key in one of our own requests: written before the request goes out.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The TikTok name that was sent.
    pub name: EventName,
    /// The Pixel Code it was sent to.
    pub pixel: PixelCode,
    /// The batch it was in.
    pub batch: i64,
    /// The run it belongs to.
    pub run: RunId,
    /// When it was written, just before the request.
    pub at: TimeMs,
    /// What came of it; `None` is unknown: in flight, or the process died.
    pub outcome: Option<Outcome>,
    /// The answer's code.
    pub code: Code,
    /// The answer's HTTP status.
    pub http_status: Option<u16>,
    /// The request held this one event only.
    pub alone: bool,
    /// Sent with a test event code: it delivers nothing.
    pub is_test: bool,
}

/// A backfill's hold on a key.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The TikTok name.
    pub name: EventName,
    /// The Pixel Code.
    pub pixel: PixelCode,
    /// The batch that owns it: the fencing token.
    pub batch: i64,
    /// Until when the owner may send.
    pub lease_until: TimeMs,
    /// Not to be sent again before this time.
    pub not_before: TimeMs,
}

/// Everything stored under one `event_id`, before pixels and names are resolved.
#[derive(Clone, Debug)]
pub struct IdGroup {
    /// The id.
    pub id: EventId,
    /// Its events: one per logged name and logged pixel.
    pub events: Vec<StoredEvent>,
    /// The sessions of `events`, in the same order.
    pub sessions: Vec<Option<SessionState>>,
    /// Its receipts, by name, pixel, leg, time.
    pub receipts: Vec<Receipt>,
    /// Our own attempts.
    pub attempts: Vec<Attempt>,
    /// Our own claims.
    pub claims: Vec<Claim>,
}

/// What receipts of the same `event_id` outside this key show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// A receipt or attempt of the same id carries a name that no event of this id has.
    pub another_name: bool,
    /// A receipt or attempt of the same id and name is on another pixel, or fits several keys.
    pub another_pixel: bool,
}

/// One key with all that is known of it. An orphan has receipts and no event.
#[derive(Clone, Debug)]
pub struct LedgerRow {
    /// The id.
    pub id: EventId,
    /// The TikTok name: of the event by the map, of an orphan as sent. `None`: the name is not mapped.
    pub name: Option<EventName>,
    /// The resolved pixel; `None`: reconciled, never sent.
    pub pixel: Option<PixelCode>,
    /// Record and campaign disagree on the pixel.
    pub pixel_differs: bool,
    /// The winning record. `None`: an orphan.
    pub event: Option<StoredEvent>,
    /// The event's session.
    pub session: Option<SessionState>,
    /// Receipts of this key, earliest first.
    pub receipts: Vec<Receipt>,
    /// Our attempts at this key, earliest first.
    pub attempts: Vec<Attempt>,
    /// Our claim on this key.
    pub claim: Option<Claim>,
    /// What receipts of the same id outside this key show.
    pub elsewhere: Elsewhere,
}

/// The newest receipts that the logs hold, per pixel and leg: without them nobody knows what was sent.
#[derive(Clone, Debug, Default)]
pub struct LogFacts {
    /// Receipts that name their pixel.
    pub by_pixel: Vec<(PixelCode, LogNewest)>,
    /// Receipts without a pixel, by the pixel and the campaign of the event with the same id.
    pub without_pixel: Vec<(Option<PixelCode>, Option<CampaignId>, LogNewest)>,
    /// Campaigns of which some record carries a consent, and how many records do.
    pub consent_campaigns: Vec<Option<CampaignId>>,
    /// Pixels named by funnel records.
    pub event_pixels: Vec<PixelCode>,
    /// Sources whose files could not be read in this invocation: (path, why).
    pub unreadable: Vec<(Arc<str>, Arc<str>)>,
}

/// The newest receipt per leg.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogNewest {
    /// Newest server receipt without a test event code.
    pub server_at: Option<TimeMs>,
    /// Newest browser receipt.
    pub browser_at: Option<TimeMs>,
}
