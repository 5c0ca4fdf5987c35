//! `erase`: what is stored of one person, session or event.

use std::io::{BufRead as _, Read as _};

use clap::builder::FalseyValueParser;
use clap::{ArgGroup, Args};
use serde::Serialize;

use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::lock::Lock;
use crate::cli::ui::Ui;
use crate::domain::{EventId, SessionId};
use crate::report::{self, Format, count_of};
use crate::store::{Erased, Store, Subject};
use crate::tiktok::normalise;

/// The longest value: more is another file.
const VALUE_BYTES_MAX: u64 = 4 << 10;
/// Stands for standard input, or a question on a terminal.
const ASKED: &str = "-";

/// Arguments of `erase`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("subject").required(true).multiple(false))]
#[command(after_help = "\
Examples:
  makegood erase --email --dry-run           asks for the address, says what there is
  makegood erase --email < address.txt       nobody sees it in a list of processes
  makegood erase --session ac17064d-7e0a-4f0f-8d6c-3c1c5a2f9b11

The personal data of all that belongs to it is erased: hashed match keys, IP addresses, user agents,
payloads, requests that were kept for a repeat. Event ids, times and answers stay, so that coverage
stays true and nothing is ever sent again because of it. Reading the same log again brings nothing
back. The logs themselves, backups and what TikTok holds are not touched.")]
pub struct Arguments {
    /// All of the person with this e-mail address.
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = ASKED, group = "subject")]
    #[arg(env = "MAKEGOOD_EMAIL", hide_env = true, hide_env_values = true)]
    pub email: Option<String>,
    /// All of the person with this phone number.
    #[arg(long, value_name = "NUMBER", num_args = 0..=1, default_missing_value = ASKED, group = "subject")]
    #[arg(env = "MAKEGOOD_PHONE", hide_env = true, hide_env_values = true, allow_hyphen_values = true)]
    pub phone: Option<String>,
    /// All of the person with this external id.
    #[arg(long, value_name = "ID", num_args = 0..=1, default_missing_value = ASKED, group = "subject")]
    #[arg(env = "MAKEGOOD_EXTERNAL_ID", hide_env = true, hide_env_values = true)]
    pub external_id: Option<String>,
    /// A visitor's session.
    #[arg(long, value_name = "ID", num_args = 0..=1, default_missing_value = ASKED, group = "subject")]
    #[arg(env = "MAKEGOOD_SESSION", hide_env = true)]
    pub session: Option<String>,
    /// One event; what its session holds stays.
    #[arg(long, value_name = "ID", num_args = 0..=1, default_missing_value = ASKED, group = "subject")]
    #[arg(env = "MAKEGOOD_EVENT_ID", hide_env = true)]
    pub event_id: Option<String>,
    /// Say what would be erased, and erase nothing.
    #[arg(long, env = "MAKEGOOD_DRY_RUN", hide_env = true, value_parser = FalseyValueParser::new())]
    pub dry_run: bool,
}

#[derive(Serialize)]
struct ErasedJson {
    schema: &'static str,
    dry_run: bool,
    events: u64,
    sessions: u64,
    requests: u64,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] for a value that cannot be read, while a backfill runs, or when the database fails.
pub fn run(context: &Context<'_>, args: &Arguments) -> Result<Exit, Failure> {
    let outputs = context.ui.outputs(&[Format::Table, Format::Json])?;
    let subject = subject(context, args)?;
    let erased =
        if args.dry_run { context.open_read_only()?.erasable(&subject)? } else { erase(context, &subject)? };
    let json = ErasedJson {
        schema: "makegood.erase/1",
        dry_run: args.dry_run,
        events: erased.events,
        sessions: erased.sessions,
        requests: erased.objects,
    };
    for output in &outputs {
        let text = if output.format == Format::Json {
            report::pretty(&json)
        } else {
            report::sentence(&sentence(&erased, args.dry_run), &Ui::view(context.settings.zone, output))
        };
        context.ui.write(output, text.as_bytes())?;
    }
    if !args.dry_run {
        context.ui.hint("log files and backups still hold what they held: makegood does not change them");
    }
    Ok(Exit::Done)
}

fn erase(context: &Context<'_>, subject: &Subject) -> Result<Erased, Failure> {
    let db = &context.settings.db;
    // Opening for writing would make an empty database where there is none.
    drop(context.open_read_only()?);
    let _lock = Lock::take(db)?;
    let mut store = Store::open(db)?;
    let erased = store.erase(subject, context.now)?;
    store.scrub().map_err(|error| {
        Failure::from(error).hint("the rows are gone; their bytes are wiped by running the same again")
    })?;
    Ok(erased)
}

fn sentence(erased: &Erased, is_dry: bool) -> String {
    if *erased == Erased::default() {
        let later =
            if is_dry { "" } else { ", and records of it that are read later lose their personal data" };
        return format!("Nothing of it is stored{later}.");
    }
    let verb = if is_dry { "Would erase" } else { "Erased" };
    format!(
        "{verb} the personal data of {} and {}, and {} kept for a repeat.",
        count_of(erased.events, "event", "events"),
        count_of(erased.sessions, "session", "sessions"),
        count_of(erased.objects, "request", "requests"),
    )
}

fn subject(context: &Context<'_>, args: &Arguments) -> Result<Subject, Failure> {
    let unfit = |what: &str| Failure::new(Exit::Usage, format!("this is no {what}"));
    let region = context.settings.policy.default_region.as_deref();
    if let Some(typed) = &args.email {
        let digest = normalise::email(&value(context, typed, "e-mail address")?);
        return digest.map(Subject::Key).map_err(|_| unfit("e-mail address"));
    }
    if let Some(typed) = &args.phone {
        let digest = normalise::phone(&value(context, typed, "phone number")?, region);
        return digest.map(Subject::Key).map_err(|_| {
            unfit("phone number")
                .hint("write it with its country code, such as +4930…; or set [phone] default_region")
        });
    }
    if let Some(typed) = &args.external_id {
        let digest = normalise::external_id(&value(context, typed, "external id")?);
        return digest.map(Subject::Key).map_err(|_| unfit("external id"));
    }
    if let Some(typed) = &args.session {
        let id = SessionId::parse(&value(context, typed, "session id")?);
        return id.map(Subject::Session).map_err(|_| unfit("session id"));
    }
    let typed = args.event_id.as_deref().unwrap_or(ASKED);
    EventId::parse(&value(context, typed, "event id")?).map(Subject::Event).map_err(|_| unfit("event id"))
}

/// The value: as typed, or from standard input, where no list of processes shows it.
fn value(context: &Context<'_>, typed: &str, what: &str) -> Result<String, Failure> {
    if typed != ASKED {
        return Ok(typed.trim().to_owned());
    }
    if context.ui.can_ask() {
        Ui::prompt(&format!("Which {what}?"));
    }
    let mut line = String::new();
    std::io::stdin().lock().take(VALUE_BYTES_MAX).read_line(&mut line).map_err(|error| {
        Failure::new(Exit::Usage, format!("cannot read the {what} from standard input: {}", error.kind()))
    })?;
    if line.trim().is_empty() {
        return Err(Failure::new(Exit::Usage, format!("no {what} was given"))
            .hint("write it behind the option, or into standard input: makegood erase --email < FILE"));
    }
    Ok(line.trim().to_owned())
}
