//! What is said while a command has the whole screen: kept, and shown as part of it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// The newest notes; older ones are gone.
const KEPT_MAX: usize = 3;

/// What was said last.
#[derive(Clone, Debug, Default)]
pub struct Notes(Arc<Mutex<VecDeque<String>>>);

impl Notes {
    /// Notes something down; a note that is there already moves to the end.
    pub fn add(&self, note: String) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.retain(|known| *known != note);
        notes.push_back(note);
        if notes.len() > KEPT_MAX {
            notes.pop_front();
        }
    }

    /// All that is kept, the newest last.
    #[must_use]
    pub fn newest(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_and_none_twice() {
        let notes = Notes::default();
        for note in ["a", "b", "c", "b", "d"] {
            notes.add(note.to_owned());
        }
        assert_eq!(notes.newest(), ["c", "b", "d"]);
    }
}
