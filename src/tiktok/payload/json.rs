//! A JSON writer for closed schemas: what is absent or empty is left out.

use std::fmt::Display;
use std::io::Write;

use crate::domain::Digest;

/// Writes one JSON object at the end of a buffer.
pub(super) struct Writer<'b>(&'b mut Vec<u8>);

impl<'b> Writer<'b> {
    /// Writes a whole object, `{}` where `fill` writes nothing.
    pub(super) fn object(to: &'b mut Vec<u8>, fill: impl FnOnce(&mut Writer<'_>)) {
        to.push(b'{');
        fill(&mut Writer(to));
        to.push(b'}');
    }

    /// A string that is not empty.
    pub(super) fn text(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.key(key);
            string(value, self.0);
        }
    }

    /// A number that prints itself as JSON wants it.
    pub(super) fn number(&mut self, key: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.key(key);
            self.print(value);
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &str, value: Option<bool>) {
        if let Some(value) = value {
            self.key(key);
            self.print(value);
        }
    }

    /// An array of digests, 64 lower-case hex digits each.
    pub(super) fn digests(&mut self, key: &str, digests: &[Digest]) {
        self.list(key, digests.iter(), |digest, to| {
            let mut digits = [b'0'; 64];
            // The lengths fit by type: 32 bytes are 64 digits.
            let written = hex::encode_to_slice(digest.as_bytes(), &mut digits);
            debug_assert!(written.is_ok(), "32 bytes are 64 hex digits");
            to.push(b'"');
            to.extend_from_slice(&digits);
            to.push(b'"');
        });
    }

    /// An object that is not empty.
    pub(super) fn section(&mut self, key: &str, fill: impl FnOnce(&mut Writer<'_>)) {
        let before = self.0.len();
        self.key(key);
        self.0.push(b'{');
        let open = self.0.len();
        fill(&mut Writer(self.0));
        if self.0.len() == open {
            self.0.truncate(before);
        } else {
            self.0.push(b'}');
        }
    }

    /// An array of objects, without those that `fill` leaves empty.
    pub(super) fn objects<T>(
        &mut self,
        key: &str,
        items: impl Iterator<Item = T>,
        mut fill: impl FnMut(T, &mut Writer<'_>),
    ) {
        self.list(key, items, |item, to| {
            let before = to.len();
            to.push(b'{');
            fill(item, &mut Writer(to));
            if to.len() == before + 1 {
                to.truncate(before);
            } else {
                to.push(b'}');
            }
        });
    }

    fn list<T>(&mut self, key: &str, items: impl Iterator<Item = T>, mut write: impl FnMut(T, &mut Vec<u8>)) {
        let before = self.0.len();
        self.key(key);
        self.0.push(b'[');
        let open = self.0.len();
        for item in items {
            let comma = self.0.len();
            if comma > open {
                self.0.push(b',');
            }
            let start = self.0.len();
            write(item, self.0);
            if self.0.len() == start {
                self.0.truncate(comma);
            }
        }
        if self.0.len() == open {
            self.0.truncate(before);
        } else {
            self.0.push(b']');
        }
    }

    fn key(&mut self, key: &str) {
        if self.0.last() != Some(&b'{') {
            self.0.push(b',');
        }
        self.0.push(b'"');
        self.0.extend_from_slice(key.as_bytes());
        self.0.extend_from_slice(b"\":");
    }

    fn print(&mut self, value: impl Display) {
        let written = write!(self.0, "{value}");
        debug_assert!(written.is_ok(), "a Vec takes every byte");
    }
}

/// Writes a JSON string: quotes, backslashes and control characters escaped, all else as it is.
pub(super) fn string(text: &str, to: &mut Vec<u8>) {
    to.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(plain) = special(rest) {
        let (before, special) = rest.split_at(plain);
        to.extend_from_slice(before);
        let Some((c, after)) = special.split_first() else { break };
        match c {
            b'"' => to.extend_from_slice(b"\\\""),
            b'\\' => to.extend_from_slice(b"\\\\"),
            b'\n' => to.extend_from_slice(b"\\n"),
            b'\r' => to.extend_from_slice(b"\\r"),
            b'\t' => to.extend_from_slice(b"\\t"),
            c => {
                let written = write!(to, "\\u{c:04x}");
                debug_assert!(written.is_ok(), "a Vec takes every byte");
            }
        }
        rest = after;
    }
    to.extend_from_slice(rest);
    to.push(b'"');
}

/// Where the first byte is that must be escaped. Whole blocks are looked at without a branch per byte.
fn special(text: &[u8]) -> Option<usize> {
    let is_special = |c: &u8| *c < 0x20 || *c == b'"' || *c == b'\\';
    let blocks = text.as_chunks::<16>().0.iter();
    let plain =
        16 * blocks.take_while(|block| !block.iter().fold(false, |any, c| any | is_special(c))).count();
    text.get(plain..)?.iter().position(is_special).map(|at| plain + at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(fill: impl FnOnce(&mut Writer<'_>)) -> String {
        let mut bytes = Vec::new();
        Writer::object(&mut bytes, fill);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn what_is_empty_is_left_out() {
        assert_eq!(written(|_| {}), "{}");
        let text = written(|to| {
            to.section("a", |to| to.text("x", Some("")));
            to.objects("b", [1, 0, 2].into_iter(), |n, to| to.number("n", (n > 0).then_some(n)));
            to.objects("c", [0].into_iter(), |_, _| {});
            to.digests("d", &[]);
            to.section("e", |to| to.flag("f", Some(false)));
            to.text("g", None);
        });
        assert_eq!(text, r#"{"b":[{"n":1},{"n":2}],"e":{"f":false}}"#);
    }

    proptest! {
        #[test]
        fn any_string_survives(text in any::<String>(), control in "[\\x00-\\x1f\"\\\\a]{0,40}") {
            let text = format!("{text}{control}");
            let mut bytes = Vec::new();
            string(&text, &mut bytes);
            prop_assert_eq!(serde_json::from_slice::<String>(&bytes).unwrap(), text);
        }
    }
}
