//! The engine: a process of its own that is told, watched and stopped, and of which nothing is believed but
//! what it wrote.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::exit::{Exit, Failure};
use crate::cli::token::TokenSource;
use crate::cli::{Context, end_now};
use crate::report::{escape, escape_short};

/// What stands for the job's file in the command.
const JOB: &str = "{job}";
/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// What was asked to end and has not by then is killed.
const END_WITHIN: Duration = Duration::from_secs(10);
/// The longest line of its talk that is kept, in bytes.
const LINE_BYTES_MAX: u64 = 4096;
/// What is shown of its error, in characters.
const ERROR_CHARS_MAX: usize = 300;

/// What happens while it runs.
enum News {
    Line(String),
    Signal(u8),
}

/// Hears signals as long as it lives: once heard, they end nothing by themselves.
pub struct Signals(#[expect(dead_code, reason = "held for its drop")] Runtime);

/// Runs the engine on a job to its end; its talk goes into `log`.
///
/// # Errors
/// [`Failure`] when it cannot be started, ends with another code than 0, or is stopped by a signal.
pub fn run(context: &Context<'_>, job: &Path, log: &Path) -> Result<Signals, Failure> {
    let words = words(&context.settings.engine, job);
    let (send, news) = channel();
    let signals = listen(&send)?;
    let mut child = start(context, &words)?;
    if let Some(talk) = child.stderr.take() {
        std::thread::spawn(move || listen_to(talk, &send));
    }
    let mut talk = Talk { context, log: log_file(log), error: None, last: String::new() };
    let ended = watch(&mut child, &news, &mut talk)?;
    match ended {
        (_, Some(number)) => Err(Failure::new(Exit::Signal(number), "stopped; the engine was stopped too")
            .hint("nothing was imported: run it again when you like")),
        (status, None) if status.success() => Ok(signals),
        (status, None) => Err(talk.failure(&words, status, log)),
    }
}

/// The command line, word by word: no shell reads it.
fn words(engine: &str, job: &Path) -> Vec<String> {
    let job = job.display().to_string();
    let mut words: Vec<String> = engine.split_whitespace().map(|word| word.replace(JOB, &job)).collect();
    if !engine.contains(JOB) {
        words.extend(["-f".to_owned(), job]);
    }
    words
}

fn start(context: &Context<'_>, words: &[String]) -> Result<Child, Failure> {
    let (program, args) = words.split_first().ok_or_else(|| {
        Failure::new(Exit::Config, "no engine is configured")
            .hint("[reconcile] command = \"spark-sql --master spark://HOST:7077\"")
    })?;
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
    // An engine has no business with TikTok.
    for token in context.settings.tokens.values() {
        match token {
            TokenSource::Variable(name) => {
                command.env_remove(name);
            }
            TokenSource::File(_) | TokenSource::Credential(_) | TokenSource::Stdin => {}
        }
    }
    context.ui.detail(&format!("running {}", escape(&words.join(" "))));
    command.spawn().map_err(|error| {
        Failure::new(Exit::Config, format!("cannot run the engine '{}': {}", escape(program), error.kind()))
            .hint("[reconcile] command in the config names it, such as \"spark-sql --master spark://HOST:7077\"")
            .hint("or run the job by hand: --job-only writes it")
    })
}

/// Waits for its end; a signal to us is one to it and to all it started.
fn watch(
    child: &mut Child,
    news: &Receiver<News>,
    talk: &mut Talk<'_>,
) -> Result<(ExitStatus, Option<u8>), Failure> {
    let group = i32::try_from(child.id()).map(Pid::from_raw).ok();
    let end = |signal| group.map(|group| killpg(group, signal));
    let mut stopped: Option<(u8, Instant)> = None;
    loop {
        match news.recv_timeout(LOOK_EVERY) {
            Ok(News::Line(line)) => {
                talk.hear(&line);
                continue;
            }
            Ok(News::Signal(number)) => {
                // Asked twice, it does not get to think about it.
                let signal = if stopped.is_some() { Signal::SIGKILL } else { Signal::SIGTERM };
                stopped.get_or_insert((number, Instant::now()));
                end(signal);
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
        if stopped.is_some_and(|(_, since)| since.elapsed() > END_WITHIN) {
            end(Signal::SIGKILL);
        }
        let status = child.try_wait().map_err(|error| {
            Failure::new(Exit::Store, format!("lost sight of the engine: {}", error.kind()))
        })?;
        if let Some(status) = status {
            return Ok((status, stopped.map(|(number, _)| number)));
        }
    }
}

/// Signals come as news; when nobody waits for news any more, they end the program as ever.
fn listen(send: &Sender<News>) -> Result<Signals, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(Exit::Store, format!("cannot listen for signals: {}", error.kind()))
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(failed)?;
    for (kind, number) in
        [(SignalKind::interrupt(), 2), (SignalKind::terminate(), 15), (SignalKind::hangup(), 1)]
    {
        let _inside = runtime.enter();
        let mut signals = signal(kind).map_err(failed)?;
        let send = send.clone();
        runtime.spawn(async move {
            while signals.recv().await.is_some() {
                if send.send(News::Signal(number)).is_err() {
                    end_now(Exit::Signal(number));
                }
            }
        });
    }
    Ok(Signals(runtime))
}

/// Hands over what it says, line by line, until it says no more.
fn listen_to(talk: impl std::io::Read, send: &Sender<News>) {
    let mut talk = BufReader::new(talk);
    loop {
        let mut line = Vec::new();
        match talk.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        if !line.is_empty() && send.send(News::Line(line)).is_err() {
            return;
        }
    }
}

fn log_file(path: &Path) -> Option<std::fs::File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path).ok()
}

/// What it says.
struct Talk<'a> {
    context: &'a Context<'a>,
    log: Option<std::fs::File>,
    /// The first line that looks like an error.
    error: Option<String>,
    last: String,
}

impl Talk<'_> {
    fn hear(&mut self, line: &str) {
        self.context.ui.detail(&escape(line));
        if let Some(log) = &mut self.log {
            // The log is a help; without it the job is as good.
            let _ = writeln!(log, "{line}");
        }
        let is_error = ["Error", "Exception", "error:", "ERROR"].iter().any(|word| line.contains(word));
        if is_error && self.error.is_none() {
            self.error = Some(line.to_owned());
        }
        line.clone_into(&mut self.last);
    }

    fn failure(&self, words: &[String], status: ExitStatus, log: &Path) -> Failure {
        let program = words.first().map(String::as_str).unwrap_or_default();
        let said = self.error.as_deref().unwrap_or(&self.last);
        let mut message = format!("the engine '{}' failed ({status})", escape(program));
        if !said.is_empty() {
            message.push_str(": ");
            message.push_str(&escape_short(said.trim(), ERROR_CHARS_MAX));
        }
        Failure::new(Exit::Later, message)
            .hint("nothing was imported; running it again is safe")
            .hint(format!("all that it said: {}", escape(&log.display().to_string())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_job_is_named_where_the_command_wants_it() {
        let job = Path::new("/out/run 1/job.sql");
        assert_eq!(
            words("spark-sql --master local", job),
            ["spark-sql", "--master", "local", "-f", "/out/run 1/job.sql"]
        );
        assert_eq!(words("submit --file={job} x", job), ["submit", "--file=/out/run 1/job.sql", "x"]);
    }
}
