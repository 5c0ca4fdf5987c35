//! Records inside the lines of loggers: pino, winston, bunyan, Docker, journald, CRI, and text before them.
//!
//! Also the lists in which services hand out records, and the lines of web servers and log stores that hold
//! a request's body. Looked for only where the plain reading found no record, so that none is ever taken for a wrapper. The
//! logger's own time serves a record that has none.

use std::borrow::Cow;

use crate::domain::{Reason, TimeMs};
use crate::ingest::json::{Tape, Value};
use crate::ingest::record::{Builder, Rejected};
use crate::ingest::time;

/// Where loggers put what they were given.
const INNER: &[&str] = &[
    "message",
    "msg",
    "log",
    "MESSAGE",
    "@message",
    "textPayload",
    "jsonPayload",
    "event",
    "body",
    "payload",
    "record",
    "line",
    "data",
    "meta",
    "metadata",
    "fields",
    "attributes",
    "_source",
    "hits",
    "short_message",
    "full_message",
    "request_body",
];
/// Where services put a list of records.
const LISTS: &[&str] =
    &["data", "events", "results", "records", "items", "rows", "hits", "batch", "logEvents"];
/// Where they put the time.
const TIMES: &[&str] = &["time", "timestamp", "@timestamp", "ts", "received_at", "receivedAt"];
/// How many loggers may stand around each other.
const NEST_MAX: usize = 4;
/// The longest text before a record.
const PREFIX_BYTES_MAX: usize = 512;

/// Reads the record inside a line that is none itself; `plain` is what the plain reading said.
pub(super) fn read(
    line: Value<'_, '_>,
    plain: Rejected,
    depth: usize,
    to: &mut Builder<'_>,
) -> Result<(), Rejected> {
    if depth >= NEST_MAX {
        return Err(plain);
    }
    let before = to.outer_at;
    to.outer_at = time_of(line, to).or(before);
    let mut told = plain;
    for (key, value) in line.fields().filter(|(key, _)| INNER.contains(key)) {
        let read = match (key, value.as_text(), line.field("stream").and_then(Value::as_text)) {
            ("log", Some(text), Some(stream)) => piece(stream, text, End::of(text), depth, to),
            (_, Some(text), _) => read_text(text, depth, to),
            (_, None, _) if value.is_object() => super::read_at(value, depth + 1, to),
            (_, None, _) => match bytes(value) {
                Some(text) => read_text(&text, depth, to),
                None => continue,
            },
        };
        match read {
            Ok(()) => {
                to.outer_at = before;
                return Ok(());
            }
            Err(inner) if is_telling(inner) => told = inner,
            Err(_) => {}
        }
    }
    let listed = read_list(line, depth, to).unwrap_or(Err(told));
    to.outer_at = before;
    listed.map_err(|inner| if is_telling(inner) { inner } else { told })
}

/// Whether it was a record that could not be used, and not something else.
fn is_telling(inner: Rejected) -> bool {
    inner.reason != Reason::UnknownRecord && inner.reason != Reason::Syntax
}

/// Reads the records of a list, all of them: the first that cannot be used is the line's fault. `None`: the
/// line holds no list.
fn read_list(line: Value<'_, '_>, depth: usize, to: &mut Builder<'_>) -> Option<Result<(), Rejected>> {
    let list = line.fields().find(|(key, value)| {
        LISTS.contains(key) && value.items().next().is_some() && value.items().all(Value::is_object)
    })?;
    let reads: Vec<_> = list.1.items().map(|item| super::read_at(item, depth + 1, to)).collect();
    Some(reads.into_iter().collect())
}

/// Reads a line that is no JSON: text of a logger, then a record.
pub(super) fn read_prefixed(line: &str, plain: Reason, to: &mut Builder<'_>) -> Result<(), Rejected> {
    if plain != Reason::Syntax || !may_be_prefixed(line) {
        return Err(plain.into());
    }
    let mut words = line.splitn(4, ' ');
    to.outer_at = words.next().filter(|at| at.len() >= 19).and_then(|at| time::from_text(at, to.zone).ok());
    let read = match (words.next(), words.next(), words.next()) {
        (Some(stream @ ("stdout" | "stderr")), Some(flag), Some(text)) if to.outer_at.is_some() => {
            let end = if flag.starts_with('P') { End::Open } else { End::Whole };
            piece(stream, text, end, 0, to)
        }
        _ => match record_in(line) {
            Some(text) => read_text(text, 0, to),
            None => Err(plain.into()),
        },
    };
    to.outer_at = None;
    read
}

/// Whether a line that is no JSON may be read all the same.
pub(super) fn is_prefixed(line: &str) -> bool {
    may_be_prefixed(line) && record_in(line).is_some_and(|text| Tape::default().parse(text).is_ok())
}

/// A record that is broken is none in a wrapping; a bracket may open a date.
fn may_be_prefixed(line: &str) -> bool {
    match line.strip_prefix('[') {
        Some(rest) => rest.starts_with(|c: char| c.is_ascii_digit()),
        None => !line.starts_with(['{', '"']),
    }
}

