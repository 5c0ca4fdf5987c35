//! `verify`: does it work from end to end? A made-up visitor in test mode, or a walk of one's own.

mod test;
mod visitor;
mod walk;

use clap::builder::FalseyValueParser;
use clap::{ArgGroup, Args};

use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};

/// Arguments of `verify`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).args(["test_event_code", "walk"])))]
#[command(after_help = "\
Examples:
  makegood verify --test-event-code TEST12345      a made-up visitor, in TikTok's test mode
  makegood verify --test-event-code TEST12345 --pixel C4A1B2C3D4E5F6G7H8I9
  makegood verify --walk last                      after a walk: what the logs say
  makegood verify --walk ac17064d-0d4e-4be0-8f0b-9a5b39bb1a2c

A made-up visitor counts nothing. A walk of your own does: the Pixel in your browser counts it live, and
so does your server unless it sent a test event code. last is the session of the newest event; where
others visit the funnel meanwhile, name yours.
Ends with 0 when everything was accepted, 3 when something was not, 5 when TikTok refuses the token.")]
pub struct Arguments {
    /// Send a made-up visitor, page view to purchase, to the Test events view under this code.
    #[arg(long, value_name = "CODE", env = "MAKEGOOD_TEST_EVENT_CODE", hide_env = true)]
    pub test_event_code: Option<String>,
    /// Say what the logs hold of a walk through the funnel: a session's id, or last.
    #[arg(long, value_name = "SESSION", env = "MAKEGOOD_WALK", hide_env = true)]
    pub walk: Option<String>,
    /// Where to send instead of TikTok: a sandbox on this machine, such as <http://127.0.0.1:8787>.
    #[arg(long, value_name = "URL", conflicts_with = "walk")]
    pub endpoint: Option<String>,
    /// Do not first import what is new in the [[source]]s.
    #[arg(long, env = "MAKEGOOD_NO_IMPORT", hide_env = true, value_parser = FalseyValueParser::new())]
    pub no_import: bool,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when nothing could be sent, or there is no such walk.
pub fn run(context: &Context<'_>, args: &Arguments) -> Result<Exit, Failure> {
    match (&args.test_event_code, &args.walk) {
        (Some(code), None) => test::run(context, args, code),
        (_, Some(session)) => walk::run(context, args, session),
        (None, None) => Err(Failure::new(Exit::Usage, "nothing to verify")
            .hint("makegood verify --test-event-code CODE, or makegood verify --walk last")),
    }
}

/// Refuses what cannot be a test event code.
///
/// # Errors
/// [`Failure`] with code 2.
pub fn check_code(code: &str) -> Result<(), Failure> {
    if !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(Failure::new(Exit::Usage, "--test-event-code must be letters and digits")
        .hint("it stands in Events Manager → Web Events → the pixel → Test Events"))
}
