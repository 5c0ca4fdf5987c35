//! Rows of CSV and TSV files with a header: each becomes the record that its columns name.

use serde::de::IgnoredAny;
use serde_json::Value as Json;

use crate::domain::{FieldOrigin, FormatMap, Reason};
use crate::tiktok::event_map::fold;

/// What may stand between two columns.
const DELIMITERS: &[u8] = b",\t;|";
/// The longest name of a column: a longer one is a line of something else.
const NAME_BYTES_MAX: usize = 64;
/// Columns without which a table holds no records of ours, folded.
const TELLING: &[&str] = &["eventid", "traceid"];
/// Columns whose whole numbers are numbers, folded. All else is text, and an id must be.
const NUMBERS: &[&str] = &["code", "httpstatus", "responsestatuscode"];
/// Columns of money, folded: a table has no types, so a number in quotes is no flaw of its own.
const MONEY: &[&str] = &["value", "price", "total", "amount", "revenue"];
/// What a column's name may begin with: the parts of a record.
const PARTS: &[&str] = &["user.", "page.", "properties."];

/// The columns of a table.
#[derive(Debug)]
pub(in crate::ingest) struct Columns {
    delimiter: u8,
    names: Vec<String>,
}

impl Columns {
    /// Reads the first line of a text as a header. It must have a column that this program or a map of the
    /// config knows as the event's id.
    pub(in crate::ingest) fn of(first: &[u8], maps: &[FormatMap]) -> Option<Self> {
        let is_mapped = |name: &str| {
            let mut fields =
                maps.iter().flat_map(|map| &map.fields).filter(|field| &*field.field == "event_id");
            fields.any(|field| match &field.origin {
                FieldOrigin::Path { path, .. } => **path == *name,
                FieldOrigin::Const(_) => false,
            })
        };
        let is_telling = |name: &String| TELLING.contains(&fold(name).as_str()) || is_mapped(name);
        Self::any(first).filter(|columns| columns.names.iter().any(is_telling))
    }

    /// Reads the first line of a text as a header, whatever its columns.
    pub(in crate::ingest) fn any(first: &[u8]) -> Option<Self> {
        let first = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first);
        let line = first.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty())?;
        if line.trim_ascii_start().starts_with(b"{") {
            return None;
        }
        let line = std::str::from_utf8(line).ok()?.trim_end_matches('\r');
        let (delimiter, names) = DELIMITERS
            .iter()
            .filter_map(|delimiter| Some((*delimiter, split(line, *delimiter)?)))
            .max_by_key(|(_, names)| names.len())?;
        let names: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
        let is_name = |name: &String| !name.is_empty() && name.len() <= NAME_BYTES_MAX && !name.contains('{');
        let is_header = names.len() > 1 && names.iter().all(is_name);
        is_header.then_some(Self { delimiter, names })
    }

    /// Whether a line has a field for each column.
    pub(super) fn fits(&self, line: &str) -> bool {
        split(line, self.delimiter).is_some_and(|fields| fields.len() == self.names.len())
    }

    /// A row as the JSON of its record; an empty field is none.
    pub(in crate::ingest) fn record(&self, line: &str) -> Result<String, Reason> {
        let fields = split(line, self.delimiter).ok_or(Reason::Syntax)?;
        if fields.len() != self.names.len() {
            return Err(Reason::Syntax);
        }
        let mut record = String::from("{");
        for (name, field) in self.names.iter().zip(&fields).filter(|(_, field)| !field.is_empty()) {
            self.write(&mut record, name, &value(name, field));
        }
        record.push('}');
        Ok(record)
    }

    /// Writes a field under its column's name, and under the name of its part's field.
    fn write(&self, record: &mut String, name: &str, value: &str) {
        let part = PARTS.iter().find_map(|part| name.strip_prefix(part));
        let short = part.filter(|short| !self.names.iter().any(|name| name == short));
        for key in [Some(name), short].into_iter().flatten() {
            if record.len() > 1 {
                record.push(',');
            }
            record.push_str(&Json::from(key).to_string());
            record.push(':');
            record.push_str(value);
        }
    }
}

/// A field as JSON.
fn value(name: &str, field: &str) -> String {
    let is_json = field.starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(field).is_ok();
    let is_number = || {
        NUMBERS.contains(&fold(name).as_str())
            && field.parse::<i64>().is_ok_and(|number| number.to_string() == *field)
    };
    let is_money = || {
        let short = name.rsplit('.').next().unwrap_or(name);
        MONEY.contains(&fold(short).as_str()) && serde_json::from_str::<serde_json::Number>(field).is_ok()
    };
    if is_json || is_number() || is_money() { field.to_owned() } else { Json::from(field).to_string() }
}

/// The fields of a row.
fn split(line: &str, delimiter: u8) -> Option<csv::StringRecord> {
    let mut rows = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(line.len().max(64))
        .from_reader(line.as_bytes());
    let mut row = csv::StringRecord::new();
    rows.read_record(&mut row).ok()?.then_some(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(header: &str) -> Option<Columns> {
        Columns::of(header.as_bytes(), &[])
    }

    #[test]
    fn a_header_names_the_event_id() {
        for header in [
            "event_id,event,ts",
            "Event ID;Event;Time\r\n1;2;3",
            "\u{feff}\n eventId\tname",
            "\"event_id\",\"a,b\"",
        ] {
            assert!(columns(header).is_some(), "{header}");
        }
        for line in ["{\"event_id\":1,\"a\":2}", "id,name", "event_id", "event_id,,x", "a {event_id,b", ""] {
            assert!(columns(line).is_none(), "{line}");
        }
    }

    #[test]
    fn a_row_is_the_record_of_its_columns() {
        let columns = columns("event_id,code,user.email,contents,note,properties.value").unwrap();
        assert_eq!(
            columns
                .record("007,0,a@b.example,\"[{\"\"content_id\"\":\"\"p\"\"}]\",\"say \"\"x\"\"\",9.90")
                .unwrap(),
            r#"{"event_id":"007","code":0,"user.email":"a@b.example","email":"a@b.example","contents":[{"content_id":"p"}],"note":"say \"x\"","properties.value":9.90,"value":9.90}"#
        );
        assert_eq!(columns.record("1,x,,,,").unwrap(), r#"{"event_id":"1","code":"x"}"#);
        assert_eq!(columns.record("1,2").unwrap_err(), Reason::Syntax);
        assert!(columns.fits("1,2,3,4,5,6") && !columns.fits("1,2,3,4,5"));
    }
}
