//! Tests of the room as a whole: files go in, and a store made of maps keeps what comes out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::*;
use crate::domain::{FileId, LINE_BYTES_MAX, Leg, LogLimits, Reason, TimeMs};

mod bad_input;
mod copies;
mod positions;
mod receipts;
mod samples;

type Told = (String, u64, [u8; 32]);

/// What a database would hold: rows by key, quarantined lines by place, one cursor per file.
#[derive(Default)]
struct Store {
    events: BTreeMap<(String, String), (FileId, u64)>,
    receipts: BTreeSet<(String, String, Leg, Option<TimeMs>)>,
    /// By inode, first line and offset: reason, length, hash.
    quarantined: BTreeMap<(u64, u64, u64), Told>,
    cursors: Vec<Cursor>,
    batches: usize,
}

impl Store {
    fn commit(&mut self, batch: &Batch) {
        self.batches += 1;
        let term = |term: crate::domain::Term| batch.terms[usize::try_from(term.0).unwrap()].1.to_string();
        let file = |cursor: u32| batch.cursors[usize::try_from(cursor).unwrap()].file;
        for event in &batch.events {
            let key = (event.id.to_string(), term(event.name));
            self.events.entry(key).or_insert((file(event.cursor), event.offset));
        }
        for receipt in &batch.receipts {
            self.receipts.insert((receipt.id.to_string(), term(receipt.name), receipt.leg, receipt.at));
        }
        for line in &batch.quarantined {
            let place = file(line.cursor);
            let key = (place.ino, place.head, line.offset);
            self.quarantined.insert(key, (line.reason.code().to_owned(), line.length, line.sha256));
        }
        for cursor in &batch.cursors {
            assert!(cursor.position > 0 || cursor.problem.is_some() || cursor.file.dev == 0);
            self.cursors.retain(|known| known.file != cursor.file);
            self.cursors.push(cursor.clone());
        }
    }

    fn import(&mut self, paths: &[&Path]) -> Vec<FileReport> {
        self.import_within(paths, LogLimits::default())
    }

    fn import_within(&mut self, paths: &[&Path], limits: LogLimits) -> Vec<FileReport> {
        let inputs: Vec<Input> = paths
            .iter()
            .map(|path| Input { path: Some(path.to_path_buf()), open: None, assume_tz: None })
            .collect();
        let cursors = self.cursors.clone();
        let mut take = |handed: Handed| {
            if let Handed::Batch(batch) = handed {
                self.commit(&batch);
            }
            Ok::<(), ()>(())
        };
        let policy = Policy { limits, ..Policy::default() };
        import(&inputs, &cursors, &policy, &mut |_| {}, &mut take).unwrap()
    }

    fn reasons(&self) -> Vec<&str> {
        self.quarantined.values().map(|(reason, ..)| reason.as_str()).collect()
    }

    fn ids(&self) -> Vec<&str> {
        self.events.keys().map(|(id, _)| id.as_str()).collect()
    }
}

/// A funnel event with this id.
fn event(id: impl std::fmt::Display) -> String {
    format!(r#"{{"event_id":"{id}","event":"page_view","occurred_at":"2026-11-20T12:34:56Z"}}"#)
}

fn lines(ids: impl IntoIterator<Item = usize>) -> String {
    ids.into_iter().map(|id| event(format!("{id:05}")) + "\n").collect()
}

/// A folder with files to import.
struct Dir(tempfile::TempDir);

impl Dir {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        fs::write(self.at(name), bytes).unwrap();
        self.at(name)
    }

    fn append(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::OpenOptions::new().append(true).open(self.at(name)).unwrap().write_all(bytes.as_ref()).unwrap();
    }
}

fn gzip(text: impl AsRef<[u8]>) -> Vec<u8> {
    let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    to.write_all(text.as_ref()).unwrap();
    to.finish().unwrap()
}

