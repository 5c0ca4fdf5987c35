use super::*;

/// Imports this text and one good line after it, and returns the reasons.
fn reasons(line: impl AsRef<[u8]>) -> Vec<String> {
    let batch =
        batch_of([line.as_ref(), b"\n", event("good").as_bytes(), b"\n"].concat(), &Policy::default());
    assert_eq!(batch.events.len(), 1, "the good line is stored");
    assert_eq!(batch.events[0].id.to_string(), "good");
    batch.quarantined.iter().map(|line| line.reason.code().to_owned()).collect()
}

#[test]
fn a_bad_line_is_told_and_spoils_nothing() {
    for (line, reason) in [
        (&br#"{"event_id":"#[..], "syntax"),
        (br#"{"event_id":"1","event":"lead","time":1795178096} x"#, "syntax"),
        (b"\x00\x01\x02", "syntax"),
        (b"{\"event_id\":\"\xff\",\"event\":\"lead\",\"time\":1795178096}", "utf8"),
        (br#"{"event_id":"\ud800","event":"lead","time":1795178096}"#, "utf8"),
        (br#"{"event_id":"1","event_id":"2","event":"lead","time":1795178096}"#, "duplicate-key"),
        (br#"{"event_id":"1","event":"lead","time":1795178096,"x":1e400}"#, "number-range"),
        (br#"{"event_id":"1","event":"lead","time":1795178096,"value":1e400}"#, "number-range"),
        (br#"["event_id"]"#, "not-an-object"),
        (br#"{"event":"lead","time":1795178096}"#, "event-id-missing"),
        (br#"{"event_id":null,"event":"lead","time":1795178096}"#, "event-id-missing"),
        (br#"{"event_id":" ","event":"lead","time":1795178096}"#, "event-id-missing"),
        (br#"{"event_id":12,"event":"lead","time":1795178096}"#, "event-id-not-string"),
        (br#"{"event_id":["a"],"event":"lead","time":1795178096}"#, "event-id-not-string"),
        (br#"{"event_id":"1","time":1795178096}"#, "event-name-missing"),
        (br#"{"event_id":"1","event":" ","time":1795178096}"#, "event-name-missing"),
        (br#"{"event_id":"1","event":7,"time":1795178096}"#, "wrong-type"),
        (br#"{"event_id":"1","event":"lead"}"#, "time-missing"),
        (br#"{"event_id":"1","event":"lead","ts":"x"}"#, "time-unreadable"),
        (br#"{"event_id":"1","event":"lead","ts":true}"#, "wrong-type"),
        (br#"{"event_id":"1","event":"lead","ts":"2026-11-20T12:34:56"}"#, "time-without-zone"),
        (br#"{"event_id":"1","event":"lead","ts":0}"#, "time-range"),
        (br#"{"event_id":"1","event":"lead","ts":-1}"#, "time-range"),
        (br#"{"event_id":"1","event":"lead","ts":9223372036854775807}"#, "time-range"),
        (br#"{"event_id":"1","event":"lead","ts":"2101-01-01T00:00:00Z"}"#, "time-range"),
        (br#"{"a":1}"#, "unknown-record"),
        (br#"{"type":"delivery","event_id":"1"}"#, "event-name-missing"),
        (br#"{"event_id":"1","event":"Lead","sent_at":"x"}"#, "time-unreadable"),
        (br#"{"event_id":"1","event":"Lead","channel":"fax"}"#, "wrong-type"),
        (br#"{"request":{"data":7},"response":{"code":0}}"#, "wrong-type"),
        (br#"{"request":"{\"data\":[","response":{"code":0}}"#, "syntax"),
    ] {
        assert_eq!(reasons(line), [reason], "{}", String::from_utf8_lossy(line));
    }
    let endless = "x".repeat(257);
    assert_eq!(
        reasons(format!(r#"{{"event_id":"{endless}","event":"lead","ts":1795178096}}"#)),
        ["id-too-long"]
    );
    assert_eq!(
        reasons(format!(r#"{{"event_id":"1","event":"{endless}","ts":1795178096}}"#)),
        ["id-too-long"]
    );
    assert_eq!(reasons(format!("{{\"a\":{}1{}}}", "[".repeat(99), "]".repeat(99))), ["depth"]);
    let keys: Vec<String> = (0..100_000).map(|key| format!("\"{key}\":0")).collect();
    assert_eq!(reasons(format!("{{{}}}", keys.join(","))), ["too-many-keys"]);
}

#[test]
fn a_quarantined_line_says_where_it_stands_and_what_it_was() {
    let bad = br#"{"event":"page_view","occurred_at":"2026-11-20T12:34:56Z","email":"a@b.example"}"#;
    let text = [event(1).as_bytes(), b"\r\n", bad, b"\r\n\n", b"{}"].concat();
    let batch = batch_of(&text, &Policy::default());
    let [first, second] = &batch.quarantined[..] else { panic!("{:?}", batch.quarantined) };
    let offset = event(1).len() + 2;
    assert_eq!(
        (first.offset, first.length),
        (u64::try_from(offset).unwrap(), u64::try_from(bad.len()).unwrap())
    );
    assert_eq!(first.reason, Reason::EventIdMissing);
    assert_eq!(first.sha256, crate::tiktok::normalise::sha256(bad));
    assert_eq!(first.name, Some(batch.events[0].name), "its event is counted");
    assert_eq!(first.at, Some(batch.events[0].at));
    assert_eq!((second.reason, second.name, second.at), (Reason::UnknownRecord, None, None));
    assert_eq!(batch.cursors[0].position, u64::try_from(text.len()).unwrap());
}

#[test]
fn line_ends_marks_and_holes_do_not_matter() {
    let text = [
        b"\xef\xbb\xbf".as_slice(),
        event(1).as_bytes(),
        b"\r\n \t\r\n\n",
        b"\0\0\0\0",
        event(2).as_bytes(),
        b"\n\xef\xbb\xbf",
        event(3).as_bytes(),
        b"\n",
        event(4).replace(',', ",\r").as_bytes(),
    ]
    .concat();
    let batch = batch_of(&text, &Policy::default());
    let ids: Vec<String> = batch.events.iter().map(|event| event.id.to_string()).collect();
    assert_eq!(ids, ["1", "2", "4"], "a carriage return alone ends no line");
    assert_eq!(batch.quarantined.len(), 1, "a byte order mark in the middle is none");
    assert_eq!(batch.events[0].offset, 0);
    assert_eq!(batch.events[1].offset, u64::try_from(3 + event(1).len() + 2 + 4 + 1).unwrap());
}

#[test]
fn bad_utf8_spoils_only_its_own_line() {
    let text = [event("é").as_bytes(), b"\n\xff\n", event("ü").as_bytes(), b"\n"].concat();
    let batch = batch_of(text, &Policy::default());
    assert_eq!((batch.events.len(), batch.quarantined.len()), (2, 1));
}

#[test]
fn empty_files_and_blank_lines_are_no_error() {
    assert_eq!(batch_of("", &Policy::default()).cursors.len(), 0);
    let blank = batch_of("\n".repeat(1000), &Policy::default());
    assert_eq!((blank.cursors.len(), blank.events.len(), blank.quarantined.len()), (1, 0, 0));
    assert_eq!(blank.cursors[0].position, 1000);
}

#[test]
fn a_line_of_a_hundred_megabytes_is_one_row() {
    let long =
        [event(1).as_bytes(), b"\n", &vec![b'a'; 100_000_000], b"\n", event(2).as_bytes(), b"\n"].concat();
    let batch = batch_of(&long, &Policy::default());
    assert_eq!((batch.events.len(), batch.quarantined.len()), (2, 1));
    let line = &batch.quarantined[0];
    assert_eq!((line.reason, line.length), (Reason::LineTooLong, 100_000_000));
    assert_eq!(batch.events[1].offset, line.offset + 100_000_001);

    let at_cap = |spaces: usize| event(1) + &" ".repeat(spaces - event(1).len());
    assert_eq!(batch_of(at_cap(LINE_BYTES_MAX) + "\r\n", &Policy::default()).events.len(), 1);
    assert_eq!(batch_of(at_cap(LINE_BYTES_MAX + 1) + "\n", &Policy::default()).quarantined.len(), 1);
    let open = batch_of("a".repeat(LINE_BYTES_MAX + 9), &Policy::default());
    assert_eq!(open.quarantined[0].reason, Reason::LineTooLong, "with or without its line end");
}

#[test]
fn times_without_a_zone_take_the_one_of_their_source() {
    let dir = Dir::new();
    let text = r#"{"event_id":"1","event":"lead","ts":"2026-11-20 12:34:56"}"#;
    let input =
        Input { path: Some(dir.write("log", text)), open: None, assume_tz: Some("America/New_York".into()) };
    let mut times = Vec::new();
    let mut take = |handed: Handed| {
        let batch = handed.batch().unwrap_or_default();
        times.extend(batch.events.iter().map(|event| event.at.to_string()));
        Ok::<(), ()>(())
    };
    import(&[input], &[], &Policy::default(), &mut |_| {}, &mut take).unwrap();
    assert_eq!(times, ["2026-11-20T17:34:56Z"]);
}

#[test]
fn damaged_files_give_what_they_hold_and_a_row() {
    let dir = Dir::new();
    let id = |at: u16| hex::encode(crate::tiktok::normalise::sha256(&at.to_le_bytes()));
    let text: String = (0..3000).map(|at| event(id(at)) + "\n").collect();
    let packed = gzip(&text);
    let cut = dir.write("cut.gz", &packed[..packed.len() - 9]);
    let wrong = dir.write("wrong.gz", {
        let mut packed = packed.clone();
        let at = packed.len() - 6;
        packed[at] ^= 1;
        packed
    });
    let junk = dir.write("junk.gz", [&packed[..], b"junk"].concat());
    let whole = dir.write("whole", [&packed[..], &[0; 512]].concat());
    for (path, problem, reasons) in [
        (&cut, Some(Problem::Truncated), vec!["truncated"]),
        (&wrong, Some(Problem::Corrupt), vec!["corrupt"]),
        (&junk, Some(Problem::Corrupt), vec!["corrupt"]),
        (&whole, None, vec![]),
    ] {
        let mut store = Store::default();
        let report = store.import(&[path]).pop().unwrap();
        assert_eq!(report.problem, problem);
        assert!(store.events.len() >= 2900, "{}", store.events.len());
        assert_eq!(store.reasons(), reasons);
        assert_eq!(store.cursors[0].problem, problem);
        let batches = store.batches;
        assert_eq!(store.import(&[path])[0].problem, problem, "again");
        assert_eq!(store.batches, batches, "nothing new");
        assert_eq!(store.import(&[&whole])[0].problem, None);
        assert_eq!(store.events.len(), 3000, "the whole file adds the rest");
    }
    let mut store = Store::default();
    let limit = LogLimits { expansion_ratio: 2, expansion_bytes: 1 << 10, ..LogLimits::default() };
    let bomb = dir.write("bomb.gz", gzip(event(1) + "\n" + &" ".repeat(1 << 20)));
    assert_eq!(store.import_within(&[&bomb], limit)[0].problem, Some(Problem::ExpansionLimit));
    assert_eq!((store.events.len(), store.reasons()), (1, vec!["expansion-limit"]));
}

#[test]
fn files_that_cannot_be_read_do_not_stop_the_others() {
    let dir = Dir::new();
    let good = dir.write("good", lines(0..3));
    let mut store = Store::default();
    let reports = store.import(&[&dir.at("gone"), dir.0.path(), Path::new("/dev/null"), &good]);
    let errors: Vec<bool> = reports.iter().map(|report| report.error.is_some()).collect();
    assert_eq!(errors, [true, true, true, false]);
    assert_eq!(store.events.len(), 3);
}

#[test]
fn every_limit_is_the_configs() {
    let usual = LogLimits::default();
    let (deep, wide) = (r#","x":[[[]]]}"#, r#","x":{"a":1,"b":2,"c":3,"d":4}}"#);
    let with = |more: &str| event("1").replace('}', more);
    for (limits, line, reason) in [
        (LogLimits { line_bytes: 80, ..usual }, with(r#","x":"0123456789"}"#), "line-too-long"),
        (LogLimits { depth: 3, ..usual }, with(deep), "depth"),
        (LogLimits { keys: 3, ..usual }, with(wide), "too-many-keys"),
        (LogLimits { nodes: 14, ..usual }, with(wide), "too-many-keys"),
    ] {
        let line = line + "\n" + &event("2");
        assert_eq!(batch_of(&line, &Policy::default()).events.len(), 2, "{line}");
        let batch = batch_of(&line, &Policy { limits, ..Policy::default() });
        let reasons: Vec<&str> = batch.quarantined.iter().map(|line| line.reason.code()).collect();
        assert_eq!((batch.events.len(), reasons), (1, vec![reason]), "{line}");
    }
}
