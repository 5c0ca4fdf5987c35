//! What an import read, file by file.

use std::path::PathBuf;

use serde::Serialize;

use super::grid::{Column, Grid};
use super::number::{count, count_of};
use super::words::wrap;
use super::{View, escape, json};

/// One file of an import.
#[derive(Clone, Debug, Default)]
pub struct ImportedFile {
    /// The file; `-` is standard input.
    pub path: PathBuf,
    /// Lines read in this import.
    pub lines: u64,
    /// Events newly stored.
    pub events: u64,
    /// Receipts newly stored.
    pub receipts: u64,
    /// Records that were there already.
    pub repeats: u64,
    /// Lines newly quarantined.
    pub quarantined: u64,
}

#[derive(Serialize)]
struct ImportJson {
    schema: &'static str,
    files: Vec<FileJson>,
    totals: TotalsJson,
}

#[derive(Serialize)]
struct FileJson {
    path: String,
    #[serde(flatten)]
    counts: TotalsJson,
}

#[derive(Serialize)]
struct TotalsJson {
    lines: u64,
    events: u64,
    receipts: u64,
    repeats: u64,
    quarantined: u64,
}

/// The sum of all files.
#[must_use]
pub fn import_totals(files: &[ImportedFile]) -> ImportedFile {
    files.iter().fold(ImportedFile::default(), |sum, file| ImportedFile {
        path: PathBuf::new(),
        lines: sum.lines + file.lines,
        events: sum.events + file.events,
        receipts: sum.receipts + file.receipts,
        repeats: sum.repeats + file.repeats,
        quarantined: sum.quarantined + file.quarantined,
    })
}

fn wire(file: &ImportedFile) -> TotalsJson {
    let ImportedFile { path: _, lines, events, receipts, repeats, quarantined } = *file;
    TotalsJson { lines, events, receipts, repeats, quarantined }
}

/// The import by the contract `makegood.import/1`, with a line end.
#[must_use]
pub fn import_json(files: &[ImportedFile]) -> String {
    json::pretty(&ImportJson {
        schema: "makegood.import/1",
        files: files
            .iter()
            .map(|file| FileJson { path: file.path.display().to_string(), counts: wire(file) })
            .collect(),
        totals: wire(&import_totals(files)),
    })
}

/// The import as a table.
#[must_use]
pub fn import_table(files: &[ImportedFile], view: &View) -> String {
    let mut grid = Grid::new(&[
        Column::text("file", 0),
        Column::number("lines", 2),
        Column::number("new events", 0),
        Column::number("new receipts", 0),
        Column::number("repeats", 3),
        Column::number("quarantined", 1),
    ]);
    for file in files {
        grid.row([
            escape(&file.path.display().to_string()).into_owned(),
            count(file.lines),
            count(file.events),
            count(file.receipts),
            count(file.repeats),
            count(file.quarantined),
        ]);
    }
    let sum = import_totals(files);
    let text = if files.is_empty() { String::new() } else { grid.render(view.width) };
    let events = count_of(sum.events, "new event", "new events");
    let receipts = count_of(sum.receipts, "receipt", "receipts");
    text + &wrap(&format!("Imported {events} and {receipts}."), 0, view.width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_import_has_every_field_of_its_contract() {
        let file = |path: &str| ImportedFile {
            path: path.into(),
            lines: 10,
            events: 7,
            receipts: 1,
            repeats: 1,
            quarantined: 1,
        };
        let document: serde_json::Value =
            serde_json::from_str(&import_json(&[file("a.jsonl"), file("-")])).unwrap();
        assert_eq!(document["schema"], "makegood.import/1");
        assert_eq!(
            document["files"][0],
            serde_json::json!({"path": "a.jsonl", "lines": 10, "events": 7, "receipts": 1, "repeats": 1,
                "quarantined": 1})
        );
        assert_eq!(document["totals"]["events"], 14);
    }
}
