//! `watch` on a terminal: live, paused, explaining; resized, stopped, ended in every way.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::json;

use super::pty::Terminal;
use crate::faults::scene::{NOW, PIXEL, Scene, purchase, run};

const SIZE: (u16, u16) = (80, 30);
const KEYS: &str = "q quit · space pause · e explain";

/// The program for a terminal, in a scene.
fn on_terminal(scene: &Scene, args: &[&str]) -> Command {
    let mut command = scene.place.makegood();
    command.env("TERM", "xterm-256color").args(args);
    command
}

/// Watches ten purchases at the moment of the scene.
fn watching(scene: &Scene) -> Terminal {
    let terminal = Terminal::start(on_terminal(scene, &["--now", NOW, "watch"]), SIZE);
    terminal.wait_for_text(KEYS);
    terminal
}

fn append(scene: &Scene, name: &str, line: &serde_json::Value) {
    let path = scene.place.work.join(name);
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    writeln!(file, "{line}").unwrap();
}

#[test]
fn numbers_change_in_place_while_logs_are_followed() {
    let scene = Scene::empty();
    scene.log("funnel.jsonl", "2026-11-20T02:00:00Z", 3);
    let args = ["--now", NOW, "watch", "--follow", "funnel.jsonl", "delivery.jsonl"];
    let terminal = Terminal::start(on_terminal(&scene, &args), SIZE);
    terminal.wait_for_text("3 of 3 orders");
    assert!(!terminal.takes_lines(), "keys come at once and unseen");
    terminal.wait_for("other screen", |screen| screen.alternate_screen() && screen.hide_cursor());
    terminal.wait_for_text("follow     warning: delivery.jsonl");
    append(&scene, "funnel.jsonl", &purchase("new", "2026-11-20T11:40:00Z"));
    terminal.wait_for_text("4 of 4 orders");
    // The newest is the last problem, and it is known why.
    terminal.wait_for_text("last       CompletePayment of 2026-11-20 11:40:00, never sent");
    let sent = json!({"event_id": "new", "event": "CompletePayment", "pixel_id": PIXEL, "channel": "events_api",
        "sent_at": "2026-11-20T11:40:01Z", "http_status": 200, "code": 0});
    append(&scene, "delivery.jsonl", &sent);
    terminal.wait_for_text("3 of 4 orders");
    terminal.wait_for_text("last       CompletePayment of 2026-11-20 02:00:00, never sent");
    let lines = terminal.lines();
    assert!(lines[0].starts_with("makegood watch · 2026-11-20 12:00:00"), "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains(" 0 in 1 min, 1 in 30 min")), "{lines:#?}");
    assert_eq!(lines.last().map(String::as_str), Some(KEYS));
    terminal.press("q");
    let (code, _) = terminal.end();
    assert_eq!(code, 0);
    assert_eq!(scene.number("SELECT count(*) FROM run WHERE exit_code = 0 AND kind = 1"), 1);
}

#[test]
fn keys_pause_explain_and_quit() {
    let scene = Scene::of(10);
    let terminal = watching(&scene);
    terminal.press(" ");
    terminal.wait_for_text("paused · space goes on · q quit");
    // While it stands still, what comes is not shown; after, it is.
    append(&scene, "more.jsonl", &purchase("new", "2026-11-20T11:40:00Z"));
    scene.makegood(&["import", "more.jsonl"]).with(0, "");
    assert!(terminal.lines().iter().any(|line| line.contains("10 of 10 orders")));
    // An arrow is no key of ours, and neither are the letters that it is sent as.
    terminal.press("\u{1b}[A");
    terminal.press(" ");
    terminal.wait_for_text("11 of 11 orders");
    terminal.wait_for_text("1 more event, 1 more missing");
    terminal.press("e");
    terminal.wait_for_text("CompletePayment · new · USD 9.99 · never sent");
    terminal.wait_for_text("e back · q quit");
    terminal.press("e");
    terminal.wait_for_text("makegood watch");
    assert!(!terminal.lines().iter().any(|line| line.contains("USD 9.99 · never")));
    terminal.press("q");
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn the_first_signal_ends_it_with_0_and_the_terminal_is_given_back() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let scene = Scene::of(10);
        let terminal = watching(&scene);
        assert!(!terminal.takes_lines());
        terminal.signal(signal);
        terminal.wait_for("terminal given back", |screen| !Terminal::is_taken(screen));
        assert!(terminal.takes_lines(), "{signal}");
        assert_eq!(terminal.end().0, 0, "{signal}");
    }
    let scene = Scene::of(10);
    let terminal = watching(&scene);
    terminal.press("\u{3}");
    assert_eq!(terminal.end().0, 0, "Ctrl-C");
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_again() {
    let scene = Scene::of(10);
    let mut shell = scene.place.command("bash", &scene.place.work);
    let script = "set -m; \"$@\"; echo stopped with $?; read line; fg; echo ended with $?";
    shell.env("TERM", "xterm").args(["-c", script, "bash", env!("CARGO_BIN_EXE_makegood")]);
    shell.args(["--now", NOW, "watch"]);
    let terminal = Terminal::start(shell, SIZE);
    terminal.wait_for_text(KEYS);
    terminal.press("\u{1a}");
    terminal.wait_for("shell", |screen| {
        !Terminal::is_taken(screen) && screen.contents().contains("stopped with 1")
    });
    assert!(terminal.takes_lines());
    terminal.press("\n");
    terminal.wait_for("picture", |screen| Terminal::is_taken(screen) && screen.contents().contains(KEYS));
    assert!(!terminal.takes_lines());
    // Nobody sits in a read for keys that began while lines were taken.
    terminal.press("\u{3}");
    terminal.wait_for_text("ended with 0");
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn ctrl_z_is_nothing_where_no_shell_could_let_it_go_on() {
    let scene = Scene::of(10);
    let terminal = watching(&scene);
    terminal.press("\u{1a}");
    terminal.press("e");
    terminal.wait_for_text("e back");
    terminal.press("q");
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn another_size_is_another_picture_and_the_keys_stay_in_sight() {
    let scene = Scene::of(10);
    let terminal = watching(&scene);
    for size in [(40, 30), (60, 12), (120, 40)] {
        terminal.resize(size);
        terminal.wait_for("picture that fits", |screen| {
            let rows: Vec<String> = screen.rows(0, size.0).collect();
            let is_cut = rows.iter().any(|row| row.trim_end() == "…");
            rows.last().is_some_and(|row| row.trim_end() == KEYS)
                && rows[0].starts_with("makegood watch")
                && (is_cut || rows.iter().any(|row| row.contains("CompletePayment")))
        });
    }
    terminal.press("q");
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn without_a_terminal_it_says_what_to_use() {
    let scene = Scene::of(10);
    scene.makegood(&["watch"]).with(2, "makegood watch --once prints one picture");
    let mut dumb = on_terminal(&scene, &["watch"]);
    dumb.env("TERM", "dumb");
    let (code, said) = Terminal::start(dumb, SIZE).end();
    assert!(code == 2 && said.contains("watch --once"), "{said}");
    let once = scene.makegood(&["watch", "--once"]).with(0, "");
    assert!(once.stdout.contains("10 of 10 orders") && !once.stdout.contains('\u{1b}'), "{once:#?}");
    let none = run(scene.place.makegood().args(["--db", "none.db", "watch", "--once"]));
    none.with(4, "none.db");
}

#[test]
fn what_is_watched_by_the_hour_keeps_the_clock_of_each_event() {
    let scene = Scene::empty();
    scene.log("funnel.jsonl", "2026-11-20T02:00:00Z", 1);
    let terminal = Terminal::start(on_terminal(&scene, &["watch", "--follow", "funnel.jsonl"]), SIZE);
    terminal.wait_for_text("1 of 1 orders");
    let seen = "SELECT at_ms - seen_lag_ms FROM event WHERE event_id = 'new'";
    let before = chrono::Utc::now().timestamp_millis();
    append(&scene, "funnel.jsonl", &purchase("new", "2099-01-01T00:00:00Z"));
    terminal.wait_for_text("2 more events");
    // Not when the following began: the 48-hour clock of an event starts with its own first sight.
    assert!(scene.number(seen) >= before, "{} {before}", scene.number(seen));
    terminal.press("q");
    assert_eq!(terminal.end().0, 0);
}
