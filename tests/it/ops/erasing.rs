//! Nothing of what was erased or pruned is left in any byte of any file, and nothing is sent again.

use std::fs;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::program::Place;

use super::makegood;

const EMAIL: &str = "canary.person@example.com";
const SESSION: &str = "canary-session-1";
const AGENT: &str = "Mozilla/5.0 (CanaryAgent)";
const IP: [u8; 4] = [24, 48, 77, 99];
const ORDER: &str = "ord-canary-1";

fn line(id: &str, session: &str, user: &str, order: &str) -> String {
    format!(
        "{{\"event_id\":\"{id}\",\"event\":\"payment_succeeded\",\"occurred_at\":\"2026-11-20T12:00:00Z\",\
         \"session_id\":\"{session}\",\"source\":\"tiktok\",\"pixel_id\":\"C0EXAMPLE0PIXEL00001\",\
         \"user\":{{{user}}},\"page\":{{\"url\":\"https://quiz.example.com/f/1/pay\"}},\
         \"properties\":{{\"value\":9.99,\"currency\":\"USD\",\"order_id\":\"{order}\"}}}}\n"
    )
}

/// A funnel log of one person among others, and a receipt log that shows the log of sends is alive.
fn logs(place: &Place) {
    let person = format!(
        "\"email\":\"{EMAIL}\",\"ip\":\"24.48.77.99\",\"user_agent\":\"{AGENT}\",\"ttclid\":\"E.C.P.canary\""
    );
    let mut funnel = line("canary-1", SESSION, &person, ORDER);
    for other in 0..40 {
        let user = format!(
            "\"email\":\"other{other}@example.com\",\"ip\":\"24.48.78.{other}\",\"user_agent\":\"Mozilla/5.0\""
        );
        funnel.push_str(&line(&format!("other-{other}"), &format!("s-{other}"), &user, &format!("o{other}")));
    }
    fs::write(place.work.join("funnel.jsonl"), funnel).unwrap();
    let receipt = "{\"type\":\"delivery\",\"event_id\":\"other-0\",\"event\":\"CompletePayment\",\
                   \"pixel_id\":\"C0EXAMPLE0PIXEL00001\",\"sent_at\":\"2026-11-20T13:00:00Z\",\
                   \"http_status\":200,\"code\":0}\n";
    fs::write(place.work.join("delivery.jsonl"), receipt).unwrap();
    fs::write(
        place.work.join("makegood.toml"),
        "[[pixel]]\nid = \"C0EXAMPLE0PIXEL00001\"\naccess_token_env = \"T\"\n",
    )
    .unwrap();
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// What of the person stands in the database's files; payloads are compressed, so a fingerprint of the
/// other tables is what can be searched for.
fn left(folder: &Path) -> Vec<String> {
    let digest: [u8; 32] = Sha256::digest(EMAIL).into();
    let stand_in: [u8; 32] = Sha256::digest(SESSION).into();
    let needles: [(&str, Vec<u8>); 9] = [
        ("e-mail", EMAIL.into()),
        ("digest of e-mail", digest.to_vec()),
        ("hex of it", hex::encode(digest).into()),
        ("session", SESSION.into()),
        ("digest of session", stand_in.to_vec()),
        ("agent", AGENT.into()),
        ("address", IP.to_vec()),
        ("ttclid", "E.C.P.canary".into()),
        ("order", ORDER.into()),
    ];
    let mut found = Vec::new();
    for ending in ["", "-wal", "-shm"] {
        let Ok(bytes) = fs::read(folder.join(format!("makegood.db{ending}"))) else { continue };
        for (what, needle) in &needles {
            if contains(&bytes, needle) {
                found.push(format!("{what} in db{ending}"));
            }
        }
    }
    found
}

fn run(place: &Place, now: &str, args: &[&str]) -> String {
    let mut all = vec!["--now", now];
    all.extend(args);
    let done = makegood(place, &place.work, &all);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{args:?}: {said}");
    String::from_utf8(done.stdout).unwrap()
}

const NOW: &str = "2026-11-20T14:00:00Z";

fn sendable(place: &Place) -> i64 {
    let status = run(place, NOW, &["status", "--json"]);
    serde_json::from_str::<serde_json::Value>(&status).unwrap()["clock"]["sendable"].as_i64().unwrap()
}

fn imported() -> Place {
    let place = Place::new();
    logs(&place);
    run(&place, NOW, &["import", "funnel.jsonl", "delivery.jsonl"]);
    let before = left(&place.work);
    for what in ["digest of e-mail in db", "session in db", "agent in db", "address in db", "ttclid in db"] {
        assert!(before.contains(&what.to_owned()), "the search finds what is there: {before:?}");
    }
    place
}

#[test]
fn x_07_an_erased_person_leaves_no_byte_and_does_not_come_back() {
    for subject in [["--email", EMAIL], ["--session", SESSION]] {
        let place = imported();
        let before = sendable(&place);
        let audit = run(&place, NOW, &["audit", "--json"]);
        run(&place, NOW, &["erase", subject[0], subject[1]]);
        assert_eq!(left(&place.work), Vec::<String>::new(), "{subject:?}");
        assert_eq!(sendable(&place), before - 1, "{subject:?}");
        // The same record from another file, and an older one of the same key.
        let again = fs::read_to_string(place.work.join("funnel.jsonl")).unwrap();
        fs::write(place.work.join("again.jsonl"), again.replace("T12:00:00Z", "T11:59:59Z")).unwrap();
        fs::copy(place.work.join("funnel.jsonl"), place.work.join("copy.jsonl")).unwrap();
        run(&place, "2026-11-20T14:00:01Z", &["import", "copy.jsonl", "again.jsonl"]);
        assert_eq!(left(&place.work), Vec::<String>::new(), "{subject:?}, read again");
        assert_eq!(sendable(&place), before - 1, "{subject:?}, read again");
        let counts = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["totals"].clone();
        let audit_after = run(&place, NOW, &["audit", "--json"]);
        assert_eq!(counts(&audit_after), counts(&audit), "coverage stays as it was");
    }
}

/// Another session of an erased person, told of line by line: only its first line has the e-mail.
#[test]
fn x_07_a_session_known_by_its_keys_stays_erased_in_later_imports() {
    let place = imported();
    run(&place, NOW, &["erase", "--email", EMAIL]);
    let device = format!("\"ip\":\"24.48.77.99\",\"user_agent\":\"{AGENT}\"");
    let known = line("canary-2", "canary-session-2", &format!("\"email\":\"{EMAIL}\",{device}"), ORDER);
    let later = line("canary-3", "canary-session-2", &device, ORDER);
    for (name, text) in [("known.jsonl", known), ("later.jsonl", later)] {
        fs::write(place.work.join(name), text).unwrap();
        run(&place, "2026-11-20T14:00:01Z", &["import", name]);
        assert_eq!(left(&place.work), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn x_07_an_erased_event_is_not_sent_and_the_others_are_whole() {
    let place = imported();
    let before = sendable(&place);
    run(&place, NOW, &["erase", "--event-id", "other-7"]);
    assert_eq!(sendable(&place), before - 1);
    let plan = run(&place, NOW, &["backfill", "--dry-run", "--requests", "bodies.jsonl"]);
    let bodies = fs::read_to_string(place.work.join("bodies.jsonl")).unwrap();
    assert!(!bodies.contains("other-7") && bodies.contains("other-8"), "{plan}");
    assert!(
        bodies.contains("24.48.78.8") && bodies.contains(&hex::encode(Sha256::digest("other8@example.com")))
    );
}

#[test]
fn x_08_what_is_pruned_leaves_no_byte_and_is_never_sent() {
    let place = imported();
    run(&place, "2026-12-22T00:00:00Z", &["prune"]);
    let rest: Vec<String> = left(&place.work);
    assert_eq!(rest, ["session in db"], "ids stay for the keys' retention");
    // However the clock is turned back, nothing without its payload is sent.
    assert_eq!(sendable(&place), 0);
    run(&place, "2028-12-22T00:00:00Z", &["prune"]);
    assert_eq!(left(&place.work), Vec::<String>::new());
}

#[test]
fn x_09_neither_erases_nor_prunes_while_a_backfill_runs() {
    let place = imported();
    let file = fs::File::create(place.work.join("makegood.db.backfill.lock")).unwrap();
    let _lock = nix::fcntl::Flock::lock(file, nix::fcntl::FlockArg::LockExclusiveNonblock).unwrap();
    for args in [&["prune"][..], &["erase", "--email", EMAIL]] {
        let done = makegood(&place, &place.work, args);
        assert_eq!(done.status.code(), Some(7), "{args:?}");
    }
    assert!(!left(&place.work).is_empty());
}

#[test]
fn a_copy_is_made_while_others_write() {
    let place = imported();
    let mut logs = String::new();
    for event in 0..20_000 {
        logs.push_str(&line(&format!("more-{event}"), &format!("m-{event}"), "\"ttp\":\"x\"", "o"));
    }
    fs::write(place.work.join("more.jsonl"), logs).unwrap();
    let mut import = place.makegood().args(["-q", "import", "more.jsonl"]).spawn().unwrap();
    let mut copies = 0;
    loop {
        run(&place, NOW, &["backup", "copy.db"]);
        copies += 1;
        let sql = "SELECT count(*) AS n FROM events";
        let n = run(&place, NOW, &["--db", "copy.db", "sql", "--format", "tsv", sql]);
        let n: u32 = n.lines().nth(1).unwrap().parse().unwrap();
        assert!(n == 41 || n == 20_041, "one moment, not half of an import: {n}");
        if import.try_wait().unwrap().is_some() {
            break;
        }
    }
    assert!(copies > 0);
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &fs::metadata(place.work.join("copy.db")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
}
