//! What exactly is wrong with a match key: asked at the door, while its raw value is known.
//!
//! Each function returns no flaw for a value that TikTok can use and that was made as TikTok says.

use std::net::IpAddr;

use super::limits::TTCLID_CHARS_MAX;
use super::normalise::Unfit;
use super::validity::{is_placeholder, is_public, is_ttclid, is_ttp};
use crate::domain::{Digest, Flaw, Flaws, MatchKey};

/// Lengths at which columns and cookies cut values off (TikTok facts 8.2 no. 12).
const LIMITS: [usize; 9] = [64, 100, 128, 255, 256, 500, 512, 1000, 1024];

/// How a ttclid begins (TikTok facts 9).
const TTCLID_START: &str = "E.C.P.";

/// Shortest run of hex digits that is taken for a digest that was cut.
const HEX_MIN: usize = 24;

/// Parts of the user agents of crawlers, monitors and previews, in lower case.
///
/// Source: the agents that these services document, checked 2026-11-22. `bot` stands at the end of a word.
const BOT_WORDS: &[&str] = &[
    "bot",
    "crawler",
    "spider",
    "headlesschrome",
    "phantomjs",
    "lighthouse",
    "facebookexternalhit",
    "google-inspectiontool",
    "pingdom",
    "uptimerobot",
    "statuscake",
    "slurp",
    "ahrefs",
    "bytespider",
];

/// A record's ttclid; `url` is the one in the record's own page URL.
#[must_use]
pub fn ttclid(raw: &str, url: Option<&str>) -> Flaws {
    let mut flaws = Flaws::NONE;
    if is_placeholder(raw) {
        flaws.add(Flaw::TtclidPlaceholder);
        return flaws;
    }
    if !is_ttclid(raw) {
        flaws.add(Flaw::TtclidShape);
    }
    let is_lowered = raw
        .get(..TTCLID_START.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(TTCLID_START) && start != TTCLID_START);
    match url {
        Some(url) if url == raw => {}
        Some(url) if url.eq_ignore_ascii_case(raw) => flaws.add(Flaw::TtclidRespelled),
        Some(url) if url.starts_with(raw) => flaws.add(Flaw::TtclidCut),
        Some(_) => flaws.add(Flaw::TtclidOlder),
        None => {}
    }
    if is_lowered {
        flaws.add(Flaw::TtclidRespelled);
    }
    if LIMITS.contains(&raw.len()) && raw.len() <= TTCLID_CHARS_MAX {
        flaws.add(Flaw::TtclidAtLimit);
    }
    flaws
}

/// A record's ttp; `ttclid` is the same record's.
#[must_use]
pub fn ttp(raw: &str, ttclid: Option<&str>) -> Flaws {
    let mut flaws = Flaws::NONE;
    if is_placeholder(raw) {
        flaws.add(Flaw::TtpPlaceholder);
    } else if ttclid == Some(raw) {
        flaws.add(Flaw::TtpIsTtclid);
    } else if !is_ttp(raw) {
        flaws.add(Flaw::TtpShape);
    } else if is_made_up(raw) {
        flaws.add(Flaw::TtpGenerated);
    }
    flaws
}

/// A UUID, or digits only: `_ttp` has letters in both cases and no hyphens at the places of a UUID's.
fn is_made_up(raw: &str) -> bool {
    let bytes = raw.as_bytes();
    let is_uuid = bytes.len() == 36
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    is_uuid || bytes.iter().all(u8::is_ascii_digit)
}

/// A value that is hashed: an e-mail address, a phone number or an external id, with what came of it.
#[must_use]
pub fn hashed(key: MatchKey, raw: &str, made: Result<Digest, Unfit>) -> Flaws {
    // Most are plain addresses and ids in good order.
    if made.is_ok() && (raw.len() < 43 || (key != MatchKey::ExternalId && raw.contains('@'))) {
        return Flaws::NONE;
    }
    let mut flaws = Flaws::NONE;
    if let Some(flaw) = digest_flaw(key, raw.trim(), made) {
        flaws.add(flaw);
        match key {
            MatchKey::Email => flaws.add(Flaw::DigestInEmail),
            MatchKey::Phone => flaws.add(Flaw::DigestInPhone),
            MatchKey::ExternalId => flaws.add(Flaw::DigestInExternalId),
            MatchKey::Ttclid | MatchKey::Ttp | MatchKey::Ip | MatchKey::UserAgent => {}
        }
        return flaws;
    }
    let Err(unfit) = made else { return flaws };
    match (key, unfit) {
        (_, Unfit::Blank) => {}
        (MatchKey::Email, Unfit::Placeholder) => flaws.add(Flaw::EmailPlaceholder),
        (MatchKey::Phone, Unfit::Placeholder) => flaws.add(Flaw::PhonePlaceholder),
        (_, Unfit::Placeholder) => flaws.add(Flaw::ExternalIdPlaceholder),
        (_, Unfit::NoCountryCode) => flaws.add(Flaw::PhoneNoCountry),
        (MatchKey::Email, _) if is_joined(raw) => flaws.add(Flaw::EmailJoined),
        (MatchKey::Phone, _) => flaws.add(Flaw::PhoneUnreadable),
        (_, Unfit::NotAnEmail | Unfit::OtherDigest | Unfit::NotAPhone) => flaws.add(Flaw::EmailUnreadable),
    }
    flaws
}

