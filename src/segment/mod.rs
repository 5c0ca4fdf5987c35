//! What leaves a host, and the set work past one machine as one SQL text for SQLite and a cluster.
//!
//! [`Shipper`] makes rows of segments: normalised, hashed, and already decided as far as one host can.
//! The two questions only anti-join and count: what an event is, whether it is TikTok's and what an
//! answer means was decided before, and whether a missing event may be sent is decided after.

use crate::domain::TimeMs;

mod job;
mod line;
mod shipper;

#[cfg(test)]
mod tests;

pub use job::{Input, Place, Select, job_sql};
pub use shipper::Shipper;

const MISSING: &str = include_str!("missing.sql");
const COVERAGE: &str = include_str!("coverage.sql");

/// What a row of a segment is. Each kind lies in a folder of its own, and is a view of the queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An event that is not excluded.
    Expected,
    /// A receipt that shows an acceptance.
    Delivered,
    /// Any other receipt: refused, unknown, of a test, of the browser.
    Answered,
    /// What all records of a session say on this host.
    Sessions,
    /// What the host's logs hold as a whole, and how far it has shipped.
    Facts,
}

impl Kind {
    /// All kinds, in the order of display.
    pub const ALL: [Self; 5] = [Self::Expected, Self::Delivered, Self::Answered, Self::Sessions, Self::Facts];

    /// The folder's and the view's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expected => "expected",
            Self::Delivered => "delivered",
            Self::Answered => "answered",
            Self::Sessions => "sessions",
            Self::Facts => "facts",
        }
    }

    /// The columns, each with its type in Spark's words.
    #[must_use]
    pub const fn columns(self) -> &'static str {
        match self {
            Self::Expected => {
                "pixel STRING, pixel_else STRING, event STRING, event_id STRING, session_id STRING, \
                 at_ms BIGINT, line STRING"
            }
            Self::Delivered => "pixel STRING, event STRING, event_id STRING, at_ms BIGINT, line STRING",
            Self::Answered => {
                "pixel STRING, event STRING, event_id STRING, at_ms BIGINT, class STRING, line STRING"
            }
            Self::Sessions => "session_id STRING, line STRING",
            Self::Facts => "host STRING, at_ms BIGINT, line STRING",
        }
    }
}

/// A row of a segment.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// What it is.
    pub kind: Kind,
    /// The time it is filed under.
    pub at: TimeMs,
    /// The row, as JSON without a line end.
    pub json: String,
}

/// Its kind and time; it holds an address.
impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Row({} at {})", self.kind.name(), self.at.as_ms())
    }
}

/// The query for every record that missing events need to be judged and sent, one `line` each.
///
/// Events after `settled` (now less the grace period) are waiting. Only its integer enters the text.
#[must_use]
pub fn missing_sql(settled: TimeMs) -> String {
    with_cutoff(MISSING, settled)
}

/// The query for expected, delivered and missing keys per day (UTC, `day_ms`), pixel and event.
///
/// It holds over the union of all hosts alone: a delivery may be logged on another host than its event,
/// so the answers of single hosts must not be added up.
#[must_use]
pub fn coverage_sql(settled: TimeMs) -> String {
    with_cutoff(COVERAGE, settled)
}

fn with_cutoff(sql: &str, settled: TimeMs) -> String {
    sql.replace("$1", &settled.as_ms().to_string())
}
