//! What the picture waits for, and the threads that tell it.

use std::io;
use std::os::fd::AsFd as _;
use std::sync::mpsc::Sender;

use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, poll};
use nix::unistd::read;
use tokio::signal::unix::SignalKind;

use super::look::Seen;
use crate::cli::exit::Failure;
use crate::cli::signals::{Signals, Stop};

/// Keys read at once; a person presses one.
const KEYS_MAX: usize = 64;

/// How long to wait for keys before it is seen whether it is time to stop, in milliseconds.
const KEYS_WAIT: u8 = 100;

/// What the picture waits for.
pub(super) enum Happening {
    Keys(Vec<u8>),
    Seen(Box<Seen>),
    Failed(Failure),
    Resized,
    Suspended,
    Continued,
    Stopped,
}

/// What ended a thread early ends the picture; when that is gone, nobody needs to hear it.
pub(super) fn say_failure(ended: Result<(), Failure>, tell: &Sender<Happening>) {
    if let Err(failure) = ended {
        let _ = tell.send(Happening::Failed(failure));
    }
}

/// Hears what changes the picture or ends it.
pub(super) fn listen(
    tell: &Sender<Happening>,
    wake: impl Fn() + Clone + Send + 'static,
) -> Result<Signals, Failure> {
    let stopped = tell.clone();
    let signals = Signals::listen(move || {
        let _ = stopped.send(Happening::Stopped);
        wake();
    })?;
    let kinds: [(SignalKind, fn() -> Happening); 3] = [
        (SignalKind::from_raw(libc::SIGTSTP), || Happening::Suspended),
        (SignalKind::from_raw(libc::SIGCONT), || Happening::Continued),
        (SignalKind::window_change(), || Happening::Resized),
    ];
    for (kind, happening) in kinds {
        let tell = tell.clone();
        signals.on(kind, move || {
            let _ = tell.send(happening());
        })?;
    }
    Ok(signals)
}

/// Hands on keys. It never waits in a read: of a terminal that was given back meanwhile, a read waits for
/// a whole line, and takes it away from the shell.
pub(super) fn hear_keys(tell: &Sender<Happening>, stop: &Stop) {
    // Not through the buffer of the standard library: what stays in that, nobody is woken for.
    let stdin = io::stdin();
    let mut keys = [0; KEYS_MAX];
    while !stop.is_told() {
        let wanted = PollFd::new(stdin.as_fd(), PollFlags::POLLIN);
        // Interrupted or in vain, it is asked again.
        if !matches!(poll(&mut [wanted], KEYS_WAIT), Ok(1)) {
            continue;
        }
        match read(&stdin, &mut keys) {
            Ok(count) if count > 0 => {
                let pressed = keys.get(..count).unwrap_or_default().to_vec();
                let _ = tell.send(Happening::Keys(pressed));
            }
            Err(Errno::EINTR) => {}
            // The terminal is gone; a signal says so too.
            Ok(_) | Err(_) => return,
        }
    }
}
