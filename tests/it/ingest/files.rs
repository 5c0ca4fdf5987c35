//! Files that are damaged, packed, or none.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::scene::{Logs, event, gzip};

/// So many events that do not compress to nothing.
fn events(count: u32) -> String {
    let id = |at: u32| hex::encode(<sha2::Sha256 as sha2::Digest>::digest(at.to_le_bytes()));
    (0..count).map(|at| event(&id(at)) + "\n").collect()
}

#[test]
fn i_26_a_truncated_file_gives_what_it_holds_and_the_whole_one_the_rest() {
    let logs = Logs::new();
    let packed = gzip(events(3000));
    logs.write("a.jsonl.gz", &packed[..packed.len() - 9]);
    logs.import(&["a.jsonl.gz"]).with(3, "a.jsonl.gz: its compressed data ends too early");
    let stored = logs.number("SELECT count(*) FROM event");
    assert!((2900..=3000).contains(&stored), "{stored}");
    assert_eq!((logs.number("SELECT problem FROM source"), logs.reasons()), (1, vec!["truncated".into()]));
    logs.import(&["a.jsonl.gz"]).with(3, "ends too early");
    assert_eq!(logs.number("SELECT count(*) FROM quarantine"), 1, "told once");
    logs.write("a.jsonl.gz", packed);
    let ended = logs.import(&["a.jsonl.gz"]).with(0, "");
    assert_eq!(logs.number("SELECT count(*) FROM event"), 3000);
    assert!(ended.stdout.contains(&format!("Imported {} new event", 3000 - stored)), "{ended:?}");
}

#[test]
fn i_27_every_member_is_read() {
    let logs = Logs::new();
    logs.write("a.gz", [gzip(event("1") + "\n"), gzip(event("2") + "\n" + &event("3")), gzip("\n")].concat());
    let zstd = |text: String| zstd::stream::encode_all(text.as_bytes(), 1).unwrap();
    logs.write("b.zst", [zstd(event("4") + "\n"), zstd(event("5") + "\n")].concat());
    logs.import(&["a.gz", "b.zst"]).with(0, "");
    assert_eq!(logs.ids(), ["1", "2", "3", "4", "5"]);
}

#[test]
fn i_28_damage_is_told_and_padding_is_none() {
    let packed = gzip(events(10));
    let mut wrong = packed.clone();
    let at = wrong.len() - 6;
    wrong[at] ^= 1;
    let damaged = "its compressed data is damaged; what came before is imported";
    for (bytes, code, said) in [
        (wrong, 3, damaged),
        ([&packed[..], b"garbage"].concat(), 3, damaged),
        ([&packed[..], &[0; 4096]].concat(), 0, ""),
    ] {
        let logs = Logs::new();
        logs.write("a.gz", bytes);
        logs.import(&["a.gz"]).with(code, said);
        assert_eq!(logs.number("SELECT count(*) FROM event"), 10);
        let reasons: &[&str] = if code == 3 { &["corrupt"] } else { &[] };
        assert_eq!(logs.reasons(), reasons);
    }
}

#[test]
fn i_30_the_bytes_tell_how_a_file_is_packed() {
    let logs = Logs::new();
    logs.write("plain.gz", event("1"));
    logs.write("packed.log", gzip(event("2")));
    logs.write("packed.gz", zstd::stream::encode_all(event("3").as_bytes(), 1).unwrap());
    logs.import(&["plain.gz", "packed.log", "packed.gz"]).with(0, "");
    assert_eq!(logs.ids(), ["1", "2", "3"]);
}

#[test]
fn i_31_only_regular_files_are_read_and_the_others_named() {
    let logs = Logs::new();
    fs::create_dir(logs.at("folder")).unwrap();
    logs.write("../outside.jsonl", event("outside"));
    logs.write("real.jsonl", event("real"));
    symlink(logs.at("real.jsonl"), logs.at("link.jsonl")).unwrap();
    symlink("/dev/zero", logs.at("zero")).unwrap();
    symlink(logs.at("loop"), logs.at("loop")).unwrap();
    nix::unistd::mkfifo(&logs.at("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let ended =
        logs.import(&["link.jsonl", "/dev/zero", "zero", "pipe", "folder", "loop", "../outside.jsonl"]);
    let ended = ended.with(3, "/dev/zero: is not a regular file").with(3, "pipe: is not a regular file");
    ended.with(3, "zero: is not a regular file").with(3, "folder: is a directory").with(3, "loop: ");
    assert_eq!(logs.ids(), ["real", "outside"]);
    // What is left alone is nothing to import; no database is made for it.
    let none = Logs::new();
    none.import(&["/dev/zero"]).with(4, "/dev/zero: is not a regular file");
    none.import(&["gone.jsonl"]).with(4, "gone.jsonl: ");
    assert!(!none.at("makegood.db").exists());
}

#[test]
fn i_32_a_pattern_does_not_mean_our_own_files() {
    let (logs, ended) = Logs::with(event("1"));
    ended.with(0, "");
    let ended = logs.import(&["*"]).with(0, "");
    assert!(!ended.stdout.contains("makegood.db"), "{ended:?}");
    assert_eq!(logs.number("SELECT count(*) FROM quarantine"), 0);
    logs.import(&["makegood.db", "a.jsonl"]).with(3, "makegood.db: is makegood's own file");
    logs.makegood(&["audit", "--no-import"]).with(0, "");
}

#[test]
fn i_34_a_file_that_cannot_be_read_stops_no_other() {
    let logs = Logs::new();
    logs.write("good.jsonl", event("1"));
    logs.write("shut.jsonl", event("2"));
    symlink(logs.at("loop"), logs.at("loop")).unwrap();
    symlink(logs.at("nowhere"), logs.at("dead")).unwrap();
    logs.import(&["loop", "dead", "gone", "good.jsonl"])
        .with(3, "loop: ")
        .with(3, "dead: ")
        .with(3, "gone: ");
    assert_eq!(logs.ids(), ["1"]);
    fs::set_permissions(logs.at("shut.jsonl"), fs::Permissions::from_mode(0o000)).unwrap();
    if nix::unistd::geteuid().is_root() {
        eprintln!("skipped: nothing is shut to root");
    } else {
        logs.import(&["shut.jsonl", "good.jsonl"]).with(3, "shut.jsonl: ");
    }
}
