//! The SQL on SQLite: its rules, and the traps that give a wrong number quietly.

use rusqlite::Connection;

use super::{COVERAGE, MISSING, coverage_sql, missing_sql};
use crate::domain::TimeMs;

const SETTLED_MS: i64 = 1_000_000_000_000;

fn settled() -> TimeMs {
    TimeMs::from_ms(SETTLED_MS)
}

fn lake(rows: &str) -> Connection {
    let lake = Connection::open_in_memory().unwrap();
    lake.execute_batch(
        "CREATE TABLE expected (pixel, event, event_id, at_ms, line, pixel_else DEFAULT '', session_id DEFAULT '');
         CREATE TABLE delivered (pixel, event, event_id, at_ms, line);
         CREATE TABLE answered (pixel, event, event_id, at_ms, class, line);
         CREATE TABLE sessions (session_id, line);
         CREATE TABLE facts (host, at_ms, line);
         CREATE TABLE queued (event_id);",
    )
    .unwrap();
    lake.execute_batch(rows).unwrap();
    lake
}

fn missing(rows: &str) -> Vec<String> {
    let lake = lake(rows);
    let mut query = lake.prepare(&missing_sql(settled())).unwrap();
    let mut lines: Vec<String> = query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    lines.sort();
    lines
}

/// Day in milliseconds, pixel, event, expected, delivered, missing.
type Row = (i64, String, String, i64, i64, i64);

fn coverage(rows: &str) -> Vec<Row> {
    let lake = lake(rows);
    let mut query = lake.prepare(&coverage_sql(settled())).unwrap();
    let mut found: Vec<Row> = query
        .query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
        })
        .unwrap()
        .map(Result::unwrap)
        .collect();
    found.sort();
    found
}

fn counts(rows: &str) -> (i64, i64, i64) {
    coverage(rows).iter().fold((0, 0, 0), |sum, row| (sum.0 + row.3, sum.1 + row.4, sum.2 + row.5))
}

#[test]
fn both_files_keep_to_what_every_engine_reads_alike() {
    for sql in [MISSING, COVERAGE] {
        let code: String =
            sql.lines().filter(|line| !line.starts_with("--")).flat_map(|line| [line, "\n"]).collect();
        for banned in ["/", "\"", "`", ".0", "IS NULL", "NOT IN", "ORDER BY", "JSON", "CAST", "$2", ";", "--"]
        {
            assert!(!code.contains(banned), "{banned} in {code}");
        }
    }
    assert!(MISSING.contains("NOT EXISTS ("));
    assert!(COVERAGE.contains("1 AS hit") && COVERAGE.contains("SUM(COALESCE(a.hit, 0))"));
    for sql in [missing_sql(settled()), coverage_sql(settled())] {
        assert_eq!(sql.matches("SELECT 1000000000000 AS at_ms").count(), 1, "{sql}");
    }
}

#[test]
fn an_event_without_an_acceptance_comes_back_with_all_its_answers() {
    let rows = "INSERT INTO expected (pixel, event, event_id, at_ms, line) VALUES ('P', 'Lead', 'a', 5, 'event a'), ('P', 'Lead', 'b', 5, 'event b');
        INSERT INTO delivered VALUES ('P', 'Lead', 'b', 6, 'yes b');
        INSERT INTO answered VALUES ('P', 'Lead', 'a', 6, 'refused', 'no a'), ('Q', 'Buy', 'a', 6, 'browser', 'elsewhere a'),
          ('P', 'Lead', 'b', 5, 'unknown', 'perhaps b');
        INSERT INTO facts VALUES ('web1', 2000000000000, 'newest receipt'), ('web1', 2000000000000, '');";
    assert_eq!(missing(rows), ["elsewhere a", "event a", "newest receipt", "no a"]);
    assert_eq!(coverage(rows), [(0, "P".into(), "Lead".into(), 2, 1, 1)]);
}

