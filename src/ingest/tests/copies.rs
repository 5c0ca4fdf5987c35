//! Copies of what was read: known by their content, whatever their name, inode or packing.

use super::*;

/// Long enough that a reading of it tells files apart.
fn with_bad_lines() -> String {
    lines(0..40) + "no json\n" + &lines(40..80) + "{\"half\n" + &lines(80..100)
}

#[test]
fn a_copy_is_not_read_again() {
    let dir = Dir::new();
    let mut store = Store::default();
    let path = dir.write("log", with_bad_lines());
    assert_eq!(store.import(&[&path])[0].lines, 102);
    let plain = dir.write("copy", with_bad_lines());
    let packed = dir.write("log.1.gz", gzip(with_bad_lines()));
    let zst = dir.write("log.2.zst", zstd::stream::encode_all(with_bad_lines().as_bytes(), 1).unwrap());
    fs::remove_file(&path).unwrap();
    let reports = store.import(&[&plain, &packed, &zst]);
    assert!(reports.iter().all(|report| report.lines == 0), "{reports:?}");
    assert_eq!((store.events.len(), store.quarantined.len(), store.cursors.len()), (100, 2, 4));
    assert_eq!(store.import(&[&packed, &plain])[0].lines, 0);
    assert_eq!(store.batches, 2, "a copy that was seen is no news");
}

#[test]
fn a_copy_that_went_on_is_read_from_there() {
    let dir = Dir::new();
    let mut store = Store::default();
    let path = dir.write("log", with_bad_lines());
    store.import(&[&path]);
    dir.append("log", lines(100..130));
    let packed = dir.write("log.1.gz", gzip(fs::read(&path).unwrap()));
    let copy = dir.write("log.1", [fs::read(&path).unwrap(), lines(130..131).into_bytes()].concat());
    fs::remove_file(&path).unwrap();
    let reports = store.import(&[&packed, &copy]);
    assert_eq!((reports[0].lines, reports[1].lines), (30, 1), "the furthest reading counts");
    assert_eq!((store.events.len(), store.quarantined.len()), (131, 2));
}

#[test]
fn copies_that_come_together_are_read_once() {
    let dir = Dir::new();
    let mut store = Store::default();
    let path = dir.write("log", with_bad_lines());
    let copy = dir.write("log.gz", gzip(with_bad_lines()));
    let reports = store.import(&[&copy, &path]);
    assert_eq!((reports[0].lines, reports[1].lines), (102, 0));
    assert_eq!(store.quarantined.len(), 2);
}

#[test]
fn what_differs_anywhere_is_no_copy() {
    let dir = Dir::new();
    let mut store = Store::default();
    let text = with_bad_lines();
    let path = dir.write("log", &text);
    store.import(&[&path]);
    for (name, other) in [
        ("middle", text.replace("00050", "00950")),
        ("second", text.replacen("00001", "00901", 1)),
        ("last", text.replace("00099", "00999")),
        ("shorter", text.replace(&lines(60..61), "")),
    ] {
        let other = dir.write(name, other);
        assert!(store.import(&[&other])[0].lines > 100, "{name}");
    }
    assert_eq!(store.events.len(), 103);
}

/// The rotator's copy ends before what was read: nothing tells it from another file at first, but its
/// lines are the same lines.
#[test]
fn a_copy_of_the_beginning_has_the_same_bad_lines() {
    let known = |text: &str| {
        let batch = batch_of(text, &Policy::default());
        batch.quarantined.iter().map(|line| (line.offset, line.before, line.sha256)).collect::<Vec<_>>()
    };
    let whole = known(&with_bad_lines());
    let beginning = with_bad_lines().lines().take(60).map(|line| line.to_owned() + "\n").collect::<String>();
    assert_eq!(known(&beginning), whole[..1]);
    let other = known(&with_bad_lines().replace("00007", "00907"));
    assert_ne!(other[0], whole[0], "the same line at the same place of another file");
    assert_ne!(known("a banner\n"), known("a banner\n"), "too little to tell files apart by");
}

#[test]
fn a_long_line_is_a_part_of_the_beginning() {
    let dir = Dir::new();
    let mut store = Store::default();
    let long = format!("{}{}\n{}", lines(0..1), "x".repeat(LINE_BYTES_MAX + 5), lines(1..2));
    let path = dir.write("log", &long);
    assert_eq!(store.import(&[&path])[0].lines, 3);
    let copy = dir.write("copy", &long);
    let other = dir.write("other", long.replacen('x', "y", 1));
    let reports = store.import(&[&copy, &other]);
    assert_eq!((reports[0].lines, reports[1].lines), (0, 3));
}
