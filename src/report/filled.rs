//! Where filled-in match keys come from.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::domain::{EventId, EventName};

use super::grid::{Column, Grid};
use super::number::count;
use super::{View, escape_short, json};

/// The match keys that were filled into one event.
#[derive(Clone, Debug)]
pub struct FilledIn {
    /// The event's TikTok name.
    pub name: EventName,
    /// Its id.
    pub id: EventId,
    /// `ttclid: page url; email: session, 2026-11-20T12:30:00Z`: never a value.
    pub from: Box<str>,
}

/// Events that a table names; the rest is counted.
const SHOWN_MAX: usize = 20;

/// The filled-in match keys as text; empty when there are none.
#[must_use]
pub fn filled_table(filled: &[FilledIn], view: &View) -> String {
    if filled.is_empty() {
        return String::new();
    }
    let mut grid =
        Grid::new(&[Column::text("filled in", 0), Column::text("event_id", 0), Column::text("from", 1)]);
    for one in filled.iter().take(SHOWN_MAX) {
        let id = escape_short(&one.id.to_string(), 60);
        grid.row([escape_short(one.name.as_str(), 40), id, one.from.to_string()]);
    }
    let mut text = format!("\n{}", grid.render(view.width));
    let more = filled.len().saturating_sub(SHOWN_MAX);
    if more > 0 {
        let more = count(u64::try_from(more).unwrap_or(u64::MAX));
        let _ = writeln!(text, "and {more} more; --format ndjson names all");
    }
    text
}

#[derive(Serialize)]
struct FilledJson<'a> {
    r#type: &'static str,
    event_id: String,
    event: &'a str,
    from: BTreeMap<&'a str, &'a str>,
}

/// The filled-in match keys, a JSON line per event.
#[must_use]
pub fn filled_lines(filled: &[FilledIn]) -> String {
    let line = |one: &FilledIn| {
        json::line(&FilledJson {
            r#type: "filled_in",
            event_id: one.id.to_string(),
            event: one.name.as_str(),
            from: one.from.split("; ").filter_map(|part| part.split_once(": ")).collect(),
        })
    };
    filled.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Zone;

    #[test]
    fn each_key_has_its_origin() {
        let one = |number: usize| FilledIn {
            name: EventName::parse("Lead").unwrap(),
            id: EventId::parse(&format!("e{number}")).unwrap(),
            from: "ttclid: page url; email: session, 2026-11-20T12:30:00Z".into(),
        };
        let line = r#"{"type":"filled_in","event_id":"e1","event":"Lead","from":{"email":"session, 2026-11-20T12:30:00Z","ttclid":"page url"}}"#;
        assert_eq!(filled_lines(&[one(1)]), format!("{line}\n"));
        let view = View::plain(Zone::UTC);
        assert_eq!(filled_table(&[], &view), "");
        let text = filled_table(&(0..23).map(one).collect::<Vec<_>>(), &view);
        assert!(text.contains("e19 ") && !text.contains("e20 ") && text.contains("and 3 more"), "{text}");
    }
}
