//! What else happens to logs that are followed.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::scene::{LARGE, Scene, append, pack};

fn truncate(scene: &Scene, name: &str) {
    OpenOptions::new().write(true).truncate(true).open(scene.at(name)).unwrap();
}

#[test]
fn t_01_a_name_that_no_pattern_matches_is_read_to_its_end() {
    let mut scene = Scene::new("a.log");
    scene.write("a.log", 30);
    scene.start();
    scene.wait_for_all();
    for round in 0..5 {
        scene.write("a.log", 10);
        fs::rename(scene.at("a.log"), scene.at(&format!("elsewhere.{round}"))).unwrap();
        scene.write("a.log", 10);
        scene.write(&format!("elsewhere.{round}"), 2);
        scene.wait_for_all();
    }
    // Deleted with lines that nobody read yet.
    scene.write("a.log", 10);
    fs::remove_file(scene.at("a.log")).unwrap();
    scene.wait_for_all();
    scene.stop();
    scene.check();
    assert_eq!(scene.said().matches("warning").count(), 1, "{}", scene.said());
}

#[test]
fn t_03_a_file_that_is_cut_and_filled_again_is_read_from_its_start() {
    let mut scene = Scene::new("*.log");
    scene.write("a.log", 50);
    scene.start();
    scene.wait_for_all();
    // The same size, then a larger one, then a smaller one; all lines are equally long.
    for count in [50, 90, 20, LARGE] {
        truncate(&scene, "a.log");
        scene.write("a.log", count);
        scene.wait_for_all();
    }
    scene.stop();
    truncate(&scene, "a.log");
    scene.write("a.log", LARGE);
    scene.import();
    scene.check();
}

#[test]
fn t_04_an_inode_used_again_is_another_file() {
    let mut scene = Scene::new("*.log");
    let mut inodes = Vec::new();
    for round in 0..6 {
        scene.write("a.log", 30);
        inodes.push(fs::metadata(scene.at("a.log")).unwrap().ino());
        if round < 3 {
            scene.import();
        } else {
            if round == 3 {
                scene.start();
            }
            scene.wait_for_all();
        }
        fs::remove_file(scene.at("a.log")).unwrap();
    }
    scene.stop();
    scene.check();
    // Whether the system used one again is its own affair; then there was less to see.
    inodes.dedup();
    assert!(!inodes.is_empty());
}

