//! Section 3.4: full disks, busy databases, lost logs, and the order of syncs.

use std::fs;
use std::path::Path;
use std::process::Command;

use makegood::domain::Range;
use makegood::store::Store;

use super::database::has;
use super::raw::{ACCEPTED, ByHand};
use super::scene::{NOW, Scene, run, wait};

#[test]
fn s_01_s_03_a_full_disk_before_the_request_sends_nothing() {
    // Units of `ulimit -f` are 512 bytes or a kilobyte. The small one stops the run's own row already,
    // the larger one its first claim.
    for blocks in ["1", "100"] {
        let scene = Scene::of(400);
        scene.config("batch = 400\n");
        let script = format!("ulimit -f {blocks}; exec \"$@\"");
        let url = scene.sandbox.url.clone();
        let ended = run(&mut scene.shell(&script, &["backfill", "--send", "--endpoint", &url]));
        ended.with(8, "no space left to write");
        assert_eq!((scene.sent(), scene.number("SELECT count(*) FROM attempt")), ((0, 0), 0), "{blocks}");
        scene.backfill().with(0, "");
        assert_eq!(scene.sent(), (1, 400), "the database is whole");
    }
}

#[test]
fn s_02_a_full_disk_after_the_request_leaves_it_unknown_and_says_so() {
    if !has("prlimit") {
        eprintln!("skipped: prlimit is not installed");
        return;
    }
    let (scene, server) = (Scene::of(30), ByHand::start());
    let child = scene.start(&server.url, &[]);
    server.next();
    let limit = Command::new("prlimit").args(["--fsize=512:512", "--pid", &child.id().to_string()]).status();
    assert!(limit.unwrap().success());
    server.answer(ACCEPTED);
    let ended = wait(child).with(8, "outcomes of 1 request not recorded").with(8, "no space left");
    assert!(ended.stdout.contains("10 with an unknown outcome, 20 not reached"), "{}", ended.stdout);
    assert_eq!((server.others(), scene.accepted()), (0, 0));
    assert_eq!(scene.number("SELECT count(*) FROM attempt WHERE outcome IS NULL"), 10);
    scene.backfill_at("2026-11-20T12:03:00Z").with(0, "");
    assert_eq!(scene.sent(), (3, 30));
}

#[test]
fn s_04_a_busy_database_is_waited_for_before_and_after_the_request() {
    let (scene, server) = (Scene::of(20), ByHand::start());
    let writer = scene.db();
    let child = scene.start(&server.url, &[]);
    server.next();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    server.answer(ACCEPTED);
    // The outcome waits for the writer, and so does the next claim: no request meanwhile.
    std::thread::sleep(std::time::Duration::from_millis(700));
    assert_eq!(server.others(), 0);
    writer.execute_batch("COMMIT").unwrap();
    server.next();
    server.answer(ACCEPTED);
    wait(child).with(0, "");
    assert_eq!(scene.accepted(), 20);
}

/// A run that was killed while its second request was out; its first was accepted.
fn killed() -> Scene {
    let (scene, server) = (Scene::of(30), ByHand::start());
    let mut child = scene.start(&server.url, &[]);
    server.next();
    server.answer(ACCEPTED);
    server.next();
    child.kill().unwrap();
    child.wait().unwrap();
    scene
}

fn copy(scene: &Scene, to: &Path, wal: Option<&[u8]>) {
    let _ = fs::remove_file(to.with_extension("db-shm"));
    fs::copy(scene.place.work.join("makegood.db"), to).unwrap();
    match wal {
        Some(bytes) => fs::write(to.with_extension("db-wal"), bytes).unwrap(),
        None => drop(fs::remove_file(to.with_extension("db-wal"))),
    }
}

