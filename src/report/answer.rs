//! The answer to a question in SQL.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json};
use unicode_width::UnicodeWidthStr as _;

use super::number::{count_of, length};
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
    let header: Vec<String> = answer.columns.iter().map(|name| escape_short(name, CELL_MAX)).collect();
    let rows: Vec<Vec<String>> =
        answer.rows.iter().take(ROWS_SHOWN).map(|row| row.iter().map(cell).collect()).collect();
    let widths: Vec<usize> = header
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let widest = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.width()).max();
            widest.unwrap_or(0).max(name.width())
        })
        .collect();
    let is_number: Vec<bool> = (0..header.len()).map(|at| is_number(answer, at)).collect();
    let total: usize = widths.iter().map(|width| width + 2).sum();
    let mut text = String::new();
    if view.width.is_some_and(|width| total > width && header.len() > 1) {
        records(&mut text, &header, &rows);
    } else {
        for row in std::iter::once(&header).chain(&rows) {
            let mut line = String::new();
            for ((cell, width), right) in row.iter().zip(&widths).zip(&is_number) {
                let fill = " ".repeat(width.saturating_sub(cell.width()));
                let _ = if *right { write!(line, " {fill}{cell} ") } else { write!(line, " {cell}{fill} ") };
            }
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    let shown = count_of(length(answer.rows.len()), "row", "rows");
    let _ = if answer.rows.len() > ROWS_SHOWN {
        writeln!(text, "{shown}; the first 1,000 are shown, --format csv has all")
    } else {
        writeln!(text, "{shown}")
    };
    text
}

fn is_number(answer: &Answer, at: usize) -> bool {
    let mut values = answer.rows.iter().filter_map(|row| row.get(at)).filter(|value| **value != Value::Null);
    values.all(|value| matches!(value, Value::Integer(_) | Value::Real(_)))
}

/// Too wide for the terminal: a line per value, a blank line between rows.
fn records(text: &mut String, header: &[String], rows: &[Vec<String>]) {
    let widest = header.iter().map(|name| name.width()).max().unwrap_or(0);
    for row in rows {
        for (name, cell) in header.iter().zip(row).filter(|(_, cell)| !cell.is_empty()) {
            let fill = " ".repeat(widest.saturating_sub(name.width()));
            let _ = writeln!(text, " {name}{fill}  {cell}");
        }
        text.push('\n');
    }
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
        let view = View { zone: Zone::UTC, width: None };
        assert_eq!(
            answer_table(&answer(), &view),
            " event          n\n Lead\\x1b[2J   12\n              0.5\n2 rows\n"
        );
    }

    #[test]
    fn a_narrow_terminal_gets_records() {
        let view = View { zone: Zone::UTC, width: Some(12) };
        assert_eq!(
            answer_table(&answer(), &view),
            " event  Lead\\x1b[2J\n n      12\n\n n      0.5\n\n2 rows\n"
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
