//! What a request really carried of one event, where a log holds its body.

use super::{Amount, Flaw, Flaws, KeyBits, KeySet, MatchKey};

/// A tag of a value, never 0: one of 65,535, so that it tells two values apart and not what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Tag(u16);

impl Tag {
    /// The tag of what has this hash.
    #[must_use]
    pub const fn of(hash: [u8; 2]) -> Self {
        let tag = u16::from_le_bytes(hash);
        Self(if tag == 0 { 1 } else { tag })
    }

    /// The number; 0: no value, or several.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The tag with this number.
    #[must_use]
    pub const fn from_number(number: u16) -> Self {
        Self(number)
    }

    /// Whether there is a value.
    #[must_use]
    pub const fn is_some(self) -> bool {
        self.0 != 0
    }

    /// Whether both are there and of different values.
    #[must_use]
    pub const fn differs(self, other: Self) -> bool {
        self.0 != 0 && other.0 != 0 && self.0 != other.0
    }
}

/// Tags of the match keys that can be held against a session's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct KeyTags {
    /// The click id, byte for byte.
    pub ttclid: Tag,
    /// Its beginning.
    pub ttclid_start: Tag,
    /// The click id in lower case.
    pub ttclid_lower: Tag,
    /// Length of the click id in bytes.
    pub ttclid_bytes: u16,
    /// The `_ttp`.
    pub ttp: Tag,
    /// The e-mail address's digest.
    pub email: Tag,
    /// The phone number's digest.
    pub phone: Tag,
    /// The external id's digest.
    pub external_id: Tag,
}

/// What the body of a request held of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SentBody {
    /// Its match keys: there at all, and such as TikTok can use.
    pub keys: KeyBits,
    /// Keys that stood there as readable text, where TikTok wants a digest.
    pub in_clear: KeySet,
    /// What is wrong with them.
    pub flaws: Flaws,
    /// Tags of their values.
    pub tags: KeyTags,
    /// Its value.
    pub value: Option<Amount>,
    /// The currency in upper case.
    pub currency: Tag,
    /// It said what was bought.
    pub has_contents: bool,
    /// Its page URL carried a click id.
    pub url_has_ttclid: bool,
}

/// What a sender would make of a value by a wrong recipe: the recipe, and a tag of the digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hint {
    recipe: u8,
    tag: Tag,
}

impl Hint {
    /// What this recipe makes.
    #[must_use]
    pub const fn new(recipe: Flaw, tag: Tag) -> Self {
        Self { recipe: recipe.number(), tag }
    }

    /// As one number.
    #[must_use]
    pub fn number(self) -> u32 {
        u32::from(self.recipe) << 16 | u32::from(self.tag.number())
    }

    /// The hint of a number; `None`: it is none.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        let [low, high, recipe, rest] = number.to_le_bytes();
        let tag = Tag(u16::from_le_bytes([low, high]));
        let is_hint = rest == 0 && tag.is_some() && Flaw::from_number(recipe).is_some();
        is_hint.then_some(Self { recipe, tag })
    }
}

/// What a session showed, as far as requests are held against it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SessionTags {
    /// Its match keys; none where it showed several values.
    pub keys: KeyTags,
    /// What hashing the digest of e-mail address, phone number and external id once more gives.
    pub doubles: [Tag; 3],
    /// The digest of the session's own id, which stands in for an external id.
    pub id: Tag,
    /// What wrong recipes make of its raw values.
    pub hints: Vec<Hint>,
}

/// How what was sent differs from what the session showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Mismatch {
    /// Keys that were sent with another value.
    pub keys: KeySet,
    /// What made the difference, as far as it is known.
    pub how: Flaws,
    /// The external id that was sent is the session's own id, and the session has another one.
    pub is_session_id: bool,
}

/// The body of a request, and how it differs from what the session showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Sent {
    /// What the request held.
    pub body: SentBody,
    /// How it differs.
    pub mismatch: Mismatch,
}

