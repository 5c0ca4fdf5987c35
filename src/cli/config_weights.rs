//! `[match_strength]`: how much each match key counts.

use std::collections::BTreeMap;

use toml::Spanned;

use crate::domain::{KeyWeights, MatchKey};

use super::config_error::{ConfigError, Source};

/// The heaviest match key: weights are compared with each other only.
const WEIGHT_MAX: u32 = 1000;

/// The weights of a table; a match key that it leaves out keeps its own.
///
/// # Errors
/// [`ConfigError`] for a name that is no match key's, or a weight above [`WEIGHT_MAX`].
pub(super) fn key_weights(
    source: &Source<'_>,
    table: &BTreeMap<String, Spanned<u32>>,
) -> Result<KeyWeights, ConfigError> {
    let mut weights = KeyWeights::default();
    for (key, weight) in table {
        let known = MatchKey::ALL.into_iter().find(|known| known.name() == key);
        let known = known.ok_or_else(|| {
            let mut wrong = source.at(weight, format!("no match key is named {key:?}"));
            wrong.hint = Some(format!("there are {}", MatchKey::ALL.map(MatchKey::name).join(", ")));
            wrong
        })?;
        if *weight.get_ref() > WEIGHT_MAX {
            return Err(source.at(weight, "a weight is between 0 and 1000"));
        }
        weights.set(known, *weight.get_ref());
    }
    Ok(weights)
}