/// Attempts in the ledger, and how many of them are called accepted.
fn attempts(db: &Path) -> (usize, usize) {
    let store = Store::open(db).unwrap();
    let mut counts = (0, 0);
    for id in 0..30 {
        let id = makegood::domain::EventId::parse(&format!("e{id}")).unwrap();
        let group = store.group(&id).unwrap();
        for attempt in group.into_iter().flat_map(|group| group.attempts) {
            counts.0 += 1;
            counts.1 += usize::from(attempt.outcome == Some(makegood::domain::Outcome::Accepted));
        }
    }
    assert!(store.event_times().unwrap().is_some_and(|(oldest, _)| Range::ALL.has(oldest)));
    counts
}

#[test]
fn s_15_a_log_cut_anywhere_opens_and_tells_only_what_was_committed() {
    let scene = killed();
    let wal = fs::read(scene.place.work.join("makegood.db-wal")).unwrap();
    let frame = 24 + 16_384;
    let frames = (wal.len() - 32) / frame;
    assert!(frames > 6, "{frames} frames");
    let to = scene.place.work.join("cut.db");
    let mut last = (0, 0);
    for at in 0..=frames {
        for torn in [0, 24, 8_000] {
            let end = (32 + at * frame + torn).min(wal.len());
            copy(&scene, &to, Some(&wal[..end]));
            let now = attempts(&to);
            assert!(now.0 >= last.0 && now.1 >= last.1, "a longer log tells no less: {last:?} {now:?}");
            assert!([(0, 0), (10, 0), (10, 10), (20, 10)].contains(&now), "half a transaction: {now:?}");
            last = now;
        }
    }
    assert_eq!(last, (20, 10));
}

#[test]
fn s_16_a_log_that_somebody_deleted_never_makes_an_acceptance() {
    let scene = killed();
    let to = scene.place.work.join("makegood.db");
    fs::remove_file(to.with_extension("db-wal")).unwrap();
    let _ = fs::remove_file(to.with_extension("db-shm"));
    assert_eq!(attempts(&to).1, 0);
    // What was forgotten is sent again inside the window, where TikTok drops it.
    scene.backfill_at("2026-11-20T12:05:00Z").with(0, "");
    assert_eq!(scene.sent(), (3, 30));
}

/// What strace saw of one call: its name, and the file or the bytes it is about.
fn calls(text: &str) -> Vec<&'static str> {
    let kind = |line: &str| {
        let is_wal = line.contains("makegood.db-wal>");
        if line.contains("POST /open_api") {
            Some("request")
        } else if is_wal && line.contains("pwrite64(") {
            Some("write")
        } else if is_wal && (line.contains("fdatasync(") || line.contains("fsync(")) {
            Some("sync")
        } else {
            None
        }
    };
    text.lines().filter_map(kind).collect()
}

#[test]
fn s_15_the_claim_is_on_disk_before_its_request_leaves() {
    if !has("strace") {
        eprintln!("skipped: strace is not installed");
        return;
    }
    let scene = Scene::of(40);
    let trace = scene.place.work.join("trace");
    let mut command = scene.place.command("strace", &scene.place.work);
    command.args(["-f", "-y", "-qq", "-s", "40", "-o"]).arg(&trace);
    command.args(["-e", "trace=fsync,fdatasync,pwrite64,write,writev,sendto,sendmsg"]);
    command.args([env!("CARGO_BIN_EXE_makegood"), "--now", NOW, "backfill", "--send", "--endpoint"]);
    let ended = run(command.arg(&scene.sandbox.url));
    if ended.code != 0 && ended.stderr.contains("ptrace") {
        eprintln!("skipped: processes cannot be traced here");
        return;
    }
    ended.with(0, "");
    let calls = calls(&fs::read_to_string(&trace).unwrap());
    let parts: Vec<&[&str]> = calls.split(|call| *call == "request").collect();
    assert_eq!(parts.len(), 5, "four requests: {calls:?}");
    for part in &parts[..4] {
        assert_eq!(part.last(), Some(&"sync"), "nothing unsynced is left when a request goes: {calls:?}");
        assert!(part.contains(&"write"));
    }
    assert!(parts[4].contains(&"sync"), "nor of an outcome after the last: {calls:?}");
}
