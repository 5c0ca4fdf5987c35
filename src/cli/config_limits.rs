//! `[limits]`: what a line of a log, or a packed log, may cost.

use serde::Deserialize;
use toml::Spanned;

use crate::domain::LogLimits;

use super::config_error::{ConfigError, Source};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LimitsTable {
    line_bytes: Option<Spanned<i64>>,
    depth: Option<Spanned<i64>>,
    keys: Option<Spanned<i64>>,
    nodes: Option<Spanned<i64>>,
    expansion_ratio: Option<Spanned<i64>>,
    expansion_bytes: Option<Spanned<i64>>,
}

/// No record that says anything is shorter; a line is held whole, so the longest is what a small machine
/// has to spare.
const LINE_BYTES: (i64, i64) = (1 << 10, 256 << 20);
/// A request of the Events API is eight deep; the JSON reader itself ends at 128.
const DEPTH: (i64, i64) = (8, 120);
/// Keys are compared with each other, so their number costs time.
const KEYS: (i64, i64) = (32, 100_000);
/// A node takes some thirty bytes of memory.
const NODES: (i64, i64) = (256, 1 << 24);
/// Logs shrink to a tenth; the packers themselves end near a thousand, but for long repeats.
const EXPANSION_RATIO: (i64, i64) = (10, 100_000);
/// A day's log, and a disk's.
const EXPANSION_BYTES: (i64, i64) = (1 << 20, 1 << 40);

impl LimitsTable {
    /// What the table says; the defaults stand for what it leaves out.
    ///
    /// # Errors
    /// [`ConfigError`] for a number out of its range.
    pub(super) fn read(&self, source: &Source<'_>) -> Result<LogLimits, ConfigError> {
        let usual = LogLimits::default();
        let count = |value: &Option<Spanned<i64>>, range, usual: usize| -> Result<usize, ConfigError> {
            Ok(number(source, value.as_ref(), range)?.and_then(|n| usize::try_from(n).ok()).unwrap_or(usual))
        };
        Ok(LogLimits {
            line_bytes: count(&self.line_bytes, LINE_BYTES, usual.line_bytes)?,
            depth: count(&self.depth, DEPTH, usual.depth)?,
            keys: count(&self.keys, KEYS, usual.keys)?,
            nodes: count(&self.nodes, NODES, usual.nodes)?,
            expansion_ratio: number(source, self.expansion_ratio.as_ref(), EXPANSION_RATIO)?
                .unwrap_or(usual.expansion_ratio),
            expansion_bytes: number(source, self.expansion_bytes.as_ref(), EXPANSION_BYTES)?
                .unwrap_or(usual.expansion_bytes),
        })
    }
}

fn number(
    source: &Source<'_>,
    value: Option<&Spanned<i64>>,
    (least, most): (i64, i64),
) -> Result<Option<u64>, ConfigError> {
    let Some(value) = value else { return Ok(None) };
    if (least..=most).contains(value.get_ref()) {
        Ok(u64::try_from(*value.get_ref()).ok())
    } else {
        Err(source.at(value, format!("must lie between {least} and {most}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<LogLimits, String> {
        let source = Source { path: "makegood.toml".as_ref(), text };
        let config = super::super::config::read(&source).map_err(|error| error.to_string())?;
        Ok(config.policy.limits)
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        assert_eq!(read("").unwrap(), LogLimits::default());
        let text = "[limits]\nline_bytes = 1024\ndepth = 8\nkeys = 32\nnodes = 256\nexpansion_ratio = 10\nexpansion_bytes = 1048576\n";
        let least = LogLimits {
            line_bytes: 1024,
            depth: 8,
            keys: 32,
            nodes: 256,
            expansion_ratio: 10,
            expansion_bytes: 1 << 20,
        };
        assert_eq!(read(text).unwrap(), least);
    }

    #[test]
    fn a_limit_out_of_its_range_is_shown_with_a_caret() {
        assert_eq!(
            read("[limits]\ndepth = 121\n").unwrap_err(),
            "makegood.toml:2:9: must lie between 8 and 120\n  2 | depth = 121\n    |         ^^^"
        );
        for (key, range) in [
            ("line_bytes", LINE_BYTES),
            ("depth", DEPTH),
            ("keys", KEYS),
            ("nodes", NODES),
            ("expansion_ratio", EXPANSION_RATIO),
            ("expansion_bytes", EXPANSION_BYTES),
        ] {
            for wrong in [range.0 - 1, range.1 + 1, 0, -1, i64::MIN, i64::MAX] {
                assert!(read(&format!("[limits]\n{key} = {wrong}\n")).is_err(), "{key} = {wrong}");
            }
            for right in [range.0, range.1] {
                assert!(read(&format!("[limits]\n{key} = {right}\n")).is_ok(), "{key} = {right}");
            }
        }
        assert!(read("[limits]\nlines = 1\n").unwrap_err().contains("unknown key `lines`"));
    }
}
