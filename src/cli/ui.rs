//! The only printer: results on stdout or into files, talk on stderr, one question, one progress bar.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};

use crate::report::{Format, OUTPUTS, View, Zone, escape};

use super::args::{Color, Global};
use super::exit::{Exit, Failure};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default();

/// What to do about an output that cannot be written.
const OUTPUT_AGAIN: &str =
    "make room or name another place with -o, and run it again; the database is as it should be";

/// Where an output goes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Stdout,
    File(PathBuf),
}

/// One output that was asked for: a format, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The format.
    pub format: Format,
    target: Target,
}

impl Output {
    /// Whether it goes to stdout, as it comes.
    #[must_use]
    pub fn is_stdout(&self) -> bool {
        self.target == Target::Stdout
    }
}

/// The terminal, as the options want it.
#[derive(Clone, Debug)]
pub struct Ui {
    quiet: bool,
    verbose: bool,
    no_input: bool,
    color: ColorChoice,
    format: Option<Format>,
    files: Vec<PathBuf>,
}

impl Ui {
    /// The terminal, as the options want it.
    #[must_use]
    pub fn new(global: &Global) -> Self {
        Self {
            quiet: global.quiet,
            verbose: global.verbose,
            no_input: global.no_input,
            color: match global.color {
                Color::Auto => AutoStream::choice(&io::stderr()),
                Color::Always => ColorChoice::Always,
                Color::Never => ColorChoice::Never,
            },
            format: if global.json { Some(Format::Json) } else { global.format },
            files: global.output.clone(),
        }
    }

    /// The outputs that were asked for. With files, stdout stays silent unless a format was named;
    /// with `-q` too.
    ///
    /// # Errors
    /// [`Failure`] with code 2 for a format that the command does not have.
    pub fn outputs(&self, known: &[Format]) -> Result<Vec<Output>, Failure> {
        let mut outputs = Vec::new();
        for path in self.files.iter().filter(|path| !is_stdout(path)) {
            let format = format_of(path)?;
            outputs.push(Output { format: allowed(format, known)?, target: Target::File(path.clone()) });
        }
        match self.format {
            Some(format) => {
                outputs.push(Output { format: allowed(format, known)?, target: Target::Stdout });
            }
            None if self.files.iter().any(|path| is_stdout(path)) => {
                outputs.push(Output { format: Format::Table, target: Target::Stdout });
            }
            None if outputs.is_empty() && !self.quiet => {
                outputs.push(Output { format: Format::Table, target: Target::Stdout });
            }
            None => {}
        }
        Ok(outputs)
    }

    /// Whether stdout speaks to programs, so that a failure must as well.
    #[must_use]
    pub fn is_json(&self) -> bool {
        matches!(self.format, Some(Format::Json | Format::Ndjson))
    }

    /// How outputs in a zone are looked at: as wide as the terminal on one, else as they want to be.
    #[must_use]
    pub fn view(zone: Zone, output: &Output) -> View {
        let width = match &output.target {
            Target::Stdout if io::stdout().is_terminal() => {
                terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
            }
            Target::Stdout | Target::File(_) => None,
        };
        View { zone, width }
    }

    /// Writes an output.
    ///
    /// # Errors
    /// [`Failure`] with code 8 when it cannot be written; a reader that went away is no failure.
    pub fn write(&self, output: &Output, bytes: &[u8]) -> Result<(), Failure> {
        match &output.target {
            Target::Stdout => Self::result(bytes),
            Target::File(path) => {
                write_file(path, bytes)?;
                self.talk(&format!("wrote {}", escape(&path.display().to_string())));
                Ok(())
            }
        }
    }

    /// Writes to stdout.
    ///
    /// # Errors
    /// [`Failure`] with code 8 when it cannot be written; a reader that went away is no failure.
    pub fn result(bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::new(Exit::Store, format!("cannot write output: {}", error.kind()))
                    .hint(OUTPUT_AGAIN))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Says something on stderr, unless told to be quiet.
    pub fn talk(&self, text: &str) {
        if !self.quiet {
            self.line(None, text);
        }
    }

