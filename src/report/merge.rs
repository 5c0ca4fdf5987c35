//! What a merge brought in, database by database.

use std::path::PathBuf;

use serde::Serialize;

use super::grid::{Column, Grid};
use super::number::count;
use super::{View, escape, json};

/// One database of a merge.
#[derive(Clone, Debug, Default)]
pub struct MergedDatabase {
    /// The database.
    pub path: PathBuf,
    /// Events newly stored.
    pub events: u64,
    /// Receipts newly stored.
    pub receipts: u64,
    /// Records that were there already.
    pub repeats: u64,
    /// Lines newly quarantined.
    pub quarantined: u64,
    /// Attempts newly stored.
    pub attempts: u64,
}

#[derive(Serialize)]
struct MergeJson {
    schema: &'static str,
    databases: Vec<DatabaseJson>,
}

#[derive(Serialize)]
struct DatabaseJson {
    path: String,
    events: u64,
    receipts: u64,
    repeats: u64,
    quarantined: u64,
    attempts: u64,
}

/// The merge by the contract `makegood.merge/1`, with a line end.
#[must_use]
pub fn merge_json(databases: &[MergedDatabase]) -> String {
    let wire = |database: &MergedDatabase| {
        let MergedDatabase { path, events, receipts, repeats, quarantined, attempts } = database.clone();
        let path = path.display().to_string();
        DatabaseJson { path, events, receipts, repeats, quarantined, attempts }
    };
    json::pretty(&MergeJson { schema: "makegood.merge/1", databases: databases.iter().map(wire).collect() })
}

/// The merge as a table.
#[must_use]
pub fn merge_table(databases: &[MergedDatabase], view: &View) -> String {
    let mut grid = Grid::new(&[
        Column::text("database", 0),
        Column::number("new events", 0),
        Column::number("new receipts", 0),
        Column::number("repeats", 3),
        Column::number("quarantined", 1),
        Column::number("new attempts", 0),
    ]);
    for database in databases {
        grid.row([
            escape(&database.path.display().to_string()).into_owned(),
            count(database.events),
            count(database.receipts),
            count(database.repeats),
            count(database.quarantined),
            count(database.attempts),
        ]);
    }
    grid.render(view.width)
}