/// What is wrong with a digest, if the value is one.
fn digest_flaw(key: MatchKey, text: &str, made: Result<Digest, Unfit>) -> Option<Flaw> {
    let is_hex = text.bytes().all(|c| c.is_ascii_hexdigit());
    match (is_hex, text.len()) {
        (true, 64) if made == Err(Unfit::Placeholder) => Some(Flaw::DigestOfNothing),
        (true, 64) => text.bytes().any(|c| c.is_ascii_uppercase()).then_some(Flaw::DigestUpper),
        // A number of many digits, or an id without hyphens, is the advertiser's own.
        (true, _) if key == MatchKey::ExternalId => None,
        (true, 32) => Some(Flaw::DigestMd5),
        (true, 40) => Some(Flaw::DigestSha1),
        (true, HEX_MIN..) => Some(Flaw::DigestLength),
        (false, 44) => is_base64(text).then_some(Flaw::DigestBase64),
        (true | false, _) => None,
    }
}

/// 32 bytes in base64, either alphabet, padded.
fn is_base64(text: &str) -> bool {
    let is_digit = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'-' | b'_');
    text.strip_suffix('=').is_some_and(|digits| digits.bytes().all(is_digit))
}

fn is_joined(raw: &str) -> bool {
    raw.contains([',', ';']) && raw.matches('@').count() > 1
}

/// A record's IP address that is not a public one.
#[must_use]
pub fn ip(raw: &str) -> Flaws {
    let raw = raw.trim();
    let flaw = match raw.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(ip) if is_public(ip) => return Flaws::NONE,
        Ok(ip) if is_internal(ip) => Flaw::IpPrivate,
        Ok(_) => Flaw::IpReserved,
        Err(_) if raw.contains(',') => Flaw::IpList,
        Err(_) => Flaw::IpUnreadable,
    };
    Flaws::of(&[flaw])
}

