//! Ids and names, each a type of its own with one parsing constructor.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The longest id or name that a record may carry, in bytes: longer ones are nonsense, and an
/// unbounded key would be an unbounded row (reliability 3.1, I-19).
pub const ID_BYTES_MAX: usize = 256;

/// Why a text is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Empty, or white space only.
    #[error("is blank")]
    Blank,
    /// Longer than 256 bytes.
    #[error("is longer than 256 bytes")]
    TooLong,
}

fn check(text: &str) -> Result<(), IdError> {
    // Most begin with a letter or digit: then there is nothing to look for.
    if !text.starts_with(|c: char| c.is_ascii_graphic()) && text.trim().is_empty() {
        Err(IdError::Blank)
    } else if text.len() > ID_BYTES_MAX {
        Err(IdError::TooLong)
    } else {
        Ok(())
    }
}

/// The `event_id` that both legs share: compared byte for byte, never re-spelled.
///
/// A canonical lower-case 36-character UUID is kept as its 16 bytes; every other id as its text.
/// The order is `SQLite`'s (text before blob, each by its bytes), so that cursors of the store and
/// of the ledger can be merged.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum EventId {
    /// Any id that is not a canonical UUID, as logged.
    Text(Box<str>),
    /// A canonical lower-case UUID.
    Uuid([u8; 16]),
}

impl EventId {
    /// Takes an id as logged.
    ///
    /// # Errors
    /// [`IdError`] when it is blank or longer than 256 bytes.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        if let Some(bytes) = uuid_bytes(text) {
            return Ok(Self::Uuid(bytes));
        }
        check(text)?;
        Ok(Self::Text(text.into()))
    }
}

impl Ord for EventId {
    /// As two numbers where both are UUIDs: a pass over the ledger does little else.
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Uuid(one), Self::Uuid(other)) => {
                u128::from_be_bytes(*one).cmp(&u128::from_be_bytes(*other))
            }
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            (Self::Text(_), Self::Uuid(_)) => Ordering::Less,
            (Self::Uuid(_), Self::Text(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for EventId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Uuid(bytes) => {
                for (at, byte) in bytes.iter().enumerate() {
                    if matches!(at, 4 | 6 | 8 | 10) {
                        f.write_str("-")?;
                    }
                    write!(f, "{byte:02x}")?;
                }
                Ok(())
            }
        }
    }
}

/// Escaped, because ids come from logs.
impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

/// The 16 bytes of a canonical lower-case 36-character UUID; nothing else counts as one.
fn uuid_bytes(text: &str) -> Option<[u8; 16]> {
    let text: &[u8; 36] = text.as_bytes().try_into().ok()?;
    if [text[8], text[13], text[18], text[23]] != [b'-'; 4] {
        return None;
    }
    // Whole arrays and no early end: a million ids are read so, several digits at a time.
    let mut digits = [0_u8; 32];
    digits[..8].copy_from_slice(&text[..8]);
    digits[8..12].copy_from_slice(&text[9..13]);
    digits[12..16].copy_from_slice(&text[14..18]);
    digits[16..20].copy_from_slice(&text[19..23]);
    digits[20..].copy_from_slice(&text[24..]);
    let mut others = 0;
    for digit in &mut digits {
        let (decimal, letter) = (digit.wrapping_sub(b'0'), digit.wrapping_sub(b'a'));
        *digit = if decimal < 10 {
            decimal
        } else if letter < 6 {
            letter + 10
        } else {
            0xff
        };
        others |= *digit & 0x80;
    }
    if others != 0 {
        return None;
    }
    let mut bytes = [0_u8; 16];
    for (byte, [high, low]) in bytes.iter_mut().zip(digits.as_chunks().0) {
        *byte = high << 4 | low;
    }
    Some(bytes)
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Eq, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        /// Texts of the store are shared: most equal ones are one and the same.
        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
            }
        }

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.0.hash(state);
            }
        }

        impl $name {
            /// Takes the text as it stands.
            ///
            /// # Errors
            /// [`IdError`] when it is blank or longer than 256 bytes.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                check(text)?;
                Ok(Self(text.into()))
            }

            /// Takes text that the store checked when it was written; shares it.
            #[must_use]
            pub fn from_store(text: &Arc<str>) -> Self {
                Self(Arc::clone(text))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        /// Escaped, because names come from logs.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    };
}

name! {
    /// An event's name: a logged one, or the TikTok one that is part of the key. Case matters.
    EventName
}
name! {
    /// TikTok's Pixel Code (`event_source_id` for web), such as `C4A1B2C3D4E5F6G7H8I9`.
    PixelCode
}
name! {
    /// The id of a Zellify campaign, which decides source and pixel.
    CampaignId
}
name! {
    /// The id of a funnel.
    FunnelId
}
name! {
    /// The id of a visitor's funnel session (Zellify's `app_user_id`).
    SessionId
}

/// A fingerprint of an order id: enough to see one order under two keys, not to find the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderKey(i64);

impl OrderKey {
    /// The fingerprint with this value.
    #[must_use]
    pub const fn new(value: i64) -> Self {
        Self(value)
    }

    /// The value.
    #[must_use]
    pub const fn value(self) -> i64 {
        self.0
    }
}

/// The number of one invocation that wrote to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(i64);

impl RunId {
    /// The run with this number.
    #[must_use]
    pub const fn new(value: i64) -> Self {
        Self(value)
    }

    /// The number.
    #[must_use]
    pub const fn value(self) -> i64 {
        self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_canonical_uuid_becomes_bytes() {
        let canonical = "530e0e61-18e9-485e-a8bf-f9ea304d9f96";
        assert!(matches!(EventId::parse(canonical), Ok(EventId::Uuid(_))));
        for other in [
            "530E0E61-18E9-485E-A8BF-F9EA304D9F96",
            "530e0e6118e9485ea8bff9ea304d9f96",
            "{530e0e61-18e9-485e-a8bf-f9ea304d9f96}",
            "530e0e61-18e9-485e-a8bf-f9ea304d9f9g",
            " 530e0e61-18e9-485e-a8bf-f9ea304d9f9",
        ] {
            assert!(matches!(EventId::parse(other), Ok(EventId::Text(_))), "{other}");
        }
    }

    #[test]
    fn an_id_is_never_respelled() {
        for text in
            ["530e0e61-18e9-485e-a8bf-f9ea304d9f96", "ORD_1", " x", "x ", "\u{e9}", "e\u{301}", "a\u{0}b"]
        {
            assert_eq!(EventId::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn blank_and_endless_ids_are_refused() {
        assert_eq!(EventId::parse(" \t"), Err(IdError::Blank));
        assert_eq!(EventId::parse(&"x".repeat(257)), Err(IdError::TooLong));
        assert!(EventId::parse(&"x".repeat(256)).is_ok());
    }

    #[test]
    fn the_order_is_that_of_sqlite() {
        let text = EventId::parse("zzz").unwrap();
        let uuid = EventId::parse("00000000-0000-0000-0000-000000000000").unwrap();
        assert!(text < uuid, "text sorts before blob");
        let ids = ["00000000-0000-0000-0000-0000000000ff", "00000000-0000-0000-0000-000000000100"];
        let [low, high] = ids.map(|id| EventId::parse(id).unwrap());
        assert!(low < high && low > EventId::parse("~").unwrap(), "blobs sort by their bytes");
        assert!(EventId::parse("a").unwrap() < EventId::parse("ab").unwrap());
    }
}
