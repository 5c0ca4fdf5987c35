//! A place with a config, a token, a log that was imported, and a sandbox: the real program in it.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use rusqlite::Connection;
use serde_json::{Value as Json, json};

use crate::program::{Place, Sandbox};

/// The moment of every run unless a test says otherwise.
pub const NOW: &str = "2026-11-20T12:00:00Z";
pub const PIXEL: &str = "C0EXAMPLE0PIXEL00001";
pub const TOKEN: &str = "t0kencanary0123456789abcdef0123456789abcd";

/// How a program ended, and what it said.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; 128 and its number after a signal, as a shell has it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let status = output.status;
        Self {
            code: status.code().or(status.signal().map(|number| 128 + number)).unwrap(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Ended {
    /// Fails unless it ended so and said so on stderr.
    #[track_caller]
    pub fn with(self, code: i32, said: &str) -> Self {
        assert!(self.code == code && self.stderr.contains(said), "not {code} with {said:?}: {self:#?}");
        self
    }
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Ended {
    command.output().unwrap().into()
}

/// Waits for a program that was started with pipes.
pub fn wait(child: Child) -> Ended {
    child.wait_with_output().unwrap().into()
}

pub struct Scene {
    pub place: Place,
    pub sandbox: Sandbox,
}

impl Scene {
    /// So many purchases, `e0`, `e1`, …, ten hours old and imported; requests of ten, one at a time.
    pub fn of(events: usize) -> Self {
        let scene = Self::empty();
        scene.log("funnel.jsonl", "2026-11-20T02:00:00Z", events);
        scene.makegood(&["import", "funnel.jsonl"]).with(0, "");
        scene
    }

    /// Config, token and sandbox, and nothing to send.
    pub fn empty() -> Self {
        let place = Place::new();
        let args = ["--now", NOW, "--record", "requests.jsonl"].map(str::to_owned);
        let sandbox = Sandbox::start(&place, &args).unwrap();
        let scene = Self { place, sandbox };
        scene.token(TOKEN);
        scene.config("batch = 10\nconcurrency = 1\n");
        scene
    }

    /// Writes the config; `backfill` stands in its last table.
    pub fn config(&self, backfill: &str) {
        let text = format!(
            "[[pixel]]\nid = \"{PIXEL}\"\naccess_token_file = \"token\"\nserver_log = \"none\"\n\n\
             [backfill]\nrate = \"100/s\"\nconnect_timeout = \"1s\"\ntotal_timeout = \"3s\"\n{backfill}"
        );
        fs::write(self.place.work.join("makegood.toml"), text).unwrap();
    }

    /// Writes the token file, readable by its owner alone.
    pub fn token(&self, text: &str) {
        let path = self.place.work.join("token");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Writes a funnel log of so many purchases at a moment.
    pub fn log(&self, name: &str, at: &str, events: usize) {
        self.log_of(name, at, (0..events).map(|id| format!("e{id}")));
    }

    /// Writes a funnel log of these purchases at a moment.
    pub fn log_of(&self, name: &str, at: &str, ids: impl Iterator<Item = String>) {
        let mut text = String::new();
        for id in ids {
            writeln!(text, "{}", purchase(&id, at)).unwrap();
        }
        fs::write(self.place.work.join(name), text).unwrap();
    }

    /// The program at [`NOW`].
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.place.makegood();
        command.args(["--now", NOW]).args(args);
        command
    }

    pub fn makegood(&self, args: &[&str]) -> Ended {
        run(&mut self.command(args))
    }

    /// A backfill that sends to the sandbox at a moment.
    pub fn sending(&self, now: &str, args: &[&str]) -> Command {
        self.sending_to(&self.sandbox.url, now, args)
    }

    /// A backfill that sends elsewhere on this machine.
    pub fn sending_to(&self, url: &str, now: &str, args: &[&str]) -> Command {
        let mut command = self.place.makegood();
        command.args(["--now", now, "backfill", "--send", "--endpoint", url]).args(args);
        command
    }

    pub fn backfill(&self) -> Ended {
        self.backfill_at(NOW)
    }

    pub fn backfill_at(&self, now: &str) -> Ended {
        run(&mut self.sending(now, &[]))
    }

    /// Starts a backfill towards a server of the test's own, with all its pipes.
    pub fn start(&self, url: &str, args: &[&str]) -> Child {
        piped(&mut self.sending_to(url, NOW, args))
    }

    /// A shell around the program: `"$@"` is the command line of a backfill.
    pub fn shell(&self, script: &str, args: &[&str]) -> Command {
        let mut command = self.place.command("sh", &self.place.work);
        command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_makegood"), "--now", NOW]).args(args);
        command
    }

    /// The sandbox's script: what happens to the next requests.
    pub fn script(&self, steps: &[Json]) {
        self.ask("POST", "/sandbox/script", &json!({ "steps": steps }).to_string());
    }

    /// Asks the sandbox about itself.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> Json {
        let address = self.sandbox.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
        serde_json::from_str(body).unwrap()
    }

    /// Requests that reached the sandbox, and keys that it counted; none may be counted twice.
    pub fn sent(&self) -> (u64, u64) {
        let totals = &self.ask("GET", "/sandbox/counted", "")["totals"];
        let number = |name: &str| totals[name].as_u64().unwrap();
        assert_eq!(number("counted_twice"), 0, "{totals}");
        (number("requests"), number("counted"))
    }

    pub fn db(&self) -> Connection {
        Connection::open(self.place.work.join("makegood.db")).unwrap()
    }

    /// A number out of the database.
    pub fn number(&self, sql: &str) -> i64 {
        self.db().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// Keys that the ledger calls accepted.
    pub fn accepted(&self) -> i64 {
        self.number("SELECT count(DISTINCT event_id) FROM attempt WHERE outcome = 1")
    }

    /// Every file of the working folder with its bytes, sorted.
    pub fn bytes(&self) -> Vec<(String, Vec<u8>)> {
        let mut files: Vec<_> = fs::read_dir(&self.place.work)
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.file_type().unwrap().is_file())
            .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
            .collect();
        files.sort();
        files
    }
}

/// A copy of the program. Another process makes it: a child that this one starts meanwhile would hold
/// the copy open for writing, and then nobody can run it.
pub fn copy_program(to: &Path) {
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_makegood")).arg(to).status();
    assert!(copied.unwrap().success());
}

/// Starts a command with all its pipes.
pub fn piped(command: &mut Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// A funnel record that can be sent.
pub fn purchase(id: &str, at: &str) -> Json {
    json!({
        "event_id": id, "event": "payment_succeeded", "occurred_at": at, "session_id": format!("s-{id}"),
        "source": "tiktok", "pixel_id": PIXEL, "consent": "granted",
        "user": {"ttclid": format!("E.C.P.{id}"), "ip": "95.104.11.250", "user_agent": "Mozilla/5.0 (iPhone)",
            "email": format!("{id}@example.com")},
        "page": {"url": "https://quiz.example.com/f/46/paywall"},
        "properties": {"value": 9.99, "currency": "USD", "content_type": "product", "order_id": format!("o-{id}"),
            "contents": [{"content_id": "plan", "quantity": 1, "price": 9.99}]},
    })
}
