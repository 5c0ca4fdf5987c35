//! The picture: drawn when something happens, held still, or put away for a story.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::happening::Happening;
use super::look::Seen;
use crate::cli::Context;
use crate::cli::exit::Failure;
use crate::cli::notes::Notes;
use crate::cli::screen::Screen;
use crate::cli::ui::{Output, Ui};
use crate::domain::TimeMs;
use crate::report::{self, Came, Picture};
use crate::store::Store;

use super::super::explain;

/// The time on the picture is at most this old.
const DRAW_EVERY: Duration = Duration::from_secs(1);

const KEYS: &str = "q quit · space pause · e explain";
const PAUSED: &str = "paused · space goes on · q quit";
const BACK: &str = "e back · q quit";

enum Mode {
    Live,
    Paused,
    /// The story of a problem.
    Told(String),
}

/// The live picture.
pub(super) struct Live<'w> {
    context: Context<'w>,
    output: &'w Output,
    store: &'w Store,
    began: (TimeMs, Came),
    seen: Box<Seen>,
    /// What was seen while the picture stood still.
    next: Option<Box<Seen>>,
    mode: Mode,
    notes: Notes,
}

impl<'w> Live<'w> {
    /// Begins with the first look.
    pub(super) fn new(
        context: Context<'w>,
        output: &'w Output,
        store: &'w Store,
        first: Seen,
        notes: Notes,
    ) -> Self {
        let began = (context.now, first.came);
        Self { context, output, store, began, seen: Box::new(first), next: None, mode: Mode::Live, notes }
    }

    /// Draws until somebody has seen enough. A terminal that is gone is somebody who has.
    ///
    /// # Errors
    /// [`Failure`] when the database cannot be read, or what came as one.
    pub(super) fn go_on(
        &mut self,
        screen: &mut Screen,
        happenings: &Receiver<Happening>,
    ) -> Result<(), Failure> {
        loop {
            let (text, more, foot) = self.text();
            let ui = &self.context.ui;
            if screen.show(&ui.drawn(&text), &ui.drawn(&more), &ui.drawn(foot)).is_err() {
                return Ok(());
            }
            match happenings.recv_timeout(DRAW_EVERY) {
                Ok(Happening::Keys(keys)) => {
                    if self.press(&keys)? {
                        return Ok(());
                    }
                }
                Ok(Happening::Seen(seen)) => match self.mode {
                    Mode::Live => self.seen = seen,
                    Mode::Paused | Mode::Told(_) => self.next = Some(seen),
                },
                Ok(Happening::Failed(failure)) => return Err(failure),
                Ok(Happening::Suspended) => screen.suspend()?,
                Ok(Happening::Continued) => screen.take_again()?,
                Ok(Happening::Resized) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Happening::Stopped) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    /// What is shown: the text, its last line if it is too long, and the keys.
    fn text(&mut self) -> (String, String, &'static str) {
        let view = Ui::view(self.context.settings.zone, self.output);
        let foot = match &self.mode {
            Mode::Told(story) => {
                let more = "… makegood explain shows the rest".to_owned();
                return (story.clone(), more, BACK);
            }
            Mode::Live => {
                self.seen.status.now = self.context.clock.now();
                KEYS
            }
            Mode::Paused => PAUSED,
        };
        let (began, before) = self.began;
        let notes = self.notes.newest();
        let picture: Picture<'_> = self.seen.picture(Some((began, before)), &notes);
        (report::picture(&picture, &view), "…".to_owned(), foot)
    }

    /// Does what keys ask for; `true` to end.
    fn press(&mut self, keys: &[u8]) -> Result<bool, Failure> {
        for key in letters(keys) {
            match (key, &self.mode) {
                (b'q' | b'Q', _) => return Ok(true),
                (b'e', Mode::Told(_)) | (b' ', Mode::Told(_) | Mode::Paused) => {
                    self.mode = Mode::Live;
                    if let Some(next) = self.next.take() {
                        self.seen = next;
                    }
                }
                (b' ', Mode::Live) => self.mode = Mode::Paused,
                (b'e', Mode::Live | Mode::Paused) => self.mode = Mode::Told(self.story()?),
                (_, _) => {}
            }
        }
        Ok(false)
    }

    /// The story of the newest problem.
    fn story(&mut self) -> Result<String, Failure> {
        let Some(problem) = &self.seen.last_problem else {
            return Ok("No problem: every event that is due has an accepted server copy.\n".to_owned());
        };
        let Some(group) = self.store.group(&problem.id)? else {
            return Ok("The event is no longer stored.\n".to_owned());
        };
        self.context.now = self.context.clock.now();
        let view = Ui::view(self.context.settings.zone, self.output);
        Ok(report::story(&explain::tell(&self.context, self.store, group)?, &view))
    }
}

/// The keys that send one byte. An arrow or the like sends ESC, `[` or `O`, and goes on until a letter.
fn letters(keys: &[u8]) -> Vec<u8> {
    let mut letters = Vec::new();
    let mut rest = keys.iter().copied().peekable();
    while let Some(key) = rest.next() {
        if key != b'\x1b' {
            letters.push(key);
        } else if rest.next_if(|next| matches!(next, b'[' | b'O')).is_some() {
            rest.by_ref().find(|byte| matches!(byte, b'@'..=b'~'));
        }
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_of_one_byte_are_ours() {
        assert_eq!(letters(b"q e"), b"q e");
        assert_eq!(letters(b"\x1b[A \x1bOB\x1b[1;5Ce\x1b"), b" e");
    }
}
