//! `ship`, and the portable SQL over what two hosts shipped, as a cluster would run it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::Output;

use flate2::read::MultiGzDecoder;
use makegood::domain::TimeMs;
use makegood::segment::{Kind, coverage_sql, missing_sql};
use rusqlite::Connection;
use rusqlite::types::Value;
use serde_json::Value as Json;

use crate::program::Place;

pub const NOW: &str = "2026-11-21T12:00:00Z";
/// Now less the grace of fifteen minutes.
const SETTLED: TimeMs = TimeMs::from_ms(1_795_261_500_000);
const TOKEN: &str = "0123456789abcdef0123456789abcdef01234567";

/// Two hosts with a database each, and one that imported both hosts' logs.
pub struct Hosts {
    pub place: Place,
}

impl Hosts {
    /// Made-up logs: most deliveries are logged by the host that did not log their event, and every
    /// seventh record by both.
    pub fn new(events: &str) -> Self {
        let hosts = Self { place: Place::new() };
        hosts.run(0, &["demo", "--logs-only", "--events", events, "--out", "logs"]);
        let mut pixels: Vec<String> = Vec::new();
        for name in ["funnel", "delivery"] {
            let logs =
                fs::read_dir(hosts.place.work.join("logs")).unwrap().map(|entry| entry.unwrap().path());
            let log = logs.into_iter().find(|path| path.to_string_lossy().contains(name)).unwrap();
            let text = fs::read_to_string(log).unwrap();
            let pixel =
                |line: &str| serde_json::from_str::<Json>(line).ok()?["pixel_id"].as_str().map(str::to_owned);
            pixels.extend(text.lines().filter_map(pixel));
            for host in 0..2 {
                let own = text.lines().enumerate().filter(|(at, _)| at % 2 == host || at % 7 == 0);
                let own: String = own.map(|(_, line)| line.to_owned() + "\n").collect();
                fs::write(hosts.place.work.join(format!("{name}-{host}.jsonl")), own).unwrap();
            }
        }
        pixels.sort();
        pixels.dedup();
        let mut config = String::new();
        for pixel in pixels {
            config.push_str("[[pixel]]\nid = \"");
            config.push_str(&pixel);
            config.push_str("\"\naccess_token_env = \"TOKEN\"\n");
        }
        fs::write(hosts.place.work.join("makegood.toml"), config).unwrap();
        for host in ["0", "1", "?"] {
            let db = if host == "?" { "whole.db".to_owned() } else { format!("{host}.db") };
            let import = ["import", "-q", "--db", &db];
            let logs = [format!("funnel-{host}.jsonl"), format!("delivery-{host}.jsonl")];
            hosts.run(0, &[import.as_slice(), &[&logs[0], &logs[1]]].concat());
        }
        hosts
    }

