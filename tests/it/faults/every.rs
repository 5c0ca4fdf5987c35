//! What holds for every command there is. One that is new fails here until it stands in [`EVERY`].

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};

use super::scene::{Ended, NOW, PIXEL, Scene, piped, purchase, run, wait};

/// Codes of a program that lost control of itself.
pub const LOST: [i32; 4] = [70, 101, 134, 141];

/// A command line that works in a [`Scene`]; `{sandbox}` is its sandbox.
pub struct Sample {
    pub args: &'static [&'static str],
    /// What `--json` gives.
    json: Document,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Document {
    /// One document.
    Its,
    /// The command has none, and says so in one.
    Refusal,
}

use Document::{Its, Refusal};

const fn sample(args: &'static [&'static str], json: Document) -> Sample {
    Sample { args, json }
}

/// Every command, in the order of its name; one that reads and one that writes where it has both.
pub const EVERY: &[Sample] = &[
    sample(&["audit"], Its),
    sample(&["audit", "funnel.jsonl"], Its),
    sample(&["backfill", "--dry-run"], Its),
    sample(&["backfill", "--send", "--endpoint", "{sandbox}"], Its),
    sample(&["backup", "copy.db"], Its),
    sample(&["completions", "bash"], Refusal),
    sample(&["config", "schema"], Its),
    sample(&["config", "show", "--origin"], Its),
    sample(&["demo", "--events", "200", "--out", "demo"], Refusal),
    sample(&["doctor"], Its),
    sample(&["doctor", "--online", "--endpoint", "{sandbox}"], Its),
    sample(&["erase", "--email", "e1@example.com", "--dry-run"], Its),
    sample(&["erase", "--event-id", "e1"], Its),
    sample(&["events"], Its),
    sample(&["events", "--quarantined"], Its),
    sample(&["explain", "e0"], Refusal),
    sample(&["findings"], Its),
    sample(&["import", "funnel.jsonl"], Its),
    sample(&["init", "--to", "other.toml", "--from", "funnel.jsonl"], Refusal),
    sample(&["man", "man1"], Refusal),
    sample(&["merge", "other.db"], Its),
    sample(&["prune"], Its),
    sample(&["reconcile", "--engine", "spark", "--segments", "lake", "--out", "runs", "--job-only"], Its),
    sample(&["reconcile", "--engine", "spark", "--results", "answers"], Its),
    sample(&["schedule", "cron"], Refusal),
    sample(&["ship", "--to", "segments", "--host", "web1"], Its),
    sample(&["sql", "SELECT event_id, verdict FROM verdict"], Its),
    sample(&["status"], Its),
    sample(&["verify", "--test-event-code", "TEST12345", "--endpoint", "{sandbox}"], Its),
    sample(&["verify", "--walk", "last"], Its),
    sample(&["watch", "--once"], Refusal),
];

/// Commands that only run until they are stopped; tests of their own hold them.
const WAIT: [&str; 1] = ["sandbox"];

/// The words of a sample in a scene, with options before them.
fn words(scene: &Scene, sample: &Sample, more: &[&str]) -> Vec<String> {
    // These two have no use for a clock, and say so.
    let clock = if matches!(sample.args[0], "completions" | "man") { &[][..] } else { &["--now", NOW] };
    let words = clock.iter().chain(more).chain(sample.args);
    words.map(|word| word.replace("{sandbox}", &scene.sandbox.url)).collect()
}

/// The command of a sample in a scene.
pub fn command(scene: &Scene, sample: &Sample, more: &[&str]) -> Command {
    let mut command = scene.place.makegood();
    command.args(words(scene, sample, more));
    command
}

/// A scene in which every sample works.
pub fn scene() -> Scene {
    let scene = Scene::of(10);
    scene.makegood(&["--db", "other.db", "import", "funnel.jsonl"]).with(0, "");
    // The newest session is one that TikTok took.
    scene.log_of("walk.jsonl", "2026-11-20T03:00:00Z", std::iter::once("walk".to_owned()));
    let receipt = json!({"event_id": "walk", "event": "CompletePayment", "pixel_id": PIXEL, "channel": "events_api",
        "sent_at": "2026-11-20T03:00:01Z", "http_status": 200, "code": 0});
    fs::write(scene.place.work.join("sent.jsonl"), format!("{receipt}\n")).unwrap();
    scene.makegood(&["import", "walk.jsonl", "sent.jsonl"]).with(0, "");
    fs::create_dir_all(scene.place.work.join("lake/expected")).unwrap();
    for answer in ["missing", "coverage"] {
        let folder = scene.place.work.join("answers").join(answer);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("_SUCCESS"), "").unwrap();
    }
    fs::copy(scene.place.work.join("funnel.jsonl"), scene.place.work.join("answers/missing/part-00000"))
        .unwrap();
    scene
}

