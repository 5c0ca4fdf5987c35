//! A terminal with the program on it: what it wrote, and what stands on the screen.

use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::os::fd::AsFd as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::Pid;
use pty_process::Size;
use pty_process::blocking::{Command as OnPty, Pty, open};

/// How long to wait for what takes a second.
const PATIENCE: Duration = Duration::from_mins(2);
/// Lines that scrolled out of sight and are kept.
const SCROLLED_MAX: usize = 10_000;

/// What was written, and the screen that it makes.
struct Shown {
    parser: vt100::Parser,
    raw: Vec<u8>,
    is_over: bool,
}

/// A terminal.
pub struct Terminal {
    child: Child,
    pty: Arc<Pty>,
    shown: Arc<(Mutex<Shown>, Condvar)>,
    reader: Option<JoinHandle<()>>,
}

fn cells(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).unwrap()
}

impl Terminal {
    /// Starts a command on a terminal so many cells wide and lines high.
    pub fn start(command: impl Into<OnPty>, (width, height): (u16, u16)) -> Self {
        let (pty, pts) = open().unwrap();
        pty.resize(Size::new(height, width)).unwrap();
        let child = command.into().spawn(pts).unwrap();
        let parser = vt100::Parser::new(cells(height), cells(width), SCROLLED_MAX);
        let shown = Arc::new((Mutex::new(Shown { parser, raw: Vec::new(), is_over: false }), Condvar::new()));
        let pty = Arc::new(pty);
        let (reading, telling) = (Arc::clone(&pty), Arc::clone(&shown));
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                // A terminal that nobody writes to any more is an error to its reader.
                let read = (&*reading).read(&mut bytes).unwrap_or(0);
                let mut shown = telling.0.lock().unwrap();
                shown.parser.process(&bytes[..read]);
                shown.raw.extend_from_slice(&bytes[..read]);
                shown.is_over = read == 0;
                telling.1.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
        Self { child, pty, shown, reader: Some(reader) }
    }

    /// Waits until the screen is as wanted.
    #[track_caller]
    pub fn wait_for(&self, what: &str, is_so: impl Fn(&vt100::Screen) -> bool) {
        let shown = self.shown.0.lock().unwrap();
        let until = |shown: &mut Shown| !is_so(shown.parser.screen()) && !shown.is_over;
        let (shown, _) = self.shown.1.wait_timeout_while(shown, PATIENCE, until).unwrap();
        assert!(is_so(shown.parser.screen()), "no {what}:\n{}", shown.parser.screen().contents());
    }

    /// Waits until a text stands on the screen.
    #[track_caller]
    pub fn wait_for_text(&self, text: &str) {
        self.wait_for(text, |screen| screen.contents().contains(text));
    }

    /// The lines on the screen.
    pub fn lines(&self) -> Vec<String> {
        let shown = self.shown.0.lock().unwrap();
        let width = shown.parser.screen().size().1.get();
        shown.parser.screen().rows(0, width).map(|row| row.trim_end().to_owned()).collect()
    }

    /// Presses keys.
    pub fn press(&self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).unwrap();
    }

    /// Makes the window another size.
    pub fn resize(&self, (width, height): (u16, u16)) {
        self.shown.0.lock().unwrap().parser.set_size(cells(height), cells(width));
        self.pty.resize(Size::new(height, width)).unwrap();
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// Whether the terminal shows what is typed and hands it on by lines, as shells want it.
    pub fn takes_lines(&self) -> bool {
        let modes = tcgetattr(self.pty.as_fd()).unwrap().local_flags;
        modes.contains(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG)
    }

    /// Whether a program has the other screen or has hidden the cursor.
    pub fn is_taken(screen: &vt100::Screen) -> bool {
        screen.alternate_screen() || screen.hide_cursor()
    }

    /// Waits for the program to end: its code, 128 and its number after a signal, and all that was written.
    pub fn end(mut self) -> (i32, String) {
        let status = self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        let shown = self.shown.0.lock().unwrap();
        assert!(!Self::is_taken(shown.parser.screen()), "the terminal was not given back");
        let code = status.code().or(status.signal().map(|number| 128 + number)).unwrap();
        (code, String::from_utf8(shown.raw.clone()).unwrap())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
