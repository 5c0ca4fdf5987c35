//! How records of a log that no built-in format knows are read (product 3.6).

use std::sync::Arc;

/// A `[formats.NAME]` of the config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatMap {
    /// What people call it.
    pub name: Arc<str>,
    /// All of these must hold for a record to be of this format; without any, its `event_id` must be there.
    pub conditions: Vec<Condition>,
    /// Where each field comes from.
    pub fields: Vec<FieldMap>,
}

/// One of the things that must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// A dotted path.
    pub path: Arc<str>,
    /// The value there is one of these; with none, any value will do.
    pub values: Vec<Literal>,
}

/// A value of the config that is compared with one of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// A text.
    Text(Arc<str>),
    /// A whole number.
    Integer(i64),
    /// Yes or no.
    Bool(bool),
}

/// Where one field comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldMap {
    /// The field, as the manual calls it: `event_id`, `email`, `code`, …
    pub field: Arc<str>,
    /// What it is read from.
    pub origin: FieldOrigin,
}

/// What a field is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldOrigin {
    /// The value at a dotted path.
    Path {
        /// The path.
        path: Arc<str>,
        /// How the value is to be understood.
        unit: Unit,
    },
    /// The same in every record.
    Const(Literal),
}

/// How a value is to be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Unit {
    /// As it stands.
    #[default]
    AsIs,
    /// A number of seconds since 1970.
    Seconds,
    /// A number of milliseconds since 1970.
    Milliseconds,
    /// A number of microseconds since 1970.
    Microseconds,
    /// A number of nanoseconds since 1970.
    Nanoseconds,
    /// Hundredths of the currency's unit.
    Cents,
    /// A number that is an identifier: its digits are its text.
    Text,
    /// A text that is a whole number.
    Integer,
}

impl Unit {
    /// All units and what the config calls them.
    pub const ALL: [(&'static str, Self); 7] = [
        ("s", Self::Seconds),
        ("ms", Self::Milliseconds),
        ("us", Self::Microseconds),
        ("ns", Self::Nanoseconds),
        ("cents", Self::Cents),
        ("text", Self::Text),
        ("integer", Self::Integer),
    ];
}
