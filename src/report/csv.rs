//! CSV and TSV that no spreadsheet takes for formulas.

use crate::audit::AuditResult;

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

/// The columns of [`audit`], by their names in the audit's JSON.
const AUDIT_FIELDS: [&str; 15] = [
    "event",
    "events",
    "excluded",
    "waiting",
    "expected",
    "delivered",
    "refused",
    "unknown",
    "never_sent",
    "missing",
    "missing_browser_fired",
    "missing_neither_leg",
    "missing_browser_unknown",
    "coverage",
    "match_strength",
];

/// An audit as its table of events, a line each. No line for all of them: a column of it can be summed.
#[must_use]
pub fn audit(result: &AuditResult, separator: Separator) -> Vec<u8> {
    let mut bytes = record(separator, AUDIT_FIELDS.iter().map(|field| (*field).to_owned()));
    for event in &result.by_event {
        let counts = &event.counts;
        let numbers = [
            counts.events,
            counts.excluded,
            counts.waiting,
            counts.expected(),
            counts.delivered,
            counts.refused,
            counts.unknown,
            counts.never_sent,
            counts.missing(),
            counts.missing_browser_fired,
            counts.missing_neither_leg,
            counts.missing_browser_unknown,
        ];
        let shares = [counts.coverage_ppm().map(u64::from), event.strength_ppm(&result.key_weights)];
        let shares = shares.map(|ppm| ppm.map(share).unwrap_or_default());
        let cells = std::iter::once(defuse(event.name.as_str()));
        bytes.extend(record(separator, cells.chain(numbers.map(|n| n.to_string())).chain(shares)));
    }
    bytes
}

/// Millionths as a decimal number.
fn share(ppm: u64) -> String {
    format!("{}.{:06}", ppm / 1_000_000, ppm % 1_000_000)
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
    use crate::audit::KeyCoverage;

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
    fn an_audit_is_a_line_per_event_with_numbers_that_add_up() {
        let mut result = super::super::tests_support::result();
        result.by_event[0].name = crate::domain::EventName::parse("@Pay\t").unwrap();
        let bytes = audit(&result, Separator::Tab);
        let mut lines = text(&bytes).lines();
        assert_eq!(
            lines.next().map(|line| line.split('\t').collect::<Vec<_>>()),
            Some(AUDIT_FIELDS.to_vec())
        );
        assert_eq!(
            lines.next(),
            Some("'@Pay\\x09\t70\t24\t0\t46\t37\t1\t0\t8\t9\t3\t6\t0\t0.804347\t0.521739")
        );
        assert_eq!(lines.next(), None);
        result.by_event[0].counts.without_log = 46;
        result.by_event[0].match_keys =
            result.by_event[0].match_keys.map(|key| KeyCoverage { total: 3, ..key });
        assert!(text(&audit(&result, Separator::Comma)).ends_with(",0,,\n"), "unknown is no number");
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
