//! Section 3.6, X-06: what must be nobody's business, through every command that there is.

use std::fs;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::{Value as Json, json};

use super::every::{EVERY, LOST, command};
use super::raw::ByHand;
use super::scene::{Ended, NOW, Scene, TOKEN, piped, purchase, run, wait};

const EMAIL: &str = "canary.person@mail.example";
const PHONE: &str = "+12025550147";
const IP: &str = "81.2.69.160";
const AGENT: &str = "Mozilla/5.0 (iPhone) CanaryAgent/7.7";

/// Each of them, in every spelling in which it could come out.
fn canaries() -> Vec<(&'static str, Vec<u8>)> {
    [
        ("email", EMAIL),
        ("email", "Canary.Person"),
        ("email", "canary.person"),
        ("email", "canary.person%40mail"),
        ("phone", PHONE),
        ("phone", "2025550147"),
        ("phone", "202-555-0147"),
        ("agent", "CanaryAgent"),
        ("ip", IP),
        ("token", TOKEN),
        ("token", &TOKEN[..11]),
    ]
    .map(|(name, text)| (name, text.as_bytes().to_vec()))
    .into()
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

#[track_caller]
fn silent(what: &str, ended: &Ended) {
    let said = format!("{}{}", ended.stdout, ended.stderr);
    for (name, canary) in canaries() {
        assert!(!holds(said.as_bytes(), &canary), "{what} shows the {name}:\n{said}");
    }
}

/// A record with the canaries in every field that may hold a person's data.
fn record(id: &str) -> Json {
    let mut record = purchase(id, "2026-11-20T02:00:00Z");
    record["user"] = json!({"email": EMAIL, "phone": PHONE, "ip": IP, "user_agent": AGENT,
        "ttclid": format!("E.C.P.{id}")});
    record["page"] = json!({"url": format!("https://quiz.example.com/f/46?email=canary.person%40mail.example&phone={PHONE}"),
        "referrer": format!("https://quiz.example.com/?mail={EMAIL}")});
    record
}

/// A place whose logs, good lines and bad ones, and whose answers are full of canaries.
fn place() -> Scene {
    let scene = Scene::empty();
    let good: Vec<String> = (0..30).map(|id| record(&format!("e{id}")).to_string()).collect();
    let mut wrong_type = record("w1");
    wrong_type["occurred_at"] = json!(EMAIL);
    let mut wrong_value = record("w2");
    wrong_value["properties"]["value"] = json!({"phone": PHONE});
    let mut no_id = record("w3");
    no_id["event_id"] = json!({"email": EMAIL});
    let bad = [
        wrong_type.to_string(),
        wrong_value.to_string(),
        no_id.to_string(),
        format!("{{\"event_id\":\"{EMAIL}"),
        format!("{EMAIL} {PHONE} {IP} {AGENT}"),
        format!("{},{{\"email\":\"{EMAIL}\"}}", record("w4")),
    ];
    fs::write(scene.place.work.join("funnel.jsonl"), [good.join("\n"), bad.join("\n")].join("\n") + "\n")
        .unwrap();
    let receipt = json!({"type": "delivery", "event_id": "e29", "event": "CompletePayment", "channel": "events_api",
        "sent_at": "2026-11-20T02:00:01Z", "http_status": 200, "code": 40002, "message": format!("bad {EMAIL}"),
        "request_id": "R1"});
    fs::write(scene.place.work.join("delivery.jsonl"), format!("{receipt}\n")).unwrap();
    scene
}

/// Columns of text or bytes that hold a canary.
fn columns_that_hold(db: &Connection) -> Vec<String> {
    let mut tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut found = Vec::new();
    for table in tables {
        let mut statement = db.prepare(&["SELECT * FROM \"", &table, "\""].concat()).unwrap();
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for (at, column) in names.iter().enumerate() {
                let (ValueRef::Text(bytes) | ValueRef::Blob(bytes)) = row.get_ref(at).unwrap() else {
                    continue;
                };
                for (name, canary) in canaries() {
                    if holds(bytes, &canary) {
                        found.push(format!("{table}.{column}: {name}"));
                    }
                }
                if holds(bytes, &[81, 2, 69, 160]) {
                    found.push(format!("{table}.{column}: ip"));
                }
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

#[test]
fn x_06_no_command_shows_what_the_logs_and_the_token_file_hold() {
    let scene = place();
    let import = scene.makegood(&["-v", "import", "funnel.jsonl", "delivery.jsonl"]);
    assert_eq!(import.code, 3, "{import:?}");
    silent("import", &import);
    let url = scene.sandbox.url.clone();
    let echo = json!({"code": 40002, "message": format!("{EMAIL} {PHONE} {IP} {TOKEN}")});
    scene.script(&[echo, json!({"status": 500, "body": format!("<html>{EMAIL} {TOKEN}"), "times": 99})]);
    let commands: [&[&str]; 16] = [
        &["-v", "import", "funnel.jsonl", "--json"],
        &["-v", "audit"],
        &["-v", "audit", "--json"],
        &["-v", "audit", "funnel.jsonl", "delivery.jsonl"],
        &["-v", "events"],
        &["-v", "events", "--format", "ndjson"],
        &["-v", "events", "--format", "csv"],
        &["-v", "events", "--quarantined"],
        &["-v", "events", "--quarantined", "--format", "ndjson"],
        &["-v", "explain", "e0"],
        &["-v", "explain", "e29"],
        &["-v", "findings"],
        &["-v", "backfill", "--dry-run", "--format", "ndjson"],
        &["-v", "backfill", "--send", "--endpoint", &url, "--format", "ndjson"],
        &["-v", "backfill", "--send", "--endpoint", "http://127.0.0.1:1"],
        &["-v", "explain", "e0"],
    ];
    for args in commands {
        silent(&args.join(" "), &scene.makegood(args));
    }
    assert!(scene.sent().0 > 0);
    // The address and the agent must be kept to be sent; the object of a try without an end as well.
    let allowed = ["contact.ip: ip", "frozen.object: agent", "frozen.object: ip", "term.text: agent"];
    let found = columns_that_hold(&scene.db());
    assert!(found.iter().all(|place| allowed.contains(&place.as_str())), "{found:?}");
    assert!(found.contains(&"term.text: agent".to_owned()), "the search finds what is there: {found:?}");
    // Once accepted, the object is gone.
    scene.script(&[]);
    let ended = scene.backfill_at("2026-11-20T20:00:00Z");
    silent("backfill", &ended);
    assert_eq!(scene.accepted(), 30, "{ended:?}");
    let found = columns_that_hold(&scene.db());
    assert_eq!(found, ["contact.ip: ip", "term.text: agent"]);
    // Neither does the file keep what no row holds, nor the lock.
    for (name, bytes) in scene.bytes() {
        let is_input = ["funnel.jsonl", "delivery.jsonl", "token"].contains(&name.as_str());
        for (kind, canary) in canaries().into_iter().filter(|(kind, _)| !["agent", "ip"].contains(kind)) {
            assert!(is_input || !holds(&bytes, &canary), "{name} holds the {kind}");
        }
    }
}

#[test]
fn x_06_no_command_at_all_shows_it_whether_it_works_or_not() {
    let scene = place();
    scene.makegood(&["import", "funnel.jsonl", "delivery.jsonl"]);
    scene.makegood(&["--db", "other.db", "import", "funnel.jsonl"]);
    for sample in EVERY {
        for more in [&["-v", "--no-input"][..], &["-v", "--no-input", "-c", "none.toml"]] {
            let ended = run(&mut command(&scene, sample, more));
            assert!(!LOST.contains(&ended.code), "{:?}: {ended:#?}", sample.args);
            silent(&sample.args.join(" "), &ended);
        }
        for args in [vec!["-v", "--no-input", sample.args[0]], vec!["-v", "--no-input", sample.args[0], "e0"]]
        {
            silent(&args.join(" "), &scene.makegood(&args));
        }
    }
}

#[test]
fn x_06_no_failure_shows_the_token_and_no_command_line_holds_it() {
    let scene = place();
    scene.makegood(&["import", "funnel.jsonl"]);
    let server = ByHand::start();
    let child = piped(&mut scene.sending_to(&server.url, NOW, &["-v"]));
    let request = server.next();
    assert!(request.head.contains(&TOKEN.to_lowercase()), "the token goes where it belongs");
    assert!(holds(&request.body, IP.as_bytes()) && !holds(&request.body, EMAIL.as_bytes()));
    let process = format!("/proc/{}", child.id());
    for file in ["cmdline", "environ", "comm"] {
        let bytes = fs::read(format!("{process}/{file}")).unwrap_or_default();
        assert!(!holds(&bytes, &TOKEN.as_bytes()[..11]), "{file}");
    }
    let limits = fs::read_to_string(format!("{process}/limits")).unwrap_or_default();
    if let Some(core) = limits.lines().find(|line| line.starts_with("Max core file size")) {
        let soft = core.split_whitespace().nth(4);
        assert_eq!(soft, Some("0"), "no core: it would hold the token");
    }
    server.answer(&[&b"HTTP/1.1 401 No\r\nContent-Length: 41\r\n\r\n"[..], TOKEN.as_bytes()].concat());
    let ended = wait(child);
    assert_eq!(ended.code, 5, "{ended:?}");
    silent("a refused token", &ended);
    silent("the run after it", &run(&mut scene.sending(NOW, &["-v"])));
    assert!(columns_that_hold(&scene.db()).iter().all(|place| !place.contains("token")));
}

#[test]
fn x_10_what_is_handed_on_names_no_folder_of_this_machine() {
    let scene = place();
    let folder = scene.place.home().join("jane doe/logs");
    fs::create_dir_all(&folder).unwrap();
    for name in ["funnel.jsonl", "delivery.jsonl"] {
        fs::rename(scene.place.work.join(name), folder.join(name)).unwrap();
    }
    let logs = ["funnel.jsonl", "delivery.jsonl"].map(|name| folder.join(name).to_str().unwrap().to_owned());
    let outputs = ["-o", "audit.html", "-o", "audit.md", "-o", "audit.xlsx"];
    let ended = scene.makegood(&[&["audit", &logs[0], &logs[1]][..], &outputs].concat());
    assert_eq!(ended.code, 3, "{ended:#?}");
    let mut texts: Vec<Vec<u8>> =
        ["audit.html", "audit.md"].map(|name| fs::read(scene.place.work.join(name)).unwrap()).into();
    let workbook = fs::File::open(scene.place.work.join("audit.xlsx")).unwrap();
    let mut parts = zip::ZipArchive::new(workbook).unwrap();
    for at in 0..parts.len() {
        let mut text = Vec::new();
        std::io::Read::read_to_end(&mut parts.by_index(at).unwrap(), &mut text).unwrap();
        texts.push(text);
    }
    for text in texts {
        let shown = String::from_utf8_lossy(&text);
        assert!(!shown.contains("jane doe") && !shown.contains("makegood-it-"), "{shown}");
    }
}
