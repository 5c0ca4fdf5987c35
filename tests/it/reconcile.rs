//! `reconcile`: the whole way by an engine that is a script over SQLite, and each way it can fail.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::ship::{Hosts, NOW, engine, files, missing};

/// An engine: the job's queries as they are, over views of the segments, on Python's SQLite.
const ENGINE: &str = r#"#!/usr/bin/env python3
import glob, gzip, json, os, re, sqlite3, sys
print("engine: at work", file=sys.stderr)
mode = open("mode").read().strip() if os.path.exists("mode") else "good"
if mode == "fail":
    print("\x1b[31mWARN something else", file=sys.stderr)
    print("org.example.AnalysisException: \x1b[2Jno such path", file=sys.stderr)
    sys.exit(1)
if mode == "hang":
    import time
    open("hanging", "w").close()
    time.sleep(60)
if os.environ.get("TOKEN"):
    sys.exit("the engine was given a token")
job = open(sys.argv[sys.argv.index("-f") + 1]).read()
db = sqlite3.connect(":memory:")
for name, columns, path in re.findall(r"VIEW (\w+)_read \((.*?)\) USING json OPTIONS \(path '(.*?)'\)", job):
    names = [column.split()[0] for column in columns.split(", ")]
    db.execute("CREATE TABLE %s (%s)" % (name, ", ".join(names)))
    for file in glob.glob(path + "/**/*.jsonl*", recursive=True):
        lines = (gzip.open if file.endswith(".gz") else open)(file, "rt")
        rows = (json.loads(line) for line in lines)
        marks = ", ".join("?" * len(names))
        db.executemany("INSERT INTO %s VALUES (%s)" % (name, marks), ([row.get(n) for n in names] for row in rows))
for out, form, query in re.findall(r"INSERT OVERWRITE DIRECTORY '(.*?)' USING (\w+)\n(.*?);\n", job, re.S):
    os.makedirs(out)
    rows = db.execute(query)
    names = [column[0] for column in rows.description]
    part = gzip.open(out + "/part-00000.txt.gz", "wt") if form == "text" else open(out + "/part-00000.json", "w")
    with part:
        for row in rows:
            part.write((row[0] if form == "text" else json.dumps(dict(zip(names, row)))) + "\n")
    open(out + "/part-00001.txt", "w").close()
    if mode != "no-success":
        open(out + "/_SUCCESS", "w").close()
"#;

const RECONCILE: [&str; 9] =
    ["reconcile", "--engine", "spark", "--db", "back.db", "--segments", "lake", "--out", "runs"];

/// Hosts that have shipped, and an engine.
fn cluster(events: &str) -> Hosts {
    let hosts = Hosts::new(events);
    hosts.ship("0");
    hosts.ship("1");
    let engine = hosts.place.work.join("engine");
    fs::write(&engine, ENGINE).unwrap();
    fs::set_permissions(&engine, fs::Permissions::from_mode(0o755)).unwrap();
    let config = hosts.place.work.join("makegood.toml");
    let pixels = fs::read_to_string(&config).unwrap();
    fs::write(config, pixels + "[reconcile]\ncommand = \"./engine --master somewhere\"\n").unwrap();
    hosts
}

