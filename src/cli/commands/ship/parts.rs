//! The files of segments: one per kind, host and hour, named by what is in it.
//!
//! A name stands for its content, so a part that is there already is not written again, and a part
//! whose hour has news gets another name. A part appears as a whole or not at all: rows are gathered
//! in a folder beside, synced, and moved into place; what they replace goes last.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use crate::domain::{TimeMs, calendar};
use crate::segment::{Kind, Row};

const HOUR_MS: i64 = 3_600_000;
/// Rows of one part that are compressed together: enough for gzip to find what repeats.
const MEMBER_BYTES: usize = 128 << 10;
/// Rows of all parts that wait to be compressed; there are as many parts as hours in the database.
const WAITING_BYTES_MAX: usize = 64 << 20;

/// What became of the parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Parts newly written.
    pub written: u64,
    /// Parts that were there already.
    pub unchanged: u64,
    /// Parts that others took the place of.
    pub removed: u64,
    /// Rows of the parts newly written, by kind.
    pub rows: [u64; Kind::ALL.len()],
}

/// Whether anything is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is.
    Write,
    /// It is only said what would be.
    Look,
}

/// Why parts could not be written.
#[derive(Debug)]
pub struct PartError {
    /// The file or folder.
    pub path: PathBuf,
    /// The system's word.
    pub source: io::Error,
}

/// Parts under construction.
pub struct Parts {
    root: PathBuf,
    host: String,
    mode: Mode,
    open: BTreeMap<(Kind, i64), Part>,
    waiting: usize,
}

#[derive(Default)]
struct Part {
    waiting: Vec<u8>,
    digest: Sha256,
    rows: u64,
}