/// Runs every sample, each in a scene of its own.
fn each(run_one: impl Fn(&Scene, &Sample)) {
    for sample in EVERY {
        run_one(&scene(), sample);
    }
}

#[test]
fn every_command_stands_in_the_table() {
    let scene = Scene::empty();
    let help = scene.makegood(&["--help"]).stdout;
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    let there: BTreeSet<&str> = lines
        .filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' '))?.split(' ').next())
        .collect();
    let listed: BTreeSet<&str> = EVERY.iter().map(|sample| sample.args[0]).collect();
    let waiting: BTreeSet<&str> = WAIT.into_iter().filter(|name| there.contains(name)).collect();
    assert!(there.len() > 20, "{help}");
    assert_eq!(
        there,
        &listed | &waiting,
        "a new command stands in EVERY, so that what holds for all holds for it"
    );
}

#[test]
fn every_sample_works() {
    each(|scene, sample| {
        let ended = run(&mut command(scene, sample, &[]));
        assert!(ended.code == 0, "{:?}: {ended:#?}", sample.args);
    });
}

/// What a command was asked for goes to stdout also under `-q`: somebody redirects it.
const RESULTS: [&[&str]; 3] = [&["completions", "bash"], &["config", "schema"], &["schedule", "cron"]];

#[test]
fn no_quiet_command_says_anything_when_all_is_well() {
    each(|scene, sample| {
        let ended = run(&mut command(scene, sample, &["-q"]));
        assert_eq!(ended.code, 0, "{:?}: {ended:#?}", sample.args);
        assert!(ended.stderr.is_empty(), "{:?}: {ended:#?}", sample.args);
        assert_eq!(ended.stdout.is_empty(), !RESULTS.contains(&sample.args), "{:?}: {ended:#?}", sample.args);
    });
}

#[test]
fn o_12_no_command_minds_a_reader_that_goes_away() {
    each(|scene, sample| {
        let mut child = piped(&mut command(scene, sample, &[]));
        drop(child.stdout.take());
        drop(child.stderr.take());
        let ended = wait(child);
        assert_eq!(ended.code, 0, "{:?}: {ended:#?}", sample.args);
    });
}

#[test]
fn o_13_every_command_that_prints_says_that_it_could_not() {
    each(|scene, sample| {
        let prints = !run(&mut command(&self::scene(), sample, &[])).stdout.is_empty();
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let child = command(scene, sample, &[]).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
        let ended = wait(child);
        let wanted = if prints { 8 } else { 0 };
        assert_eq!(ended.code, wanted, "{:?}: {ended:#?}", sample.args);
        assert!(!prints || ended.stderr.contains("cannot write output"), "{:?}: {ended:#?}", sample.args);
    });
}

#[test]
fn o_14_no_command_minds_closed_files() {
    each(|scene, sample| {
        let mut shell = scene.place.command("sh", &scene.place.work);
        shell.args(["-c", "exec \"$@\" <&- >&- 2>&-", "sh", env!("CARGO_BIN_EXE_makegood")]);
        let ended = run(shell.args(words(scene, sample, &[])));
        assert_eq!(ended.code, 0, "{:?}", sample.args);
        // A closed file's number was nobody's: the database is whole.
        let whole: String = scene.db().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(whole, "ok", "{:?}", sample.args);
    });
}

#[test]
fn o_15_no_command_colours_or_asks_without_a_terminal() {
    each(|scene, sample| {
        let mut coloured = command(scene, sample, &[]);
        coloured.env_remove("NO_COLOR").env("TERM", "xterm-256color").env("COLORTERM", "truecolor");
        let ended = run(coloured.env("COLUMNS", "20"));
        assert_eq!(ended.code, 0, "{:?}: {ended:#?}", sample.args);
        // A page of a shell's completions may hold an escape of its own language, never the character.
        assert!(!format!("{}{}", ended.stdout, ended.stderr).contains('\u{1b}'), "{:?}", sample.args);
        let plain = run(&mut command(&self::scene(), sample, &[]));
        assert_eq!(without_places(&ended), without_places(&plain), "{:?}", sample.args);
    });
}

