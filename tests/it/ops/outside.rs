//! What is made for other programs, read by those programs' own readers.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::program::Place;

use super::makegood;

/// Runs a script of Python's with files as its arguments, if Python has the module; says so otherwise.
fn python(module: &str, script: &str, files: &[&Path]) -> Option<Output> {
    let has = Command::new("python3").args(["-c", &format!("import {module}")]).output();
    if !has.is_ok_and(|has| has.status.success()) {
        println!("skipped: python3 with {module} is not here");
        return None;
    }
    Some(Command::new("python3").args(["-c", script]).args(files).output().unwrap())
}

/// A sample for each kind of mistake that an editor could show before makegood does.
const WRONG: &[&str] = &[
    "timezon = \"UTC\"\n",
    "timezone = 5\n",
    "[[source]]\npat = \"x\"\n",
    "[[source]]\n",
    "[[pixel]]\nname = \"x\"\n",
    "[[pixel]]\nid = \"A\"\nserver_log = \"all\"\n",
    "[[pixel]]\nid = \"A\"\naccess_token = \"x\"\n",
    "[pixel]\nid = \"A\"\n",
    "[backfill]\nbatch = \"many\"\n",
    "[backfill]\nbatch = 0\n",
    "[backfill]\nmax_age = 7\n",
    "[backfill]\nmax_age = \"7 d\"\n",
    "[backfill]\nevents = \"Lead\"\n",
    "[retention]\nkey = \"60d\"\n",
    "[limits]\ndepth = 1.5\n",
    "[map]\nx = 1\n",
    "[match_strength]\nemail = \"high\"\n",
    "[[ignore]]\ncode = \"never-sent\"\nuntil = \"2026-12-31\"\n",
    "[phone]\nregion = \"US\"\n",
];

#[test]
fn an_editor_takes_the_schema_and_finds_the_mistakes_that_makegood_finds() {
    let place = Place::new();
    let schema = makegood(&place, &place.work, &["config", "schema"]);
    let path = place.work.join("schema.json");
    fs::write(&path, &schema.stdout).unwrap();
    assert!(makegood(&place, &place.work, &["-q", "init", "--to", "sample.toml"]).status.success());
    let mut files = vec![path, place.work.join("sample.toml")];
    let right = "timezone = \"Europe/Berlin\"\ngrace = \"20m\"\n[[source]]\npath = \"*.jsonl\"\n[[pixel]]\nid = \"A\"\n\
                 access_token_file = \"t\"\nserver_log = \"none\"\n[map]\nsignup = \"Lead\"\n[backfill]\nbatch = 10\n\
                 rate = \"5/s\"\nsandbox = true\n[match_strength]\nemail = 3\n[[ignore]]\ncode = \"never-sent\"\n\
                 reason = \"x\"\nuntil = \"2026-12-31\"\n";
    let configs = std::iter::once(right).chain(WRONG.iter().copied());
    for (at, text) in configs.enumerate() {
        let path = place.work.join(format!("{at}.toml"));
        fs::write(&path, text).unwrap();
        let shown = makegood(&place, &place.work, &["-q", "-c", path.to_str().unwrap(), "config", "show"]);
        assert_eq!(shown.status.code(), Some(if at == 0 { 0 } else { 4 }), "{text}");
        files.push(path);
    }
    let script = "\
import json, sys, tomllib, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft7Validator.check_schema(schema)
check = jsonschema.Draft7Validator(schema)
for path in sys.argv[2:]:
    print('wrong' if list(check.iter_errors(tomllib.load(open(path, 'rb')))) else 'right')
";
    let files: Vec<&Path> = files.iter().map(std::path::PathBuf::as_path).collect();
    let Some(done) = python("jsonschema", script, &files) else { return };
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let verdicts = String::from_utf8(done.stdout).unwrap();
    let verdicts: Vec<&str> = verdicts.lines().collect();
    assert_eq!(verdicts.len(), WRONG.len() + 2);
    assert_eq!(verdicts[..2], ["right", "right"], "the sample of init, and a full config");
    for (text, verdict) in WRONG.iter().zip(&verdicts[2..]) {
        assert_eq!(*verdict, "wrong", "{text}");
    }
}

#[test]
fn the_collectors_own_reader_takes_the_metrics() {
    let place = Place::new();
    assert!(
        makegood(&place, &place.work, &["-q", "demo", "--events", "500", "--out", "demo"]).status.success()
    );
    let demo = place.work.join("demo");
    let path = demo.join("makegood.prom");
    for command in [&["status"][..], &["audit"], &["backfill", "--send"]] {
        let mut args = vec!["-q"];
        args.extend(command);
        args.extend(["--metrics-file", "makegood.prom"]);
        let done = makegood(&place, &demo, &args);
        assert!(matches!(done.status.code(), Some(0 | 3)), "{}", String::from_utf8_lossy(&done.stderr));
        let script = "\
import sys
from prometheus_client.parser import text_string_to_metric_families as read
families = list(read(open(sys.argv[1]).read()))
assert all(family.type == 'gauge' and family.documentation for family in families)
assert not any(sample.timestamp for family in families for sample in family.samples)
print(len(families), sum(len(family.samples) for family in families))
";
        let Some(read) = python("prometheus_client", script, &[&path]) else { return };
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
        let ours = fs::read_to_string(&path).unwrap();
        let families = ours.lines().filter(|line| line.starts_with("# TYPE ")).count();
        let samples = ours.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(String::from_utf8(read.stdout).unwrap(), format!("{families} {samples}\n"), "{command:?}");
    }
}
