//! The list of events: a table to read, and lines for other programs.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use crate::domain::{
    Amount, CampaignId, EventId, EventName, PixelCode, SessionId, TimeMs, Untrusted, Verdict,
};
use crate::reconcile::Stand;

use super::grid::{Column, Grid};
use super::number::{count_of, length};
use super::view::Meaning;
use super::words::wrap;
use super::{View, escape, escape_short, json, reasons};

/// One event of the list.
#[derive(Clone, Debug)]
pub struct EventRow {
    /// Its id.
    pub id: EventId,
    /// TikTok's name, or the logged one where it is not mapped.
    pub name: EventName,
    /// Its pixel.
    pub pixel: Option<PixelCode>,
    /// Its campaign.
    pub campaign: Option<CampaignId>,
    /// Its session.
    pub session: Option<SessionId>,
    /// Its order or transaction id.
    pub order: Option<Untrusted>,
    /// When it happened.
    pub at: TimeMs,
    /// Its value, as logged.
    pub value: Option<Amount>,
    /// Its currency, as logged.
    pub currency: Option<Arc<str>>,
    /// Its verdict.
    pub verdict: Verdict,
    /// Whether the browser fired; `None` where no browser log says.
    pub browser_fired: Option<bool>,
    /// What stands against sending it, of a missing one.
    pub stand: Option<Stand>,
    /// Until when it is safe to send, of a missing one.
    pub deadline: Option<TimeMs>,
}

/// A quarantined line of the list.
#[derive(Clone, Debug)]
pub struct QuarantinedLine {
    /// The file.
    pub path: PathBuf,
    /// Byte offset of the line in the decompressed text.
    pub offset: u64,
    /// Its length in bytes.
    pub length: u64,
    /// Why it could not be used.
    pub reason: &'static str,
    /// SHA-256 of the line.
    pub sha256: [u8; 32],
    /// The event's name, where the line gave one.
    pub event: Option<Arc<str>>,
    /// The event's time, where the line gave one.
    pub at: Option<TimeMs>,
}

#[derive(Serialize)]
struct EventJson<'a> {
    event_id: String,
    event: &'a str,
    pixel_id: Option<&'a str>,
    campaign_id: Option<&'a str>,
    session_id: Option<&'a str>,
    order_id: Option<&'a str>,
    occurred_at: String,
    value: Option<String>,
    currency: Option<&'a str>,
    verdict: &'static str,
    code: Option<i64>,
    reason: Option<String>,
    browser_fired: Option<bool>,
    deadline_at: Option<String>,
    held: Option<&'static str>,
    unsendable: Option<&'static str>,
}

fn wire(row: &EventRow) -> EventJson<'_> {
    let (held, unsendable) = match row.stand {
        Some(Stand::Held(class)) => (Some(class.code()), None),
        Some(Stand::Unsendable(why)) => (None, Some(why.code())),
        Some(Stand::Send { .. } | Stand::NotDue(_) | Stand::Never) | None => (None, None),
    };
    EventJson {
        event_id: row.id.to_string(),
        event: row.name.as_str(),
        pixel_id: row.pixel.as_ref().map(PixelCode::as_str),
        campaign_id: row.campaign.as_ref().map(CampaignId::as_str),
        session_id: row.session.as_ref().map(SessionId::as_str),
        order_id: row.order.as_ref().map(Untrusted::raw),
        occurred_at: row.at.to_string(),
        value: row.value.map(|value| value.to_string()),
        currency: row.currency.as_deref(),
        verdict: row.verdict.word(),
        code: reasons::code(&row.verdict),
        reason: reasons::verdict(&row.verdict),
        browser_fired: row.browser_fired,
        deadline_at: row.deadline.map(|at| at.to_string()),
        held,
        unsendable,
    }
}

/// One event by the contract, on one line.
#[must_use]
pub fn event_line(row: &EventRow) -> String {
    json::line(&wire(row))
}

/// All events as one document.
#[must_use]
pub fn events_json(rows: &[EventRow]) -> String {
    json::pretty(&rows.iter().map(wire).collect::<Vec<_>>())
}

