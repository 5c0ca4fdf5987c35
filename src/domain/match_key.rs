//! The values TikTok can match a person by.

use std::fmt;

/// A value TikTok can match a person by, in the order of strength that senders agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchKey {
    /// The click id that TikTok appends to the landing URL.
    Ttclid,
    /// The cookie `_ttp` that the Pixel sets.
    Ttp,
    /// E-mail address, hashed.
    Email,
    /// Phone number, hashed.
    Phone,
    /// The advertiser's own id of the visitor, hashed.
    ExternalId,
    /// The visitor's public IP address.
    Ip,
    /// The visitor's user agent.
    UserAgent,
}

impl MatchKey {
    /// All seven, in the order of the contracts.
    pub const ALL: [Self; 7] =
        [Self::Ttclid, Self::Ttp, Self::Email, Self::Phone, Self::ExternalId, Self::Ip, Self::UserAgent];

    /// The field's name in the Events API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ttclid => "ttclid",
            Self::Ttp => "ttp",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::ExternalId => "external_id",
            Self::Ip => "ip",
            Self::UserAgent => "user_agent",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Ttclid => 1,
            Self::Ttp => 1 << 1,
            Self::Email => 1 << 2,
            Self::Phone => 1 << 3,
            Self::ExternalId => 1 << 4,
            Self::Ip => 1 << 5,
            Self::UserAgent => 1 << 6,
        }
    }
}

impl fmt::Display for MatchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How much each match key counts towards the match-key strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyWeights([u32; 7]);

impl Default for KeyWeights {
    /// The order of strength that senders agree on (TikTok facts 8); the numbers are ours.
    fn default() -> Self {
        Self([30, 10, 20, 15, 15, 5, 5])
    }
}

impl KeyWeights {
    /// The weight of a key.
    #[must_use]
    pub fn of(&self, key: MatchKey) -> u32 {
        let all = MatchKey::ALL.into_iter().zip(self.0);
        all.filter(|(known, _)| *known == key).map(|(_, weight)| weight).sum()
    }

    /// Sets the weight of a key.
    pub fn set(&mut self, key: MatchKey, weight: u32) {
        let all = MatchKey::ALL.into_iter().zip(&mut self.0);
        all.filter(|(known, _)| *known == key).for_each(|(_, own)| *own = weight);
    }
}

/// A set of match keys, as a mask of seven bits in the order of [`MatchKey::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct KeySet(u8);

impl KeySet {
    /// The set with this mask; bits above the seventh are dropped.
    #[must_use]
    pub const fn from_mask(mask: u8) -> Self {
        Self(mask & 0x7f)
    }

    /// The mask.
    #[must_use]
    pub const fn mask(self) -> u8 {
        self.0
    }

    /// Whether the set holds a key.
    #[must_use]
    pub const fn has(self, key: MatchKey) -> bool {
        self.0 & key.bit() != 0
    }

    /// Adds a key.
    pub const fn add(&mut self, key: MatchKey) {
        self.0 |= key.bit();
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// Which match keys a record carries: `present` as any non-empty field, `valid` as one TikTok can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct KeyBits {
    /// The record's own field is there and not empty.
    pub present: KeySet,
    /// The value survives normalisation and is fit to be sent.
    pub valid: KeySet,
}

impl KeyBits {
    /// Both masks in one number: `present` in bits 0–6, `valid` in bits 7–13.
    #[must_use]
    pub fn to_mask(self) -> u16 {
        u16::from(self.present.0) | (u16::from(self.valid.0) << 7)
    }

    /// The masks of [`KeyBits::to_mask`].
    #[must_use]
    pub const fn from_mask(mask: u16) -> Self {
        let [low, high] = [mask & 0x7f, (mask >> 7) & 0x7f];
        Self { present: KeySet(low.to_le_bytes()[0]), valid: KeySet(high.to_le_bytes()[0]) }
    }
}

/// A SHA-256 digest of a normalised value.
///
/// It still identifies a person, so it has no `Debug` that shows it and no `Display`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 lower-case hex digits: the form that TikTok wants. Only payloads and tests call this.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_added() {
        let mut set = KeySet::default();
        set.add(MatchKey::Email);
        for key in MatchKey::ALL {
            assert_eq!(set.has(key), key == MatchKey::Email);
        }
    }

    #[test]
    fn key_bits_survive_their_mask() {
        for mask in 0..(1_u16 << 14) {
            assert_eq!(KeyBits::from_mask(mask).to_mask(), mask);
        }
    }

    #[test]
    fn a_digest_does_not_show_itself() {
        assert!(!format!("{:?}", Digest::from_bytes([7; 32])).contains('7'));
    }
}
