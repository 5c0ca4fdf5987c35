//! Section 3.4: databases that are damaged, foreign, newer, read-only, replaced, copied, restored.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use rusqlite::Connection;

use super::raw::{ACCEPTED, ByHand};
use super::scene::{Ended, NOW, Scene, copy_program, run, wait};

/// Whether this process may do everything: then a test gives its programs another user.
fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// A user that owns nothing.
const NOBODY: u32 = 65_534;

#[test]
fn s_05_every_writer_begins_immediate() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let mut deferred = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for word in [".transaction()", "BEGIN;", "BEGIN DEFERRED", "BEGIN TRANSACTION", "Behavior::Deferred"]
        {
            if text.contains(word) {
                deferred.push((path.file_name().unwrap().to_str().unwrap().to_owned(), word));
            }
        }
    }
    deferred.sort();
    // These read: a pass over the ledger, a database that is merged, and the re-check, whose snapshot no
    // write follows.
    let reading: Vec<_> = deferred.iter().map(|(file, word)| (file.as_str(), *word)).collect();
    let expected =
        [("merge.rs", "BEGIN DEFERRED"), ("other.rs", "BEGIN DEFERRED"), ("settle.rs", "Behavior::Deferred")];
    assert_eq!(reading, expected);
}

#[test]
fn s_06_s_07_a_read_only_database_can_be_read_and_a_writer_names_it() {
    let scene = Scene::of(10);
    let work = &scene.place.work;
    let program = work.join("makegood-copy");
    copy_program(&program);
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    // A permission that is missing says nothing to root.
    let as_user = |args: &[&str]| -> Ended {
        let mut command = scene.place.command(program.to_str().unwrap(), work);
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        run(command.args(["--now", NOW]).args(args))
    };
    let db = work.join("makegood.db");
    for folder in [work.parent().unwrap(), work] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
    if is_root() {
        for file in [work.as_path(), &db, &work.join("token")] {
            chown(file, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
    let modes = |file, folder| {
        fs::set_permissions(&db, fs::Permissions::from_mode(file)).unwrap();
        fs::set_permissions(work, fs::Permissions::from_mode(folder)).unwrap();
    };
    let send = ["backfill", "--send", "--endpoint", &scene.sandbox.url];
    // A file that is read-only can be read.
    modes(0o400, 0o755);
    as_user(&["audit", "--no-import"]).with(0, "");
    as_user(&send).with(8, "makegood.db: cannot be written");
    for ending in ["wal", "shm"] {
        let _ = fs::remove_file(work.join(format!("makegood.db-{ending}")));
    }
    // SQLite needs two files beside it even to read: a folder that takes none is named with the reason.
    for file in [0o400, 0o600] {
        modes(file, 0o555);
        for ended in [as_user(&["audit", "--no-import"]), as_user(&send)] {
            assert!(ended.code == 8 && ended.stderr.contains("makegood.db"), "{file:o}: {ended:#?}");
            assert!(ended.stderr.contains("-shm") || ended.stderr.contains("cannot lock"), "{ended:#?}");
        }
    }
    modes(0o600, 0o755);
    assert_eq!(scene.sent(), (0, 0));
    as_user(&send).with(0, "");
}

/// Spoils the database; the backfill must end with 8, send nothing, and leave the file as it is.
fn refuses(spoil: impl Fn(&Path), said: &str) {
    let scene = Scene::of(200);
    let db = scene.place.work.join("makegood.db");
    spoil(&db);
    let before = fs::read(&db).unwrap();
    for command in
        [scene.sending(NOW, &[]), scene.command(&["import", "funnel.jsonl"]), scene.command(&["audit"])]
    {
        let mut command = command;
        run(&mut command).with(8, said);
        assert!(fs::read(&db).unwrap() == before, "the file was touched");
    }
    assert_eq!(scene.sent(), (0, 0));
}

fn edit(db: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(db).unwrap();
    change(&mut bytes);
    fs::write(db, bytes).unwrap();
}

#[test]
fn s_08_a_damaged_database_ends_with_8_and_is_left_alone() {
    refuses(|db| edit(db, |bytes| bytes[..100].fill(0)), "not a database");
    refuses(|db| edit(db, |bytes| bytes.truncate(bytes.len() / 2)), "damaged");
    refuses(
        |db| {
            edit(db, |bytes| {
                // Every page but the first, which alone says whose it is.
                bytes[16_384..].fill(0xa5);
            });
        },
        "damaged",
    );
}

#[test]
fn s_10_a_newer_database_is_left_alone() {
    let newer = |db: &Path| {
        let connection = Connection::open(db).unwrap();
        connection.execute_batch("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE);").unwrap();
    };
    refuses(newer, "newer makegood");
}

#[test]
fn s_12_another_programs_database_is_left_alone() {
    let other = |db: &Path| {
        fs::remove_file(db).unwrap();
        Connection::open(db).unwrap().execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1);").unwrap();
    };
    refuses(other, "not one of makegood's");
}

#[test]
fn s_09_a_flipped_bit_in_a_payload_is_not_sent_and_the_others_are() {
    let scene = Scene::empty();
    scene.log_of("a.jsonl", "2026-11-19T20:00:00Z", (0..10).map(|id| format!("f{id}")));
    scene.log("b.jsonl", "2026-11-20T02:00:00Z", 10);
    // Blocks never hold two days: one block each.
    scene.makegood(&["import", "a.jsonl", "b.jsonl"]);
    assert_eq!(scene.number("SELECT count(*) FROM event"), 20);
    assert_eq!(scene.number("SELECT count(*) FROM block"), 2);
    let flip = "UPDATE block SET body = CAST(substr(body, 1, 40) || x'ff' || substr(body, 42) AS BLOB)
        WHERE code = (SELECT min(code) FROM block)";
    assert_eq!(scene.db().execute(flip, []).unwrap(), 1);
    let ended = scene.backfill().with(8, "10 events not as they were written");
    assert!(ended.stdout.contains("Sent 10 of 20 planned: 10 accepted"), "{ended:#?}");
    assert_eq!(scene.sent(), (1, 10));
    scene.makegood(&["audit"]).with(0, "");
}

#[test]
fn s_17_a_database_that_was_replaced_meanwhile_is_not_written() {
    let (scene, server) = (Scene::of(20), ByHand::start());
    let child = scene.start(&server.url, &[]);
    server.next();
    let db = scene.place.work.join("makegood.db");
    fs::rename(&db, scene.place.work.join("moved.db")).unwrap();
    fs::write(&db, b"").unwrap();
    server.answer(ACCEPTED);
    wait(child).with(8, "was moved or replaced");
    assert_eq!((fs::read(&db).unwrap().len(), server.others()), (0, 0));
}

#[test]
fn s_18_a_copy_that_sends_too_is_counted_once() {
    let scene = Scene::of(20);
    fs::copy(scene.place.work.join("makegood.db"), scene.place.work.join("copy.db")).unwrap();
    scene.backfill().with(0, "");
    run(&mut scene.sending(NOW, &["--db", "copy.db"])).with(0, "");
    assert_eq!(scene.sent(), (4, 20), "inside the window TikTok drops the copies");
}

#[test]
fn s_19_an_old_backup_sends_again_inside_the_window_and_nothing_after_it() {
    let scene = Scene::of(20);
    let (db, backup) = (scene.place.work.join("makegood.db"), scene.place.work.join("backup.db"));
    fs::copy(&db, &backup).unwrap();
    scene.backfill().with(0, "");
    fs::copy(&backup, &db).unwrap();
    // The last moment at which a copy is still dropped is an hour before TikTok's own.
    scene.backfill_at("2026-11-22T00:59:59Z").with(0, "");
    assert_eq!(scene.sent(), (4, 20));
    fs::copy(&backup, &db).unwrap();
    scene.backfill_at("2026-11-22T01:00:00Z").with(3, "more held");
    assert_eq!(scene.sent(), (4, 20));
}

#[test]
fn s_23_a_name_that_looks_like_a_uri_is_a_file() {
    let scene = Scene::of(10);
    let name = "file:x.db?mode=memory";
    scene.makegood(&["--db", name, "import", "funnel.jsonl"]).with(0, "");
    run(&mut scene.sending(NOW, &["--db", name])).with(0, "");
    assert_eq!(scene.sent(), (1, 10));
    let file = scene.place.work.join(name);
    assert!(fs::metadata(&file).unwrap().len() > 0);
    let again = run(&mut scene.sending("2026-11-20T13:00:00Z", &["--db", name]));
    again.with(0, "");
    assert_eq!(scene.sent(), (1, 10), "what was sent is known");
}

/// Whether a program is installed.
pub fn has(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}
