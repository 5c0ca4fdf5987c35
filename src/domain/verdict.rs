//! What is known of a key's server leg.

use super::{Code, EventName};

/// Why a key is not TikTok's business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exclusion {
    /// The campaign's or the record's source is another platform. The literal value is the event's.
    OtherSource,
    /// The name stands for no TikTok event; the nearest name that does.
    Unmapped(Option<EventName>),
    /// The visitor denied consent.
    ConsentDenied,
    /// The record is marked as a test.
    MarkedTest,
    /// The campaign has no server leg.
    NoServerLeg,
}

impl Exclusion {
    /// The reason's code in outputs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OtherSource => "other-source",
            Self::Unmapped(_) => "unmapped",
            Self::ConsentDenied => "consent-denied",
            Self::MarkedTest => "marked-test",
            Self::NoServerLeg => "no-server-leg",
        }
    }
}

/// What is known of a key's server leg: exactly one per key, tested in this order (product 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not TikTok's; carries the reason.
    Excluded(Exclusion),
    /// A server receipt says accepted.
    Delivered,
    /// No acceptance, and younger than the grace period.
    Waiting,
    /// An attempt whose outcome nobody knows.
    Unknown {
        /// The answer carried HTTP 2xx and no code: the log records only the status.
        unverified: bool,
        /// The last answer's code.
        code: Code,
    },
    /// Every answer is a definite error; the last one's code, and its HTTP status where it had none.
    Refused {
        /// The last answer's code.
        code: Code,
        /// The last answer's HTTP status.
        http_status: Option<u16>,
    },
    /// No server receipt.
    NeverSent {
        /// There are receipts, all with a test event code.
        only_test: bool,
    },
}

impl Verdict {
    /// The word that outputs use.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Excluded(_) => "excluded",
            Self::Delivered => "delivered",
            Self::Waiting => "waiting",
            Self::Unknown { .. } => "unknown",
            Self::Refused { .. } => "refused",
            Self::NeverSent { .. } => "never_sent",
        }
    }

    /// Whether the key lacks an accepted server copy that it should have.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        match self {
            Self::Unknown { .. } | Self::Refused { .. } | Self::NeverSent { .. } => true,
            Self::Excluded(_) | Self::Delivered | Self::Waiting => false,
        }
    }

    /// Whether the key counts as expected: logged, not excluded, not waiting.
    #[must_use]
    pub const fn is_expected(&self) -> bool {
        match self {
            Self::Delivered => true,
            Self::Excluded(_) | Self::Waiting => false,
            Self::Unknown { .. } | Self::Refused { .. } | Self::NeverSent { .. } => self.is_missing(),
        }
    }
}

/// What the browser leg says of a missing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MissingLeg {
    /// The browser fired: TikTok may hold the event.
    BrowserFired,
    /// There is a browser log, and it does not hold the event.
    Neither,
    /// There is no browser log.
    BrowserUnknown,
}
