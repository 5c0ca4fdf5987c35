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
const TELLING: &[&str] = &["eventid", "traceid", "distinctid"];
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
    /// The header as it stands: tables that were put together repeat it.
    header: String,
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
        let mut lines = first.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
        let line = lines.find(|line| !is_separator(line))?;
        if line.trim_ascii_start().starts_with(b"{") {
            return None;
        }
        let line = std::str::from_utf8(line).ok()?.trim_end_matches('\r');
        let (delimiter, names) = DELIMITERS
            .iter()
            .filter_map(|delimiter| Some((*delimiter, split(line, *delimiter)?)))
            .max_by_key(|(_, names)| names.len())?;
        let names: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
        let is_name = |name: &String| name.len() <= NAME_BYTES_MAX && !name.contains('{');
        let is_enough = names.iter().filter(|name| !name.is_empty()).count() > 1;
        let is_header = is_enough && names.iter().all(is_name);
        is_header.then(|| Self { delimiter, names, header: line.trim().to_owned() })
    }

    /// Whether a line is no row: the header, or the line before it by which spreadsheets name their separator.
    pub(super) fn is_header(&self, line: &str) -> bool {
        line.trim_start_matches('\u{feff}').trim() == self.header || is_separator(line.as_bytes())
    }

    /// Whether a line has a field for each column.
    pub(super) fn fits(&self, line: &str) -> bool {
        split(line, self.delimiter).is_some_and(|fields| self.is_row(&fields))
    }

    /// Whether there is a field for each column; empty ones behind them do no harm.
    fn is_row(&self, fields: &csv::StringRecord) -> bool {
        fields.len() >= self.names.len() && fields.iter().skip(self.names.len()).all(str::is_empty)
    }

    /// A row as the JSON of its record; an empty field is none, and neither is one without a name.
    pub(in crate::ingest) fn record(&self, line: &str) -> Result<String, Reason> {
        let fields = split(line, self.delimiter).ok_or(Reason::Syntax)?;
        if !self.is_row(&fields) {
            return Err(Reason::Syntax);
        }
        let mut record = String::from("{");
        let named = self.names.iter().zip(&fields);
        for (name, field) in named.filter(|(name, field)| !name.is_empty() && !field.is_empty()) {
            self.write(&mut record, name, &self.value(name, field));
        }
        record.push('}');
        Ok(record)
    }

    /// A field as JSON. A table is separated by semicolons where commas are decimal.
    fn value(&self, name: &str, field: &str) -> String {
        let point = if self.delimiter == b';' && is_money(name) { with_point(field) } else { None };
        value(name, point.as_deref().unwrap_or(field))
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

/// `sep=;`, which spreadsheets put before a table.
fn is_separator(line: &[u8]) -> bool {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    matches!(line.trim_ascii_end(), [b's', b'e', b'p', b'=', sign] if DELIMITERS.contains(sign))
}

/// Money with a decimal comma, as with a point; `None` for anything else.
fn with_point(field: &str) -> Option<String> {
    let (whole, cents) = field.rsplit_once(',')?;
    let groups: Vec<&str> = whole.trim_start_matches('-').split('.').collect();
    let (first, rest) = groups.split_first()?;
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_grouped = is_digits(first) && rest.iter().all(|group| group.len() == 3 && is_digits(group));
    (is_grouped && is_digits(cents)).then(|| format!("{}.{cents}", whole.replace('.', "")))
}

/// A field as JSON.
fn value(name: &str, field: &str) -> String {
    let is_json = field.starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(field).is_ok();
    let is_number = || {
        NUMBERS.contains(&fold(name).as_str())
            && field.parse::<i64>().is_ok_and(|number| number.to_string() == *field)
    };
    let is_money = || is_money(name) && serde_json::from_str::<serde_json::Number>(field).is_ok();
    if is_json || is_number() || is_money() { field.to_owned() } else { Json::from(field).to_string() }
}

fn is_money(name: &str) -> bool {
    MONEY.contains(&fold(name.rsplit('.').next().unwrap_or(name)).as_str())
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
            "event_id,,x,",
            "sep=;\r\nevent_id;event",
        ] {
            assert!(columns(header).is_some(), "{header}");
        }
        for line in ["{\"event_id\":1,\"a\":2}", "id,name", "event_id", "event_id,,", "a {event_id,b", ""] {
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
        assert!(
            columns.fits("1,2,3,4,5,6,,") && !columns.fits("1,2,3,4,5,6,7"),
            "only empty ones may be over"
        );
    }

    #[test]
    fn a_column_without_a_name_is_none() {
        let columns = columns("event_id,,note,").unwrap();
        assert_eq!(columns.record("1,x,y,z").unwrap(), r#"{"event_id":"1","note":"y"}"#);
    }

    #[test]
    fn a_header_may_come_again_and_is_no_row() {
        let columns = columns("\u{feff}sep=;\r\nevent_id;value").unwrap();
        for line in ["sep=;", "\u{feff}sep=;", "event_id;value", "\u{feff}event_id;value "] {
            assert!(columns.is_header(line), "{line}");
        }
        assert!(!columns.is_header("event_id;1") && !columns.is_header("sep=x"));
    }

    #[test]
    fn commas_are_decimal_where_semicolons_separate() {
        let record = |header: &str, row: &str| columns(header).unwrap().record(row).unwrap();
        for (field, wanted) in [
            ("9,99", "9.99"),
            ("1.234,5", "1234.5"),
            ("-1,50", "-1.50"),
            ("12", "12"),
            ("9.99", "9.99"),
            ("1.23,4", "\"1.23,4\""),
            ("1,2,3", "\"1,2,3\""),
            (",5", "\",5\""),
            ("a,1", "\"a,1\""),
        ] {
            let wanted = format!("{{\"event_id\":\"1\",\"value\":{wanted}}}");
            assert_eq!(record("event_id;value", &format!("1;{field}")), wanted);
        }
        assert_eq!(record("event_id;note", "1;9,99"), r#"{"event_id":"1","note":"9,99"}"#);
        assert_eq!(record("event_id,value", "1,\"9,99\""), r#"{"event_id":"1","value":"9,99"}"#);
    }
}
