//! The whole terminal for one command: taken once, given back on every way out but SIGKILL.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::sync::{Mutex, PoisonError};

use nix::libc;
use nix::sys::signal::{Signal, raise};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use nix::unistd::{Pid, getpgid, getpgrp, getppid, getsid};

use super::exit::Failure;
use super::ui::Ui;

/// The other screen, without cursor, long lines cut at its edge.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[H\x1b[2J";
/// All of it back.
const LEAVE: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";
/// A terminal that does not tell its size.
const SIZE: (u16, u16) = (80, 24);

/// What to give back; a signal's thread and a panic must reach it too.
static TAKEN: Mutex<Option<Taken>> = Mutex::new(None);

struct Taken {
    /// How the terminal took keys, if they come from one.
    keys: Option<Termios>,
}

/// The terminal, while a command has all of it.
#[derive(Debug)]
pub struct Screen {
    /// The lines on it, and its size then.
    shown: Vec<String>,
    size: (u16, u16),
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be written to.
    pub fn take() -> Result<Self, Failure> {
        take()?;
        Ok(Self { shown: Vec::new(), size: size() })
    }

    /// Shows a text from the top and one line at the bottom. Only lines that changed are written; a text
    /// that is too long is cut, and ends with `more`.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be written.
    pub fn show(&mut self, text: &str, more: &str, foot: &str) -> Result<(), Failure> {
        let size = size();
        if size != self.size {
            self.shown.clear();
            self.size = size;
        }
        let lines = layout(text, more, foot, usize::from(size.1));
        let written = difference(&self.shown, &lines);
        self.shown = lines;
        if written.is_empty() { Ok(()) } else { Ui::result(written.as_bytes()) }
    }

    /// Takes the terminal anew, whatever was done to it meanwhile.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be written to.
    pub fn take_again(&mut self) -> Result<(), Failure> {
        self.shown.clear();
        restore();
        take()
    }

    /// Gives the terminal back, stops, and takes it again when told to go on.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be written to.
    pub fn suspend(&mut self) -> Result<(), Failure> {
        if !somebody_can_continue_us() {
            return Ok(());
        }
        restore();
        // It fails only for a signal that does not exist.
        let _ = raise(Signal::SIGSTOP);
        self.take_again()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back as it was, if it was taken.
pub fn restore() {
    let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(Taken { keys }) = taken else { return };
    // Nobody can be told that the terminal is gone.
    if let Some(keys) = keys {
        let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &keys);
    }
    let _ = Ui::result(LEAVE.as_bytes());
}

fn take() -> Result<(), Failure> {
    let stdin = io::stdin();
    let keys = if stdin.is_terminal() { tcgetattr(&stdin).ok() } else { None };
    if let Some(keys) = &keys {
        // A terminal that refuses still shows; its keys then want an Enter.
        let _ = tcsetattr(&stdin, SetArg::TCSANOW, &own_keys(keys));
    }
    *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) = Some(Taken { keys });
    Ui::result(ENTER.as_bytes())
}

/// Keys at once and unseen; a read for them does not wait. Ctrl-\ would dump a core.
fn own_keys(before: &Termios) -> Termios {
    let mut own = before.clone();
    own.local_flags.remove(LocalFlags::ICANON | LocalFlags::ECHO);
    for (place, value) in [(libc::VMIN, 0), (libc::VTIME, 0), (libc::VQUIT, libc::_POSIX_VDISABLE)] {
        if let Some(slot) = own.control_chars.get_mut(place) {
            *slot = value;
        }
    }
    own
}

/// Cells across, and lines.
fn size() -> (u16, u16) {
    terminal_size::terminal_size().map_or(SIZE, |(width, height)| (width.0, height.0))
}

/// Whether a shell waits for us that could let us go on: nobody else can, of a program that has the
/// terminal for itself.
fn somebody_can_continue_us() -> bool {
    let parent: Pid = getppid();
    let is_here = getsid(Some(parent)).is_ok_and(|session| getsid(None).is_ok_and(|own| own == session));
    is_here && getpgid(Some(parent)).is_ok_and(|group| group != getpgrp())
}

/// The lines of a screen of this height.
fn layout(text: &str, more: &str, foot: &str, height: usize) -> Vec<String> {
    let room = height.saturating_sub(1);
    let mut lines: Vec<String> = text.lines().take(room).map(str::to_owned).collect();
    if text.lines().nth(room).is_some()
        && let Some(last) = lines.last_mut()
    {
        more.clone_into(last);
    }
    lines.resize(room, String::new());
    lines.push(foot.to_owned());
    lines
}

/// What turns the lines that are shown into others.
fn difference(shown: &[String], lines: &[String]) -> String {
    let mut written = String::new();
    for (at, line) in lines.iter().enumerate().filter(|(at, line)| shown.get(*at) != Some(*line)) {
        // Cleared first: a line as wide as the screen would lose its last cell to a clearing after it.
        let _ = write!(written, "\x1b[{};1H\x1b[2K{line}", at + 1);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, height: usize) -> Vec<String> {
        layout(text, "more", "keys", height)
    }

    #[test]
    fn the_keys_stay_in_sight_however_long_the_text() {
        assert_eq!(lines("one\ntwo\n", 4), ["one", "two", "", "keys"]);
        assert_eq!(lines("one\ntwo\nthree\n", 4), ["one", "two", "three", "keys"]);
        assert_eq!(lines("one\ntwo\nthree\nfour\n", 4), ["one", "two", "more", "keys"]);
        assert_eq!(lines("one\n", 1), ["keys"]);
    }

    /// What the next test runs on a terminal of its own.
    #[test]
    #[ignore = "ends its process"]
    fn child_that_panics() {
        crate::cli::catch_bugs();
        let _screen = Screen::take().unwrap();
        panic!("on purpose");
    }

    #[test]
    fn a_panic_gives_the_terminal_back() {
        let (mut pty, pts) = pty_process::blocking::open().unwrap();
        let program = pty_process::blocking::Command::new(std::env::current_exe().unwrap());
        let child = ["--exact", "cli::screen::tests::child_that_panics", "--ignored", "--nocapture"];
        let mut child = program.args(child).spawn(pts).unwrap();
        let mut written = Vec::new();
        // A terminal that nobody writes to any more is an error to its reader.
        let _ = std::io::Read::read_to_end(&mut pty, &mut written);
        let written = String::from_utf8(written).unwrap();
        let (_, after) = written.split_once(ENTER).unwrap();
        let (_, after) = after.split_once(LEAVE).unwrap();
        assert!(after.contains("internal error at src/cli/screen.rs"), "{written:?}");
        assert_eq!(child.wait().unwrap().code(), Some(70));
        let modes = tcgetattr(&pty).unwrap().local_flags;
        assert!(modes.contains(LocalFlags::ICANON | LocalFlags::ECHO));
    }

    #[test]
    fn only_what_changed_is_written() {
        let shown = lines("one\ntwo\n", 4);
        assert_eq!(difference(&shown, &shown), "");
        assert_eq!(difference(&shown, &lines("one\n2\n", 4)), "\x1b[2;1H\x1b[2K2");
        assert_eq!(difference(&[], &lines("a", 2)), "\x1b[1;1H\x1b[2Ka\x1b[2;1H\x1b[2Kkeys");
    }
}
