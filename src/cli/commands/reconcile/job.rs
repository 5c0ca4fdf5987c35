//! The job of a run, in a folder of its own.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::Context;
use crate::cli::commands::audit;
use crate::cli::exit::{Exit, Failure};
use crate::cli::filters::Filters;
use crate::cli::pass::Pass;
use crate::domain::{Range, TimeMs, Verdict};
use crate::report::{Zone, escape};
use crate::segment::{Input, Place, job_sql};
use crate::store::{Store, StoreError};

/// Runs of one second in one folder.
const RUNS_MAX: u32 = 1000;

#[derive(Serialize)]
struct QueuedLine {
    event_id: String,
}

/// The path from the root on.
pub(super) fn absolute(path: &Path) -> Result<String, Failure> {
    let shown = escape(&path.display().to_string()).into_owned();
    let path = std::path::absolute(path)
        .map_err(|error| Failure::new(Exit::Config, format!("{shown}: {}", error.kind())))?;
    Ok(path.to_string_lossy().into_owned())
}

/// A path that may stand in the job.
pub(super) fn place(path: &str) -> Result<Place, Failure> {
    Place::parse(path).ok_or_else(|| {
        Failure::new(Exit::Usage, format!("{}: cannot stand in a job", escape(path)))
            .hint("letters, digits and / . _ - = : @ + , ~ only: link or mount it under such a path")
    })
}

/// A folder of this run's own: what an earlier one wrote is never taken for this one's outcome.
pub(super) fn run_folder(context: &Context<'_>, out: &Path) -> Result<PathBuf, Failure> {
    let failed = |path: &Path, error: std::io::Error| {
        let shown = escape(&path.display().to_string()).into_owned();
        Failure::new(Exit::Store, format!("{shown}: {}", error.kind()))
    };
    let out = PathBuf::from(absolute(out)?);
    place(&out.to_string_lossy())?;
    DirBuilder::new().recursive(true).mode(0o700).create(&out).map_err(|error| failed(&out, error))?;
    let second: String = Zone::UTC.second(context.now);
    let digits: String = second.chars().filter(char::is_ascii_digit).take(14).collect();
    for number in 1..=RUNS_MAX {
        let folder =
            out.join(if number == 1 { format!("run-{digits}") } else { format!("run-{digits}-{number}") });
        match DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(&folder, error)),
        }
    }
    Err(Failure::new(Exit::Store, format!("{}: holds too many runs", escape(&out.display().to_string()))))
}

/// Writes the job, and the ids that this ledger waits for.
pub(super) fn write(
    context: &Context<'_>,
    input: &Input,
    folder: &Path,
    settled: TimeMs,
) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        let shown = escape(&folder.display().to_string()).into_owned();
        Failure::new(Exit::Store, format!("{shown}: {}", error.kind()))
    };
    let queued = folder.join("queued");
    DirBuilder::new().mode(0o700).create(&queued).map_err(failed)?;
    let mut lines = BufWriter::new(create(&queued.join("queued.jsonl")).map_err(failed)?);
    write_queued(context, &mut lines)?;
    lines.flush().map_err(failed)?;
    let job = job_sql(input, &place(&folder.to_string_lossy())?, settled);
    create(&folder.join("job.sql")).and_then(|mut file| file.write_all(job.as_bytes())).map_err(failed)
}

fn create(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// The ids that this ledger holds as missing: it is told if they were delivered meanwhile.
fn write_queued(context: &Context<'_>, to: &mut BufWriter<File>) -> Result<(), Failure> {
    let store = match Store::open_read_only(&context.settings.db) {
        Err(StoreError::Missing { .. }) => return Ok(()),
        store => store?,
    };
    let policy = &context.settings.policy;
    let logs = audit::logs(context, &store, None)?;
    let filters = Filters::new(&context.global, policy, &context.ui);
    let range = Range { since: TimeMs::FIRST, until: TimeMs::END };
    let pass = Pass { store: &store, policy, logs: &logs, range, now: context.now, filters: &filters };
    let mut last = None;
    pass.each(&mut |subject| {
        let id = &subject.row.id;
        if subject.verdict.is_some_and(Verdict::is_missing) && last.as_ref() != Some(id) {
            let line = serde_json::to_string(&QueuedLine { event_id: id.to_string() }).unwrap_or_default();
            writeln!(to, "{line}").map_err(|error| {
                Failure::new(Exit::Store, format!("cannot write the queued events: {}", error.kind()))
            })?;
            last = Some(id.clone());
        }
        Ok(())
    })
}