fn mode(hosts: &Hosts, mode: &str) {
    fs::write(hosts.place.work.join("mode"), mode).unwrap();
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn totals(hosts: &Hosts, db: &str) -> Json {
    let audit = hosts.text(&["audit", "--json", "--no-import", "--since", "2020-01-01", "--db", db]);
    serde_json::from_str(&audit).unwrap()
}

#[test]
fn a_run_over_two_hosts_leaves_what_one_machine_would_send() {
    let hosts = cluster("1500");
    let run = hosts.run(0, &[RECONCILE.as_slice(), &["--json"]].concat());
    let run: Json = serde_json::from_slice(&run.stdout).unwrap();
    let whole = totals(&hosts, "whole.db");
    assert_eq!(hosts.judged("back.db"), hosts.judged("whole.db"));
    let back = totals(&hosts, "back.db");
    for count in ["expected", "delivered", "missing"] {
        assert_eq!(back["cluster"][count], whole["totals"][count], "{count}");
        assert_eq!(run["coverage"][count], whole["totals"][count], "{count}");
    }
    assert_eq!((&back["cluster"]["hosts"], &run["new"]["events"]), (&2.into(), &whole["totals"]["missing"]));
    let text = hosts.text(&["audit", "--no-import", "--since", "2020-01-01", "--db", "back.db"]);
    assert!(text.contains("the union of 2 hosts"), "{text}");

    // Gates judge the cluster's coverage, and the page tells it first.
    let gate = |least: &str| {
        let since =
            ["audit", "-q", "--no-import", "--since", "2020-01-01", "--db", "back.db", "--fail-under"];
        hosts.try_run(&[since.as_slice(), &[least]].concat()).status.code()
    };
    assert_eq!((gate("all=80"), gate("all=99.9")), (Some(0), Some(1)));
    let page =
        hosts.text(&["audit", "--no-import", "--since", "2020-01-01", "--db", "back.db", "--format", "md"]);
    assert!(page.contains("Over the union of 2 hosts"), "{page}");

    // Again, nothing new is queued, and the coverage is not added to the one before.
    let again = hosts.run(0, &[RECONCILE.as_slice(), &["--json"]].concat());
    let again: Json = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!((&again["new"]["events"], &again["new"]["receipts"]), (&0.into(), &0.into()));
    assert_eq!(again["coverage"], run["coverage"]);
    assert_eq!(totals(&hosts, "back.db"), back);

    // Coverages of two machines are not added up.
    let refused = hosts.run(2, &["merge", "--db", "other.db", "back.db"]);
    assert!(stderr(&refused).contains("cannot be added to another"), "{}", stderr(&refused));
    assert!(!hosts.place.work.join("other.db").exists());
}

#[test]
fn a_key_that_waits_here_learns_that_it_was_delivered() {
    let hosts = cluster("600");
    hosts.run(0, &RECONCILE);
    let before = totals(&hosts, "back.db");
    let event = hosts.text(&[
        "events",
        "--db",
        "back.db",
        "--since",
        "2020-01-01",
        "--verdict",
        "never_sent",
        "--format",
        "ndjson",
    ]);
    let event: Json = serde_json::from_str(event.lines().next().unwrap()).unwrap();
    let receipt = serde_json::json!({
        "event_id": event["event_id"], "event": event["event"], "pixel_id": event["pixel_id"],
        "channel": "events_api", "sent_at": "2026-11-21T11:00:00Z", "code": 0,
    });
    fs::write(hosts.place.work.join("later.jsonl"), format!("{receipt}\n")).unwrap();
    hosts.run(0, &["import", "--db", "1.db", "later.jsonl"]);
    hosts.ship("1");
    let run = hosts.run(0, &[RECONCILE.as_slice(), &["--json"]].concat());
    let run: Json = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!((&run["new"]["events"], &run["new"]["receipts"]), (&0.into(), &1.into()));
    let after = totals(&hosts, "back.db");
    let missing = |audit: &Json| audit["totals"]["missing"].as_u64().unwrap();
    assert_eq!(missing(&after) + 1, missing(&before));
}

#[test]
fn a_run_that_fails_changes_nothing() {
    let hosts = cluster("300");
    mode(&hosts, "fail");
    let failed = hosts.run(6, &RECONCILE);
    let said = stderr(&failed);
    assert!(said.contains("AnalysisException") && said.contains("no such path"), "{said}");
    assert!(!said.contains('\u{1b}') && !said.contains("WARN"), "{said}");
    mode(&hosts, "no-success");
    let torn = hosts.run(6, &RECONCILE);
    assert!(stderr(&torn).contains("has no _SUCCESS"), "{}", stderr(&torn));
    assert!(!hosts.place.work.join("back.db").exists());
    mode(&hosts, "good");
    hosts.run(0, &RECONCILE);
    let before = totals(&hosts, "back.db");
    mode(&hosts, "fail");
    hosts.run(6, &RECONCILE);
    assert_eq!(totals(&hosts, "back.db"), before);
    let config = hosts.place.work.join("makegood.toml");
    fs::write(config, "[reconcile]\ncommand = \"no-such-engine\"\n").unwrap();
    let unknown = hosts.run(4, &RECONCILE);
    assert!(stderr(&unknown).contains("cannot run the engine 'no-such-engine'"), "{}", stderr(&unknown));
}

#[test]
fn a_signal_stops_the_engine_and_changes_nothing() {
    let hosts = cluster("300");
    mode(&hosts, "hang");
    let mut command = hosts.place.makegood();
    command.args(RECONCILE).args(["--now", NOW]).stdout(Stdio::null()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let begun = Instant::now();
    while !hosts.place.work.join("hanging").exists() {
        assert!(begun.elapsed() < Duration::from_mins(1), "the engine never began");
        std::thread::sleep(Duration::from_millis(20));
    }
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130), "{}", stderr(&ended));
    assert!(begun.elapsed() < Duration::from_secs(50), "the engine was waited for");
    assert!(stderr(&ended).contains("the engine was stopped too"), "{}", stderr(&ended));
    assert!(!hosts.place.work.join("back.db").exists());
}

