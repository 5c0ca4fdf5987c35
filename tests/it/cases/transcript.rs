//! Runs the transcripts of `README.md` and `docs/*.md`.
//!
//! A transcript is a block marked `console` with lines `$ command` and what they print. The blocks
//! of a document run in order in one folder, which starts with the files of
//! `fixtures/transcripts/<document>/`. In the expected text a line `...` stands for any lines and
//! `[..]` for anything within a line. Only `makegood`, `cd`, `echo`, `cat`, `ls`, `head` and `wc` run;
//! what other commands print is not looked at. `<!-- not run: reason -->` before a block skips it.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Fault, update};
use crate::program::{Place, difference};

const RUN: [&str; 7] = ["makegood", "cd", "echo", "cat", "ls", "head", "wc"];

/// A command of a document, and the lines of it that show what it prints.
#[derive(Debug, PartialEq, Eq)]
struct Command {
    text: String,
    lines: std::ops::Range<usize>,
    expected: String,
}

fn commands(document: &str) -> Result<Vec<Command>, Fault> {
    let lines: Vec<&str> = document.lines().collect();
    let mut commands: Vec<Command> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let fence = lines[at].trim_start();
        let start = at + 1;
        at += 1;
        let Some(kind) = fence.strip_prefix("```") else { continue };
        let end = start + lines[start..].iter().take_while(|line| line.trim() != "```").count();
        at = end + 1;
        if kind.trim() != "console" || is_skipped(&lines[..start - 1], start)? {
            continue;
        }
        let mut line = start;
        while line < end {
            let Some(text) = lines[line].strip_prefix("$ ") else {
                return Err(format!("line {}: a transcript starts with a command", line + 1));
            };
            let mut text = text.to_owned();
            line += 1;
            while text.ends_with('\\') && line < end {
                text.truncate(text.len() - 1);
                text.push_str(lines[line].trim_start().trim_start_matches("> "));
                line += 1;
            }
            let shown =
                line..line + lines[line..end].iter().take_while(|line| !line.starts_with("$ ")).count();
            let expected = lines[shown.clone()].iter().flat_map(|line| [*line, "\n"]).collect();
            line = shown.end;
            commands.push(Command { text, lines: shown, expected });
        }
    }
    Ok(commands)
}

fn is_skipped(before: &[&str], line: usize) -> Result<bool, Fault> {
    let last = before.iter().rev().find(|line| !line.trim().is_empty());
    let Some(reason) = last.and_then(|last| last.trim().strip_prefix("<!-- not run:")) else {
        return Ok(false);
    };
    if reason.trim_end_matches("-->").trim().is_empty() {
        return Err(format!("line {line}: a block that is not run needs a reason"));
    }
    Ok(true)
}

/// Whether a text is what was expected, `...` and `[..]` standing for anything.
fn is_like(expected: &[&str], actual: &[&str]) -> bool {
    match (expected.split_first(), actual.split_first()) {
        (None, None) => true,
        (Some((&"...", rest)), _) => (0..=actual.len()).any(|skipped| is_like(rest, &actual[skipped..])),
        (Some((expected, expected_rest)), Some((actual, actual_rest))) => {
            line_is_like(expected.trim_end(), actual.trim_end()) && is_like(expected_rest, actual_rest)
        }
        (None, Some(_)) | (Some(_), None) => false,
    }
}

fn line_is_like(expected: &str, actual: &str) -> bool {
    match expected.split_once("[..]") {
        None => expected == actual,
        Some((before, rest)) => actual.strip_prefix(before).is_some_and(|actual| {
            actual
                .char_indices()
                .map(|(at, _)| at)
                .chain([actual.len()])
                .any(|at| line_is_like(rest, &actual[at..]))
        }),
    }
}

