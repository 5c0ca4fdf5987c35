//! CSV and TSV that no spreadsheet takes for formulas.

use super::answer::{Answer, Value};
use super::escape;
use super::events::{self, EventRow, QuarantinedLine, Trust};

/// What separates the cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// CSV.
    Comma,
    /// TSV.
    Tab,
}

/// The header line of a list of events.
#[must_use]
pub fn events_header(separator: Separator) -> Vec<u8> {
    record(separator, events::FIELDS.iter().map(|field| (*field).to_owned()))
}

/// One event as a line.
#[must_use]
pub fn event(row: &EventRow, separator: Separator) -> Vec<u8> {
    record(separator, events::cells(row).into_iter().map(cell))
}

/// The header line of a list of quarantined lines.
#[must_use]
pub fn quarantined_header(separator: Separator) -> Vec<u8> {
    record(separator, events::QUARANTINED_FIELDS.iter().map(|field| (*field).to_owned()))
}

/// One quarantined line as a line.
#[must_use]
pub fn quarantined(row: &QuarantinedLine, separator: Separator) -> Vec<u8> {
    record(separator, events::quarantined_cells(row).into_iter().map(cell))
}

/// An answer to a question in SQL: a header, then its rows.
#[must_use]
pub fn answer(answer: &Answer, separator: Separator) -> Vec<u8> {
    let mut bytes = record(separator, answer.columns.iter().map(|name| defuse(name)));
    for row in &answer.rows {
        bytes.extend(record(
            separator,
            row.iter().map(|value| match value {
                Value::Null => String::new(),
                Value::Integer(number) => number.to_string(),
                Value::Real(number) => number.to_string(),
                Value::Ours(text) => text.clone(),
                Value::Log(text) => defuse(text),
            }),
        ));
    }
    bytes
}

fn cell((text, trust): (String, Trust)) -> String {
    match trust {
        Trust::Ours => text,
        Trust::Log => defuse(&text),
    }
}

/// Text that begins like a formula, also after blanks or quotes, gets a leading `'`. Control
/// characters are escaped: a line end inside a cell begins a new cell in careless readers.
pub(super) fn defuse(text: &str) -> String {
    let first = text.chars().find(|c| !matches!(c, ' ' | '"' | '\'' | '\u{a0}' | '\u{3000}'));
    let shown = escape(text);
    match first {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '|' | '%' | '＝' | '＋' | '－' | '＠') => {
            format!("'{shown}")
        }
        Some(_) | None => shown.into_owned(),
    }
}

pub(super) fn record(separator: Separator, cells: impl Iterator<Item = String>) -> Vec<u8> {
    let delimiter = match separator {
        Separator::Comma => b',',
        Separator::Tab => b'\t',
    };
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    for cell in cells {
        // Writing to memory does not fail.
        let _ = writer.write_field(cell);
    }
    let _ = writer.write_record(None::<&[u8]>);
    writer.into_inner().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::tests_support::event_row;
    use super::*;

    fn text(bytes: &[u8]) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn x_03_text_that_looks_like_a_formula_is_defused() {
        for (given, want) in [
            ("=1+1", "'=1+1"),
            ("+49", "'+49"),
            ("-x", "'-x"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\\x09x"),
            ("\rx", "'\\x0dx"),
            ("＝1", "'＝1"),
            (" =1", "' =1"),
            ("\"=1", "'\"=1"),
            ("a\n=1", "a\\x0a=1"),
            ("plain", "plain"),
            ("9f-a", "9f-a"),
            ("", ""),
        ] {
            assert_eq!(defuse(given), want, "{given:?}");
        }
    }

    #[test]
    fn numbers_stay_numbers() {
        let mut row = event_row();
        row.value = crate::domain::Amount::parse("-5.50");
        let line = event(&row, Separator::Comma);
        assert_eq!(
            text(&line),
            "'=ord_1,CompletePayment,C4A1B2C3D4E5F6G7H8I9,12,s-1,'+A\\x1b1,2026-11-01T06:00:00Z,-5.50,USD,\
             refused,40002,code-40002,true,2026-11-03T05:00:00Z,,\n"
        );
    }

    #[test]
    fn the_header_names_the_fields_of_the_contract() {
        let header = events_header(Separator::Tab);
        assert!(text(&header).starts_with("event_id\tevent\tpixel_id\t"));
        assert_eq!(text(&header).trim_end().split('\t').count(), events::FIELDS.len());
    }

    #[test]
    fn a_cell_with_a_separator_is_quoted() {
        let mut row = event_row();
        row.order = Some(crate::domain::Untrusted::new("a,\"b"));
        assert!(text(&event(&row, Separator::Comma)).contains(",\"a,\"\"b\","));
    }
}
