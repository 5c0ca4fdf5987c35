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

#[test]
fn halves_of_one_exchange_meet_across_databases() {
    let hosts = Hosts { place: Place::new() };
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases/import-halves");
    for log in ["funnel", "monday", "tuesday"] {
        let name = format!("{log}.jsonl");
        fs::copy(case.join(&name), hosts.place.work.join(&name)).unwrap();
    }
    let import = |db: &str, logs: &[&str]| hosts.run(0, &[&["import", "-q", "--db", db], logs].concat());
    import("whole.db", &["funnel.jsonl", "monday.jsonl", "tuesday.jsonl"]);
    import("a.db", &["funnel.jsonl", "monday.jsonl"]);
    import("b.db", &["tuesday.jsonl"]);
    let receipts = |db: &str| -> Vec<String> {
        let db = rusqlite::Connection::open(hosts.place.work.join(db)).unwrap();
        let sql =
            "SELECT r.event_id || ' ' || r.at_ms || ' ' || a.kind || ' ' || a.api_code || ' ' || r.request_id
            FROM receipt AS r JOIN answer AS a ON a.code = r.answer ORDER BY 1";
        let mut statement = db.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let whole = receipts("whole.db");
    assert!(whole.len() > 3 && receipts("a.db") != whole && receipts("b.db") != whole, "{whole:?}");
    for (db, order) in [("ab.db", ["a.db", "b.db"]), ("ba.db", ["b.db", "a.db"])] {
        for _ in 0..2 {
            hosts.run(0, &["merge", "--db", db, order[0], order[1]]);
            assert_eq!(receipts(db), whole, "{db}");
        }
    }
    hosts.run(0, &["merge", "--db", "b.db", "ab.db", "a.db"]);
    assert_eq!(receipts("b.db"), whole);
}

#[test]
fn who_was_erased_here_does_not_come_back_by_a_merge() {
    let hosts = Hosts { place: Place::new() };
    let line = |id: &str, session: &str, user: &str| {
        format!(
            "{{\"event_id\":\"{id}\",\"event\":\"page_view\",\"ts\":1795178096,\"session_id\":\"{session}\",\"order_id\":\"o\",\"ip\":\"95.104.11.250\",\"user_agent\":\"Mozilla/5.0 (canary)\"{user}}}\n"
        )
    };
    let email = ",\"email\":\"a@b.example\"";
    fs::write(hosts.place.work.join("a.jsonl"), line("e1", "s1", email)).unwrap();
    // The same session without the address, and another session of the same person.
    let theirs = [line("e2", "s1", ""), line("e3", "s2", email), line("e4", "s2", "")].concat();
    let other = line("e5", "s3", "").replace("(canary)", "(other)");
    fs::write(hosts.place.work.join("b.jsonl"), theirs + &other).unwrap();
    hosts.run(0, &["import", "-q", "--db", "a.db", "a.jsonl"]);
    hosts.run(0, &["import", "-q", "--db", "b.db", "b.jsonl"]);
    hosts.run(0, &["erase", "--db", "a.db", "--email", "a@b.example"]);
    let number = |db: &str, sql: &str| -> i64 {
        let db = rusqlite::Connection::open(hosts.place.work.join(db)).unwrap();
        db.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let personal = "SELECT count(*) FROM event
        WHERE session IS NOT NULL OR contact IS NOT NULL OR payload IS NOT NULL OR order_key IS NOT NULL";
    assert_eq!((number("a.db", personal), number("b.db", personal)), (0, 4));
    for _ in 0..2 {
        hosts.run(0, &["merge", "--db", "a.db", "b.db"]);
        assert_eq!(number("a.db", "SELECT count(*) FROM event"), 5, "keys stay: nothing is sent again");
        assert_eq!(number("a.db", personal), 1, "but the other visitor's");
        assert_eq!(number("a.db", "SELECT count(*) FROM session"), 1);
        assert_eq!(number("a.db", "SELECT count(*) FROM contact"), 1);
        assert_eq!(number("a.db", "SELECT count(*) FROM term WHERE text LIKE '%canary%'"), 0);
    }
}

fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
