//! `import`: what is new in the logs, into the database.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::follow;
use super::wipe::wipe;
use crate::cli::Context;
use crate::cli::args;
use crate::cli::exit::{Exit, Failure};
use crate::cli::ui::{Ui, Unit};
use crate::crash::crash_point;
use crate::domain::{Problem, Reason, TimeMs};
use crate::ingest::{self, FileReport, FindError};
use crate::report::{self, Format, ImportedFile, count, count_of, escape};
use crate::store::{FileCounts, RunKind, Store, StoreError};

/// Runs the command.
///
/// # Errors
/// [`Failure`] when nothing could be read or stored.
pub fn run(context: &Context<'_>, args: &args::Import) -> Result<Exit, Failure> {
    let outputs = context.ui.outputs(&[Format::Table, Format::Json])?;
    let patterns = patterns(context, &args.files)?;
    if args.follow {
        return follow::run(context, patterns, &outputs);
    }
    let found = find(context, &patterns)?;
    let mut store = Store::open(&context.settings.db)?;
    let imported = bring_in(context, &mut store, found)?;
    if imported.wrote() {
        let run = store.begin_run(RunKind::Import, context.now, "{}")?;
        let end = context.clock.now();
        store.end_run(run, end, imported.exit.code(), report::import_json(&imported.files).trim_end())?;
    }
    for output in &outputs {
        let text = match output.format {
            Format::Json => report::import_json(&imported.files),
            Format::Table | Format::Ndjson | Format::Csv | Format::Tsv | Format::Shared(_) => {
                report::import_table(&imported.files, &Ui::view(context.settings.zone, output))
            }
        };
        context.ui.write(output, text.as_bytes())?;
    }
    imported.warn(&context.ui);
    Ok(imported.exit)
}

/// The files and patterns to read: those named, else the config's.
///
/// # Errors
/// [`Failure`] with code 4 when there are none.
pub(super) fn patterns(context: &Context<'_>, named: &[String]) -> Result<Vec<Pattern>, Failure> {
    let patterns = named_patterns(named);
    if !patterns.is_empty() {
        return Ok(patterns);
    }
    let sources = source_patterns(context);
    if sources.is_empty() {
        return Err(Failure::new(Exit::Config, "no input: no file is named, and no config has a [[source]]")
            .hint("makegood import FILE…, or add [[source]] with a path to makegood.toml"));
    }
    Ok(sources)
}

/// A path or pattern, and the zone of its times without one.
pub type Pattern = (String, Option<Arc<str>>);

/// Patterns named on the command line.
pub fn named_patterns(named: &[String]) -> Vec<Pattern> {
    named.iter().map(|file| (file.clone(), None)).collect()
}

/// Patterns of the config.
pub fn source_patterns(context: &Context<'_>) -> Vec<Pattern> {
    let sources = context.settings.sources.iter();
    sources.map(|source| (source.path.to_string(), source.assume_tz.clone())).collect()
}

/// What an import brought in.
#[derive(Default)]
pub struct Imported {
    /// File by file.
    pub files: Vec<ImportedFile>,
    /// How a command that did nothing else would end.
    pub exit: Exit,
    /// Paths that could not be read, and why.
    pub unreadable: Vec<(Arc<str>, Arc<str>)>,
    /// What went wrong, in words.
    pub(super) warnings: Vec<String>,
    /// What is not read yet, in words.
    unfinished: Vec<String>,
    /// What to do where nothing could be read.
    next: Option<&'static str>,
    /// Lines that could not be used, by reason.
    reasons: BTreeMap<Reason, u64>,
    /// What was newly stored, by file.
    counts: BTreeMap<PathBuf, FileCounts>,
    /// They went into a scratch database, which is gone when the command ends.
    pub is_scratch: bool,
    /// The first of them: file and byte offset.
    first: Option<(PathBuf, u64)>,
}

impl Imported {
    /// An import whose sources lead nowhere: their pixels' keys are held.
    fn unread(sources: &[Pattern], why: String) -> Self {
        let shown: Arc<str> = why.as_str().into();
        Self {
            exit: Exit::Partial,
            unreadable: sources.iter().map(|(path, _)| (path.as_str().into(), Arc::clone(&shown))).collect(),
            warnings: vec![why],
            ..Self::default()
        }
    }

    fn nothing(&self) -> Failure {
        let message =
            if self.warnings.is_empty() { "no input found".to_owned() } else { self.warnings.join("; ") };
        let failure = Failure::new(Exit::Config, message);
        match self.next {
            Some(next) => failure.hint(format!("nothing was read; {next}")),
            None => failure.hint("nothing was read"),
        }
    }

    fn wrote(&self) -> bool {
        let sum = report::import_totals(&self.files);
        sum.events + sum.receipts + sum.quarantined > 0
    }

