//! What all records of a session together say of it, whatever their order.

use super::{Digest, Hint, KeySet, MatchKey, SessionId, Term, TimeMs};

/// A value seen in a session: the earliest one, and whether there were others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen<T> {
    /// The value with the smallest (time, value).
    pub value: T,
    /// When it was first seen.
    pub at: TimeMs,
    /// Another value was seen as well, so this one proves nothing.
    pub several: bool,
}

impl<T: Ord> Seen<T> {
    /// A value seen once.
    pub const fn once(value: T, at: TimeMs) -> Self {
        Self { value, at, several: false }
    }

    /// Joins two sightings: the same result in any order and any grouping.
    pub fn join(&mut self, other: Self) {
        self.several |= other.several || self.value != other.value;
        if (other.at, &other.value) < (self.at, &self.value) {
            self.value = other.value;
            self.at = other.at;
        }
    }
}

/// What a batch says of one session. Joining is order-free, so logs may arrive in any order.
#[derive(Clone, Debug)]
pub struct SessionFacts {
    /// The session.
    pub id: SessionId,
    /// The time of its first record and that record's page: where the visitor landed.
    pub landing: Option<Seen<Option<Term>>>,
    /// The click id, from a record's own field or from a page's URL.
    pub ttclid: Option<Seen<Box<str>>>,
    /// The `_ttp` cookie.
    pub ttp: Option<Seen<Box<str>>>,
    /// E-mail digest.
    pub email: Option<Seen<Digest>>,
    /// Phone digest.
    pub phone: Option<Seen<Digest>>,
    /// Digest of the records' own external id.
    pub external_id: Option<Seen<Digest>>,
    /// Earliest `email_captured`.
    pub captured_at: Option<TimeMs>,
    /// Earliest `checkout_presented`.
    pub paywall_at: Option<TimeMs>,
    /// Newest denied consent.
    pub denied_at: Option<TimeMs>,
    /// Newest granted consent.
    pub granted_at: Option<TimeMs>,
    /// The smallest tag of its public IP addresses; 0: it showed none.
    pub ip_tag: u16,
    /// What wrong recipes make of its raw values: sorted, each once, the smallest [`SessionFacts::HINTS_MAX`].
    pub hints: Vec<Hint>,
}

impl SessionFacts {
    /// A session of which nothing is known.
    #[must_use]
    pub const fn new(id: SessionId) -> Self {
        Self {
            id,
            landing: None,
            ttclid: None,
            ttp: None,
            email: None,
            phone: None,
            external_id: None,
            captured_at: None,
            paywall_at: None,
            denied_at: None,
            granted_at: None,
            ip_tag: 0,
            hints: Vec::new(),
        }
    }

    /// Hints of a session that are kept: two of an address, one of a number, and some for a second value.
    pub const HINTS_MAX: usize = 8;

    /// Adds hints to a list of them: the same result in any order.
    pub fn join_hints(known: &mut Vec<Hint>, more: impl IntoIterator<Item = Hint>) {
        for hint in more {
            if let Err(place) = known.binary_search(&hint) {
                known.insert(place, hint);
                known.truncate(Self::HINTS_MAX);
            }
        }
    }
}

/// What the audit and the plan need to know of a session: times, not values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionState {
    /// Its first record.
    pub first_at: Option<TimeMs>,
    /// First sight of a click id, in a field or a URL.
    pub ttclid_at: Option<TimeMs>,
    /// First sight of a `_ttp`.
    pub ttp_at: Option<TimeMs>,
    /// First sight of an e-mail address.
    pub email_at: Option<TimeMs>,
    /// First sight of a phone number.
    pub phone_at: Option<TimeMs>,
    /// First sight of an external id.
    pub external_id_at: Option<TimeMs>,
    /// Earliest `email_captured`.
    pub captured_at: Option<TimeMs>,
    /// Earliest `checkout_presented`.
    pub paywall_at: Option<TimeMs>,
    /// Newest denied consent.
    pub denied_at: Option<TimeMs>,
    /// Newest granted consent.
    pub granted_at: Option<TimeMs>,
    /// Match keys of which the session showed several values: they prove nothing.
    pub several: KeySet,
    /// At least so many sessions came from its IP address; 0 where nobody counted.
    pub ip_people: u32,
    /// Their share of all sessions, in millionths.
    pub ip_people_ppm: u32,
}

impl SessionState {
    /// When the session first showed one certain value of a match key.
    #[must_use]
    pub const fn first_seen(&self, key: MatchKey) -> Option<TimeMs> {
        if self.several.has(key) {
            return None;
        }
        match key {
            MatchKey::Ttclid => self.ttclid_at,
            MatchKey::Ttp => self.ttp_at,
            MatchKey::Email => self.email_at,
            MatchKey::Phone => self.phone_at,
            MatchKey::ExternalId => self.external_id_at,
            MatchKey::Ip | MatchKey::UserAgent => None,
        }
    }

    /// Whether the newest word on consent is a denial.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.denied_at.is_some_and(|denied| self.granted_at.is_none_or(|granted| denied >= granted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joining_is_order_free() {
        let seen = [
            Seen::once("b", TimeMs::from_ms(2)),
            Seen::once("a", TimeMs::from_ms(2)),
            Seen::once("c", TimeMs::from_ms(3)),
        ];
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]] {
            let mut joined = seen[order[0]].clone();
            for at in &order[1..] {
                joined.join(seen[*at].clone());
            }
            assert_eq!(joined, Seen { value: "a", at: TimeMs::from_ms(2), several: true });
        }
        let mut same = Seen::once("a", TimeMs::from_ms(5));
        same.join(Seen::once("a", TimeMs::from_ms(1)));
        assert_eq!(same, Seen::once("a", TimeMs::from_ms(1)));
    }
}
