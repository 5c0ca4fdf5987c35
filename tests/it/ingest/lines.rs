//! Lines that are no records, or nearly: each is told, and spoils nothing.

use super::scene::{AT, Logs, event, event_at, event_with, judged, line};

#[test]
fn i_01_malformed_lines_are_told_with_their_place() {
    let good: Vec<String> = (0..10).map(|id| event(&format!("e{id}")) + "\n").collect();
    let (logs, ended) = Logs::with(good[..5].concat() + "{\"event_id\":\n" + &good[5..].concat());
    let place = good[..5].concat().len();
    ended.with(3, &format!("1 line could not be used (syntax 1); first: a.jsonl byte {place}"));
    assert_eq!(logs.ids().len(), 10);
    let told = logs.quarantined();
    assert_eq!((told.len(), told[0]["offset"].as_u64()), (1, u64::try_from(place).ok()));
    assert_eq!((told[0]["reason"].as_str(), told[0]["path"].as_str()), (Some("syntax"), Some("a.jsonl")));
}

#[test]
fn i_02_what_follows_a_record_spoils_its_line_alone() {
    judged(&[
        line(event("1") + ",", "syntax"),
        line(event("2") + " x", "syntax"),
        line(event("3") + &event("4"), "syntax"),
        line("{'event_id':'5'}", "syntax"),
    ]);
}

#[test]
fn i_03_bytes_that_are_no_text_are_not_replaced() {
    let bad = [&b"{\"event_id\":\"x\xff\",\"event\":\"page_view\",\"ts\":1795178096}"[..]].concat();
    let logs = judged(&[(bad, "utf8"), line("\u{e9}", "syntax"), line(event("\u{e9}"), "")]);
    assert!(logs.ids().iter().all(|id| !id.contains('\u{fffd}')));
    assert!(logs.ids().contains(&"\u{e9}".to_owned()));
}

#[test]
fn i_04_half_a_surrogate_is_no_text() {
    judged(&[
        line(event(r"\ud800"), "utf8"),
        line(event(r"\udc00"), "utf8"),
        line(event(r"\ud83d\ude00"), ""),
    ]);
}

#[test]
fn i_05_a_byte_order_mark_counts_only_at_the_start() {
    let text = format!("\u{feff}{}\n\u{feff}{}\n{}\n", event("1"), event("2"), event("3"));
    let (logs, ended) = Logs::with(&text);
    ended.with(3, "syntax 1");
    assert_eq!(logs.ids(), ["1", "3"]);
    assert_eq!(logs.offsets()[0], "0");
}

#[test]
fn i_06_line_ends_may_mix_and_places_are_exact() {
    let lone = event("3").replace(',', ",\r");
    let text = format!("{}\r\n{}\n{lone}\r\n{}\n", event("1"), event("2"), event("4"));
    let (logs, ended) = Logs::with(&text);
    ended.with(0, "");
    assert_eq!(logs.ids(), ["1", "2", "3", "4"]);
    let place = |id: &str| text.find(&format!("\"{id}\"")).unwrap() - "{\"event_id\":".len();
    let places: Vec<String> = ["1", "2", "4"].iter().map(|id| place(id).to_string()).collect();
    let offsets = logs.offsets();
    assert_eq!([&offsets[0], &offsets[1], &offsets[3]], [&places[0], &places[1], &places[2]]);
}

#[test]
fn i_07_a_last_line_needs_no_end() {
    let (logs, ended) = Logs::with(event("1") + "\n" + &event("2"));
    ended.with(0, "");
    assert_eq!(logs.ids(), ["1", "2"]);
    logs.import(&["a.jsonl"]).with(0, "");
    assert_eq!(logs.number("SELECT count(*) FROM event"), 2);
}

#[test]
fn i_08_half_a_line_waits_for_its_other_half() {
    let (logs, ended) = Logs::with(event("1") + "\n" + &event("2")[..20]);
    ended.with(0, "");
    assert_eq!(logs.ids(), ["1"]);
    let first = i64::try_from(event("1").len() + 1).unwrap();
    assert_eq!(logs.number("SELECT position FROM source"), first, "not past the half line");
    logs.write("a.jsonl", event("1") + "\n" + &event("2") + "\n" + &event("3") + "\n");
    logs.import(&["a.jsonl"]).with(0, "");
    assert_eq!((logs.ids(), logs.reasons().len()), (vec!["1".into(), "2".into(), "3".into()], 0));
}

