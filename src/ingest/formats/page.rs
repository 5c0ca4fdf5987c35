//! What a record's page and referrer say. Neighbouring lines share most of it, so it is remembered.

use std::borrow::Cow;

use crate::domain::{Facts, Flaw, Flaws, Policy};
use crate::ingest::last::Last;
use crate::tiktok::event_map::is_tiktok_source;
use crate::tiktok::{page, validity};

use super::Outline;

/// What was found out about earlier lines' pages.
#[derive(Default)]
pub(in crate::ingest) struct Pages {
    is_absolute: Last<bool>,
    is_tiktok_source: Last<bool>,
    referrer: Last<Referrer>,
}

#[derive(Clone, Copy, Default)]
struct Referrer {
    is_tiktok: bool,
    is_clean: bool,
}

/// Where a visitor was, as it is stored.
#[derive(Default)]
pub(super) struct Page<'a> {
    pub(super) url: Option<Cow<'a, str>>,
    pub(super) referrer: Option<Cow<'a, str>>,
    pub(super) ttclid: Option<Cow<'a, str>>,
    pub(super) flaws: Flaws,
}

impl Pages {
    /// Reads page and referrer, and sets the facts that follow from them.
    pub(super) fn read<'a>(
        &mut self,
        record: &Outline<'a, '_>,
        policy: &Policy,
        facts: &mut Facts,
    ) -> Page<'a> {
        let mut read = Page::default();
        if let Some(url) = record.url.text() {
            if self.is_absolute(url) {
                facts.set_url();
            } else if page::absolute_url(url, Some("https://origin.example")).is_some() {
                facts.set_path_only();
            }
            let query = Query::of(url);
            if query.ttclid.as_deref().is_some_and(validity::is_placeholder) {
                read.flaws.add(Flaw::UrlTtclidPlaceholder);
            }
            read.ttclid = query.ttclid.filter(|ttclid| validity::is_ttclid(ttclid));
            if read.ttclid.is_some() {
                facts.set_url_ttclid();
            }
            let is_tiktok = |source: &str| is_tiktok_source(source, &policy.source_aliases);
            if query.utm_source.is_some_and(|source| self.is_tiktok_source.of(&source, is_tiktok)) {
                facts.set_utm_tiktok();
            }
            read.url = Some(query.redacted);
        }
        if let Some(referrer) = record.referrer.text() {
            let known = self.referrer.of(referrer, |referrer| Referrer {
                is_tiktok: page::is_tiktok_page(referrer),
                is_clean: matches!(page::redact_url(referrer), Cow::Borrowed(_)),
            });
            if known.is_tiktok {
                facts.set_referrer_tiktok();
            }
            let clean = if known.is_clean { Cow::Borrowed(referrer) } else { page::redact_url(referrer) };
            read.referrer = Some(clean);
        }
        read
    }

    /// Only scheme and host decide it: no path or query makes a URL unreadable.
    fn is_absolute(&mut self, url: &str) -> bool {
        let origin = url.split_once("://").and_then(|(scheme, rest)| {
            // Without a host the parser looks for one in the path.
            rest.starts_with(|c: char| c.is_ascii_alphanumeric()).then_some(())?;
            let host = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
            url.get(..scheme.len() + "://".len() + host)
        });
        self.is_absolute.of(origin.unwrap_or(url), |origin| page::absolute_url(origin, None).is_some())
    }
}

/// Query parameters that are never personal: the usual ones.
const CLEAN_NAMES: &[&str] = &[
    "ttclid",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_content",
    "utm_term",
    "utm_id",
    "fbclid",
    "gclid",
];

/// What a URL's query says, and the URL without personal values.
#[derive(Debug, PartialEq, Eq)]
struct Query<'a> {
    ttclid: Option<Cow<'a, str>>,
    utm_source: Option<Cow<'a, str>>,
    redacted: Cow<'a, str>,
}

impl<'a> Query<'a> {
    fn of(url: &'a str) -> Self {
        Self::plain(url).unwrap_or_else(|| Self {
            ttclid: page::query_value(url, "ttclid"),
            utm_source: page::query_value(url, "utm_source"),
            redacted: page::redact_url(url),
        })
    }

    /// The same in one pass, for a URL without escapes and with the usual parameters only: most are so.
    fn plain(url: &'a str) -> Option<Self> {
        let bytes = url.as_bytes();
        if memchr::memchr3(b'@', b'%', b';', bytes).is_some() {
            return None;
        }
        let mut query = Self { ttclid: None, utm_source: None, redacted: Cow::Borrowed(url) };
        let Some(at) = memchr::memchr2(b'?', b'#', bytes) else { return Some(query) };
        let mut rest = url.get(at + 1..)?;
        if bytes.get(at) == Some(&b'#') {
            return None;
        }
        while !rest.is_empty() {
            let end = memchr::memchr3(b'&', b'#', b'?', rest.as_bytes()).unwrap_or(rest.len());
            let (pair, after) = rest.split_at_checked(end)?;
            rest = after.get(1..).unwrap_or_default();
            let Some((name, value)) = pair.split_once('=') else { continue };
            if !CLEAN_NAMES.contains(&name) {
                return None;
            }
            let known = match name {
                "ttclid" => &mut query.ttclid,
                "utm_source" => &mut query.utm_source,
                _ => continue,
            };
            known.get_or_insert(Cow::Borrowed(value));
        }
        Some(query)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slow(url: &str) -> Query<'_> {
        Query {
            ttclid: page::query_value(url, "ttclid"),
            utm_source: page::query_value(url, "utm_source"),
            redacted: page::redact_url(url),
        }
    }

    #[test]
    fn the_short_way_says_what_the_long_way_says() {
        for url in [
            "https://e.example/f?utm_source=tiktok&utm_campaign=5&ttclid=E.C.P.x&ttclid=two",
            "https://e.example/f?ttclid=&utm_source",
            "https://e.example/f",
        ] {
            assert!(Query::plain(url).is_some(), "{url}");
            assert_eq!(Query::plain(url).unwrap(), slow(url));
        }
        for name in CLEAN_NAMES {
            let url = format!("/f?{name}=x");
            assert!(matches!(page::redact_url(&url), Cow::Borrowed(_)), "{name}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_url_is(url in "(https://e[.]x)?/?(([?&#=/;@]|%40|ttclid|utm_source|utm_term|email|a){0,12})") {
            prop_assert_eq!(Query::of(&url), slow(&url));
        }
    }

    #[test]
    fn the_origin_alone_decides() {
        let mut pages = Pages::default();
        for url in [
            "https://quiz.example.com/f/46?x=1",
            "https://quiz.example.com",
            "https://quiz.example.com?x",
            "http://quiz.example.com:8080/%zz?%%#%",
            "HTTPS://QUIZ.example.com\\x",
            "https://quiz.example.com:99999/",
            "https:///x",
            "https://[::1]/x",
            "https://[::1/x",
            "https://a b/x",
            "https://1.2.3.4.5/x",
            "ftp://quiz.example.com/",
            "//quiz.example.com/x",
            "/f?next=https://quiz.example.com/",
            "javascript:x",
            "mailto:a@b.example",
            " https://quiz.example.com/ ",
            "",
        ] {
            assert_eq!(pages.is_absolute(url), page::absolute_url(url, None).is_some(), "{url}");
        }
    }
}
