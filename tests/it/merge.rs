//! `merge`: several hosts, each with a database of its own, as if one had imported all.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::program::{Place, Sandbox};

const NOW: &str = "2026-11-21T12:00:00Z";

struct Hosts {
    place: Place,
}

impl Hosts {
    /// Made-up logs, cut so that records of one key and of one session lie on both hosts.
    fn new() -> Self {
        let hosts = Self { place: Place::new() };
        hosts.run(0, &["demo", "--logs-only", "--events", "1500", "--out", "logs"]);
        for name in ["funnel", "delivery"] {
            let folder = hosts.place.work.join("logs");
            let logs = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            let log = logs.into_iter().find(|path| path.to_string_lossy().contains(name)).unwrap();
            let text = fs::read_to_string(log).unwrap();
            for host in 0..2 {
                let own = text.lines().enumerate().filter(|(at, _)| at % 2 == host || at % 7 == 0);
                let own: String = own.map(|(_, line)| line.to_owned() + "\n").collect();
                let bad = format!("no record of {host} {}\n", "x".repeat(2000));
                fs::write(hosts.place.work.join(format!("{name}-{host}.jsonl")), own + &bad).unwrap();
            }
        }
        hosts
    }

    fn run(&self, code: i32, args: &[&str]) -> Output {
        let output = self.place.makegood().args(args).args(["--now", NOW]).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    fn import(&self, db: &str, host: &str) {
        self.run(3, &["import", "-q", "--db", db, &format!("*-{host}.jsonl")]);
    }

    /// All that can be read out of a database, but the files' names.
    fn said(&self, db: &str) -> Vec<String> {
        let text = |args: &[&str]| {
            let output = self.place.makegood().args(args).args(["--db", db, "--now", NOW]).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        vec![
            text(&["audit", "--json", "--no-import", "--since", "2020-01-01"]),
            text(&["audit", "--json", "--no-import"]),
            text(&["events", "--format", "ndjson", "--since", "2020-01-01"]),
            text(&["events", "--quarantined", "--format", "ndjson"]),
        ]
    }
}

#[test]
fn merged_databases_say_what_one_would() {
    let hosts = Hosts::new();
    hosts.import("whole.db", "?");
    let whole = hosts.said("whole.db");
    assert!(whole.iter().all(|text| text.len() > 100), "{whole:?}");
    hosts.import("0.db", "0");
    hosts.import("1.db", "1");
    for (db, order) in [("ab.db", ["0.db", "1.db"]), ("ba.db", ["1.db", "0.db"])] {
        for _ in 0..2 {
            hosts.run(0, &["merge", "--db", db, order[0], order[1]]);
            assert_eq!(hosts.said(db)[..3], whole[..3], "{db}");
            assert_eq!(hosts.said(db)[3].lines().count(), 4);
        }
    }
    // Into a host that has rows of its own, and by a way round.
    hosts.run(0, &["merge", "--db", "0.db", "1.db"]);
    hosts.run(0, &["merge", "--db", "0.db", "ba.db", "ab.db"]);
    assert_eq!(hosts.said("0.db")[..3], whole[..3]);
    // What one host read is read: its logs add nothing here.
    let output = hosts.run(0, &["import", "--json", "--db", "ab.db", "*.jsonl"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"totals\": {\n    \"lines\": 0,"));
}

#[test]
fn what_another_host_sent_is_not_sent_again() {
    let hosts = Hosts::new();
    let sandbox = Sandbox::start(&hosts.place, &["--now".to_owned(), NOW.to_owned()]).unwrap();
    fs::write(
        hosts.place.work.join("funnel.jsonl"),
        r#"{"event_id":"e1","event":"payment_succeeded","occurred_at":"2026-11-21T02:00:00Z","source":"tiktok","pixel_id":"P","user":{"ip":"24.48.0.1","ttclid":"E.C.P.example"},"page":{"url":"https://quiz.example.com/pay"},"properties":{"value":9.99,"currency":"USD"}}
"#,
    )
    .unwrap();
    fs::write(hosts.place.work.join("token"), "0123456789abcdef0123456789abcdef01234567").unwrap();
    private(&hosts.place.work.join("token"));
    fs::write(
        hosts.place.work.join("makegood.toml"),
        "[[pixel]]\nid = \"P\"\nserver_log = \"none\"\naccess_token_file = \"token\"\n",
    )
    .unwrap();
    let send = |db: &str| {
        hosts.run(0, &["backfill", "--send", "--no-input", "--db", db, "--endpoint", &sandbox.url]);
    };
    for db in ["a.db", "b.db", "c.db"] {
        hosts.run(0, &["import", "-q", "--db", db, "funnel.jsonl"]);
    }
    send("a.db");
    let counted = sandbox.counted().unwrap();
    assert!(counted.contains("e1"), "{counted}");
    hosts.run(0, &["merge", "--db", "b.db", "a.db"]);
    hosts.run(0, &["merge", "--db", "c.db", "b.db", "a.db"]);
    hosts.run(0, &["merge", "--db", "a.db", "c.db"]);
    for db in ["a.db", "b.db", "c.db"] {
        let attempts: u32 = rusqlite::Connection::open(hosts.place.work.join(db))
            .unwrap()
            .query_row("SELECT count(*) FROM attempt WHERE outcome = 1", [], |row| row.get(0))
            .unwrap();
        assert_eq!(attempts, 1, "{db}: by whichever way it came");
        send(db);
    }
    assert_eq!(sandbox.counted().unwrap(), counted, "nobody sent it again");
}

#[test]
fn a_database_with_a_running_backfill_is_refused() {
    let hosts = Hosts::new();
    hosts.import("0.db", "0");
    let lock = fs::File::create(hosts.place.work.join("0.db.backfill.lock")).unwrap();
    let held = nix::fcntl::Flock::lock(lock, nix::fcntl::FlockArg::LockExclusiveNonblock).unwrap();
    let output = hosts.run(7, &["merge", "0.db"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("0.db: a backfill is running on it"));
    drop(held);
    hosts.run(0, &["merge", "0.db"]);
}

fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