/// An address of the sender's own network or machine: a proxy's or a server's.
fn is_internal(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let is_shared = matches!(ip.octets(), [100, 64..=127, ..]);
            ip.is_private() || ip.is_loopback() || ip.is_link_local() || is_shared
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

/// Whether a user agent names itself a crawler, a monitor or a preview.
#[must_use]
pub fn is_bot(agent: &str) -> bool {
    let lower = agent.to_ascii_lowercase();
    BOT_WORDS.iter().any(|word| {
        lower.match_indices(word).any(|(at, _)| {
            let after = lower.as_bytes().get(at + word.len());
            let before = lower.get(..at).unwrap_or_default();
            // Cubot makes phones.
            *word != "bot" || (!before.ends_with("cu") && after.is_none_or(|c| !c.is_ascii_alphabetic()))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tiktok::normalise;

    fn all(flaws: Flaws) -> Vec<Flaw> {
        Flaw::ALL.iter().copied().filter(|flaw| flaws.has(*flaw)).collect()
    }

    #[test]
    fn a_ttclid_is_held_against_the_one_in_the_url() {
        let url = Some("E.C.P.abcDEF123");
        let cases: &[(&str, &[Flaw])] = &[
            ("E.C.P.abcDEF123", &[]),
            ("E.C.P.abcDEF", &[Flaw::TtclidCut]),
            ("e.c.p.abcdef123", &[Flaw::TtclidRespelled]),
            ("E.C.P.other", &[Flaw::TtclidOlder]),
            ("__CLICKID__", &[Flaw::TtclidPlaceholder]),
            ("a b", &[Flaw::TtclidShape, Flaw::TtclidOlder]),
        ];
        for (raw, want) in cases {
            assert_eq!(all(ttclid(raw, url)), *want, "{raw}");
        }
        assert_eq!(all(ttclid("e.c.p.x", None)), [Flaw::TtclidRespelled]);
        assert_eq!(all(ttclid(&"x".repeat(255), None)), [Flaw::TtclidAtLimit]);
        assert_eq!(all(ttclid("myttclid", None)), []);
    }

    #[test]
    fn a_ttp_is_a_cookie_that_the_pixel_set() {
        assert_eq!(all(ttp("2F7h37YkS1j57AYSKTI7IHhJPYH", Some("E.C.P.x"))), []);
        assert_eq!(all(ttp("E.C.P.x", Some("E.C.P.x"))), [Flaw::TtpIsTtclid]);
        assert_eq!(all(ttp("530e0e61-18e9-485e-a8bf-f9ea304d9f96", None)), [Flaw::TtpGenerated]);
        assert_eq!(all(ttp("1795176000000", None)), [Flaw::TtpGenerated]);
        assert_eq!(all(ttp("undefined", None)), [Flaw::TtpPlaceholder]);
        assert_eq!(all(ttp("x y z w q", None)), [Flaw::TtpShape]);
    }

    fn email(raw: &str) -> Vec<Flaw> {
        all(hashed(MatchKey::Email, raw, normalise::email(raw)))
    }

    #[test]
    fn digests_are_told_by_length_case_and_content() {
        let good = "67e28cdcc3e845d3a4da05ca9fe5ddb7320a83b4cc2167f0555a3b04f63511e3";
        assert_eq!(email(good), []);
        assert_eq!(email(&good.to_uppercase()), [Flaw::DigestUpper, Flaw::DigestInEmail]);
        assert_eq!(email(&good[..63]), [Flaw::DigestLength, Flaw::DigestInEmail]);
        assert_eq!(email("098f6bcd4621d373cade4e832627b4f6"), [Flaw::DigestMd5, Flaw::DigestInEmail]);
        assert_eq!(
            email("a94a8fe5ccb19ba61c4c0873d391e987982fbbd3"),
            [Flaw::DigestSha1, Flaw::DigestInEmail]
        );
        assert_eq!(
            email("Z+KM3MPoRdOk2gXKn+XdtzIKg7TMIWfwVVo7BPY1EeM="),
            [Flaw::DigestBase64, Flaw::DigestInEmail]
        );
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(email(empty), [Flaw::DigestOfNothing, Flaw::DigestInEmail]);
        let id = "530e0e6118e9485ea8bff9ea304d9f96";
        assert_eq!(all(hashed(MatchKey::ExternalId, id, normalise::external_id(id))), []);
        let id = format!("user-{}", "x".repeat(60));
        assert_eq!(all(hashed(MatchKey::ExternalId, &id, normalise::external_id(&id))), []);
    }

    #[test]
    fn raw_values_that_cannot_be_used_say_why() {
        assert_eq!(email(" A@b.example "), []);
        assert_eq!(email("null"), [Flaw::EmailPlaceholder]);
        assert_eq!(email("a@b.example, c@d.example"), [Flaw::EmailJoined]);
        assert_eq!(email("not an address"), [Flaw::EmailUnreadable]);
        let phone = |raw| all(hashed(MatchKey::Phone, raw, normalise::phone(raw, None)));
        assert_eq!(phone("2133734253"), [Flaw::PhoneNoCountry]);
        assert_eq!(phone("abc"), [Flaw::PhoneUnreadable]);
        assert_eq!(phone("undefined"), [Flaw::PhonePlaceholder]);
        assert_eq!(phone("+12133734253"), []);
    }

    #[test]
    fn addresses_say_whose_they_are() {
        let cases = [
            ("10.0.0.1", Some(Flaw::IpPrivate)),
            ("127.0.0.1", Some(Flaw::IpPrivate)),
            ("100.64.1.1", Some(Flaw::IpPrivate)),
            ("fd12::1", Some(Flaw::IpPrivate)),
            ("::ffff:10.0.0.1", Some(Flaw::IpPrivate)),
            ("203.0.113.9", Some(Flaw::IpReserved)),
            ("2001:db8::1", Some(Flaw::IpReserved)),
            ("24.48.0.1, 10.0.0.1", Some(Flaw::IpList)),
            ("24.48.0.1:80", Some(Flaw::IpUnreadable)),
            (" 24.48.0.1 ", None),
        ];
        for (raw, want) in cases {
            assert_eq!(all(ip(raw)), Vec::from_iter(want), "{raw}");
        }
    }

    #[test]
    fn bots_name_themselves() {
        for agent in [
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (compatible; Bytespider)",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/120.0",
        ] {
            assert!(is_bot(agent), "{agent}");
        }
        for agent in ["Mozilla/5.0 (Linux; Android 10; CUBOT X30)", "Mozilla/5.0 (iPhone) Bottomless", "x"] {
            assert!(!is_bot(agent), "{agent}");
        }
    }
}
