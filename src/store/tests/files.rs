//! The file: private, ours, whole, and never replaced.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::super::testing::{Builder, Place, at, bytes, groups, logged, uuid};
use super::super::{RunKind, Store, StoreError};
use crate::domain::Range;

fn one_event() -> crate::domain::Batch {
    Builder::new().event(&logged(uuid(1), "lead", at(0))).done()
}

#[test]
fn a_new_database_and_what_lies_beside_it_are_private() {
    let place = Place::new();
    let mut store = place.open();
    store.commit(one_event(), at(0)).unwrap();
    for file in fs::read_dir(place.directory.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.file_name());
    }
}

#[test]
fn a_name_like_a_uri_is_a_name() {
    // Relative names are what SQLite would read as a URI; `open` is given the absolute form here,
    // and `connect` turns a relative one into `./…`.
    let place = Place::new();
    let path = place.directory.path().join("file:x?mode=memory");
    Store::open(&path).unwrap().commit(one_event(), at(0)).unwrap();
    assert!(path.exists());
    assert_eq!(groups(&Store::open_read_only(&path).unwrap(), Range::ALL).len(), 1);
    assert_eq!(super::super::open::plain(Path::new("file:x?mode=memory")), Path::new("./file:x?mode=memory"));
}

#[test]
fn a_missing_database_is_missing_for_a_reader() {
    let place = Place::new();
    assert!(matches!(Store::open_read_only(&place.path()), Err(StoreError::Missing { .. })));
    assert!(!place.path().exists());
    let nowhere = place.directory.path().join("no/m.db");
    assert!(matches!(Store::open(&nowhere), Err(StoreError::Io { .. })));
    assert!(matches!(Store::open(place.directory.path()), Err(StoreError::Io { .. })));
}

#[test]
fn another_programs_database_stays_as_it_is() {
    let place = Place::new();
    let other = rusqlite::Connection::open(place.path()).unwrap();
    other.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1);").unwrap();
    drop(other);
    let before = bytes(&place.path());
    for opened in [Store::open(&place.path()), Store::open_read_only(&place.path())] {
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(opened, Err(StoreError::NotOurs { .. })), "{opened:?}");
    }
    assert_eq!(bytes(&place.path()), before);
}

#[test]
fn what_is_no_database_stays_as_it_is() {
    let place = Place::new();
    fs::write(place.path(), "important notes\n".repeat(1000)).unwrap();
    let before = bytes(&place.path());
    assert!(matches!(Store::open(&place.path()), Err(StoreError::Damaged { .. })));
    assert_eq!(bytes(&place.path()), before);
}

#[test]
fn a_newer_schema_is_left_alone() {
    let place = Place::new();
    drop(place.open());
    let newer = rusqlite::Connection::open(place.path()).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let before = bytes(&place.path());
    let opened = Store::open(&place.path());
    assert!(matches!(opened, Err(StoreError::Newer { found: 99, .. })), "{opened:?}");
    assert_eq!(bytes(&place.path()), before);
}

#[test]
fn a_damaged_database_is_named_and_never_replaced() {
    let place = Place::new();
    let mut store = place.open();
    let many = (0..3000).fold(Builder::new(), |batch, n| batch.event(&logged(uuid(n), "lead", at(1))));
    store.commit(many.done(), at(0)).unwrap();
    drop(store);
    let whole = bytes(&place.path());
    let mut zeroed = whole.clone();
    zeroed[..100].fill(0);
    for damaged in [zeroed, whole[..whole.len() / 2].to_vec()] {
        fs::write(place.path(), &damaged).unwrap();
        let opened = Store::open(&place.path());
        assert!(matches!(opened, Err(StoreError::Damaged { .. })), "{opened:?}");
        assert_eq!(bytes(&place.path()), damaged);
    }
    let mut smashed = whole.clone();
    let page = 16_384;
    for from in (page..smashed.len()).step_by(page) {
        smashed[from..from + 64].fill(0xff);
    }
    fs::write(place.path(), &smashed).unwrap();
    let read = Store::open_read_only(&place.path())
        .and_then(|store| store.for_each_group::<StoreError>(Range::ALL, &mut |_| Ok(())));
    assert!(matches!(read, Err(StoreError::Damaged { .. })), "{read:?}");
}

