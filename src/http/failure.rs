//! How a request ends, and what a failed one proves.

use std::error::Error;
use std::fmt;
use std::io;

use crate::domain::{Duration, TimeMs};

use super::gate::Shut;

/// How a request ended. Texts hold no URL, token or body.
#[derive(Clone)]
pub enum Reply {
    /// An answer was read, whole and within its cap.
    Answered {
        /// HTTP status.
        status: u16,
        /// The body, at most 1 MiB. It may echo what was sent.
        body: Vec<u8>,
        /// The server's `Date`.
        date: Option<TimeMs>,
        /// Its `Retry-After`, as a time to wait, at most an hour.
        retry_after: Option<Duration>,
    },
    /// The server wants to send us elsewhere: refused.
    Redirected {
        /// HTTP status.
        status: u16,
    },
    /// The certificate is not trusted: no byte of the request left.
    Certificate {
        /// Why.
        why: String,
    },
    /// No connection, or a gate that was shut: no byte of the body left.
    NotSent {
        /// Why.
        why: String,
    },
    /// The request left, and no whole answer came back: time-out, reset, too long, damaged.
    Ambiguous {
        /// HTTP status, if a head came.
        status: Option<u16>,
        /// What broke: a lost connection may be tried again at once, the others later.
        cause: Cause,
        /// Why.
        why: String,
    },
}

/// What broke an exchange after the request left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No answer in time.
    TimedOut,
    /// The connection was lost.
    Broken,
    /// The answer is no HTTP, or longer than its cap.
    Damaged,
}

/// Without the body: it may echo what was sent.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered { status, body, date: _, retry_after: _ } => {
                write!(f, "Answered({status}, {} bytes)", body.len())
            }
            Self::Redirected { status } => write!(f, "Redirected({status})"),
            Self::Certificate { why } => write!(f, "Certificate({why})"),
            Self::NotSent { why } => write!(f, "NotSent({why})"),
            Self::Ambiguous { status, cause, why } => write!(f, "Ambiguous({status:?}, {cause:?}, {why})"),
        }
    }
}

/// What an error before the head of an answer proves.
///
/// Only a failed connect proves that nothing left (reliability 2.6).
pub(super) fn before_head(error: &reqwest::Error) -> Reply {
    if error.is_connect() {
        return match tls_failure(error) {
            Some(why) => Reply::Certificate { why },
            None => Reply::NotSent { why: connect_failure(error) },
        };
    }
    after_send(error, None)
}

/// What the end of a request proves whose gate did not open: that no byte of its body left.
pub(super) fn unsent(error: Option<&reqwest::Error>) -> Reply {
    if error.is_some_and(|error| sources(error).any(<dyn Error>::is::<Shut>)) {
        return Reply::NotSent { why: Shut.to_string() };
    }
    match error.map(before_head) {
        Some(Reply::Ambiguous { why, .. }) => Reply::NotSent { why },
        Some(
            reply @ (Reply::NotSent { .. }
            | Reply::Certificate { .. }
            | Reply::Answered { .. }
            | Reply::Redirected { .. }),
        ) => reply,
        None => Reply::NotSent { why: "the server answered before the request".to_owned() },
    }
}

/// What an error after the request left proves: nothing.
pub(super) fn after_send(error: &reqwest::Error, status: Option<u16>) -> Reply {
    let (cause, why) = if error.is_timeout() {
        (Cause::TimedOut, "no whole answer in time".to_owned())
    } else if let Some(kind) = io_kind(error) {
        (Cause::Broken, format!("connection lost: {kind}"))
    } else if is_damaged(error) {
        (Cause::Damaged, "answer is not HTTP".to_owned())
    } else {
        (Cause::Broken, "connection closed before a whole answer".to_owned())
    };
    Reply::Ambiguous { status, cause, why }
}

/// The answer is longer than its cap.
pub(super) fn too_long(status: u16) -> Reply {
    Reply::Ambiguous {
        status: Some(status),
        cause: Cause::Damaged,
        why: "answer is longer than 1 MiB".to_owned(),
    }
}

fn connect_failure(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        "could not connect in time".to_owned()
    } else if error.is_dns() {
        "could not find the host's address".to_owned()
    } else if sources(error).any(|source| rustls_error(source).is_some()) {
        "could not connect: the server does not speak TLS".to_owned()
    } else if let Some(kind) = io_kind(error) {
        format!("could not connect: {kind}")
    } else {
        "could not connect".to_owned()
    }
}

/// Why TLS did not trust the server; `None` when the failure is not one of trust.
fn tls_failure(error: &reqwest::Error) -> Option<String> {
    let failure = sources(error).find_map(rustls_error)?;
    // `rustls` words hold names of the certificate at most, and those come from the server: not shown.
    if let rustls::Error::InvalidCertificate(certificate) = failure {
        return Some(format!("the server's certificate is {}", distrust(certificate)));
    }
    let is_policy = matches!(
        failure,
        rustls::Error::PeerIncompatible(_)
            | rustls::Error::NoCertificatesPresented
            | rustls::Error::AlertReceived(
                rustls::AlertDescription::ProtocolVersion | rustls::AlertDescription::HandshakeFailure
            )
    );
    is_policy.then(|| "the server offers no certificate and TLS version that are safe".to_owned())
}

fn distrust(certificate: &rustls::CertificateError) -> &'static str {
    use rustls::CertificateError as E;
    if matches!(certificate, E::Expired | E::ExpiredContext { .. }) {
        "expired"
    } else if matches!(certificate, E::NotValidYet | E::NotValidYetContext { .. }) {
        "not valid yet"
    } else if matches!(certificate, E::NotValidForName | E::NotValidForNameContext { .. }) {
        "issued for another name"
    } else if matches!(certificate, E::UnknownIssuer) {
        "issued by nobody this machine trusts"
    } else {
        "not trusted"
    }
}

fn sources<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |source| (*source).source())
}

/// An `io::Error` hides the error it wraps from `source()`, and TLS wraps twice, so it is opened here.
fn rustls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    if let Some(found) = error.downcast_ref() {
        return Some(found);
    }
    rustls_error(error.downcast_ref::<io::Error>()?.get_ref()?)
}

/// What the operating system said.
fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    let mut found = sources(error).find_map(|source| source.downcast_ref::<io::Error>())?;
    while let Some(inner) = found.get_ref().and_then(|inner| inner.downcast_ref::<io::Error>()) {
        found = inner;
    }
    Some(found.kind())
}

fn is_damaged(error: &reqwest::Error) -> bool {
    // hyper's own type is no dependency of ours; its parse errors are the ones that say so.
    sources(error).any(|source| source.to_string().starts_with("invalid HTTP"))
}