    /// Says something on stderr if asked to say more.
    pub fn detail(&self, text: &str) {
        if self.verbose && !self.quiet {
            self.line(None, text);
        }
    }

    /// `warning: …`, also when quiet: it comes with an exit code other than 0.
    pub fn warn(&self, text: &str) {
        self.line(Some(("warning", WARNING)), text);
    }

    /// `hint: …`.
    pub fn hint(&self, text: &str) {
        if !self.quiet {
            self.line(Some(("hint", HINT)), text);
        }
    }

    /// `error: …` and its hints.
    pub fn fail(&self, failure: &Failure) {
        self.line(Some(("error", ERROR)), &failure.message);
        for hint in &failure.hints {
            self.line(Some(("hint", HINT)), hint);
        }
    }

    fn line(&self, label: Option<(&str, Style)>, text: &str) {
        // Nobody can be told that stderr is closed.
        let mut stderr = AutoStream::new(io::stderr(), self.color);
        let _ = match label {
            Some((word, style)) => writeln!(stderr, "{style}{word}{style:#}: {text}"),
            None => writeln!(stderr, "{text}"),
        };
    }

    /// Whether a question would reach a person.
    #[must_use]
    pub fn can_ask(&self) -> bool {
        !self.no_input && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks a question; anything but yes is no.
    #[must_use]
    pub fn ask(question: &str) -> bool {
        let mut stderr = io::stderr();
        let _ = write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush());
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
    }

    /// Asks for a text; an empty answer is none.
    #[must_use]
    pub fn ask_text(question: &str) -> Option<String> {
        Self::prompt(question);
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        let answer = answer.trim();
        (read.is_ok() && !answer.is_empty()).then(|| answer.to_owned())
    }

    /// Asks for a line; the caller reads it.
    pub fn prompt(question: &str) {
        let mut stderr = io::stderr();
        let _ = write!(stderr, "{question} ").and_then(|()| stderr.flush());
    }

    /// A progress bar on a terminal, once the work takes more than a second.
    #[must_use]
    pub fn progress(&self, unit: Unit) -> Progress {
        let shown = !self.quiet && io::stderr().is_terminal();
        Progress { shown, unit, started: Instant::now(), bar: None }
    }
}

/// `-o -` is stdout, in the format of `--format`.
fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

fn allowed(format: Format, known: &[Format]) -> Result<Format, Failure> {
    if known.contains(&format) {
        return Ok(format);
    }
    let name = |format: Format| OUTPUTS.iter().find(|output| output.format == format).map_or("?", |o| o.name);
    let known: Vec<&str> = known.iter().map(|format| name(*format)).collect();
    Err(Failure::new(Exit::Usage, format!("this command has no {} output", name(format)))
        .hint(format!("it has {}", known.join(", "))))
}

fn format_of(path: &Path) -> Result<Format, Failure> {
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    let known = OUTPUTS
        .iter()
        .find(|output| ending.as_deref().is_some_and(|ending| output.endings.contains(&ending)));
    known.map(|output| output.format).ok_or_else(|| {
        let endings: Vec<String> = OUTPUTS
            .iter()
            .flat_map(|output| output.endings.iter().map(|ending| format!(".{ending}")))
            .collect();
        let shown = escape(&path.display().to_string()).into_owned();
        Failure::new(Exit::Usage, format!("-o {shown}: its ending names no format"))
            .hint(format!("known endings: {}", endings.join(" ")))
    })
}

