//! POST track, and questions by GET.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Body;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::redirect::Policy;

use crate::domain::Duration;
use crate::tiktok::limits::ANSWER_BYTES_MAX;

use super::gate::{Gate, Gated};
use super::{Endpoint, Reply, Token, failure, headers};

const ACCESS_TOKEN: HeaderName = HeaderName::from_static("access-token");

/// A client for one endpoint.
#[derive(Clone, Debug)]
pub struct Client {
    inner: reqwest::Client,
    endpoint: Endpoint,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[error("cannot make an HTTP client: {what}")]
pub struct ClientError {
    /// Why.
    pub what: String,
}

/// The head of an answer: the request has left, its body is not read yet.
#[derive(Debug)]
pub struct Head(reqwest::Response);

impl Client {
    /// A client with its time-outs.
    ///
    /// # Errors
    /// [`ClientError`] when TLS cannot be set up.
    pub fn new(endpoint: Endpoint, connect: Duration, total: Duration) -> Result<Self, ClientError> {
        // A second client finds the provider in place: nothing to do then.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let localhost = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        let inner = reqwest::Client::builder()
            // Redirects and proxies would carry token and personal data elsewhere (reliability 0).
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .https_only(endpoint.is_https())
            .tls_version_min(reqwest::tls::Version::TLS_1_2)
            // A hidden second try would be an attempt that the ledger does not know.
            .retry(reqwest::retry::never())
            .http1_only()
            .resolve_to_addrs("localhost", &localhost.map(|address| SocketAddr::new(address, 0)))
            .user_agent(concat!("makegood/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(std_duration(connect))
            .timeout(std_duration(total))
            .build()
            .map_err(|error| ClientError { what: error.without_url().to_string() })?;
        Ok(Self { inner, endpoint })
    }

    /// Where it posts to.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Posts a body of [`crate::tiktok::payload::body`].
    pub async fn track(&self, token: &Token, body: Vec<u8>) -> Reply {
        match self.post(token, body, Gate::open()).await {
            Ok(head) => head.read().await,
            Err(reply) => reply,
        }
    }

    /// Asks a question at a path of the same host: reads, and sends nothing that counts.
    pub async fn get(&self, token: &Token, path: &str, query: &[(&str, &str)]) -> Reply {
        let (Some(access_token), Some(url)) = (token.header(), self.endpoint.url(path, query)) else {
            return Reply::NotSent { why: "token cannot be a header".to_owned() };
        };
        let response = match self.inner.get(url).header(ACCESS_TOKEN, access_token).send().await {
            Ok(response) => response,
            Err(error) => return failure::before_head(&error),
        };
        if response.status().is_redirection() {
            return Reply::Redirected { status: response.status().as_u16() };
        }
        Head(response).read().await
    }

    /// Posts a body and waits for the head of the answer. The gate is asked when the connection
    /// stands, just before the body's first byte; unless it opens, the request is one that was not sent.
    ///
    /// # Errors
    /// How the request ended, when no head of an answer came that is worth reading on.
    pub async fn post(&self, token: &Token, body: Vec<u8>, gate: Gate) -> Result<Head, Reply> {
        let Some(access_token) = token.header() else {
            return Err(Reply::NotSent { why: "token cannot be a header".to_owned() });
        };
        let (body, decision) = Gated::new(body, gate);
        let sent = self
            .inner
            .post(self.endpoint.track_url())
            .header(ACCESS_TOKEN, access_token)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(Body::wrap(body))
            .send()
            .await;
        if !decision.has_left() {
            return Err(failure::unsent(sent.err().as_ref()));
        }
        let response = sent.map_err(|error| failure::before_head(&error))?;
        if response.status().is_redirection() {
            return Err(Reply::Redirected { status: response.status().as_u16() });
        }
        Ok(Head(response))
    }
}

impl Head {
    /// Reads the body, up to its cap.
    pub async fn read(mut self) -> Reply {
        let status = self.0.status().as_u16();
        let mut body = Vec::new();
        loop {
            match self.0.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > ANSWER_BYTES_MAX => {
                    return failure::too_long(status);
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => return failure::after_send(&error, Some(status)),
            }
        }
        let (date, retry_after) = (headers::date(self.0.headers()), headers::retry_after(self.0.headers()));
        Reply::Answered { status, body, date, retry_after }
    }
}

/// A span for the runtime; a negative one is none.
fn std_duration(span: Duration) -> std::time::Duration {
    std::time::Duration::from_millis(u64::try_from(span.as_ms()).unwrap_or(0))
}
