//! Imports that are killed, and imports that meet.

use super::scene::{Logs, event};
use crate::faults::scene::{piped, wait};

impl Logs {
    fn remove_database(&self) {
        for name in ["makegood.db", "makegood.db-wal", "makegood.db-shm"] {
            let _ = std::fs::remove_file(self.at(name));
        }
    }

    /// How many events are there, and how far the log was read.
    fn progress(&self) -> (i64, i64) {
        let is_there = self.at("makegood.db").exists()
            && self.number("SELECT count(*) FROM sqlite_schema WHERE name IN ('event', 'source')") == 2;
        if !is_there {
            return (0, 0);
        }
        let position = self.number("SELECT coalesce(max(position), 0) FROM source");
        (self.number("SELECT count(*) FROM event"), position)
    }
}

#[test]
#[cfg(feature = "crash-points")]
fn i_35_an_import_killed_at_any_batch_goes_on_where_it_was() {
    use std::collections::BTreeSet;
    use std::io::Write as _;

    use super::scene::event_with;

    /// Two lines fill a batch, eight batches or a quiet second are a commit.
    const LEAST: [(&str, u32); 2] = [("I1", 10), ("I2", 2)];
    let logs = Logs::new();
    let line = |id: usize, pad: &str| event_with(&format!("e{id:02}"), &format!("\"pad\":\"{pad}\""));
    let pad = "x".repeat((8 << 20) - line(0, "").len());
    let mut log = std::fs::File::create(logs.at("a.jsonl")).unwrap();
    let mut starts = vec![0];
    for id in 0..20 {
        let text = format!("{}\nno record {id}\n", line(id, &pad));
        log.write_all(text.as_bytes()).unwrap();
        starts.push(starts[id] + i64::try_from(text.len()).unwrap());
    }
    logs.import(&["a.jsonl"]).with(3, "");
    let whole = logs.said();
    assert!(whole[0].lines().count() == 20 && whole[1].lines().count() == 20, "{whole:?}");
    let mut cuts = BTreeSet::new();
    for (point, least) in LEAST {
        for nth in 1.. {
            logs.remove_database();
            let mut command = logs.command(&["import", "a.jsonl"]);
            let ended = wait(piped(command.env("MAKEGOOD_CRASH", format!("{point}:{nth}"))));
            let (events, position) = logs.progress();
            assert_eq!(
                position,
                starts[usize::try_from(events).unwrap()],
                "{point}:{nth}: rows and position"
            );
            if ended.code != 137 {
                ended.with(3, "");
                assert!(nth > least, "{point} was passed {nth} times");
                break;
            }
            cuts.insert(events);
            logs.import(&["a.jsonl"]).with(if events == 20 { 0 } else { 3 }, "");
            assert!(logs.said() == whole, "{point}:{nth}");
        }
    }
    assert!(cuts.contains(&0) && cuts.contains(&20) && cuts.len() >= 3, "nothing, something, all: {cuts:?}");
}

#[test]
fn i_36_two_imports_of_one_file_at_once_store_it_once() {
    let logs = Logs::new();
    let text: String = (0..20_000).map(|id| event(&format!("e{id}")) + "\n").collect();
    logs.write("a.jsonl", &text);
    for _ in 0..3 {
        let two = [(), ()].map(|()| piped(&mut logs.command(&["import", "a.jsonl"])));
        for child in two {
            wait(child).with(0, "");
        }
        assert_eq!(logs.progress(), (20_000, i64::try_from(text.len()).unwrap()));
        assert_eq!(logs.number("SELECT count(*) FROM source"), 1);
        logs.remove_database();
    }
}