#[test]
fn t_05_what_was_packed_while_nothing_ran_is_not_read_twice() {
    let mut scene = Scene::new("*.log*");
    scene.write("a.log", LARGE);
    scene.start();
    scene.wait_for_all();
    scene.stop();
    fs::rename(scene.at("a.log"), scene.at("a.log.1")).unwrap();
    pack(&scene.at("a.log.1"));
    fs::copy(scene.at("a.log.1.gz"), scene.at("saved.log.gz")).unwrap();
    let output = scene.place.makegood().args(["import", "--json", "*.log*"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    let totals = text.split_once("\"totals\"").unwrap().1;
    assert!(totals.contains("\"lines\": 0,") && totals.contains("\"quarantined\": 0"), "{text}");
    scene.check();
}

#[test]
fn t_07_a_folder_may_come_late_go_and_return() {
    let mut scene = Scene::new("logs/*.log");
    scene.start();
    scene.wait("a word about it", |scene| scene.said().contains("no file matches"));
    for round in 0..3 {
        fs::create_dir(scene.at("logs")).unwrap();
        scene.write("logs/a.log", 30 + round);
        scene.wait_for_all();
        scene.write("logs/a.log", 5);
        scene.wait_for_all();
        fs::remove_dir_all(scene.at("logs")).unwrap();
    }
    fs::create_dir(scene.at("new")).unwrap();
    scene.write("new/a.log", 5);
    fs::rename(scene.at("new"), scene.at("logs")).unwrap();
    scene.wait_for_all();
    scene.end_with(Signal::SIGINT);
    scene.check();
    assert_eq!(scene.said().matches("following").count(), 1, "{}", scene.said());
}

#[test]
fn t_09_a_reader_that_stays_stops_nothing_and_the_log_is_emptied() {
    let mut scene = Scene::new("*.log");
    scene.write("a.log", 30);
    scene.start();
    scene.wait_for_all();
    let reader = rusqlite::Connection::open(scene.at("makegood.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM event").unwrap();
    for _ in 0..4 {
        scene.write("a.log", 5_000);
        scene.wait_for_all();
    }
    let held = fs::metadata(scene.at("makegood.db-wal")).unwrap().len();
    assert!(held > 1 << 20, "{held}");
    drop(reader);
    scene.stop();
    assert!(!scene.at("makegood.db-wal").exists(), "brought home at the end");
    scene.check();
}

#[test]
fn o_06_a_signal_ends_it_with_0_and_the_position_is_kept() {
    let mut scene = Scene::new("*.log");
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        scene.start();
        scene.write("a.log", 10);
        scene.wait_for_all();
        scene.end_with(signal);
    }
    // Nothing is read again, and nothing is missing.
    scene.import();
    scene.check();
}

/// I-08, in a file that is followed.
#[test]
fn a_half_written_line_waits_for_its_end() {
    let mut scene = Scene::new("*.log");
    scene.start();
    let text = scene.lines(3);
    let (before, after) = text.split_at(130);
    append(&scene.at("a.log"), before.as_bytes());
    scene.wait("the whole line", |scene| scene.stored() == 1);
    append(&scene.at("a.log"), after.as_bytes());
    scene.wait_for_all();
    scene.stop();
    scene.check();
}

#[test]
fn a_link_may_lead_to_another_file_at_any_time() {
    let mut scene = Scene::new("current");
    fs::create_dir(scene.at("data")).unwrap();
    scene.write("data/0", 10);
    symlink("data/0", scene.at("current")).unwrap();
    scene.start();
    scene.wait_for_all();
    for round in 1..6 {
        scene.write(&format!("data/{}", round - 1), 10);
        scene.write(&format!("data/{round}"), 10);
        symlink(format!("data/{round}"), scene.at("next")).unwrap();
        fs::rename(scene.at("next"), scene.at("current")).unwrap();
        scene.write(&format!("data/{round}"), 3);
        scene.wait_for_all();
    }
    scene.stop();
    scene.check();
}

/// At rest a line is visible a second after it was written, and mostly far sooner.
#[test]
fn what_is_written_is_soon_visible() {
    let mut scene = Scene::new("*.log");
    scene.write("a.log", 1);
    scene.start();
    scene.wait_for_all();
    let mut waits = Vec::new();
    for _ in 0..5 {
        scene.write("a.log", 1);
        let start = Instant::now();
        scene.wait_for_all();
        waits.push(start.elapsed());
    }
    scene.stop();
    waits.sort_unstable();
    assert!(waits[2] < Duration::from_secs(1), "{waits:?}");
}

/// Two at once, as when cron meets a service: each line once all the same.
#[test]
fn two_may_follow_the_same_files() {
    let mut scene = Scene::new("*.log*");
    scene.write("a.log", 500);
    scene.start();
    for round in 0..5 {
        scene.write("a.log", 500);
        scene.import();
        fs::rename(scene.at("a.log"), scene.at(&format!("a.log.{round}"))).unwrap();
        scene.write("a.log", 500);
        scene.import();
    }
    scene.wait_for_all();
    scene.stop();
    scene.check();
}

#[test]
fn a_service_manager_is_told() {
    let scene = Scene::new("*.log");
    let socket = UnixDatagram::bind(scene.at("notify")).unwrap();
    socket.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let hear = || {
        let mut word = [0; 64];
        let length = socket.recv(&mut word).unwrap();
        String::from_utf8(word[..length].to_vec()).unwrap()
    };
    let mut child = scene
        .place
        .makegood()
        .args(["import", "--follow", "*.log"])
        .env("NOTIFY_SOCKET", scene.at("notify"))
        .env("WATCHDOG_USEC", "3000000")
        .stderr(File::create(scene.at("stderr")).unwrap())
        .spawn()
        .unwrap();
    assert_eq!((hear(), hear(), hear()), ("READY=1".into(), "WATCHDOG=1".into(), "WATCHDOG=1".into()));
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGTERM)
        .unwrap();
    let mut last = hear();
    while last == "WATCHDOG=1" {
        last = hear();
    }
    assert_eq!(last, "STOPPING=1");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn what_cannot_be_followed_is_refused() {
    let scene = Scene::new("-");
    let mut child = scene.place.makegood();
    let output = child.args(["import", "--follow", "-"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("standard input cannot be followed"));
}

/// The database is replaced under it: it says so and ends, for what it writes would be lost.
#[test]
fn a_database_that_is_moved_away_ends_it() {
    let scene = Scene::new("*.log");
    scene.write("a.log", 3);
    let mut child = scene.place.makegood();
    child.args(["import", "--follow", "*.log"]).stderr(std::process::Stdio::piped());
    let child = child.spawn().unwrap();
    scene.wait("its rows", |scene| scene.stored() == 3);
    fs::rename(scene.at("makegood.db"), scene.at("moved.db")).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(8));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("was moved or replaced"), "{said}");
}