#[test]
fn an_acceptance_under_another_pixel_or_name_delivers_nothing_but_is_told() {
    let rows = "INSERT INTO expected (pixel, event, event_id, at_ms, line) VALUES ('P', 'Lead', 'a', 5, 'event');
        INSERT INTO delivered VALUES ('Q', 'Lead', 'a', 6, 'on Q'), ('P', 'lead', 'a', 6, 'as lead'), ('P', 'Lead', 'A', 6, 'A');";
    assert_eq!(missing(rows), ["as lead", "event", "on Q"]);
    assert_eq!(counts(rows), (1, 0, 1));
}

#[test]
fn a_receipt_without_a_pixel_belongs_to_the_only_key_there_is() {
    let receipt = "INSERT INTO delivered VALUES ('', 'Lead', 'a', 6, 'yes');";
    let one = format!(
        "INSERT INTO expected (pixel, event, event_id, at_ms, line) VALUES ('P', 'Lead', 'a', 5, 'on P'); {receipt}"
    );
    assert_eq!(missing(&one), Vec::<String>::new());
    assert_eq!(counts(&one), (1, 1, 0));
    let two = format!(
        "{one} INSERT INTO expected (pixel, event, event_id, at_ms, line) VALUES ('Q', 'Lead', 'a', 5, 'on Q');"
    );
    assert_eq!(missing(&two), ["on P", "on Q", "yes"]);
    assert_eq!(counts(&two), (2, 0, 2));
}

#[test]
fn an_event_without_a_pixel_has_the_only_one_of_its_receipts() {
    let one =
        "INSERT INTO expected (pixel, event, event_id, at_ms, line) VALUES ('', 'Lead', 'a', 5, 'event');
        INSERT INTO delivered VALUES ('P', 'Lead', 'a', 6, 'on P');";
    assert_eq!(missing(one), Vec::<String>::new());
    assert_eq!(coverage(one), [(0, "P".into(), "Lead".into(), 1, 1, 0)]);
    let two = format!("{one} INSERT INTO answered VALUES ('Q', 'Lead', 'a', 6, 'refused', 'on Q');");
    assert_eq!(missing(&two), ["event", "on P", "on Q"]);
}

