//! Section 3.5: pipes, closed files, full devices, terminals that are none, limits, panics.

use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use serde_json::Value as Json;

use super::every::LOST;
use super::raw::{ACCEPTED, ByHand};
use super::scene::{NOW, Scene, piped, run, wait};

#[test]
fn o_12_a_reader_that_goes_away_is_no_failure() {
    let scene = Scene::of(1_000);
    let mut child = piped(&mut scene.command(&["events", "--format", "ndjson"]));
    let mut line = String::new();
    // More is written than a pipe holds; the reader takes one line and goes.
    BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with('{'), "{line}");
    wait(child).with(0, "");

    let mut child = piped(&mut scene.sending(NOW, &["--format", "ndjson"]));
    drop(child.stdout.take());
    wait(child).with(0, "");
    assert_eq!(scene.accepted(), 1_000, "a run goes on without its reader");
}

#[test]
fn o_13_a_full_device_ends_with_8_and_what_was_sent_is_recorded() {
    let full = || Stdio::from(OpenOptions::new().write(true).open("/dev/full").unwrap());
    let scene = Scene::of(20);
    for args in [&["audit"][..], &["events", "--format", "csv"], &["explain", "e1"], &["--help"]] {
        let mut command = scene.command(args);
        let ended = command.stdout(full()).stderr(Stdio::piped()).spawn().unwrap();
        let ended = wait(ended);
        assert!(!LOST.contains(&ended.code), "{args:?}: {ended:?}");
        assert!(args == ["--help"] || ended.code == 8, "{args:?}: {ended:?}");
    }
    // The plan is printed first: a run that cannot show it sends nothing.
    let child = scene.sending(NOW, &[]).stdout(full()).stderr(Stdio::piped()).spawn().unwrap();
    wait(child).with(8, "cannot write output");
    assert_eq!(scene.sent(), (0, 0));
    // A summary that cannot be printed comes after the record.
    let child = scene.sending(NOW, &["--json"]).stdout(full()).stderr(Stdio::piped()).spawn().unwrap();
    wait(child).with(8, "cannot write output");
    assert_eq!((scene.sent(), scene.accepted()), ((2, 20), 20));
    let child = scene.command(&["audit", "-o", "/dev/full"]);
    let mut child = child;
    child.args(["--format", "json"]);
    assert!(!LOST.contains(&run(&mut child).code));
}

#[test]
fn o_14_closed_files_are_nobodys_database_or_socket() {
    for closed in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"] {
        let (scene, server) = (Scene::of(10), ByHand::start());
        let script = format!("exec \"$@\" {closed}");
        let send = ["backfill", "--send", "--endpoint", &server.url];
        let child = piped(&mut scene.shell(&script, &send));
        server.next();
        for number in 0..3 {
            let link = fs::read_link(format!("/proc/{}/fd/{number}", child.id()));
            let file = link.map(|link| link.to_string_lossy().into_owned()).unwrap_or_default();
            assert!(
                !file.contains("makegood.db") && !file.contains("socket"),
                "{closed}: {number} is {file}"
            );
        }
        server.answer(ACCEPTED);
        let ended = wait(child);
        assert_eq!((ended.code, scene.accepted()), (0, 10), "{closed}: {ended:?}");
    }
}

#[test]
fn o_15_without_a_terminal_there_are_no_colours_no_questions_and_one_width() {
    let scene = Scene::of(10);
    let plain = scene.makegood(&["audit"]).with(0, "");
    for (name, value) in
        [("TERM", "dumb"), ("TERM", "xterm-256color"), ("COLUMNS", "20"), ("COLORTERM", "truecolor")]
    {
        let ended = run(scene.command(&["audit"]).env_remove("NO_COLOR").env(name, value));
        assert!(!(ended.stdout.clone() + &ended.stderr).contains('\u{1b}'), "{name}={value}");
        assert_eq!(ended.stdout, plain.stdout, "{name}={value}");
    }
    let asked = run(&mut scene.command(&["backfill", "--endpoint", &scene.sandbox.url]));
    asked.with(2, "there is something to send, and nobody to ask");
    scene.makegood(&["backfill", "--no-input", "--endpoint", &scene.sandbox.url]).with(2, "nobody to ask");
    assert_eq!(scene.sent(), (0, 0));
}