    /// Says what went wrong.
    pub fn warn(&self, ui: &Ui) {
        for warning in &self.warnings {
            ui.warn(warning);
        }
        let lines: u64 = report::import_totals(&self.files).quarantined;
        if lines == 0 {
            return;
        }
        ui.warn(&self.lines(lines));
        if !self.is_scratch {
            ui.hint("see them with `makegood events --quarantined`");
        }
    }

    /// What could not be used, if some of its reasons are new.
    pub(super) fn lines_for_the_first_time(&self, known: &mut BTreeSet<Reason>) -> Option<String> {
        let lines = report::import_totals(&self.files).quarantined;
        let before = known.len();
        known.extend(self.reasons.keys().filter(|_| lines > 0));
        (known.len() > before).then(|| self.lines(lines))
    }

    /// The files, and nothing of them left.
    pub(super) fn take_files(&mut self) -> Vec<ImportedFile> {
        // Of an import that was stopped there are counts and no reports.
        let counts = std::mem::take(&mut self.counts).into_iter().map(|(path, counts)| ImportedFile {
            path,
            lines: 0,
            events: counts.events,
            receipts: counts.receipts,
            repeats: counts.repeats,
            quarantined: counts.quarantined,
        });
        std::mem::take(&mut self.files).into_iter().chain(counts).collect()
    }

    fn lines(&self, lines: u64) -> String {
        let reasons: Vec<String> =
            self.reasons.iter().map(|(reason, n)| format!("{} {}", reason.code(), count(*n))).collect();
        let first = self
            .first
            .as_ref()
            .map(|(path, offset)| format!("; first: {} byte {offset}", escape(&path.display().to_string())));
        format!(
            "{} could not be used ({}){}",
            count_of(lines, "line", "lines"),
            reasons.join(", "),
            first.unwrap_or_default()
        )
    }
}

/// What patterns lead to.
pub struct Found {
    inputs: Vec<ingest::Input>,
    imported: Imported,
}

/// Follows patterns to files, before any database is touched.
///
/// # Errors
/// [`Failure`] when they lead to no file at all.
pub fn find(context: &Context<'_>, patterns: &[Pattern]) -> Result<Found, Failure> {
    let own = context.settings.own_files();
    let own: Vec<&Path> = own.iter().map(PathBuf::as_path).collect();
    let given: Vec<(&str, Option<&str>)> =
        patterns.iter().map(|(path, zone)| (path.as_str(), zone.as_deref())).collect();
    let found = ingest::find(&given, &own);
    let mut imported = Imported::default();
    for error in &found.errors {
        imported.not_found(error);
    }
    if found.inputs.is_empty() {
        Err(imported.nothing())
    } else {
        Ok(Found { inputs: found.inputs, imported })
    }
}

/// Reads what is new in the files that were found into a store.
///
/// # Errors
/// [`Failure`] when the store fails, or not one file could be read.
pub fn bring_in(context: &Context<'_>, store: &mut Store, found: Found) -> Result<Imported, Failure> {
    let Found { inputs, mut imported } = found;
    let mut pace = Pace { check: &|| Ok(()), landed: &mut |_| Ok(()) };
    read::<Failure>(context, store, &inputs, &mut imported, &mut pace)?;
    imported.warnings.append(&mut imported.unfinished);
    imported.warnings.extend(wipe(&context.settings.db, store)?);
    if imported.files.is_empty() {
        return Err(imported.nothing());
    }
    if report::import_totals(&imported.files).quarantined > 0 {
        imported.exit = imported.exit.worst(Exit::Partial);
    }
    Ok(imported)
}

/// Opens the database with what is new in the config's sources. Sources that lead nowhere are a
/// warning where there is a database: what it holds is as true as before.
///
/// # Errors
/// [`Failure`] when the database fails, or there is neither a database nor a file.
pub fn open_with_news(context: &Context<'_>, sources: &[Pattern]) -> Result<(Store, Imported), Failure> {
    let found = find(context, sources);
    if found.is_err() {
        // Opening for writing would make an empty one.
        if let Err(missing @ StoreError::Missing { .. }) = Store::open_read_only(&context.settings.db) {
            return Err(found.err().unwrap_or_else(|| missing.into()));
        }
    }
    let mut store = Store::open(&context.settings.db)?;
    let imported = match found.and_then(|found| bring_in(context, &mut store, found)) {
        Err(failure) if failure.exit == Exit::Config => Imported::unread(sources, failure.message),
        other => other?,
    };
    Ok((store, imported))
}

/// The files' names as they were given, by the absolute ones under which they are stored.
fn names(inputs: &[ingest::Input]) -> BTreeMap<PathBuf, PathBuf> {
    let paths = inputs.iter().filter_map(|input| input.path.as_ref());
    paths.filter_map(|path| Some((std::path::absolute(path).ok()?, path.clone()))).collect()
}

/// What is done between batches.
pub(super) struct Pace<'p, E> {
    /// An error ends the import; what was staged is committed.
    pub(super) check: &'p dyn Fn() -> Result<(), E>,
    /// What was staged has been committed.
    pub(super) landed: &'p mut dyn FnMut(&mut Store) -> Result<(), E>,
}

