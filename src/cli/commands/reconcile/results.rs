//! What an engine wrote: counts, and records for the ordinary import.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use serde::Deserialize;

use crate::cli::exit::{Exit, Failure};
use crate::domain::{ClusterCoverage, CoverageRow, TimeMs};
use crate::report::escape;

/// What an engine leaves when it has written all of an answer.
const WHOLE: &str = "_SUCCESS";
/// A day has few events and pixels; more rows than this are no coverage.
const ROWS_MAX: usize = 1_000_000;
/// A row is a few hundred bytes.
const ROW_BYTES_MAX: u64 = 64 << 10;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A row of the counts.
#[derive(Deserialize)]
struct Wire {
    day_ms: i64,
    #[serde(default)]
    pixel: Box<str>,
    event: Box<str>,
    expected: u64,
    delivered: u64,
    missing: u64,
    newest_ms: i64,
    settled_ms: i64,
    hosts: u64,
}

/// Both answers of a job, whole.
pub struct Results {
    /// The files with records.
    pub missing: Vec<PathBuf>,
    /// The counts.
    pub coverage: ClusterCoverage,
}

/// Finds the answers below a folder; `at` is when the run began.
///
/// # Errors
/// [`Failure`] when one of them is not whole, or is not an answer to our question.
pub fn read(folder: &Path, at: TimeMs, settled: TimeMs) -> Result<Results, Failure> {
    let missing = parts(&folder.join("missing"))?;
    let mut coverage = ClusterCoverage { at, settled, hosts: 0, rows: Vec::new() };
    for part in parts(&folder.join("coverage"))? {
        let why = match rows(&part, &mut coverage) {
            Ok(None) => continue,
            Ok(Some(line)) => format!("line {line} is not a count of ours"),
            Err(error) => error.kind().to_string(),
        };
        return Err(Failure::new(Exit::Config, format!("{}: {why}", shown(&part)))
            .hint("nothing was imported; is this what the job wrote?"));
    }
    coverage.rows.sort_by(|a, b| (a.day, &a.pixel, &a.event).cmp(&(b.day, &b.pixel, &b.event)));
    Ok(Results { missing, coverage })
}

/// The part files of an answer that is whole.
fn parts(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !folder.join(WHOLE).is_file() {
        return Err(Failure::new(
            Exit::Later,
            format!("{}: has no {WHOLE}, so it is not whole", shown(folder)),
        )
        .hint("nothing was imported; run the job again, and see what the engine says"));
    }
    let read = fs::read_dir(folder).and_then(|entries| {
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()
    });
    let mut parts =
        read.map_err(|error| Failure::new(Exit::Store, format!("{}: {}", shown(folder), error.kind())))?;
    let is_part = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("part-")) && path.is_file()
    };
    parts.retain(is_part);
    parts.sort();
    Ok(parts)
}

/// Adds the rows of a file; says which line is none.
fn rows(path: &Path, to: &mut ClusterCoverage) -> std::io::Result<Option<usize>> {
    let mut file = BufReader::new(File::open(path)?);
    let packed = file.fill_buf()?.starts_with(&GZIP);
    let text: Box<dyn Read> = if packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut text = BufReader::new(text);
    for number in 1.. {
        let mut line = Vec::new();
        if text.by_ref().take(ROW_BYTES_MAX).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let row = serde_json::from_slice::<Wire>(&line).ok().filter(Wire::adds_up);
        let Some(row) = row.filter(|_| to.rows.len() < ROWS_MAX) else { return Ok(Some(number)) };
        (to.settled, to.hosts) = (TimeMs::from_ms(row.settled_ms), row.hosts);
        to.rows.push(CoverageRow {
            day: TimeMs::from_ms(row.day_ms),
            pixel: row.pixel,
            event: row.event,
            expected: row.expected,
            delivered: row.delivered,
            newest: (row.newest_ms > 0).then(|| TimeMs::from_ms(row.newest_ms)),
        });
    }
    Ok(None)
}

impl Wire {
    fn adds_up(&self) -> bool {
        let is_time = |ms| TimeMs::from_ms(ms).is_plausible();
        self.delivered.checked_add(self.missing) == Some(self.expected)
            && i64::try_from(self.expected).is_ok()
            && is_time(self.day_ms)
            && is_time(self.settled_ms)
            && (self.newest_ms == 0 || is_time(self.newest_ms))
    }
}

fn shown(path: &Path) -> String {
    escape(&path.display().to_string()).into_owned()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const ROW: &str = r#"{"day_ms":1795132800000,"pixel":"P","event":"Lead","expected":3,"delivered":2,"missing":1,"newest_ms":1795132800005,"settled_ms":1795132900000,"hosts":2}"#;

    fn answers(coverage: &[u8]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in ["missing", "coverage"] {
            fs::create_dir(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name).join(WHOLE), "").unwrap();
        }
        fs::write(folder.path().join("coverage/part-0"), coverage).unwrap();
        folder
    }

    fn read_back(folder: &Path) -> Result<Results, Failure> {
        let at = TimeMs::from_ms(1_795_133_000_000);
        read(folder, at, at)
    }

    #[test]
    fn plain_or_packed_the_counts_are_the_same() {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(ROW.as_bytes()).unwrap();
        let plain = read_back(answers(ROW.as_bytes()).path()).unwrap().coverage;
        assert_eq!(plain, read_back(answers(&packed.finish().unwrap()).path()).unwrap().coverage);
        assert_eq!((plain.hosts, plain.rows.len(), plain.rows[0].expected), (2, 1, 3));
    }

    #[test]
    fn what_does_not_add_up_is_refused() {
        for (from, to) in [
            ("\"missing\":1", "\"missing\":2"),
            ("1795132800000", "5"),
            ("\"hosts\":2", "\"hosts\":-2"),
            ("{", ""),
        ] {
            let failure = read_back(answers(ROW.replacen(from, to, 1).as_bytes()).path()).err().unwrap();
            assert!(failure.message.contains("line 1 is not a count of ours"), "{}", failure.message);
        }
    }

    #[test]
    fn an_answer_without_its_mark_is_not_whole() {
        for name in ["missing", "coverage"] {
            let folder = answers(ROW.as_bytes());
            fs::remove_file(folder.path().join(name).join(WHOLE)).unwrap();
            assert!(read_back(folder.path()).err().unwrap().message.contains("has no _SUCCESS"));
        }
    }
}
