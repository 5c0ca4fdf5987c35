//! One parser for every line: `serde_json` drives, a flat tape of nodes comes out.
//!
//! The tape borrows from the line and is used again for the next one. Numbers that can be money
//! keep their digits. Its errors are reasons without text, because the text of `serde_json` quotes
//! values.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::domain::{LogLimits, Reason};

pub(super) use super::value::{Items, Value};

/// One node; an array or object is followed by what is in it.
#[derive(Debug)]
pub(super) enum Node<'t> {
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Float(f64),
    /// A number whose digits matter, as written.
    Number(&'t str),
    Text(Cow<'t, str>),
    /// The number of its nodes, itself included.
    Array(usize),
    /// The number of its nodes, itself included; keys and values take turns.
    Object(usize),
}

/// A parsed line.
#[derive(Debug, Default)]
pub(super) struct Tape<'t> {
    limits: LogLimits,
    nodes: Vec<Node<'t>>,
    fault: Option<Reason>,
}

impl<'t> Tape<'t> {
    /// A tape with limits of its own.
    pub(super) fn within(limits: LogLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Parses a line that must be one object, and returns it.
    pub(super) fn parse(&mut self, line: &'t str) -> Result<Value<'_, 't>, Reason> {
        self.nodes.clear();
        self.fault = None;
        let mut from = serde_json::Deserializer::from_str(line);
        let parsed = Seed { tape: self, depth: 0, digits: Digits::Any }
            .deserialize(&mut from)
            .and_then(|()| from.end());
        if let Err(error) = parsed {
            return Err(self.fault.unwrap_or_else(|| reason(&error)));
        }
        match self.nodes.first() {
            Some(Node::Object(_)) => Ok(Value(&self.nodes)),
            _ => Err(Reason::NotAnObject),
        }
    }

    fn push<E: serde::de::Error>(&mut self, node: Node<'t>) -> Result<(), E> {
        if self.nodes.len() >= self.limits.nodes {
            return Err(self.fail(Reason::TooManyKeys));
        }
        self.nodes.push(node);
        Ok(())
    }

    fn fail<E: serde::de::Error>(&mut self, reason: Reason) -> E {
        self.fault.get_or_insert(reason);
        E::custom("")
    }

    fn close(&mut self, at: usize, node: impl FnOnce(usize) -> Node<'t>) {
        let count = self.nodes.len().saturating_sub(at);
        if let Some(open) = self.nodes.get_mut(at) {
            *open = node(count);
        }
    }

    fn has_duplicate_keys(&self, at: usize, keys: usize) -> bool {
        let object = Value(self.nodes.get(at..).unwrap_or_default());
        let mut few = [""; 24];
        if keys > few.len() {
            let mut many: Vec<&str> = object.fields().map(|(key, _)| key).collect();
            many.sort_unstable();
            return many.windows(2).any(|pair| matches!(pair, [a, b] if a == b));
        }
        let mut seen = 0;
        for (slot, (key, _)) in few.iter_mut().zip(object.fields()) {
            *slot = key;
            seen += 1;
        }
        let mut rest = few.get(..seen).unwrap_or_default();
        while let Some((key, others)) = rest.split_first() {
            if others.contains(key) {
                return true;
            }
            rest = others;
        }
        false
    }
}

/// Reads a reason out of an error's own words; they go no further.
fn reason(error: &serde_json::Error) -> Reason {
    let words = error.to_string();
    if words.starts_with("number out of range") {
        Reason::NumberRange
    } else if words.contains("hex escape") || words.contains("unicode code point") {
        Reason::Utf8
    } else if words.starts_with("recursion limit") {
        Reason::Depth
    } else {
        Reason::Syntax
    }
}

/// Whether the digits of a number matter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Digits {
    /// They do not.
    Any,
    /// They do.
    Exact,
    /// They do for the items of an array.
    ExactItems,
}

/// Keys whose numbers are money or ids: a float would change them.
fn is_exact(key: &str) -> bool {
    match key.len() {
        5 => {
            key.eq_ignore_ascii_case("value")
                || key.eq_ignore_ascii_case("price")
                || key.eq_ignore_ascii_case("total")
        }
        6 => key.eq_ignore_ascii_case("amount"),
        7 => key.eq_ignore_ascii_case("revenue"),
        10 => key.eq_ignore_ascii_case("externalid"),
        11 => key.eq_ignore_ascii_case("external_id"),
        _ => false,
    }
}

