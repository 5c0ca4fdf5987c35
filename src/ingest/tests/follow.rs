use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;

use super::*;

fn follower(dir: &Path, pattern: &str) -> Follower {
    Follower::new(vec![(dir.join(pattern).to_str().unwrap().to_owned(), None)], Vec::new(), 8)
}

/// The names that a look wants read.
fn names(look: &Look) -> Vec<&str> {
    let mut names: Vec<&str> = look
        .inputs
        .iter()
        .map(|input| input.path.as_ref().unwrap().file_name().unwrap().to_str().unwrap())
        .collect();
    names.sort_unstable();
    names
}

fn append(path: &Path, text: &str) {
    fs::OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

/// Moves the follower's past back, as if so much time had gone by.
fn later(follower: &mut Follower, by: Duration) {
    for tracked in follower.files.values_mut() {
        tracked.since = tracked.since.checked_sub(by).unwrap();
    }
}

#[test]
fn a_file_is_read_when_it_changes_and_once_more_when_it_rests() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("a.log");
    let mut follower = follower(dir.path(), "*");
    assert!(names(&follower.look()).is_empty());
    append(&log, "1\n");
    assert_eq!(names(&follower.look()), ["a.log"]);
    assert!(names(&follower.look()).is_empty());
    append(&log, "2\n");
    assert_eq!(names(&follower.look()), ["a.log"]);
    later(&mut follower, SETTLED_AFTER);
    assert_eq!(names(&follower.look()), ["a.log"], "it may have changed twice in a moment");
    later(&mut follower, SETTLED_AFTER);
    assert!(names(&follower.look()).is_empty());
    follower.failed(&log);
    assert_eq!(names(&follower.look()), ["a.log"]);
    follower.read_again();
    assert_eq!(names(&follower.look()), ["a.log"]);
}

#[test]
fn a_packed_file_is_read_when_it_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let gz = dir.path().join("a.gz");
    let mut follower = follower(dir.path(), "*");
    fs::write(&gz, "").unwrap();
    follower.look();
    fs::write(&gz, b"\x1f\x8b\x08").unwrap();
    follower.look();
    append(&gz, "more");
    assert!(names(&follower.look()).is_empty());
    later(&mut follower, SETTLED_AFTER);
    assert_eq!(names(&follower.look()), ["a.gz"]);
    assert!(names(&follower.look()).is_empty());
}

#[test]
fn what_goes_out_of_sight_is_read_through_the_open_file() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("a.log");
    let mut follower = follower(dir.path(), "a.log");
    append(&log, "1\n");
    follower.look();
    append(&log, "2\n");
    fs::rename(&log, dir.path().join("elsewhere")).unwrap();
    let look = follower.look();
    assert_eq!((names(&look), look.errors.len()), (vec!["a.log"], 1));
    assert_eq!(look.inputs[0].open.as_ref().unwrap().metadata().unwrap().len(), 4);
    append(&dir.path().join("elsewhere"), "3\n");
    append(&log, "4\n");
    assert_eq!(names(&follower.look()), ["a.log", "a.log"], "the old one and the new one");
    fs::remove_file(dir.path().join("elsewhere")).unwrap();
    assert_eq!(names(&follower.look()), ["a.log"], "being deleted changes it");
    later(&mut follower, GONE_AFTER);
    follower.look();
    assert_eq!(follower.count(), 1, "it is let go");
}

#[test]
fn only_so_many_files_stay_open() {
    let dir = tempfile::tempdir().unwrap();
    let mut follower = follower(dir.path(), "*");
    for name in 0..20 {
        append(&dir.path().join(name.to_string()), "x\n");
    }
    assert_eq!(follower.look().inputs.len(), 20);
    assert_eq!(follower.files.values().filter(|tracked| tracked.file.is_some()).count(), 8);
    for name in 0..20 {
        append(&dir.path().join(name.to_string()), "y\n");
    }
    assert_eq!(follower.look().inputs.len(), 20, "closed ones are opened by name");
}

#[test]
fn a_name_that_leads_elsewhere_is_another_file() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two, link) = (dir.path().join("one"), dir.path().join("two"), dir.path().join("link"));
    append(&one, "1\n");
    append(&two, "2\n");
    symlink(&one, &link).unwrap();
    let mut follower = follower(dir.path(), "link");
    assert_eq!(follower.look().inputs.len(), 1);
    symlink(&two, dir.path().join("next")).unwrap();
    fs::rename(dir.path().join("next"), &link).unwrap();
    append(&one, "late\n");
    let look = follower.look();
    assert_eq!(look.inputs.len(), 2, "what the name leads to, and what was written late");
}

/// T-06: no event comes, and the timer finds it.
#[test]
fn t_06_without_events_a_look_finds_what_is_new() {
    let dir = tempfile::tempdir().unwrap();
    let mut follower = follower(dir.path(), "*");
    follower.watch.watcher = None;
    follower.watch.trouble = Some("no watches left".to_owned());
    assert_eq!(follower.look().unwatched.as_deref(), Some("no watches left"));
    append(&dir.path().join("a.log"), "1\n");
    let start = Instant::now();
    follower.wait(&|| false);
    assert!(start.elapsed() < LOOK_EVERY + Duration::from_secs(1));
    assert_eq!(names(&follower.look()), ["a.log"]);
}

#[test]
fn an_event_ends_the_wait_and_so_does_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let mut follower = follower(dir.path(), "*");
    assert_eq!(follower.look().unwatched, None);
    // Far from the timer: only an event can come so early.
    let log = dir.path().join("a.log");
    append(&log, "1\n");
    let start = Instant::now();
    follower.wait(&|| false);
    assert!(start.elapsed() < LOOK_EVERY.mul_f32(0.9), "{:?}", start.elapsed());
    follower.looked = Instant::now();
    let start = Instant::now();
    follower.wait(&|| true);
    assert!(start.elapsed() < LOOK_GAP);
}

#[test]
fn folders_are_watched_anew_when_they_are_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let sub = dir.path().join("sub");
    let mut follower = follower(dir.path(), "sub/*.log");
    follower.look();
    assert!(follower.watch.folders.contains_key(dir.path()), "where it will appear");
    fs::create_dir(&sub).unwrap();
    follower.look();
    let before = follower.watch.folders[&sub];
    append(&sub.join("a.log"), "1\n");
    assert_eq!(names(&follower.look()), ["a.log"]);
    fs::remove_dir_all(&sub).unwrap();
    follower.look();
    // Another folder takes the name; a third takes the inode, should the system want to reuse it.
    fs::create_dir(dir.path().join("other")).unwrap();
    fs::create_dir(&sub).unwrap();
    append(&sub.join("a.log"), "2\n");
    let look = follower.look();
    assert_eq!(names(&look), ["a.log"]);
    assert_ne!(follower.watch.folders[&sub], before);
}
