//! A made-up visitor in test mode: one request per event, so that each has an answer of its own.

use crate::cli::Context;
use crate::cli::commands::asking::{Asking, heard};
use crate::cli::exit::{Exit, Failure};
use crate::cli::ui::Ui;
use crate::domain::{Outcome, PixelCode, Refusal};
use crate::report::{self, Format, TestAnswer, TestRow, TestVisit, escape};
use crate::tiktok::{answer, payload};

use super::visitor::{Made, visit};
use super::{Arguments, check_code};

/// Sends the visitor.
///
/// # Errors
/// [`Failure`] when there is no pixel or token to send with.
pub(super) fn run(context: &Context<'_>, args: &Arguments, code: &str) -> Result<Exit, Failure> {
    let outputs = context.ui.outputs(&[Format::Table, Format::Json])?;
    check_code(code)?;
    let asking = Asking::open(context, args.endpoint.as_deref())?;
    if context.clock.is_fixed() && asking.is_of_tiktok() {
        return Err(Failure::new(Exit::Usage, "--now cannot be used to send to TikTok")
            .hint("leave it out, or name a sandbox with --endpoint"));
    }
    let pixel = pixel(context)?;
    let made = visit(&pixel, origin(context, &pixel), context.now);
    let (rows, trouble) = send(context, &asking, (&pixel, code), made)?;
    let sent = TestVisit { pixel, code: code.to_owned(), at: context.now, rows };
    for output in &outputs {
        let text = match output.format {
            Format::Json => report::test_visit_json(&sent),
            Format::Table | Format::Ndjson | Format::Csv | Format::Tsv | Format::Shared(_) => {
                report::test_visit_table(&sent, &Ui::view(context.settings.zone, output))
            }
        };
        context.ui.write(output, text.as_bytes())?;
    }
    let Some(failure) = trouble else { return Ok(Exit::Done) };
    context.ui.fail(&failure);
    Ok(failure.exit)
}

/// The pixel that was named, else the only one with a token.
fn pixel(context: &Context<'_>) -> Result<PixelCode, Failure> {
    let tokens = &context.settings.tokens;
    let names =
        || tokens.keys().map(|pixel| escape(pixel.as_str()).into_owned()).collect::<Vec<_>>().join(", ");
    match (context.global.pixel.as_slice(), tokens.len()) {
        ([], 0) => Err(Failure::new(Exit::Config, "no pixel with an access token to send with").hint(
            "makegood init writes a config; the token is made in Events Manager → Web Events → the pixel → Settings → Events API",
        )),
        ([], 1) => tokens.keys().next().cloned().ok_or_else(|| Failure::new(Exit::Config, "no pixel")),
        ([asked], _) => tokens.keys().find(|pixel| pixel.as_str() == asked).cloned().ok_or_else(|| {
            let message = format!("no access token for pixel {}", escape(asked));
            Failure::new(Exit::Config, message).hint(format!("the config has tokens of: {}", names()))
        }),
        (_, _) => Err(Failure::new(Exit::Usage, "which pixel? A test event code belongs to one")
            .hint(format!("name it with --pixel: {}", names()))),
    }
}

/// Where the pixel's campaigns live.
fn origin<'a>(context: &'a Context<'_>, pixel: &PixelCode) -> Option<&'a str> {
    let campaigns = context.settings.policy.campaigns.values();
    let mut own = campaigns.filter(|campaign| campaign.pixel.as_ref() == Some(pixel));
    own.find_map(|campaign| campaign.origin.as_ref()).map(|origin| &*origin.0)
}

/// Sends the events one by one, and stops at what would meet all of them.
fn send(
    context: &Context<'_>,
    asking: &Asking,
    (pixel, code): (&PixelCode, &str),
    made: Vec<Made>,
) -> Result<(Vec<TestRow>, Option<Failure>), Failure> {
    let source = context.settings.tokens.get(pixel);
    let source = source.ok_or_else(|| Failure::new(Exit::Config, "no access token for this pixel"))?;
    let token = source.read(context.environment)?;
    let (mut rows, mut trouble, mut goes_on) = (Vec::new(), None, true);
    for Made { fact, id, object } in made {
        let mut row =
            TestRow { name: fact.name, shown_as: fact.shown_as, id, is_sent: goes_on, answer: None };
        if goes_on {
            match heard(asking.post(&token, payload::body(pixel, Some(code), &[&object]))) {
                Ok((status, body)) => {
                    let reading = answer::read(status, &body);
                    let outcome = answer::classify(&reading.answer);
                    let failure = judge(outcome);
                    goes_on = failure.as_ref().is_none_or(|failure| failure.exit == Exit::Partial);
                    trouble = trouble.filter(|_| goes_on).or(failure);
                    row.answer = Some(TestAnswer {
                        status,
                        code: reading.answer.code,
                        outcome,
                        request: reading.request,
                    });
                }
                Err(failure) => {
                    goes_on = false;
                    trouble = Some(failure);
                }
            }
        }
        rows.push(row);
    }
    Ok((rows, trouble))
}

/// What is wrong with an answer, and what to do.
fn judge(outcome: Outcome) -> Option<Failure> {
    let failure = |exit, message: &str, hint: &str| Some(Failure::new(exit, message).hint(hint));
    match outcome {
        Outcome::Accepted => None,
        Outcome::Refused(Refusal::Credential) => failure(
            Exit::Token,
            "TikTok refused the access token",
            "make a new token in Events Manager → Web Events → the pixel → Settings → Events API, put it into access_token_file",
        ),
        Outcome::Refused(Refusal::Permission) => failure(
            Exit::Token,
            "the access token may not send to this pixel",
            "make the token in the settings of this very pixel: Events Manager → Web Events → the pixel → Settings → Events API",
        ),
        Outcome::Refused(Refusal::Throttled) => {
            failure(Exit::Later, "TikTok wants fewer requests just now", "run it again in a minute")
        }
        Outcome::Refused(Refusal::Config) => failure(
            Exit::Config,
            "TikTok did not take the request",
            "is this makegood current, and --endpoint the right one?",
        ),
        Outcome::Refused(Refusal::Event) => failure(
            Exit::Partial,
            "TikTok refused events of the made-up visitor",
            "the code may be another pixel's, or no longer the one that the Test Events tab shows: copy it again",
        ),
        Outcome::NotSent | Outcome::Unknown | Outcome::Unverified => {
            failure(Exit::Later, "TikTok answered without saying what came of it", "run it again")
        }
    }
}
