//! What a text is made of: lines, the elements of JSON arrays, objects laid out over several lines, or the
//! rows of a table.
//!
//! An array becomes lines without moving a byte: what stands between two elements becomes line ends,
//! and line ends inside an element become spaces. So every element keeps its offset, and everything that
//! holds for lines (positions, anchors, limits) holds for elements too.

use std::io::{self, Read};

use super::decode::Text;

/// The longest first line that is looked at.
const FIRST_LINE_BYTES_MAX: usize = 64 << 10;

/// What a text is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Lines.
    Lines,
    /// Elements of JSON arrays.
    Array,
    /// JSON objects of several lines each, one after the other.
    Objects,
    /// Rows of a table, its header first; a row may go over several lines.
    Table,
}

/// The start of a text, up to the end of its first line that is not blank.
pub(super) fn first_line(text: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut first = Vec::new();
    let mut chunk = [0; 4096];
    while first.len() < FIRST_LINE_BYTES_MAX {
        match text.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => first.extend_from_slice(chunk.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // What came before the damage is text all the same, and the damage is told when it is read.
            Err(error) if first.is_empty() => return Err(error),
            Err(_) => break,
        }
        let content = first.trim_ascii_start();
        // An opening bracket may stand on a line of its own.
        if memchr::memchr(b'\n', content).is_some_and(|end| end > 1) {
            break;
        }
    }
    Ok(first)
}

impl Shape {
    /// Told by the first bytes. A text log may begin with a date in brackets, so an array must go on with
    /// an object.
    pub(super) fn of(first: &[u8]) -> Self {
        let content = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first).trim_ascii_start();
        let array = content.strip_prefix(b"[").map(<[u8]>::trim_ascii_start);
        if array.is_some_and(|rest| rest.starts_with(b"{")) {
            return Self::Array;
        }
        // A brace with nothing but a line end behind it, then a key.
        let open = content.strip_prefix(b"{").map(|rest| rest.strip_prefix(b"\r").unwrap_or(rest));
        let key = open.and_then(|rest| rest.strip_prefix(b"\n")).map(<[u8]>::trim_ascii_start);
        if key.is_some_and(|rest| rest.starts_with(b"\"")) { Self::Objects } else { Self::Lines }
    }

    /// The text as lines of the same length.
    pub(super) fn lines(self, text: Text<'_>) -> Text<'_> {
        match self {
            Self::Lines => text,
            Self::Array => Box::new(Reshaped { text, state: State::Outside(Start::OfLine) }),
            Self::Objects => Box::new(Reshaped { text, state: State::Between }),
            Self::Table => Box::new(Reshaped { text, state: State::Row(Quotes::Closed) }),
        }
    }
}

struct Reshaped<'p> {
    text: Text<'p>,
    state: State,
}

impl Read for Reshaped<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.text.read(to)?;
        for byte in to.iter_mut().take(count) {
            (self.state, *byte) = self.state.next(*byte);
        }
        Ok(count)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    OfLine,
    Passed,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    Closed,
    Open,
    /// Behind a backslash.
    Escaped,
}

/// Where in a text a byte stands.
#[derive(Clone, Copy)]
enum State {
    /// Before, behind and between arrays.
    Outside(Start),
    /// Between the elements of an array, or between objects.
    Between,
    /// In an element, this deep in objects and arrays.
    Element(usize, Quotes),
    /// In a table.
    Row(Quotes),
}

impl State {
    /// The state after a byte, and what becomes of the byte.
    const fn next(self, byte: u8) -> (Self, u8) {
        match self {
            Self::Outside(start) => match (start, byte) {
                (_, b'\n') => (Self::Outside(Start::OfLine), byte),
                (Start::OfLine, b' ' | b'\t' | b'\r' | 0xef | 0xbb | 0xbf) => (self, byte),
                (Start::OfLine, b'[') => (Self::Between, b'\n'),
                _ => (Self::Outside(Start::Passed), byte),
            },
            Self::Between => match byte {
                b',' | b' ' | b'\t' | b'\r' | b'\n' => (self, b'\n'),
                b']' => (Self::Outside(Start::OfLine), b'\n'),
                b'{' | b'[' => (Self::Element(1, Quotes::Closed), byte),
                b'"' => (Self::Element(0, Quotes::Open), byte),
                _ => (Self::Element(0, Quotes::Closed), byte),
            },
            Self::Element(depth, quotes) => Self::in_element(depth, quotes, byte),
            Self::Row(quotes) => match (quotes, byte) {
                (Quotes::Open, b'"') => (Self::Row(Quotes::Closed), byte),
                (Quotes::Open, b'\n' | b'\r') => (self, b' '),
                (Quotes::Closed, b'"') => (Self::Row(Quotes::Open), byte),
                _ => (self, byte),
            },
        }
    }