struct Seed<'p, 't> {
    tape: &'p mut Tape<'t>,
    depth: usize,
    digits: Digits,
}

impl<'t> Seed<'_, 't> {
    fn exact<E: serde::de::Error>(self, text: &'t str) -> Result<(), E> {
        if text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
            return match text.parse::<f64>() {
                Ok(number) if number.is_finite() => self.tape.push(Node::Number(text)),
                _ => Err(self.tape.fail(Reason::NumberRange)),
            };
        }
        let mut from = serde_json::Deserializer::from_str(text);
        let inner = Seed { tape: &mut *self.tape, depth: self.depth, digits: Digits::ExactItems };
        inner.deserialize(&mut from).map_err(|error: serde_json::Error| self.tape.fail(reason(&error)))
    }

    fn deeper<E: serde::de::Error>(&mut self) -> Result<(), E> {
        self.depth += 1;
        if self.depth > self.tape.limits.depth { Err(self.tape.fail(Reason::Depth)) } else { Ok(()) }
    }
}

impl<'t> DeserializeSeed<'t> for Seed<'_, 't> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, from: D) -> Result<(), D::Error> {
        if self.digits == Digits::Exact {
            return self.exact(<&'t RawValue>::deserialize(from)?.get());
        }
        from.deserialize_any(self)
    }
}

impl<'t> Visitor<'t> for Seed<'_, 't> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.tape.push(Node::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.tape.push(Node::Bool(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.tape.push(Node::Int(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.tape.push(i64::try_from(value).map_or(Node::UInt(value), Node::Int))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.tape.push(Node::Float(value))
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, value: &'t str) -> Result<(), E> {
        self.tape.push(Node::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        self.tape.push(Node::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'t>>(mut self, mut from: A) -> Result<(), A::Error> {
        self.deeper()?;
        let at = self.tape.nodes.len();
        self.tape.push(Node::Array(1))?;
        let digits = if self.digits == Digits::ExactItems { Digits::Exact } else { Digits::Any };
        while from.next_element_seed(Seed { tape: &mut *self.tape, depth: self.depth, digits })?.is_some() {}
        self.tape.close(at, Node::Array);
        Ok(())
    }

    fn visit_map<A: MapAccess<'t>>(mut self, mut from: A) -> Result<(), A::Error> {
        self.deeper()?;
        let at = self.tape.nodes.len();
        self.tape.push(Node::Object(1))?;
        let mut keys = 0_usize;
        while let Some(digits) = from.next_key_seed(KeySeed(&mut *self.tape))? {
            keys += 1;
            if keys > self.tape.limits.keys {
                return Err(self.tape.fail(Reason::TooManyKeys));
            }
            from.next_value_seed(Seed { tape: &mut *self.tape, depth: self.depth, digits })?;
        }
        self.tape.close(at, Node::Object);
        if self.tape.has_duplicate_keys(at, keys) {
            return Err(self.tape.fail(Reason::DuplicateKey));
        }
        Ok(())
    }
}

/// Pushes a key and tells whether the digits of its value matter.
struct KeySeed<'p, 't>(&'p mut Tape<'t>);

impl<'t> DeserializeSeed<'t> for KeySeed<'_, 't> {
    type Value = Digits;

    fn deserialize<D: Deserializer<'t>>(self, from: D) -> Result<Digits, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'t> Visitor<'t> for KeySeed<'_, 't> {
    type Value = Digits;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, key: &'t str) -> Result<Digits, E> {
        self.0.push(Node::Text(Cow::Borrowed(key)))?;
        Ok(if is_exact(key) { Digits::Exact } else { Digits::Any })
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Digits, E> {
        self.0.push(Node::Text(Cow::Owned(key.to_owned())))?;
        Ok(if is_exact(key) { Digits::Exact } else { Digits::Any })
    }
}

#[cfg(test)]
#[path = "tests/json.rs"]
mod tests;
