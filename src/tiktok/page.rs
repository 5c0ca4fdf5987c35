//! Page URLs: the click id in them, the personal data in them, and where they point.

use std::borrow::Cow;

use super::validity::is_ttclid;

/// What a personal value is replaced by.
const REDACTED: &str = "redacted";

/// Names of query parameters whose values are personal or secret, folded: lower case, letters and
/// digits only.
const PERSONAL_NAMES: &[&str] = &[
    "address",
    "apikey",
    "auth",
    "authorization",
    "birthdate",
    "birthday",
    "cell",
    "dob",
    "emailaddress",
    "familyname",
    "fname",
    "givenname",
    "iban",
    "lname",
    "mail",
    "mobile",
    "msisdn",
    "name",
    "pass",
    "passwd",
    "postcode",
    "pwd",
    "secret",
    "signature",
    "ssn",
    "street",
    "tel",
    "telephone",
    "username",
    "zip",
    "zipcode",
];

/// What a folded name may contain to be personal, whatever stands around it: `billing_email`.
const PERSONAL_PARTS: &[&str] =
    &["email", "phone", "password", "token", "firstname", "lastname", "fullname", "surname"];

/// The click id in a URL's query (or in the query of its fragment), decoded.
///
/// The first `ttclid` counts, as in a browser. `None` also for one that cannot be a click id.
#[must_use]
pub fn url_ttclid(url: &str) -> Option<Cow<'_, str>> {
    query_value(url, "ttclid").filter(|value| is_ttclid(value))
}

/// The decoded value of a URL's first query parameter of this name.
///
/// `+` stays as it is: click ids are kept byte for byte, and none of the values we ask for has spaces.
#[must_use]
pub fn query_value<'u>(url: &'u str, name: &str) -> Option<Cow<'u, str>> {
    let (_, query) = url.split_once('?')?;
    query.split(['&', '#', '?']).find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key == name).then(|| decoded(value))
    })
}

/// The URL with personal values replaced by `redacted`: in its query, its fragment, a user before its
/// host, and path segments that are e-mail addresses.
///
/// Everything else stays byte for byte; a URL without anything personal is given back as it is.
#[must_use]
pub fn redact_url(url: &str) -> Cow<'_, str> {
    let (place, query) = split_at_any(url, &['?', '#']);
    let mut personal = Vec::new();
    find_in_place(place, &mut personal);
    let mut at = place.len();
    for pair in query.split_inclusive(['?', '#', '&', ';']) {
        let text = pair.trim_end_matches(['?', '#', '&', ';']);
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        if is_personal_value(name) {
            personal.push(at..at + name.len());
        }
        if !value.is_empty() && (is_personal_name(name) || is_personal_value(value)) {
            let start = at + name.len() + 1;
            personal.push(start..start + value.len());
        }
        at += pair.len();
    }
    if personal.is_empty() { Cow::Borrowed(url) } else { Cow::Owned(without(url, &personal)) }
}

/// Host and path of a URL, without scheme, user, query and fragment; of a path, the path.
///
/// For dictionaries of pages. Give it a redacted URL: a path may hold an e-mail address.
#[must_use]
pub fn host_and_path(url: &str) -> &str {
    let (place, _) = split_at_any(url.trim(), &['?', '#']);
    let Some(after_scheme) = after_scheme(place) else { return place };
    let (authority, _) = split_at_any(after_scheme, &['/']);
    let user = authority.rfind('@').map_or(0, |at| at + 1);
    let place = after_scheme.get(user..).unwrap_or(after_scheme);
    match place.strip_suffix('/') {
        Some(host) if !host.contains('/') => host,
        Some(_) | None => place,
    }
}

/// The host of an absolute URL, without user and port.
#[must_use]
pub fn host(url: &str) -> Option<&str> {
    after_scheme(url.trim())?;
    let (authority, _) = split_at_any(host_and_path(url), &['/']);
    let host = authority.split_once(':').map_or(authority, |(host, _)| host);
    (!host.is_empty()).then_some(host)
}

/// Whether an absolute URL is one of TikTok's own pages.
#[must_use]
pub fn is_tiktok_page(url: &str) -> bool {
    host(url).is_some_and(|host| {
        let host = host.to_ascii_lowercase();
        host == "tiktok.com" || host.ends_with(".tiktok.com")
    })
}