#[test]
fn a_young_event_waits_unless_it_was_accepted() {
    let young = SETTLED_MS + 1;
    let rows = format!("INSERT INTO expected (pixel, event, event_id, at_ms, line) VALUES ('P', 'Lead', 'a', {young}, 'young'), ('P', 'Lead', 'b', {SETTLED_MS}, 'old'), ('P', 'Lead', 'c', {young}, 'done');
        INSERT INTO delivered VALUES ('P', 'Lead', 'c', {young}, 'yes');");
    assert_eq!(missing(&rows), ["old"]);
    assert_eq!(counts(&rows), (2, 1, 1));
}

#[test]
fn a_torn_line_read_as_nulls_is_neither_missing_nor_expected() {
    let rows = "INSERT INTO expected (pixel, event, event_id, at_ms, line) VALUES (NULL, NULL, NULL, NULL, NULL), ('P', 'Lead', '', 5, 'blank'), ('P', 'Lead', 'a', NULL, 'no time');
        INSERT INTO delivered VALUES (NULL, NULL, NULL, NULL, NULL);
        INSERT INTO answered VALUES (NULL, NULL, NULL, NULL, NULL, NULL);
        INSERT INTO queued VALUES (NULL), ('');";
    assert_eq!(missing(rows), Vec::<String>::new());
    assert_eq!(counts(rows), (0, 0, 0));
}

#[test]
fn a_delivery_logged_by_another_host_counts_over_the_union_alone() {
    let events =
        "INSERT INTO expected (pixel, event, event_id, at_ms, line) VALUES ('P', 'Lead', 'a', 5, 'event');";
    let deliveries = "INSERT INTO delivered VALUES ('P', 'Lead', 'a', 6, 'yes');";
    assert_eq!((counts(events).2, counts(deliveries).2), (1, 0));
    assert_eq!(counts(&format!("{events} {deliveries}")), (1, 1, 0));
}

#[test]
fn what_two_hosts_logged_counts_once() {
    let rows = "INSERT INTO expected (pixel, event, event_id, at_ms, line) VALUES ('P', 'Lead', 'a', 5, 'here'), ('P', 'Lead', 'a', 7, 'there');
        INSERT INTO delivered VALUES ('P', 'Lead', 'a', 6, 'yes'), ('P', 'Lead', 'a', 8, 'yes again'), ('', 'Lead', 'a', 9, 'and again');";
    assert_eq!(coverage(rows), [(0, "P".into(), "Lead".into(), 1, 1, 0)]);
}

#[test]
fn a_queued_key_learns_that_it_was_delivered_meanwhile() {
    let rows =
        "INSERT INTO expected (pixel, event, event_id, at_ms, line) VALUES ('P', 'Lead', 'a', 5, 'event');
        INSERT INTO delivered VALUES ('P', 'Lead', 'a', 6, 'yes'), ('P', 'Lead', 'b', 6, 'nobody asked');
        INSERT INTO queued VALUES ('a'), ('a');";
    assert_eq!(missing(rows), ["yes"]);
}

#[test]
fn events_wait_for_the_host_that_has_shipped_least() {
    let rows = "INSERT INTO expected (pixel, event, event_id, at_ms, line) VALUES ('P', 'Lead', 'a', 5, 'old'), ('P', 'Lead', 'b', 9, 'young');";
    assert_eq!(missing(rows), ["old", "young"]);
    let hosts = format!(
        "{rows} INSERT INTO facts VALUES ('web1', 20, ''), ('web2', 4, ''), ('web2', 7, ''), (NULL, NULL, NULL);"
    );
    assert_eq!(missing(&hosts), ["old"]);
    assert_eq!(counts(&hosts), (1, 0, 1));
}

#[test]
fn what_any_host_knows_of_a_missing_events_session_comes_back() {
    let rows = "INSERT INTO expected (pixel, event, event_id, session_id, at_ms, line)
          VALUES ('P', 'Lead', 'a', 's', 5, 'event a'), ('P', 'Buy', 'b', 's', 5, 'event b'), ('P', 'Lead', 'c', 't', 5, 'c');
        INSERT INTO delivered VALUES ('P', 'Lead', 'c', 6, 'yes c');
        INSERT INTO sessions VALUES ('s', 'denied on web1'), ('s', 'e-mail on web2'), ('t', 'of a delivered one'), ('', 'none');";
    assert_eq!(missing(rows), ["denied on web1", "e-mail on web2", "event a", "event b"]);
}

#[test]
fn the_only_pixel_of_the_config_is_the_last_resort() {
    let event = "INSERT INTO expected (pixel, pixel_else, event, event_id, at_ms, line) VALUES ('', 'P', 'Lead', 'a', 5, 'event');";
    assert_eq!(coverage(event), [(0, "P".into(), "Lead".into(), 1, 0, 1)]);
    let named = format!("{event} INSERT INTO delivered VALUES ('Q', 'Lead', 'a', 6, 'on Q');");
    assert_eq!(coverage(&named), [(0, "Q".into(), "Lead".into(), 1, 1, 0)]);
    let two = format!("{named} INSERT INTO delivered VALUES ('P', 'Lead', 'a', 7, 'on P');");
    assert_eq!(coverage(&two), [(0, "P".into(), "Lead".into(), 1, 1, 0)]);
}

#[test]
fn coverage_tells_the_newest_acceptance() {
    let rows = "INSERT INTO expected (pixel, event, event_id, at_ms, line) VALUES ('P', 'Lead', 'a', 5, ''), ('P', 'Lead', 'b', 5, '');
        INSERT INTO delivered VALUES ('P', 'Lead', 'a', 70, ''), ('', 'Lead', 'a', 90, ''), ('P', 'Lead', 'orphan', 99, '');";
    let lake = lake(rows);
    let newest: i64 = lake.query_row(&coverage_sql(settled()), [], |row| row.get(6)).unwrap();
    assert_eq!(newest, 90);
}
