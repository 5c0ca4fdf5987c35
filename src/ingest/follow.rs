//! Following: which files have news, and when to look again.
//!
//! Events of the file system only wake us: they may be late, doubled or lost. The truth is a look at
//! all files, at least every [`LOOK_EVERY`]. A file that was read stays open, so that what was written
//! before it was renamed out of sight, or deleted, is read all the same.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::decode::Packing;
use super::resume::{open, packing};
use super::watch::{Key, Waker, Watch, key};
use super::{FindError, Found, Input, find};

/// The longest time between two looks.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The shortest: a busy writer wakes us ten thousand times a second.
const LOOK_GAP: Duration = Duration::from_millis(100);
/// A file's times are coarse: only when it has looked the same for so long was the last reading after
/// the last writing. A packed file is not read before, for it may still be in the making.
const SETTLED_AFTER: Duration = Duration::from_secs(2);
/// A file that no pattern leads to any more is kept open so long after its last change.
const GONE_AFTER: Duration = Duration::from_mins(1);

/// A shorter file does not say yet how it is packed.
const MAGIC_BYTES: u64 = 4;

/// Follows patterns.
pub struct Follower {
    patterns: Vec<(String, Option<Arc<str>>)>,
    own: Vec<PathBuf>,
    files: HashMap<Key, Tracked>,
    open_max: usize,
    looks: u64,
    looked: Instant,
    watch: Watch,
    wake: SyncSender<()>,
    woken: Receiver<()>,
}

/// What a look found.
#[derive(Debug, Default)]
pub struct Look {
    /// Files that may have news.
    pub inputs: Vec<Input>,
    /// What patterns could not lead to.
    pub errors: Vec<FindError>,
    /// Why changes are only noticed by looking, in words.
    pub unwatched: Option<String>,
}

/// What tells that a file changed; nobody can set back the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stat {
    fn of(meta: &Metadata) -> Self {
        Self {
            size: meta.len(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        }
    }
}

/// How far we are with a file as it looks now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// It was not read.
    Due,
    /// It was read, perhaps between two changes of the same moment.
    Once,
    /// There is nothing in it that was not read.
    Settled,
}

/// A file that is followed.
struct Tracked {
    path: PathBuf,
    zone: Option<Arc<str>>,
    file: Option<Arc<File>>,
    is_packed: bool,
    stat: Stat,
    /// When it first looked as it does.
    since: Instant,
    reading: Reading,
    /// The last look that met it.
    met: u64,
    /// The folders whose events speak of it.
    folders: BTreeSet<PathBuf>,
}

impl Follower {
    /// Follows these patterns, each with the zone of times that carry none. `own` files are never
    /// read; about `open_max` files are kept open.
    #[must_use]
    pub fn new(patterns: Vec<(String, Option<Arc<str>>)>, own: Vec<PathBuf>, open_max: usize) -> Self {
        let (wake, woken) = sync_channel(1);
        Self {
            patterns,
            own,
            files: HashMap::new(),
            open_max,
            looks: 0,
            looked: Instant::now(),
            watch: Watch::new(Waker::new(wake.clone())),
            wake,
            woken,
        }
    }

    /// What wakes it.
    #[must_use]
    pub fn waker(&self) -> Waker {
        Waker::new(self.wake.clone())
    }

    /// How many files it knows.
    #[must_use]
    pub fn count(&self) -> usize {
        self.files.len()
    }

    /// Looks at all files; those with news are to be read now.
    pub fn look(&mut self) -> Look {
        self.looked = Instant::now();
        self.looks += 1;
        let patterns: Vec<(&str, Option<&str>)> =
            self.patterns.iter().map(|(path, zone)| (path.as_str(), zone.as_deref())).collect();
        let own: Vec<&Path> = self.own.iter().map(PathBuf::as_path).collect();
        let Found { inputs, errors } = find(&patterns, &own);
        let mut look = Look { errors, ..Look::default() };
        for input in inputs {
            if let Some(path) = input.path {
                self.meet(path, input.assume_tz, &mut look);
            }
        }
        self.look_at_gone(&mut look);
        self.close_idle();
        look.unwatched = self.arm();
        look
    }

    /// A file that a pattern leads to.
    fn meet(&mut self, path: PathBuf, zone: Option<Arc<str>>, look: &mut Look) {
        let (looked, looks) = (self.looked, self.looks);
        let known = fs::metadata(&path).ok().and_then(|meta| self.files.get_mut(&key(&meta)));
        if let Some(tracked) = known
            && let Some(meta) = tracked.metadata(&path)
        {
            tracked.met = looks;
            tracked.call(path, zone);
            tracked.note(&meta, looked);
            tracked.read_if_due(looked, look);
            return;
        }
        let opened = open(&path).and_then(|file| Ok((file.metadata()?, packing(&file)?, file)));
        match opened {
            // Gone since it was found, or a pipe in its place: the next look tells.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => look.errors.push(FindError::Io { path, source }),
            Ok((meta, ..)) if !meta.is_file() => {}
            Ok((meta, packing, file)) => {
                let mut tracked = Tracked {
                    folders: folders(&path),
                    path,
                    zone,
                    file: Some(Arc::new(file)),
                    is_packed: packing != Packing::Plain,
                    stat: Stat::of(&meta),
                    since: looked,
                    reading: Reading::Due,
                    met: looks,
                };
                tracked.read_if_due(looked, look);
                self.files.insert(key(&meta), tracked);
            }
        }
    }

