//! Where events may be posted to.

use url::{Host, Url};

use crate::tiktok::limits::{HOST, TRACK_PATH};

/// TikTok's host over https, or loopback over http or https. Nothing else can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    track: String,
    is_loopback: bool,
    is_https: bool,
}

/// Why a URL is no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It cannot be read.
    #[error("is not a URL")]
    NotAUrl,
    /// It is neither TikTok's host nor loopback.
    #[error("host is neither business-api.tiktok.com nor a loopback address")]
    Host,
    /// It is not https.
    #[error("must be https, except on a loopback address")]
    Scheme,
    /// It holds more than scheme, host and port.
    #[error("must not hold a user name, password, path, query or fragment")]
    Extra,
}

impl Endpoint {
    /// TikTok's own.
    #[must_use]
    pub fn tiktok() -> Self {
        Self { track: format!("https://{HOST}{TRACK_PATH}"), is_loopback: false, is_https: true }
    }

    /// Takes a base URL such as `http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// [`EndpointError`] for anything but TikTok's host over https, or loopback.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let url = Url::parse(text.trim()).map_err(|_| EndpointError::NotAUrl)?;
        let is_https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(EndpointError::Scheme),
        };
        let host = url.host().ok_or(EndpointError::NotAUrl)?;
        let is_loopback = is_loopback(&host);
        // Another port of TikTok's host is not TikTok's service.
        let is_tiktok = host == Host::Domain(HOST) && url.port().is_none_or(|port| port == 443);
        if !is_loopback && host == Host::Domain(HOST) && !is_https {
            return Err(EndpointError::Scheme);
        }
        if !is_loopback && !is_tiktok {
            return Err(EndpointError::Host);
        }
        let is_bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
            && matches!(url.path(), "" | "/");
        if !is_bare {
            return Err(EndpointError::Extra);
        }
        let track = url.join(TRACK_PATH).map_err(|_| EndpointError::NotAUrl)?;
        Ok(Self { track: track.into(), is_loopback, is_https })
    }

    /// Whether it is a loopback address: the sandbox.
    #[must_use]
    pub const fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// Whether it is reached over TLS.
    #[must_use]
    pub(super) const fn is_https(&self) -> bool {
        self.is_https
    }

    /// The URL of a question at the same host.
    #[must_use]
    pub(super) fn url(&self, path: &str, query: &[(&str, &str)]) -> Option<Url> {
        let mut url = Url::parse(&self.track).ok()?;
        url.set_path(path);
        url.query_pairs_mut().extend_pairs(query);
        Some(url)
    }

    /// The URL that events are posted to.
    #[must_use]
    pub(super) fn track_url(&self) -> &str {
        &self.track
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        // `Client` pins this name to the loopback addresses, whatever a resolver says.
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiktok_and_loopback_are_endpoints() {
        assert_eq!(Endpoint::parse("https://business-api.tiktok.com"), Ok(Endpoint::tiktok()));
        assert_eq!(Endpoint::parse("https://business-api.tiktok.com:443/"), Ok(Endpoint::tiktok()));
        assert!(!Endpoint::tiktok().is_loopback());
        for (text, track) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/open_api/v1.3/event/track/"),
            ("https://127.8.9.1/", "https://127.8.9.1/open_api/v1.3/event/track/"),
            ("http://[::1]:9", "http://[::1]:9/open_api/v1.3/event/track/"),
            ("https://LOCALHOST:8443", "https://localhost:8443/open_api/v1.3/event/track/"),
        ] {
            let endpoint = Endpoint::parse(text).unwrap();
            assert_eq!(endpoint.track_url(), track);
            assert!(endpoint.is_loopback());
            assert_eq!(endpoint.is_https(), text.starts_with("https"));
        }
    }

    #[test]
    fn a_question_stays_at_the_host_whatever_it_holds() {
        let url = Endpoint::tiktok().url("/a/", &[("code", "x&y=//evil.example/#?")]).unwrap();
        assert_eq!(
            url.as_str(),
            "https://business-api.tiktok.com/a/?code=x%26y%3D%2F%2Fevil.example%2F%23%3F"
        );
    }

    #[test]
    fn everything_else_is_refused() {
        for (text, why) in [
            ("", EndpointError::NotAUrl),
            ("business-api.tiktok.com", EndpointError::NotAUrl),
            ("http://business-api.tiktok.com", EndpointError::Scheme),
            ("ftp://127.0.0.1", EndpointError::Scheme),
            ("file:///etc/passwd", EndpointError::Scheme),
            ("https://business-api.tiktok.com:8443", EndpointError::Host),
            ("https://business-api.tiktok.com.", EndpointError::Host),
            ("https://business-api.tiktok.com.evil.example", EndpointError::Host),
            ("https://evil.example/business-api.tiktok.com", EndpointError::Host),
            ("https://127.0.0.1.evil.example", EndpointError::Host),
            ("http://localhost.evil.example", EndpointError::Host),
            ("http://10.0.0.1", EndpointError::Host),
            ("http://0.0.0.0", EndpointError::Host),
            ("http://[::ffff:127.0.0.1]", EndpointError::Host),
            ("https://127.0.0.1@evil.example", EndpointError::Host),
            ("https://me:pw@business-api.tiktok.com", EndpointError::Extra),
            ("http://me@127.0.0.1", EndpointError::Extra),
            ("http://127.0.0.1/?to=x", EndpointError::Extra),
            ("http://127.0.0.1/#x", EndpointError::Extra),
            ("http://127.0.0.1/other/", EndpointError::Extra),
        ] {
            assert_eq!(Endpoint::parse(text), Err(why), "{text}");
        }
    }
}
