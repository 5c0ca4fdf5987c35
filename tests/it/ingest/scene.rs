//! A folder of logs, and the program that imports them.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::Value as Json;

use crate::faults::scene::{Ended, run};
use crate::program::Place;

pub(super) const NOW: &str = "2026-11-21T12:00:00Z";
/// A time that every test's events may have: 2026-11-20T12:34:56Z.
pub(super) const AT: i64 = 1_795_178_096;
/// How long to wait for what takes a second.
const PATIENCE: Duration = Duration::from_mins(2);

pub(super) struct Logs {
    pub(super) place: Place,
}

impl Logs {
    pub(super) fn new() -> Self {
        Self { place: Place::new() }
    }

    /// A folder with one log, imported; how that ended.
    pub(super) fn with(text: impl AsRef<[u8]>) -> (Self, Ended) {
        let logs = Self::new();
        logs.write("a.jsonl", text);
        let ended = logs.import(&["a.jsonl"]);
        (logs, ended)
    }

    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.place.work.join(name)
    }

    pub(super) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.at(name), bytes).unwrap();
    }

    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.place.makegood();
        command.args(["--now", NOW]).args(args);
        command
    }

    pub(super) fn makegood(&self, args: &[&str]) -> Ended {
        run(&mut self.command(args))
    }

    pub(super) fn import(&self, files: &[&str]) -> Ended {
        self.makegood(&[&["import"], files].concat())
    }

    pub(super) fn db(&self) -> Connection {
        Connection::open(self.at("makegood.db")).unwrap()
    }

    pub(super) fn number(&self, sql: &str) -> i64 {
        self.db().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// The first column of a query, as text.
    pub(super) fn texts(&self, sql: &str) -> Vec<String> {
        let db = self.db();
        let mut statement = db.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// Ids of the events, by the place of their line.
    pub(super) fn ids(&self) -> Vec<String> {
        self.texts("SELECT event_id FROM event ORDER BY source, byte_offset, name")
    }

    /// Where the lines of the events start.
    pub(super) fn offsets(&self) -> Vec<String> {
        self.texts("SELECT cast(byte_offset AS TEXT) FROM event ORDER BY source, byte_offset")
    }

    /// What was told of the lines that could not be used.
    pub(super) fn quarantined(&self) -> Vec<Json> {
        let said = self.makegood(&["events", "--quarantined", "--format", "ndjson"]).with(0, "").stdout;
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// … and why, in the order of the files' lines.
    pub(super) fn reasons(&self) -> Vec<String> {
        self.quarantined().iter().map(|line| line["reason"].as_str().unwrap().to_owned()).collect()
    }

    /// All that can be read out of the database, and how far each file was read.
    pub(super) fn said(&self) -> Vec<String> {
        let say = |args: &[&str]| self.makegood(args).stdout;
        let mut said = vec![
            say(&["events", "--format", "ndjson", "--since", "2015-01-01"]),
            say(&["events", "--quarantined", "--format", "ndjson"]),
            say(&["audit", "--json", "--no-import", "--since", "2015-01-01"]),
        ];
        said.extend(self.texts("SELECT path || ' ' || position || ' ' || prefix FROM source ORDER BY path"));
        said
    }
}

/// A funnel event.
pub(super) fn event(id: &str) -> String {
    format!(r#"{{"event_id":"{id}","event":"page_view","ts":{AT}}}"#)
}

/// Imports these lines as one log, each bad one between two good ones, and fails unless exactly the lines
/// with a reason were told, each with its own reason and place; the others are stored.
pub(super) fn judged(lines: &[(Vec<u8>, &str)]) -> Logs {
    let (mut text, mut want, mut good) = (Vec::new(), BTreeMap::new(), 0);
    for (at, (line, reason)) in lines.iter().enumerate() {
        let offset = text.len();
        if reason.is_empty() {
            good += 1;
        } else {
            want.insert(offset, (line.len(), (*reason).to_owned()));
        }
        text.extend_from_slice(line);
        text.extend_from_slice(format!("\n{}\n", event(&format!("between-{at}"))).as_bytes());
    }
    let (logs, ended) = Logs::with(text);
    let ended = ended.with(if want.is_empty() { 0 } else { 3 }, "");
    let number = |line: &Json, name: &str| usize::try_from(line[name].as_u64().unwrap()).unwrap();
    let told: BTreeMap<usize, (usize, String)> = logs
        .quarantined()
        .iter()
        .map(|line| {
            let reason = line["reason"].as_str().unwrap().to_owned();
            (number(line, "offset"), (number(line, "length"), reason))
        })
        .collect();
    assert_eq!(told, want, "{ended:?}");
    let stored = logs.number("SELECT count(*) FROM event");
    assert_eq!(usize::try_from(stored).unwrap(), lines.len() + good, "{ended:?}");
    logs
}

/// A line of a test, and why it is told; nothing: it is stored.
pub(super) fn line(text: impl AsRef<[u8]>, reason: &'static str) -> (Vec<u8>, &'static str) {
    (text.as_ref().to_vec(), reason)
}

/// A funnel event with further fields.
pub(super) fn event_with(id: &str, fields: &str) -> String {
    format!(r#"{{"event_id":"{id}","event":"payment_succeeded","ts":{AT},{fields}}}"#)
}

/// A funnel event at a time, written as JSON.
pub(super) fn event_at(id: &str, at: &str) -> String {
    format!(r#"{{"event_id":"{id}","event":"page_view","ts":{at}}}"#)
}

/// The most memory a running program has ever had, in KiB; nothing once it has ended.
pub(super) fn peak_kib(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// Waits for a program and returns how it ended and the most memory it had, in KiB.
pub(super) fn watch(mut child: Child) -> (Ended, u64) {
    let (begun, mut peak) = (Instant::now(), 0);
    loop {
        // Until it is the program, what is measured is the test's own memory.
        if is_program(&child) {
            peak = peak.max(peak_kib(&child).unwrap_or(0));
        }
        if child.try_wait().unwrap().is_some() {
            return (child.wait_with_output().unwrap().into(), peak);
        }
        assert!(begun.elapsed() < PATIENCE, "it does not end");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn is_program(child: &Child) -> bool {
    let runs = std::fs::read_link(format!("/proc/{}/exe", child.id()));
    runs.is_ok_and(|runs| runs == std::path::Path::new(env!("CARGO_BIN_EXE_makegood")))
}

pub(super) fn gzip(text: impl AsRef<[u8]>) -> Vec<u8> {
    use std::io::Write as _;
    let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    to.write_all(text.as_ref()).unwrap();
    to.finish().unwrap()
}
