//! A folder of logs whose lines are numbered, and a program that follows them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::program::Place;

/// How long to wait for what takes a second.
const PATIENCE: Duration = Duration::from_mins(1);

/// Longer than one read of a file.
pub(super) const LARGE: u32 = 12_000;

pub(super) struct Scene {
    pub(super) place: Place,
    pattern: String,
    child: Option<Child>,
    events: AtomicU32,
    bad: AtomicU32,
}

/// The number of a line, as its event's id.
fn id(number: u32) -> String {
    format!("e{number:07}")
}

impl Scene {
    /// Follows what matches a pattern below the folder.
    pub(super) fn new(pattern: &str) -> Self {
        Self {
            place: Place::new(),
            pattern: pattern.to_owned(),
            child: None,
            events: AtomicU32::new(0),
            bad: AtomicU32::new(0),
        }
    }

    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.place.work.join(name)
    }

    /// The next lines: numbered events, the last one no record but as long.
    pub(super) fn lines(&self, count: u32) -> String {
        let first = self.events.fetch_add(count, Ordering::SeqCst);
        let mut text = String::new();
        for number in first..first + count {
            let id = id(number);
            writeln!(
                text,
                r#"{{"event_id":"{id}","event":"page_view","occurred_at":"2026-11-20T12:34:56Z"}}"#
            )
            .unwrap();
        }
        let bad = self.bad.fetch_add(1, Ordering::SeqCst);
        writeln!(text, "no record {bad:07} {}", "x".repeat(50)).unwrap();
        text
    }

    /// Appends lines to a log.
    pub(super) fn write(&self, name: &str, count: u32) {
        append(&self.at(name), self.lines(count).as_bytes());
    }

    pub(super) fn start(&mut self) {
        assert!(self.child.is_none());
        let said = OpenOptions::new().append(true).create(true).open(self.at("stderr")).unwrap();
        let mut command = self.place.makegood();
        command.args(["import", "--follow", &self.pattern]);
        command.stdout(File::create(self.at("stdout")).unwrap()).stderr(said);
        self.child = Some(command.spawn().unwrap());
    }

    /// Ends it as a service manager does; it has to end well.
    pub(super) fn stop(&mut self) {
        self.end_with(Signal::SIGTERM);
        assert_eq!(fs::read_to_string(self.at("stdout")).unwrap(), "");
    }

    pub(super) fn end_with(&mut self, signal: Signal) {
        let mut child = self.child.take().unwrap();
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{}", self.said());
    }

    /// Ends it as nothing should.
    pub(super) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// The same import, once.
    pub(super) fn import(&self) {
        let output = self.place.makegood().args(["import", "-q", &self.pattern]).output().unwrap();
        assert!(matches!(output.status.code(), Some(0 | 3)), "{}", String::from_utf8_lossy(&output.stderr));
    }

    pub(super) fn said(&self) -> String {
        fs::read_to_string(self.at("stderr")).unwrap()
    }

    fn database(&self) -> Option<rusqlite::Connection> {
        let path = self.at("makegood.db");
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection =
            path.exists().then(|| rusqlite::Connection::open_with_flags(path, flags).unwrap())?;
        connection.busy_timeout(PATIENCE).unwrap();
        Some(connection)
    }

    fn number(&self, sql: &str) -> u32 {
        self.database().map_or(0, |database| database.query_row(sql, [], |row| row.get(0)).unwrap_or(0))
    }

    /// How many lines are stored.
    pub(super) fn stored(&self) -> u32 {
        self.number("SELECT count(*) FROM event")
    }

    pub(super) fn written(&self) -> u32 {
        self.events.load(Ordering::SeqCst)
    }

    /// Waits until a condition holds.
    pub(super) fn wait(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !is_so(self) {
            let said = || fs::read_to_string(self.at("stderr")).unwrap_or_default();
            assert!(
                start.elapsed() < PATIENCE,
                "{what}: {} of {}\n{}",
                self.stored(),
                self.written(),
                said()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until all that was written is stored.
    pub(super) fn wait_for_all(&self) {
        self.wait("all lines", |scene| {
            scene.stored() == scene.written() && scene.quarantined() >= scene.bad.load(Ordering::SeqCst)
        });
    }

    pub(super) fn quarantined(&self) -> u32 {
        self.number("SELECT count(*) FROM quarantine")
    }

    /// Fails unless the set stored is the set written, with each bad line told once.
    pub(super) fn check(&self) {
        let database = self.database().unwrap();
        let mut statement = database.prepare("SELECT event_id FROM event").unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let stored: Vec<String> = rows.map(Result::unwrap).collect();
        let written: BTreeSet<String> = (0..self.written()).map(id).collect();
        assert_eq!(stored.len(), written.len());
        let stored: BTreeSet<String> = stored.into_iter().collect();
        assert!(stored == written, "lost: {:?}", written.difference(&stored).take(5).collect::<Vec<_>>());
        assert_eq!(self.quarantined(), self.bad.load(Ordering::SeqCst), "bad lines told once each");
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub(super) fn append(path: &Path, bytes: &[u8]) {
    OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(bytes).unwrap();
}

/// Packs a file as `gzip` does: a new file, then the old one goes.
pub(super) fn pack(path: &Path) {
    let mut name = path.as_os_str().to_owned();
    name.push(".gz");
    let mut to = flate2::write::GzEncoder::new(File::create(name).unwrap(), flate2::Compression::fast());
    to.write_all(&fs::read(path).unwrap()).unwrap();
    to.finish().unwrap().sync_all().unwrap();
    fs::remove_file(path).unwrap();
}