/// Writes a whole file or none: readers see the old content or the new.
fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error: &io::Error| {
        let shown = escape(&path.display().to_string()).into_owned();
        Failure::new(Exit::Store, format!("cannot write output {shown}: {}", error.kind())).hint(OUTPUT_AGAIN)
    };
    let special = std::fs::symlink_metadata(path).is_ok_and(|facts| !facts.is_file());
    if special {
        // A device, a pipe or a link is written through, not replaced.
        let mut file =
            std::fs::OpenOptions::new().write(true).truncate(true).open(path).map_err(|e| failed(&e))?;
        return file.write_all(bytes).map_err(|error| failed(&error));
    }
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let written = std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, path));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&part);
        failed(&error)
    })
}

/// What a progress bar counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes read.
    Bytes,
    /// Events.
    Events,
}

/// A progress bar that may never show.
#[derive(Debug)]
pub struct Progress {
    shown: bool,
    unit: Unit,
    started: Instant,
    bar: Option<ProgressBar>,
}

/// Work shorter than this shows no bar.
const PROGRESS_AFTER: Duration = Duration::from_secs(1);

impl Progress {
    /// Shows how far the work has come.
    pub fn set(&mut self, done: u64, total: u64) {
        if !self.shown || self.started.elapsed() < PROGRESS_AFTER {
            return;
        }
        let form = match self.unit {
            Unit::Bytes => "{bar:30} {bytes}/{total_bytes} · {bytes_per_sec} · {eta} left",
            Unit::Events => "{bar:30} {pos}/{len} · {per_sec} · {eta} left",
        };
        let bar = self.bar.get_or_insert_with(|| {
            let style = ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(total).with_style(style)
        });
        bar.set_length(total);
        bar.set_position(done);
    }
}

/// Also when the work ends with an error.
impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Prints what clap has to say: help and version on stdout, mistakes on stderr.
pub fn clap_message(message: &clap::Error) {
    let _ = message.print();
}

/// What is said when the program itself is wrong. The panic's own words may quote a log line, so
/// only its place is shown.
pub fn bug(place: &str) {
    let version = env!("CARGO_PKG_VERSION");
    let _ = writeln!(io::stderr(), "error: internal error at {place} (makegood {version})");
    let _ = writeln!(
        io::stderr(),
        "hint: this is a bug; what was committed is safe. Please report the line above"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ui(global: &Global) -> Vec<Output> {
        Ui::new(global).outputs(&[Format::Table, Format::Json, Format::Csv]).unwrap()
    }

    #[test]
    fn files_take_their_format_from_their_ending() {
        let global = Global { output: vec!["a.json".into(), "b.CSV".into()], ..Global::default() };
        let formats: Vec<_> = ui(&global).iter().map(|output| output.format).collect();
        assert_eq!(formats, [Format::Json, Format::Csv]);
        let both = Global { output: vec!["a.json".into(), "-".into()], quiet: true, ..Global::default() };
        let targets: Vec<_> = ui(&both).iter().map(|output| (output.format, output.is_stdout())).collect();
        assert_eq!(targets, [(Format::Json, false), (Format::Table, true)]);
        let named = Global { output: vec!["-".into()], json: true, ..Global::default() };
        assert_eq!(ui(&named).len(), 1);
        assert_eq!(ui(&named)[0].format, Format::Json);
        let failure = format_of(Path::new("report.doc")).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        let tsv = Global { output: vec!["a.tsv".into()], ..Global::default() };
        assert!(Ui::new(&tsv).outputs(&[Format::Table]).is_err());
    }

    #[test]
    fn quiet_prints_only_what_was_asked_for() {
        let quiet = Global { quiet: true, ..Global::default() };
        assert!(ui(&quiet).is_empty());
        assert_eq!(ui(&Global { json: true, ..quiet }).len(), 1);
        assert_eq!(ui(&Global::default())[0].format, Format::Table);
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        write_file(&path, b"one").unwrap();
        write_file(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(write_file(Path::new("/nonexistent/a.csv"), b"").unwrap_err().exit, Exit::Store);
        assert_eq!(write_file(Path::new("/dev/full"), b"x").unwrap_err().exit, Exit::Store);
    }
}
