//! What a backfill will send, hold and skip, each with its reason.

use std::sync::Arc;

use super::{Amount, EventId, EventName, PixelCode, TimeMs};

/// Why a key is held: never sent unattended (product 6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HeldClass {
    /// Past the clock, and the browser fired: a copy would count twice.
    LateBrowserFired,
    /// Past the clock, and nobody saw the browser fire.
    LateBrowserUnseen,
    /// Past the clock, and an attempt's outcome is unknown.
    LateAttemptUnknown,
    /// No server receipt at all for this pixel: what was sent is not known.
    NoReceiptLog,
    /// No server receipt newer than the event: the log may lag behind.
    ReceiptsBehind,
    /// The same `event_id` has a receipt under another event name.
    SeenUnderAnotherName,
    /// The same `event_id` has a receipt on another pixel.
    SeenOnAnotherPixel,
    /// Its only receipts carry a test event code.
    OnlyTestReceipts,
    /// No source at all: audited as TikTok's, but not sent on that guess.
    SourceAssumed,
    /// Consent is absent or unclear where it is needed.
    ConsentUnknown,
    /// Record and campaign disagree on the pixel.
    PixelDiffers,
    /// Records of this key disagree on value or currency.
    ContentDiffers,
    /// TikTok called it a duplicate request, or an attempt must not be repeated blindly.
    DoNotRepeat,
}

impl HeldClass {
    /// All classes, in the order of display.
    pub const ALL: [Self; 13] = [
        Self::LateBrowserFired,
        Self::LateBrowserUnseen,
        Self::LateAttemptUnknown,
        Self::NoReceiptLog,
        Self::ReceiptsBehind,
        Self::SeenUnderAnotherName,
        Self::SeenOnAnotherPixel,
        Self::OnlyTestReceipts,
        Self::SourceAssumed,
        Self::ConsentUnknown,
        Self::PixelDiffers,
        Self::ContentDiffers,
        Self::DoNotRepeat,
    ];

    /// The class's code in outputs and in `--include-held`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::LateBrowserFired => "late-browser-fired",
            Self::LateBrowserUnseen => "late-browser-unseen",
            Self::LateAttemptUnknown => "late-attempt-unknown",
            Self::NoReceiptLog => "no-receipt-log",
            Self::ReceiptsBehind => "receipts-behind",
            Self::SeenUnderAnotherName => "seen-under-another-name",
            Self::SeenOnAnotherPixel => "seen-on-another-pixel",
            Self::OnlyTestReceipts => "only-test-receipts",
            Self::SourceAssumed => "source-assumed",
            Self::ConsentUnknown => "consent-unknown",
            Self::PixelDiffers => "pixel-differs",
            Self::ContentDiffers => "content-differs",
            Self::DoNotRepeat => "do-not-repeat",
        }
    }
}

/// Why a key can never be sent as it is (product 6.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unsendable {
    /// No pixel, or none that the config knows a token for.
    NoPixelOrToken,
    /// No absolute page URL.
    NoUrl,
    /// Its time lies ahead of now.
    Future,
    /// Older than `max_age`.
    TooOld,
    /// A valued event without a value or currency, or with a currency TikTok does not take.
    Money,
    /// No match key left.
    NoMatchKey,
    /// Limited data use without an IP address.
    LimitedWithoutIp,
    /// Its payload is no longer stored.
    PayloadGone,
    /// TikTok refused it alone, with this content.
    RefusedAlone,
    /// Larger than a request may be.
    TooLarge,
    /// Its payload, or the object that was frozen at its first attempt, is not as it was written.
    ObjectDamaged,
}

impl Unsendable {
    /// The reason's code in outputs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoPixelOrToken => "no-pixel-or-token",
            Self::NoUrl => "no-absolute-url",
            Self::Future => "in-the-future",
            Self::TooOld => "too-old",
            Self::Money => "value-or-currency",
            Self::NoMatchKey => "no-match-key",
            Self::LimitedWithoutIp => "limited-data-use-without-ip",
            Self::PayloadGone => "payload-gone",
            Self::RefusedAlone => "refused-by-tiktok",
            Self::TooLarge => "too-large",
            Self::ObjectDamaged => "stored-damaged",
        }
    }
}

/// A key that the backfill will send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The resolved pixel.
    pub pixel: PixelCode,
    /// The TikTok name.
    pub name: EventName,
    /// The id.
    pub id: EventId,
    /// The event's own time: what is sent as `event_time`.
    pub at: TimeMs,
    /// No byte may leave after this time.
    pub deadline: TimeMs,
    /// Its value, for the plan's sums.
    pub value: Option<Amount>,
    /// Its currency.
    pub currency: Option<Arc<str>>,
    /// The browser fired for this key.
    pub browser_fired: bool,
    /// The class it was released from by hand, if it was.
    pub released: Option<HeldClass>,
    /// The logged name and pixel, which find the stored row again.
    pub logged_name: EventName,
    /// The record's own pixel.
    pub logged_pixel: Option<PixelCode>,
}

/// A key that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The TikTok name.
    pub name: EventName,
    /// The id.
    pub id: EventId,
    /// The event's own time.
    pub at: TimeMs,
    /// Why.
    pub class: HeldClass,
    /// Its value.
    pub value: Option<Amount>,
    /// Its currency.
    pub currency: Option<Arc<str>>,
}

/// A key that is not sent and not held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The TikTok name, where there is one.
    pub name: Option<EventName>,
    /// The id.
    pub id: EventId,
    /// Why it cannot be sent; `None`: not due yet (its `not_before` or another worker's lease).
    pub why: Option<Unsendable>,
    /// When it becomes due, if it does.
    pub due_at: Option<TimeMs>,
}

/// What a backfill will do: every choice made, nothing executed.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// In the order of sending: by event rank, then earliest deadline, then key.
    pub send: Vec<Planned>,
    /// Held keys, by class, then key.
    pub held: Vec<Held>,
    /// Unsendable and not yet due keys.
    pub skipped: Vec<Skipped>,
    /// Keys that are excluded, delivered or waiting: counts only.
    pub excluded: u64,
    /// Keys with an accepted server copy.
    pub delivered: u64,
    /// Keys younger than the grace period.
    pub waiting: u64,
}