    pub fn run(&self, code: i32, args: &[&str]) -> Output {
        let output = self.try_run(args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    pub fn try_run(&self, args: &[&str]) -> Output {
        self.place.makegood().args(args).args(["--now", NOW]).env("TOKEN", TOKEN).output().unwrap()
    }

    pub fn text(&self, args: &[&str]) -> String {
        String::from_utf8(self.try_run(args).stdout).unwrap()
    }

    pub fn ship(&self, host: &str) -> Json {
        let db = format!("{host}.db");
        let output =
            self.run(0, &["ship", "--json", "--db", &db, "--to", "lake", "--host", &format!("web{host}")]);
        serde_json::from_slice(&output.stdout).unwrap()
    }

    pub fn lake(&self) -> PathBuf {
        self.place.work.join("lake")
    }

    /// All that the coordinating machine would do about its missing events: each with its verdict, the
    /// plan, and the bodies it would send.
    pub fn judged(&self, db: &str) -> [String; 3] {
        let missing =
            ["events", "--db", db, "--since", "2020-01-01", "--verdict", "missing", "--format", "ndjson"];
        let plan = ["backfill", "--dry-run", "--db", db, "--no-import", "--format", "ndjson"];
        let missing = self.text(&missing);
        let plan = self.text(&[plan.as_slice(), &["--requests", "requests.jsonl"]].concat());
        let plan: Json = serde_json::from_str(plan.lines().next().unwrap()).unwrap();
        // What is excluded or delivered did not come back, so the rest of the plan counts less.
        let held =
            ["send", "held", "unsendable", "not_due", "value", "first_deadline_at"].map(|part| &plan[part]);
        let held = serde_json::to_string(&held).unwrap();
        [missing, held, fs::read_to_string(self.place.work.join("requests.jsonl")).unwrap_or_default()]
    }
}

/// The segments as an engine sees them: a view of each kind. A line that is no JSON is a row of NULLs.
pub fn engine(lake: &Path) -> Connection {
    let engine = Connection::open_in_memory().unwrap();
    engine.execute_batch("CREATE TABLE queued (event_id TEXT);").unwrap();
    for kind in Kind::ALL {
        let columns: Vec<&str> =
            kind.columns().split(", ").map(|column| column.split(' ').next().unwrap()).collect();
        let name = kind.name();
        engine.execute_batch(&format!("CREATE TABLE {name} ({});", columns.join(", "))).unwrap();
        let marks = vec!["?"; columns.len()].join(", ");
        let mut insert = engine.prepare(&format!("INSERT INTO {name} VALUES ({marks})")).unwrap();
        for line in files(&lake.join(name)).iter().flat_map(|file| lines(file)) {
            let row: Json = serde_json::from_str(&line).unwrap_or_default();
            let row = columns.iter().map(|column| match &row[column] {
                Json::String(text) => Value::Text(text.clone()),
                Json::Number(number) => Value::Integer(number.as_i64().unwrap()),
                Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => Value::Null,
            });
            insert.execute(rusqlite::params_from_iter(row)).unwrap();
        }
    }
    engine
}

pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut open = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

pub fn lines(file: &Path) -> Vec<String> {
    let text = BufReader::new(MultiGzDecoder::new(File::open(file).unwrap()));
    text.lines().map(Result::unwrap).collect()
}

pub fn missing(engine: &Connection) -> Vec<String> {
    let mut query = engine.prepare(&missing_sql(SETTLED)).unwrap();
    query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Expected, delivered and missing by event.
fn coverage(engine: &Connection) -> BTreeMap<String, [i64; 3]> {
    let mut query = engine.prepare(&coverage_sql(SETTLED)).unwrap();
    let mut sums: BTreeMap<String, [i64; 3]> = BTreeMap::new();
    let mut rows = query.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let sum = sums.entry(row.get(2).unwrap()).or_default();
        for (at, sum) in sum.iter_mut().enumerate() {
            *sum += row.get::<_, i64>(at + 3).unwrap();
        }
    }
    sums
}

fn audited(hosts: &Hosts, db: &str) -> BTreeMap<String, [i64; 3]> {
    let audit = hosts.text(&["audit", "--json", "--no-import", "--since", "2020-01-01", "--db", db]);
    let audit: Json = serde_json::from_str(&audit).unwrap();
    let rows = audit["by_event"].as_array().unwrap().iter();
    let counts = rows.map(|row| {
        let count = |name: &str| row[name].as_i64().unwrap();
        (row["event"].as_str().unwrap().to_owned(), ["expected", "delivered", "missing"].map(count))
    });
    counts.filter(|(_, counts)| counts[0] > 0).collect()
}

#[test]
fn over_two_hosts_the_sql_says_what_one_machine_would() {
    let hosts = Hosts::new("1500");
    let whole = audited(&hosts, "whole.db");
    let of = |all: &BTreeMap<String, [i64; 3]>, at: usize| all.values().map(|counts| counts[at]).sum::<i64>();
    assert!(of(&whole, 1) > 500 && of(&whole, 2) > 20, "{whole:?}");
    hosts.ship("0");
    let alone = coverage(&engine(&hosts.lake()));
    hosts.ship("1");
    let engine = engine(&hosts.lake());
    assert_eq!(coverage(&engine), whole);
    // Each host alone, added up, is another number.
    let added = of(&alone, 2) + of(&audited(&hosts, "1.db"), 2);
    assert!(added > 3 * of(&whole, 2), "{added} against {}", of(&whole, 2));

    // What comes back is judged and would be sent as if one machine had read every log.
    let lines: String = missing(&engine).iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    fs::write(hosts.place.work.join("back.jsonl"), &lines).unwrap();
    hosts.run(0, &["import", "--db", "back.db", "back.jsonl"]);
    let (judged, want) = (hosts.judged("back.db"), hosts.judged("whole.db"));
    assert!(want[0].lines().count() > 20 && want[2].len() > 2000, "{want:?}");
    assert_eq!(judged[0], want[0]);
    assert_eq!(judged[1], want[1]);
    assert_eq!(judged[2], want[2]);
    // And again it adds nothing.
    let again = hosts.run(0, &["import", "--json", "--db", "back.db", "back.jsonl"]);
    let again: Json = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!((&again["totals"]["events"], &again["totals"]["receipts"]), (&0.into(), &0.into()));
}

#[test]
fn shipping_again_writes_what_changed_and_nothing_else() {
    let hosts = Hosts::new("300");
    let first = hosts.ship("0");
    assert!(first["files"]["written"].as_u64().unwrap() > 5, "{first}");
    let before = files(&hosts.lake());
    let again = hosts.ship("0");
    assert_eq!((&again["files"]["written"], &again["files"]["removed"]), (&0.into(), &0.into()));
    assert_eq!(files(&hosts.lake()), before);
    // An acceptance that comes later is one hour's file.
    let late = r#"{"event_id":"later","event":"Lead","channel":"events_api","sent_at":"2026-11-19T01:00:00Z","code":0}"#;
    fs::write(hosts.place.work.join("late.jsonl"), format!("{late}\n")).unwrap();
    hosts.run(0, &["import", "--db", "0.db", "late.jsonl"]);
    let dry =
        hosts.run(0, &["ship", "--json", "--db", "0.db", "--to", "lake", "--host", "web0", "--dry-run"]);
    assert_eq!(files(&hosts.lake()), before, "a dry run writes nothing");
    let news = hosts.ship("0");
    let dry: Json = serde_json::from_slice(&dry.stdout).unwrap();
    assert_eq!((&dry["files"], &dry["rows"]), (&news["files"], &news["rows"]));
    let new: Vec<PathBuf> = files(&hosts.lake()).into_iter().filter(|file| !before.contains(file)).collect();
    let kinds: Vec<&str> =
        new.iter().map(|file| file.strip_prefix(hosts.lake()).unwrap().to_str().unwrap()).collect();
    // Its own hour, and the newest receipt of the log if it is that.
    assert!(kinds.iter().any(|path| path.starts_with("delivered/dt=2026-11-19/src=web0/h01-")), "{kinds:?}");
    assert!(new.len() <= 2, "{kinds:?}");
}

#[test]
fn a_torn_line_is_a_row_of_nulls_and_nothing_more() {
    let hosts = Hosts::new("300");
    hosts.ship("0");
    hosts.ship("1");
    let whole = engine(&hosts.lake());
    let torn = engine(&hosts.lake());
    torn.execute_batch(
        "INSERT INTO expected (line) VALUES (NULL);
         INSERT INTO delivered (line) VALUES (NULL);
         INSERT INTO answered (line) VALUES (NULL);
         INSERT INTO sessions (line) VALUES (NULL);
         INSERT INTO facts (line) VALUES (NULL);
         INSERT INTO queued VALUES (NULL);",
    )
    .unwrap();
    assert!(!missing(&whole).is_empty());
    assert_eq!(missing(&torn), missing(&whole));
    assert_eq!(coverage(&torn), coverage(&whole));
}

#[test]
fn no_raw_email_or_phone_leaves_the_host() {
    let hosts = Hosts { place: Place::new() };
    let canaries = [
        "Canary.One@raw.example",
        "canary.one@raw.example",
        "2133734253",
        "canary.two@raw.example",
        "canary-ext",
    ];
    let event = format!(
        r#"{{"event_id":"e1","event":"payment_succeeded","occurred_at":"2026-11-20T02:00:00Z","source":"tiktok","pixel_id":"P","session_id":"s1","user":{{"email":"{}","phone":"+1{}","external_id":"{}","ip":"24.48.0.1"}},"page":{{"url":"https://quiz.example.com/pay?email={}&ttclid=E.C.P.example"}},"properties":{{"value":9.99,"currency":"USD"}}}}"#,
        canaries[0], canaries[2], canaries[4], canaries[3]
    );
    fs::write(hosts.place.work.join("funnel.jsonl"), event + "\n").unwrap();
    hosts.run(0, &["import", "--db", "0.db", "funnel.jsonl"]);
    hosts.ship("0");
    let mut seen = String::new();
    for file in files(&hosts.lake()) {
        seen.push_str(&lines(&file).join("\n"));
        let mut bytes = Vec::new();
        File::open(&file).unwrap().read_to_end(&mut bytes).unwrap();
        assert!(!bytes.is_empty());
    }
    assert!(seen.contains("24.48.0.1") && seen.contains("E.C.P.example"), "{seen}");
    for canary in canaries {
        assert!(!seen.contains(canary), "{canary}");
    }
}

#[test]
fn what_cannot_name_a_host_is_refused() {
    let hosts = Hosts { place: Place::new() };
    for name in ["", "../up", "a b", ".hidden", "x'y", &"x".repeat(65)] {
        let output = hosts.run(2, &["ship", "--to", "lake", "--host", name]);
        assert!(String::from_utf8_lossy(&output.stderr).contains("cannot name a host"));
    }
    assert!(!hosts.lake().exists());
}