#[test]
fn i_09_empty_files_and_blank_lines_are_no_error() {
    for text in [String::new(), "\n".repeat(1000), " \t\r\n".repeat(9)] {
        let (logs, ended) = Logs::with(text);
        let ended = ended.with(0, "");
        assert!(ended.stdout.contains("Imported 0 new events"), "{ended:?}");
        assert_eq!(logs.number("SELECT count(*) FROM quarantine"), 0);
    }
}

#[test]
fn i_12_depth_is_capped() {
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
        event_with(&format!("d{depth}"), &format!("\"x\":{open}{close}"))
    };
    let lost = format!("{{\"a\":{}", "[".repeat(100_000));
    judged(&[
        line(nested(64), ""),
        line(nested(65), "depth"),
        line(nested(128), "depth"),
        line(nested(100_000), "depth"),
        line(lost, "depth"),
        line(format!("{}1{}", "{\"value\":".repeat(100_000), "}".repeat(100_000)), "depth"),
    ]);
}

#[test]
fn i_13_a_key_that_stands_twice_has_no_value() {
    judged(&[
        line(r#"{"event_id":"1","event_id":"1","event":"page_view","ts":1795178096}"#, "duplicate-key"),
        line(event_with("2", r#""value":1,"value":1"#), "duplicate-key"),
        line(event_with("3", r#""unused":{"a":1,"\u0061":2}"#), "duplicate-key"),
        line(r#"{"request":"{\"data\":[],\"data\":[]}","response":{"code":0}}"#, "duplicate-key"),
    ]);
}

#[test]
fn i_14_i_15_numbers_that_are_none_or_too_large_have_one_verdict_wherever_they_stand() {
    let logs = judged(&[
        line(event_with("1", "\"value\":NaN"), "syntax"),
        line(event_with("2", "\"unused\":Infinity"), "syntax"),
        line(event_with("3", "\"value\":-0,\"currency\":\"USD\""), ""),
        line(event_with("4", "\"value\":1e400"), "number-range"),
        line(event_with("5", "\"unused\":1e400"), "number-range"),
        line(event_with("6", "\"unused\":[-1e400]"), "number-range"),
    ]);
    let value = logs.texts("SELECT value FROM event WHERE event_id = '3'");
    assert!(["0", "-0"].contains(&value[0].as_str()), "{value:?}");
}

#[test]
fn i_16_large_numbers_keep_their_digits() {
    let logs = judged(&[
        line(event_with("1", "\"value\":9007199254740993"), ""),
        line(event_with("2", "\"value\":12345678901234567890.123456789"), ""),
        line(event_with("3", "\"order_id\":9007199254740993"), ""),
        line(
            format!(r#"{{"event_id":9007199254740993,"event":"page_view","ts":{AT}}}"#),
            "event-id-not-string",
        ),
    ]);
    let values = logs.texts("SELECT value FROM event WHERE value IS NOT NULL ORDER BY event_id");
    assert_eq!(values, ["9007199254740993", "12345678901234567890.123456789"]);
    let said = logs.makegood(&["events", "--format", "ndjson"]).stdout;
    assert!(said.contains(r#""order_id":"9007199254740993""#), "{said}");
}

#[test]
fn i_17_a_wrong_type_is_told_without_its_value() {
    let logs = judged(&[
        line(r#"{"event_id":120045,"event":"page_view","ts":1795178096}"#, "event-id-not-string"),
        line(r#"{"event_id":"a","event":{"n":"canary"},"ts":1795178096}"#, "wrong-type"),
        line(event_at("b", "\"canary\""), "time-unreadable"),
        line(event_at("c", "{\"canary\":1}"), "wrong-type"),
        line(event_at("d", "null"), "time-missing"),
    ]);
    let said = logs.makegood(&["events", "--quarantined"]).stdout + &logs.import(&["a.jsonl"]).stderr;
    assert!(!said.contains("canary") && !said.contains("120045"), "{said}");
}

#[test]
fn i_18_events_without_an_id_are_counted_apart() {
    let logs = judged(&[
        line(r#"{"event":"payment_succeeded","ts":1795178096}"#, "event-id-missing"),
        line(event_at("", "1795178096"), "event-id-missing"),
        line(event_at(" \\t", "1795178096"), "event-id-missing"),
        line(r#"{"event_id":null,"event":"payment_succeeded","ts":1795178096}"#, "event-id-missing"),
    ]);
    let audit = logs.makegood(&["audit", "--no-import"]).stdout;
    assert!(audit.contains("event-id-missing: 4 "), "{audit}");
}

#[test]
fn i_19_an_id_without_end_is_told_by_its_hash() {
    let long = "c4nary".repeat(2000);
    let logs = judged(&[
        line(event(&"x".repeat(256)), ""),
        line(event(&"x".repeat(257)), "id-too-long"),
        line(event(&long), "id-too-long"),
    ]);
    let said = logs.makegood(&["events", "--quarantined"]).stdout;
    let digest = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(event(&long)));
    assert!(said.contains(&digest) && !said.contains("c4nary"), "{said}");
}

#[test]
fn i_20_ids_are_kept_to_the_byte_and_shown_escaped() {
    let ids = ["a\0b", "a\u{1b}[31mb", "a\u{202e}b", "\u{1f600}", "\u{e9}", "e\u{301}", " x", "x "];
    let lines: Vec<(Vec<u8>, &str)> = ids
        .iter()
        .map(|id| {
            let id = serde_json::to_string(id).unwrap();
            line(format!(r#"{{"event_id":{id},"event":"lead","ts":{AT}}}"#), "")
        })
        .collect();
    let logs = judged(&lines);
    let kept =
        logs.texts("SELECT event_id FROM event WHERE event_id NOT LIKE 'between-%' ORDER BY byte_offset");
    assert_eq!(kept, ids);
    for (args, never) in [
        (&["events"][..], &['\0', '\u{1b}', '\u{202e}'][..]),
        (&["audit"], &['\0', '\u{1b}', '\u{202e}']),
        (&["explain", "a\u{1b}[31mb"], &['\0', '\u{1b}', '\u{202e}']),
        (&["events", "--format", "ndjson"], &['\0', '\u{1b}']),
    ] {
        let said = logs.makegood(args).with(0, "").stdout;
        assert!(!said.contains(never), "{args:?} {said:?}");
    }
}

#[test]
fn i_21_times_that_cannot_be_are_told() {
    let logs = judged(&[
        line(event_at("1", "0"), "time-range"),
        line(event_at("2", "-1"), "time-range"),
        line(event_at("3", "9223372036854775807"), "time-range"),
        line(event_at("4", "-9223372036854775808"), "time-range"),
        line(event_at("5", "99999999999999999999999999"), "time-range"),
        line(event_at("6", "1795178096789000"), "time-range"),
        line(event_at("7", "\"55840-01-01T00:00:00Z\""), "time-unreadable"),
        line(event_at("8", "\"2014-12-31T23:59:59Z\""), "time-range"),
        line(event_at("9", "\"2101-01-01T00:00:00Z\""), "time-range"),
        line(event_at("ms", "1795178096789"), ""),
        line(event_at("decimals", "1795178096.789"), ""),
        line(event_at("ahead", "\"2027-01-01T00:00:00Z\""), ""),
    ]);
    let at =
        logs.texts("SELECT DISTINCT cast(at_ms AS TEXT) FROM event WHERE event_id IN ('ms', 'decimals')");
    assert_eq!(at, ["1795178096789"]);
}

#[test]
fn i_22_clock_times_are_exact_or_told() {
    let at = |id: &str, time: &str| event_at(id, &format!("\"{time}\""));
    judged(&[
        line(at("1", "2026-11-20T12:34:56"), "time-without-zone"),
        line(at("2", "2026-11-20T24:00:00Z"), "time-unreadable"),
        line(at("3", "2026-12-31T23:59:60Z"), "time-unreadable"),
        line(at("4", "2026-02-29T00:00:00Z"), "time-unreadable"),
        line(at("5", "2026-11-20T12:34:56+25:00"), "time-unreadable"),
        line(at("6", "2026-11-20T12:34:56 +02:00"), ""),
    ]);
    let logs = Logs::new();
    logs.write("makegood.toml", "[[source]]\npath = \"a.jsonl\"\nassume_tz = \"America/New_York\"\n");
    // The clocks skip from 2 to 3 on 8 March, and show 1:30 twice on 1 November.
    let lines = [
        at("gap", "2026-03-08T02:30:00"),
        at("twice", "2026-11-01T01:30:00"),
        at("z", "2026-11-20T01:00:00"),
    ];
    logs.write("a.jsonl", lines.join("\n"));
    logs.makegood(&["import"]).with(3, "time-unreadable 1");
    let stored = logs.texts("SELECT cast(at_ms / 1000 AS TEXT) FROM event ORDER BY at_ms");
    assert_eq!(stored, ["1793511000", "1795154400"], "of two, the earlier one");
}

#[test]
fn i_23_the_same_record_again_is_a_repeat() {
    let (logs, ended) = Logs::with(format!("{0}\n{0}\n", event("1")));
    let ended = ended.with(0, "");
    assert_eq!(logs.ids(), ["1"]);
    let repeats: Vec<&str> = ended.stdout.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(repeats, ["a.jsonl", "2", "1", "0", "1", "0"]);
}

#[test]
fn i_24_the_same_key_with_another_value_is_found_and_held() {
    let fields = |value: &str| {
        event_with(
            "1",
            &format!(
                "\"value\":{value},\"currency\":\"USD\",\"pixel_id\":\"P\",\"source\":\"tiktok\",\"ttclid\":\"E.C.P.x\",\"page_location\":\"https://quiz.example.com/\""
            ),
        )
    };
    let (logs, ended) = Logs::with(fields("9.99") + "\n" + &fields("19.99") + "\n");
    ended.with(0, "");
    assert_eq!(logs.ids(), ["1"]);
    assert!(logs.makegood(&["audit", "--no-import"]).stdout.contains("content-differs: 1 "));
    logs.write("token", "0123456789abcdef0123456789abcdef01234567");
    logs.write(
        "makegood.toml",
        "[[pixel]]\nid = \"P\"\nserver_log = \"none\"\naccess_token_env = \"TOKEN\"\n",
    );
    let plan = logs.makegood(&["events", "--format", "ndjson"]).stdout;
    assert!(plan.contains(r#""held":"content-differs""#), "{plan}");
}

#[test]
fn i_25_one_id_under_two_names_is_two_keys() {
    let two = event("1") + "\n" + &event("1").replace("page_view", "lead") + "\n";
    let (logs, ended) = Logs::with(two);
    ended.with(0, "");
    assert_eq!(logs.number("SELECT count(*) FROM event"), 2);
    assert!(logs.makegood(&["audit", "--no-import"]).stdout.contains("event-id-shared: 2 "));
}

#[test]
fn i_33_sql_in_values_is_text() {
    let evil = "'); DROP TABLE event;--";
    let quoted = serde_json::to_string(evil).unwrap();
    let logs = judged(&[
        line(event(evil), ""),
        line(
            event_with(
                "2",
                &format!(
                    "\"session_id\":{quoted},\"campaign_id\":{quoted},\"order_id\":{quoted},\"source\":{quoted},\"pixel_id\":{quoted}"
                ),
            ),
            "",
        ),
        line(format!(r#"{{"event_id":"3","event":{quoted},"ts":{AT}}}"#), ""),
    ]);
    assert!(logs.ids().contains(&evil.to_owned()));
    let said = logs.makegood(&["events", "--format", "ndjson"]).stdout;
    assert!(said.matches(evil).count() >= 4, "{said}");
    assert_eq!(
        logs.number(
            "SELECT count(*) FROM term WHERE text = ''');  DROP' OR text LIKE '%DROP TABLE event;--'"
        ),
        4
    );
}

#[test]
fn i_37_unknown_fields_are_passed_over_and_wide_records_capped() {
    let wide = |keys: usize| {
        let keys: Vec<String> = (0..keys).map(|key| format!("\"k{key}\":0")).collect();
        keys.join(",")
    };
    let logs = judged(&[
        line(event_with("unknown", r#""unknown_field":{"deep":["canary"]}"#), ""),
        line(event_with("at-cap", &wide(512 - 3)), ""),
        line(event_with("over", &wide(512 - 2)), "too-many-keys"),
        line(event_with("wide", &wide(100_000)), "too-many-keys"),
        line(event_with("long", &format!("\"x\":[{}0]", "0,".repeat(300_000))), "too-many-keys"),
    ]);
    let dump = std::fs::read(logs.at("makegood.db")).unwrap();
    assert!(memchr::memmem::find(&dump, b"canary").is_none(), "what is not known is not kept");
}
