//! The list of findings, and one of them explained.

use std::fmt::Write as _;

use serde::Serialize;

use crate::audit::CheckFact;
use crate::domain::{Finding, Severity};

use super::grid::{Column, Grid};
use super::number::count;
use super::view::Meaning;
use super::words::wrap;
use super::{View, escape, json};

/// One code of the catalogue, with what this data shows of it.
#[derive(Clone, Copy)]
pub struct CatalogueEntry<'a> {
    /// The row of the catalogue.
    pub fact: &'static CheckFact,
    /// What the data shows; `None`: nothing, or there is no data.
    pub finding: Option<&'a Finding>,
}

impl CatalogueEntry<'_> {
    /// That of the finding; where there is none, that of the catalogue.
    fn severity(&self) -> Severity {
        self.finding.map_or(self.fact.severity, |finding| finding.severity)
    }
}

/// By impact: what was found first, worst and most frequent first; then the rest as the catalogue has it.
pub fn rank_findings(entries: &mut [CatalogueEntry<'_>]) {
    entries.sort_by_key(|entry| {
        let events = entry.finding.map_or(0, |finding| finding.events);
        (entry.finding.is_none(), entry.finding.map(|finding| finding.severity), u64::MAX - events)
    });
}

#[derive(Serialize)]
struct EntryJson<'a> {
    code: &'static str,
    severity: &'static str,
    title: &'static str,
    causes: &'static [&'static str],
    fix: &'static str,
    events: Option<u64>,
    summary: Option<&'a str>,
    evidence: &'a [String],
    fix_command: Option<&'a str>,
}

/// The catalogue as one document, with a line end.
#[must_use]
pub fn findings_json(entries: &[CatalogueEntry<'_>]) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        findings: Vec<EntryJson<'a>>,
    }
    let findings = entries
        .iter()
        .map(|entry| EntryJson {
            code: entry.fact.code,
            severity: entry.severity().word(),
            title: entry.fact.title,
            causes: entry.fact.causes,
            fix: entry.fact.fix,
            events: entry.finding.map(|finding| finding.events),
            summary: entry.finding.map(|finding| finding.summary.as_str()),
            evidence: entry.finding.map(|finding| finding.evidence.as_slice()).unwrap_or_default(),
            fix_command: entry.finding.map(|finding| finding.fix_command.as_str()),
        })
        .collect();
    json::pretty(&Document { schema: "makegood.findings/1", findings })
}

/// The catalogue as a table.
#[must_use]
pub fn findings_table(entries: &[CatalogueEntry<'_>], view: &View) -> String {
    let mut grid = Grid::new(&[
        Column::text("code", 0),
        Column::text("severity", 1),
        Column::number("events", 0),
        Column::text("meaning", 2),
    ]);
    for entry in entries {
        grid.row([
            entry.fact.code.to_owned(),
            // What was not found is no reason for alarm.
            view.paint(entry.finding.and(Meaning::of_severity(entry.severity())), entry.severity().word()),
            entry.finding.map_or_else(|| "–".to_owned(), |finding| count(finding.events)),
            entry.fact.title.to_owned(),
        ]);
    }
    grid.render(view.width)
}

/// One finding explained.
#[must_use]
pub fn finding_page(entry: &CatalogueEntry<'_>, view: &View) -> String {
    let fact = entry.fact;
    let severity =
        view.paint(entry.finding.and(Meaning::of_severity(entry.severity())), entry.severity().word());
    let mut text = format!("{} · {severity}\n\n", fact.code);
    text.push_str(&wrap(fact.title, 0, view.width));
    text.push('\n');
    let mut line = |label: &str, words: &str| {
        text.push_str(&wrap(&format!("{label:<14}{words}"), 14, view.width));
    };
    match entry.finding {
        Some(finding) => {
            line("What we see", &escape(&finding.summary));
            for evidence in &finding.evidence {
                line("", &escape(evidence));
            }
        }
        None => line("What we see", "nothing of the kind in this data"),
    }
    for (at, cause) in fact.causes.iter().enumerate() {
        let label = if at == 0 { "Likely causes" } else { "" };
        line(label, &format!("{}. {cause}", at + 1));
    }
    line("Fix", entry.finding.map_or(fact.fix, |finding| &finding.fix));
    if let Some(finding) = entry.finding.filter(|finding| !finding.fix_command.is_empty()) {
        let _ = writeln!(text, "{:<14}{}", "Next", escape(&finding.fix_command));
        let see = format!("makegood events --finding {}", fact.code);
        if finding.fix_command != see && !finding.fix_command.ends_with("--quarantined") {
            let _ = writeln!(text, "{:<14}{see}", "See them");
        }
    }
    text
}