    const fn in_element(depth: usize, quotes: Quotes, byte: u8) -> (Self, u8) {
        match (quotes, byte) {
            (Quotes::Escaped, _) | (Quotes::Closed, b'"') => (Self::Element(depth, Quotes::Open), byte),
            (Quotes::Open, b'\\') => (Self::Element(depth, Quotes::Escaped), byte),
            (Quotes::Open, b'"') => (Self::Element(depth, Quotes::Closed), byte),
            (Quotes::Closed, b'\n' | b'\r') => (Self::Element(depth, quotes), b' '),
            (Quotes::Closed, b'{' | b'[') => (Self::Element(depth + 1, quotes), byte),
            (Quotes::Closed, b'}' | b']') => match depth {
                0 => (Self::Outside(Start::OfLine), b'\n'),
                1 => (Self::Between, byte),
                _ => (Self::Element(depth - 1, quotes), byte),
            },
            (Quotes::Closed, b',') if depth == 0 => (Self::Between, b'\n'),
            (Quotes::Open | Quotes::Closed, _) => (Self::Element(depth, quotes), byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(shape: Shape, text: &str) -> Vec<(usize, String)> {
        let mut whole = String::new();
        // One byte at a time: the state is all that is carried from read to read.
        let from: Text<'_> = Box::new(io::BufReader::with_capacity(1, text.as_bytes()));
        shape.lines(from).read_to_string(&mut whole).unwrap();
        assert_eq!(whole.len(), text.len());
        let mut at = 0;
        let found = whole.split('\n').map(|line| {
            let begun = at;
            at += line.len() + 1;
            (begun, line.to_owned())
        });
        found.filter(|(_, line)| !line.trim().is_empty()).collect()
    }

    #[test]
    fn each_element_is_a_line_that_begins_where_it_stands() {
        let text = "\u{feff}[\n  {\"a\": [1,\n 2], \"b\": \"],{\\\"\"},{\"c\":{}} ,\n 7, \"x,y\", []\n]\n[{\"d\":1}]\n{\"e\":[]}\n";
        let found = lines(Shape::Array, text);
        let want = [
            "{\"a\": [1,  2], \"b\": \"],{\\\"\"}",
            "{\"c\":{}}",
            "7",
            "\"x,y\"",
            "[]",
            "{\"d\":1}",
            "{\"e\":[]}",
        ];
        let elements: Vec<&str> = found.iter().map(|(_, line)| line.trim_start_matches('\u{feff}')).collect();
        assert_eq!(elements.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>(), want);
        for (at, line) in &found {
            assert!(line.starts_with('\u{feff}') || text[*at..].starts_with(&line[..1]), "{at} {line}");
        }
    }

    #[test]
    fn each_object_is_a_line_however_it_is_laid_out() {
        let text = "{\n  \"a\": [\n    1\n  ]\n}\n{\n  \"b\": \"}\\n\"\n},\n\n{\"c\": 1}\n";
        let found = lines(Shape::Objects, text);
        let found: Vec<String> = found.into_iter().map(|(_, line)| line.replace(' ', "")).collect();
        assert_eq!(found, ["{\"a\":[1]}", "{\"b\":\"}\\n\"}", "{\"c\":1}"]);
    }

    #[test]
    fn a_quoted_line_end_ends_no_row() {
        let found = lines(Shape::Table, "a,b\n1,\"x\ny\"\n2,\"say \"\"\n\"\"\"\n");
        let rows: Vec<&str> = found.iter().map(|(_, line)| line.as_str()).collect();
        assert_eq!(rows, ["a,b", "1,\"x y\"", "2,\"say \"\" \"\"\""]);
    }

    #[test]
    fn the_first_bytes_tell() {
        for (first, shape) in [
            ("[{\"a\":1}]", Shape::Array),
            ("\u{feff} [\n\n {", Shape::Array),
            ("[2026-11-20 12:00:00] {}", Shape::Lines),
            ("[\"a\"]", Shape::Lines),
            ("[", Shape::Lines),
            ("{\"a\":[]}", Shape::Lines),
            ("{\n  \"a\": 1\n}", Shape::Objects),
            ("\u{feff}{\r\n\"a\": 1}", Shape::Objects),
            ("{\n{\"a\":1}\n", Shape::Lines),
            ("{}\n{\"a\":1}\n", Shape::Lines),
            ("", Shape::Lines),
        ] {
            assert_eq!(Shape::of(first.as_bytes()), shape, "{first}");
        }
    }
}
