//! `config`: what is configured and where it comes from; a schema for editors.

use clap::builder::FalseyValueParser;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use crate::cli::Context;
use crate::cli::config_keys::{KEYS, KeyFact, Kind, LISTS};
use crate::cli::config_values::{Set, values};
use crate::cli::exit::{Exit, Failure};
use crate::cli::ui::Ui;
use crate::report::{self, Answer, Format, Value as Shown};

/// Arguments of `config`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  makegood config show --origin                      every value, and where it comes from
  makegood config show --origin --json | jq -r '.[] | select(.origin != \"default\") | .key'
  makegood config schema > makegood.schema.json      for editors that check TOML, such as taplo

A config is ./makegood.toml, else $XDG_CONFIG_HOME/makegood/config.toml, else /etc/makegood/config.toml.")]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Show every value; with --origin also where it comes from.
    #[command(after_help = "Examples:\n  makegood config show --origin\n  makegood config show --format csv")]
    Show(Show),
    /// Print the JSON Schema of the config.
    #[command(after_help = "Examples:\n  makegood config schema > makegood.schema.json")]
    Schema,
}

/// Arguments of `config show`.
#[derive(Debug, Args)]
pub struct Show {
    /// Say of each value where it comes from: an option, a variable, a line of the config, a default.
    #[arg(long, env = "MAKEGOOD_ORIGIN", hide_env = true, value_parser = FalseyValueParser::new())]
    pub origin: bool,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when the config cannot be read again, or the output not written.
pub fn run(context: &Context<'_>, args: &Arguments) -> Result<Exit, Failure> {
    match &args.action {
        Action::Show(args) => show(context, args),
        Action::Schema => {
            Ui::result(report::pretty(&schema()).as_bytes())?;
            Ok(Exit::Done)
        }
    }
}

fn show(context: &Context<'_>, args: &Show) -> Result<Exit, Failure> {
    let outputs = context.ui.outputs(&[Format::Table, Format::Json, Format::Csv])?;
    let width = if args.origin { 3 } else { 2 };
    let row = |set: Set| {
        let cells = [Shown::Ours(set.key), Shown::Log(set.value), Shown::Log(set.origin)];
        cells.into_iter().take(width).collect()
    };
    let answer = Answer {
        columns: ["key", "value", "origin"].into_iter().take(width).map(str::to_owned).collect(),
        rows: values(context)?.into_iter().map(row).collect(),
    };
    for output in &outputs {
        let bytes = if output.format == Format::Json {
            report::answer_json(&answer).into_bytes()
        } else if output.format == Format::Csv {
            report::csv::answer(&answer, report::csv::Separator::Comma)
        } else {
            report::answer_table(&answer, &Ui::view(context.settings.zone, output)).into_bytes()
        };
        context.ui.page(output, &bytes)?;
    }
    Ok(Exit::Done)
}

/// The schema, from the one table of keys.
fn schema() -> Value {
    let mut root = properties("");
    let tables = KEYS.iter().map(|key| key.table).filter(|table| !table.is_empty());
    for table in tables {
        let inside = json!({
            "type": "object", "properties": properties(table), "additionalProperties": false,
        });
        let list = LISTS.iter().find(|(name, _)| *name == table);
        let value = match list {
            None => inside,
            Some((_, required)) => {
                let mut item = inside;
                if let Some(item) = item.as_object_mut() {
                    item.insert("required".to_owned(), json!(required));
                }
                json!({ "type": "array", "items": item })
            }
        };
        root.insert(table.to_owned(), value);
    }
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "makegood.toml",
        "type": "object",
        "properties": root,
        "additionalProperties": false,
    })
}

fn properties(table: &str) -> Map<String, Value> {
    KEYS.iter().filter(|key| key.table == table).map(|key| (key.name.to_owned(), property(key))).collect()
}

fn property(key: &KeyFact) -> Value {
    let mut value = match key.kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Span => json!({ "type": "string", "pattern": "^[0-9]+(ms|s|m|h|d|w)$" }),
        Kind::Number => json!({ "type": "integer", "minimum": 1 }),
        Kind::Switch => json!({ "type": "boolean" }),
        Kind::OneOf(words) => json!({ "enum": words }),
        Kind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::TextTable => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        Kind::NumberTable => json!({ "type": "object", "additionalProperties": { "type": "integer" } }),
        Kind::Tables => json!({ "type": "object", "additionalProperties": { "type": "object" } }),
    };
    if let Some(fields) = value.as_object_mut() {
        fields.insert("description".to_owned(), json!(key.about));
        let default = key.default.trim_matches('"');
        let default = match key.kind {
            _ if key.default.is_empty() => None,
            Kind::Number => default.parse::<u64>().ok().map(|number| json!(number)),
            Kind::Switch => Some(json!(default == "true")),
            Kind::Texts => Some(json!([])),
            Kind::TextTable | Kind::NumberTable | Kind::Tables => Some(json!({})),
            Kind::Text | Kind::Span | Kind::OneOf(_) => Some(json!(default)),
        };
        if let Some(default) = default {
            fields.insert("default".to_owned(), default);
        }
    }
    value
}
