//! The program in a place of its own: nothing of the machine's or the user's settings gets in.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long a sandbox may take to say where it listens.
const START_MAX: Duration = Duration::from_secs(30);

/// A temporary folder to work in, and a home beside it.
pub struct Place {
    _folder: tempfile::TempDir,
    pub work: PathBuf,
    home: PathBuf,
}

impl Place {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("makegood-it-").tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let (work, home) = (root.join("work"), root.join("home"));
        fs::create_dir(&work).unwrap();
        fs::create_dir(&home).unwrap();
        Self { _folder: folder, work, home }
    }

    /// A program, run from `folder` with a fixed environment.
    pub fn command(&self, program: &str, folder: &Path) -> Command {
        let programs = Path::new(env!("CARGO_BIN_EXE_makegood")).parent().unwrap();
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .env_clear()
            .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", programs.display()))
            .env("HOME", &self.home)
            .env("TMPDIR", &self.home)
            .env("XDG_CONFIG_HOME", self.home.join("config"))
            .env("XDG_DATA_HOME", self.home.join("data"))
            .env("XDG_STATE_HOME", self.home.join("state"))
            .env("XDG_CACHE_HOME", self.home.join("cache"))
            .env("TZ", "UTC")
            .env("LC_ALL", "C.UTF-8")
            .env("COLUMNS", "100")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        command
    }

    /// The home that the program sees.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The program itself.
    pub fn makegood(&self) -> Command {
        self.command(env!("CARGO_BIN_EXE_makegood"), &self.work)
    }

    /// What differs from run to run, replaced by its name in braces.
    pub fn redact(&self, text: &str, sandbox: Option<&Sandbox>) -> String {
        let mut text = text.to_owned();
        if let Some(sandbox) = sandbox {
            text = text.replace(&sandbox.url, "{sandbox}").replace(sandbox.address(), "{sandbox-address}");
        }
        let text =
            text.replace(self.work.to_str().unwrap(), "{dir}").replace(self.home.to_str().unwrap(), "{home}");
        redact_run_times(&text)
    }
}

/// `0.12 s`, `3.4 ms`, `118.2 MB/s` and `"seconds":0.12` lose their number. Whole numbers stay:
/// they are data (`47 h`, `12 s`).
fn redact_run_times(text: &str) -> String {
    const UNITS: [&str; 4] = [" s", " ms", " MB/s", " GB/s"];
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(start);
        let end = number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len());
        let (number, after) = number.split_at(end);
        let is_measured = number.trim_end_matches('.').contains('.')
            && UNITS.iter().any(|unit| {
                after
                    .strip_prefix(unit)
                    .is_some_and(|next| !next.starts_with(|c: char| c.is_alphanumeric() || c == '/'))
            });
        out.push_str(before);
        out.push_str(if is_measured || before.ends_with("\"seconds\":") { "{time}" } else { number });
        rest = after;
    }
    out + rest
}

/// A `makegood sandbox` of its own; ends with the value.
pub struct Sandbox {
    child: Child,
    pub url: String,
}

impl Sandbox {
    pub fn start(place: &Place, args: &[String]) -> Result<Self, String> {
        let mut command = place.makegood();
        command.args(["sandbox", "--listen", "127.0.0.1:0"]).args(args);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| format!("sandbox: {error}"))?;
        let stdout = child.stdout.take().unwrap();
        let (send, receive) = mpsc::channel();
        // The pipe is read to its end, so that the sandbox never waits for us.
        std::thread::spawn(move || {
            let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
            let _ = send.send(lines.next());
            lines.for_each(drop);
        });
        let mut sandbox = Self { child, url: String::new() };
        let line = receive.recv_timeout(START_MAX).map_err(|_| "sandbox: said nothing".to_owned())?;
        let line = line.ok_or("sandbox: ended without saying where it listens")?;
        line.strip_prefix("listening on ")
            .filter(|url| url.starts_with("http://127.0.0.1:"))
            .ok_or_else(|| format!("sandbox: first line is no address: {line}"))?
            .clone_into(&mut sandbox.url);
        Ok(sandbox)
    }

    fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// What a deduplicating TikTok would have counted.
    pub fn counted(&self) -> Result<String, String> {
        let mut answer = String::new();
        TcpStream::connect(self.address())
            .and_then(|mut stream| {
                write!(
                    stream,
                    "GET /sandbox/counted HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
                    self.address()
                )?;
                stream.read_to_string(&mut answer)
            })
            .map_err(|error| format!("sandbox/counted: {error}"))?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("sandbox/counted: no HTTP")?;
        if !head.starts_with("HTTP/1.1 200") {
            return Err(format!("sandbox/counted: {head}"));
        }
        Ok(body.to_owned())
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What differs between two texts, their common beginning and end left out.
pub fn difference(expected: &str, actual: &str) -> String {
    use std::fmt::Write;

    let (expected, actual): (Vec<_>, Vec<_>) = (expected.lines().collect(), actual.lines().collect());
    let same = |(a, b): &(&&str, &&str)| a == b;
    let head = expected.iter().zip(&actual).take_while(same).count();
    let rest = expected.len().min(actual.len()) - head;
    let tail = expected.iter().rev().zip(actual.iter().rev()).take(rest).take_while(same).count();
    let mut out = format!("at line {}:\n", head + 1);
    for (mark, lines) in [('-', &expected), ('+', &actual)] {
        for line in &lines[head..lines.len() - tail] {
            writeln!(out, "  {mark} {line}").unwrap();
        }
    }
    out
}

mod tests {
    use super::*;

    #[test]
    fn run_times_are_redacted_and_data_is_not() {
        for (text, redacted) in [
            ("read in 0.12 s, 118.2 MB/s", "read in {time} s, {time} MB/s"),
            ("{\"seconds\":3,\"n\":1}", "{\"seconds\":{time},\"n\":1}"),
            ("due in 12 s, USD 9.99 in 3.5 sessions", "due in 12 s, USD 9.99 in 3.5 sessions"),
            ("12:00:01.5 shops 3.", "12:00:01.5 shops 3."),
        ] {
            assert_eq!(redact_run_times(text), redacted);
        }
    }

    #[test]
    fn the_place_is_redacted() {
        let place = Place::new();
        let text = format!("{}/funnel.jsonl", place.work.display());
        assert_eq!(place.redact(&text, None), "{dir}/funnel.jsonl");
    }

    #[test]
    fn nothing_of_the_outside_gets_in() {
        let place = Place::new();
        let output = place.command("env", &place.work).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let names: Vec<_> = text.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
        assert!(names.iter().all(|name| !name.starts_with("MAKEGOOD") && *name != "USER"), "{text}");
        assert!(text.contains("COLUMNS=100\n") && text.contains("TZ=UTC\n"));
    }

    #[test]
    fn a_difference_shows_the_lines_that_differ() {
        assert_eq!(difference("a\nb\nc\n", "a\nx\ny\nc\n"), "at line 2:\n  - b\n  + x\n  + y\n");
        assert_eq!(difference("a\n", "a\na\n"), "at line 2:\n  + a\n");
    }
}
