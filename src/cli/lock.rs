//! One backfill at a time: a lock that dies with its process.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use crate::report::escape;

use super::exit::{Exit, Failure};

/// The lock, held until it is dropped.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held for its drop")] Flock<File>);

impl Lock {
    /// Takes the lock beside a database.
    ///
    /// # Errors
    /// [`Failure`] with code 7 when another process holds it, 8 when it cannot be made.
    pub fn take(db: &Path) -> Result<Self, Failure> {
        let path = &Self::path(db);
        let failed = |why: String| {
            let shown = escape(&path.display().to_string()).into_owned();
            Failure::new(Exit::Store, format!("cannot lock {shown}: {why}"))
        };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(|error| failed(error.kind().to_string()))?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(mut lock) => {
                // The number is for people; the lock is the kernel's.
                let _ = lock.set_len(0);
                let _ = lock.rewind();
                let _ = writeln!(lock, "{}", std::process::id());
                Ok(Self(lock))
            }
            Err((file, Errno::EWOULDBLOCK)) => Err(Failure::new(
                Exit::Locked,
                format!("a backfill is already running (pid {})", holder(file)),
            )
            .hint("what is due is being sent; for anything else, run this again when it has ended")),
            Err((_, errno)) => Err(failed(errno.desc().to_owned())),
        }
    }

    /// Keeps backfills of another database away while it is read, if there ever was one; makes nothing.
    ///
    /// # Errors
    /// [`Failure`] with code 7 when one is running.
    pub fn keep_away(db: &Path) -> Result<Option<Self>, Failure> {
        // Without a lock file, or without the right to look at it, nobody here can know more.
        let Ok(file) = File::open(Self::path(db)) else { return Ok(None) };
        match Flock::lock(file, FlockArg::LockSharedNonblock) {
            Ok(lock) => Ok(Some(Self(lock))),
            Err((file, Errno::EWOULDBLOCK)) => {
                let shown = escape(&db.display().to_string()).into_owned();
                let message = format!("{shown}: a backfill is running on it (pid {})", holder(file));
                Err(Failure::new(Exit::Locked, message).hint("merge it when that has ended"))
            }
            Err(_) => Ok(None),
        }
    }

    fn path(db: &Path) -> PathBuf {
        let mut name = db.as_os_str().to_owned();
        name.push(".backfill.lock");
        PathBuf::from(name)
    }
}

fn holder(mut file: File) -> String {
    let mut pid = String::new();
    let _ = file.read_to_string(&mut pid);
    pid.trim().parse::<u32>().map_or_else(|_| "?".to_owned(), |pid| pid.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_backfill_is_told_who_holds_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("makegood.db");
        let lock = Lock::take(&db).unwrap();
        let failure = Lock::take(&db).unwrap_err();
        assert_eq!(failure.exit, Exit::Locked);
        assert!(failure.message.contains(&format!("pid {}", std::process::id())), "{}", failure.message);
        drop(lock);
        Lock::take(&db).unwrap();
    }
}
