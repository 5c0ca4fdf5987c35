//! The only printer: results on stdout or into files, talk on stderr, one question, one progress bar.

use std::ffi::OsStr;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use crate::report::{Format, Ink, View, Zone, ascii, escape};

use super::args::{Color, Global};
use super::exit::{Exit, Failure};
use super::notes::Notes;
use super::output::{OUTPUT_AGAIN, Target, allowed, format_of, is_stdout, write_file};
use super::pager;
use super::settings::Environment;

pub use super::output::Output;
pub use super::progress::{Progress, Unit};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default();

/// The terminal, as the options want it.
#[derive(Clone, Debug)]
pub struct Ui {
    quiet: bool,
    verbose: bool,
    no_input: bool,
    color: ColorChoice,
    /// Of what stdout shows.
    ink: Ink,
    format: Option<Format>,
    files: Vec<PathBuf>,
    glyphs: Glyphs,
    terminal: Terminal,
    /// What long lists are shown in.
    pager: Option<String>,
    /// Where talk goes while a command has the whole screen.
    notes: Option<Notes>,
}

/// What a terminal can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Terminal {
    /// Lines can be drawn over.
    Full,
    /// It only prints.
    Dumb,
}

/// The characters that a terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Glyphs {
    All,
    Ascii,
}

impl Ui {
    /// The terminal, as the options want it.
    #[must_use]
    pub fn new(global: &Global, environment: &Environment) -> Self {
        let is_dumb = environment.get("TERM") == Some(OsStr::new("dumb"));
        let terminal = if is_dumb { Terminal::Dumb } else { Terminal::Full };
        let choice = |auto: ColorChoice| match global.color {
            Color::Auto => auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        let pages = !global.no_pager && !is_dumb && io::stdout().is_terminal();
        Self {
            quiet: global.quiet,
            verbose: global.verbose,
            no_input: global.no_input,
            color: choice(AutoStream::choice(&io::stderr())),
            ink: match choice(AutoStream::choice(&io::stdout())) {
                ColorChoice::Never => Ink::Plain,
                ColorChoice::Auto | ColorChoice::Always | ColorChoice::AlwaysAnsi => Ink::Coloured,
            },
            format: if global.json { Some(Format::Json) } else { global.format },
            files: global.output.clone(),
            glyphs: if global.ascii { Glyphs::Ascii } else { Glyphs::All },
            terminal,
            pager: if pages { pager::wanted(global.pager.as_deref(), environment) } else { None },
            notes: None,
        }
    }

    /// The same, but what it says is noted down, and no progress is shown.
    #[must_use]
    pub fn noting(&self, notes: Notes) -> Self {
        Self { notes: Some(notes), ..self.clone() }
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
            outputs.push(Output {
                format: allowed(format, known)?,
                target: Target::File(path.clone()),
                ink: Ink::Plain,
            });
        }
        let stdout = |format| Output { format, target: Target::Stdout, ink: self.ink };
        match self.format {
            Some(format) => outputs.push(stdout(allowed(format, known)?)),
            None if self.files.iter().any(|path| is_stdout(path)) => outputs.push(stdout(Format::Table)),
            None if outputs.is_empty() && !self.quiet => outputs.push(stdout(Format::Table)),
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
        View { zone, width, ink: output.ink }
    }

    /// Whether the terminal can be drawn on: the whole of it, again and again.
    #[must_use]
    pub fn can_draw(&self) -> bool {
        self.terminal == Terminal::Full && io::stdout().is_terminal()
    }

    /// What people look at, with the characters that their terminal has.
    #[must_use]
    pub fn drawn(&self, text: &str) -> String {
        match self.glyphs {
            Glyphs::All => text.to_owned(),
            Glyphs::Ascii => ascii(text),
        }
    }

    /// Writes an output.
    ///
    /// # Errors
    /// [`Failure`] with code 8 when it cannot be written; a reader that went away is no failure.
    pub fn write(&self, output: &Output, bytes: &[u8]) -> Result<(), Failure> {
        let drawn = self.in_ascii(output, bytes);
        let bytes = drawn.as_deref().map_or(bytes, str::as_bytes);
        match &output.target {
            Target::Stdout => Self::result(bytes),
            Target::File(path) => {
                write_file(path, bytes)?;
                self.talk(&format!("wrote {}", escape(&path.display().to_string())));
                Ok(())
            }
        }
    }

    /// Writes an output that may be long: on a terminal that it does not fit on, in a pager.
    ///
    /// # Errors
    /// Those of [`Ui::write`].
    pub fn page(&self, output: &Output, bytes: &[u8]) -> Result<(), Failure> {
        if let (Some(pager), Format::Table, Target::Stdout) = (&self.pager, output.format, &output.target) {
            let lines = bytes.split(|byte| *byte == b'\n').count();
            let height = terminal_size::terminal_size().map_or(usize::MAX, |(_, height)| height.0.into());
            let drawn = self.in_ascii(output, bytes);
            if lines > height && pager::show(pager, drawn.as_deref().map_or(bytes, str::as_bytes)) {
                return Ok(());
            }
        }
        self.write(output, bytes)
    }

    /// What people look at, where their terminal has no more.
    fn in_ascii(&self, output: &Output, bytes: &[u8]) -> Option<String> {
        let is_looked_at = self.glyphs == Glyphs::Ascii && output.format == Format::Table;
        is_looked_at.then(|| self.drawn(&String::from_utf8_lossy(bytes)))
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

    /// Says something on stderr, unless told to be quiet or while a command has the screen.
    pub fn talk(&self, text: &str) {
        if !self.quiet && self.notes.is_none() {
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
        let text = self.drawn(text);
        if let Some(notes) = &self.notes {
            notes.add(label.map_or_else(|| text.clone(), |(word, _)| format!("{word}: {text}")));
            return;
        }
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
        let is_drawn = self.terminal == Terminal::Full && io::stderr().is_terminal();
        let shown = is_drawn && !self.quiet && self.notes.is_none();
        Progress::new(unit, shown)
    }
}

/// Prints what clap has to say: help and version on stdout, mistakes on stderr. A mistake may stand in
/// a variable that nobody thinks of.
pub fn clap_message(message: &clap::Error, variables: &[&str]) {
    let _ = message.print();
    if message.use_stderr() && !variables.is_empty() {
        let _ = writeln!(io::stderr(), "Set in the environment: {}", variables.join(", "));
    }
}

/// What is said when the program itself is wrong. The panic's own words may quote a log line, so
/// only its place is shown.
pub fn bug(place: &str) {
    let version = env!("CARGO_PKG_VERSION");
    let hint = "hint: this is a bug; what was committed is safe. Please report the line above";
    let _ = writeln!(io::stderr(), "error: internal error at {place} (makegood {version})\n{hint}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nobodys() -> Environment {
        Environment::of([])
    }

    fn ui(global: &Global) -> Vec<Output> {
        Ui::new(global, &nobodys()).outputs(&[Format::Table, Format::Json, Format::Csv]).unwrap()
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
        let failure = format_of(std::path::Path::new("report.doc")).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        let tsv = Global { output: vec!["a.tsv".into()], ..Global::default() };
        assert!(Ui::new(&tsv, &nobodys()).outputs(&[Format::Table]).is_err());
    }

    #[test]
    fn quiet_prints_only_what_was_asked_for() {
        let quiet = Global { quiet: true, ..Global::default() };
        assert!(ui(&quiet).is_empty());
        assert_eq!(ui(&Global { json: true, ..quiet }).len(), 1);
        assert_eq!(ui(&Global::default())[0].format, Format::Table);
    }
}