/// Runs a document's transcripts; the document as it should be, and what was wrong.
fn run(document: &str, files: &Path) -> Result<(String, Vec<Fault>), Fault> {
    let place = Place::new();
    if files.is_dir() {
        for entry in fs::read_dir(files).map_err(|error| error.to_string())? {
            let entry = entry.map_err(|error| error.to_string())?;
            fs::copy(entry.path(), place.work.join(entry.file_name())).map_err(|error| error.to_string())?;
        }
    }
    let (mut folder, mut code) = (place.work.clone(), 0);
    let mut faults = Vec::new();
    let mut lines: Vec<String> = document.lines().map(str::to_owned).collect();
    let commands = commands(document)?;
    let mut actuals = Vec::new();
    for command in &commands {
        let verb = command.text.split_whitespace().next().unwrap_or_default();
        if !RUN.contains(&verb) {
            continue;
        }
        if let ("cd", Some(to)) = (verb, command.text.split_whitespace().nth(1)) {
            folder = folder.join(to);
            continue;
        }
        let script = format!("exec 2>&1\n(exit {code})\n{}", command.text);
        let output =
            place.command("sh", &folder).args(["-c", &script]).output().map_err(|error| error.to_string())?;
        code = output.status.code().unwrap_or(1);
        let actual = place.redact(&String::from_utf8_lossy(&output.stdout), None);
        let (want, got): (Vec<_>, Vec<_>) = (command.expected.lines().collect(), actual.lines().collect());
        // A blank line before the next command is for the reader.
        let want =
            if want.last() == Some(&"") && got.last() != Some(&"") { &want[..want.len() - 1] } else { &want };
        if !is_like(want, &got) {
            let difference = difference(&command.expected, &actual);
            faults.push(format!("line {}: $ {} {difference}", command.lines.start, command.text));
            actuals.push((command.lines.clone(), actual));
        }
    }
    for (range, actual) in actuals.into_iter().rev() {
        lines.splice(range, actual.lines().map(str::to_owned));
    }
    Ok((lines.join("\n") + "\n", faults))
}

fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents: Vec<_> = fs::read_dir(root.join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    documents.push(root.join("README.md"));
    documents.retain(|path| path.exists());
    documents.sort();
    documents
}

#[test]
fn every_transcript_shows_what_comes_out() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    for path in documents() {
        let stem = path.file_stem().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let (blessed, faults) = run(&text, &root.join("fixtures/transcripts").join(stem))
            .unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
        if !faults.is_empty() && update() {
            fs::write(&path, blessed).unwrap();
        } else {
            all.extend(faults.into_iter().map(|fault| format!("{}, {fault}", path.display())));
        }
    }
    assert!(all.is_empty(), "{}\n(UPDATE=1 writes down what came out)", all.join("\n"));
}

mod tests {
    use super::*;

    const DOCUMENT: &str = "# A\n```console\n$ echo one \\\n> two\none two\n\n$ cargo build\nwhatever\n```\n\
        ```sh\n$ rm -rf x\n```\n<!-- not run: needs a token -->\n```console\n$ echo lie\ntruth\n```\n";

    fn nowhere() -> &'static Path {
        Path::new("/nonexistent")
    }

    #[test]
    fn commands_are_found_with_what_they_print() {
        let commands = commands(DOCUMENT).unwrap();
        let texts: Vec<_> = commands.iter().map(|command| command.text.as_str()).collect();
        assert_eq!(texts, ["echo one two", "cargo build"]);
        assert_eq!(commands[0].expected, "one two\n\n");
        assert_eq!(run(DOCUMENT, nowhere()).unwrap(), (DOCUMENT.to_owned(), vec![]));
    }

    #[test]
    fn a_wrong_transcript_is_found_and_mended() {
        let wrong = "```console\n$ echo a\nb\nc\n$ echo $?\n0\n```\nend\n";
        let (mended, faults) = run(wrong, nowhere()).unwrap();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].starts_with("line 2: $ echo a at line 1"), "{faults:?}");
        assert_eq!(mended, "```console\n$ echo a\na\n$ echo $?\n0\n```\nend\n");
    }

    #[test]
    fn exit_codes_and_folders_carry_over() {
        let text = "```console\n$ cat nothing 2>/dev/null\n$ echo $?\n1\n$ echo x > f; cd .\n$ ls\nf\n```\n";
        assert_eq!(run(text, nowhere()).unwrap().1, Vec::<Fault>::new());
    }

    #[test]
    fn wildcards_stand_for_anything() {
        for (expected, actual, like) in [
            ("a\n...\nz", "a\nb\nc\nz", true),
            ("a\n...\nz", "a\nz", true),
            ("a\n...\nz", "a\nb", false),
            ("in [..] s, [..] rows", "in 3.2 s, 17 rows", true),
            ("in [..] s", "in 3.2 ms", false),
            ("a", "b", false),
            ("a", "a\nb", false),
        ] {
            let (expected, actual): (Vec<_>, Vec<_>) = (expected.lines().collect(), actual.lines().collect());
            assert_eq!(is_like(&expected, &actual), like, "{expected:?} {actual:?}");
        }
    }

    #[test]
    fn a_block_is_skipped_only_with_a_reason() {
        assert!(commands("<!-- not run: -->\n```console\n$ makegood\n```\n").unwrap_err().contains("reason"));
        assert!(commands("```console\nmakegood\n```\n").unwrap_err().contains("line 2"));
    }
}
