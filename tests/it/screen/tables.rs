//! Every command on terminals of several widths: nothing runs over the edge, nothing from a log gets out.

use std::fs;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use pty_process::blocking::Command as OnPty;
use serde_json::json;
use tabled::grid::util::string::get_line_width;

use super::pty::Terminal;
use crate::faults::every::{EVERY, LOST, Sample, command, scene};
use crate::faults::scene::{Scene, purchase, run};

/// Lines of a terminal that nothing is too long for.
const HIGH: u16 = 60;

/// Commands whose output is for programs, whoever looks at it.
fn is_for_programs(sample: &Sample) -> bool {
    matches!(sample.args, ["completions" | "man" | "schedule", ..] | ["config", "schema", ..])
}

/// A command with colours and only its results on a terminal so wide.
fn shown(mut command: Command, width: u16) -> (i32, String) {
    command.env("TERM", "xterm-256color");
    Terminal::start(OnPty::from(command).stderr(Stdio::null()), (width, HIGH)).end()
}

/// The colours that the program itself writes.
const OWN: [&str; 5] = ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m"];

fn without_colours(text: &str) -> String {
    OWN.iter().fold(text.to_owned(), |text, own| text.replace(own, ""))
}

/// What stands before a command or a path that is to be copied.
const COPIED: [&str; 7] =
    ["next: ", "Next ", "See them ", "makegood ", "The whole report ", "Run it: ", "Then: "];

/// Whether a line could have been broken: what is to be copied, a command, a path or an id, stays in one
/// piece.
fn is_broken_well(line: &str, width: usize) -> bool {
    let words = line.trim_start();
    let is_copied = COPIED.iter().any(|label| words.starts_with(label));
    let indent = get_line_width(line) - get_line_width(words);
    let longest = words.split(' ').map(get_line_width).max().unwrap_or(0);
    get_line_width(line) <= width || is_copied || indent.max(4) + longest > width
}

#[test]
fn no_command_runs_over_the_edge_at_40_60_80_and_120_cells() {
    for sample in EVERY.iter().filter(|sample| !is_for_programs(sample)) {
        let scene = scene();
        for width in [40, 60, 80, 120] {
            let mut command = command(&scene, sample, &["--no-pager"]);
            command.env_remove("NO_COLOR");
            let (code, raw) = shown(command, width);
            assert!(!LOST.contains(&code), "{:?}: {raw}", sample.args);
            for line in without_colours(&raw).lines() {
                let line = line.trim_end_matches('\r');
                assert!(!line.contains('\u{1b}'), "{:?}: {line:?}", sample.args);
                assert!(
                    is_broken_well(line, width.into()),
                    "{:?} at {width}:\n{line}\nin\n{raw}",
                    sample.args
                );
            }
        }
    }
}

#[test]
fn ascii_is_ascii_everywhere_and_as_wide() {
    for sample in EVERY.iter().filter(|sample| !is_for_programs(sample)) {
        let (plain, ascii) = (scene(), scene());
        let wide = run(&mut command(&plain, sample, &["-v"]));
        let ended = run(&mut command(&ascii, sample, &["-v", "--ascii"]));
        assert_eq!(ended.code, wide.code, "{:?}: {ended:#?}", sample.args);
        for said in [&ended.stdout, &ended.stderr] {
            assert!(said.is_ascii(), "{:?}: {said}", sample.args);
        }
        let widths = |text: &str| text.lines().map(|line| line.chars().count()).collect::<Vec<_>>();
        let is_timed = ended.stdout.contains("127.0.0.1") || matches!(sample.args, ["demo" | "doctor", ..]);
        assert!(is_timed || widths(&ended.stdout) == widths(&wide.stdout), "{:?}: {ended:#?}", sample.args);
    }
}

fn set(command: &mut Command, name: &str, value: &str) {
    command.env(name, value);
}

#[test]
fn colours_are_for_people_who_want_them() {
    let scene = Scene::of(10);
    let coloured = |change: &dyn Fn(&mut Command), more: &[&str]| {
        let mut command = scene.command(&[&["--no-pager", "audit"], more].concat());
        command.env_remove("NO_COLOR").env("TERM", "xterm-256color");
        change(&mut command);
        let on_terminal = OnPty::from(command).stderr(Stdio::null());
        Terminal::start(on_terminal, (100, HIGH)).end().1.contains('\u{1b}')
    };
    assert!(coloured(&|_| {}, &[]), "a high finding is red");
    assert!(!coloured(&|command| set(command, "NO_COLOR", "1"), &[]));
    assert!(!coloured(&|command| set(command, "TERM", "dumb"), &[]));
    assert!(!coloured(&|_| {}, &["--color", "never"]));
    assert!(coloured(&|command| set(command, "NO_COLOR", "1"), &["--color", "always"]));
    // A file is nobody's terminal, and JSON nobody's picture.
    scene.makegood(&["audit", "--color", "always", "-o", "audit.txt"]).with(0, "");
    assert!(!fs::read(scene.place.work.join("audit.txt")).unwrap().contains(&0x1b));
    assert!(!scene.makegood(&["audit", "--color", "always", "--json"]).stdout.contains('\u{1b}'));
    assert!(
        scene.makegood(&["audit", "--color", "always"]).stdout.contains("\u{1b}[1m\u{1b}[31mhigh\u{1b}[0m")
    );
}

