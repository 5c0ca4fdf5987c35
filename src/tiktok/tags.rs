//! Tags of match keys: enough to see that two values differ, too little to tell what they are.

use crate::domain::{Digest, Hint, KeyTags, MatchKey, Tag};

use super::normalise::sha256;
use super::recipes;

/// Bytes of a click id that are its beginning.
const START_BYTES: usize = 32;
/// Wrong recipes of one value that are remembered: no key has more.
pub const HINTS: usize = 4;

/// The tag of a digest.
#[must_use]
pub const fn of_digest(digest: &[u8; 32]) -> Tag {
    Tag::of([digest[0], digest[1]])
}

/// The tag of a text.
#[must_use]
pub fn of_text(text: &str) -> Tag {
    of_digest(&sha256(text.as_bytes()))
}

/// The tag of a list of digests: of the only one; several prove nothing.
#[must_use]
pub fn of_digests(digests: &[Digest]) -> Tag {
    match digests {
        [one] => of_digest(one.as_bytes()),
        _ => Tag::default(),
    }
}

/// Adds the tags of a click id.
#[must_use]
pub fn with_ttclid(tags: KeyTags, ttclid: &str) -> KeyTags {
    let start =
        ttclid.char_indices().nth(START_BYTES).map_or(ttclid, |(end, _)| ttclid.get(..end).unwrap_or(ttclid));
    KeyTags {
        ttclid: of_text(ttclid),
        ttclid_start: of_text(start),
        ttclid_lower: of_text(&ttclid.to_ascii_lowercase()),
        ttclid_bytes: u16::try_from(ttclid.len()).unwrap_or(u16::MAX),
        ..tags
    }
}

/// What wrong recipes make of a raw value; of one in good order there is none.
#[must_use]
pub fn hints(key: MatchKey, raw: &str, region: Option<&str>) -> [Option<Hint>; HINTS] {
    let mut hints = [None; HINTS];
    if is_in_order(key, raw) {
        return hints;
    }
    for (place, wrong) in hints.iter_mut().zip(recipes::wrong(key, raw, region)) {
        *place = Some(Hint::new(wrong.flaw, of_digest(&wrong.digest)));
    }
    hints
}

/// Whether every recipe makes the same of a value: seen without hashing it.
fn is_in_order(key: MatchKey, raw: &str) -> bool {
    let is_plain = |c: u8| c.is_ascii_graphic() && !c.is_ascii_uppercase();
    match key {
        MatchKey::Email | MatchKey::ExternalId => raw.bytes().all(is_plain),
        MatchKey::Phone => false,
        MatchKey::Ttclid | MatchKey::Ttp | MatchKey::Ip | MatchKey::UserAgent => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Flaw;

    #[test]
    fn values_in_good_order_have_no_hints() {
        assert_eq!(hints(MatchKey::Email, "a@b.example", None), [None; HINTS]);
        assert_eq!(hints(MatchKey::ExternalId, "user-1", None), [None; HINTS]);
        assert_eq!(hints(MatchKey::Ttclid, "E.C.P.X", None), [None; HINTS]);
    }

    #[test]
    fn a_value_out_of_order_has_the_tags_of_what_senders_make_of_it() {
        let unlowered = Hint::new(Flaw::HashUnlowered, of_text("A@b.example"));
        assert_eq!(hints(MatchKey::Email, "A@b.example", None)[0], Some(unlowered));
        let without_plus = Hint::new(Flaw::HashWithoutPlus, of_text("12133734253"));
        assert_eq!(hints(MatchKey::Phone, "+12133734253", None)[0], Some(without_plus));
    }

    #[test]
    fn a_cut_click_id_begins_like_the_whole_one() {
        let whole = "E.C.P.0123456789abcdefghijklmnopqrstuvwxyz";
        let [one, cut] = [whole, &whole[..36]].map(|text| with_ttclid(KeyTags::default(), text));
        assert!(one.ttclid.differs(cut.ttclid) && !one.ttclid_start.differs(cut.ttclid_start));
        let short = with_ttclid(KeyTags::default(), "é");
        assert_eq!(short.ttclid_bytes, 2);
    }
}