/// The absolute http or https URL of a page: as it is, or a path joined to its campaign's origin.
#[must_use]
pub fn absolute_url<'u>(url: &'u str, origin: Option<&str>) -> Option<Cow<'u, str>> {
    let url = url.trim();
    if is_absolute(url) {
        return Some(Cow::Borrowed(url));
    }
    if url.is_empty() || after_scheme(url).is_some() {
        return None;
    }
    let joined = if url.starts_with("//") {
        format!("https:{url}")
    } else {
        let slash = if url.starts_with('/') { "" } else { "/" };
        format!("{}{slash}{url}", origin?.trim_end_matches('/'))
    };
    is_absolute(&joined).then_some(Cow::Owned(joined))
}

/// Whether a URL is absolute, http or https, and has a host.
#[must_use]
pub fn is_absolute(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn split_at_any<'u>(url: &'u str, marks: &[char]) -> (&'u str, &'u str) {
    url.split_at_checked(url.find(marks).unwrap_or(url.len())).unwrap_or((url, ""))
}

fn after_scheme(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    scheme.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'-' | b'.')).then_some(rest)
}

/// Finds a user before the host, and path segments that are e-mail addresses. `/@creator` is none.
fn find_in_place(place: &str, personal: &mut Vec<std::ops::Range<usize>>) {
    if !is_personal_value(place) {
        return;
    }
    let mut at = place.len() - after_scheme(place).unwrap_or(place).len();
    let mut is_authority = at > 0;
    for segment in place.get(at..).unwrap_or_default().split_inclusive('/') {
        let text = segment.trim_end_matches('/');
        let address = ["@", "%40"].iter().find_map(|mark| text.rsplit_once(mark));
        match address {
            Some((user, _)) if is_authority => personal.push(at..at + user.len()),
            Some((user, host)) if !user.is_empty() && host.contains('.') => {
                personal.push(at..at + text.len());
            }
            Some(_) | None => {}
        }
        is_authority = false;
        at += segment.len();
    }
}

/// Whether a value holds an e-mail address, plain or percent-encoded once or twice.
fn is_personal_value(value: &str) -> bool {
    value.contains('@') || (value.contains('%') && (value.contains("%40") || value.contains("%2540")))
}

fn is_personal_name(name: &str) -> bool {
    // Nearly every parameter of an ad's landing page: the search below is for the others.
    if name == "ttclid" || name.starts_with("utm_") {
        return false;
    }
    let decoded = decoded(name);
    if decoded.bytes().any(|c| c.is_ascii_uppercase() || !c.is_ascii_alphanumeric()) {
        let folded: String =
            decoded.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        return is_personal_folded(&folded);
    }
    is_personal_folded(&decoded)
}

fn is_personal_folded(name: &str) -> bool {
    PERSONAL_NAMES.binary_search(&name).is_ok() || PERSONAL_PARTS.iter().any(|part| name.contains(part))
}

fn without(url: &str, personal: &[std::ops::Range<usize>]) -> String {
    let mut text = String::with_capacity(url.len());
    let mut kept = 0;
    for range in personal {
        text.push_str(url.get(kept..range.start).unwrap_or_default());
        text.push_str(REDACTED);
        kept = range.end;
    }
    text.push_str(url.get(kept..).unwrap_or_default());
    text
}

