//! The keys of the config, as `config show` and `config schema` tell them. A test holds them against
//! the reader.

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A length of time such as `15m`.
    Span,
    /// A whole number.
    Number,
    /// True or false.
    Switch,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A list of texts.
    Texts,
    /// A table of texts with names of one's own.
    TextTable,
    /// A table of whole numbers, each with a match key's name.
    NumberTable,
    /// Tables with names of one's own.
    Tables,
}

impl Kind {
    /// Whether the names inside are the user's own, or many.
    pub const fn is_table(self) -> bool {
        matches!(self, Self::TextTable | Self::NumberTable | Self::Tables)
    }
}

/// A key of the config.
#[derive(Clone, Copy, Debug)]
pub struct KeyFact {
    /// The table it stands in; empty: none.
    pub table: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// What stands for it where it is left out, as TOML; empty: nothing does.
    pub default: &'static str,
    /// What it is for.
    pub about: &'static str,
}

/// The tables that may stand many times, each with its required keys.
pub const LISTS: [(&str, &[&str]); 4] =
    [("source", &["path"]), ("pixel", &["id"]), ("campaign", &["id"]), ("ignore", &["reason", "until"])];

const fn key(
    table: &'static str,
    name: &'static str,
    kind: Kind,
    default: &'static str,
    about: &'static str,
) -> KeyFact {
    KeyFact { table, name, kind, default, about }
}

