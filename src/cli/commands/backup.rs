//! `backup`: a copy of the database, also while it is in use.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::ui::Ui;
use crate::report::{self, Format, escape};

/// Arguments of `backup`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  makegood backup /backup/makegood-$(date +%F).db
  makegood --db /backup/makegood-2026-11-20.db status      look into a copy

The copy is one moment of the database, checked, readable by you alone, and there as a whole or not at
all. Imports and backfills may go on meanwhile. To restore it: stop both, put it in the database's
place, remove the -wal and -shm files beside it. A restored copy does not know what was sent after it
was made, so import the logs before the next backfill; what our own backfills sent is in no log, and
inside 48 h TikTok drops the repeat.")]
pub struct Arguments {
    /// The file to write; an older copy is replaced.
    #[arg(value_name = "FILE")]
    pub to: PathBuf,
}

#[derive(Serialize)]
struct BackupJson {
    schema: &'static str,
    path: String,
    bytes: u64,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when there is no database, or the copy cannot be written.
pub fn run(context: &Context<'_>, args: &Arguments) -> Result<Exit, Failure> {
    let outputs = context.ui.outputs(&[Format::Table, Format::Json])?;
    let bytes = context.open_read_only()?.backup(&args.to)?;
    let path = args.to.display().to_string();
    for output in &outputs {
        let text = if output.format == Format::Json {
            report::pretty(&BackupJson { schema: "makegood.backup/1", path: path.clone(), bytes })
        } else {
            let words = format!("Wrote {}: {} kB, whole and checked.", escape(&path), bytes / 1_000);
            report::sentence(&words, &Ui::view(context.settings.zone, output))
        };
        context.ui.write(output, text.as_bytes())?;
    }
    Ok(Exit::Done)
}
