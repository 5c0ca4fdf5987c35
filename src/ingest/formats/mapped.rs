//! Records that a `[formats.NAME]` of the config describes (product 3.6).

use crate::domain::{Condition, FieldMap, FieldOrigin, FormatMap, Literal, Unit};
use crate::ingest::json::{Node, Value};
use crate::ingest::record::{Builder, Rejected};

use super::{Field, Outline, exchange, funnel, receipt};

/// Fields that only a receipt has.
const OF_RECEIPTS: &[&str] = &["channel", "sent_at", "http_status", "code", "request_id", "delivered"];

/// Reads a record by the first map whose conditions it meets; `None` when there is none.
pub(super) fn read(record: Value<'_, '_>, to: &mut Builder<'_>) -> Option<Result<(), Rejected>> {
    let map = to.policy.formats.iter().find(|map| is_met(map, record))?;
    let made: Vec<Option<Node<'_>>> = map.fields.iter().map(|field| make(field, record)).collect();
    // Fields that the map does not name are read as in any record.
    let mut outline = Outline::of(record, &mut to.spellings);
    outline.kind = Field::default();
    for (field, node) in map.fields.iter().zip(&made) {
        let plain = match &field.origin {
            FieldOrigin::Path { path, .. } => record.at(path),
            FieldOrigin::Const(_) => None,
        };
        outline.replace(&field.field, Field::of(node.as_ref().map(Value::of).or(plain)));
    }
    let names = |field: &str| map.fields.iter().any(|one| &*one.field == field);
    Some(if names("request") {
        exchange::read(&outline, to)
    } else if OF_RECEIPTS.iter().any(|field| names(field)) {
        receipt::read(&outline, to)
    } else {
        funnel::read(&outline, to)
    })
}

fn is_met(map: &FormatMap, record: Value<'_, '_>) -> bool {
    if !map.conditions.is_empty() {
        return map.conditions.iter().all(|condition| holds(condition, record));
    }
    let mut telling = map.fields.iter().filter(|field| matches!(&*field.field, "event_id" | "request"));
    telling.any(|field| match &field.origin {
        FieldOrigin::Path { path, .. } => record.at(path).is_some_and(|value| !value.is_null()),
        FieldOrigin::Const(_) => false,
    })
}

fn holds(condition: &Condition, record: Value<'_, '_>) -> bool {
    let Some(value) = record.at(&condition.path).filter(|value| !value.is_null()) else { return false };
    let is = |literal: &Literal| match literal {
        Literal::Text(text) => value.as_text() == Some(text),
        Literal::Integer(number) => value.as_int() == Some(*number),
        Literal::Bool(yes) => value.as_bool() == Some(*yes),
    };
    condition.values.is_empty() || condition.values.iter().any(is)
}

/// What a field's value becomes; `None` where it stays what it is.
fn make<'t>(field: &FieldMap, record: Value<'_, 't>) -> Option<Node<'t>> {
    match &field.origin {
        FieldOrigin::Const(Literal::Text(text)) => Some(Node::Text(text.to_string().into())),
        FieldOrigin::Const(Literal::Integer(number)) => Some(Node::Int(*number)),
        FieldOrigin::Const(Literal::Bool(yes)) => Some(Node::Bool(*yes)),
        FieldOrigin::Path { path, unit } => convert(record.at(path)?, *unit),
    }
}

/// A value in the unit of this program; `None` where it cannot be one, which its reader then tells.
fn convert<'t>(value: Value<'_, 't>, unit: Unit) -> Option<Node<'t>> {
    let digits = value.number().or_else(|| value.as_text().map(|text| text.trim().into()))?;
    let whole = || digits.parse::<i64>().ok();
    match unit {
        Unit::AsIs => None,
        Unit::Seconds => milliseconds(&digits).map(Node::Int),
        Unit::Milliseconds | Unit::Integer => whole().map(Node::Int),
        Unit::Microseconds => whole().map(|number| Node::Int(number.div_euclid(1000))),
        Unit::Nanoseconds => whole().map(|number| Node::Int(number.div_euclid(1_000_000))),
        // A number, as it was logged: a text would be a flaw that the log does not have.
        Unit::Cents => whole().and_then(|cents| {
            let (sign, cents) = (if cents < 0 { "-" } else { "" }, cents.unsigned_abs());
            format!("{sign}{}.{:02}", cents / 100, cents % 100).parse().ok().map(Node::Float)
        }),
        Unit::Text => Some(Node::Text(digits.into_owned().into())),
    }
}

/// Seconds with decimals as milliseconds; what is finer is cut off.
fn milliseconds(seconds: &str) -> Option<i64> {
    let (whole, decimals) = seconds.split_once('.').unwrap_or((seconds, ""));
    let thousandths: String = decimals.chars().chain("000".chars()).take(3).collect();
    whole.parse::<i64>().ok()?.checked_mul(1000)?.checked_add(thousandths.parse().ok()?)
}