#[test]
fn a_long_list_is_shown_in_the_pager_and_a_short_one_is_not() {
    let scene = Scene::of(100);
    let shown = |pager: &str, args: &[&str]| {
        let mut command = scene.command(args);
        command.env("PAGER", pager);
        shown(command, 100)
    };
    let marked = "sed 's/^/> /'";
    let (code, text) = shown(marked, &["events"]);
    assert!(code == 0 && text.lines().all(|line| line.starts_with("> ")), "{text}");
    assert!(text.contains("100 events"), "{text}");
    for args in [&["events", "--no-pager"][..], &["events", "--json"], &["status"], &["explain", "e1"]] {
        let (code, text) = shown(marked, args);
        assert!(code == 0 && !text.contains("> "), "{args:?}: {text}");
    }
    // Who has seen enough is no failure, and neither is a pager that is not there.
    assert_eq!(shown("true", &["events"]), (0, String::new()));
    let (code, text) = shown("no-such-pager", &["events"]);
    assert!(code == 0 && text.contains("100 events"), "{text}");
    // Without a terminal there is none.
    let piped = run(scene.command(&["events"]).env("PAGER", marked));
    assert!(piped.code == 0 && !piped.stdout.contains("> "), "{piped:#?}");
}

/// Pieces that would drive a terminal, hide text or break a table, and some that are only strange.
const PIECES: [&str; 24] = [
    "\u{1b}[2J",
    "\u{1b}]52;c;aGk=\u{7}",
    "\u{1b}]8;;https://x.example\u{1b}\\",
    "\u{1b}P+q\u{1b}\\",
    "\u{9b}35m",
    "\u{1b}[5m",
    "\u{1b}",
    "\u{8}\u{8}",
    "\r",
    "\n",
    "\t",
    "\u{7f}",
    "\u{85}",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{feff}",
    "\u{2028}",
    "e\u{301}\u{301}",
    "東京",
    "👩\u{200d}👧",
    "=cmd()",
    "%s%n",
    "{}",
];

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        proptest::sample::select(&PIECES[..]).prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
        "[a-z ]{1,5}",
    ];
    proptest::collection::vec(piece, 1..8).prop_map(|pieces| pieces.concat())
}

/// A log with this text in every field that holds any.
fn log(text: &str) -> String {
    let record = |id: &str, event: &str| {
        let mut record = purchase(id, "2026-11-20T02:00:00Z");
        record["event"] = json!(event);
        for field in ["campaign_id", "funnel_id", "session_id", "order_id"] {
            record[field] = json!(text);
        }
        record["user"]["user_agent"] = json!(text);
        record["properties"]["order_id"] = json!(text);
        record["properties"]["currency"] = json!(text);
        record["page"]["url"] = json!(format!("https://quiz.example.com/{text}?utm={text}"));
        record
    };
    let mut other = record("e2", "lead");
    other["source"] = json!(text);
    let receipt = json!({"event_id": "e3", "event": text, "channel": "events_api", "pixel_id": text,
        "sent_at": "2026-11-20T02:00:01Z", "code": 40002, "message": text, "request_id": text});
    let records =
        [record("e0", "payment_succeeded"), record("e1", text), record(text, "lead"), other, receipt];
    let lines: Vec<String> = records.iter().map(ToString::to_string).collect();
    lines.join("\n") + &format!("\n{{\"event_id\":{text}\n")
}

#[test]
fn whatever_stands_in_a_log_no_command_lets_it_out() {
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 6, failure_persistence: None, ..Default::default() });
    runner
        .run(&hostile(), |text| {
            let scene = Scene::empty();
            fs::write(scene.place.work.join("funnel.jsonl"), log(&text)).unwrap();
            scene.makegood(&["import", "funnel.jsonl"]);
            scene.makegood(&["--db", "other.db", "import", "funnel.jsonl"]);
            for sample in EVERY.iter().filter(|sample| !is_for_programs(sample)) {
                let ended = run(&mut command(&scene, sample, &["-v", "--color", "always"]));
                prop_assert!(!LOST.contains(&ended.code), "{:?}: {ended:#?}", sample.args);
                for said in [&ended.stdout, &ended.stderr] {
                    let own = without_colours(said).replace("\u{1b}[36m", "");
                    let obeyed = own.chars().find(|c| {
                        (c.is_control() && *c != '\n')
                            || matches!(*c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
                    });
                    prop_assert!(obeyed.is_none(), "{:?} lets out {obeyed:?} of {text:?}:\n{said}", sample.args);
                }
            }
            Ok(())
        })
        .unwrap();
}