/// What was printed, without what differs from scene to scene.
fn without_places(ended: &Ended) -> Vec<String> {
    let is_place = |word: &str| word.contains("makegood-it-") || word.contains("127.0.0.1");
    let digits = |word: &str| word.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    let words = ended.stdout.split_whitespace();
    words.map(|word| if is_place(word) { "{place}".to_owned() } else { digits(word) }).collect()
}

#[test]
fn o_26_every_command_answers_json_with_one_document() {
    each(|scene, sample| {
        let ended = run(&mut command(scene, sample, &["--json"]));
        let document: Json = serde_json::from_str(&ended.stdout)
            .unwrap_or_else(|error| panic!("{:?}: {error}: {ended:#?}", sample.args));
        match sample.json {
            Its => assert_eq!(ended.code, 0, "{:?}: {ended:#?}", sample.args),
            Refusal => {
                assert_eq!(
                    (ended.code, &document["exit_code"]),
                    (2, &json!(2)),
                    "{:?}: {ended:#?}",
                    sample.args
                );
            }
        }
        let failed = run(&mut command(scene, sample, &["--json", "-c", "none.toml"]));
        let document: Json = serde_json::from_str(&failed.stdout)
            .unwrap_or_else(|error| panic!("{:?}: {error}: {failed:#?}", sample.args));
        assert!(failed.code != 0 && document["exit_code"] == failed.code, "{:?}: {failed:#?}", sample.args);
        assert!(document["schema"] == "makegood.error/1", "{:?}: {document}", sample.args);
    });
}

/// Escapes, OSC 52 (a clipboard), C1, bell, backspace, carriage return; then bidi and zero width.
const CONTROLS: &str = "\u{1b}[2J\u{1b}]52;c;aGk=\u{7}\u{9b}31m\u{8}\r";
const INVISIBLE: &str = "\u{202e}x\u{200b}y\u{2066}";

#[test]
fn x_01_x_02_no_command_hands_on_what_a_terminal_would_obey() {
    let hostile = |text: &str| format!("{text}{CONTROLS}{INVISIBLE}");
    let mut log = String::new();
    for (id, event) in
        [("e0", "payment_succeeded".to_owned()), ("e1", hostile("lead")), ("e2", "lead".to_owned())]
    {
        let mut record = purchase(id, "2026-11-20T02:00:00Z");
        record["event"] = json!(event);
        record["campaign_id"] = json!(hostile("c"));
        record["funnel_id"] = json!(hostile("f"));
        record["source"] = json!(if id == "e2" { hostile("src") } else { "tiktok".to_owned() });
        record["session_id"] = json!(hostile("s"));
        record["user"]["user_agent"] = json!(hostile("Mozilla/5.0"));
        record["properties"]["order_id"] = json!(hostile("o"));
        record["page"]["url"] = json!(format!("https://quiz.example.com/{}", hostile("p")));
        log.push_str(&record.to_string());
        log.push('\n');
    }
    log.push_str(&hostile("{\"event_id\":"));
    log.push('\n');
    for sample in EVERY {
        let scene = Scene::empty();
        fs::write(scene.place.work.join("funnel.jsonl"), &log).unwrap();
        scene.makegood(&["import", "funnel.jsonl"]);
        scene.makegood(&["--db", "other.db", "import", "funnel.jsonl"]);
        let ended = run(&mut command(&scene, sample, &["-v"]));
        assert!(!LOST.contains(&ended.code), "{:?}: {ended:#?}", sample.args);
        let said = format!("{}{}", ended.stdout, ended.stderr);
        let obeyed = said
            .chars()
            .find(|c| (c.is_control() && *c != '\n') || matches!(c, '\u{202e}' | '\u{200b}' | '\u{2066}'));
        // The scripts of shells are ours, and may hold a tab.
        let is_script = sample.args[0] == "completions";
        assert!(is_script || obeyed.is_none(), "{:?} hands on {obeyed:?}:\n{said}", sample.args);
    }
}
