//! Section 3.5, runs: locks, signals, clocks, repeats.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Child;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::raw::{ACCEPTED, ByHand};
use super::scene::{NOW, Scene, copy_program, piped, run, wait};

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

/// Reads a pipe up to a line that holds these words; returns the rest of the pipe to be read on.
fn wait_for<R: std::io::Read>(pipe: R, words: &str) -> BufReader<R> {
    let mut pipe = BufReader::new(pipe);
    let mut line = String::new();
    while !line.contains(words) {
        line.clear();
        assert!(pipe.read_line(&mut line).unwrap() > 0, "ended without {words:?}");
    }
    pipe
}

/// The exit code of a child whose pipes are taken; 128 and its number after a signal.
fn code(child: &mut Child) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    let status = child.wait().unwrap();
    status.code().or(status.signal().map(|number| 128 + number)).unwrap()
}

#[test]
fn o_01_a_second_backfill_sends_nothing_and_ends_with_7() {
    let (scene, server) = (Scene::of(10), ByHand::start());
    let first = scene.start(&server.url, &[]);
    server.next();
    let pid = first.id();
    let second = run(&mut scene.sending(NOW, &[]));
    second.with(7, &format!("a backfill is already running (pid {pid})"));
    assert_eq!(scene.sent(), (0, 0));
    // Everything that does not send still works meanwhile.
    scene.makegood(&["audit"]).with(0, "");
    scene.makegood(&["backfill", "--dry-run"]).with(0, "");
    server.answer(ACCEPTED);
    wait(first).with(0, "");
}

#[test]
fn o_02_a_killed_run_leaves_no_lock_and_its_keys_come_back_after_the_lease() {
    let (scene, server) = (Scene::of(10), ByHand::start());
    let mut first = scene.start(&server.url, &[]);
    server.next();
    first.kill().unwrap();
    assert_eq!(code(&mut first), 137);
    scene.backfill_at("2026-11-20T12:01:59Z").with(0, "");
    assert_eq!(scene.sent(), (0, 0), "the lease still holds");
    scene.backfill_at("2026-11-20T12:02:01Z").with(0, "");
    assert_eq!((scene.sent(), scene.accepted()), ((1, 10), 10));
}

/// The first signal; the answer comes only after the program has said that it heard it.
fn stops_after_the_request_in_flight(signal_name: Signal, exit: i32) {
    let (scene, server) = (Scene::of(30), ByHand::start());
    let mut child = scene.start(&server.url, &[]);
    server.next();
    signal(&child, signal_name);
    let mut stderr = wait_for(child.stderr.take().unwrap(), "the request in flight");
    server.answer(ACCEPTED);
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    let ended = wait(child);
    assert_eq!(ended.code, exit, "{rest}");
    assert!(rest.contains("stopped by a signal"), "{rest}");
    assert!(ended.stdout.contains("Sent 10 of 30 planned: 10 accepted, 20 not reached"), "{}", ended.stdout);
    assert_eq!((server.others(), scene.accepted()), (0, 10));
    scene.backfill().with(0, "");
    assert_eq!(scene.sent(), (2, 20));
}

#[test]
fn o_05_a_signal_lets_the_request_in_flight_finish_and_be_recorded() {
    stops_after_the_request_in_flight(Signal::SIGTERM, 143);
    stops_after_the_request_in_flight(Signal::SIGINT, 130);
}

#[test]
fn o_07_a_terminal_that_closes_is_a_signal_like_the_others() {
    stops_after_the_request_in_flight(Signal::SIGHUP, 129);
}

#[test]
fn o_05_a_second_signal_stops_at_once_and_the_outcome_stays_unknown() {
    let (scene, server) = (Scene::of(30), ByHand::start());
    let mut child = scene.start(&server.url, &[]);
    server.next();
    signal(&child, Signal::SIGINT);
    let _stderr = wait_for(child.stderr.take().unwrap(), "the request in flight");
    let start = Instant::now();
    signal(&child, Signal::SIGTERM);
    assert_eq!(code(&mut child), 143);
    assert!(start.elapsed() < Duration::from_secs(2));
    assert_eq!(scene.number("SELECT count(*) FROM attempt WHERE outcome IS NULL"), 10);
    let unknown = scene.makegood(&["events", "--verdict", "unknown", "--format", "ndjson"]);
    assert_eq!(unknown.stdout.lines().count(), 10);
    scene.backfill_at("2026-11-20T12:03:00Z").with(0, "");
    assert_eq!(scene.sent(), (3, 30));
}

#[test]
fn o_05_a_signal_ends_a_pause() {
    let scene = Scene::of(10);
    scene.script(&[serde_json::json!({"code": 40100, "retry_after": "25"})]);
    let mut child = piped(&mut scene.sending(NOW, &["--format", "ndjson"]));
    let _stdout = wait_for(child.stdout.take().unwrap(), "\"requests\":1");
    let start = Instant::now();
    signal(&child, Signal::SIGTERM);
    assert_eq!(code(&mut child), 143);
    assert!(start.elapsed() < Duration::from_secs(5), "it does not sit the pause out");
    assert_eq!(scene.sent(), (1, 0));
}

#[test]
fn o_08_a_clock_that_went_backwards_stops_the_run() {
    let scene = Scene::of(10);
    scene.backfill().with(0, "");
    scene.log("more.jsonl", "2026-11-20T01:00:00Z", 20);
    scene.makegood(&["import", "more.jsonl"]).with(0, "");
    for now in ["2026-11-20T10:00:00Z", "1970-01-02T00:00:00Z"] {
        scene.backfill_at(now).with(4, "clock");
    }
    assert_eq!(scene.sent(), (1, 10));
    scene.backfill_at("2026-11-20T11:56:00Z").with(0, "");
    assert_eq!(scene.sent(), (2, 20), "four minutes are what clocks do");
}

