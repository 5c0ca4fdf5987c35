//! The job: views over what was shipped, and the two queries, as one file for `spark-sql`.

use super::{Kind, coverage_sql, missing_sql};
use crate::domain::TimeMs;

/// The rows of a torn line are all NULL, and so is what lacks its key.
const KEYED: &str = "WHERE event_id <> '' AND event <> ''";

/// Where a job reads from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Segments that hosts shipped, under one folder.
    Segments(Place),
    /// Tables of one's own.
    Tables {
        /// A SELECT of `pixel, event, event_id, at_ms, line`: events.
        expected: Select,
        /// The same of receipts that show an acceptance.
        delivered: Select,
    },
}

/// A path or URL that stands in SQL between quotes as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(String);

impl Place {
    /// Takes a path or URL of letters, digits and `/._-=:@+,~`; others might end the quotes or be a pattern.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-=:@+,~".contains(c);
        let text = text.trim_end_matches('/');
        (!text.is_empty() && text.chars().all(is_plain)).then(|| Self(text.to_owned()))
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A path below it.
    #[must_use]
    pub fn join(&self, name: &str) -> Self {
        Self([self.0.as_str(), "/", name].concat())
    }
}

/// One SELECT of a person's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Select(String);

impl Select {
    /// Takes one statement; a line end and a semicolon after it are taken off.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_end_matches(';').trim_end();
        (!text.is_empty() && !text.contains(';')).then(|| Self(text.to_owned()))
    }
}

/// The job that fills `out/missing` with records and `out/coverage` with counts.
///
/// `settled` is now less the grace period; `out/queued` holds the ids that the ledger waits for.
#[must_use]
pub fn job_sql(input: &Input, out: &Place, settled: TimeMs) -> String {
    let mut job = String::new();
    match input {
        Input::Segments(segments) => {
            for kind in Kind::ALL {
                read(&mut job, kind.name(), kind.columns(), &segments.join(kind.name()));
            }
        }
        Input::Tables { expected, delivered } => {
            own(&mut job, "delivered", "pixel, event, event_id, at_ms, line", delivered);
            let columns = "pixel, '' AS pixel_else, event, event_id, '' AS session_id, at_ms, line";
            own(&mut job, "expected", columns, expected);
            none(&mut job, "answered", "pixel, event, event_id, at_ms, line AS class, line");
            none(&mut job, "sessions", "event_id AS session_id, line");
            none(&mut job, "facts", "pixel AS host, at_ms, line");
        }
    }
    read(&mut job, "queued", "event_id STRING", &out.join("queued"));
    write(&mut job, &out.join("missing"), "text", &missing_sql(settled));
    write(&mut job, &out.join("coverage"), "json", &coverage_sql(settled));
    job
}

/// A view of files, with its schema: what an engine guesses differs from file to file.
fn read(job: &mut String, view: &str, columns: &str, from: &Place) {
    let keyed = if columns.contains("event STRING") { KEYED } else { "" };
    for piece in [
        "CREATE OR REPLACE TEMPORARY VIEW ",
        view,
        "_read (",
        columns,
        ") USING json OPTIONS (path '",
        from.as_str(),
        "');\nCREATE OR REPLACE TEMPORARY VIEW ",
        view,
        " AS SELECT * FROM ",
        view,
        "_read ",
        keyed,
        ";\n",
    ] {
        job.push_str(piece);
    }
}

fn own(job: &mut String, view: &str, columns: &str, select: &Select) {
    for piece in [
        "CREATE OR REPLACE TEMPORARY VIEW ",
        view,
        " AS SELECT ",
        columns,
        " FROM (\n",
        &select.0,
        "\n) AS own ",
        KEYED,
        ";\n",
    ] {
        job.push_str(piece);
    }
}

/// A view without rows.
fn none(job: &mut String, view: &str, columns: &str) {
    for piece in
        ["CREATE OR REPLACE TEMPORARY VIEW ", view, " AS SELECT ", columns, " FROM delivered WHERE 1 = 0;\n"]
    {
        job.push_str(piece);
    }
}

fn write(job: &mut String, to: &Place, format: &str, query: &str) {
    for piece in ["INSERT OVERWRITE DIRECTORY '", to.as_str(), "' USING ", format, "\n", query, ";\n"] {
        job.push_str(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_end_the_quotes_is_no_place() {
        for bad in ["", "/", "a'b", "a\"b", "a b", "a;b", "a\\b", "a*b", "a{b}", "a\nb", "ä"] {
            assert!(Place::parse(bad).is_none(), "{bad}");
        }
        let place = Place::parse("s3a://bucket/dt=2026-11-20/").unwrap();
        assert_eq!(place.join("x").as_str(), "s3a://bucket/dt=2026-11-20/x");
    }

    #[test]
    fn a_select_is_one_statement() {
        assert_eq!(Select::parse(" SELECT 1;\n").unwrap().0, "SELECT 1");
        assert!(Select::parse("SELECT 1; DROP TABLE x").is_none() && Select::parse(" ; ").is_none());
    }

    #[test]
    fn a_job_reads_every_kind_and_writes_both_answers() {
        let place = |text: &str| Place::parse(text).unwrap();
        let job = job_sql(&Input::Segments(place("/lake")), &place("/out/run-1"), TimeMs::from_ms(77));
        for kind in Kind::ALL {
            let path = format!("OPTIONS (path '/lake/{}')", kind.name());
            assert_eq!(job.matches(&path).count(), 1, "{job}");
        }
        assert!(
            job.contains("VIEW queued_read (event_id STRING) USING json OPTIONS (path '/out/run-1/queued')")
        );
        assert!(
            job.contains(
                "VIEW expected AS SELECT * FROM expected_read WHERE event_id <> '' AND event <> '';"
            )
        );
        assert!(job.contains("INSERT OVERWRITE DIRECTORY '/out/run-1/missing' USING text\n"));
        assert!(job.contains("INSERT OVERWRITE DIRECTORY '/out/run-1/coverage' USING json\n"));
        assert_eq!(job.matches("SELECT 77 AS at_ms").count(), 2);
        // A quote in a comment would swallow what follows in engines that split by hand.
        let comments = job.lines().filter(|line| line.trim_start().starts_with("--"));
        assert!(comments.clone().count() > 3 && comments.into_iter().all(|line| !line.contains(['\'', ';'])));
    }
}
