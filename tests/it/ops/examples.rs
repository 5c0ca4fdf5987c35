//! Every example at the end of every help is run, by a shell, in the demo's folder.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::program::Place;

use super::makegood;

/// What an example names that is another thing here.
const HERE: &[(&str, &str)] = &[
    ("530e0e61-18e9-485e-a8bf-f9ea304d9f96", "{id}"),
    ("ac17064d-0d4e-4be0-8f0b-9a5b39bb1a2c", "last"),
    ("C4A1B2C3D4E5F6G7H8I9", "CDEM0QU1ZP1XEL000001"),
    ("http://127.0.0.1:8787", "{sandbox}"),
    ("/var/lib/node_exporter", "{root}"),
    ("/backup", "{root}"),
    ("/mnt/lake", "{root}/lake"),
    ("--events 1000000", "--events 300"),
];

/// What is not run, and why.
const NOT_RUN: &[(&str, &str)] = &[
    ("--write", "it would change this machine's schedulers"),
    ("--follow", "it runs until a signal; its suite is tests/it/tailing.rs"),
    ("makegood reconcile", "it needs an engine; its suite is tests/it/reconcile.rs"),
    ("makegood sandbox", "it runs until a signal; every test that sends uses it"),
    ("530e0e61 ", "the beginning of an id; a case shows it"),
];

/// The examples that ask, with nobody to ask, or draw, with no terminal.
const ASK: [&str; 4] = [
    "makegood backfill",
    "makegood backfill --test-event-code TEST12345",
    "makegood erase --email --dry-run",
    "makegood watch",
];

fn commands(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// The command lines of a help's examples, without the words beside them.
fn examples(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Examples:").skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    lines.map(|line| line.trim_start().split("   ").next().unwrap().trim_end().to_owned()).collect()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A copy of the demo, with the files that examples name.
fn folder(place: &Place, demo: &Path, name: &str) -> std::path::PathBuf {
    let folder = place.work.join(name);
    fs::create_dir_all(folder.join("logs")).unwrap();
    for entry in fs::read_dir(demo).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
    for (copy, of) in [
        ("logs/a.jsonl", "funnel.jsonl"),
        ("delivery.json.gz", "delivery.jsonl"),
        ("delivery-1.json.gz", "delivery.jsonl"),
        ("orders.jsonl", "funnel.jsonl"),
        ("web1.db", "makegood.db"),
        ("web2.db", "makegood.db"),
        ("makegood-2026-11-20.db", "makegood.db"),
    ] {
        fs::copy(demo.join(of), folder.join(copy)).unwrap();
    }
    for (name, text) in [
        ("address.txt", "someone@example.com\n"),
        ("question.sql", "SELECT count(*) FROM events\n"),
        ("payments.csv", "id,time,email\np1,2026-11-20T12:00:00Z,a@example.com\n"),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
    for taken in
        [".local/share/bash-completion/completions", ".zfunc", ".config/fish/completions", ".config/elvish"]
    {
        fs::create_dir_all(place.home().join(taken)).unwrap();
    }
    folder
}

#[test]
fn every_example_of_every_help_runs() {
    let place = Place::new();
    let made = makegood(&place, &place.work, &["-q", "demo", "--events", "300", "--out", "demo"]);
    assert!(made.status.success(), "{}", said(&made));
    let demo = place.work.join("demo");
    let sandbox = crate::program::Sandbox::start(&place, &[]).unwrap();
    let listed = makegood(&place, &demo, &["events", "--format", "tsv"]);
    let id = String::from_utf8(listed.stdout)
        .unwrap()
        .lines()
        .nth(1)
        .unwrap()
        .split('\t')
        .next()
        .unwrap()
        .to_owned();
    let help = |words: &[&str]| {
        let wide = place.command(env!("CARGO_BIN_EXE_makegood"), &place.work).args(words).output().unwrap();
        String::from_utf8(wide.stdout).unwrap()
    };
    let top = help(&["--help"]);
    let mut all = examples(&top);
    for command in commands(&top) {
        let own = help(&[&command, "--help"]);
        all.extend(examples(&own));
        for nested in commands(&own) {
            all.extend(examples(&help(&[&command, &nested, "--help"])));
        }
    }
    let all: Vec<String> = all.into_iter().filter(|line| line.starts_with("makegood ")).collect();
    assert!(all.len() > 50, "{all:#?}");
    let mut ran = 0;
    for (at, line) in all.iter().enumerate() {
        if NOT_RUN.iter().any(|(words, _)| format!("{line} ").contains(words)) {
            continue;
        }
        let folder = folder(&place, &demo, &format!("at{at}"));
        if line.starts_with("makegood init") {
            fs::remove_file(folder.join("makegood.toml")).unwrap();
        }
        let mut here = line.clone();
        for (there, put) in HERE {
            here = here.replace(there, put);
        }
        let here = here
            .replace("{id}", &id)
            .replace("{sandbox}", &sandbox.url)
            .replace("{root}", folder.to_str().unwrap());
        // What stands after a pipe or `||` is somebody else's program.
        let ours = here.split(" | ").next().unwrap().split(" || ").next().unwrap();
        let done =
            place.command("sh", &folder).args(["-c", ours]).env("PROFILE", "profile").output().unwrap();
        let code = done.status.code().unwrap();
        let may = if ASK.contains(&line.as_str()) { &[2][..] } else { &[0, 1, 3] };
        assert!(may.contains(&code), "{line}\n{here}\nended with {code}:\n{}", said(&done));
        ran += 1;
    }
    assert!(ran > 45, "only {ran} of {} were run", all.len());
}