#[test]
fn o_08_a_weekend_off_is_no_broken_clock() {
    let scene = Scene::of(10);
    scene.script(&[serde_json::json!({"status": 503, "body": "", "times": 9})]);
    scene.backfill();
    let (requests, _) = scene.sent();
    let ended = scene.backfill_at("2026-11-23T12:00:00Z").with(3, "more held than after the last run");
    assert!(ended.stdout.contains("late-"), "{}", ended.stdout);
    assert_eq!(scene.sent(), (requests, 0), "nothing is sent late");
    scene.backfill_at("2026-11-23T13:00:00Z").with(0, "");
}

#[test]
fn o_08_a_clock_that_disagrees_with_the_servers_stops_the_run() {
    let scene = Scene::empty();
    let hour_ago = chrono::Utc::now() - chrono::TimeDelta::hours(1);
    scene.log("funnel.jsonl", &hour_ago.to_rfc3339(), 30);
    run(scene.place.makegood().args(["import", "funnel.jsonl"])).with(0, "");
    let send = || {
        let url = &scene.sandbox.url;
        run(scene.place.makegood().args(["backfill", "--send", "--endpoint", url]))
    };
    let clock = |hours| {
        let now = (chrono::Utc::now() + chrono::TimeDelta::hours(hours)).to_rfc3339();
        scene.ask("POST", "/sandbox/clock", &serde_json::json!({ "now": now }).to_string());
    };
    clock(2);
    send().with(4, "this machine's clock is off by");
    assert_eq!((scene.sent(), scene.accepted()), ((1, 10), 10), "the answer itself still counts");
    clock(0);
    send().with(0, "");
    assert_eq!(scene.sent(), (3, 30));
}

#[test]
fn o_11_the_zone_of_the_environment_changes_nothing() {
    let scene = Scene::of(10);
    let commands: [&[&str]; 3] = [
        &["audit", "--json"],
        &["backfill", "--dry-run"],
        &["events", "--since", "2026-11-20", "--format", "csv"],
    ];
    for args in commands {
        let plain = scene.makegood(args).with(0, "").stdout;
        for zone in ["America/Sao_Paulo", "Europe/Berlin", "garbage", ":/etc/passwd", ""] {
            let other = run(scene.command(args).env("TZ", zone)).with(0, "");
            assert_eq!(other.stdout, plain, "{zone}");
        }
    }
}

#[test]
fn o_24_a_dry_run_sends_nothing_changes_no_byte_and_plans_what_is_sent() {
    let scene = Scene::of(25);
    let before = scene.bytes();
    let plan = run(&mut scene.command(&["backfill", "--dry-run"])).with(0, "");
    let outside = scene.place.work.join("../bodies.jsonl");
    let bodies = run(scene.command(&["backfill", "--dry-run", "--requests"]).arg(&outside)).with(0, "");
    assert_eq!(plan.stdout, bodies.stdout);
    assert_eq!((scene.bytes() == before, scene.sent()), (true, (0, 0)));
    scene.backfill().with(0, "");
    let sent: Vec<serde_json::Value> = fs::read_to_string(scene.place.work.join("requests.jsonl"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let bodies = fs::read_to_string(outside).unwrap();
    assert_eq!(sent.len(), 3);
    for (sent, body) in sent.iter().zip(bodies.lines()) {
        use sha2::Digest as _;
        assert_eq!(sent["body_sha256"], hex::encode(sha2::Sha256::digest(body)), "byte for byte");
    }
}

#[test]
fn o_25_a_second_run_has_nothing_to_do() {
    let scene = Scene::of(25);
    scene.backfill().with(0, "");
    for now in [NOW, "2026-11-20T13:00:00Z", "2026-12-01T00:00:00Z"] {
        scene.backfill_at(now).with(0, "");
        assert_eq!(scene.sent(), (3, 25));
    }
}

#[test]
fn o_28_a_run_outlives_its_replaced_program() {
    let (scene, server) = (Scene::of(10), ByHand::start());
    let program = scene.place.work.join("makegood");
    copy_program(&program);
    let mut command = scene.place.command(program.to_str().unwrap(), &scene.place.work);
    command.args(["--now", NOW, "backfill", "--send", "--endpoint", &server.url]);
    let child = piped(&mut command);
    server.next();
    fs::write(scene.place.work.join("newer"), "not a program").unwrap();
    fs::rename(scene.place.work.join("newer"), &program).unwrap();
    server.answer(ACCEPTED);
    wait(child).with(0, "");
    assert_eq!(scene.accepted(), 10);
}

#[test]
fn o_29_the_run_after_a_death_says_what_nobody_knows() {
    let (scene, server) = (Scene::of(30), ByHand::start());
    let mut child = scene.start(&server.url, &[]);
    server.next();
    server.answer(ACCEPTED);
    server.next();
    child.kill().unwrap();
    child.wait().unwrap();
    let dead = "SELECT count(*) FROM run WHERE kind = 2 AND ended_ms IS NULL";
    assert_eq!(scene.number(dead), 1);
    // A dry run changes nothing, and the one after the next has nothing to say.
    scene.makegood(&["backfill", "--dry-run"]).with(0, "");
    assert_eq!(scene.number(dead), 1);
    let said = "died; nobody knows what became of 1 request with 10 events.";
    scene.backfill_at("2026-11-20T12:03:00Z").with(0, said);
    assert_eq!((scene.sent().1, scene.number(dead)), (20, 0), "ten were taken by the other server");
    let again = scene.backfill_at("2026-11-20T12:04:00Z").with(0, "");
    assert!(!again.stderr.contains("died"), "{again:?}");
}
