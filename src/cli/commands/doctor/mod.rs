//! `doctor`: what is not as it should be, each with its fix.

mod database;
mod logs;
mod online;
mod setup;

use clap::Args;
use clap::builder::FalseyValueParser;

use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::ui::Ui;
use crate::report::{self, Check, Format, Health};

/// Arguments of `doctor`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  makegood doctor                  looks at everything here; sends and changes nothing
  makegood doctor --online         and asks TikTok whether it takes each pixel's token
  makegood doctor --online --endpoint http://127.0.0.1:8787    the same with a sandbox

--online posts a request without any event per pixel: there is nothing in it that could be counted.
It ends with 0 when nothing is broken (warnings are no reason), with 4 for config, tokens, logs and
clock, 5 when TikTok refuses a token, 6 when it cannot be reached, 8 for the database.")]
pub struct Arguments {
    /// Ask TikTok whether it takes the tokens; nothing that it sends can be counted.
    #[arg(long, env = "MAKEGOOD_ONLINE", hide_env = true, value_parser = FalseyValueParser::new())]
    pub online: bool,
    /// Where to ask instead of TikTok: a sandbox on this machine, such as <http://127.0.0.1:8787>.
    #[arg(long, value_name = "URL", requires = "online")]
    pub endpoint: Option<String>,
}

/// What was looked at, and how to end because of it.
type Looked = Vec<(Check, Exit)>;

/// Runs the command.
///
/// # Errors
/// [`Failure`] for a wrong `--endpoint`; what it finds is in its exit code.
pub fn run(context: &Context<'_>, args: &Arguments) -> Result<Exit, Failure> {
    let outputs = context.ui.outputs(&[Format::Table, Format::Json])?;
    let mut looked = setup::look(context);
    looked.extend(logs::look(context));
    looked.extend(database::look(context));
    if args.online {
        looked.extend(online::look(context, args.endpoint.as_deref())?);
    }
    let exit = looked
        .iter()
        .filter(|(check, _)| check.health == Health::Bad)
        .fold(Exit::Done, |worst, (_, exit)| worst.worst(*exit));
    let checks: Vec<Check> = looked.into_iter().map(|(check, _)| check).collect();
    for output in &outputs {
        let text = if output.format == Format::Json {
            report::checkup_json(&checks)
        } else {
            report::checkup_table(&checks, &Ui::view(context.settings.zone, output))
        };
        context.ui.write(output, text.as_bytes())?;
    }
    Ok(exit)
}

fn good(what: &'static str, words: impl Into<String>) -> (Check, Exit) {
    (Check { what, health: Health::Good, words: words.into(), fix: None }, Exit::Done)
}

fn warning(what: &'static str, words: impl Into<String>, fix: impl Into<String>) -> (Check, Exit) {
    (Check { what, health: Health::Warning, words: words.into(), fix: Some(fix.into()) }, Exit::Done)
}

fn bad(what: &'static str, exit: Exit, words: impl Into<String>, fix: impl Into<String>) -> (Check, Exit) {
    (Check { what, health: Health::Bad, words: words.into(), fix: Some(fix.into()) }, exit)
}

/// A failure of another room's making, as a check.
fn failed(what: &'static str, failure: Failure) -> (Check, Exit) {
    let Failure { exit, message, hints } = failure;
    let fix = if hints.is_empty() { None } else { Some(hints.join("; ")) };
    (Check { what, health: Health::Bad, words: message, fix }, exit)
}