#[test]
fn a_job_can_be_run_elsewhere() {
    let hosts = cluster("300");
    let written = hosts.run(0, &[RECONCILE.as_slice(), &["--job-only", "--json"]].concat());
    let written: Json = serde_json::from_slice(&written.stdout).unwrap();
    let results = written["results"].as_str().unwrap();
    let too_early =
        hosts.run(6, &["reconcile", "--engine", "spark", "--db", "back.db", "--results", results]);
    assert!(stderr(&too_early).contains("has no _SUCCESS"));
    let job = written["job"].as_str().unwrap();
    let ran = hosts.place.command("./engine", &hosts.place.work).args(["-f", job]).output().unwrap();
    assert!(ran.status.success(), "{}", stderr(&ran));
    hosts.run(0, &["reconcile", "--engine", "spark", "--db", "back.db", "--results", results]);
    assert_eq!(hosts.judged("back.db"), hosts.judged("whole.db"));
}

#[test]
fn tables_of_ones_own_give_the_missing_set_too() {
    let hosts = cluster("300");
    let work = &hosts.place.work;
    let job = ["reconcile", "--engine", "spark", "--db", "back.db", "--out", "runs", "--job-only", "--json"];
    fs::write(work.join("events.sql"), "SELECT pixel, event, event_id, at_ms, line FROM lake_events;\n")
        .unwrap();
    fs::write(work.join("ok.sql"), "SELECT pixel, event, event_id, at_ms, line FROM lake_ok").unwrap();
    let own = ["--expected-sql", "events.sql", "--delivered-sql", "ok.sql"];
    let written = hosts.run(0, &[job.as_slice(), &own].concat());
    let written: Json = serde_json::from_slice(&written.stdout).unwrap();
    let job = fs::read_to_string(written["job"].as_str().unwrap()).unwrap();
    // Run by hand on SQLite: its views have no CREATE OR REPLACE, and it writes no folders.
    let lake = rusqlite::Connection::open_in_memory().unwrap();
    lake.execute_batch(
        "CREATE TABLE lake_events (pixel, event, event_id, at_ms, line);
         CREATE TABLE lake_ok (pixel, event, event_id, at_ms, line);
         CREATE TABLE queued (event_id);
         INSERT INTO lake_events VALUES ('P', 'Lead', 'a', 5, 'event a'), ('P', 'Lead', 'b', 5, 'event b'),
           (NULL, 'Lead', NULL, 5, NULL);
         INSERT INTO lake_ok VALUES ('P', 'Lead', 'b', 6, 'yes b');",
    )
    .unwrap();
    for view in job.split(";\n").filter(|view| view.contains("VIEW") && !view.contains("queued")) {
        lake.execute_batch(&view.replace("CREATE OR REPLACE TEMPORARY VIEW", "CREATE TEMPORARY VIEW"))
            .unwrap();
    }
    assert_eq!(missing(&lake), ["event a"]);
    fs::write(work.join("ok.sql"), "SELECT 1; DROP TABLE x").unwrap();
    let two = hosts.run(4, &[["reconcile", "--engine", "spark", "--out", "runs"].as_slice(), &own].concat());
    assert!(stderr(&two).contains("is not one SELECT"), "{}", stderr(&two));
}

#[test]
fn a_host_that_lags_holds_back_what_it_may_have_delivered() {
    let hosts = cluster("600");
    let settled = |hosts: &Hosts| {
        let run = hosts.run(0, &[RECONCILE.as_slice(), &["--json"]].concat());
        (
            serde_json::from_slice::<Json>(&run.stdout).unwrap()["settled"].as_str().unwrap().to_owned(),
            stderr(&run),
        )
    };
    assert_eq!(settled(&hosts).0, "2026-11-21T11:45:00Z");
    let output = hosts.place.makegood();
    let mut output = output;
    output.args(["ship", "--db", "1.db", "--to", "lake", "--host", "web1", "--now", "2026-11-20T12:00:00Z"]);
    assert!(output.output().unwrap().status.success());
    let (at, said) = settled(&hosts);
    assert_eq!(at, "2026-11-20T11:45:00Z");
    assert!(said.contains("the slowest host has shipped up to"), "{said}");
    assert!(!files(&hosts.lake()).is_empty() && !missing(&engine(&hosts.lake())).is_empty());
}