/// A text with its percent escapes resolved; one that is then no UTF-8 stays as it is.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let mut byte = [0];
        let escape = after.split_at_checked(2).filter(|_| *first == b'%');
        rest = match escape {
            Some((digits, after)) if hex::decode_to_slice(digits, &mut byte).is_ok() => {
                bytes.extend_from_slice(&byte);
                after
            }
            Some(_) | None => {
                bytes.push(*first);
                after
            }
        };
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn redacting_is_total_and_done_once(url in "(https?://)?[a-z@./]{0,12}([?#&;=%@/a-z0-9.]|%40|email=){0,24}") {
            let once = redact_url(&url).into_owned();
            prop_assert_eq!(redact_url(&once), once.as_str());
            let query = once.split_once('?').map_or("", |(_, query)| query);
            prop_assert!(!query.contains('@') && !query.contains("%40"), "{}", once);
            let _ = (host_and_path(&url), host(&url), url_ttclid(&url), absolute_url(&url, Some("https://e.example")));
        }
    }

    #[test]
    fn a_url_without_personal_values_is_given_back() {
        for url in [
            "https://quiz.example.com/f/46/paywall?ttclid=E.C.P.x-_9&utm_source=tiktok&utm_campaign=5",
            "https://www.tiktok.com/@creator/video/73?lang=en",
            "/f/46/page-2",
            "/f/46?page_name=intro&utm_email=none&utm_name=x&product_name=y&campaign_name=z",
            "https://example.com/?email=&q=100%",
            "https://example.com/#section",
            "",
            "?",
        ] {
            assert!(matches!(redact_url(url), Cow::Borrowed(same) if same == url), "{url}");
        }
    }

    #[test]
    fn personal_values_are_replaced() {
        for (url, redacted) in [
            ("https://e.example/?email=a%40b.example&x=1", "https://e.example/?email=redacted&x=1"),
            ("/f?x=1&E-Mail=a&ttclid=E.C.P.1", "/f?x=1&E-Mail=redacted&ttclid=E.C.P.1"),
            ("/f?user[first_name]=Jo&lastName=Do", "/f?user[first_name]=redacted&lastName=redacted"),
            ("/f?first_name=Jo&billing_email=j", "/f?first_name=redacted&billing_email=redacted"),
            ("/f?phone=%2B1&tel=2&access_token=s", "/f?phone=redacted&tel=redacted&access_token=redacted"),
            ("/f?utm_content=jo@e.example#x", "/f?utm_content=redacted#x"),
            ("/f?next=%2Fp%3Fm%3Dj%2540e.example", "/f?next=redacted"),
            ("/f?jo@e.example&x=1", "/f?redacted&x=1"),
            ("/f#/step?email=j&x=1", "/f#/step?email=redacted&x=1"),
            ("/f?e%6dail=j", "/f?e%6dail=redacted"),
            ("https://jo:pw@e.example/p?x=1", "https://redacted@e.example/p?x=1"),
            ("https://e.example/u/jo%40e.example/p", "https://e.example/u/redacted/p"),
            ("/unsubscribe/jo@e.example", "/unsubscribe/redacted"),
        ] {
            assert_eq!(redact_url(url), redacted, "{url}");
        }
    }

    #[test]
    fn the_click_id_is_found_in_the_query() {
        for (url, ttclid) in [
            ("https://e.example/?a=b&ttclid=123ATXSfe", Some("123ATXSfe")),
            ("https://e.example?ttclid=E.C.P.a-_b%2E#top", Some("E.C.P.a-_b.")),
            ("/f?ttclid=one&ttclid=two", Some("one")),
            ("https://e.example/#/step?ttclid=E.C.P.x", Some("E.C.P.x")),
            ("https://e.example/?x=1#/step?ttclid=E.C.P.x", Some("E.C.P.x")),
            ("/f?ttclid=", None),
            ("/f?ttclid=__CLICKID__", None),
            ("/f?xttclid=1", None),
            ("/ttclid=1", None),
        ] {
            assert_eq!(url_ttclid(url).as_deref(), ttclid, "{url}");
        }
        assert_eq!(query_value("/f?utm_source=TikTok%20Ads", "utm_source").as_deref(), Some("TikTok Ads"));
    }

    #[test]
    fn a_page_is_its_host_and_path() {
        for (url, page) in [
            ("https://quiz.example.com/f/46?x=1#y", "quiz.example.com/f/46"),
            ("https://quiz.example.com/?x=1", "quiz.example.com"),
            ("https://quiz.example.com", "quiz.example.com"),
            ("https://u:p@quiz.example.com:8443/a/", "quiz.example.com:8443/a/"),
            ("/f/46?x=1", "/f/46"),
            ("/f?to=https://e.example/", "/f"),
            ("", ""),
        ] {
            assert_eq!(host_and_path(url), page, "{url}");
        }
        assert_eq!(host("https://u:p@quiz.example.com:8443/a/"), Some("quiz.example.com"));
        assert_eq!(host("/f/46"), None);
        assert!(is_tiktok_page("https://www.TikTok.com/@x") && is_tiktok_page("https://tiktok.com"));
        assert!(
            !is_tiktok_page("https://faketiktok.com/") && !is_tiktok_page("https://e.example/tiktok.com")
        );
    }

    #[test]
    fn a_path_is_joined_to_the_origin() {
        let origin = Some("https://quiz.example.com/");
        for (url, whole) in [
            ("https://e.example/a?b#c", Some("https://e.example/a?b#c")),
            ("/f/46/page-2?x=1", Some("https://quiz.example.com/f/46/page-2?x=1")),
            ("f/46", Some("https://quiz.example.com/f/46")),
            ("?x=1", Some("https://quiz.example.com/?x=1")),
            ("//cdn.example/a", Some("https://cdn.example/a")),
            ("/f?to=https://e.example/", Some("https://quiz.example.com/f?to=https://e.example/")),
            ("android-app://com.zhiliaoapp.musically", None),
            ("file:///etc/passwd", None),
            ("https://", None),
            ("", None),
        ] {
            assert_eq!(absolute_url(url, origin).as_deref(), whole, "{url}");
        }
        assert_eq!(absolute_url("/f/46", None), None);
    }

    #[test]
    fn the_lists_can_be_searched() {
        assert!(PERSONAL_NAMES.is_sorted());
    }
}
