//! Inputs without end: memory stays flat.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::scene::{Logs, event, gzip, peak_kib, watch};
use crate::faults::scene::piped;

/// What an import may need beside what it needs for a small log: the longest line, and 32 MiB.
const SPARE_KIB: u64 = (8 << 10) + (32 << 10);

/// The most memory that the import of a small log has, in KiB.
fn small_kib() -> u64 {
    let logs = Logs::new();
    logs.write("a.jsonl", event("1") + "\n");
    let (ended, peak) = watch(piped(&mut logs.command(&["import", "a.jsonl"])));
    ended.with(0, "");
    assert!(peak > 1000, "{peak} KiB is too little to be true");
    peak
}

#[test]
fn i_10_a_line_of_100_mb_is_never_held() {
    let logs = Logs::new();
    let mut log = File::create(logs.at("a.jsonl")).unwrap();
    let some = vec![b'a'; 1_000_000];
    writeln!(log, "{}", event("before")).unwrap();
    (0..100).for_each(|_| log.write_all(&some).unwrap());
    writeln!(log, "\n{}", event("after")).unwrap();
    let (ended, peak) = watch(piped(&mut logs.command(&["import", "a.jsonl"])));
    ended.with(3, "line-too-long 1");
    assert_eq!(logs.ids(), ["before", "after"]);
    assert_eq!(logs.quarantined()[0]["length"].as_u64(), Some(100_000_000));
    let small = small_kib();
    assert!(peak <= small + SPARE_KIB, "{peak} KiB, a small log {small}");
}

#[test]
fn i_11_a_line_without_end_is_never_held_and_can_be_stopped() {
    let logs = Logs::new();
    let mut command = logs.command(&["import", "-"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let some = vec![b'y'; 1 << 20];
    for _ in 0..200 {
        pipe.write_all(&some).unwrap();
    }
    let (peak, small) = (peak_kib(&child).unwrap(), small_kib());
    assert!(peak <= small + SPARE_KIB, "{peak} KiB, a small log {small}");
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGINT).unwrap();
    let (ended, _) = watch(child);
    ended.with(130, "");
    drop(pipe);
}

#[test]
fn i_29_a_bomb_is_stopped_and_its_size_never_held() {
    let logs = Logs::new();
    let member = gzip(vec![0; 64 << 20]);
    let bomb = member.repeat(16);
    assert!(bomb.len() < 2 << 20, "a gibibyte in {} bytes", bomb.len());
    logs.write("bomb.gz", [gzip(event("1") + "\n"), bomb].concat());
    logs.write("good.jsonl", event("2"));
    let (ended, peak) = watch(piped(&mut logs.command(&["import", "bomb.gz", "good.jsonl"])));
    ended.with(3, "bomb.gz: it expands beyond the limit; what came before is imported");
    assert_eq!((logs.ids(), logs.reasons()), (vec!["1".into(), "2".into()], vec!["expansion-limit".into()]));
    let small = small_kib();
    assert!(peak <= small + SPARE_KIB, "{peak} KiB, a small log {small}");
    // A hole of a tebibyte costs no more.
    let mut sparse = File::create(logs.at("hole")).unwrap();
    sparse.seek(SeekFrom::Start(64 << 20)).unwrap();
    writeln!(sparse, "\n{}", event("3")).unwrap();
    drop(sparse);
    std::thread::sleep(Duration::ZERO);
    let (ended, peak) = watch(piped(&mut logs.command(&["import", "hole"])));
    ended.with(3, "");
    assert!(peak <= small + SPARE_KIB, "{peak} KiB, a small log {small}");
}
