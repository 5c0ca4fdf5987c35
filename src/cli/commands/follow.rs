//! `import --follow`: the same import again and again, woken by changes or a timer, until a signal.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::import::{Imported, Pace, Pattern, read};
use super::wipe::wipe;
use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::service::Service;
use crate::cli::signals::{Signals, Stop};
use crate::cli::ui::Output;
use crate::domain::Reason;
use crate::ingest::{FindError, Follower, LOOK_EVERY};
use crate::report::{self, Format, ImportedFile, count_of, escape};
use crate::store::{RunKind, Store, StoreError};

/// A write-ahead log this long is brought home: it must not grow with the writer's speed.
const LOG_BYTES_MAX: u64 = 32 << 20;
/// Beyond, somebody keeps it from being brought home, and that is worth saying (reliability T-09).
const LOG_BYTES_WARN: u64 = 256 << 20;
/// What leads nowhere for less than this is a rotation, not a mistake.
const NOTHING_FOR: Duration = Duration::from_millis(1_500);
/// Files kept open, if the system allows; the rest is opened when it changes.
const OPEN_MAX: u64 = 4096;

/// Follows files until a signal.
pub(super) fn run(
    context: &Context<'_>,
    patterns: Vec<Pattern>,
    outputs: &[Output],
) -> Result<Exit, Failure> {
    let follower = follower(context, patterns)?;
    let waker = follower.waker();
    let signals = Signals::listen(move || waker.wake())?;
    let files = follow(context, follower, &signals.stop())?;
    for output in outputs.iter().filter(|output| output.format == Format::Json) {
        context.ui.write(output, report::import_json(&files).as_bytes())?;
    }
    Ok(Exit::Done)
}

/// What is to be followed.
///
/// # Errors
/// [`Failure`] with code 2 for what has no end to come.
pub(super) fn follower(context: &Context<'_>, patterns: Vec<Pattern>) -> Result<Follower, Failure> {
    if patterns.iter().any(|(path, _)| path == "-") {
        return Err(Failure::new(Exit::Usage, "standard input cannot be followed")
            .hint("makegood import - reads it to its end"));
    }
    Ok(Follower::new(patterns, context.settings.own_files(), raise_open_max()))
}

/// Follows until told to stop, and says what came in.
///
/// # Errors
/// [`Failure`] when the store fails.
pub(super) fn follow(
    context: &Context<'_>,
    follower: Follower,
    stop: &Stop,
) -> Result<Vec<ImportedFile>, Failure> {
    let mut store = Store::open(&context.settings.db)?;
    let run = store.begin_run(RunKind::Import, context.now, r#"{"follow":true}"#)?;
    let mut following = Following {
        context,
        follower,
        stop,
        service: Service::new(context.environment),
        said: Said::default(),
        files: BTreeMap::new(),
    };
    let ended = following.go_on(&mut store);
    following.service.stopping();
    let exit = ended.as_ref().err().map_or(Exit::Done, |failure| failure.exit);
    let files: Vec<ImportedFile> = following.files.into_values().collect();
    let closed = store.end_run(run, context.clock.now(), exit.code(), report::import_json(&files).trim_end());
    ended?;
    closed?;
    Ok(files)
}

/// As many open files as the system allows, up to what is of use; half of them for logs.
fn raise_open_max() -> usize {
    let allowed = getrlimit(Resource::RLIMIT_NOFILE).map_or(256, |(soft, hard)| {
        let wanted = hard.min(2 * OPEN_MAX).max(soft);
        if wanted > soft && setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).is_err() { soft } else { wanted }
    });
    usize::try_from(allowed / 2).unwrap_or(usize::MAX)
}

/// Why reading ends early.
enum End {
    Stopped,
    Failed(Failure),
}

impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<StoreError> for End {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

struct Following<'f> {
    context: &'f Context<'f>,
    follower: Follower,
    stop: &'f Stop,
    service: Service,
    said: Said,
    files: BTreeMap<PathBuf, ImportedFile>,
}

