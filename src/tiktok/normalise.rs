//! Normalise, then hash: the digests that TikTok matches people by.
//!
//! Raw values come in and digests go out; nothing here keeps, prints or returns a raw value.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};

use super::phone;
use super::validity::{PLACEHOLDERS, is_placeholder};
use crate::domain::Digest;

/// Why a value gives no digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Empty or white space.
    Blank,
    /// A word that stands for nothing: `null`, `undefined`, `none`, `n/a`, or the digest of one.
    Placeholder,
    /// No e-mail address: no `@` or several, nothing on one side of it, or white space inside.
    NotAnEmail,
    /// A digest of another kind: 32 or 40 hex digits.
    OtherDigest,
    /// A phone number that cannot be read.
    NotAPhone,
    /// A phone number without a country code, and no region in the config.
    NoCountryCode,
}

/// Texts up to this length are lowered on the stack: RFC 5321 allows an address 254 bytes.
const STACK_BYTES: usize = 256;

/// The digest of an e-mail address: trimmed, lower case, SHA-256; 64 hex digits pass as they are.
///
/// Nothing else is done to it, as TikTok says: dots and `+tags` stay (TikTok facts 7).
///
/// # Errors
/// [`Unfit`] when the value is no e-mail address.
pub fn email(raw: &str) -> Result<Digest, Unfit> {
    let text = trim(raw);
    if let Some(digest) = given(text)? {
        return Ok(digest);
    }
    if is_other_digest(text) {
        return Err(Unfit::OtherDigest);
    }
    let is_address = text
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    if !is_address || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(Unfit::NotAnEmail);
    }
    Ok(lowered(text))
}

/// The digest of a phone number: E.164 with `+`, SHA-256; 64 hex digits pass as they are.
///
/// `region` is the ISO country of numbers without a country code; without it they are never guessed.
///
/// # Errors
/// [`Unfit`] when the value is no phone number.
pub fn phone(raw: &str, region: Option<&str>) -> Result<Digest, Unfit> {
    let text = trim(raw);
    if let Some(digest) = given(text)? {
        return Ok(digest);
    }
    if is_other_digest(text) {
        return Err(Unfit::OtherDigest);
    }
    phone::e164(text, region).map(|number| digest(&number))
}

/// A phone number in E.164 with its `+`: what its digest is made of.
///
/// # Errors
/// [`Unfit`] when the value is no phone number.
pub(super) fn e164(raw: &str, region: Option<&str>) -> Result<String, Unfit> {
    phone::e164(trim(raw), region)
}

/// The digest of an external id: trimmed, case kept, SHA-256; 64 hex digits pass as they are.
///
/// 32 hex digits are no digest here: a UUID without hyphens looks so.
///
/// # Errors
/// [`Unfit`] when the value is blank or a placeholder.
pub fn external_id(raw: &str) -> Result<Digest, Unfit> {
    let text = trim(raw);
    Ok(given(text)?.unwrap_or_else(|| digest(text)))
}

