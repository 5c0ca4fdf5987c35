//! How a command ends: one of the codes of product 10, and words for a person.

use std::process::ExitCode;

use crate::http::{ClientError, EndpointError, TokenError};
use crate::store::StoreError;

/// An exit code (product 10).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exit {
    /// Done; nothing new is wrong.
    #[default]
    Done,
    /// A gate was missed, or a finding reached `--fail-on`.
    Gate,
    /// Wrong usage, or a question with nobody to ask.
    Usage,
    /// Ran to the end, but this run newly quarantined, refused, held, expired or left unknown something.
    Partial,
    /// Config, token file, URL, certificate, redirect, clock, no input found.
    Config,
    /// TikTok refused the token or permission.
    Token,
    /// Temporary: nothing lost, run again.
    Later,
    /// Another backfill holds the lock.
    Locked,
    /// Store or output.
    Store,
    /// Our fault.
    Bug,
    /// A signal with this number.
    Signal(u8),
}

impl Exit {
    /// The code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Gate => 1,
            Self::Usage => 2,
            Self::Partial => 3,
            Self::Config => 4,
            Self::Token => 5,
            Self::Later => 6,
            Self::Locked => 7,
            Self::Store => 8,
            Self::Bug => 70,
            Self::Signal(number) => 128_u8.saturating_add(number),
        }
    }

    /// How much it matters when several apply: signal > 70 > 8 > 5 > 4 > 6 > 3 > 1 > 0
    /// (reliability 4.1). Usage and lock end a command before anything else can.
    const fn severity(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Gate => 1,
            Self::Partial => 2,
            Self::Later => 3,
            Self::Config => 4,
            Self::Token => 5,
            Self::Store => 6,
            Self::Usage | Self::Locked => 7,
            Self::Bug => 8,
            Self::Signal(_) => 9,
        }
    }

    /// The graver of two.
    #[must_use]
    pub const fn worst(self, other: Self) -> Self {
        if other.severity() > self.severity() { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command could not do its work: `error: …`, then a `hint: …` each. All text is ours or escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// How to end.
    pub exit: Exit,
    /// What happened, to what; a fragment in lower case. May have several lines.
    pub message: String,
    /// What to do next.
    pub hints: Vec<String>,
}

impl Failure {
    /// A failure without hints.
    #[must_use]
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hints: Vec::new() }
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let message = crate::report::escape(&error.to_string()).into_owned();
        match error {
            StoreError::Missing { .. } => Self::new(Exit::Config, format!("database {message}"))
                .hint("import something first: makegood import FILE…; or name the database with --db"),
            StoreError::Busy { .. } => Self::new(Exit::Later, format!("database {message}"))
                .hint("another process is writing; nothing is lost, run again"),
            StoreError::Full { .. } => {
                Self::new(Exit::Store, message).hint("make room; what was committed is safe, run again")
            }
            StoreError::Newer { .. } => Self::new(Exit::Store, message).hint("use the newer makegood"),
            StoreError::NotOurs { .. } => {
                Self::new(Exit::Store, message).hint("name another file with --db; this one was not touched")
            }
            StoreError::Damaged { .. } => Self::new(Exit::Store, message).hint(
                "it was not touched: keep a copy, restore a backup, or import the logs into a new --db",
            ),
            StoreError::Question { .. } => Self::new(Exit::Usage, message)
                .hint("makegood sql --schema lists the tables and their columns"),
            StoreError::Io { .. } => Self::new(Exit::Store, message),
            StoreError::Sqlite { .. } => Self::new(Exit::Store, message)
                .hint("nothing was changed by what failed; makegood doctor looks at the database"),
        }
    }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        Self::new(Exit::Config, error.to_string())
    }
}

impl From<EndpointError> for Failure {
    fn from(error: EndpointError) -> Self {
        Self::new(Exit::Config, format!("--endpoint {error}"))
            .hint("leave --endpoint out to send to TikTok, or name a sandbox such as http://127.0.0.1:8787")
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::new(Exit::Config, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_graver_end_wins() {
        let order = [
            Exit::Done,
            Exit::Gate,
            Exit::Partial,
            Exit::Later,
            Exit::Config,
            Exit::Token,
            Exit::Store,
            Exit::Bug,
            Exit::Signal(15),
        ];
        for (at, low) in order.iter().enumerate() {
            for high in &order[at..] {
                assert_eq!(low.worst(*high), *high);
                assert_eq!(high.worst(*low), *high);
            }
        }
    }

    #[test]
    fn codes_are_those_of_the_contract() {
        assert_eq!(Exit::Partial.code(), 3);
        assert_eq!(Exit::Signal(2).code(), 130);
        assert_eq!(Exit::Signal(15).code(), 143);
        assert_eq!(Exit::Bug.code(), 70);
    }
}
