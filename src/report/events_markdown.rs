//! The list of events as a message: as many of them as a chat takes, and how many more there are.

use std::fmt::Write as _;

use crate::domain::{TimeMs, Untrusted};

use super::events::{EventRow, safe_until};
use super::markdown::{CHARS_MAX, code, plain};
use super::number::{count, count_of, length, money};
use super::{Ids, View, Zone, reasons};

/// The events as Markdown, with a line end; ids are shortened unless they are to be shown.
#[must_use]
pub fn events_markdown(rows: &[EventRow], now: TimeMs, zone: Zone, ids: Ids) -> String {
    let mut text = format!(
        "**{}** · times in {}\n",
        count_of(length(rows.len()), "event", "events"),
        plain(zone.name())
    );
    if rows.is_empty() {
        return text;
    }
    text.push_str("\n| time | event | event id | order | value | verdict | safe until |\n");
    text.push_str("|---|---|---|---|--:|---|---|\n");
    let mut chars = text.chars().count();
    let mut listed = 0;
    for row in rows {
        let line = line(row, now, zone, ids);
        chars += line.chars().count();
        if chars + REST_CHARS_MAX > CHARS_MAX {
            break;
        }
        text.push_str(&line);
        listed += 1;
    }
    let more = length(rows.len()) - listed;
    if more > 0 {
        let _ = writeln!(text, "\n{} more: the same command with `-o events.csv`", count(more));
    }
    text
}

/// Room for the line that says how many more there are.
const REST_CHARS_MAX: usize = 100;

fn line(row: &EventRow, now: TimeMs, zone: Zone, ids: Ids) -> String {
    let value = match (row.value, row.currency.as_deref()) {
        (Some(value), Some(currency)) => money(currency, value),
        (Some(value), None) => value.to_string(),
        (None, _) => String::new(),
    };
    let verdict = row.verdict.word().replace('_', " ");
    let reason = reasons::verdict(&row.verdict).filter(|reason| !reason.is_empty());
    let order = row.order.as_ref().map(Untrusted::raw).map(|order| code(&ids.show(order)));
    format!(
        "| {} | {} | {} | {} | {} | {} | {} |\n",
        zone.second(row.at),
        code(&ids.name(row.name.as_str())),
        code(&ids.show(&row.id.to_string())),
        order.unwrap_or_default(),
        plain(&value),
        plain(&reason.map_or_else(|| verdict.clone(), |reason| format!("{verdict}: {reason}"))),
        plain(&safe_until(row, now, &View::plain(zone))),
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests_support::{event_row, now};
    use super::*;

    #[test]
    fn a_message_lists_the_events_and_shortens_their_ids() {
        let text = events_markdown(&[event_row()], now(), Zone::UTC, Ids::Short);
        assert_eq!(
            text,
            "**1 event** · times in UTC\n\n\
             | time | event | event id | order | value | verdict | safe until |\n\
             |---|---|---|---|--:|---|---|\n\
             | 2026-11-01 06:00:00 | `CompletePayment` | `=or…` | `+A\\x…` | USD 39.90 | refused: code-40002 \
             | Tue 3 Nov 2026 05:00 (29 h 0 min) |\n"
        );
        let shown = events_markdown(&[event_row()], now(), Zone::UTC, Ids::Full);
        assert!(shown.contains("| `=ord_1` | `+A\\x1b1` |"), "{shown}");
    }

    #[test]
    fn it_fits_a_chat_message_and_says_what_it_leaves_out() {
        let text = events_markdown(&vec![event_row(); 500], now(), Zone::UTC, Ids::Full);
        let listed = text.matches("`CompletePayment`").count();
        assert!(text.chars().count() < CHARS_MAX && listed > 20, "{listed} of {}", text.len());
        assert!(text.contains(&format!("\n{} more: ", 500 - listed)), "{text}");
    }
}