impl Parts {
    /// Parts of a host under a folder. What an earlier run left half done is thrown away.
    ///
    /// # Errors
    /// [`PartError`] when the folder cannot be made.
    pub fn new(root: &Path, host: &str, mode: Mode) -> Result<Self, PartError> {
        let parts =
            Self { root: root.to_owned(), host: host.to_owned(), mode, open: BTreeMap::new(), waiting: 0 };
        if mode == Mode::Write {
            let beside = parts.beside();
            match fs::remove_dir_all(&beside) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&beside, error)),
                Ok(()) | Err(_) => {}
            }
            make_folder(&beside)?;
        }
        Ok(parts)
    }

    /// Adds a row to the part of its kind and hour.
    ///
    /// # Errors
    /// [`PartError`].
    pub fn add(&mut self, row: &Row) -> Result<(), PartError> {
        let key = (row.kind, row.at.as_ms().div_euclid(HOUR_MS));
        let part = self.open.entry(key).or_default();
        part.waiting.extend_from_slice(row.json.as_bytes());
        part.waiting.push(b'\n');
        part.rows += 1;
        self.waiting += row.json.len() + 1;
        if part.waiting.len() >= MEMBER_BYTES {
            self.compress(key)
        } else if self.waiting >= WAITING_BYTES_MAX {
            self.compress_all()
        } else {
            Ok(())
        }
    }

    /// Moves all parts into place, and takes away those they replace.
    ///
    /// # Errors
    /// [`PartError`]; what is in place by then stays, and is right.
    pub fn finish(mut self) -> Result<Tally, PartError> {
        for kind in Kind::ALL {
            // A reader finds a folder of every kind, also of one that has no rows.
            if !self.open.keys().any(|(known, _)| *known == kind) {
                self.open.insert((kind, 0), Part::default());
            }
        }
        let keys: Vec<_> = self.open.keys().copied().collect();
        for key in &keys {
            self.compress(*key)?;
        }
        let mut done = Tally::default();
        let mut current: BTreeSet<PathBuf> = BTreeSet::new();
        for (key, part) in std::mem::take(&mut self.open) {
            let place = self.place(key, &part);
            if place.exists() {
                done.unchanged += 1;
            } else {
                if self.mode == Mode::Write {
                    self.move_into(key, &place)?;
                }
                done.written += 1;
                let rows = Kind::ALL.iter().zip(&mut done.rows).find(|(kind, _)| **kind == key.0);
                if let Some((_, rows)) = rows {
                    *rows += part.rows;
                }
            }
            current.insert(place);
        }
        for kind in Kind::ALL {
            done.removed += self.remove_others(kind, &current)?;
        }
        if self.mode == Mode::Write {
            let beside = self.beside();
            fs::remove_dir_all(&beside).map_err(|error| at(&beside, error))?;
        }
        Ok(done)
    }

    fn compress_all(&mut self) -> Result<(), PartError> {
        let keys: Vec<_> = self.open.keys().copied().collect();
        keys.into_iter().try_for_each(|key| self.compress(key))
    }

    /// Adds what waits to the file, as a gzip member of its own: no compressor lives longer than that.
    fn compress(&mut self, key: (Kind, i64)) -> Result<(), PartError> {
        let path = self.half_done(key);
        let Some(part) = self.open.get_mut(&key) else { return Ok(()) };
        self.waiting = self.waiting.saturating_sub(part.waiting.len());
        part.digest.update(&part.waiting);
        if self.mode == Mode::Write && (!part.waiting.is_empty() || part.rows == 0) {
            let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path);
            let write = |file: File| {
                let mut member = GzEncoder::new(file, Compression::new(4));
                member.write_all(&part.waiting)?;
                member.finish().map(drop)
            };
            file.and_then(write).map_err(|error| at(&path, error))?;
        }
        part.waiting = Vec::new();
        Ok(())
    }

    fn move_into(&self, key: (Kind, i64), place: &Path) -> Result<(), PartError> {
        let from = self.half_done(key);
        let folder = place.parent().unwrap_or(&self.root);
        make_folder(folder)?;
        File::open(&from).and_then(|file| file.sync_all()).map_err(|error| at(&from, error))?;
        fs::rename(&from, place).map_err(|error| at(place, error))?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| at(folder, error))
    }

    /// Takes away this host's parts of a kind that are not current; says how many there were.
    fn remove_others(&self, kind: Kind, current: &BTreeSet<PathBuf>) -> Result<u64, PartError> {
        let mut removed = 0;
        for day in entries(&self.root.join(kind.name()))? {
            let ours = day.join(format!("src={}", self.host));
            for path in entries(&ours)? {
                let is_part = path.to_string_lossy().ends_with(".jsonl.gz");
                if is_part && !current.contains(&path) {
                    if self.mode == Mode::Write {
                        fs::remove_file(&path).map_err(|error| at(&path, error))?;
                    }
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }

    /// Where a part belongs: its name is the hour and the digest of its rows.
    fn place(&self, (kind, hour): (Kind, i64), part: &Part) -> PathBuf {
        let day = calendar::local(TimeMs::from_ms(hour * HOUR_MS), Tz::UTC);
        let (day, of_day) = day.map_or_else(
            || ("1970-01-01".to_owned(), 0),
            |(day, hour)| (day.format("%Y-%m-%d").to_string(), hour),
        );
        let digest: [u8; 32] = part.digest.clone().finalize().into();
        let digest = hex::encode(digest.get(..8).unwrap_or_default());
        let folder = self.root.join(kind.name()).join(format!("dt={day}")).join(format!("src={}", self.host));
        folder.join(format!("h{of_day:02}-{digest}.jsonl.gz"))
    }

    /// Engines leave names alone that begin with a dot.
    fn beside(&self) -> PathBuf {
        self.root.join(format!(".{}.part", self.host))
    }

    fn half_done(&self, (kind, hour): (Kind, i64)) -> PathBuf {
        self.beside().join(format!("{}-{hour}", kind.name()))
    }
}

/// What a folder holds, sorted; nothing where there is none.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, PartError> {
    let read = match fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        read => read.map_err(|error| at(folder, error))?,
    };
    let paths: Result<Vec<_>, _> = read.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(|error| at(folder, error))?;
    paths.sort();
    Ok(paths)
}

/// Makes a folder, and those above it that do not exist, for its owner alone: what lies in it are
/// addresses and digests of people.
fn make_folder(folder: &Path) -> Result<(), PartError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| at(folder, error))
}

