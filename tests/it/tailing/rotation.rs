//! Every way of rotation, in every situation.

use std::fs::{self, OpenOptions};

use super::scene::{LARGE, Scene, pack};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Rename,
    CopyTruncate,
    RenameAndPack,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum While {
    Running,
    Stopped,
}

fn rotate(scene: &Scene, name: &str, way: Way) {
    let (live, old) = (scene.at(name), scene.at(&format!("{name}.1")));
    match way {
        Way::Rename => fs::rename(&live, &old).unwrap(),
        Way::CopyTruncate => {
            fs::copy(&live, &old).unwrap();
            OpenOptions::new().write(true).truncate(true).open(&live).unwrap();
        }
        Way::RenameAndPack => {
            fs::rename(&live, &old).unwrap();
            pack(&old);
        }
    }
}

/// Lines before, an unread rest at the moment of rotation, lines after; then all of it once more.
fn trial(way: Way, when: While, count: u32, files: u32) {
    let mut scene = Scene::new("*.log*");
    let names: Vec<String> = (0..files).map(|number| format!("{number:03}.log")).collect();
    let write = |scene: &Scene, count| names.iter().for_each(|name| scene.write(name, count));
    write(&scene, count);
    match when {
        While::Running => {
            scene.start();
            scene.wait_for_all();
        }
        While::Stopped => scene.import(),
    }
    write(&scene, 3);
    for name in &names {
        rotate(&scene, name, way);
    }
    write(&scene, count + 7);
    match when {
        While::Running => {
            scene.wait_for_all();
            scene.stop();
        }
        While::Stopped => scene.import(),
    }
    scene.check();
    scene.import();
    scene.check();
}

#[test]
fn t_01_t_02_t_05_every_rotation_keeps_every_line_once() {
    let mut trials = Vec::new();
    for way in [Way::Rename, Way::CopyTruncate, Way::RenameAndPack] {
        for when in [While::Running, While::Stopped] {
            for (count, files) in [(30, 1), (30, 20), (LARGE, 1), (LARGE, 3)] {
                trials.push((way, when, count, files));
            }
        }
    }
    // Four at a time: they mostly wait.
    for four in trials.chunks(4) {
        std::thread::scope(|scope| {
            for (way, when, count, files) in four.iter().copied() {
                let name = format!("{way:?} {when:?} {count} {files}");
                let named = std::thread::Builder::new().name(name);
                named.spawn_scoped(scope, move || trial(way, when, count, files)).unwrap();
            }
        });
    }
}
