//! Text that came from a log.

use std::fmt;

/// Text from a log: hostile until a report has escaped it, so it has no `Display`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Untrusted(Box<str>);

impl Untrusted {
    /// Marks text as coming from a log.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The raw text, for comparing, storing and escaping; never for printing as it is.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.0
    }
}

/// Escaped, so that a failing test cannot drive a terminal.
impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &self.0)
    }
}
