//! `[retention]`: how long things are kept.

use serde::Deserialize;
use toml::Spanned;

use crate::domain::{Duration, RetentionPolicy};

use super::config::span;
use super::config_error::{ConfigError, Source};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RetentionTable {
    contact: Option<Spanned<String>>,
    payload: Option<Spanned<String>>,
    keys: Option<Spanned<String>>,
}

/// What is inside its 47 h must stay sendable.
const LEAST: Duration = Duration::from_days(3);
/// TikTok takes no event older than 28 days, so a key that is gone after 60 can never be sent again.
const KEYS_LEAST: Duration = Duration::from_days(60);
/// Ten years: longer is a slip of the keyboard.
const MOST: Duration = Duration::from_days(3650);

impl RetentionTable {
    /// What the table says; the defaults stand for what it leaves out.
    ///
    /// # Errors
    /// [`ConfigError`] for a span out of its range.
    pub(super) fn read(&self, source: &Source<'_>) -> Result<RetentionPolicy, ConfigError> {
        let mut kept = RetentionPolicy::default();
        if let Some(text) = &self.keys {
            kept.keys = span(source, text, KEYS_LEAST, MOST)?;
        }
        if let Some(text) = &self.contact {
            kept.contact = span(source, text, LEAST, kept.keys)?;
        }
        if let Some(text) = &self.payload {
            kept.payload = span(source, text, LEAST, kept.keys)?;
        }
        Ok(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<RetentionPolicy, String> {
        let source = Source { path: "makegood.toml".as_ref(), text };
        let config = super::super::config::read(&source).map_err(|error| error.to_string())?;
        Ok(config.policy.retention)
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let kept = read("[retention]\ncontact = \"7d\"\n").unwrap();
        assert_eq!(
            (kept.contact, kept.payload, kept.keys),
            (Duration::from_days(7), Duration::from_days(30), Duration::from_days(400))
        );
    }

    #[test]
    fn keys_outlive_all_that_can_be_sent() {
        assert!(read("[retention]\nkeys = \"59d\"\n").unwrap_err().contains("must lie between"));
        assert!(read("[retention]\nkeys = \"60d\"\npayload = \"61d\"\n").is_err());
        assert!(read("[retention]\ncontact = \"47h\"\n").is_err());
        assert!(read("[retention]\nkeys = \"60d\"\npayload = \"60d\"\ncontact = \"3d\"\n").is_ok());
    }
}
