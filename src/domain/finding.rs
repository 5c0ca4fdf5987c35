//! Something the audit noticed.

/// How much a finding matters. The order is the order of display.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Conversions are lost, counted twice, or the law is at stake.
    High,
    /// Matching suffers, or something will soon be lost.
    Medium,
    /// Worth knowing.
    Low,
    /// Explains a number; nothing to do.
    Info,
}

impl Severity {
    /// The word that outputs use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
        }
    }
}

/// Something the audit noticed: what, how often, how bad, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Stable kebab-case code, listed in `docs/findings.md`.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// How many events it concerns.
    pub events: u64,
    /// One plain sentence with the counts of this data.
    pub summary: String,
    /// What shows it: further sentences, each with counts.
    pub evidence: Vec<String>,
    /// What to change, in one or two sentences.
    pub fix: String,
    /// The command to run next.
    pub fix_command: String,
}
