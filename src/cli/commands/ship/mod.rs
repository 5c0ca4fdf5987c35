//! `ship`: what this host imported, as segments for a cluster.

mod parts;

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use serde::Serialize;

use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::ui::Ui;
use crate::report::{self, Format, View, count, escape};
use crate::segment::{Kind, Shipper};
use crate::store::{Store, StoreError};

use super::import;
use parts::{Mode, PartError, Parts, Tally};

/// The longest host name, in bytes: it is part of a path.
const HOST_BYTES_MAX: usize = 64;

/// Arguments of `ship`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  makegood ship --to /mnt/lake/makegood
  makegood ship --to segments --host web1 --dry-run

Writes what this host knows as gzipped JSON Lines, one file per kind, day, host and hour:
  DIR/expected/dt=2026-11-20/src=web1/h07-0123456789abcdef.jsonl.gz
A file is named by what is in it: shipping again writes only the hours that have news, and takes
away the files they replace. E-mail addresses and phone numbers leave the host as digests only; IP
addresses and user agents as they are, because TikTok wants them so. When all hosts have shipped:
makegood reconcile --engine spark --segments DIR --out DIR")]
pub struct Arguments {
    /// The folder to write to; all hosts may share it.
    #[arg(long, value_name = "DIR", env = "MAKEGOOD_TO", hide_env = true)]
    pub to: PathBuf,
    /// The name of this host in the segments: letters, digits, '-', '_' and '.'. Default: the machine's.
    #[arg(long, value_name = "NAME", env = "MAKEGOOD_HOST", hide_env = true)]
    pub host: Option<String>,
    /// Say what would be written; write nothing, import nothing.
    #[arg(long, env = "MAKEGOOD_DRY_RUN", hide_env = true, value_parser = FalseyValueParser::new())]
    pub dry_run: bool,
    /// Do not first import what is new in the [[source]]s.
    #[arg(long, env = "MAKEGOOD_NO_IMPORT", hide_env = true, value_parser = FalseyValueParser::new())]
    pub no_import: bool,
}

#[derive(Serialize)]
struct ShipJson<'a> {
    schema: &'static str,
    host: &'a str,
    to: String,
    dry_run: bool,
    files: FilesJson,
    rows: RowsJson,
}

#[derive(Serialize)]
struct FilesJson {
    written: u64,
    unchanged: u64,
    removed: u64,
}

#[derive(Serialize)]
struct RowsJson {
    expected: u64,
    delivered: u64,
    answered: u64,
    sessions: u64,
    facts: u64,
}

/// Why shipping stopped.
enum Stop {
    Store(StoreError),
    Part(PartError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Store(error) => error.into(),
            Stop::Part(PartError { path, source }) => {
                let shown = escape(&path.display().to_string()).into_owned();
                Self::new(Exit::Store, format!("{shown}: {}", source.kind()))
                    .hint("what is in place already is whole; ship again when that is mended")
            }
        }
    }
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when there is no database, or the folder cannot be written.
pub fn run(context: &Context<'_>, args: &Arguments) -> Result<Exit, Failure> {
    let outputs = context.ui.outputs(&[Format::Table, Format::Json])?;
    let host = host(args.host.as_deref())?;
    let mode = if args.dry_run { Mode::Look } else { Mode::Write };
    let sources = import::source_patterns(context);
    let (store, exit) = if sources.is_empty() || args.no_import || args.dry_run {
        (context.open_read_only()?, Exit::Done)
    } else {
        let (store, imported) = import::open_with_news(context, &sources)?;
        imported.warn(&context.ui);
        if !imported.unreadable.is_empty() {
            // Shipped now, "no delivery" would mean "not read yet" to everybody else.
            return Err(Failure::new(Exit::Config, "nothing was shipped: not every source could be read")
                .hint("mend the source, or take its [[source]] out of the config; then ship again"));
        }
        (store, imported.exit)
    };
    let written = write(context, &store, (args, &host), mode)?;
    for output in &outputs {
        let text = if output.format == Format::Json {
            json(args, &host, &written)
        } else {
            words(args, &host, &written, &Ui::view(context.settings.zone, output))
        };
        context.ui.write(output, text.as_bytes())?;
    }
    Ok(exit)
}

fn write(
    context: &Context<'_>,
    store: &Store,
    (args, host): (&Arguments, &str),
    mode: Mode,
) -> Result<Tally, Stop> {
    let policy = &context.settings.policy;
    let mut parts = Parts::new(&args.to, host, mode).map_err(Stop::Part)?;
    let mut shipper = Shipper::new(policy, host, context.now.minus(policy.grace));
    parts.add(&shipper.progress()).map_err(Stop::Part)?;
    store
        .for_each_batch(&mut |batch| shipper.rows(&batch, &mut |row| parts.add(&row)).map_err(Stop::Part))?;
    parts.finish().map_err(Stop::Part)
}

/// The name of this host, fit for a path and for every engine.
fn host(named: Option<&str>) -> Result<String, Failure> {
    let machine = || nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    let name = named.map(str::to_owned).or_else(machine).unwrap_or_default();
    let is_fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let begins_well = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if begins_well && name.len() <= HOST_BYTES_MAX && name.chars().all(is_fit) {
        Ok(name)
    } else {
        let shown = escape(&name).into_owned();
        Err(Failure::new(Exit::Usage, format!("'{shown}' cannot name a host in the segments"))
            .hint("--host web1: letters, digits, '-', '_' and '.', at most 64, a letter or digit first"))
    }
}

fn json(args: &Arguments, host: &str, written: &Tally) -> String {
    let Tally { written, unchanged, removed, rows: [expected, delivered, answered, sessions, facts] } =
        *written;
    report::pretty(&ShipJson {
        schema: "makegood.ship/1",
        host,
        to: args.to.display().to_string(),
        dry_run: args.dry_run,
        files: FilesJson { written, unchanged, removed },
        rows: RowsJson { expected, delivered, answered, sessions, facts },
    })
}

fn words(args: &Arguments, host: &str, done: &Tally, view: &View) -> String {
    let to = escape(&args.to.display().to_string()).into_owned();
    let verb = if args.dry_run { "Would write" } else { "Wrote" };
    let what = format!(
        "{verb} {} of {host} to {to}; {} had no news, {} replaced.",
        report::count_of(done.written, "file", "files"),
        count(done.unchanged),
        count(done.removed),
    );
    let mut text = report::sentence(&what, view);
    for (kind, rows) in Kind::ALL.into_iter().zip(done.rows) {
        let _ = writeln!(text, "  {:<10}{:>12} rows", kind.name(), count(rows));
    }
    text
}
