//! Whether a match key that is present is one TikTok can use.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::limits::TTCLID_CHARS_MAX;

/// Words that stand for nothing, in lower case: what programs write where a value was missing.
pub const PLACEHOLDERS: &[&str] = &[
    "null",
    "(null)",
    "nil",
    "none",
    "undefined",
    "n/a",
    "na",
    "nan",
    "unknown",
    "not set",
    "(not set)",
    "[object object]",
    "{}",
    "[]",
    "\"\"",
];
/// The length of the longest of them.
const PLACEHOLDER_BYTES_MAX: usize = 15;

/// Programs that send HTTP, by the start of their user agent, in lower case.
///
/// Source: the agents that these libraries send by default, as seen on server-side events (TikTok
/// facts 7, 8.2 no. 19); checked 2026-11-22. A person's browser starts with `Mozilla/` or `Opera/`.
const LIBRARY_AGENTS: &[&str] = &[
    "aiohttp",
    "apache-httpclient",
    "axios",
    "bun",
    "curl",
    "dart",
    "deno",
    "faraday",
    "go-http-client",
    "got",
    "guzzlehttp",
    "httpclient",
    "httpie",
    "insomnia",
    "java",
    "ky",
    "lib-www",
    "libwww-perl",
    "node",
    "node-fetch",
    "node-superagent",
    "okhttp",
    "php",
    "postmanruntime",
    "python",
    "python-httpx",
    "python-requests",
    "python-urllib",
    "reqwest",
    "rest-client",
    "ruby",
    "rudderlabs",
    "superagent",
    "symfony",
    "undici",
    "wget",
];

/// The address, if it is one public IPv4 or IPv6 address.
///
/// An IPv4 address written as IPv6 (`::ffff:…`) counts as the IPv4 address that it is.
#[must_use]
pub fn public_ip(raw: &str) -> Option<IpAddr> {
    let ip = raw.trim().parse::<IpAddr>().ok()?.to_canonical();
    is_public(ip).then_some(ip)
}

/// Whether an address is one of the open Internet, and not private, reserved or for documentation.
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

/// Source: the IANA registry of special-purpose IPv4 addresses, checked 2026-11-22.
fn is_public_v4(ip: Ipv4Addr) -> bool {
    let reserved = match ip.octets() {
        [0 | 10 | 127 | 224.., ..]
        | [100, 64..=127, ..]
        | [169, 254, ..]
        | [172, 16..=31, ..]
        | [192, 168, ..]
        | [192, 0, 0 | 2, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => true,
        [_, _, _, _] => false,
    };
    !reserved
}

/// Source: the IANA registry of special-purpose IPv6 addresses, checked 2026-11-22: only `2000::/3`
/// is given out, less protocol assignments, documentation and 6to4.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let reserved = match ip.segments() {
        [0x2001, 0..=0x01ff | 0x0db8, ..] | [0x2002, ..] | [0x3fff, 0..=0x0fff, ..] => true,
        [first, ..] => first & 0xe000 != 0x2000,
    };
    !reserved
}

/// Whether a user agent is a program's, not a person's browser: `node`, `axios`, `curl`, …
#[must_use]
pub fn is_library_agent(raw: &str) -> bool {
    let raw = raw.trim().as_bytes();
    LIBRARY_AGENTS.iter().any(|agent| {
        raw.split_at_checked(agent.len()).is_some_and(|(start, rest)| {
            start.eq_ignore_ascii_case(agent.as_bytes())
                && rest.first().is_none_or(|next| !next.is_ascii_alphanumeric() && *next != b'-')
        })
    })
}

/// Whether a ttclid can be one: not blank, no placeholder, no white space, at most 1000 characters.
#[must_use]
pub fn is_ttclid(raw: &str) -> bool {
    // Without a branch per byte: every event has one or two, and nearly all are plain.
    let is_plain = raw.bytes().fold(true, |plain, c| plain & c.is_ascii_graphic());
    if is_plain && raw.len() <= TTCLID_CHARS_MAX {
        return !is_placeholder(raw);
    }
    !is_placeholder(raw)
        && raw.chars().all(|c| !c.is_whitespace() && !c.is_control())
        && raw.chars().count() <= TTCLID_CHARS_MAX
}

/// Whether a `_ttp` value can be one: not blank, no placeholder, 8 to 64 of `A–Z a–z 0–9 _ -`.
#[must_use]
pub fn is_ttp(raw: &str) -> bool {
    (8..=64).contains(&raw.len())
        && raw.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'-')
        && !is_placeholder(raw)
}

