//! What `init` writes: a config with comments.

use std::fmt::Write as _;

use toml::Value;

use crate::ingest::Guess;
use crate::report::{count, escape};

/// A config in the making.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) sources: Vec<String>,
    pub(super) pixels: Vec<String>,
    pub(super) maps: Vec<Map>,
}

/// How the records of an unknown log are read.
#[derive(Debug)]
pub(super) struct Map {
    pub(super) name: String,
    /// The event that every record is.
    pub(super) all_are: Option<String>,
    pub(super) fields: Vec<Guess>,
    /// Records it was guessed from.
    pub(super) records: usize,
}

/// What an event log should tell, and what it costs when it does not.
const EVENTS_NEED: &[(&str, &str)] = &[
    ("occurred_at", "a line without a time is not used, unless its logger wrote one around it"),
    ("session_id", "nothing is filled in from the visitor's other events"),
    ("pixel_id", "it is the campaign's, or the only one of this config"),
    (
        "source",
        "without one here or in a [[campaign]] all count as TikTok's, and none is sent (source-assumed)",
    ),
    ("url", "an event without an absolute page URL cannot be sent"),
    ("value", "a payment without value and currency cannot be sent"),
    ("currency", "a payment without value and currency cannot be sent"),
    ("email", "the match keys are what TikTok finds a person by; an event without any cannot be sent"),
    ("ttclid", "the surest match key; those in page URLs are found by themselves"),
];
/// What a log of sends should tell.
const RECEIPTS_NEED: &[(&str, &str)] = &[
    ("code", "only TikTok's integer code says what was delivered; without it all is unverified"),
    ("sent_at", "how late a send was, and whether this log is up to date, is not known"),
    ("pixel_id", "it is the one pixel under which the event is known, if there is one"),
];
/// Fields that only a log of sends has.
const OF_RECEIPTS: &[&str] = &["channel", "sent_at", "http_status", "code", "request_id", "delivered"];

const HEAD: &str = "\
# makegood.toml. Unknown keys are errors; `makegood audit` needs no pixel and no token, sending does.

# timezone = \"Europe/Berlin\"                     # of dates and times shown; default UTC
";

const SOURCES: &str = "
# The logs: a path or a pattern each, compressed or not. Relative ones start from this file's folder.
";

const PIXELS: &str = "
# The pixels that a backfill may send to.
";

const REST: &str = "
# Where records lack source or pixel, their campaign's serve.
# [[campaign]]
# id = \"12\"
# source = \"tiktok\"
# pixel = \"C4A1B2C3D4E5F6G7H8I9\"
# origin = \"https://quiz.example.com\"

# [phone]
# default_region = \"US\"                          # without it a phone without a country code is never guessed
";

impl Draft {
    pub(super) fn to_toml(&self) -> String {
        let mut text = format!("{HEAD}{SOURCES}");
        for path in &self.sources {
            let _ = writeln!(text, "[[source]]\npath = {}\n", quoted(path));
        }
        if self.sources.is_empty() {
            text.push_str("# [[source]]\n# path = \"/var/log/funnel/*.jsonl*\"\n");
        }
        for map in &self.maps {
            text.push_str(&map.to_toml());
        }
        text.push_str(PIXELS);
        for pixel in &self.pixels {
            let _ = writeln!(text, "[[pixel]]\nid = {}", quoted(pixel));
            text.push_str(
                "# access_token_file = \"token\"                # Events Manager → Web Events → the pixel → Settings → Events API; chmod 600\n\
                 # server_log = \"partial\"                     # complete: every server send is logged; none: nobody sends but makegood\n\
                 # pixel_log = \"partial\"                      # complete: no browser receipt means it did not fire\n\n",
            );
        }
        if self.pixels.is_empty() {
            text.push_str("# [[pixel]]\n# id = \"C4A1B2C3D4E5F6G7H8I9\"\n# access_token_file = \"token\"\n");
        }
        text.push_str(REST.trim_start_matches(if self.pixels.is_empty() { '\0' } else { '\n' }));
        text
    }
}

impl Map {
    pub(super) fn has(&self, field: &str) -> bool {
        (field == "event" && self.all_are.is_some()) || self.fields.iter().any(|guess| guess.field == field)
    }

    /// The fields that were not found and are wanted, each with what that costs.
    fn lacking(&self) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
        let is_receipts = self.fields.iter().any(|guess| OF_RECEIPTS.contains(&guess.field));
        let needs = if is_receipts { RECEIPTS_NEED } else { EVENTS_NEED };
        let is_told = |field: &str| self.has(field) || (field == "sent_at" && self.has("occurred_at"));
        needs.iter().filter(move |(field, _)| !is_told(field))
    }

    /// Whether two maps read records alike.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        let says = |map: &Self| {
            let fields = map.fields.iter().map(|guess| (guess.field, guess.path.clone(), guess.unit));
            (map.all_are.clone(), fields.collect::<Vec<_>>())
        };
        says(self) == says(other)
    }

    fn coverage(&self, guess: &Guess) -> String {
        let count_of = |n: usize| count(u64::try_from(n).unwrap_or(u64::MAX));
        format!("{} of {} records", count_of(guess.records), count_of(self.records))
    }

    /// For a person: each field, where it was found, and how often.
    pub(super) fn to_text(&self) -> String {
        let mut text = String::new();
        if let Some(event) = &self.all_are {
            let _ = writeln!(text, "  {:<13} is always {}", "event", escape(event));
        }
        let wide = self.fields.iter().map(|guess| guess.path.chars().count()).max().unwrap_or(0).min(40);
        for guess in &self.fields {
            let unit = guess.unit.map(|unit| format!(", unit {unit}")).unwrap_or_default();
            let path = escape(&guess.path);
            let _ = writeln!(text, "  {:<13} ← {path:<wide$}  {}{unit}", guess.field, self.coverage(guess));
        }
        for (field, cost) in self.lacking() {
            let _ = writeln!(text, "  {field:<13} not found: {cost}");
        }
        text
    }

    fn to_toml(&self) -> String {
        let mut text = format!(
            "# Guessed from {} records: correct what is wrong. A field that stands under its own name needs no line.\n\
             # A path goes through objects with dots; {{ path = \"ts\", unit = \"ms\" }} gives a unit (s, ms, us, ns,\n\
             # cents, text, integer) and {{ const = \"…\" }} the same value for all, as in source = {{ const = \"tiktok\" }}.\n\
             # What was imported stays as it was read: after a change here, import into a new database.\n[formats.{}]\n",
            self.records, self.name
        );
        if let Some(event) = &self.all_are {
            let _ = writeln!(text, "event = {{ const = {} }}", quoted(event));
        }
        for guess in &self.fields {
            let path = quoted(&guess.path);
            let value = match guess.unit {
                Some(unit) => format!("{{ path = {path}, unit = \"{unit}\" }}"),
                None => path,
            };
            let line = format!("{} = {value}", guess.field);
            let _ = writeln!(text, "{line:<48} # {}", self.coverage(guess));
        }
        for (field, cost) in self.lacking() {
            let line = format!("# {field} = \"…\"");
            let _ = writeln!(text, "{line:<48} # not found: {cost}");
        }
        text
    }
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}
