//! The values of a parsed line.

use std::borrow::Cow;

use super::json::Node;

static NULL: Node<'static> = Node::Null;

/// A value of a tape.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Value<'a, 't>(pub(super) &'a [Node<'t>]);

impl<'a, 't> Value<'a, 't> {
    /// A value that stands in no line.
    pub(super) const fn of(node: &'a Node<'t>) -> Self {
        Self(std::slice::from_ref(node))
    }

    /// The value of a key, spelled exactly so.
    pub(super) fn field(self, name: &str) -> Option<Self> {
        self.fields().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The value at a dotted path. A key that holds the dots itself comes first; a number names an item of
    /// an array.
    pub(super) fn at(self, path: &str) -> Option<Self> {
        if let Some(value) = self.field(path) {
            return Some(value);
        }
        let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
        let inner = match self.field(first) {
            Some(inner) if rest.is_some() => inner,
            Some(_) | None => self.items().nth(first.parse().ok()?)?,
        };
        match rest {
            Some(rest) => inner.at(rest),
            None => Some(inner),
        }
    }

    pub(super) fn node(self) -> &'a Node<'t> {
        self.0.first().unwrap_or(&NULL)
    }

    pub(super) fn is_null(self) -> bool {
        matches!(self.node(), Node::Null)
    }

    pub(super) fn is_object(self) -> bool {
        matches!(self.node(), Node::Object(_))
    }

    pub(super) fn is_array(self) -> bool {
        matches!(self.node(), Node::Array(_))
    }

    pub(super) fn as_text(self) -> Option<&'a str> {
        if let Node::Text(text) = self.node() { Some(text) } else { None }
    }

    pub(super) fn as_bool(self) -> Option<bool> {
        if let Node::Bool(value) = self.node() { Some(*value) } else { None }
    }

    /// A number without a fraction.
    pub(super) fn as_int(self) -> Option<i64> {
        match self.node() {
            Node::Int(value) => Some(*value),
            Node::Number(text) => text.parse().ok(),
            Node::Null
            | Node::Bool(_)
            | Node::UInt(_)
            | Node::Float(_)
            | Node::Text(_)
            | Node::Array(_)
            | Node::Object(_) => None,
        }
    }

    /// A number's digits: as written where they matter, else in the shortest form.
    pub(super) fn number(self) -> Option<Cow<'a, str>> {
        match self.node() {
            Node::Int(value) => Some(value.to_string().into()),
            Node::UInt(value) => Some(value.to_string().into()),
            Node::Float(value) => Some(value.to_string().into()),
            Node::Number(text) => Some(Cow::Borrowed(text)),
            Node::Null | Node::Bool(_) | Node::Text(_) | Node::Array(_) | Node::Object(_) => None,
        }
    }

    /// A text, or a number that is kept exactly: what can be an id.
    pub(super) fn id(self) -> Option<Cow<'a, str>> {
        match self.node() {
            Node::Text(text) => Some(Cow::Borrowed(text)),
            Node::Int(_) | Node::UInt(_) | Node::Number(_) => self.number(),
            Node::Null | Node::Bool(_) | Node::Float(_) | Node::Array(_) | Node::Object(_) => None,
        }
    }

    /// The fields of an object; nothing for other values.
    pub(super) fn fields(self) -> Fields<'a, 't> {
        Fields(if self.is_object() { self.0.get(1..).unwrap_or_default() } else { &[] })
    }

    /// The items of an array; nothing for other values.
    pub(super) fn items(self) -> Items<'a, 't> {
        Items(if self.is_array() { self.0.get(1..).unwrap_or_default() } else { &[] })
    }
}

fn split<'a, 't>(nodes: &'a [Node<'t>]) -> Option<(Value<'a, 't>, &'a [Node<'t>])> {
    let count = match nodes.first()? {
        Node::Array(count) | Node::Object(count) => *count,
        Node::Null
        | Node::Bool(_)
        | Node::Int(_)
        | Node::UInt(_)
        | Node::Float(_)
        | Node::Number(_)
        | Node::Text(_) => 1,
    };
    let (value, rest) = nodes.split_at_checked(count)?;
    Some((Value(value), rest))
}

/// The fields of an object, in the order of the line.
pub(super) struct Fields<'a, 't>(&'a [Node<'t>]);

impl<'a, 't> Iterator for Fields<'a, 't> {
    type Item = (&'a str, Value<'a, 't>);

    fn next(&mut self) -> Option<Self::Item> {
        let (key, rest) = self.0.split_first()?;
        let Node::Text(key) = key else { return None };
        let (value, rest) = split(rest)?;
        self.0 = rest;
        Some((key, value))
    }
}

/// The items of an array.
pub(super) struct Items<'a, 't>(&'a [Node<'t>]);

impl<'a, 't> Iterator for Items<'a, 't> {
    type Item = Value<'a, 't>;

    fn next(&mut self) -> Option<Self::Item> {
        let (value, rest) = split(self.0)?;
        self.0 = rest;
        Some(value)
    }
}
