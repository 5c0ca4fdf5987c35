//! The logs: found, readable, fresh.

use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::cli::Context;
use crate::cli::commands::import;
use crate::cli::exit::Exit;
use crate::domain::{Duration, TimeMs};
use crate::ingest;
use crate::report::{Check, count_of, escape};

use super::{Looked, bad, good, warning};

/// A log that nothing was written to for so long may have been moved, or its sender have stopped.
const STALE: Duration = Duration::from_days(1);

pub(super) fn look(context: &Context<'_>) -> Looked {
    if context.settings.sources.is_empty() {
        let has_config = context.settings.config.is_some();
        return if has_config {
            vec![warning("logs", "the config names no [[source]]", "add [[source]] with the path of a log")]
        } else {
            Vec::new()
        };
    }
    let own = context.settings.own_files();
    let own: Vec<&Path> = own.iter().map(std::path::PathBuf::as_path).collect();
    let patterns = import::source_patterns(context);
    patterns.iter().map(|(pattern, zone)| look_at(context, (pattern, zone.as_deref()), &own)).collect()
}

fn look_at(context: &Context<'_>, pattern: (&str, Option<&str>), own: &[&Path]) -> (Check, Exit) {
    let shown = escape(pattern.0).into_owned();
    let found = ingest::find(&[pattern], own);
    if let Some(error) = found.errors.first() {
        let why = escape(&error.to_string()).into_owned();
        return bad(
            "logs",
            Exit::Config,
            why,
            "correct the path of this [[source]]; relative ones start from the config's folder",
        );
    }
    let mut newest: Option<TimeMs> = None;
    let mut files = 0_u64;
    for path in found.inputs.iter().filter_map(|input| input.path.as_deref()) {
        if let Err(error) = fs::File::open(path) {
            let path = escape(&path.display().to_string()).into_owned();
            let words = format!("{path} cannot be read: {}", error.kind());
            return bad("logs", Exit::Config, words, "let the user that runs makegood read it");
        }
        files += 1;
        newest = newest.max(modified(path));
    }
    let files = count_of(files, "file", "files");
    match newest {
        Some(at) if context.now.since(at) > STALE => warning(
            "logs",
            format!("{shown}: {files}, and nothing was written for {}", context.now.since(at)),
            "is this still the log that is written to?",
        ),
        Some(at) if at <= context.now => {
            good("logs", format!("{shown}: {files}, last written {} ago", context.now.since(at)))
        }
        Some(_) | None => good("logs", format!("{shown}: {files}")),
    }
}

fn modified(path: &Path) -> Option<TimeMs> {
    let at = fs::metadata(path).ok()?.modified().ok()?;
    let since = at.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(TimeMs::from_ms)
}
