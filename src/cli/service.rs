//! What a service manager wants to hear: systemd's `sd_notify` protocol, a datagram per word.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use super::settings::Environment;

/// Tells the service manager how we are; silent without one.
#[derive(Debug)]
pub struct Service {
    manager: Option<(UnixDatagram, SocketAddr)>,
    /// It wants a sign of life this often.
    pub watchdog: Option<Duration>,
}

impl Service {
    /// The service manager that the environment names.
    #[must_use]
    pub fn new(environment: &Environment) -> Self {
        let address = environment.get("NOTIFY_SOCKET").and_then(|name| address(&name.to_string_lossy()));
        let manager = address.and_then(|address| Some((UnixDatagram::unbound().ok()?, address)));
        let micros = environment.get("WATCHDOG_USEC").and_then(|text| text.to_str()?.parse().ok());
        let is_ours = environment
            .get("WATCHDOG_PID")
            .is_none_or(|pid| pid.to_str() == Some(&std::process::id().to_string()));
        let watchdog = micros.filter(|_| is_ours && manager.is_some()).map(Duration::from_micros);
        Self { manager, watchdog }
    }

    /// It is at work.
    pub fn ready(&self) {
        self.say("READY=1");
    }

    /// It ends.
    pub fn stopping(&self) {
        self.say("STOPPING=1");
    }

    /// A sign of life, if one is wanted.
    pub fn alive(&self) {
        if self.watchdog.is_some() {
            self.say("WATCHDOG=1");
        }
    }

    /// Gives signs of life while something takes its time.
    pub fn alive_during<T>(&self, work: impl FnOnce() -> T) -> T {
        let Some(watchdog) = self.watchdog else { return work() };
        std::thread::scope(|scope| {
            let (done, is_done) = mpsc::channel::<()>();
            scope.spawn(move || {
                while is_done.recv_timeout(watchdog / 2) == Err(RecvTimeoutError::Timeout) {
                    self.alive();
                }
            });
            let made = work();
            drop(done);
            made
        })
    }

    fn say(&self, word: &str) {
        if let Some((socket, address)) = &self.manager {
            // A manager that does not listen is no reason to stop.
            let _ = socket.send_to_addr(word.as_bytes(), address);
        }
    }
}

/// A path, or a name without one after an `@`.
fn address(name: &str) -> Option<SocketAddr> {
    match name.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name.as_bytes()).ok(),
        None => SocketAddr::from_pathname(name).ok().filter(|_| name.starts_with('/')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_protocol_are_taken() {
        assert!(address("@makegood").is_some());
        assert!(address("/run/systemd/notify").is_some());
        assert!(address("notify").is_none() && address("").is_none());
    }
}