impl SessionTags {
    /// Holds what was sent against what the session showed.
    #[must_use]
    pub fn compare(&self, sent: &KeyTags) -> Mismatch {
        let mut found = Mismatch::default();
        if sent.ttclid.differs(self.keys.ttclid) {
            found.keys.add(MatchKey::Ttclid);
            if !sent.ttclid_lower.differs(self.keys.ttclid_lower) {
                found.how.add(Flaw::TtclidRespelled);
            } else if !sent.ttclid_start.differs(self.keys.ttclid_start)
                && sent.ttclid_bytes < self.keys.ttclid_bytes
            {
                found.how.add(Flaw::TtclidCut);
            }
        }
        if sent.ttp.differs(self.keys.ttp) {
            found.keys.add(MatchKey::Ttp);
        }
        let own = self.keys.external_id;
        let external_id = if own.is_some() { own } else { self.id };
        let [email, phone, double_id] = self.doubles;
        for (key, sent, right, double) in [
            (MatchKey::Email, sent.email, self.keys.email, email),
            (MatchKey::Phone, sent.phone, self.keys.phone, phone),
            (MatchKey::ExternalId, sent.external_id, external_id, double_id),
        ] {
            if sent.differs(right) {
                found.keys.add(key);
                if key == MatchKey::ExternalId && sent == self.id {
                    found.is_session_id = true;
                } else {
                    found.how.add(self.recipe(sent, double));
                }
            }
        }
        found
    }

    /// The recipe that made a digest.
    fn recipe(&self, sent: Tag, double: Tag) -> Flaw {
        let hint = self.hints.iter().find(|hint| hint.tag == sent);
        let named = hint.and_then(|hint| Flaw::from_number(hint.recipe));
        named.or((sent == double).then_some(Flaw::HashDouble)).unwrap_or(Flaw::HashUnknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(number: u16) -> Tag {
        Tag::from_number(number)
    }

    fn session() -> SessionTags {
        SessionTags {
            keys: KeyTags {
                email: tag(1),
                external_id: tag(2),
                ttclid: tag(3),
                ttclid_bytes: 60,
                ..KeyTags::default()
            },
            doubles: [tag(11), Tag::default(), Tag::default()],
            id: tag(20),
            hints: vec![Hint::new(Flaw::HashUnlowered, tag(12))],
        }
    }

    #[test]
    fn the_recipe_of_another_digest_is_named() {
        let how = |email| session().compare(&KeyTags { email: tag(email), ..KeyTags::default() });
        assert_eq!(how(1), Mismatch::default());
        for (email, flaw) in [(11, Flaw::HashDouble), (12, Flaw::HashUnlowered), (13, Flaw::HashUnknown)] {
            let found = how(email);
            assert!(found.keys.has(MatchKey::Email));
            assert_eq!(found.how, Flaws::of(&[flaw]));
        }
    }

    #[test]
    fn the_sessions_own_id_stands_in_only_where_there_is_no_other() {
        let sent = KeyTags { external_id: tag(20), ..KeyTags::default() };
        let found = session().compare(&sent);
        assert!(found.keys.has(MatchKey::ExternalId) && found.is_session_id);
        let mut without = session();
        without.keys.external_id = Tag::default();
        assert_eq!(without.compare(&sent), Mismatch::default());
    }

    #[test]
    fn what_was_not_sent_or_never_seen_is_no_mismatch() {
        assert_eq!(session().compare(&KeyTags::default()), Mismatch::default());
        let sent = KeyTags { phone: tag(5), ttp: tag(6), ..KeyTags::default() };
        assert_eq!(session().compare(&sent), Mismatch::default());
    }

    #[test]
    fn a_click_id_that_is_only_its_own_beginning_was_cut() {
        let sent = KeyTags { ttclid: tag(4), ttclid_bytes: 40, ttclid_lower: tag(8), ..KeyTags::default() };
        let mut whole = session();
        whole.keys.ttclid_lower = tag(9);
        assert_eq!(whole.compare(&sent).how, Flaws::of(&[Flaw::TtclidCut]));
        assert_eq!(whole.compare(&KeyTags { ttclid_bytes: 60, ..sent }).how, Flaws::NONE);
        assert_eq!(
            whole.compare(&KeyTags { ttclid_lower: tag(9), ..sent }).how,
            Flaws::of(&[Flaw::TtclidRespelled])
        );
    }

    #[test]
    fn hints_come_back_as_they_were() {
        let hint = Hint::new(Flaw::HashJoined, tag(65535));
        assert_eq!(Hint::from_number(hint.number()), Some(hint));
        assert_eq!([0, 0xff_0001, u32::MAX].map(Hint::from_number), [None; 3]);
    }
}
