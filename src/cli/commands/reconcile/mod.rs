//! `reconcile`: the set work on a cluster, its outcome in this ledger.

mod engine;
mod job;
mod results;
mod words;

use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clap::builder::FalseyValueParser;

use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::domain::TimeMs;
use crate::report::{Format, escape};
use crate::segment::{Input, Select};
use crate::store::{RunKind, Store};

use super::import;
use results::Results;
use words::Outcome;

/// The longest SELECT that is read: anything longer is another file.
const SELECT_BYTES_MAX: u64 = 1 << 20;

/// What does the set work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// Apache Spark, by `spark-sql` or whatever `[reconcile] command` says.
    Spark,
}

/// Arguments of `reconcile`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  makegood reconcile --engine spark --segments /mnt/lake/makegood --out /mnt/lake/runs
  makegood reconcile --engine spark --segments s3a://lake/makegood --out /mnt/lake/runs --job-only
  makegood reconcile --engine spark --results /mnt/lake/runs/run-20261121T120000Z
  makegood reconcile --engine spark --expected-sql events.sql --delivered-sql ok.sql --out runs

The engine runs two queries over what all hosts shipped: which events lack an acceptance, and how
many there are. What comes back goes through the ordinary import, so a second run adds nothing;
backfill then works as ever, on this machine alone. The engine never sends, and gets no token.
[reconcile] command = \"spark-sql --master spark://HOST:7077\" says how it is run: words without a
shell, {job} or -f for the job's file. --out is a folder that the cluster sees under the same path.
Tables of your own: each file is one SELECT of pixel, event, event_id, at_ms (epoch milliseconds)
and line, the record as makegood import reads it; delivered-sql: accepted server receipts only.")]
pub struct Arguments {
    /// The engine.
    #[arg(long, value_name = "ENGINE", value_enum, env = "MAKEGOOD_ENGINE", hide_env = true)]
    pub engine: Engine,
    /// The folder, or its URL, that all hosts have shipped to.
    #[arg(long, value_name = "DIR|URL", env = "MAKEGOOD_SEGMENTS", hide_env = true)]
    #[arg(conflicts_with_all = ["expected_sql", "delivered_sql", "results"])]
    pub segments: Option<String>,
    /// A file with the SELECT of your own events.
    #[arg(long, value_name = "FILE", env = "MAKEGOOD_EXPECTED_SQL", hide_env = true)]
    #[arg(requires = "delivered_sql", conflicts_with = "results")]
    pub expected_sql: Option<PathBuf>,
    /// A file with the SELECT of your own accepted receipts.
    #[arg(long, value_name = "FILE", env = "MAKEGOOD_DELIVERED_SQL", hide_env = true)]
    #[arg(requires = "expected_sql", conflicts_with = "results")]
    pub delivered_sql: Option<PathBuf>,
    /// The folder for jobs and their outcome.
    #[arg(long, value_name = "DIR", env = "MAKEGOOD_OUT", hide_env = true)]
    #[arg(required_unless_present = "results", conflicts_with = "results")]
    pub out: Option<PathBuf>,
    /// Write the job and say how to run it; run nothing.
    #[arg(long, conflicts_with = "results", env = "MAKEGOOD_JOB_ONLY", hide_env = true)]
    #[arg(value_parser = FalseyValueParser::new())]
    pub job_only: bool,
    /// Import the outcome of a job that was run elsewhere: the folder with missing and coverage.
    #[arg(long, value_name = "DIR", env = "MAKEGOOD_RESULTS", hide_env = true)]
    pub results: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when the job cannot be written or fails, or its outcome is not whole; nothing is then changed.
pub fn run(context: &Context<'_>, args: &Arguments) -> Result<Exit, Failure> {
    let outputs = context.ui.outputs(&[Format::Table, Format::Json])?;
    let settled = context.now.minus(context.settings.policy.grace);
    let (folder, _signals) = match (&args.results, &args.out) {
        (Some(results), _) => (results.clone(), None),
        (None, Some(out)) => {
            let input = input(args)?;
            let folder = job::run_folder(context, out)?;
            job::write(context, &input, &folder, settled)?;
            if args.job_only {
                words::how_to_run(context, &folder, &outputs)?;
                return Ok(Exit::Done);
            }
            let signals = engine::run(context, &folder.join("job.sql"), &folder.join("engine.log"))?;
            (folder, Some(signals))
        }
        // The command line asks for one of them.
        (None, None) => return Err(Failure::new(Exit::Usage, "reconcile needs --out or --results")),
    };
    let results = results::read(&folder, context.now, settled)?;
    let outcome = bring_in(context, results, settled)?;
    words::tell(context, &outcome, &folder, &outputs)?;
    Ok(outcome.exit)
}

/// Records by the ordinary import, then the counts.
fn bring_in(context: &Context<'_>, results: Results, settled: TimeMs) -> Result<Outcome, Failure> {
    let Results { missing, coverage } = results;
    let mut store = Store::open(&context.settings.db)?;
    let before = store.cluster_coverage()?;
    let run = store.begin_run(RunKind::Import, context.now, r#"{"reconcile":"spark"}"#)?;
    let patterns: Vec<_> = missing.iter().map(|path| (path.display().to_string(), None)).collect();
    let imported = if patterns.is_empty() {
        import::Imported::default()
    } else {
        import::bring_in(context, &mut store, import::find(context, &patterns)?)?
    };
    imported.warn(&context.ui);
    if !imported.unreadable.is_empty() {
        return Err(Failure::new(
            Exit::Store,
            "not all that came back could be read; the counts were not kept",
        )
        .hint("run it again: what is stored already is not stored twice"));
    }
    store.keep_coverage(run, &coverage)?;
    let outcome = Outcome::new(&imported, coverage, settled, before.map(|before| before.hosts));
    store.end_run(run, context.clock.now(), outcome.exit.code(), outcome.json().trim_end())?;
    Ok(outcome)
}

fn input(args: &Arguments) -> Result<Input, Failure> {
    match (&args.segments, &args.expected_sql, &args.delivered_sql) {
        (Some(segments), _, _) => {
            let is_url = segments.contains("://");
            let path = if is_url { segments.clone() } else { job::absolute(Path::new(segments))? };
            if !is_url && !Path::new(&path).join("expected").is_dir() {
                return Err(Failure::new(Exit::Config, format!("{}: holds no segments", escape(&path)))
                    .hint("makegood ship --to DIR on every host writes them"));
            }
            Ok(Input::Segments(job::place(&path)?))
        }
        (None, Some(expected), Some(delivered)) => {
            Ok(Input::Tables { expected: select(expected)?, delivered: select(delivered)? })
        }
        (None, _, _) => Err(Failure::new(Exit::Usage, "reconcile needs --segments")
            .hint("or --expected-sql and --delivered-sql, over tables of your own")),
    }
}

fn select(path: &Path) -> Result<Select, Failure> {
    let shown = escape(&path.display().to_string()).into_owned();
    let failed = |why: &str| Failure::new(Exit::Config, format!("{shown}: {why}"));
    let length = fs::metadata(path).map_err(|error| failed(&error.kind().to_string()))?.len();
    if length > SELECT_BYTES_MAX {
        return Err(failed("too long to be a SELECT"));
    }
    let text = fs::read_to_string(path).map_err(|error| failed(&error.kind().to_string()))?;
    Select::parse(&text)
        .ok_or_else(|| failed("is not one SELECT").hint("one statement, without a semicolon inside"))
}