/// The text from the first brace on, behind a word of its own; Monolog ends its lines with empty lists.
pub(in crate::ingest) fn record_in(line: &str) -> Option<&str> {
    let at = memchr::memchr(b'{', line.as_bytes()).filter(|at| *at <= PREFIX_BYTES_MAX)?;
    let (before, record) = line.split_at_checked(at)?;
    let record = record.trim_end().trim_end_matches(" []");
    before.ends_with([' ', '\t', ':', '|', ']']).then_some(record)
}

fn read_text(text: &str, depth: usize, to: &mut Builder<'_>) -> Result<(), Rejected> {
    let Some(text) = Some(text.trim()).filter(|text| text.starts_with('{')).or_else(|| record_in(text))
    else {
        return Err(Reason::UnknownRecord.into());
    };
    let mut tape = Tape::within(to.policy.limits);
    super::read_at(tape.parse(text)?, depth + 1, to)
}

/// A record without the loggers that wrote it as text.
pub(in crate::ingest) fn unwrap(mut record: serde_json::Value) -> serde_json::Value {
    for _ in 0..NEST_MAX {
        let inner = record.as_object().and_then(|fields| {
            let mut texts = fields.iter().filter(|(key, _)| INNER.contains(&key.as_str()));
            texts.find_map(|(_, value)| {
                let text = value.as_str()?.trim();
                let text = if text.starts_with('{') { text } else { record_in(text)? };
                serde_json::from_str::<serde_json::Value>(text).ok()
            })
        });
        match inner {
            Some(inner) if inner.is_object() => record = inner,
            Some(_) | None => break,
        }
    }
    record
}

/// What journald writes for text that is not all printable: its bytes.
fn bytes(value: Value<'_, '_>) -> Option<String> {
    let bytes: Option<Vec<u8>> = value.items().map(|item| u8::try_from(item.as_int()?).ok()).collect();
    String::from_utf8(bytes?).ok().filter(|text| !text.is_empty())
}

fn time_of(line: Value<'_, '_>, to: &Builder<'_>) -> Option<TimeMs> {
    if let Some(at) = line.field("__REALTIME_TIMESTAMP") {
        let microseconds: i64 = at.id()?.parse().ok()?;
        return Some(TimeMs::from_ms(microseconds.div_euclid(1000))).filter(|at| at.is_plausible());
    }
    TIMES.iter().filter_map(|key| line.field(key)).find_map(|at| time::read(Some(at), to.zone).ok())
}

/// Whether a text is the end of its line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    Open,
}

impl End {
    /// Docker keeps a line's end in its text; other writers of its format do not.
    fn of(text: &str) -> Self {
        if text.ends_with('\n') { Self::Whole } else { Self::Open }
    }
}

/// Long lines that come in pieces, by stream.
#[derive(Default)]
pub(in crate::ingest) struct Pieces(Vec<Begun>);

/// The start of a line.
pub(in crate::ingest) struct Begun {
    stream: String,
    pub(in crate::ingest) text: String,
    /// Where its first piece stands.
    pub(in crate::ingest) offset: u64,
}

impl Pieces {
    /// Where the first piece stands of all that are open.
    pub(in crate::ingest) fn first(&self) -> Option<u64> {
        self.0.iter().map(|begun| begun.offset).min()
    }

    /// All that are open.
    pub(in crate::ingest) fn take_all(&mut self) -> Vec<Begun> {
        std::mem::take(&mut self.0)
    }

    fn take(&mut self, stream: &str) -> Option<Begun> {
        let at = self.0.iter().position(|begun| begun.stream == *stream)?;
        Some(self.0.swap_remove(at))
    }
}

/// Reads a line, or a piece of one: Docker and CRI cut at 16 KiB.
fn piece(stream: &str, text: &str, end: End, depth: usize, to: &mut Builder<'_>) -> Result<(), Rejected> {
    let begun = to.pieces.take(stream);
    let is_whole = Tape::within(to.policy.limits).parse(text.trim()).is_ok();
    let Some(begun) = begun else {
        if is_whole || end == End::Whole || !text.trim_start().starts_with('{') {
            return read_text(text, depth, to);
        }
        return open(stream, Cow::Borrowed(text), to.place.offset, to);
    };
    let here = to.place.offset;
    to.place.offset = begun.offset;
    let read = if is_whole && text.trim_start().starts_with('{') {
        // A line of its own: the one before never got its end.
        to.quarantine(begun.text.as_bytes(), Reason::Syntax.into());
        to.place.offset = here;
        return read_text(text, depth, to);
    } else {
        let whole = begun.text + text;
        if end == End::Open && Tape::within(to.policy.limits).parse(&whole).is_err() {
            open(stream, Cow::Owned(whole), begun.offset, to)
        } else {
            read_text(&whole, depth, to).or_else(|rejected| {
                to.quarantine(whole.as_bytes(), rejected);
                Ok(())
            })
        }
    };
    to.place.offset = here;
    read
}

fn open(stream: &str, text: Cow<'_, str>, offset: u64, to: &mut Builder<'_>) -> Result<(), Rejected> {
    if text.len() > to.policy.limits.line_bytes {
        return Err(Reason::LineTooLong.into());
    }
    to.pieces.0.push(Begun { stream: stream.to_owned(), text: text.into_owned(), offset });
    Ok(())
}
