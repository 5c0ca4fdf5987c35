//! What is wrong in a config, and where: file, line, column, and the line with a caret.

use std::fmt;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;

use crate::report::escape;

use super::config_keys::{KEYS, KeyFact, Kind};
use super::near::nearest;

/// A config file that is being read.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// Its path, for messages.
    pub path: &'a Path,
    /// Its text; it may hold secrets.
    pub text: &'a str,
}

/// Something wrong in a config. Values of secrets and of unknown keys are not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    place: String,
    message: String,
    /// The line and the caret below it.
    picture: String,
    /// What to do.
    pub hint: Option<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n{}", self.place, self.message, self.picture)
    }
}

/// What is wrong in the text of a config, as `makegood` says it; `None`: nothing is.
#[must_use]
pub fn config_mistake(text: &str) -> Option<String> {
    let source = Source { path: "makegood.toml".as_ref(), text };
    super::config::read(&source).err().map(|error| error.to_string())
}

/// The keys whose values are no secrets and may be shown.
pub(super) const OPEN_KEYS: [&str; 43] = [
    "command",
    "timezone",
    "grace",
    "source_aliases",
    "path",
    "assume_tz",
    "id",
    "name",
    "server_log",
    "pixel_log",
    "source",
    "pixel",
    "origin",
    "server_leg",
    "pixel_leg",
    "default_region",
    "events",
    "max_age",
    "batch",
    "concurrency",
    "rate",
    "connect_timeout",
    "total_timeout",
    "lease",
    "max",
    "enrich",
    "require_consent",
    "access_token_env",
    "campaign",
    "phone",
    "contact",
    "payload",
    "keys",
    "advertiser_id",
    "code",
    "event",
    "reason",
    "until",
    "line_bytes",
    "depth",
    "nodes",
    "expansion_ratio",
    "expansion_bytes",
];

impl Source<'_> {
    /// Something wrong with a value.
    pub fn at<T>(&self, value: &Spanned<T>, message: impl Into<String>) -> ConfigError {
        self.error(value.span(), message.into())
    }

    /// Something wrong with a value that is no secret.
    pub fn at_open<T>(&self, value: &Spanned<T>, message: impl Into<String>) -> ConfigError {
        self.error_at(value.span(), message.into(), |line| escape(&line.replace('\t', " ")).into_owned())
    }

    /// What the TOML reader says, without the values it quotes.
    pub fn toml_error(&self, error: &toml::de::Error) -> ConfigError {
        let span = error.span().unwrap_or(0..0);
        let message = error.message().lines().next().unwrap_or_default();
        if let Some((unknown, expected)) = unknown_word(message, "unknown field `") {
            let mut wrong = self.error_at(span, format!("unknown key `{}`", escape(&unknown)), hidden);
            wrong.hint = if unknown.contains("token") && !unknown.starts_with("access_token_") {
                Some("a token does not stand in the config: name its file with access_token_file".to_owned())
            } else {
                nearest(&unknown, expected.iter().map(String::as_str))
                    .map(|near| format!("did you mean `{near}`?"))
            };
            return wrong;
        }
        if let Some((_, expected)) = unknown_word(message, "unknown variant `") {
            return self.error(span, format!("must be {}", expected.join(" or ")));
        }
        let message = match message.split_once(", expected ") {
            Some((what, _)) if what.starts_with("invalid type") => "wrong type of value".to_owned(),
            Some((what, expected)) if what.starts_with("invalid value") => {
                format!("wrong value, expected {expected}")
            }
            Some(_) | None => escape(message).into_owned(),
        };
        let hint = self.key_at(span.start).map(key_hint);
        ConfigError { hint, ..self.error(span, message) }
    }

    /// The key whose value stands at a place: by the name on its line and the table above it.
    fn key_at(&self, place: usize) -> Option<&'static KeyFact> {
        let before = self.text.get(..place)?;
        let (above, line) = before.rsplit_once('\n').unwrap_or(("", before));
        let name = line.split_once('=')?.0.trim();
        let table = above.lines().rev().map(str::trim).find(|line| line.starts_with('['));
        let table = table.map_or("", |line| line.trim_matches(['[', ']']));
        KEYS.iter().find(|key| key.table == table && key.name == name)
    }

    fn error(&self, span: Range<usize>, message: String) -> ConfigError {
        self.error_at(span, message, picture_of)
    }

    fn error_at(&self, span: Range<usize>, message: String, picture: fn(&str) -> String) -> ConfigError {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let number = before.matches('\n').count() + 1;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = self.text.get(line_start..).unwrap_or_default().lines().next().unwrap_or_default();
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        let shown = picture(line);
        let width =
            self.text.get(span).unwrap_or_default().lines().next().unwrap_or_default().chars().count();
        let place = column.min(shown.chars().count() + 1);
        let width = width.clamp(1, (shown.chars().count() + 1).saturating_sub(place).max(1));
        let gutter = " ".repeat(number.to_string().len());
        ConfigError {
            place: format!("{}:{number}:{column}", escape(&self.path.display().to_string())),
            message,
            picture: format!(
                "  {number} | {shown}\n  {gutter} | {}{}",
                " ".repeat(place - 1),
                "^".repeat(width)
            ),
            hint: None,
        }
    }
}

