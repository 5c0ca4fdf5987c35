//! `[formats.NAME]`: how the records of another log are read.

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::{Spanned, Value};

use crate::domain::{Condition, FieldMap, FieldOrigin, FormatMap, Literal, Unit};
use crate::ingest;

use super::config_error::{ConfigError, Source};
use super::near::nearest;

/// The table as written: fields, and the conditions under `match`.
pub(super) type FormatTable = BTreeMap<Spanned<String>, Spanned<Value>>;

/// The key of the conditions.
const MATCH: &str = "match";
/// Fields without which no record can be used, whatever is logged.
const NEEDED: &[&str] = &["event_id", "event"];

/// Reads a table.
///
/// # Errors
/// [`ConfigError`] for a field that does not exist, a value of the wrong form, or a field that lacks.
pub(super) fn format_map(
    source: &Source<'_>,
    name: &str,
    table: &FormatTable,
) -> Result<FormatMap, ConfigError> {
    let mut map = FormatMap { name: name.into(), conditions: Vec::new(), fields: Vec::new() };
    for (key, value) in table {
        let field = key.get_ref().as_str();
        if field == MATCH {
            let Value::Table(conditions) = value.get_ref() else {
                return Err(source.at_open(value, "must be a table such as { kind = \"order\" }"));
            };
            conditions_of(source, value, conditions, "", &mut map.conditions)?;
            continue;
        }
        if !ingest::field_names().any(|known| known == field) {
            let mut wrong = source.at_open(key, format!("there is no field {field:?}"));
            wrong.hint = Some(nearest(field, ingest::field_names()).map_or_else(
                || format!("there are: {}", ingest::field_names().collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean `{near}`?"),
            ));
            return Err(wrong);
        }
        map.fields.push(FieldMap { field: field.into(), origin: origin(source, value)? });
    }
    let names = |field: &str| map.fields.iter().any(|one| &*one.field == field);
    let lacks = NEEDED.iter().find(|field| !names(field) && !names("request"));
    let somewhere = table.iter().next();
    match (lacks, somewhere) {
        (Some(lacking), Some((key, _))) => Err(source
            .at_open(key, format!("[formats.{name}] lacks {lacking}: say where it stands in the record"))),
        _ => Ok(map),
    }
}

/// Nested tables are parts of a dotted path.
fn conditions_of(
    source: &Source<'_>,
    whole: &Spanned<Value>,
    table: &toml::Table,
    before: &str,
    conditions: &mut Vec<Condition>,
) -> Result<(), ConfigError> {
    for (key, value) in table {
        let path = if before.is_empty() { key.clone() } else { format!("{before}.{key}") };
        let literals = match value {
            Value::Table(inner) => {
                conditions_of(source, whole, inner, &path, conditions)?;
                continue;
            }
            // "*": whatever it is.
            Value::String(any) if any == "*" => Some(Vec::new()),
            Value::Array(values) => values.iter().map(literal).collect(),
            one @ (Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)) => literal(one).map(|literal| vec![literal]),
        };
        let Some(values) = literals else {
            return Err(source.at_open(whole, format!("{path} must be a text, a whole number, true or false, a list of these, or \"*\" for any value")));
        };
        conditions.push(Condition { path: path.into(), values });
    }
    Ok(())
}

