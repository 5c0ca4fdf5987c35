//! Runs the cases of `fixtures/cases/`: each a folder with steps, inputs and what is expected.
//!
//! `case.toml` holds the steps (its keys: [`case::Case`]). What step 2 prints is held against
//! `2.stdout` and `2.stderr`; a file that is not there stands for nothing printed. `UPDATE=1` writes
//! these files; `CASE=part-of-a-name` runs only some.

mod case;
mod transcript;

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use case::{Case, Step};

use crate::program::{Place, Sandbox, difference};

/// What a step or a document gave, instead of what was expected.
type Fault = String;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases")
}

/// Whether what comes out is to be written down.
fn update() -> bool {
    std::env::var_os("UPDATE").is_some_and(|value| value == "1")
}

fn names() -> VecDeque<String> {
    let only = std::env::var("CASE").unwrap_or_default();
    let mut names: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(&only))
        .collect();
    names.sort();
    names.into()
}

#[test]
fn every_case_gives_what_it_says() {
    let names = Mutex::new(names());
    let faults = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let Some(name) = names.lock().unwrap().pop_front() else { return };
                    if let Err(fault) = run(&folder().join(&name), update()) {
                        faults.lock().unwrap().push(format!("case {name}: {fault}"));
                    }
                }
            });
        }
    });
    let mut faults = faults.into_inner().unwrap();
    faults.sort();
    assert!(faults.is_empty(), "{} cases failed (UPDATE=1 blesses)\n{}", faults.len(), faults.join("\n"));
}

/// Runs one case from its folder.
fn run(folder: &Path, update: bool) -> Result<(), Fault> {
    let case = Case::read(folder)?;
    let place = Place::new();
    case.lay_out(folder, &place.work)?;
    let sandbox = case.sandbox.as_ref().map(|args| Sandbox::start(&place, args)).transpose()?;
    let stage = Stage { now: case.now, place, sandbox, update };
    let mut faults = Vec::new();
    for (number, step) in (1..).zip(&case.step) {
        if let Err(fault) = stage.run(step, &folder.join(number.to_string())) {
            faults.push(format!("step {number} ({}): {fault}", step.args.join(" ")));
        }
    }
    if let Some(sandbox) = &stage.sandbox {
        let counted = stage.place.redact(&sandbox.counted()?, Some(sandbox));
        faults.extend(compare(&folder.join("counted.json"), &counted, update).err());
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

/// Where the steps of a case run.
struct Stage {
    now: Option<String>,
    place: Place,
    sandbox: Option<Sandbox>,
    update: bool,
}

impl Stage {
    fn filled(&self, text: &str) -> String {
        let url = self.sandbox.as_ref().map_or("{sandbox}", |sandbox| &sandbox.url);
        text.replace("{dir}", self.place.work.to_str().unwrap()).replace("{sandbox}", url)
    }

    fn run(&self, step: &Step, golden: &Path) -> Result<(), Fault> {
        let mut command = self.place.makegood();
        if let Some(now) = step.now.as_ref().or(self.now.as_ref()) {
            command.args(["--now", now]);
        }
        command.args(step.args.iter().map(|arg| self.filled(arg)));
        command.envs(step.env.iter().map(|(name, value)| (name, self.filled(value))));
        if let Some(stdin) = &step.stdin {
            let file = fs::File::open(self.place.work.join(stdin));
            command.stdin(file.map_err(|error| format!("{stdin}: {error}"))?);
        }
        let output = command.output().map_err(|error| error.to_string())?;
        let mut faults = Vec::new();
        if output.status.code() != Some(step.exit) {
            faults.push(format!("ended with {} and not with {}", output.status, step.exit));
        }
        for (stream, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            if step.compares(stream) {
                let text = self.place.redact(&String::from_utf8_lossy(bytes), self.sandbox.as_ref());
                faults.extend(compare(&golden.with_extension(stream), &text, self.update).err());
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
    }
}

/// Holds a text against a file; a file that is not there is an empty one.
fn compare(golden: &Path, actual: &str, update: bool) -> Result<(), Fault> {
    let expected = fs::read_to_string(golden).unwrap_or_default();
    if expected == actual {
        return Ok(());
    }
    if !update {
        let name = golden.file_name().unwrap().display();
        return Err(format!("{name} differs {}", difference(&expected, actual)));
    }
    let written = if actual.is_empty() { fs::remove_file(golden) } else { fs::write(golden, actual) };
    written.map_err(|error| error.to_string())
}

mod tests {
    use super::*;

    #[test]
    fn a_text_is_held_against_a_file_and_blessed() {
        let place = Place::new();
        let golden = place.work.join("1.stdout");
        assert!(compare(&golden, "", false).is_ok(), "no file: nothing expected");
        assert!(compare(&golden, "a\n", false).unwrap_err().contains("+ a"));
        assert!(compare(&golden, "a\n", true).is_ok());
        assert!(compare(&golden, "a\n", false).is_ok());
        assert!(compare(&golden, "b\n", false).is_err());
        assert!(compare(&golden, "", true).is_ok());
        assert!(!golden.exists(), "nothing expected: no file");
    }

    #[test]
    fn a_case_that_ends_with_another_code_fails_and_is_not_blessed() {
        let place = Place::new();
        fs::write(place.work.join("case.toml"), "about = 'x'\n[[step]]\nargs = ['--version']\nexit = 77\n")
            .unwrap();
        assert!(run(&place.work, true).unwrap_err().contains("and not with 77"));
    }
}
