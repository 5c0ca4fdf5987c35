//! Hash forensics: which recipe made a digest, where the value it was made of is known too.

use super::normalise::{self, sha256};
use crate::domain::{Digest, Flaw, Flaws, MatchKey};

/// One way in which senders go wrong, and what it makes of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// What it is called.
    pub flaw: Flaw,
    /// The digest it makes.
    pub digest: [u8; 32],
}

/// The digest that hashing a digest once more gives.
#[must_use]
pub fn double(right: &Digest) -> [u8; 32] {
    sha256(right.to_hex().as_bytes())
}

/// The wrong digests of a value that differ from the right one, but for the double one, which needs no
/// raw value. Of an e-mail address or an id in good order there is none.
#[must_use]
pub fn wrong(key: MatchKey, raw: &str, region: Option<&str>) -> Vec<Wrong> {
    let trimmed = raw.trim();
    let (right, texts) = match key {
        MatchKey::Email => {
            let lower = trimmed.to_lowercase();
            let mut texts = vec![
                (Flaw::HashUnlowered, trimmed.as_bytes().to_vec()),
                (Flaw::HashUntrimmed, raw.to_lowercase().into_bytes()),
                (Flaw::HashUntrimmed, raw.as_bytes().to_vec()),
            ];
            texts.extend(latin1(&lower).map(|bytes| (Flaw::HashLatin1, bytes)));
            (normalise::email(raw), texts)
        }
        MatchKey::Phone => {
            let mut texts = vec![
                (Flaw::HashUntrimmed, trimmed.as_bytes().to_vec()),
                (Flaw::HashUntrimmed, raw.as_bytes().to_vec()),
            ];
            if let Ok(number) = normalise::e164(raw, region) {
                let digits = number.trim_start_matches('+').as_bytes().to_vec();
                texts.insert(0, (Flaw::HashWithoutPlus, digits));
            }
            (normalise::phone(raw, region), texts)
        }
        MatchKey::ExternalId => {
            let texts = vec![
                (Flaw::HashLowered, trimmed.to_lowercase().into_bytes()),
                (Flaw::HashUntrimmed, raw.as_bytes().to_vec()),
            ];
            (normalise::external_id(raw), texts)
        }
        MatchKey::Ttclid | MatchKey::Ttp | MatchKey::Ip | MatchKey::UserAgent => return Vec::new(),
    };
    let Ok(right) = right else { return Vec::new() };
    let mut wrong: Vec<Wrong> = Vec::new();
    for (flaw, text) in texts {
        let digest = sha256(&text);
        let is_known = wrong.iter().any(|known| known.digest == digest);
        if digest != *right.as_bytes() && !is_known {
            wrong.push(Wrong { flaw, digest });
        }
    }
    wrong
}

/// What is wrong with digests that stand beside the values they were made of: nothing if each is the right
/// one of some value. `raws` are the values, `given` the digests.
#[must_use]
pub fn judge(key: MatchKey, raws: &[&str], given: &[Digest], region: Option<&str>) -> Flaws {
    let mut flaws = Flaws::NONE;
    let right = |raw: &&str| match key {
        MatchKey::Email => normalise::email(raw).ok(),
        MatchKey::Phone => normalise::phone(raw, region).ok(),
        MatchKey::ExternalId => normalise::external_id(raw).ok(),
        MatchKey::Ttclid | MatchKey::Ttp | MatchKey::Ip | MatchKey::UserAgent => None,
    };
    let rights: Vec<Digest> = raws.iter().filter_map(right).collect();
    if rights.is_empty() {
        return flaws;
    }
    for digest in given.iter().filter(|digest| !rights.contains(digest)) {
        let bytes = digest.as_bytes();
        let named = raws
            .iter()
            .flat_map(|raw| wrong(key, raw, region))
            .find(|wrong| wrong.digest == *bytes)
            .map(|wrong| wrong.flaw)
            .or_else(|| rights.iter().any(|right| double(right) == *bytes).then_some(Flaw::HashDouble))
            .or_else(|| is_joined(raws, bytes).then_some(Flaw::HashJoined));
        flaws.add(named.unwrap_or(Flaw::HashUnknown));
    }
    flaws
}

/// Whether the values, put together with a comma, give the digest.
fn is_joined(raws: &[&str], digest: &[u8; 32]) -> bool {
    raws.len() > 1
        && [",", ", ", ";"].iter().any(|comma| {
            let joined = raws.join(comma);
            sha256(joined.as_bytes()) == *digest || sha256(joined.to_lowercase().as_bytes()) == *digest
        })
}

/// A text as Latin-1 bytes, if that is something else than UTF-8.
fn latin1(text: &str) -> Option<Vec<u8>> {
    if text.is_ascii() {
        return None;
    }
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(key: MatchKey, raw: &str, sent: &[u8]) -> Vec<Flaw> {
        let flaws = judge(key, &[raw], &[Digest::from_bytes(sha256(sent))], Some("US"));
        Flaw::ALL.iter().copied().filter(|flaw| flaws.has(*flaw)).collect()
    }

    #[test]
    fn each_recipe_has_its_name() {
        let raw = " J\u{fc}rgen@Example.com";
        let email = |sent: &[u8]| named(MatchKey::Email, raw, sent);
        assert_eq!(email("j\u{fc}rgen@example.com".as_bytes()), []);
        assert_eq!(email("J\u{fc}rgen@Example.com".as_bytes()), [Flaw::HashUnlowered]);
        assert_eq!(email(" j\u{fc}rgen@example.com".as_bytes()), [Flaw::HashUntrimmed]);
        assert_eq!(email(raw.as_bytes()), [Flaw::HashUntrimmed]);
        assert_eq!(email(b"j\xfcrgen@example.com"), [Flaw::HashLatin1]);
        let right = normalise::email(raw).unwrap().to_hex();
        assert_eq!(email(right.as_bytes()), [Flaw::HashDouble]);
        assert_eq!(email(b"somebody@else.example"), [Flaw::HashUnknown]);
        let phone = |sent: &[u8]| named(MatchKey::Phone, "(213) 373-4253", sent);
        assert_eq!(phone(b"+12133734253"), []);
        assert_eq!(phone(b"12133734253"), [Flaw::HashWithoutPlus]);
        assert_eq!(phone(b"(213) 373-4253"), [Flaw::HashUntrimmed]);
        let id = |sent: &[u8]| named(MatchKey::ExternalId, "UserABC", sent);
        assert_eq!(id(b"UserABC"), []);
        assert_eq!(id(b"userabc"), [Flaw::HashLowered]);
    }

    #[test]
    fn a_list_that_was_hashed_as_one_text_is_known() {
        let raws = ["a@x.example", "b@x.example"];
        let joined = Digest::from_bytes(sha256(b"a@x.example,b@x.example"));
        assert!(judge(MatchKey::Email, &raws, &[joined], None).has(Flaw::HashJoined));
    }

    #[test]
    fn values_in_good_order_leave_nothing_to_remember() {
        assert_eq!(wrong(MatchKey::Email, "a@b.example", None), []);
        assert_eq!(wrong(MatchKey::ExternalId, "user_1", None), []);
        assert_eq!(wrong(MatchKey::Phone, "+12133734253", None).len(), 1);
        assert_eq!(wrong(MatchKey::Email, "not an address", None), []);
    }
}