/// The fields of an event in CSV, in the order of the contract.
pub(super) const FIELDS: [&str; 16] = [
    "event_id",
    "event",
    "pixel_id",
    "campaign_id",
    "session_id",
    "order_id",
    "occurred_at",
    "value",
    "currency",
    "verdict",
    "code",
    "reason",
    "browser_fired",
    "deadline_at",
    "held",
    "unsendable",
];

/// The cells of an event in CSV, in the order of [`FIELDS`]; the flag says that a cell is ours or a
/// number, and needs no defusing.
pub(super) fn cells(row: &EventRow) -> [(String, Trust); 16] {
    let wire = wire(row);
    let text = |value: Option<&str>| (value.unwrap_or_default().to_owned(), Trust::Log);
    let own = |value: Option<String>| (value.unwrap_or_default(), Trust::Ours);
    [
        text(Some(&wire.event_id)),
        text(Some(wire.event)),
        text(wire.pixel_id),
        text(wire.campaign_id),
        text(wire.session_id),
        text(wire.order_id),
        own(Some(wire.occurred_at)),
        own(wire.value),
        text(wire.currency),
        own(Some(wire.verdict.to_owned())),
        own(wire.code.map(|code| code.to_string())),
        own(wire.reason),
        own(wire.browser_fired.map(|fired| fired.to_string())),
        own(wire.deadline_at),
        own(wire.held.map(str::to_owned)),
        own(wire.unsendable.map(str::to_owned)),
    ]
}

/// Where a cell's text comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// A log: it may be a formula.
    Log,
    /// Us, or a number.
    Ours,
}

/// The list as a table.
#[must_use]
pub fn events_table(rows: &[EventRow], now: TimeMs, view: &View) -> String {
    let mut grid = Grid::new(&[
        Column::text("time", 1),
        Column::text("event", 0),
        Column::text("event_id", 0),
        Column::text("verdict", 0),
        Column::text("reason", 2),
        Column::text("browser", 4),
        Column::number("value", 3),
        Column::text("safe until", 1),
    ]);
    for row in rows {
        let value = match (row.value, row.currency.as_deref()) {
            (Some(value), Some(currency)) => super::number::money(currency, value),
            (Some(value), None) => value.to_string(),
            (None, _) => String::new(),
        };
        grid.row([
            view.zone.second(row.at),
            escape_short(row.name.as_str(), 40),
            escape(&row.id.to_string()).into_owned(),
            view.paint(Meaning::of_verdict(&row.verdict), &row.verdict.word().replace('_', " ")),
            reasons::verdict(&row.verdict).unwrap_or_default(),
            match row.browser_fired {
                Some(true) => "fired".to_owned(),
                Some(false) => "not seen".to_owned(),
                None => String::new(),
            },
            value,
            safe_until(row, now, view),
        ]);
    }
    let text = if rows.is_empty() { String::new() } else { grid.render(view.width) };
    let events = count_of(length(rows.len()), "event", "events");
    text + &wrap(&format!("{events} · times in {}", view.zone.name()), 0, view.width)
}

pub(super) fn safe_until(row: &EventRow, now: TimeMs, view: &View) -> String {
    match row.stand {
        Some(Stand::Send { until }) => format!("{} ({})", view.zone.minute(until), until.since(now)),
        Some(Stand::Held(class)) => format!("held: {}", class.code()),
        Some(Stand::Unsendable(why)) => format!("cannot: {}", why.code()),
        Some(Stand::NotDue(at)) => format!("not due before {}", view.zone.second(at)),
        Some(Stand::Never) | None => String::new(),
    }
}

#[derive(Serialize)]
struct QuarantinedJson<'a> {
    path: String,
    offset: u64,
    length: u64,
    reason: &'static str,
    sha256: String,
    event: Option<&'a str>,
    occurred_at: Option<String>,
}

/// One quarantined line, as a line of JSON.
#[must_use]
pub fn quarantined_line(row: &QuarantinedLine) -> String {
    json::line(&quarantined_wire(row))
}

/// All quarantined lines as one document.
#[must_use]
pub fn quarantined_json(rows: &[QuarantinedLine]) -> String {
    json::pretty(&rows.iter().map(quarantined_wire).collect::<Vec<_>>())
}