#[test]
fn o_20_names_with_spaces_and_bytes_work_and_a_missing_folder_is_named() {
    let scene = Scene::of(10);
    let strange = std::ffi::OsStr::from_bytes(b"a b\xff\x1b[31m");
    let folder = scene.place.work.join(strange);
    fs::create_dir(&folder).unwrap();
    let db = folder.join("x y.db");
    let with_db = |args: &[&str]| {
        let mut command = scene.command(&["--db"]);
        run(command.arg(&db).args(args))
    };
    with_db(&["import", "funnel.jsonl"]).with(0, "");
    let ended = with_db(&["backfill", "--send", "-v", "--endpoint", &scene.sandbox.url]).with(0, "");
    assert!(!ended.stderr.contains('\u{1b}'), "{}", ended.stderr);
    assert_eq!(scene.sent(), (1, 10));
    // Relative names start where the program runs, those of a config where the config lies.
    let mut command = scene.place.command(env!("CARGO_BIN_EXE_makegood"), &folder);
    run(command.args(["--now", NOW, "-c", "../makegood.toml", "audit"])).with(0, "");
    let mut command = scene.place.command(env!("CARGO_BIN_EXE_makegood"), &folder);
    run(command.args(["--now", NOW, "--db", "x y.db", "audit"])).with(0, "");
    for args in
        [["--db", "no/such/x.db", "import", "funnel.jsonl"], ["-o", "no/such/x.json", "audit", "--no-import"]]
    {
        scene.makegood(&args).with(8, "no/such");
    }
}

#[test]
fn o_21_files_are_their_owners_alone_whatever_the_umask() {
    for umask in ["000", "022", "077"] {
        let (scene, server) = (Scene::empty(), ByHand::start());
        scene.log("funnel.jsonl", "2026-11-20T02:00:00Z", 10);
        let script = format!("umask {umask}; exec \"$@\"");
        run(&mut scene.shell(&script, &["import", "funnel.jsonl", "-o", "import.json"])).with(0, "");
        run(&mut scene.shell(&script, &["backfill", "--dry-run", "--requests", "bodies"])).with(0, "");
        run(&mut scene.shell(&script, &["demo", "--events", "100", "--out", "demo"])).with(0, "");
        let send = ["backfill", "--send", "--endpoint", &server.url];
        let child = piped(&mut scene.shell(&script, &send));
        server.next();
        for name in [
            "makegood.db",
            "makegood.db-wal",
            "makegood.db-shm",
            "makegood.db.backfill.lock",
            "import.json",
            "bodies",
            "demo/makegood.db",
            "demo/funnel.jsonl",
        ] {
            let mode =
                fs::metadata(scene.place.work.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(mode.permissions().mode() & 0o777, 0o600, "{name} under {umask}");
        }
        let demo = fs::metadata(scene.place.work.join("demo")).unwrap();
        assert_eq!(demo.permissions().mode() & 0o777, 0o700);
        server.answer(ACCEPTED);
        wait(child).with(0, "");
    }
}

#[test]
fn o_22_too_few_files_may_be_opened_and_the_error_is_a_clean_one() {
    let scene = Scene::of(10);
    for files in 3..24 {
        let script = format!("ulimit -n {files}; exec \"$@\"");
        let send = ["backfill", "--send", "--endpoint", &scene.sandbox.url];
        let ended = run(&mut scene.shell(&script, &send));
        assert!([0, 4, 6, 8, 127].contains(&ended.code), "{files}: {ended:#?}");
        // The loader of programs needs some itself.
        let is_loaders = ended.stderr.contains("shared libraries") || ended.code == 127;
        assert!(ended.code == 0 || is_loaders || ended.stderr.contains("error: "), "{files}: {ended:#?}");
    }
    scene.backfill_at("2026-11-20T13:00:00Z").with(0, "");
    assert_eq!((scene.sent().1, scene.accepted()), (10, 10));
}

/// What the next test runs in a process of its own.
#[test]
#[ignore = "ends its process"]
fn child_of_o_23() {
    makegood::cli::catch_bugs();
    std::thread::spawn(|| panic!("email jane@example.com is no integer")).join().unwrap();
}

#[test]
fn o_23_a_panic_ends_with_70_and_shows_its_place_only() {
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "faults::terminal::child_of_o_23", "--ignored", "--nocapture"]);
    let ended = run(&mut child).with(70, "internal error at tests/it/faults/terminal.rs");
    assert!(!format!("{ended:?}").contains("jane"), "{ended:?}");
}

#[test]
fn o_26_every_json_output_is_one_document_also_on_failure() {
    let scene = Scene::of(10);
    let send = ["backfill", "--send", "--endpoint", &scene.sandbox.url, "--json"];
    let commands: [&[&str]; 12] = [
        &["import", "funnel.jsonl", "--json"],
        &["audit", "--json"],
        &["events", "--json"],
        &["backfill", "--dry-run", "--json"],
        &send,
        // And failures.
        &["--db", "none.db", "audit", "--json"],
        &["--db", "none.db", "events", "--json"],
        &["--db", "none.db", "backfill", "--send", "--json"],
        &["import", "none.jsonl", "--json"],
        &["backfill", "--send", "--endpoint", "http://10.0.0.1", "--json"],
        &["audit", "--since", "garbage", "--json"],
        &["-c", "none.toml", "audit", "--json"],
    ];
    for args in commands {
        let ended = scene.makegood(args);
        let document: Json =
            serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{args:?}: {ended:#?}"));
        if ended.code != 0 {
            assert_eq!(document["exit_code"], ended.code, "{args:?}");
        }
    }
}
