//! What an answer means.

use std::fmt;

use super::Code;

/// Who is at fault when TikTok refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// The event, or one beside it in the same request (40000, 40002, …).
    Event,
    /// The access token is wrong, expired or revoked.
    Credential,
    /// The token may not do this.
    Permission,
    /// Endpoint, version, application or method is wrong.
    Config,
    /// Too many requests: try later.
    Throttled,
}

/// What an answer means for the events of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// TikTok took the events: integer code 0 and HTTP 2xx (or none logged).
    Accepted,
    /// TikTok certainly did not take the request as it was. The code is the body's, or none.
    Refused(Refusal),
    /// No byte of the request left: the connection failed.
    NotSent,
    /// Nobody knows: the request may have been processed.
    Unknown,
    /// HTTP 2xx without a code: the sender logged only the status.
    Unverified,
}

/// What can be said of an attempt's effect on TikTok's count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// Counted, or merged with an earlier copy.
    Processed,
    /// Certainly not counted.
    Unprocessed,
    /// Either.
    Unclear,
}

impl Outcome {
    /// What the outcome says of TikTok's count, for a request known to hold `alone` one event or not.
    ///
    /// A refusal that blames an event proves nothing of its siblings (product 6.2).
    #[must_use]
    pub const fn certainty(self, alone: Alone) -> Certainty {
        match self {
            Self::Accepted => Certainty::Processed,
            Self::NotSent | Self::Refused(Refusal::Credential | Refusal::Permission | Refusal::Throttled) => {
                Certainty::Unprocessed
            }
            Self::Refused(Refusal::Event) => match alone {
                Alone::Yes => Certainty::Unprocessed,
                Alone::NotKnown => Certainty::Unclear,
            },
            Self::Refused(Refusal::Config) | Self::Unknown | Self::Unverified => Certainty::Unclear,
        }
    }
}

/// Whether a request is known to have held one event only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alone {
    /// It held one.
    Yes,
    /// It held more, or nobody knows.
    NotKnown,
}

/// `40002` or `http-401`: how a refusal is named.
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("none"),
            Self::Integer(code) => write!(f, "{code}"),
            Self::NotInteger => f.write_str("not an integer"),
            Self::Unreadable => f.write_str("unreadable"),
        }
    }
}
