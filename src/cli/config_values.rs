//! Every value that counts, and where it comes from.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::report::escape;

use super::Context;
use super::config_keys::{KEYS, LISTS};
use super::exit::{Exit, Failure};

/// A value and its origin. All text is escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// Its dotted name.
    pub key: String,
    /// Its value, as TOML.
    pub value: String,
    /// `default`, `FILE:LINE`, an option, a variable.
    pub origin: String,
}

/// All values: what options and variables decide, then the config's in the order of its keys.
///
/// # Errors
/// [`Failure`] with code 4 when the config went away meanwhile.
pub fn values(context: &Context<'_>) -> Result<Vec<Set>, Failure> {
    let mut sets = places(context);
    let (text, file) = match &context.settings.config {
        None => (String::new(), String::new()),
        Some(path) => {
            let file = escape(&path.display().to_string()).into_owned();
            let text = std::fs::read_to_string(path).map_err(|error| {
                Failure::new(Exit::Config, format!("cannot read config {file}: {}", error.kind()))
            })?;
            (text, file)
        }
    };
    let found = in_config(&text, &file).map_err(|message| Failure::new(Exit::Config, message))?;
    for key in KEYS {
        let is_list = LISTS.iter().any(|(name, _)| *name == key.table);
        let dotted = dotted(key.table, key.name);
        let mut stands = false;
        for (plain, set) in &found {
            if *plain == dotted || (key.kind.is_table() && plain.starts_with(&format!("{dotted}."))) {
                sets.push(set.clone());
                stands = true;
            }
        }
        if !stands && !is_list && !key.default.is_empty() {
            sets.push(Set { key: dotted, value: key.default.to_owned(), origin: "default".to_owned() });
        }
    }
    Ok(sets)
}

fn dotted(table: &str, name: &str) -> String {
    if table.is_empty() { name.to_owned() } else { format!("{table}.{name}") }
}

/// Config and database themselves.
fn places(context: &Context<'_>) -> Vec<Set> {
    let typed = |given: Option<&std::path::PathBuf>, variable: &str, option: &str, found: &str| {
        let of_variable = context.environment.get(variable).map(std::path::PathBuf::from);
        match given {
            Some(given) if of_variable.as_ref() == Some(given) => format!("variable {variable}"),
            Some(_) => format!("option {option}"),
            None => found.to_owned(),
        }
    };
    let (settings, global) = (&context.settings, &context.global);
    let shown = |path: &std::path::Path| escape(&path.display().to_string()).into_owned();
    let config = settings.config.as_deref().map_or_else(|| "none".to_owned(), shown);
    vec![
        Set {
            key: "config".to_owned(),
            value: config,
            origin: typed(global.config.as_ref(), "MAKEGOOD_CONFIG", "--config", "found"),
        },
        Set {
            key: "database".to_owned(),
            value: shown(&settings.db),
            origin: typed(global.db.as_ref(), "MAKEGOOD_DB", "--db", "beside the config"),
        },
    ]
}

/// The values of a config, each with the name that [`KEYS`] gives it.
fn in_config(text: &str, file: &str) -> Result<Vec<(String, Set)>, String> {
    let table = DeTable::parse(text).map_err(|error| error.message().to_owned())?;
    let mut found = Vec::new();
    walk(&Page { text, file }, ("", ""), table.get_ref(), &mut found);
    Ok(found)
}

struct Page<'a> {
    text: &'a str,
    file: &'a str,
}

impl Page<'_> {
    fn set(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Set {
        let span = value.span();
        let before = self.text.get(..span.start).unwrap_or_default();
        let shown = self.text.get(span).unwrap_or_default();
        Set {
            key: escape(key).into_owned(),
            value: shown.split_whitespace().collect::<Vec<_>>().join(" "),
            origin: format!("{}:{}", self.file, before.matches('\n').count() + 1),
        }
    }
}

fn walk(page: &Page<'_>, (plain, shown): (&str, &str), table: &DeTable<'_>, found: &mut Vec<(String, Set)>) {
    for (name, value) in table {
        let (plain, shown) = (dotted(plain, name.get_ref()), dotted(shown, name.get_ref()));
        match value.get_ref() {
            DeValue::Table(inner) => walk(page, (&plain, &shown), inner, found),
            DeValue::Array(items) if LISTS.iter().any(|(list, _)| *list == plain) => {
                for (at, item) in items.iter().enumerate() {
                    if let DeValue::Table(inner) = item.get_ref() {
                        walk(page, (&plain, &format!("{shown}[{at}]")), inner, found);
                    }
                }
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_) => found.push((plain, page.set(&shown, value))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_with_its_line() {
        let text = "grace = \"20m\"\n[[pixel]]\nid = \"A\"\n[[pixel]]\nid = \"B\"\n[backfill]\nevents = [\n\"Lead\",\n]\n[map]\nnew = \"Lead\"\n";
        let found = in_config(text, "m.toml").unwrap();
        let shown: Vec<String> = found
            .iter()
            .map(|(plain, set)| format!("{plain} {} {} {}", set.key, set.value, set.origin))
            .collect();
        for want in [
            "grace grace \"20m\" m.toml:1",
            "pixel.id pixel[0].id \"A\" m.toml:3",
            "pixel.id pixel[1].id \"B\" m.toml:5",
            "backfill.events backfill.events [ \"Lead\", ] m.toml:7",
            "map.new map.new \"Lead\" m.toml:11",
        ] {
            assert!(shown.contains(&want.to_owned()), "{want} in {shown:#?}");
        }
        assert_eq!(shown.len(), 5);
    }
}
