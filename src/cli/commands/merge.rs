//! `merge`: the databases of other hosts, into this one.

use std::path::PathBuf;

use clap::Args;

use super::wipe::wipe;
use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::lock::Lock;
use crate::cli::ui::Ui;
use crate::report::{self, Format, MergedDatabase, count_of, escape};
use crate::store::{Brought, RunKind, Store};

/// Arguments of `merge`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  makegood merge web1.db web2.db

What the other hosts' logs said and what their backfills sent, as if all had been done here. Merging
again adds nothing. The other databases are only read. A copy of a database that is in use has to be
made by SQLite (VACUUM INTO, .backup), not by cp.")]
pub struct Merge {
    /// Databases of makegood.
    #[arg(value_name = "DATABASE", required = true)]
    pub databases: Vec<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when a database cannot be brought in; those before it are.
pub fn run(context: &Context<'_>, args: &Merge) -> Result<Exit, Failure> {
    let outputs = context.ui.outputs(&[Format::Table, Format::Json])?;
    // All are looked at before anything is written.
    for path in &args.databases {
        let other = Store::open_read_only(path)?;
        check(context, &other)?;
        check_coverage(&other)?;
    }
    let mut store = Store::open(&context.settings.db)?;
    let mut merged = Vec::new();
    for path in &args.databases {
        let _lock = Lock::keep_away(path)?;
        let other = Store::open_read_only(path)?;
        check(context, &other)?;
        check_destination(&store, &other)?;
        let Brought { events, receipts, repeats, quarantined, attempts } =
            store.bring_in(&other, context.now)?;
        merged.push(MergedDatabase { path: path.clone(), events, receipts, repeats, quarantined, attempts });
    }
    let json = report::merge_json(&merged);
    let run = store.begin_run(RunKind::Import, context.now, r#"{"merge":true}"#)?;
    store.end_run(run, context.clock.now(), Exit::Done.code(), json.trim_end())?;
    if let Some(why) = wipe(&context.settings.db, &mut store)? {
        context.ui.warn(&why);
    }
    for output in &outputs {
        let text = match output.format {
            Format::Json => json.clone(),
            Format::Table | Format::Ndjson | Format::Csv | Format::Tsv | Format::Shared(_) => {
                report::merge_table(&merged, &Ui::view(context.settings.zone, output))
            }
        };
        context.ui.write(output, text.as_bytes())?;
    }
    Ok(Exit::Done)
}

/// A database cannot be merged into itself.
fn check(context: &Context<'_>, other: &Store) -> Result<(), Failure> {
    let real = |path: &std::path::Path| path.canonicalize().ok();
    match (real(other.path()), real(&context.settings.db)) {
        (Some(theirs), Some(ours)) if theirs == ours => {
            let shown = escape(&other.path().display().to_string()).into_owned();
            Err(Failure::new(Exit::Usage, format!("{shown}: is the database to merge into"))
                .hint("--db names the one to merge into, the arguments those to bring in"))
        }
        (Some(_) | None, _) => Ok(()),
    }
}

/// Coverages cannot be added up: a delivery may be logged on another host than its event.
fn check_coverage(other: &Store) -> Result<(), Failure> {
    let Some(coverage) = other.cluster_coverage()? else { return Ok(()) };
    let shown = escape(&other.path().display().to_string()).into_owned();
    let hosts = count_of(coverage.hosts, "host", "hosts");
    let message = format!("{shown}: holds a cluster's coverage of {hosts}, which cannot be added to another");
    Err(Failure::new(Exit::Usage, message)
        .hint("merge the databases of the hosts themselves")
        .hint("or let them ship to one folder, and reconcile over all of it"))
}

/// What a sandbox accepted never reached TikTok: two such databases do not mix.
fn check_destination(store: &Store, other: &Store) -> Result<(), Failure> {
    match (store.shared()?.destination, other.shared()?.destination) {
        (Some(ours), Some(theirs)) if ours != theirs => {
            let shown = escape(&other.path().display().to_string()).into_owned();
            let message = format!("{shown}: one database sent to TikTok and the other to a sandbox");
            Err(Failure::new(Exit::Config, message).hint("rehearsals stay apart: import their logs instead"))
        }
        (Some(_) | None, _) => Ok(()),
    }
}
