//! Limits that the system puts on a process: errors with words, never a death without.

use tokio::signal::unix::{SignalKind, signal};

use super::exit::{Exit, Failure};

/// Files that any command may need beside its logs: a database with its readers, runtime, sockets.
const FILES_MIN: usize = 24;

/// Lets a limit on file sizes be an error of the write, not the end of the program (reliability S-03).
pub fn survive_file_size_limit() {
    // Once a handler is there it stays, whatever becomes of the runtime; without one, a signal of
    // the system ends the program, and what was committed is safe all the same.
    if enough_files().is_err() {
        return;
    }
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else { return };
    let _inside = runtime.enter();
    let _ = signal(SignalKind::from_raw(nix::libc::SIGXFSZ));
}

/// Whether enough files may be opened: a runtime that finds too few gives up without a word.
///
/// # Errors
/// [`Failure`] with code 8 when the limit is too low.
pub(super) fn enough_files() -> Result<(), Failure> {
    // A pipe is two of them, and needs no file system: a container may have no /dev.
    let opened: Result<Vec<_>, _> = (0..FILES_MIN / 2).map(|_| std::io::pipe()).collect();
    match opened {
        Ok(_) => Ok(()),
        Err(error) => {
            Err(Failure::new(Exit::Store, format!("cannot open {FILES_MIN} files: {}", error.kind()))
                .hint("the limit on open files is too low: see `ulimit -n`"))
        }
    }
}
