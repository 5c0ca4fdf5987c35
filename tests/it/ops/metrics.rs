//! The metrics file, by the rules of the text format that the collector reads.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use crate::program::Place;

use super::makegood;

/// Reads the text format strictly: a HELP and a TYPE before the samples of a name, each name once, each
/// sample once, no time stamp. Returns the samples.
fn read(text: &str) -> BTreeMap<String, String> {
    assert!(text.ends_with('\n'));
    let mut samples = BTreeMap::new();
    let mut families = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(help) = lines.next() {
        let (name, words) = help.strip_prefix("# HELP ").unwrap().split_once(' ').unwrap();
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
        assert!(!words.is_empty() && !families.contains(&name), "{name}");
        families.push(name);
        assert_eq!(lines.next().unwrap(), format!("# TYPE {name} gauge"));
        while let Some(sample) = lines.next_if(|line| !line.starts_with('#')) {
            let (series, value) = sample.rsplit_once(' ').unwrap();
            let labels = series.strip_prefix(name).unwrap();
            check_labels(labels);
            assert!(value.parse::<f64>().is_ok(), "{sample}");
            assert!(samples.insert(series.to_owned(), value.to_owned()).is_none(), "{series} stands twice");
        }
    }
    samples
}

/// `{name="value",…}` with `\\`, `\"` and `\n` as the only escapes.
fn check_labels(labels: &str) {
    if labels.is_empty() {
        return;
    }
    let mut rest = labels.strip_prefix('{').unwrap();
    loop {
        let (name, value) = rest.split_once("=\"").unwrap();
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase()), "{labels}");
        let mut chars = value.char_indices();
        let end = loop {
            match chars.next().unwrap() {
                (_, '\\') => assert!(matches!(chars.next(), Some((_, '\\' | '"' | 'n'))), "{labels}"),
                (at, '"') => break at,
                (_, c) => assert!(!c.is_control(), "{labels}"),
            }
        };
        match value.split_at(end + 1).1 {
            "}" => return,
            more => rest = more.strip_prefix(',').unwrap(),
        }
    }
}

#[test]
fn x_05_the_collector_can_read_what_a_hostile_log_names() {
    let place = Place::new();
    let names = ["payment_succeeded", "x\\\"} 1\\n", "\\u001b[2J", "a\\\\b", "\\u00e9"];
    let mut funnel = String::new();
    for (at, name) in names.iter().enumerate() {
        writeln!(
            funnel,
            "{{\"event_id\":\"e{at}\",\"event\":\"{name}\",\"occurred_at\":\"2026-11-20T12:00:00Z\",\
             \"user\":{{\"email\":\"canary@example.com\"}}}}"
        )
        .unwrap();
    }
    fs::write(place.work.join("funnel.jsonl"), funnel).unwrap();
    assert!(makegood(&place, &place.work, &["-q", "import", "funnel.jsonl"]).status.success());
    for command in [&["status"][..], &["audit"], &["backfill", "--dry-run"]] {
        let mut args = vec!["-q", "--now", "2026-11-20T14:00:00Z"];
        args.extend(command);
        args.extend(["--metrics-file", "makegood.prom"]);
        let done = makegood(&place, &place.work, &args);
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
        if command.contains(&"--dry-run") {
            continue;
        }
        let text = fs::read_to_string(place.work.join("makegood.prom")).unwrap();
        let samples = read(&text);
        assert!(samples.len() > 20 && !text.contains("canary"));
        let name = command[0];
        assert_eq!(samples[&format!("makegood_last_exit_code{{command=\"{name}\"}}")], "0");
        let never = "makegood_events{event=\"CompletePayment\",verdict=\"never_sent\"}";
        assert_eq!(samples[never], "1");
    }
}

/// The names of the metrics of a file.
fn names(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with("# TYPE ")).collect()
}

#[test]
fn o_27_a_kill_leaves_the_old_metrics_or_the_new_ones() {
    let place = Place::new();
    let record = "{\"event_id\":\"e1\",\"event\":\"lead\",\"occurred_at\":\"2026-11-20T12:00:00Z\"}\n";
    fs::write(place.work.join("funnel.jsonl"), record).unwrap();
    assert!(makegood(&place, &place.work, &["-q", "import", "funnel.jsonl"]).status.success());
    let status = ["-q", "--now", "2026-11-20T14:00:00Z", "status", "--metrics-file", "makegood.prom"];
    let began = std::time::Instant::now();
    assert!(makegood(&place, &place.work, &status).status.success());
    let whole = fs::read_to_string(place.work.join("makegood.prom")).unwrap();
    assert!(names(&whole).len() > 8, "{whole}");
    // From before it opens the file to after it is gone.
    let step = began.elapsed() * 3 / 2 / 40;
    for at in 0..40 {
        let mut child = place.makegood().args(status).spawn().unwrap();
        std::thread::sleep(step * at);
        child.kill().unwrap();
        child.wait().unwrap();
        let text = fs::read_to_string(place.work.join("makegood.prom")).unwrap();
        read(&text);
        assert_eq!(names(&text), names(&whole), "killed after {:?}", step * at);
        let others = fs::read_dir(&place.work).unwrap().map(|entry| entry.unwrap().path());
        let read_too = others.filter(|path| path.extension().is_some_and(|ending| ending == "prom"));
        assert_eq!(read_too.count(), 1, "the collector sees no part");
    }
}
