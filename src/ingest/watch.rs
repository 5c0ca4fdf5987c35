//! Events of the file system, which wake a follower and mean nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::SyncSender;

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

/// Device and inode.
pub(super) type Key = (u64, u64);

/// Those of a file.
pub(super) fn key(meta: &Metadata) -> Key {
    (meta.dev(), meta.ino())
}

/// Wakes a follower from another thread.
#[derive(Clone, Debug)]
pub struct Waker(SyncSender<()>);

impl Waker {
    pub(super) const fn new(wake: SyncSender<()>) -> Self {
        Self(wake)
    }

    /// Ends its wait.
    pub fn wake(&self) {
        // Full: it is being woken already.
        let _ = self.0.try_send(());
    }
}

/// The folders whose events wake us.
pub(super) struct Watch {
    pub(super) watcher: Option<RecommendedWatcher>,
    pub(super) folders: BTreeMap<PathBuf, Key>,
    pub(super) trouble: Option<String>,
}

impl Watch {
    pub(super) fn new(waker: Waker) -> Self {
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Our own reading is an access; an error may hide a change.
            if event.is_ok_and(|event| event.kind.is_access()) {
                return;
            }
            waker.wake();
        });
        let (watcher, trouble) = match watcher {
            Ok(watcher) => (Some(watcher), None),
            Err(error) => (None, Some(words(&error))),
        };
        Self { watcher, folders: BTreeMap::new(), trouble }
    }

    /// Watches these folders and no others. A folder that was made anew is watched anew.
    pub(super) fn arm(&mut self, wanted: &BTreeSet<&Path>) -> Option<String> {
        let Some(watcher) = &mut self.watcher else { return self.trouble.clone() };
        self.folders.retain(|folder, key| {
            let keeps = wanted.contains(folder.as_path()) && identity(folder) == Some(*key);
            if !keeps {
                // The kernel may have forgotten a folder that is gone.
                let _ = watcher.unwatch(folder);
            }
            keeps
        });
        let mut trouble = None;
        for folder in wanted {
            if self.folders.contains_key(*folder) {
                continue;
            }
            let Some(key) = identity(folder) else { continue };
            match watcher.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.folders.insert(folder.to_path_buf(), key);
                }
                Err(error) => trouble = Some(words(&error)),
            }
        }
        trouble
    }
}

fn identity(folder: &Path) -> Option<Key> {
    fs::metadata(folder).ok().map(|meta| key(&meta))
}

/// Without paths: the trouble is the same for all of them.
fn words(error: &notify::Error) -> String {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => "the system's limit of watched folders is reached".to_owned(),
        notify::ErrorKind::Io(error) => error.kind().to_string(),
        notify::ErrorKind::Generic(_)
        | notify::ErrorKind::PathNotFound
        | notify::ErrorKind::WatchNotFound
        | notify::ErrorKind::InvalidConfig(_) => "the system cannot watch this folder".to_owned(),
    }
}