/// The SHA-256 of bytes.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Without white space around it, nor the byte order mark that JavaScript trims as well.
fn trim(raw: &str) -> &str {
    let is_tight = |c: Option<&u8>| c.is_some_and(u8::is_ascii_graphic);
    if is_tight(raw.as_bytes().first()) && is_tight(raw.as_bytes().last()) {
        return raw;
    }
    raw.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

fn digest(text: &str) -> Digest {
    Digest::from_bytes(sha256(text.as_bytes()))
}

/// The digest that a value already is, if it is one, after what every value is refused for.
fn given(text: &str) -> Result<Option<Digest>, Unfit> {
    if text.is_empty() {
        return Err(Unfit::Blank);
    }
    if is_placeholder(text) {
        return Err(Unfit::Placeholder);
    }
    let mut bytes = [0; 32];
    if text.len() != 64 || hex::decode_to_slice(text, &mut bytes).is_err() {
        return Ok(None);
    }
    if DIGESTS_OF_NOTHING.contains(&bytes) {
        return Err(Unfit::Placeholder);
    }
    Ok(Some(Digest::from_bytes(bytes)))
}

/// Whether a value has the length of an MD5 or SHA-1 digest in hex.
fn is_other_digest(text: &str) -> bool {
    matches!(text.len(), 32 | 40) && text.bytes().all(|c| c.is_ascii_hexdigit())
}

/// The digest of a text in lower case, without going to the heap for plain addresses.
fn lowered(text: &str) -> Digest {
    let mut stack = [0; STACK_BYTES];
    match stack.get_mut(..text.len()) {
        Some(lower) if text.is_ascii() => {
            lower.copy_from_slice(text.as_bytes());
            lower.make_ascii_lowercase();
            Digest::from_bytes(sha256(lower))
        }
        Some(_) | None => digest(&text.to_lowercase()),
    }
}

/// The digests that senders make of nothing: of an empty text, of a phone number without digits, of
/// every placeholder in the usual cases, and of values whose digest was lost (all zeros).
static DIGESTS_OF_NOTHING: LazyLock<BTreeSet<[u8; 32]>> = LazyLock::new(|| {
    let words = PLACEHOLDERS.iter().flat_map(|word| {
        let mut capital = (*word).to_owned();
        if let Some(first) = capital.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        [(*word).to_owned(), word.to_ascii_uppercase(), capital]
    });
    ["", " ", "+", "0", "NaN", "[object Object]"]
        .map(str::to_owned)
        .into_iter()
        .chain(words)
        .map(|word| sha256(word.as_bytes()))
        .chain([[0; 32]])
        .collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    fn hex_of(digest: Result<Digest, Unfit>) -> String {
        digest.unwrap().to_hex()
    }

    #[test]
    fn the_official_examples() {
        assert_eq!(
            hex_of(email(" ALICE_abc@gmail.com ")),
            "848a771458438fc2ec420560d769fb9b9b86851ee338ec56517baabd79d3bb4f"
        );
        assert_eq!(
            hex_of(phone("(+1)2133734253", None)),
            "9f7ec22d72092cd3c0b58726ed9c2d91b92e51a3f29837508fb2948bb22dd2fd"
        );
        assert_eq!(
            hex_of(external_id("user_123")),
            "80fba0ae1c48e3978e43e4efc365e14e12ea0c830ba8ba5b9a2dafc7e3f2ab8b"
        );
    }

    #[test]
    fn an_address_is_trimmed_and_lowered_and_nothing_else() {
        let plain = email("first.last+tag@example.com");
        assert_eq!(plain, Ok(digest("first.last+tag@example.com")));
        for raw in [
            "First.Last+tag@EXAMPLE.com",
            "\tfirst.last+tag@example.com\n",
            "\u{feff}first.last+TAG@example.com",
        ] {
            assert_eq!(email(raw), plain, "{raw}");
        }
        assert_eq!(email("J\u{dc}RGEN@example.com"), Ok(digest("j\u{fc}rgen@example.com")));
        let long = format!("{}@example.com", "X".repeat(300));
        assert_eq!(email(&long), Ok(digest(&long.to_lowercase())));
    }

    #[test]
    fn an_external_id_keeps_its_case() {
        assert_eq!(external_id(" UserABC"), Ok(digest("UserABC")));
        assert_eq!(
            external_id("530e0e6118e9485ea8bff9ea304d9f96"),
            Ok(digest("530e0e6118e9485ea8bff9ea304d9f96"))
        );
    }

    #[test]
    fn a_digest_passes_in_either_case() {
        let hex = "67e28cdcc3e845d3a4da05ca9fe5ddb7320a83b4cc2167f0555a3b04f63511e3";
        for raw in [hex.to_owned(), hex.to_uppercase(), format!(" {hex} ")] {
            assert_eq!(hex_of(email(&raw)), hex);
            assert_eq!(hex_of(phone(&raw, Some("US"))), hex);
            assert_eq!(hex_of(external_id(&raw)), hex);
        }
    }

    #[test]
    fn what_stands_for_nothing_gives_no_digest() {
        for raw in ["", " ", "\u{a0}"] {
            assert_eq!(email(raw), Err(Unfit::Blank));
            assert_eq!(phone(raw, None), Err(Unfit::Blank));
            assert_eq!(external_id(raw), Err(Unfit::Blank));
        }
        for raw in [
            "null",
            "undefined",
            "None",
            "N/A",
            "NaN",
            "[object Object]",
            "00000000-0000-0000-0000-000000000000",
        ] {
            assert_eq!(email(raw), Err(Unfit::Placeholder), "{raw}");
            assert_eq!(phone(raw, Some("US")), Err(Unfit::Placeholder), "{raw}");
            assert_eq!(external_id(raw), Err(Unfit::Placeholder), "{raw}");
        }
    }

    #[test]
    fn digests_of_nothing_are_known() {
        for hex in [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b",
            "EB045D78D273107348B0300C01D29B7552D622ABBC6FAF81B3EC55359AA9950C",
            "140bedbf9c3f6d56a9846d2ba7088798683f4da0c248231336e6a05679e4fdfe",
            "e2f79e5b60330bba4c289962231b6ba2957d0b14e7deb3110417003c79dea635",
            "a318c24216defe206feeb73ef5be00033fa9c4a74d0b967f6532a26ca5906d3b",
            "0000000000000000000000000000000000000000000000000000000000000000",
        ] {
            assert_eq!(email(hex), Err(Unfit::Placeholder), "{hex}");
            assert_eq!(phone(hex, None), Err(Unfit::Placeholder), "{hex}");
            assert_eq!(external_id(hex), Err(Unfit::Placeholder), "{hex}");
        }
    }

    #[test]
    fn junk_is_no_address_and_no_number() {
        for raw in [
            "not-an-email",
            "@example.com",
            "jane@",
            "a@b.example, c@d.example",
            "jane doe@example.com",
            "a@b@c",
        ] {
            assert_eq!(email(raw), Err(Unfit::NotAnEmail), "{raw}");
        }
        for raw in ["098f6bcd4621d373cade4e832627b4f6", "A94A8FE5CCB19BA61C4C0873D391E987982FBBD3"] {
            assert_eq!(email(raw), Err(Unfit::OtherDigest), "{raw}");
            assert_eq!(phone(raw, None), Err(Unfit::OtherDigest), "{raw}");
        }
        assert_eq!(phone("abc", None), Err(Unfit::NotAPhone));
        assert_eq!(phone("1231231234", None), Err(Unfit::NoCountryCode));
    }
}