/// Reads what is new in `inputs` into a store. What was brought in is counted also when it fails.
pub(super) fn read<E: From<Failure> + From<StoreError> + Send>(
    context: &Context<'_>,
    store: &mut Store,
    inputs: &[ingest::Input],
    imported: &mut Imported,
    pace: &mut Pace<'_, E>,
) -> Result<Vec<FileReport>, E> {
    let cursors = store.cursors()?;
    let named = names(inputs);
    let as_named = |path: PathBuf| named.get(&path).cloned().unwrap_or(path);
    let mut bar = context.ui.progress(Unit::Bytes);
    // Not the command's: one that follows logs lives long, and the 48-hour clock starts here.
    let now: TimeMs = context.clock.now();
    let reports = ingest::import::<E>(
        inputs,
        &cursors,
        &context.settings.policy,
        &mut |progress| bar.set(progress.bytes_done, progress.bytes_total),
        &mut |handed| {
            let Some(batch) = handed.batch() else {
                store.land()?;
                crash_point!("I2");
                return (pace.landed)(store);
            };
            for line in &batch.quarantined {
                *imported.reasons.entry(line.reason).or_default() += 1;
                if imported.first.is_none() {
                    let cursor = usize::try_from(line.cursor).ok().and_then(|at| batch.cursors.get(at));
                    imported.first = cursor.map(|cursor| (as_named(cursor.path.clone()), line.offset));
                }
            }
            for file in store.stage(batch, now)? {
                let sum = imported.counts.entry(as_named(file.path)).or_default();
                sum.events += file.events;
                sum.receipts += file.receipts;
                sum.repeats += file.repeats;
                sum.quarantined += file.quarantined;
            }
            crash_point!("I1");
            (pace.check)().or_else(|end| {
                store.land()?;
                Err(end)
            })
        },
    )?;
    for file in &reports {
        imported.add(file);
    }
    Ok(reports)
}

impl Imported {
    pub(super) fn not_found(&mut self, error: &FindError) {
        let words = plain(&error.to_string());
        let path = match error {
            FindError::Pattern { pattern } | FindError::NoMatch { pattern } => pattern.clone(),
            FindError::Directory { path }
            | FindError::NotAFile { path }
            | FindError::Own { path }
            | FindError::Io { path, .. } => path.display().to_string(),
        };
        self.next = self.next.or(match error {
            FindError::Pattern { .. } => Some("a pattern has * and ?, and its brackets are closed"),
            FindError::NoMatch { .. } => Some("look with ls which names are there, and from which folder"),
            FindError::Directory { .. } => Some("name the files in it, such as 'FOLDER/*.jsonl*'"),
            FindError::NotAFile { .. } => Some("pipe it in instead, and name -"),
            FindError::Own { .. } => None,
            FindError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                Some("check the path; a relative one starts from this folder, in a config from the config's")
            }
            FindError::Io { .. } => Some("the user that runs makegood must be able to read it"),
        });
        self.unreadable.push((path.into(), words.as_str().into()));
        self.warnings.push(words);
        self.exit = self.exit.worst(Exit::Partial);
    }

    fn add(&mut self, file: &FileReport) {
        let shown = escape(&file.path.display().to_string()).into_owned();
        let problem = file.problem.map(|problem| match problem {
            Problem::Truncated => "its compressed data ends too early; what came before is imported",
            Problem::Corrupt => "its compressed data is damaged; what came before is imported",
            Problem::ExpansionLimit => "it expands beyond the limit; what came before is imported",
            Problem::Unreadable => "it can no longer be read; what came before is imported",
        });
        let error = file.error.as_deref().map(plain);
        if file.error.as_deref().is_some_and(|words| words.contains(NUMBER)) {
            self.next = Some("makegood must be able to read it: ls -l shows whose it is");
        }
        for words in problem.into_iter().chain(error.as_deref()) {
            self.warnings.push(format!("{shown}: {words}"));
            self.unreadable.push((shown.as_str().into(), words.into()));
            self.exit = self.exit.worst(Exit::Partial);
        }
        self.unfinished.extend(file.unfinished.map(|at| {
            format!(
                "{shown}: its last line, at byte {at}, has no end yet: the next import reads it when it has"
            )
        }));
        if file.error.is_some() && file.lines == 0 {
            return;
        }
        let counts = self.counts.remove(&file.path).unwrap_or_default();
        self.files.push(ImportedFile {
            path: file.path.clone(),
            lines: file.lines,
            events: counts.events,
            receipts: counts.receipts,
            repeats: counts.repeats,
            quarantined: counts.quarantined,
        });
    }
}

/// How a system's error gives its number: our own have none, and say what to do.
const NUMBER: &str = " (os error ";
/// The system's words without their number, which helps nobody.
fn plain(words: &str) -> String {
    let plain = words.split_once(NUMBER).map_or(words, |(plain, _)| plain);
    escape(plain).into_owned()
}
