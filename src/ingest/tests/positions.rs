use super::*;

#[test]
fn the_same_paths_again_add_nothing_and_cost_nothing() {
    let dir = Dir::new();
    let plain = dir.write("plain", lines(0..500));
    let packed = dir.write("packed.gz", gzip(lines(500..900)));
    let zst = dir.write("named.log", zstd::stream::encode_all(lines(900..1000).as_bytes(), 1).unwrap());
    let mut store = Store::default();
    let paths: [&Path; 3] = [&plain, &packed, &zst];
    let reports = store.import(&paths);
    assert_eq!(reports.iter().map(|report| report.lines).collect::<Vec<_>>(), [500, 400, 100]);
    assert_eq!((store.events.len(), store.batches, store.cursors.len()), (1000, 1, 3));
    for _ in 0..2 {
        let again = store.import(&paths);
        assert!(again.iter().all(|report| report.lines == 0 && report.bytes == 0));
        assert_eq!((store.events.len(), store.batches), (1000, 1), "no batch without news");
    }
}

#[test]
fn what_is_appended_is_read_from_where_reading_ended() {
    let dir = Dir::new();
    let path = dir.write("log", lines(0..10));
    let packed = dir.write("log.gz", gzip(lines(100..110)));
    let mut store = Store::default();
    store.import(&[&path, &packed]);
    dir.append("log", lines(10..15));
    dir.append("log.gz", gzip(lines(110..113)));
    let reports = store.import(&[&path, &packed]);
    assert_eq!((reports[0].lines, reports[1].lines), (5, 3));
    assert_eq!(store.events.len(), 28);
}

#[test]
fn a_half_written_line_waits_and_a_whole_one_does_not() {
    let dir = Dir::new();
    let whole = lines(0..3);
    let (before, after) = whole.split_at(whole.len() - 20);
    let path = dir.write("log", before);
    let mut store = Store::default();
    assert_eq!(store.import(&[&path])[0].lines, 2);
    assert_eq!(store.quarantined.len(), 0);
    assert_eq!(store.import(&[&path])[0].lines, 0);
    dir.append("log", after.trim_end());
    assert_eq!(store.import(&[&path])[0].lines, 1, "whole, though without a line end");
    dir.append("log", "\r\n".to_owned() + &lines(3..4));
    assert_eq!(store.import(&[&path])[0].lines, 1);
    assert_eq!((store.events.len(), store.quarantined.len()), (4, 0));

    let first = dir.write("first", event("x"));
    assert_eq!(store.import(&[&first])[0].lines, 1);
    dir.append("first", "\n".to_owned() + &event("y") + "\n");
    assert_eq!(store.import(&[&first])[0].lines, 1, "the first line is the same with and without its end");

    let packed = dir.write("half.gz", gzip(before));
    store.import(&[&packed]);
    assert_eq!(store.reasons(), ["syntax"], "a compressed file is finished");
}

#[test]
fn a_renamed_file_is_the_same_file() {
    let dir = Dir::new();
    let path = dir.write("log", lines(0..10));
    let mut store = Store::default();
    store.import(&[&path]);
    let old = dir.at("log.1");
    fs::rename(&path, &old).unwrap();
    dir.append("log.1", lines(10..12));
    let path = dir.write("log", lines(12..15));
    let reports = store.import(&[&path, &old]);
    assert_eq!((reports[0].lines, reports[1].lines), (3, 2));
    assert_eq!(store.events.len(), 15);
    let older = dir.at("log.2");
    fs::rename(&old, &older).unwrap();
    assert_eq!(store.import(&[&older])[0].lines, 0);
    assert!(store.cursors.iter().any(|cursor| cursor.path == older), "its new name is known");
}

#[test]
fn a_truncated_file_is_read_from_its_start() {
    let dir = Dir::new();
    let mut store = Store::default();
    let path = dir.write("log", lines(0..10));
    store.import(&[&path]);
    // Same inode, shorter.
    dir.write("log", lines(20..23));
    assert_eq!(store.import(&[&path])[0].lines, 3);
    // Same inode, same first line, grown past the old position.
    dir.write("log", lines([20].into_iter().chain(40..60)));
    assert_eq!(store.import(&[&path])[0].lines, 21);
    // Same inode, same first line, same length.
    dir.write("log", lines([20].into_iter().chain(60..80)));
    assert_eq!(store.import(&[&path])[0].lines, 21);
    assert_eq!(store.events.len(), 10 + 3 + 20 + 20);
    assert_eq!(store.import(&[&path])[0].lines, 0);
}

#[test]
fn files_that_begin_alike_are_told_apart() {
    let dir = Dir::new();
    let mut store = Store::default();
    let one = dir.write("one", lines(0..50));
    let two = dir.write("two", lines((0..20).chain(100..150)));
    let head = dir.write("head", lines(0..1));
    let edited = dir.write("edited", lines(0..50).replace("00025", "00925"));
    store.import(&[&one]);
    store.import(&[&two, &head]);
    store.import(&[&edited]);
    assert_eq!(store.events.len(), 50 + 50 + 1);
    assert_eq!(store.cursors.len(), 4);
    assert!(store.import(&[&one, &two, &head, &edited]).iter().all(|report| report.lines == 0));
}

