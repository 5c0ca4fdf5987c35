//! What TikTok says of each token: asked with requests that hold no event.

use crate::cli::Context;
use crate::cli::commands::asking::{Asking, heard};
use crate::cli::exit::{Exit, Failure};
use crate::domain::{Code, Duration, Outcome, PixelCode, Refusal, TimeMs};
use crate::http::Reply;
use crate::report::{Check, escape};
use crate::tiktok::{answer, payload};

use super::{Looked, bad, failed, good, warning};

/// Half of the hour by which the send window is shorter than TikTok's: a backfill stops beyond it.
const CLOCK_OFF_MAX: Duration = Duration::from_mins(30);
/// Worth a word.
const CLOCK_OFF_NOTED: Duration = Duration::from_mins(2);

const NEW_TOKEN: &str = "make a new token in Events Manager → Web Events → the pixel → Settings → Events API, put it into access_token_file";

/// Asks for each pixel with a token.
///
/// # Errors
/// [`Failure`] for a wrong endpoint, or when no request can be made at all.
pub(super) fn look(context: &Context<'_>, endpoint: Option<&str>) -> Result<Looked, Failure> {
    let asking = Asking::open(context, endpoint)?;
    let mut looked = Vec::new();
    let mut clock = None;
    for (pixel, source) in &context.settings.tokens {
        // The look at the setup has said why one cannot be read.
        let Ok(token) = source.read(context.environment) else { continue };
        let reply = asking.post(&token, payload::body(pixel, None, &[]));
        if let Reply::Answered { date: Some(date), .. } = &reply {
            clock = clock.or_else(|| check_clock(context, *date));
        }
        looked.push(hear(pixel, reply));
    }
    if looked.is_empty() {
        looked.push(warning(
            "TikTok",
            "was not asked: no token could be read",
            "mend the tokens above first",
        ));
    }
    looked.extend(clock);
    Ok(looked)
}

fn check_clock(context: &Context<'_>, date: TimeMs) -> Option<(Check, Exit)> {
    if context.clock.is_fixed() {
        return None;
    }
    let now = context.clock.now();
    let off = if now > date { now.since(date) } else { date.since(now) };
    Some(if off > CLOCK_OFF_MAX {
        let words = format!("this machine's clock is off by {off}: a backfill will not send");
        bad("clock", Exit::Config, words, "set the clock")
    } else if off > CLOCK_OFF_NOTED {
        warning("clock", format!("this machine's clock is off by {off}"), "let the system keep the time")
    } else {
        good("clock", "agrees with the server's")
    })
}

fn hear(pixel: &PixelCode, reply: Reply) -> (Check, Exit) {
    let pixel = escape(pixel.as_str()).into_owned();
    match heard(reply) {
        Ok((status, body)) => answered(&pixel, status, &body),
        Err(failure) => failed("TikTok", failure),
    }
}

/// A request without events cannot be accepted for what it holds: what else is said is about the token.
fn answered(pixel: &str, status: u16, body: &[u8]) -> (Check, Exit) {
    let reading = answer::read(status, body);
    let code = match reading.answer.code {
        Code::Integer(code) => format!("code {code}"),
        Code::Absent | Code::NotInteger | Code::Unreadable => format!("HTTP {status}, without a code"),
    };
    match answer::classify(&reading.answer) {
        Outcome::Accepted | Outcome::Refused(Refusal::Event) => {
            good("TikTok", format!("takes the token of pixel {pixel} ({code} to a request without events)"))
        }
        Outcome::Refused(Refusal::Credential) => {
            bad("TikTok", Exit::Token, format!("refuses the token of pixel {pixel} ({code})"), NEW_TOKEN)
        }
        Outcome::Refused(Refusal::Permission) => bad(
            "TikTok",
            Exit::Token,
            format!("the token of pixel {pixel} may not send to it ({code})"),
            NEW_TOKEN,
        ),
        Outcome::Refused(Refusal::Throttled) => {
            warning("TikTok", format!("throttles pixel {pixel} ({code})"), "ask again later")
        }
        Outcome::Refused(Refusal::Config) => bad(
            "TikTok",
            Exit::Config,
            format!("did not take the request for pixel {pixel} ({code})"),
            "is this makegood current?",
        ),
        Outcome::NotSent | Outcome::Unknown | Outcome::Unverified => failed(
            "TikTok",
            Failure::new(
                Exit::Later,
                format!("answered for pixel {pixel} without saying whether it takes the token ({code})"),
            )
            .hint("ask again later"),
        ),
    }
}
