//! S-21: import, audit and backfill at once, by the real program, on a log that grows.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value as Json;

use super::scene::{NOW, Scene, purchase, run};

const EVENTS: usize = 1_500;
const APPENDED: usize = 25;

/// Writes the log, a few lines at a time, and some lines in two pieces.
fn grow(scene: &Scene) {
    let mut log =
        OpenOptions::new().append(true).create(true).open(scene.place.work.join("funnel.jsonl")).unwrap();
    for first in (0..EVENTS).step_by(APPENDED) {
        let mut lines = String::new();
        for id in first..first + APPENDED {
            writeln!(lines, "{}", purchase(&format!("e{id}"), "2026-11-20T02:00:00Z")).unwrap();
        }
        let (head, tail) = lines.as_bytes().split_at(lines.len() / 2);
        for piece in [head, tail] {
            log.write_all(piece).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}

#[test]
fn s_21_import_audit_and_backfill_at_once_lose_and_double_nothing() {
    let scene = Scene::empty();
    scene.config("batch = 50\n");
    scene.log("funnel.jsonl", "2026-11-20T02:00:00Z", 0);
    scene.makegood(&["import", "funnel.jsonl"]).with(0, "");
    let is_written = AtomicBool::new(false);
    let again = |work: &mut dyn FnMut()| {
        while !is_written.load(Ordering::SeqCst) {
            work();
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| again(&mut || drop(scene.makegood(&["import", "funnel.jsonl"]).with(0, ""))));
        scope.spawn(|| {
            again(&mut || drop(run(&mut scene.sending(NOW, &["--no-import", "--max", "1500"])).with(0, "")));
        });
        scope.spawn(|| {
            let (mut events, mut delivered) = (0, 0);
            again(&mut || {
                let ended = scene.makegood(&["audit", "--no-import", "--json"]).with(0, "");
                let told: Json = serde_json::from_str(&ended.stdout).unwrap();
                let now = ["events", "delivered"].map(|name| told["totals"][name].as_u64().unwrap());
                assert!(now[0] >= events && now[1] >= delivered, "{events} {delivered} {now:?}");
                [events, delivered] = now;
            });
        });
        grow(&scene);
        is_written.store(true, Ordering::SeqCst);
    });
    scene.makegood(&["import", "funnel.jsonl"]).with(0, "");
    run(&mut scene.sending(NOW, &["--max", "1500"])).with(0, "");
    assert_eq!((scene.sent().1, scene.accepted()), (1_500, 1_500));
    assert_eq!(scene.number("SELECT count(*) FROM event"), 1_500);
}