/// Parses lines as one file, and returns the one batch.
fn batch_of(text: impl AsRef<[u8]>, policy: &Policy) -> Batch {
    let dir = Dir::new();
    let input = Input { path: Some(dir.write("log", text)), open: None, assume_tz: None };
    let mut batches = Vec::new();
    let mut take = |handed: Handed| {
        batches.extend(handed.batch());
        Ok::<(), ()>(())
    };
    import(&[input], &[], policy, &mut |_| {}, &mut take).unwrap();
    assert!(batches.len() <= 1);
    batches.pop().unwrap_or_default()
}

#[test]
fn the_logs_at_hand_are_read_whole() {
    #[expect(clippy::disallowed_methods, reason = "a test says where its outside data lies")]
    let dir =
        std::env::var_os("MAKEGOOD_DATA").map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from);
    let (funnel, delivery) = (dir.join("funnel-2k.jsonl.gz"), dir.join("delivery-2k.jsonl.gz"));
    if !funnel.exists() || !delivery.exists() {
        writeln!(std::io::stdout(), "skipped: no outside data").unwrap();
        return;
    }
    let mut store = Store::default();
    let reports = store.import(&[&funnel, &delivery]);
    assert_eq!((reports[0].lines, reports[1].lines), (2000, 1880));
    assert_eq!((store.events.len(), store.quarantined.len()), (2000, 0));
    assert_eq!(store.receipts.len(), 1880);
}

#[test]
fn many_lines_come_in_batches_of_bounded_size() {
    let dir = Dir::new();
    let filler = "x".repeat(2000);
    let text: String =
        (0..20_000).map(|id| event(id).replace('}', &format!(",\"x\":\"{filler}\"}}\n"))).collect();
    let path = dir.write("log", &text);
    let (mut batches, mut told) = (Vec::new(), Vec::new());
    let mut take = |handed: Handed| {
        batches.extend(handed.batch().map(|batch| (batch.events.len(), batch.cursors[0].position)));
        Ok::<(), ()>(())
    };
    let input = Input { path: Some(path), open: None, assume_tz: None };
    let policy = Policy::default();
    import(&[input], &[], &policy, &mut |progress| told.push(progress), &mut take).unwrap();
    assert_eq!(batches.iter().map(|(events, _)| events).sum::<usize>(), 20_000);
    assert!(batches.len() >= 2 && batches.is_sorted_by_key(|(_, position)| *position), "{batches:?}");
    assert_eq!(batches.last().unwrap().1, u64::try_from(text.len()).unwrap());
    let last = told.last().unwrap();
    assert_eq!((last.bytes_done, last.lines), (last.bytes_total, 20_000));
}

#[test]
fn a_commit_that_fails_stops_the_import() {
    let dir = Dir::new();
    let text: String =
        (0..9000).map(|id| event(format!("{id}{}", "x".repeat(200))) + &" ".repeat(9000) + "\n").collect();
    let input = Input { path: Some(dir.write("log", text)), open: None, assume_tz: None };
    let mut commits = 0;
    let mut take = |_| {
        commits += 1;
        Err("disk full")
    };
    let failed = import(&[input], &[], &Policy::default(), &mut |_| {}, &mut take);
    assert_eq!(failed.unwrap_err(), "disk full");
    assert_eq!(commits, 1);
}

#[test]
fn every_batch_is_followed_by_a_rest() {
    let dir = Dir::new();
    let text: String = (0..30).map(|id| event(id) + &" ".repeat(7 << 20) + "\n").collect();
    let input = Input { path: Some(dir.write("log", text)), open: None, assume_tz: None };
    let mut handed = String::new();
    let mut take = |one: Handed| {
        handed.push(if one.batch().is_some() { 'b' } else { 'r' });
        Ok::<(), ()>(())
    };
    import(&[input], &[], &Policy::default(), &mut |_| {}, &mut take).unwrap();
    assert!(handed.ends_with('r') && !handed.contains("rr"), "{handed}");
    assert!(handed.split('r').all(|group| group.len() <= BATCHES_PER_COMMIT), "{handed}");
    let nothing: &[Input] = &[];
    import(nothing, &[], &Policy::default(), &mut |_| {}, &mut |_| Err("handed something")).unwrap();
}