impl Following<'_> {
    /// Looks and reads until told to stop.
    fn go_on(&mut self, store: &mut Store) -> Result<(), Failure> {
        let mut is_first = true;
        while !self.stop.is_told() {
            let read = self.read_news(store);
            match read {
                Ok(()) => {}
                Err(End::Stopped) => break,
                // Another process kept the database busy: nothing is lost, only late.
                Err(End::Failed(failure)) if failure.exit == Exit::Later => {
                    self.follower.read_again();
                    self.said.once(&self.context.ui, failure.message);
                }
                Err(End::Failed(failure)) => return Err(failure),
            }
            if is_first {
                is_first = false;
                self.service.ready();
                let files = count_of(count(self.follower.count()), "file", "files");
                self.context.ui.talk(&format!("following {files}; a signal (Ctrl-C) ends it"));
            }
            // A big file takes longer to write anew than the service manager waits.
            let waits = self.service.alive_during(|| wipe(&self.context.settings.db, store))?;
            if let Some(why) = waits {
                self.said.once(&self.context.ui, why);
            }
            self.service.alive();
            self.follower.wait(&|| self.stop.is_told());
        }
        Ok(())
    }

    fn read_news(&mut self, store: &mut Store) -> Result<(), End> {
        store.check_place()?;
        let look = self.follower.look();
        let mut imported = Imported::default();
        if look.inputs.is_empty() {
            self.say(&look.errors, look.unwatched.as_deref(), imported);
            return Ok(());
        }
        let (stop, service, said, ui) = (self.stop, &self.service, &mut self.said, &self.context.ui);
        let mut landed = |store: &mut Store| {
            let before = store.log_bytes();
            if before > LOG_BYTES_MAX && !store.empty_log()? && before > LOG_BYTES_WARN {
                said.once(
                    ui,
                    format!(
                        "the database's write-ahead log has {} MiB: somebody reads from it without an end",
                        before >> 20
                    ),
                );
            }
            Ok(())
        };
        let check = || {
            service.alive();
            if stop.is_told() { Err(End::Stopped) } else { Ok(()) }
        };
        let mut pace = Pace { check: &check, landed: &mut landed };
        let read = read::<End>(self.context, store, &look.inputs, &mut imported, &mut pace);
        if let Ok(reports) = &read {
            for report in reports.iter().filter(|report| report.error.is_some()) {
                self.follower.failed(&report.path);
            }
        }
        self.say(&look.errors, look.unwatched.as_deref(), imported);
        read.map(|_| ())
    }

    /// Says what went wrong, each thing once.
    fn say(&mut self, errors: &[FindError], unwatched: Option<&str>, mut imported: Imported) {
        let ui = &self.context.ui;
        for warning in imported.warnings.drain(..) {
            self.said.once(ui, warning);
        }
        if let Some(lines) = imported.lines_for_the_first_time(&mut self.said.reasons) {
            ui.warn(&lines);
        }
        if let Some(why) = unwatched {
            let every = LOOK_EVERY.as_secs();
            self.said.once(ui, format!("changes are found by looking every {every} s only: {}", escape(why)));
        }
        let mut nothing = Imported::default();
        for error in errors {
            nothing.not_found(error);
        }
        self.said.while_true(ui, nothing.warnings);
        for file in imported.take_files() {
            let sum = self.files.entry(file.path.clone()).or_default();
            *sum = ImportedFile { path: file.path.clone(), ..report::import_totals(&[sum.clone(), file]) };
        }
    }
}

/// What was said.
#[derive(Default)]
struct Said {
    once: BTreeSet<String>,
    reasons: BTreeSet<Reason>,
    /// What is wrong now, since when, and whether that was said.
    standing: BTreeMap<String, (Option<Instant>, bool)>,
}

impl Said {
    /// Warnings remembered; a log that finds new words for ever is not listened to for ever.
    const MAX: usize = 1000;

    fn once(&mut self, ui: &crate::cli::ui::Ui, warning: String) {
        if self.once.len() < Self::MAX && !self.once.contains(&warning) {
            ui.warn(&warning);
            self.once.insert(warning);
        }
    }

    /// Says what is still wrong after a while; again when it was mended and is wrong anew.
    fn while_true(&mut self, ui: &crate::cli::ui::Ui, wrong: Vec<String>) {
        self.standing.retain(|warning, _| wrong.contains(warning));
        for warning in wrong {
            let (since, is_said) = self.standing.entry(warning.clone()).or_default();
            let since = *since.get_or_insert_with(Instant::now);
            if !*is_said && since.elapsed() >= NOTHING_FOR {
                *is_said = true;
                ui.warn(&warning);
            }
        }
    }
}

fn count(files: usize) -> u64 {
    u64::try_from(files).unwrap_or(u64::MAX)
}
