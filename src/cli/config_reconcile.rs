//! `[reconcile]`: how an engine is run.

use serde::Deserialize;
use toml::Spanned;

use super::config_error::{ConfigError, Source};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ReconcileTable {
    command: Option<Spanned<String>>,
}

impl ReconcileTable {
    /// The command, word by word apart.
    ///
    /// # Errors
    /// [`ConfigError`] when it is blank.
    pub(super) fn read(&self, source: &Source<'_>) -> Result<Option<String>, ConfigError> {
        match &self.command {
            Some(command) if command.get_ref().trim().is_empty() => {
                Err(source.at(command, "command is blank"))
            }
            command => Ok(command.as_ref().map(|command| command.get_ref().clone())),
        }
    }
}