/// All keys, in the order in which a config is written.
pub const KEYS: &[KeyFact] = &[
    key("", "timezone", Kind::Text, "\"UTC\"", "IANA zone of dates and of times shown"),
    key("", "grace", Kind::Span, "\"15m\"", "a younger event without an acceptance is waiting"),
    key("", "source_aliases", Kind::Texts, "[]", "further names of TikTok as a traffic source"),
    key("", "map", Kind::TextTable, "{}", "further funnel names, each with its TikTok event"),
    key("", "stats_names", Kind::TextTable, "{}", "TikTok's names in its totals, each with its event"),
    key("", "match_strength", Kind::NumberTable, "{}", "how much each match key counts, 0 to 1000"),
    key("", "formats", Kind::Tables, "{}", "further logs: where each field stands in their records"),
    key(
        "source",
        "path",
        Kind::Text,
        "",
        "a log: a path or a pattern; relative ones start from the config's folder",
    ),
    key("source", "assume_tz", Kind::Text, "", "IANA zone of times that carry none"),
    key("pixel", "id", Kind::Text, "", "TikTok's Pixel Code"),
    key("pixel", "name", Kind::Text, "", "what people call it"),
    key(
        "pixel",
        "access_token_file",
        Kind::Text,
        "",
        "the file with its access token, mode 0600; or $CREDENTIALS_DIRECTORY/NAME",
    ),
    key("pixel", "access_token_env", Kind::Text, "", "or the environment variable with it"),
    key("pixel", "advertiser_id", Kind::Text, "", "the advertiser that owns it, for TikTok's own totals"),
    key(
        "pixel",
        "server_log",
        Kind::OneOf(&["partial", "complete", "none"]),
        "\"partial\"",
        "complete: every server send is logged; none: nobody sends but makegood",
    ),
    key(
        "pixel",
        "pixel_log",
        Kind::OneOf(&["partial", "complete"]),
        "\"partial\"",
        "complete: no browser receipt means that it did not fire",
    ),
    key("campaign", "id", Kind::Text, "", "its id in the logs"),
    key("campaign", "name", Kind::Text, "", "what people call it"),
    key("campaign", "source", Kind::Text, "", "its traffic source; wins over the record's"),
    key("campaign", "pixel", Kind::Text, "", "its Pixel Code, where a record has none"),
    key(
        "campaign",
        "origin",
        Kind::Text,
        "",
        "scheme and host that paths are joined to, such as https://quiz.example.com",
    ),
    key("campaign", "server_leg", Kind::Switch, "true", "whether a server sends its events"),
    key("campaign", "pixel_leg", Kind::Switch, "true", "whether the browser sends its events"),
    key(
        "phone",
        "default_region",
        Kind::Text,
        "",
        "country of phone numbers without a country code, such as US",
    ),
    key("ignore", "code", Kind::Text, "", "only this finding"),
    key("ignore", "campaign", Kind::Text, "", "only events of this campaign"),
    key("ignore", "event", Kind::Text, "", "only this event"),
    key("ignore", "reason", Kind::Text, "", "why it is no fault"),
    key("ignore", "until", Kind::Text, "", "the last day on which it holds, such as 2027-06-01"),
    key("backfill", "events", Kind::Texts, "[]", "only these events; empty: all that are mapped"),
    key("backfill", "max_age", Kind::Span, "\"7d\"", "older events are never sent; at most 28d"),
    key("backfill", "batch", Kind::Number, "200", "events per request, at most 1000"),
    key("backfill", "concurrency", Kind::Number, "4", "requests in flight"),
    key("backfill", "rate", Kind::Text, "\"20/s\"", "requests per second over all processes"),
    key("backfill", "connect_timeout", Kind::Span, "\"5s\"", "time to connect"),
    key("backfill", "total_timeout", Kind::Span, "\"30s\"", "time for a whole request"),
    key("backfill", "lease", Kind::Span, "\"2m\"", "how long an event stays claimed by a run that died"),
    key("backfill", "max", Kind::Number, "", "stop when more events than this would be sent"),
    key(
        "backfill",
        "enrich",
        Kind::OneOf(&["past", "session", "off"]),
        "\"past\"",
        "whether match keys are filled in from the session",
    ),
    key("backfill", "require_consent", Kind::Switch, "false", "hold every event without consent"),
    key("backfill", "sandbox", Kind::Switch, "false", "send to a sandbox inside makegood, never to TikTok"),
    key("retention", "contact", Kind::Span, "\"14d\"", "how long IP addresses and user agents are kept"),
    key("retention", "payload", Kind::Span, "\"30d\"", "how long payloads and sessions' match keys are kept"),
    key(
        "retention",
        "keys",
        Kind::Span,
        "\"400d\"",
        "how long event ids, verdicts and receipts are kept; at least 60d",
    ),
    key(
        "reconcile",
        "command",
        Kind::Text,
        "\"spark-sql\"",
        "what runs a job: words, no shell; {job} is its file, else -f and the file are added",
    ),
    key("limits", "line_bytes", Kind::Number, "8388608", "longest line of a log"),
    key("limits", "depth", Kind::Number, "64", "deepest nesting of a record"),
    key("limits", "keys", Kind::Number, "512", "most keys of one object"),
    key("limits", "nodes", Kind::Number, "262144", "most keys and values of a record"),
    key("limits", "expansion_ratio", Kind::Number, "200", "times its size that a packed log may expand to"),
    key(
        "limits",
        "expansion_bytes",
        Kind::Number,
        "268435456",
        "once it has expanded beyond this many bytes",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::cli::config;
    use crate::cli::config_error::{OPEN_KEYS, Source};

    /// The keys that the reader itself says it expects in a table.
    fn expected(table: &str) -> BTreeSet<String> {
        let text = if table.is_empty() {
            "zzzzzz = 1\n".to_owned()
        } else if LISTS.iter().any(|(name, _)| *name == table) {
            format!("[[{table}]]\nzzzzzz = 1\n")
        } else {
            format!("[{table}]\nzzzzzz = 1\n")
        };
        let error = config::unknown_key(&text).unwrap();
        error.split('`').skip(3).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn the_table_names_the_keys_that_the_reader_knows() {
        let tables: BTreeSet<&str> = KEYS.iter().map(|key| key.table).collect();
        for table in &tables {
            let mut ours: BTreeSet<String> =
                KEYS.iter().filter(|key| key.table == *table).map(|key| key.name.to_owned()).collect();
            if table.is_empty() {
                ours.extend(tables.iter().filter(|name| !name.is_empty()).map(|name| (*name).to_owned()));
            }
            assert_eq!(ours, expected(table), "[{table}]");
        }
    }

    #[test]
    fn every_default_is_what_the_reader_does_without_it() {
        let read = |text: &str| {
            let source = Source { path: "makegood.toml".as_ref(), text };
            config::read(&source).unwrap_or_else(|error| panic!("{text}: {error}"))
        };
        let nothing = format!("{:?}", read("").policy);
        let mut all: Vec<String> = Vec::new();
        for key in KEYS.iter().filter(|key| !key.default.is_empty()) {
            if LISTS.iter().any(|(name, _)| *name == key.table) || key.kind.is_table() {
                continue;
            }
            let head = if key.table.is_empty() { String::new() } else { format!("[{}]\n", key.table) };
            all.push(format!("{head}{} = {}\n", key.name, key.default));
        }
        for text in all {
            assert_eq!(format!("{:?}", read(&text).policy), nothing, "{text}");
        }
    }

    #[test]
    fn the_value_of_every_key_may_be_shown_in_an_error() {
        for key in KEYS
            .iter()
            .filter(|key| !key.kind.is_table() && !matches!(key.name, "access_token_file" | "sandbox"))
        {
            assert!(OPEN_KEYS.contains(&key.name), "{}", key.name);
        }
    }
}