/// What a key wants.
fn key_hint(key: &KeyFact) -> String {
    let form = match key.kind {
        Kind::Text => "a text in quotes",
        Kind::Span => "a length of time in quotes, such as \"15m\", \"36h\" or \"7d\"",
        Kind::Number => "a whole number without quotes",
        Kind::Switch => "true or false, without quotes",
        Kind::OneOf(_) => "one of its words, in quotes",
        Kind::Texts => "a list of texts, such as [\"a\", \"b\"]",
        Kind::TextTable | Kind::NumberTable | Kind::Tables => "a table",
    };
    format!("{} is {form}: {}", key.name, key.about)
}

/// The line as it may be shown: without the value, unless its key is known to hold no secret and
/// the value holds no further keys.
fn picture_of(line: &str) -> String {
    match line.split_once('=') {
        Some((key, value)) if OPEN_KEYS.contains(&key.trim()) && !value.contains('{') => {
            escape(&line.replace('\t', " ")).into_owned()
        }
        Some(_) | None => hidden(line),
    }
}

/// The line without any value.
fn hidden(line: &str) -> String {
    let line = line.replace('\t', " ");
    match line.split_once('=') {
        Some((key, _)) => format!("{}= …", escape(key)),
        None if line.trim_start().starts_with('[') => escape(&line).into_owned(),
        None => "…".to_owned(),
    }
}

/// The word in question and what would be right, of serde's messages: "unknown field `a`, expected
/// one of `b`, `c`".
fn unknown_word(message: &str, opening: &str) -> Option<(String, Vec<String>)> {
    let (word, rest) = message.strip_prefix(opening)?.split_once('`')?;
    let expected = rest.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    Some((word.to_owned(), expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> ConfigError {
        super::super::config::read(&Source { path: "makegood.toml".as_ref(), text }).unwrap_err()
    }

    #[test]
    fn an_unknown_key_is_shown_where_it_stands() {
        let wrong = error("timezone = \"UTC\"\ngrce = \"15m\"\n");
        assert_eq!(wrong.to_string(), "makegood.toml:2:1: unknown key `grce`\n  2 | grce = …\n    | ^^^^");
        assert_eq!(wrong.hint.as_deref(), Some("did you mean `grace`?"));
        let wrong = error("[backfil]\nbatch = 1\n");
        assert_eq!(wrong.hint.as_deref(), Some("did you mean `backfill`?"));
        let wrong = error("[[pixel]]\nid = \"A\"\nserverlog = \"none\"\n");
        assert!(wrong.to_string().starts_with("makegood.toml:3:1:"), "{wrong}");
        assert_eq!(wrong.hint.as_deref(), Some("did you mean `server_log`?"));
    }

    #[test]
    fn a_secret_is_never_shown() {
        let canary = "EAAB-canary-token";
        for text in [
            format!("[[pixel]]\nid = \"A\"\naccess_token = \"{canary}\"\n"),
            format!("[[pixel]]\nid = \"A\"\naccess_tokn_file = \"{canary}\"\n"),
            format!("[[pixel]]\nid = \"A\"\naccess_token_file = [\"{canary}\"]\n"),
            format!("[[pixel]]\nid = \"A\"\naccess_token_file = \"{canary}\n"),
            format!("secret = \"{canary}\"\n"),
            format!("[[pixel]]\nid = \"A\"\naccess_token_file = '''\n{canary}\n"),
            format!("{canary}\n"),
            format!("[[pixel]]\nid = \"A\"\naccess_token_file = {canary}\n"),
            format!("batch = {{ x = \"{canary}\" }}\n"),
        ] {
            let wrong = error(&text);
            assert!(!format!("{wrong:?}").contains("canary"), "{text}{wrong}");
        }
    }

    #[test]
    fn a_wrong_type_says_what_was_expected() {
        let wrong = error("[backfill]\nbatch = \"many\"\n");
        assert_eq!(
            wrong.to_string(),
            "makegood.toml:2:9: wrong type of value\n  2 | batch = \"many\"\n    |         ^^^^^^"
        );
        assert_eq!(
            wrong.hint.as_deref(),
            Some("batch is a whole number without quotes: events per request, at most 1000")
        );
        let wrong = error("timezone = \"UTC\"\n\n[[pixel]]\nid = \"A\"\n\n[backfill]\nmax_age = 7\n");
        assert_eq!(
            wrong.hint.as_deref(),
            Some(
                "max_age is a length of time in quotes, such as \"15m\", \"36h\" or \"7d\": older events are never sent; at most 28d"
            )
        );
        let wrong = error("timezone = UTC\n");
        assert!(wrong.hint.as_deref().unwrap().starts_with("timezone is a text in quotes"), "{wrong:?}");
        let wrong = error("[[pixel]]\nid = \"A\"\nserver_log = \"all\"\n");
        assert!(wrong.to_string().contains("must be partial or complete or none"), "{wrong}");
    }
}
