//! What must hold of any bytes. The fuzz targets and the tests that replay the corpus share it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use makegood::domain::{Cursor, LogLimits, Policy, TimeMs};
use makegood::ingest::{FileReport, Input, import};

/// What came of a log: every row with its place.
#[derive(Debug, Default, PartialEq, Eq)]
struct Rows {
    events: BTreeSet<(u64, String, i64)>,
    receipts: BTreeSet<(u64, String)>,
    told: BTreeSet<(u64, u64, &'static str)>,
}

/// How far a log was read.
#[derive(Default)]
struct Position(Vec<Cursor>);

/// Imports what is new in a file.
fn read(file: &Arc<File>, from: &mut Position, rows: &mut Rows) -> FileReport {
    let input = Input { path: Some("/fuzz/log".into()), open: Some(Arc::clone(file)), assume_tz: None };
    // Small, so that the fuzzer gets beyond every limit.
    let limits = LogLimits {
        line_bytes: 4 << 10,
        depth: 32,
        keys: 64,
        nodes: 512,
        expansion_ratio: 50,
        expansion_bytes: 1 << 20,
    };
    let policy = Policy { limits, ..Policy::default() };
    let mut cursors = std::mem::take(&mut from.0);
    let known = cursors.clone();
    let reports = import(&[input], &known, &policy, &mut |_| {}, &mut |handed| {
        let Some(batch) = handed.batch() else { return Ok::<(), ()>(()) };
        for event in &batch.events {
            assert!(event.at.is_plausible());
            rows.events.insert((event.offset, event.id.to_string(), event.at.as_ms()));
        }
        rows.receipts.extend(batch.receipts.iter().map(|receipt| (receipt.offset, receipt.id.to_string())));
        for line in &batch.quarantined {
            rows.told.insert((line.offset, line.length, line.reason.code()));
        }
        for cursor in batch.cursors {
            cursors.retain(|known| known.file != cursor.file);
            cursors.push(cursor);
        }
        Ok(())
    });
    from.0 = cursors;
    reports.ok().and_then(|mut reports| reports.pop()).expect("one file, one report")
}

/// A file in memory.
fn file(bytes: &[u8]) -> Arc<File> {
    let flags = nix::sys::memfd::MFdFlags::MFD_CLOEXEC;
    let mut file = File::from(nix::sys::memfd::memfd_create(c"log", flags).expect("a file in memory"));
    file.write_all(bytes).expect("written");
    Arc::new(file)
}

fn rows_of(bytes: &[u8]) -> Rows {
    let mut rows = Rows::default();
    let report = read(&file(bytes), &mut Position::default(), &mut rows);
    assert!(report.error.is_none(), "{report:?}");
    rows
}

/// A log in any bytes: read at once and read while it is written give the same rows.
pub fn line(bytes: &[u8]) {
    let whole = rows_of(bytes);
    // What is no list of lines is read anew from its start when it grows, and a packed one is not cut.
    if bytes.first() != Some(&b'{') {
        return;
    }
    let ends: Vec<usize> =
        bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
    let Some(cut) = ends.get(ends.len() / 2).copied() else { return };
    let (mut rows, mut position) = (Rows::default(), Position::default());
    let log = file(bytes.get(..cut).unwrap_or_default());
    read(&log, &mut position, &mut rows);
    let end = u64::try_from(cut).expect("an offset");
    log.write_all_at(bytes.get(cut..).unwrap_or_default(), end).expect("written");
    read(&log, &mut position, &mut rows);
    assert_eq!(rows, whole);
}

/// Packed bytes, and bytes that are packed: what is unpacked is what was packed.
pub fn packed(bytes: &[u8]) {
    for magic in [&[][..], &[0x1f, 0x8b, 8], &[0x28, 0xb5, 0x2f, 0xfd]] {
        rows_of(&[magic, bytes].concat());
    }
    if !bytes.starts_with(b"{") || bytes.len() > 1 << 14 {
        return;
    }
    // A file that cannot grow has no half lines.
    let text = [bytes, b"\n"].concat();
    let mut packer = flate2::read::GzEncoder::new(&text[..], flate2::Compression::fast());
    let mut gzip = Vec::new();
    packer.read_to_end(&mut gzip).expect("packed");
    assert_eq!(rows_of(&gzip), rows_of(&text));
}

/// A time in any text: what RFC 3339 says is read so, whatever else is read lies in range.
pub fn time(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let quoted = serde_json::to_string(text).expect("a text");
    let record = |at: &str| format!("{{\"event_id\":\"e\",\"event\":\"lead\",\"ts\":{at}}}\n");
    let read = rows_of(record(&quoted).as_bytes());
    assert_eq!(read.events.len() + read.told.len(), 1, "stored or told");
    if let Ok(at) = chrono::DateTime::parse_from_rfc3339(text)
        // A leap second is told, and so is a sign that means "unknown zone" to nobody but a standard.
        && chrono::Timelike::nanosecond(&at) < 1_000_000_000
        && TimeMs::from_ms(at.timestamp_millis()).is_plausible()
    {
        let stored = read.events.first().map(|(_, _, at)| *at);
        assert_eq!(stored, Some(at.timestamp_millis()), "{text}");
    }
    if text.len() < 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'e' | b'+')) {
        rows_of(record(text).as_bytes());
    }
}

/// A config in any text: a mistake is told with its place, and no bytes that steer a terminal.
pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Some(wrong) = makegood::cli::config_mistake(text) else { return };
    assert!(wrong.starts_with("makegood.toml:"), "{wrong}");
    assert!(!wrong.chars().any(|c| c.is_control() && c != '\n'), "{wrong:?}");
}
