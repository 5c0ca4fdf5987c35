//! The server.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::domain::{Leg, TimeMs};
use crate::tiktok::limits::TRACK_PATH;

use super::count::{Counted, Counter, Effect, Key};
use super::faults::{Script, Step};
use super::record::{Record, Seen};
use super::schema;
use super::track::{Clock, State};
use super::wire::{Connection, End, Incoming, Manner, Outgoing};

/// How a sandbox behaves.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Address to listen on; must be loopback. Without one: 127.0.0.1 and any free port.
    pub address: Option<SocketAddr>,
    /// The token it takes; `None`: any that is not empty.
    pub token: Option<String>,
    /// Where to write a JSON line per request.
    pub record: Option<PathBuf>,
    /// Its clock, if fixed.
    pub now: Option<TimeMs>,
    /// The wall time at the start, from which a clock that is not fixed runs on. With neither, it
    /// counts from 1970 and gives no `Date`.
    pub wall: Option<TimeMs>,
    /// What goes wrong.
    pub script: Script,
}

/// A running sandbox. It ends when it is stopped or dropped.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    accepting: JoinHandle<()>,
}

impl Sandbox {
    /// Starts it on the running tokio runtime.
    ///
    /// # Errors
    /// When the address is not loopback or cannot be listened on, or the record cannot be opened.
    pub async fn start(options: Options) -> io::Result<Self> {
        let address = options.address.unwrap_or(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0));
        if !address.ip().is_loopback() {
            // It takes any token and keeps ids: nothing for a network.
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the sandbox listens on loopback only"));
        }
        let record = options.record.as_deref().map(Record::open).transpose()?;
        let clock = match options.now {
            Some(now) => Clock::fixed(now),
            None => Clock::running(options.wall.unwrap_or(TimeMs::from_ms(0))),
        };
        let listener = TcpListener::bind(address).await?;
        let state = Arc::new(Mutex::new(State {
            token: options.token,
            clock,
            counter: Counter::default(),
            script: options.script,
            seen: VecDeque::new(),
            requests: 0,
            test_events: 0,
            on_the_wire: BTreeMap::new(),
            arrivals: 0,
            record,
        }));
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(accept(listener, Arc::clone(&state)));
        Ok(Self { address, state, accepting })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its base URL, as an endpoint takes it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was counted, by key.
    #[must_use]
    pub fn counted(&self) -> Vec<Counted> {
        lock(&self.state).counter.counted()
    }

    /// The same as `GET /sandbox/counted` answers.
    #[must_use]
    pub fn counted_json(&self) -> Value {
        lock(&self.state).counted_json()
    }

    /// The requests to the track endpoint so far, in the order of their answers.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        lock(&self.state).seen.iter().cloned().collect()
    }

    /// Requests that have arrived and are not answered yet.
    #[must_use]
    pub fn on_the_wire(&self) -> usize {
        lock(&self.state).on_the_wire.len()
    }

    /// Sets its clock.
    pub fn set_now(&self, now: TimeMs) {
        lock(&self.state).clock.set(now);
    }

    /// Sets the token it takes.
    pub fn set_token(&self, token: &str) {
        lock(&self.state).token = Some(token.to_owned());
    }

    /// Replaces its script.
    pub fn set_script(&self, script: Script) {
        lock(&self.state).script = script;
    }

    /// Takes a copy from the browser leg.
    #[expect(clippy::must_use_candidate, reason = "what matters is that it arrived")]
    pub fn browser(&self, key: Key) -> Effect {
        let mut state = lock(&self.state);
        let now = state.clock.now();
        state.counter.take(key, Leg::Browser, now)
    }

    /// Ends it; open connections are dropped.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// No code panics while it holds the lock; if one did, its count would still be the best there is.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Aborting this aborts the connections with it: the set owns them.
async fn accept(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    // Without it a small answer may wait 40 ms for an acknowledgement.
                    let _ = stream.set_nodelay(true);
                    connections.spawn(serve(stream, Arc::clone(&state)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn answer_track(state: &Mutex<State>, incoming: &Incoming) -> (Outgoing, Manner) {
    let body = schema::read(&incoming.body);
    let (Step { delay, fault }, together, number) = {
        let mut state = lock(state);
        let number = state.arrive(&body.request);
        (state.script.steps.pop_front().unwrap_or_default(), state.on_the_wire.len(), number)
    };
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let mut state = lock(state);
    let doubled = state.depart(number);
    state.track((incoming, body), fault.as_ref(), (together, doubled))
}

fn answer_question(state: &Mutex<State>, incoming: &Incoming) -> Outgoing {
    let mut state = lock(state);
    if incoming.path.starts_with("/sandbox/") {
        return state.admin(incoming);
    }
    state.stats(incoming).unwrap_or_else(|| Outgoing::page(404))
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut connection = Connection::new(stream);
    loop {
        let incoming = match connection.read().await {
            Ok(incoming) => incoming,
            Err(End::Gone) => return,
            Err(End::Bad(status)) => {
                let _ = connection.write(&Outgoing::page(status), Manner::Whole).await;
                return;
            }
        };
        let (answer, manner) = if incoming.path == TRACK_PATH {
            answer_track(&state, &incoming).await
        } else {
            (answer_question(&state, &incoming), Manner::Whole)
        };
        let wants_close =
            incoming.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        if connection.write(&answer, manner).await.is_err() || wants_close {
            return;
        }
    }
}
