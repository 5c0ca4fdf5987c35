//! What it takes to ask TikTok, or a sandbox, one request at a time.

use tokio::runtime::Runtime;

use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::http::{Client, Endpoint, Reply, Token};
use crate::report::escape;
use crate::sandbox::{Options, Sandbox};

/// A client with the runtime that it runs on.
pub struct Asking {
    runtime: Runtime,
    client: Client,
    /// A sandbox inside this process lives as long as this.
    _sandbox: Option<Sandbox>,
}

impl Asking {
    /// Opens the way to the named endpoint, else to where the config sends.
    ///
    /// # Errors
    /// [`Failure`] with code 4 for a wrong endpoint, or when no request can be made at all.
    pub fn open(context: &Context<'_>, endpoint: Option<&str>) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| {
            Failure::new(Exit::Store, format!("cannot start the network runtime: {}", error.kind()))
        };
        let named = endpoint.map(Endpoint::parse).transpose()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let mut sandbox = None;
        let endpoint = match named {
            Some(endpoint) => endpoint,
            None if context.settings.sandbox => {
                let now = context.clock.is_fixed().then_some(context.now);
                let options = Options { now, wall: Some(context.now), ..Options::default() };
                let started = runtime.block_on(Sandbox::start(options)).map_err(failed)?;
                let endpoint = Endpoint::parse(&started.url())?;
                sandbox = Some(started);
                endpoint
            }
            None => Endpoint::tiktok(),
        };
        let limits = &context.settings.policy.backfill;
        let client = Client::new(endpoint, limits.connect_timeout, limits.total_timeout)?;
        Ok(Self { runtime, client, _sandbox: sandbox })
    }

    /// Posts a body of [`crate::tiktok::payload::body`] and waits for its end.
    #[must_use]
    pub fn post(&self, token: &Token, body: Vec<u8>) -> Reply {
        self.runtime.block_on(self.client.track(token, body))
    }

    /// Whether it asks TikTok, and no sandbox.
    #[must_use]
    pub fn is_of_tiktok(&self) -> bool {
        !self.client.endpoint().is_loopback()
    }
}

/// The status and body of an answer.
///
/// # Errors
/// [`Failure`] that says what stood in its way.
pub fn heard(reply: Reply) -> Result<(u16, Vec<u8>), Failure> {
    match reply {
        Reply::Answered { status, body, .. } => Ok((status, body)),
        Reply::Redirected { status } => Err(Failure::new(
            Exit::Config,
            format!("the server redirects (HTTP {status}); tokens follow no redirect"),
        )
        .hint("something stands between this machine and TikTok")),
        Reply::Certificate { why } => Err(Failure::new(Exit::Config, escape(&why))
            .hint("something stands between this machine and TikTok; no token was sent")),
        Reply::NotSent { why } | Reply::Ambiguous { why, .. } => {
            Err(Failure::new(Exit::Later, format!("no answer: {}", escape(&why)))
                .hint("is business-api.tiktok.com reachable over https from here? Then run it again"))
        }
    }
}
