//! A copy of the database while it is in use.

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::fault::Fault;
use super::open::plain;
use super::{Store, StoreError};

/// All pages in one step: one snapshot, however much is written meanwhile.
const ALL_PAGES: i32 = -1;
/// How long to wait while another process holds the file for a moment …
const BUSY_PAUSE: Duration = Duration::from_millis(250);
/// … and how often, half a minute together.
const BUSY_TRIES: u32 = 120;

impl Store {
    /// Writes a copy, readable by its owner alone, whole and checked, or none; returns its bytes. A
    /// copy that is there already is replaced, any other file is refused.
    ///
    /// # Errors
    /// [`StoreError`] with the path of what failed.
    pub fn backup(&self, to: &Path) -> Result<u64, StoreError> {
        if to.exists() && Self::open_read_only(to).is_err() {
            let what = "is there already and is no copy of a database; it was not touched".to_owned();
            return Err(StoreError::Io { path: to.to_path_buf(), what });
        }
        let same = fs::canonicalize(to).ok().zip(fs::canonicalize(&self.path).ok());
        if same.is_some_and(|(to, from)| to == from) {
            let what = "is the database itself: name another file for its copy".to_owned();
            return Err(StoreError::Io { path: to.to_path_buf(), what });
        }
        let part = part_of(to);
        let copied = self.copy_to(&part, to).and_then(|bytes| {
            fs::rename(&part, to).map_err(|error| io(to, &error))?;
            Ok(bytes)
        });
        if copied.is_err() {
            // The first error says more; what is left of the copy is named as one.
            let _ = fs::remove_file(&part);
        }
        copied
    }

    fn copy_to(&self, part: &Path, to: &Path) -> Result<u64, StoreError> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(part)
            .map_err(|error| io(to, &error))?;
        let copy = || -> Result<(), Fault> {
            let mut target = Connection::open(plain(part))?;
            step(&Backup::new(&self.connection, &mut target)?)?;
            // One file that needs no other beside it; the next to open it for writing changes it back.
            let _: String = target.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))?;
            let word: String = target.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
            if word == "ok" { Ok(()) } else { Err(Fault::Damaged("was copied, but the copy is not whole")) }
        };
        copy().map_err(|fault| fault.at(to))?;
        file.sync_all().map_err(|error| io(to, &error))?;
        Ok(file.metadata().map_err(|error| io(to, &error))?.len())
    }
}

fn step(backup: &Backup<'_, '_>) -> Result<(), Fault> {
    for _ in 0..BUSY_TRIES {
        if matches!(backup.step(ALL_PAGES)?, StepResult::Done) {
            return Ok(());
        }
        std::thread::sleep(BUSY_PAUSE);
    }
    Err(Fault::Busy)
}

fn part_of(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    name.into()
}

fn io(path: &Path, error: &std::io::Error) -> StoreError {
    let what = if error.kind() == ErrorKind::NotFound {
        "cannot be written: its folder does not exist".to_owned()
    } else {
        format!("cannot be written: {}", error.kind())
    };
    StoreError::Io { path: path.to_path_buf(), what }
}