#[test]
fn a_copy_and_a_compressed_copy_add_nothing() {
    let dir = Dir::new();
    let mut store = Store::default();
    let path = dir.write("log", lines(0..300));
    store.import(&[&path]);
    let copy = dir.write("copy", lines(0..300));
    fs::remove_file(&path).unwrap();
    let packed = dir.write("log.1.gz", gzip(lines(0..300)));
    store.import(&[&copy, &packed]);
    assert_eq!(store.events.len(), 300);
}

#[test]
fn an_inode_used_again_is_another_file() {
    let dir = Dir::new();
    let mut store = Store::default();
    for round in 0..20 {
        let ids = round * 10..round * 10 + 10;
        let path = dir.write("log", lines(ids));
        assert_eq!(store.import(&[&path])[0].lines, 10);
        fs::remove_file(&path).unwrap();
    }
    assert_eq!(store.events.len(), 200);
}

#[test]
fn a_thousand_tiny_files_are_one_batch() {
    let dir = Dir::new();
    let paths: Vec<PathBuf> = (0..1000).map(|id| dir.write(&format!("{id}"), lines(id..=id))).collect();
    let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    let mut store = Store::default();
    store.import(&paths);
    assert_eq!((store.events.len(), store.cursors.len(), store.batches), (1000, 1000, 1));
    store.import(&paths);
    assert_eq!(store.batches, 1);
}

#[test]
fn after_a_crash_between_batches_nothing_is_missing() {
    let dir = Dir::new();
    let text: String = (0..400).map(|id| event(id) + &" ".repeat(200_000) + "\n").collect();
    let path = dir.write("log", text);
    let mut store = Store::default();
    let input = Input { path: Some(path.clone()), open: None, assume_tz: None };
    let mut take = |handed: Handed| {
        let Some(batch) = handed.batch() else { return Ok(()) };
        if store.batches == 2 {
            return Err(());
        }
        store.commit(&batch);
        Ok(())
    };
    import(&[input], &[], &Policy::default(), &mut |_| {}, &mut take).unwrap_err();
    let before = store.events.len();
    assert!(before > 100 && before < 400, "{before}");
    let report = store.import(&[&path]).pop().unwrap();
    assert_eq!(store.events.len(), 400);
    assert_eq!(report.lines, u64::try_from(400 - before).unwrap(), "and nothing is read twice");
    assert_eq!(store.ids().len(), 400);
}

/// Lines of Docker's log: one in two pieces, and another stream's line between them.
fn pieces() -> [String; 3] {
    let docker = |log: &str, stream: &str| {
        format!("{}\n", serde_json::json!({"log": log, "stream": stream, "time": "2026-11-20T12:35:00Z"}))
    };
    let long = event("long");
    let (start, end) = long.split_at(40);
    [
        docker(start, "stdout"),
        docker(&(event("other") + "\n"), "stderr"),
        docker(&format!("{end}\n"), "stdout"),
    ]
}

#[test]
fn a_line_in_pieces_is_read_once_its_last_piece_is_there() {
    let [start, other, end] = pieces();
    let dir = Dir::new();
    let mut store = Store::default();
    let path = dir.write("log", event("first") + "\n" + &start + &other);
    store.import(&[&path]);
    assert_eq!(store.ids(), ["first", "other"]);
    assert_eq!(
        store.cursors[0].position,
        u64::try_from(event("first").len() + 1).unwrap(),
        "before the piece"
    );
    dir.append("log", &end);
    store.import(&[&path]);
    assert_eq!(store.ids(), ["first", "long", "other"]);
    let all = event("first").len() + 1 + start.len() + other.len() + end.len();
    assert_eq!(store.cursors[0].position, u64::try_from(all).unwrap());
    assert_eq!((store.import(&[&path])[0].lines, store.quarantined.len()), (0, 0));
}

#[test]
fn a_piece_whose_rest_never_comes_is_told_of() {
    let [start, other, _] = pieces();
    let dir = Dir::new();
    let mut store = Store::default();
    store.import(&[&dir.write("log.gz", gzip(start + &other))]);
    assert_eq!((store.ids(), store.reasons()), (vec!["other"], vec!["syntax"]));
}

#[test]
fn an_array_or_a_table_is_read_once_and_goes_on_where_it_grew() {
    let dir = Dir::new();
    let mut store = Store::default();
    let path = dir.write("array", format!("[\n{},\n{}", event(1), event(2)));
    assert_eq!(store.import(&[&path])[0].lines, 2);
    assert_eq!(store.import(&[&path])[0].lines, 0);
    dir.append("array", format!(",\n{}]", event(3)));
    assert_eq!(store.import(&[&path])[0].lines, 1);
    let table = dir.write("table", "event_id,event,ts\na,lead,1795178096\n");
    store.import(&[&table]);
    dir.append("table", "b,\"lea\nd\",1795178096\nc,le");
    store.import(&[&table]);
    dir.append("table", "ad,1795178096\n");
    store.import(&[&table]);
    assert_eq!(store.ids(), ["1", "2", "3", "a", "b", "c"]);
    assert!(store.quarantined.is_empty());
    assert_eq!(store.import(&[&path, &table]).iter().map(|report| report.lines).sum::<u64>(), 0);
}
