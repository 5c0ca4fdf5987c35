//! The answer to a question in SQL.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json};

use super::grid::{Align, Column, Grid};
use super::number::{count_of, length};
use super::words::wrap;
use super::{View, escape_short, json};

/// A value of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// Another number.
    Real(f64),
    /// A text of ours.
    Ours(String),
    /// A text that may come from a log.
    Log(String),
}

/// Names and rows.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The names of the columns, as the question gave them.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<Value>>,
}

fn wire(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(number) => Json::from(*number),
        Value::Real(number) => Json::from(*number),
        Value::Ours(text) | Value::Log(text) => Json::from(text.as_str()),
    }
}

fn object(answer: &Answer, row: &[Value]) -> Json {
    let pairs = answer.columns.iter().zip(row).map(|(name, value)| (name.clone(), wire(value)));
    Json::Object(pairs.collect::<Map<_, _>>())
}

/// The rows as one array of objects, with a line end. Of columns of one name the last remains.
#[must_use]
pub fn answer_json(answer: &Answer) -> String {
    json::pretty(&answer.rows.iter().map(|row| object(answer, row)).collect::<Vec<_>>())
}

/// The rows as an object per line.
#[must_use]
pub fn answer_lines(answer: &Answer) -> String {
    answer.rows.iter().fold(String::new(), |mut text, row| {
        let _ = writeln!(text, "{}", object(answer, row));
        text
    })
}

/// Widest cell of a table; `--format csv` has the whole.
const CELL_MAX: usize = 60;
/// Rows of a table that a person reads; `--format csv` has all.
const ROWS_SHOWN: usize = 1_000;

/// The rows as a table.
#[must_use]
pub fn answer_table(answer: &Answer, view: &View) -> String {
    let cell = |value: &Value| match value {
        Value::Null => String::new(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Ours(text) => text.clone(),
        Value::Log(text) => escape_short(text, CELL_MAX),
    };
    let columns = answer.columns.iter().enumerate().map(|(at, name)| {
        let align = if is_number(answer, at) { Align::Right } else { Align::Left };
        Column::named(escape_short(name, CELL_MAX), align)
    });
    let mut grid = Grid::new(&columns.collect::<Vec<_>>());
    for row in answer.rows.iter().take(ROWS_SHOWN) {
        grid.row(row.iter().map(cell));
    }
    let text = grid.render(view.width);
    let shown = count_of(length(answer.rows.len()), "row", "rows");
    let more = "; the first 1,000 are shown, --format csv has all";
    let more = if answer.rows.len() > ROWS_SHOWN { more } else { "" };
    text + &wrap(&format!("{shown}{more}"), 0, view.width)
}

fn is_number(answer: &Answer, at: usize) -> bool {
    let mut values = answer.rows.iter().filter_map(|row| row.get(at)).filter(|value| **value != Value::Null);
    values.all(|value| matches!(value, Value::Integer(_) | Value::Real(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Zone;

    fn answer() -> Answer {
        Answer {
            columns: vec!["event".to_owned(), "n".to_owned()],
            rows: vec![
                vec![Value::Log("Lead\x1b[2J".to_owned()), Value::Integer(12)],
                vec![Value::Null, Value::Real(0.5)],
            ],
        }
    }

    #[test]
    fn a_table_lines_up_and_shows_no_control_characters() {
        let view = View::plain(Zone::UTC);
        assert_eq!(
            answer_table(&answer(), &view),
            " event          n\n Lead\\x1b[2J   12\n              0.5\n2 rows\n"
        );
    }

    #[test]
    fn a_narrow_terminal_gets_records() {
        let view = View { width: Some(12), ..View::plain(Zone::UTC) };
        assert_eq!(
            answer_table(&answer(), &view),
            " event\n  Lead\\x1b[2J\n n      12\n\n n      0.5\n2 rows\n"
        );
    }

    #[test]
    fn programs_get_every_value() {
        assert_eq!(
            answer_lines(&answer()),
            "{\"event\":\"Lead\\u001b[2J\",\"n\":12}\n{\"event\":null,\"n\":0.5}\n"
        );
    }
}
