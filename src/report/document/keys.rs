//! Match keys per event, and how well they let its events be matched.

use crate::audit::{AuditResult, EventCounts, KeyCoverage};

use super::super::number::{count, percent_whole};
use super::super::table;
use super::{Ids, KeyCell, KeysLine, Strength};

/// A line for each event that has something to match.
pub(super) fn lines<'a>(
    events: impl Iterator<Item = &'a EventCounts>,
    audit: &AuditResult,
    ids: Ids,
) -> Vec<KeysLine> {
    let lines = events.map(|event| KeysLine {
        name: ids.name(event.name.as_str()),
        total: total(event),
        cells: event.match_keys.iter().map(cell).collect(),
        strength: strength(event, audit),
    });
    lines.filter(|line| line.total > 0).collect()
}

/// How well the events of one name can be matched.
pub(super) fn strength(event: &EventCounts, audit: &AuditResult) -> Strength {
    if total(event) == 0 {
        return Strength::default();
    }
    Strength { words: table::strength_cell(event, audit), ppm: event.strength_ppm(&audit.key_weights) }
}

fn total(event: &EventCounts) -> u64 {
    event.match_keys.iter().map(|key| key.total).max().unwrap_or(0)
}

fn cell(key: &KeyCoverage) -> KeyCell {
    let is_partly_known = key.judged > 0 && key.judged < key.total;
    let known =
        || format!("{} of {}", percent_whole(key.valid.min(key.judged), key.judged), count(key.judged));
    KeyCell {
        key: key.key.name(),
        words: table::key_cell(key),
        known: is_partly_known.then(known),
        valid: key.valid,
        unusable: key.present.saturating_sub(key.valid),
        total: key.total,
    }
}