#[test]
fn a_database_that_others_can_write_is_refused() {
    let place = Place::new();
    drop(place.open());
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o666)).unwrap();
    let Err(StoreError::Io { what, .. }) = Store::open(&place.path()) else { panic!("opened") };
    assert!(what.contains("chmod 600"), "{what}");
}

#[test]
fn a_scratch_database_has_no_name() {
    let mut store = Store::scratch().unwrap();
    store.commit(one_event(), at(0)).unwrap();
    assert!(!store.path().exists());
    assert_eq!(groups(&store, Range::ALL).len(), 1);
    assert_eq!(groups(&store, Range::ALL).len(), 1);
}

#[test]
fn an_empty_file_becomes_a_database() {
    let place = Place::new();
    fs::write(place.path(), "").unwrap();
    place.open().commit(one_event(), at(0)).unwrap();
    assert_eq!(groups(&place.open(), Range::ALL).len(), 1);
}

#[test]
fn two_processes_may_create_it_at_once() {
    let place = Place::new();
    let path = place.path();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| Store::open(&path).unwrap().commit(one_event(), at(0)).unwrap());
        }
    });
    assert_eq!(groups(&place.open(), Range::ALL).len(), 1);
}

#[test]
fn runs_are_rows() {
    let mut store = Store::scratch().unwrap();
    let first = store.begin_run(RunKind::Import, at(0), "{}").unwrap();
    let second = store.begin_run(RunKind::Backfill, at(1), "{}").unwrap();
    store.end_run(first, at(5), 3, "{\"events\":1}").unwrap();
    let third = store.begin_run(RunKind::Backfill, at(2), "{}").unwrap();
    let backfills = store.runs(RunKind::Backfill, 10).unwrap();
    assert_eq!(backfills.iter().map(|run| run.run).collect::<Vec<_>>(), [third, second]);
    assert_eq!(backfills[0].ended_at, None);
    let imports = store.runs(RunKind::Import, 10).unwrap();
    assert_eq!(imports.len(), 1);
    assert_eq!((imports[0].run, imports[0].exit_code, imports[0].ended_at), (first, Some(3), Some(at(5))));
    assert_eq!(imports[0].counts.as_deref(), Some("{\"events\":1}"));
    assert_eq!(store.runs(RunKind::Backfill, 1).unwrap().len(), 1);
    assert!(store.runs(RunKind::Audit, 1).unwrap().is_empty());
}

#[test]
fn the_views_can_be_read() {
    let mut store = Store::scratch().unwrap();
    store.commit(one_event(), at(0)).unwrap();
    let row =
        store.connection.query_row("SELECT event_id, event, occurred_at, page FROM events", [], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get(3)?))
        });
    let (id, name, occurred_at, page): (_, _, _, String) = row.unwrap();
    assert_eq!(id, uuid(1).to_string());
    assert_eq!(
        (name.as_str(), occurred_at, page.as_str()),
        ("lead", "2026-11-20T00:00:00.000Z".to_owned(), "quiz.example.com/f")
    );
    for view in [
        "SELECT count(*) FROM events",
        "SELECT count(*) FROM receipts",
        "SELECT count(*) FROM attempts",
        "SELECT count(*) FROM quarantined",
        "SELECT count(*) FROM sources",
        "SELECT count(*) FROM runs",
    ] {
        store.connection.query_row(view, [], |row| row.get::<_, i64>(0)).unwrap();
    }
}

/// Killed while the schema was being written, the first import leaves half a database and its journal.
#[test]
fn a_database_that_was_never_finished_is_begun_again() {
    let (there, here) = (Place::new(), Place::new());
    let connection = rusqlite::Connection::open(there.path()).unwrap();
    connection.execute_batch("PRAGMA page_size = 16384; PRAGMA cache_size = 1; BEGIN IMMEDIATE;").unwrap();
    connection.execute_batch(include_str!("../../../schema.sql")).unwrap();
    let journal = |place: &Place| {
        let mut name = place.path().into_os_string();
        name.push("-journal");
        name
    };
    std::fs::copy(journal(&there), journal(&here)).unwrap();
    std::fs::copy(there.path(), here.path()).unwrap();
    std::fs::set_permissions(here.path(), std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(std::fs::metadata(here.path()).unwrap().len() > 0);
    assert!(here.open().cursors().unwrap().is_empty());
    Store::open_read_only(&here.path()).unwrap();
}
