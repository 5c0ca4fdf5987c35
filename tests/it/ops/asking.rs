//! Questions, answered on a terminal that nobody sits at.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use nix::pty::openpty;

use crate::program::Place;

/// How long a question may take to come.
const PATIENCE: Duration = Duration::from_mins(1);

/// The program on a terminal, and what is seen there.
struct Terminal {
    child: Child,
    keys: File,
    screen: Receiver<Vec<u8>>,
    seen: String,
}

impl Terminal {
    fn start(place: &Place, args: &[&str]) -> Self {
        let pty = openpty(None, None).unwrap();
        let end = || Stdio::from(pty.slave.try_clone().unwrap());
        let mut command = place.makegood();
        let child =
            command.args(args).env("TERM", "xterm").stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        let mut from = File::from(pty.master.try_clone().unwrap());
        let (send, screen) = mpsc::channel();
        std::thread::spawn(move || {
            let mut some = [0; 1024];
            // Once the program has ended, the terminal is gone, which is an error on Linux.
            while let Ok(count @ 1..) = from.read(&mut some) {
                if send.send(some[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, keys: File::from(pty.master), screen, seen: String::new() }
    }

    /// Waits until something is asked, and types an answer.
    fn answer(&mut self, question: &str, answer: &str) {
        while !self.seen.contains(question) {
            let some =
                self.screen.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{question}: {}", self.seen));
            self.seen.push_str(&String::from_utf8_lossy(&some));
        }
        writeln!(self.keys, "{answer}").unwrap();
    }

    /// Waits for the end; what was seen, and the exit code.
    fn end(mut self) -> (String, Option<i32>) {
        let code = self.child.wait().unwrap().code();
        while let Ok(some) = self.screen.recv_timeout(Duration::from_secs(1)) {
            self.seen.push_str(&String::from_utf8_lossy(&some));
        }
        (self.seen.replace('\r', ""), code)
    }
}

fn place() -> Place {
    let place = Place::new();
    let mut table = "Order No,Created,Buyer,Amount,Currency\n".to_owned();
    for order in 0..3 {
        writeln!(table, "ord-{order},2026-11-20 12:34:5{order} UTC,b{order}@shop.example,9.99,EUR").unwrap();
    }
    fs::write(place.work.join("orders.csv"), table.replace("Order No", "Event UUID")).unwrap();
    place
}

#[test]
fn init_asks_what_no_log_says_and_writes_what_was_answered() {
    let place = place();
    let mut terminal = Terminal::start(&place, &["init", "--from", "orders.csv"]);
    terminal.answer("Which event is each of its lines", "payment_succeeded");
    terminal.answer("TikTok Pixel Code", "C0EXAMPLE0PIXEL00001");
    terminal.answer("Write this? [y/N]", "y");
    let (seen, code) = terminal.end();
    assert_eq!(code, Some(0), "{seen}");
    assert!(seen.contains("event         is always payment_succeeded"), "{seen}");
    assert!(
        seen.contains("url           not found: an event without an absolute page URL cannot be sent"),
        "{seen}"
    );
    assert!(seen.contains("3 funnel events") && seen.contains("next: makegood audit"), "{seen}");
    let config = fs::read_to_string(place.work.join("makegood.toml")).unwrap();
    assert!(config.contains("id = \"C0EXAMPLE0PIXEL00001\""), "{config}");
    let audit = place.makegood().args(["audit", "--json", "--now", "2026-11-20T14:00:00Z"]).output().unwrap();
    let audit: serde_json::Value = serde_json::from_slice(&audit.stdout).unwrap();
    assert_eq!(audit["totals"]["events"], 3);
}

#[test]
fn init_writes_nothing_after_a_no() {
    let place = place();
    let args = ["init", "--from", "orders.csv", "--all-are", "payment_succeeded"];
    let mut terminal = Terminal::start(&place, &args);
    terminal.answer("TikTok Pixel Code", "");
    terminal.answer("Write this? [y/N]", "");
    let (seen, code) = terminal.end();
    assert_eq!(code, Some(0), "{seen}");
    assert!(seen.contains("Nothing was written."), "{seen}");
    assert!(!place.work.join("makegood.toml").exists());
}

#[test]
fn init_without_an_answer_says_which_option_gives_it() {
    let place = place();
    let mut terminal = Terminal::start(&place, &["init", "--from", "orders.csv"]);
    terminal.answer("Which event is each of its lines", "");
    let (seen, code) = terminal.end();
    assert_eq!(code, Some(2), "{seen}");
    assert!(seen.contains("--all-are NAME says which event every line is"), "{seen}");
}
