//! The answer to the last question of a kind: neighbouring lines mostly ask the same.

/// Remembers one question and its answer.
pub(super) struct Last<T> {
    asked: String,
    answer: Option<T>,
}

impl<T> Default for Last<T> {
    fn default() -> Self {
        Self { asked: String::new(), answer: None }
    }
}

impl<T: Copy> Last<T> {
    /// The answer, found out anew only if the question is another one.
    pub(super) fn of(&mut self, asked: &str, answer: impl FnOnce(&str) -> T) -> T {
        match self.answer {
            Some(known) if self.asked == asked => known,
            _ => {
                self.asked.clear();
                self.asked.push_str(asked);
                *self.answer.insert(answer(asked))
            }
        }
    }
}
