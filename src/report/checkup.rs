//! What a doctor found.

use std::fmt::Write as _;

use serde::Serialize;

use super::view::Meaning;
use super::words::wrap;
use super::{View, json};

/// How one thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// As it should be.
    Good,
    /// It works, and will cost something.
    Warning,
    /// It does not work.
    Bad,
}

/// One thing that was looked at. All text is ours or escaped.
#[derive(Clone, Debug)]
pub struct Check {
    /// What was looked at.
    pub what: &'static str,
    /// How it is.
    pub health: Health,
    /// What was seen.
    pub words: String,
    /// What to do, if anything.
    pub fix: Option<String>,
}

#[derive(Serialize)]
struct CheckupJson<'a> {
    schema: &'static str,
    problems: usize,
    checks: Vec<CheckJson<'a>>,
}

#[derive(Serialize)]
struct CheckJson<'a> {
    check: &'static str,
    state: &'static str,
    message: &'a str,
    fix: Option<&'a str>,
}

const fn state(health: Health) -> &'static str {
    match health {
        Health::Good => "ok",
        Health::Warning => "warning",
        Health::Bad => "problem",
    }
}

/// The checks by the contract `makegood.doctor/1`, with a line end.
#[must_use]
pub fn checkup_json(checks: &[Check]) -> String {
    json::pretty(&CheckupJson {
        schema: "makegood.doctor/1",
        problems: problems(checks),
        checks: checks
            .iter()
            .map(|check| CheckJson {
                check: check.what,
                state: state(check.health),
                message: &check.words,
                fix: check.fix.as_deref(),
            })
            .collect(),
    })
}

fn problems(checks: &[Check]) -> usize {
    checks.iter().filter(|check| check.health == Health::Bad).count()
}

/// Cells before the words of a check.
const LABEL: usize = 15;

/// The checks in lines, each with its fix below it.
#[must_use]
pub fn checkup_table(checks: &[Check], view: &View) -> String {
    let mut text = String::new();
    for check in checks {
        let (meaning, mark) = match check.health {
            Health::Good => (Meaning::Good, "✓"),
            Health::Warning => (Meaning::Doubtful, "!"),
            Health::Bad => (Meaning::Bad, "✗"),
        };
        let mark = view.paint(Some(meaning), mark);
        text.push_str(&wrap(&format!(" {mark} {:<11} {}", check.what, check.words), LABEL, view.width));
        if let Some(fix) = &check.fix {
            text.push_str(&wrap(&format!("{:LABEL$}fix: {fix}", ""), LABEL, view.width));
        }
    }
    let warnings = checks.iter().filter(|check| check.health == Health::Warning).count();
    let _ = match (problems(checks), warnings) {
        (0, 0) => writeln!(text, "All is well."),
        (problems, warnings) => writeln!(text, "Problems: {problems}, warnings: {warnings}."),
    };
    text
}
