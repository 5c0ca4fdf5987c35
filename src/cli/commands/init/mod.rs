//! `init`: a commented config; with `--from`, how unknown logs are to be read.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::FalseyValueParser;

use crate::cli::Context;
use crate::cli::config;
use crate::cli::config_error::Source;
use crate::cli::exit::{Exit, Failure};
use crate::cli::ui::Ui;
use crate::domain::Policy;
use crate::ingest;
use crate::report::escape;

mod look;
mod text;

use look::{look, probe, summary};
use text::Draft;

/// Arguments of `init`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  makegood init                                    a config to fill in
  makegood init --from orders.jsonl --from 'delivery-*.json.gz'
  makegood init --from payments.csv --all-are payment_succeeded
  makegood init --from payments.csv --all-are payment_succeeded --id-in id

Known logs need no map. Of others the first 1,000 lines are looked at; what was guessed is shown, and stands
in the config to be corrected.")]
pub struct Init {
    /// A log to look at, or a pattern; may be repeated.
    #[arg(long, value_name = "FILE", env = "MAKEGOOD_FROM", hide_env = true, value_delimiter = ',')]
    pub from: Vec<String>,
    /// The event that every line of an unknown log is, by its funnel or TikTok name.
    #[arg(long, value_name = "NAME", env = "MAKEGOOD_ALL_ARE", hide_env = true)]
    pub all_are: Option<String>,
    /// The field of an unknown log that holds the id both legs share, such as payload.key.
    #[arg(long, value_name = "FIELD", env = "MAKEGOOD_ID_IN", hide_env = true)]
    pub id_in: Option<String>,
    /// The config to write.
    #[arg(long, value_name = "FILE", default_value = "makegood.toml", env = "MAKEGOOD_TO", hide_env = true)]
    pub to: PathBuf,
    /// Write over a config that is there.
    #[arg(long, env = "MAKEGOOD_FORCE", hide_env = true, value_parser = FalseyValueParser::new())]
    pub force: bool,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when a config is there already, a log cannot be read, or its map cannot be guessed.
pub fn run(context: &Context<'_>, args: &Init) -> Result<Exit, Failure> {
    if args.to.exists() && !args.force {
        return Err(Failure::new(Exit::Usage, format!("{} is there already", shown(&args.to)))
            .hint("--force writes over it; --to FILE writes another"));
    }
    let mut draft = Draft::default();
    let mut told = String::new();
    for pattern in &args.from {
        draft.sources.push(source_path(pattern, &args.to));
        for path in files(pattern)? {
            look(context, args, &path, &mut draft, &mut told)?;
        }
    }
    if draft.pixels.is_empty() && context.ui.can_ask() {
        draft.pixels.extend(Ui::ask_text("TikTok Pixel Code (Events Manager → Web Events; empty: later):"));
    }
    let text = draft.to_toml();
    let policy = parse(&args.to, &text)?;
    let mut is_of_use = true;
    if !draft.maps.is_empty() {
        let (proof, known) = proof(args, &policy)?;
        told.push_str(&proof);
        is_of_use = known > 0;
        if context.ui.can_ask() {
            context.ui.talk(&told);
            told.clear();
            if !Ui::ask("Write this?") {
                context.ui.talk("Nothing was written.");
                return Ok(Exit::Done);
            }
        }
    }
    write(&args.to, &text)?;
    let _ = writeln!(told, "wrote {}", shown(&args.to));
    told.push_str(if args.from.is_empty() {
        "next: fill in the paths of your logs, then `makegood audit`\n"
    } else if !is_of_use {
        "next: no line can be used yet: fill in there what was not found, then `makegood audit`\n"
    } else {
        "next: makegood audit\n"
    });
    context.ui.talk(told.trim_end());
    Ok(Exit::Done)
}

/// The files of a pattern.
fn files(pattern: &str) -> Result<Vec<PathBuf>, Failure> {
    let found = ingest::find(&[(pattern, None)], &[]);
    if let Some(error) = found.errors.first() {
        return Err(Failure::new(Exit::Config, escape(&error.to_string()).into_owned()));
    }
    found.inputs.into_iter().map(|input| input.path.ok_or_else(standard_input)).collect()
}

fn standard_input() -> Failure {
    Failure::new(Exit::Usage, "--from takes files: standard input cannot be read again later")
}

/// What the written config makes of the same files, and how many lines it can use.
fn proof(args: &Init, policy: &Policy) -> Result<(String, u64), Failure> {
    let mut known = 0;
    let mut told = String::from("With this config:\n");
    for pattern in &args.from {
        for path in files(pattern)? {
            let probe = probe(&path, policy)?;
            known += probe.known();
            let _ = writeln!(told, "  {}: {}", shown(&path), summary(&probe));
        }
    }
    Ok((told, known))
}

/// The config's own reader has the last word.
fn parse(path: &Path, text: &str) -> Result<Policy, Failure> {
    let read = config::read(&Source { path, text });
    read.map(|config| config.policy)
        .map_err(|error| Failure::new(Exit::Bug, format!("the config would be wrong: {error}")))
}

/// The path as the config needs it: from the config's folder on.
fn source_path(pattern: &str, to: &Path) -> String {
    let is_here = to.parent().is_none_or(|folder| folder.as_os_str().is_empty());
    if is_here || Path::new(pattern).is_absolute() {
        return pattern.to_owned();
    }
    let here = std::path::absolute(pattern);
    here.ok().and_then(|path| path.to_str().map(str::to_owned)).unwrap_or_else(|| pattern.to_owned())
}

/// Writes the config, readable by its owner alone; never over another unless told to.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    let part = path.with_extension("toml.part");
    let failed = |error: &io::Error| {
        Failure::new(Exit::Store, format!("cannot write {}: {}", shown(path), error.kind()))
    };
    // A file that is there keeps its mode, so the new one takes its place whole.
    let written = options.create(true).truncate(true).open(&part).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        std::fs::rename(&part, path)
    });
    written.map_err(|error| failed(&error))
}

fn shown(path: &Path) -> String {
    escape(&path.display().to_string()).into_owned()
}
