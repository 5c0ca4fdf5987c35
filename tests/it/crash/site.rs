//! A place with a database of purchases, and a sandbox that outlives every worker.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration as Wait;

use makegood::domain::{Attempt, Duration, EventId, Outcome, TimeMs};
use makegood::sandbox::{Options, Sandbox};
use makegood::store::Store;

use crate::checker;
use crate::program::Place;

/// When every event happened: 2026-11-20T02:00:00Z.
pub(super) const AT: TimeMs = TimeMs::from_ms(1_795_140_000_000);

pub(super) const KILLED: i32 = 9;

/// Events per request, unless a test says otherwise.
const BATCH: usize = 10;

/// How long to wait for what takes milliseconds.
const PATIENCE: u32 = 20_000;

pub(super) struct Site {
    place: Place,
    pub(super) sandbox: Sandbox,
    pub(super) url: String,
    pub(super) batch: usize,
    events: usize,
    now: TimeMs,
}

impl Site {
    /// So many purchases with descriptions of that length, ten hours old and imported.
    pub(super) async fn new(events: usize, description: usize) -> Self {
        let place = Place::new();
        let mut lines = String::new();
        for id in 0..events {
            let text = "x".repeat(description);
            writeln!(
                lines,
                r#"{{"event_id":"e{id}","event":"payment_succeeded","occurred_at":"{AT}","source":"tiktok","pixel_id":"P","user":{{"ip":"24.48.0.1","ttclid":"E.C.P.example"}},"page":{{"url":"https://quiz.example.com/pay"}},"properties":{{"value":9.99,"currency":"USD","description":"{text}"}}}}"#
            )
            .unwrap();
        }
        fs::write(place.work.join("funnel.jsonl"), lines).unwrap();
        let now = AT.plus(Duration::from_hours(10));
        let record = Some(place.work.join("record.jsonl"));
        let options = Options { now: Some(now), record, ..Options::default() };
        let sandbox = Sandbox::start(options).await.unwrap();
        let site = Self { place, url: sandbox.url(), sandbox, batch: BATCH, events, now };
        let mut import = site.place.makegood();
        let imported = import.args(["import", "funnel.jsonl", "--now", &now.to_string()]).output().unwrap();
        assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
        site
    }

    /// Starts a backfill; the setting names the point where it is killed or stopped.
    pub(super) fn start(&self, setting: Option<(&str, &str)>) -> Child {
        let config = format!(
            "[[pixel]]\nid = \"P\"\naccess_token_env = \"TOKEN\"\nserver_log = \"none\"\n\
             [backfill]\nbatch = {}\nconcurrency = 2\nrate = \"100/s\"\n\
             total_timeout = \"5s\"\nlease = \"35s\"\n",
            self.batch
        );
        fs::write(self.place.work.join("makegood.toml"), config).unwrap();
        let mut command = self.place.makegood();
        command.args(["backfill", "--send", "--endpoint", &self.url, "--now", &self.now.to_string()]);
        command.env("TOKEN", "0123456789abcdef0123456789abcdef01234567");
        command.envs(setting).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Takes the lock of a running worker away, as an operator might who thinks it is stale.
    pub(super) fn unlock(&self) {
        let lock = self.place.work.join("makegood.db.backfill.lock");
        until("the lock", || lock.exists());
        fs::remove_file(lock).unwrap();
    }

    pub(super) fn db(&self) -> PathBuf {
        self.place.work.join("makegood.db")
    }

    pub(super) const fn now(&self) -> TimeMs {
        self.now
    }

    /// Moves the clock of every worker to come, and the sandbox's.
    pub(super) fn set_now(&mut self, now: TimeMs) {
        self.now = now;
        self.sandbox.set_now(now);
    }

    /// Waits until the sandbox has dealt with all that arrived; returns how many requests that were.
    pub(super) fn settled(&self) -> usize {
        until("the sandbox", || self.sandbox.on_the_wire() == 0);
        self.sandbox.requests().len()
    }

    /// Holds the ledger against what the sandbox saw.
    pub(super) fn check(&self) -> usize {
        self.settled();
        checker::check(&self.db(), &self.place.work.join("record.jsonl"))
    }

    /// Runs until all is accepted, with the lease and the ladder over each time.
    pub(super) fn run_to_the_end(&mut self) {
        for _ in 0..3 {
            self.set_now(self.now.plus(Duration::from_hours(3)));
            let code = self.start(None).wait().unwrap().code();
            let counted = self.check();
            if self.accepted() == self.events {
                assert_eq!((code, counted), (Some(0), self.events));
                let requests = self.settled();
                assert_eq!(self.start(None).wait().unwrap().code(), Some(0));
                assert_eq!(self.settled(), requests, "what is accepted is never sent again");
                return;
            }
        }
        panic!("only {} of {} are accepted", self.accepted(), self.events);
    }

    /// How many keys the ledger calls accepted.
    fn accepted(&self) -> usize {
        self.count(|attempt| attempt.outcome == Some(Outcome::Accepted))
    }

    /// Whether anything was claimed.
    pub(super) fn has_attempts(&self) -> bool {
        self.count(|_| true) > 0
    }

    /// How many keys have such an attempt.
    fn count(&self, is_such: impl Fn(&Attempt) -> bool) -> usize {
        let store = Store::open_read_only(&self.db()).unwrap();
        let has_one = |id: &usize| {
            let group = store.group(&EventId::parse(&format!("e{id}")).unwrap()).unwrap().unwrap();
            group.attempts.iter().any(&is_such)
        };
        (0..self.events).filter(has_one).count()
    }
}

/// Waits for a condition that comes within milliseconds.
pub(super) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..PATIENCE {
        if holds() {
            return;
        }
        std::thread::sleep(Wait::from_millis(1));
    }
    panic!("waited for {what} in vain");
}