    /// Files that no pattern leads to any more are read to their end.
    fn look_at_gone(&mut self, look: &mut Look) {
        let (looked, looks) = (self.looked, self.looks);
        self.files.retain(|_, tracked| {
            if tracked.met == looks {
                return true;
            }
            let Some(meta) = tracked.file.as_ref().and_then(|file| file.metadata().ok()) else {
                return false;
            };
            tracked.note(&meta, looked);
            tracked.read_if_due(looked, look);
            looked.duration_since(tracked.since) < GONE_AFTER
        });
    }

    /// Closes the files that rested longest, should there be too many.
    fn close_idle(&mut self) {
        let mut open: Vec<_> = self.files.values_mut().filter(|tracked| tracked.file.is_some()).collect();
        let most = open.len().saturating_sub(self.open_max);
        if most > 0 {
            open.sort_by_key(|tracked| tracked.since);
            for tracked in open.into_iter().take(most) {
                tracked.file = None;
            }
        }
    }

    /// Watches the folders that matter now.
    fn arm(&mut self) -> Option<String> {
        let mut wanted: BTreeSet<&Path> = self.files.values().flat_map(Tracked::folders).collect();
        let roots: Vec<PathBuf> = self.patterns.iter().map(|(pattern, _)| root(pattern)).collect();
        wanted.extend(roots.iter().map(PathBuf::as_path));
        self.watch.arm(&wanted)
    }

    /// A file could not be read: it is tried again.
    pub fn failed(&mut self, path: &Path) {
        for tracked in self.files.values_mut().filter(|tracked| tracked.path == path) {
            tracked.reading = Reading::Due;
        }
    }

    /// Nothing that was read since the last look was stored: all of it is read again.
    pub fn read_again(&mut self) {
        for tracked in self.files.values_mut() {
            tracked.reading = Reading::Due;
        }
    }

    /// Waits until it is time to look again, or `is_over`.
    pub fn wait(&self, is_over: &dyn Fn() -> bool) {
        let left = |until: Duration| until.checked_sub(self.looked.elapsed()).filter(|_| !is_over());
        if let Some(left) = left(LOOK_EVERY) {
            // Woken or not, a look follows.
            let _ = self.woken.recv_timeout(left);
        }
        while let Some(left) = left(LOOK_GAP) {
            let _ = self.woken.recv_timeout(left);
        }
    }
}

impl Tracked {
    /// Of the open file where there is one: the name may lead elsewhere by now.
    fn metadata(&self, path: &Path) -> Option<Metadata> {
        match &self.file {
            Some(file) => file.metadata().ok(),
            None => fs::metadata(path).ok(),
        }
    }

    /// Its name, which may be new.
    fn call(&mut self, path: PathBuf, zone: Option<Arc<str>>) {
        self.zone = zone;
        if self.path != path {
            self.folders = folders(&path);
            self.path = path;
            // The database is to know it by this name.
            self.reading = Reading::Due;
        }
    }

    fn folders(&self) -> impl Iterator<Item = &Path> {
        self.folders.iter().map(PathBuf::as_path)
    }

    fn note(&mut self, meta: &Metadata, looked: Instant) {
        let stat = Stat::of(meta);
        if stat != self.stat {
            if self.stat.size < MAGIC_BYTES {
                let packing = self.file.as_ref().and_then(|file| packing(file).ok());
                self.is_packed = packing.is_some_and(|packing| packing != Packing::Plain);
            }
            self.stat = stat;
            self.since = looked;
            self.reading = Reading::Due;
        }
    }

    fn read_if_due(&mut self, looked: Instant, look: &mut Look) {
        let is_settled = looked.duration_since(self.since) >= SETTLED_AFTER;
        let next = match self.reading {
            Reading::Settled => return,
            Reading::Due if self.is_packed && !is_settled => return,
            Reading::Once if !is_settled => return,
            Reading::Due if !is_settled => Reading::Once,
            Reading::Due | Reading::Once => Reading::Settled,
        };
        self.reading = next;
        look.inputs.push(Input {
            path: Some(self.path.clone()),
            open: self.file.clone(),
            assume_tz: self.zone.clone(),
        });
    }
}

/// The folder that a file is in, and the one that it really is in.
fn folders(path: &Path) -> BTreeSet<PathBuf> {
    let real = fs::canonicalize(path).ok();
    let parents = [Some(path), real.as_deref()].into_iter().flatten().filter_map(Path::parent);
    parents.map(named).collect()
}

/// The current folder has a name of its own.
fn named(folder: &Path) -> PathBuf {
    if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_path_buf() }
}

/// The deepest folder that is there of those where a pattern's files may appear.
fn root(pattern: &str) -> PathBuf {
    let path = Path::new(pattern);
    let plain = path.ancestors().skip(1).find(|path| !path.to_string_lossy().contains(['*', '?', '[']));
    let there = plain.into_iter().flat_map(Path::ancestors).find(|path| path.is_dir());
    named(there.unwrap_or(Path::new("")))
}

#[cfg(test)]
#[path = "tests/follow.rs"]
mod tests;