/// Whether a text stands for nothing: blank, `null`, `undefined`, `none`, `n/a`, `nan`, `0`, an all-zero UUID, …
///
/// Also a macro that nobody filled in: `__CLICKID__`, `{{app_user_id}}`, `${id}`.
#[must_use]
pub fn is_placeholder(raw: &str) -> bool {
    let text = raw.trim();
    text.bytes().all(|c| c == b'0' || c == b'-')
        || (text.len() <= PLACEHOLDER_BYTES_MAX
            && PLACEHOLDERS.iter().any(|word| text.eq_ignore_ascii_case(word)))
        || [("__", "__"), ("{{", "}}"), ("${", "}")]
            .iter()
            .any(|(open, close)| text.len() > 4 && text.starts_with(open) && text.ends_with(close))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_placeholder_is_longer() {
        assert_eq!(PLACEHOLDERS.iter().map(|word| word.len()).max(), Some(PLACEHOLDER_BYTES_MAX));
    }

    #[test]
    fn public_addresses_are_kept() {
        for ip in
            ["95.104.11.250", "8.8.8.8", " 1.1.1.1 ", "2a00:1450:4001:82a::200e", "192.0.1.1", "172.32.0.1"]
        {
            assert!(public_ip(ip).is_some(), "{ip}");
        }
        assert_eq!(public_ip("::ffff:8.8.8.8").unwrap().to_string(), "8.8.8.8");
    }

    #[test]
    fn private_reserved_and_listed_addresses_are_not() {
        for ip in [
            "",
            "0.0.0.0",
            "10.1.2.3",
            "127.0.0.1",
            "169.254.1.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "192.0.2.1",
            "198.51.100.7",
            "203.0.113.9",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001:db8::1",
            "2002:a00::1",
            "::ffff:10.0.0.1",
            "64:ff9b::808:808",
            "1.2.3",
            "1.2.3.4, 5.6.7.8",
            "1.2.3.4:80",
            "unknown",
            "01.2.3.4",
        ] {
            assert_eq!(public_ip(ip), None, "{ip}");
        }
    }

    #[test]
    fn programs_are_told_from_browsers() {
        for agent in [
            "node",
            "axios/1.6.2",
            "curl/8.5.0",
            "python-requests/2.31",
            "Python/3.11 aiohttp/3.9",
            "Go-http-client/2.0",
            "okhttp/4.12.0",
            "Java/17.0.1",
            "PostmanRuntime/7.36",
            "GuzzleHttp/7",
            "undici",
            "node-fetch/1.0",
        ] {
            assert!(is_library_agent(agent), "{agent}");
        }
        for agent in [
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X)",
            "Opera/9.80",
            "",
            "javascript browser",
            "nodeless",
            "Dalvik/2.1.0 (Linux; U; Android 13)",
        ] {
            assert!(!is_library_agent(agent), "{agent}");
        }
    }

    #[test]
    fn click_ids_are_judged_by_shape_only_where_shape_is_sure() {
        for ttclid in ["E.C.P.xV9KQ6-8Pn6tyL0", "12345", "myttclid", &"x".repeat(1000)] {
            assert!(is_ttclid(ttclid));
        }
        for ttclid in ["", " ", "null", "__CLICKID__", "a b", "a\u{0}b", &"x".repeat(1001), "undefined"] {
            assert!(!is_ttclid(ttclid), "{ttclid}");
        }
    }

    #[test]
    fn a_ttp_is_a_cookie_value() {
        assert!(is_ttp("2F7h37YkS1j57AYSKTI7IHhJPYH"));
        assert!(is_ttp("Hcz_ci8pxibXQB__k3QeQ0fXid"));
        for ttp in ["", "short", "undefined", "with space in it", "E.C.P.dots", "00000000", &"x".repeat(65)] {
            assert!(!is_ttp(ttp), "{ttp}");
        }
    }

    #[test]
    fn placeholders_stand_for_nothing() {
        for text in [
            "",
            "  ",
            "null",
            "NULL",
            "Undefined",
            "None",
            "n/a",
            "NaN",
            "0",
            "000",
            "[object Object]",
            "00000000-0000-0000-0000-000000000000",
            "{{app_user_id}}",
            "__CLICKID__",
            "${user.id}",
            "-",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in ["user_123", "10", "nullable", "a", "__", "7b6b-0000"] {
            assert!(!is_placeholder(text), "{text}");
        }
    }
}
