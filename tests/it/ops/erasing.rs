//! Nothing of what was erased or pruned is left in any byte of any file, and nothing is sent again.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

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
        ("session", "canary-session-".into()),
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

/// The place of an erased person whose new session began, and does not say yet whose it is; and the line
/// that says it.
fn begun() -> (Place, String) {
    let place = imported();
    run(&place, NOW, &["erase", "--email", EMAIL]);
    let device = format!("\"ip\":\"24.48.77.99\",\"user_agent\":\"{AGENT}\",\"ttclid\":\"E.C.P.canary\"");
    fs::write(place.work.join("begun.jsonl"), line("canary-2", "canary-session-2", &device, ORDER)).unwrap();
    run(&place, LATER, &["import", "begun.jsonl"]);
    let left = left(&place.work);
    for what in ["session in db", "agent in db", "address in db", "ttclid in db"] {
        assert!(left.contains(&what.to_owned()), "nobody can know yet: {left:?}");
    }
    (place, line("canary-3", "canary-session-2", &format!("\"email\":\"{EMAIL}\""), ORDER))
}

const LATER: &str = "2026-11-20T14:00:01Z";

/// Rows that hold more of an event than its key, of those the erased person did.
fn personal_rows(place: &Place) -> i64 {
    let db = rusqlite::Connection::open(place.work.join("makegood.db")).unwrap();
    let sql = "SELECT count(*) FROM event WHERE event_id LIKE 'canary%' AND
        (session IS NOT NULL OR contact IS NOT NULL OR payload IS NOT NULL OR order_key IS NOT NULL)";
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn x_07_an_address_that_comes_late_takes_out_what_its_session_began_with() {
    let (place, telling) = begun();
    let before = sendable(&place);
    fs::write(place.work.join("telling.jsonl"), telling).unwrap();
    run(&place, LATER, &["import", "telling.jsonl"]);
    assert_eq!((left(&place.work), personal_rows(&place)), (Vec::new(), 0));
    assert_eq!(sendable(&place), before - 1, "its key stays, and is not sent");
    // What is said of the session later stays out as well.
    let more = line("canary-4", "canary-session-2", "\"ip\":\"24.48.77.99\"", ORDER);
    fs::write(place.work.join("more.jsonl"), more).unwrap();
    run(&place, LATER, &["import", "more.jsonl", "begun.jsonl"]);
    assert_eq!((left(&place.work), personal_rows(&place)), (Vec::new(), 0));
}

/// Of two addresses in a session the earlier one is kept with it: the other one is the erased person's.
#[test]
fn x_07_the_second_address_of_a_session_counts_too() {
    let (place, telling) = begun();
    let first = telling.replace(EMAIL, "first.person@example.com").replace("T12:00", "T11:00");
    fs::write(place.work.join("both.jsonl"), first.replace("canary-3", "canary-5") + &telling).unwrap();
    run(&place, LATER, &["import", "both.jsonl"]);
    assert_eq!((left(&place.work), personal_rows(&place)), (Vec::new(), 0));
}

/// A webhook's body has no time, so it may be older than the erasure.
#[test]
fn x_07_what_nobody_dated_is_minded() {
    let (place, _) = begun();
    let identity = format!("{{\"context\":{{\"appUserId\":\"canary-session-2\"}},\"email\":\"{EMAIL}\"}}\n");
    fs::write(place.work.join("identity.jsonl"), identity).unwrap();
    run(&place, LATER, &["import", "identity.jsonl"]);
    assert_eq!((left(&place.work), personal_rows(&place)), (Vec::new(), 0));
}

/// The address comes with a later batch of the same import.
#[test]
fn x_07_an_address_in_a_later_batch_counts_too() {
    let (place, telling) = begun();
    let device = format!("\"ip\":\"24.48.77.99\",\"user_agent\":\"{AGENT}\"");
    let mut log = line("canary-6", "canary-session-6", &device, ORDER);
    while log.len() < 20 << 20 {
        let other = log.len();
        log.push_str(&line(&format!("x-{other}"), &format!("x-{other}"), "\"ip\":\"24.48.79.1\"", "o"));
    }
    log.push_str(&telling.replace("canary-3", "canary-7").replace("canary-session-2", "canary-session-6"));
    fs::write(place.work.join("long.jsonl"), log + &telling).unwrap();
    run(&place, LATER, &["import", "long.jsonl"]);
    assert_eq!((left(&place.work), personal_rows(&place)), (Vec::new(), 0));
}

#[test]
fn x_07_an_address_that_comes_late_is_minded_while_following() {
    let (place, telling) = begun();
    let mut following = place
        .makegood()
        .args(["--now", LATER, "import", "--follow", "telling*.jsonl"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    fs::write(place.work.join("telling.jsonl"), telling).unwrap();
    let start = Instant::now();
    while !left(&place.work).is_empty() && start.elapsed() < Duration::from_mins(1) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!((left(&place.work), personal_rows(&place)), (Vec::new(), 0));
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(i32::try_from(following.id()).unwrap()),
        nix::sys::signal::Signal::SIGTERM,
    )
    .unwrap();
    assert_eq!(following.wait().unwrap().code(), Some(0));
}

#[test]
fn x_07_an_address_that_another_database_knows_is_minded_in_a_merge() {
    let (place, telling) = begun();
    let before = sendable(&place);
    let theirs = line("canary-8", "canary-session-2", "\"ip\":\"24.48.77.99\"", ORDER);
    fs::write(place.work.join("theirs.jsonl"), theirs + &telling).unwrap();
    run(&place, LATER, &["--db", "theirs.db", "import", "theirs.jsonl"]);
    for _ in 0..2 {
        run(&place, LATER, &["merge", "theirs.db"]);
        assert_eq!((left(&place.work), personal_rows(&place)), (Vec::new(), 0));
        assert_eq!(sendable(&place), before - 1);
    }
}

/// Wiping would keep a backfill waiting, so it waits itself, and is not forgotten.
#[test]
fn x_07_what_came_late_is_wiped_when_the_backfill_has_ended() {
    let (place, telling) = begun();
    fs::write(place.work.join("telling.jsonl"), telling).unwrap();
    let file = fs::File::create(place.work.join("makegood.db.backfill.lock")).unwrap();
    let lock = nix::fcntl::Flock::lock(file, nix::fcntl::FlockArg::LockExclusiveNonblock).unwrap();
    let done = makegood(&place, &place.work, &["--now", LATER, "import", "telling.jsonl"]);
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(said.contains("the next import or prune wipes the bytes"), "{said}");
    assert_eq!(personal_rows(&place), 0, "the rows are gone at once");
    drop(lock);
    run(&place, LATER, &["import", "telling.jsonl"]);
    assert_eq!(left(&place.work), Vec::<String>::new());
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