fn quarantined_wire(row: &QuarantinedLine) -> QuarantinedJson<'_> {
    QuarantinedJson {
        path: row.path.display().to_string(),
        offset: row.offset,
        length: row.length,
        reason: row.reason,
        sha256: hex::encode(row.sha256),
        event: row.event.as_deref(),
        occurred_at: row.at.map(|at| at.to_string()),
    }
}

/// The fields of a quarantined line in CSV.
pub(super) const QUARANTINED_FIELDS: [&str; 7] =
    ["path", "offset", "length", "reason", "sha256", "event", "occurred_at"];

/// The cells of a quarantined line in CSV.
pub(super) fn quarantined_cells(row: &QuarantinedLine) -> [(String, Trust); 7] {
    let wire = quarantined_wire(row);
    [
        (wire.path, Trust::Log),
        (wire.offset.to_string(), Trust::Ours),
        (wire.length.to_string(), Trust::Ours),
        (wire.reason.to_owned(), Trust::Ours),
        (wire.sha256, Trust::Ours),
        (wire.event.unwrap_or_default().to_owned(), Trust::Log),
        (wire.occurred_at.unwrap_or_default(), Trust::Ours),
    ]
}

/// Quarantined lines as a table.
#[must_use]
pub fn quarantined_table(rows: &[QuarantinedLine], view: &View) -> String {
    let mut grid = Grid::new(&[
        Column::text("file", 0),
        Column::number("byte offset", 0),
        Column::number("length", 3),
        Column::text("reason", 0),
        Column::text("event", 2),
        Column::text("time", 2),
        Column::text("sha-256", 4),
    ]);
    for row in rows {
        grid.row([
            escape(&row.path.display().to_string()).into_owned(),
            row.offset.to_string(),
            row.length.to_string(),
            row.reason.to_owned(),
            escape_short(row.event.as_deref().unwrap_or_default(), 40),
            row.at.map(|at| view.zone.second(at)).unwrap_or_default(),
            hex::encode(row.sha256),
        ]);
    }
    if rows.is_empty() {
        return "Every line could be used.\n".to_owned();
    }
    let text = grid.render(view.width);
    let lines = count_of(length(rows.len()), "line", "lines");
    text + &wrap(&format!("{lines} that could not be used"), 0, view.width)
}

#[cfg(test)]
mod tests {
    use super::super::tests_support::event_row;
    use super::super::{Zone, tests_support};
    use super::*;
    use serde_json::Value;

    #[test]
    fn an_event_line_has_every_field_of_its_contract() {
        let line = event_line(&event_row());
        assert!(line.ends_with("}\n") && line.lines().count() == 1);
        let document: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            document,
            serde_json::json!({
                "event_id": "=ord_1", "event": "CompletePayment", "pixel_id": "C4A1B2C3D4E5F6G7H8I9",
                "campaign_id": "12", "session_id": "s-1", "order_id": "+A\u{1b}1",
                "occurred_at": "2026-11-01T06:00:00Z", "value": "39.90", "currency": "USD",
                "verdict": "refused", "code": 40002, "reason": "code-40002", "browser_fired": true,
                "deadline_at": "2026-11-03T05:00:00Z", "held": null, "unsendable": null
            })
        );
        let fields: Vec<&str> = FIELDS.to_vec();
        for field in document.as_object().unwrap().keys() {
            assert!(fields.contains(&field.as_str()), "{field} is in no CSV");
        }
    }

    #[test]
    fn the_table_shows_ids_in_full_and_log_text_escaped() {
        let mut row = event_row();
        row.name = EventName::parse("Pay\u{1b}[2J").unwrap();
        let view = View::plain(Zone::UTC);
        let text = events_table(&[row], tests_support::now(), &view);
        assert!(text.contains("Pay\\x1b[2J"), "{text}");
        assert!(!text.contains('\u{1b}'));
        assert!(text.contains("Tue 3 Nov 2026 05:00 (29 h 0 min)"), "{text}");
        assert!(text.ends_with("1 event · times in UTC\n"));
    }
}