fn literal(value: &Value) -> Option<Literal> {
    match value {
        Value::String(text) => Some(Literal::Text(text.as_str().into())),
        Value::Integer(number) => Some(Literal::Integer(*number)),
        Value::Boolean(yes) => Some(Literal::Bool(*yes)),
        Value::Float(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}

fn origin(source: &Source<'_>, value: &Spanned<Value>) -> Result<FieldOrigin, ConfigError> {
    let wrong = || {
        source.at_open(
            value,
            "must be a path such as \"data.id\", { path = \"ts\", unit = \"ms\" } or { const = \"Lead\" }",
        )
    };
    let table = match value.get_ref() {
        Value::String(text) => {
            return Ok(FieldOrigin::Path { path: path(source, value, text)?, unit: Unit::AsIs });
        }
        Value::Table(table) => table,
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) => {
            return Err(wrong());
        }
    };
    if let Some(constant) = table.get("const") {
        return match literal(constant) {
            Some(literal) if table.len() == 1 => Ok(FieldOrigin::Const(literal)),
            Some(_) | None => Err(wrong()),
        };
    }
    let Some(Value::String(text)) = table.get("path") else { return Err(wrong()) };
    let unit = match table.get("unit") {
        None => Unit::AsIs,
        Some(Value::String(name)) => unit(name).ok_or_else(|| {
            let names: Vec<&str> = Unit::ALL.iter().map(|(name, _)| *name).collect();
            source.at_open(value, format!("unit must be {}", names.join(", ")))
        })?,
        Some(_) => return Err(wrong()),
    };
    if table.keys().any(|key| !matches!(key.as_str(), "path" | "unit")) {
        return Err(wrong());
    }
    Ok(FieldOrigin::Path { path: path(source, value, text)?, unit })
}

fn unit(name: &str) -> Option<Unit> {
    Unit::ALL.iter().find(|(known, _)| *known == name).map(|(_, unit)| *unit)
}

fn path(source: &Source<'_>, value: &Spanned<Value>, text: &str) -> Result<Arc<str>, ConfigError> {
    if text.is_empty() || text.split('.').any(str::is_empty) {
        return Err(source.at_open(value, "this path has an empty part; it is like \"data.id\""));
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maps(text: &str) -> Result<Vec<FormatMap>, String> {
        let read = super::super::config::read(&Source { path: "makegood.toml".as_ref(), text });
        read.map(|config| config.policy.formats).map_err(|error| {
            let hint = error.hint.as_ref().map(|hint| format!("\n{hint}"));
            format!("{error}{}", hint.unwrap_or_default())
        })
    }

    #[test]
    fn a_map_is_read() {
        let text = r#"
[formats.shop]
match = { kind = ["order", "trial"], data.live = true, "a.b" = "*" }
event_id = "data.id"
event = { const = "payment_succeeded" }
occurred_at = { path = "ts", unit = "us" }
value = { path = "total", unit = "cents" }
"#;
        let map = maps(text).unwrap().pop().unwrap();
        assert_eq!(&*map.name, "shop");
        let mut shown: Vec<String> =
            map.conditions.iter().map(|one| format!("{} {:?}", one.path, one.values)).collect();
        shown.sort();
        assert_eq!(shown, ["a.b []", "data.live [Bool(true)]", "kind [Text(\"order\"), Text(\"trial\")]"]);
        let origin =
            |name: &str| map.fields.iter().find(|field| &*field.field == name).unwrap().origin.clone();
        assert_eq!(origin("event_id"), FieldOrigin::Path { path: "data.id".into(), unit: Unit::AsIs });
        assert_eq!(origin("event"), FieldOrigin::Const(Literal::Text("payment_succeeded".into())));
        assert_eq!(origin("occurred_at"), FieldOrigin::Path { path: "ts".into(), unit: Unit::Microseconds });
        assert_eq!(origin("value"), FieldOrigin::Path { path: "total".into(), unit: Unit::Cents });
    }

    #[test]
    fn a_mistake_is_shown_where_it_stands() {
        assert_eq!(
            maps("[formats.shop]\nevent_id = \"id\"\nevnt = \"name\"\n").unwrap_err(),
            "makegood.toml:3:1: there is no field \"evnt\"\n  3 | evnt = \"name\"\n    | ^^^^\ndid you mean `event`?"
        );
        for (line, want) in [
            ("event = 7", "3:9: must be a path such as"),
            ("event = { path = \"a\", unit = \"cent\" }", "unit must be s, ms, us, ns, cents, text, integer"),
            ("event = { const = [1] }", "must be a path such as"),
            ("event = { path = \"a\", of = \"b\" }", "must be a path such as"),
            ("event = \"a..b\"", "this path has an empty part"),
            ("match = \"x\"", "must be a table such as"),
            ("match = { a = 1.5 }", "a must be a text"),
            ("email = \"mail\"", "[formats.shop] lacks event: say where"),
        ] {
            let error = maps(&format!("[formats.shop]\nevent_id = \"id\"\n{line}\n")).unwrap_err();
            assert!(error.contains(want), "{line}: {error}");
        }
    }
}