fn at(path: &Path, source: io::Error) -> PartError {
    PartError { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::unix::fs::PermissionsExt as _;

    use flate2::read::MultiGzDecoder;

    use super::*;

    fn row(kind: Kind, at: i64, json: &str) -> Row {
        Row { kind, at: TimeMs::from_ms(at), json: json.to_owned() }
    }

    fn ship(root: &Path, host: &str, mode: Mode, rows: &[Row]) -> Tally {
        let mut parts = Parts::new(root, host, mode).unwrap();
        for row in rows {
            parts.add(row).unwrap();
        }
        parts.finish().unwrap()
    }

    fn files(root: &Path) -> Vec<PathBuf> {
        let mut open = vec![root.to_owned()];
        let mut files = Vec::new();
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(entries(&path).unwrap());
            } else {
                files.push(path.strip_prefix(root).unwrap().to_owned());
            }
        }
        files.sort();
        files
    }

    fn text(path: &Path) -> String {
        let mut text = String::new();
        MultiGzDecoder::new(File::open(path).unwrap()).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn an_hour_is_a_file_and_only_what_changed_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("lake");
        let early = [row(Kind::Expected, 0, "a"), row(Kind::Expected, HOUR_MS, "b")];
        assert_eq!(ship(&root, "web1", Mode::Look, &early).written, 6);
        assert!(!root.exists());
        let first = ship(&root, "web1", Mode::Write, &early);
        // Four kinds have nothing, and say so.
        assert_eq!((first.written, first.rows), (6, [2, 0, 0, 0, 0]));
        let names = files(&root);
        assert_eq!(ship(&root, "web1", Mode::Write, &early), Tally { unchanged: 6, ..Tally::default() });
        assert_eq!(files(&root), names);
        let news = [early.as_slice(), &[row(Kind::Expected, HOUR_MS + 1, "c")]].concat();
        let second = ship(&root, "web1", Mode::Write, &news);
        assert_eq!((second.written, second.unchanged, second.removed), (1, 5, 1));
        assert_eq!(second.rows, [2, 0, 0, 0, 0]);
        let hour = files(&root).into_iter().find(|name| name.to_string_lossy().contains("h01-")).unwrap();
        assert!(hour.starts_with("expected/dt=1970-01-01/src=web1"), "{hour:?}");
        assert_eq!(text(&root.join(&hour)), "b\nc\n");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&root.join(&hour)), mode(root.join(&hour).parent().unwrap())), (0o600, 0o700));
    }

    #[test]
    fn a_host_leaves_the_parts_of_others_alone() {
        let folder = tempfile::tempdir().unwrap();
        ship(folder.path(), "web1", Mode::Write, &[row(Kind::Facts, 0, "a")]);
        let theirs = files(folder.path());
        ship(folder.path(), "web2", Mode::Write, &[row(Kind::Facts, 0, "b")]);
        ship(folder.path(), "web2", Mode::Write, &[]);
        let all = files(folder.path());
        assert!(theirs.iter().all(|file| all.contains(file)));
        assert_eq!(all.len(), theirs.len() + 5);
    }

    #[test]
    fn long_parts_are_whole_and_what_a_killed_run_left_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let rows: Vec<Row> = (0..3000).map(|n| row(Kind::Delivered, 5, &format!("{n:0100}"))).collect();
        let mut killed = Parts::new(folder.path(), "web1", Mode::Write).unwrap();
        for row in &rows {
            killed.add(row).unwrap();
        }
        assert!(files(folder.path()).iter().all(|name| name.starts_with(".web1.part")));
        drop(killed);
        ship(folder.path(), "web1", Mode::Write, &rows);
        let files = files(folder.path());
        let part = files.iter().find(|name| name.starts_with("delivered")).unwrap();
        let want: String = rows.iter().flat_map(|row| [row.json.as_str(), "\n"]).collect();
        assert_eq!(text(&folder.path().join(part)), want);
        assert!(files.iter().all(|name| !name.to_string_lossy().contains(".part")));
    }
}
