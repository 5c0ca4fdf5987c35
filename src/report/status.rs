//! How things stand: the gap, the clock, what ran last and runs next.

use serde::Serialize;

use crate::audit::{ClockCounts, Counts, EventCounts, Money};
use crate::domain::{Duration, PixelCode, Range, TimeMs};

use super::last_audit::{LastAudit, LastAuditJson};
use super::number::{count, count_of, money, percent};
use super::words::{PAYMENT, wrap};
use super::{View, escape, json};

/// How things stand. Times are of the moment it was made.
#[derive(Debug)]
pub struct Status {
    /// That moment.
    pub now: TimeMs,
    /// The database, for people.
    pub database: String,
    /// The time span of the gap.
    pub range: Range,
    /// All events of it.
    pub totals: Counts,
    /// Each event of it.
    pub by_event: Vec<EventCounts>,
    /// Value of orders without an accepted server copy, of it.
    pub value_missing: Vec<Money>,
    /// The clock, of all that is stored.
    pub clock: ClockCounts,
    /// Lines that could not be used.
    pub quarantined: u64,
    /// Time of the newest event.
    pub newest_event_at: Option<TimeMs>,
    /// When anything was last read from a log.
    pub imported_at: Option<TimeMs>,
    /// The last audit of all events.
    pub audit: Option<LastAudit>,
    /// The last backfill.
    pub backfill: Option<LastRun>,
    /// When the next one is due, where a schedule says so.
    pub next_run_at: Option<TimeMs>,
    /// No request before this time.
    pub throttled_until: Option<TimeMs>,
    /// Pixels whose token TikTok refused, with the code.
    pub blocked: Vec<(PixelCode, i64)>,
}

/// A run that is over, or died.
#[derive(Clone, Copy, Debug)]
pub struct LastRun {
    /// When it began.
    pub started_at: TimeMs,
    /// How it ended; `None`: it died, or still runs.
    pub exit_code: Option<u8>,
}

impl Status {
    /// What stands wrong, however long it has: what `--strict` counts.
    #[must_use]
    pub fn standing(&self) -> Vec<String> {
        let held: u64 = self.clock.held.iter().map(|(_, n)| n).sum();
        let counted = [
            (held, "held"),
            (self.clock.unsendable, "cannot be sent as they are"),
            (self.quarantined, "lines could not be used"),
        ];
        let mut problems: Vec<String> =
            counted.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", count(*n))).collect();
        problems.extend(self.blocked.iter().map(|(pixel, code)| {
            format!("the token of pixel {} was refused (code {code})", escape(pixel.as_str()))
        }));
        problems
    }

    fn payments(&self) -> Counts {
        let payments = self.by_event.iter().find(|event| event.name.as_str() == PAYMENT);
        payments.map(|event| event.counts).unwrap_or_default()
    }
}

#[derive(Serialize)]
struct StatusJson<'a> {
    schema: &'static str,
    now: String,
    database: &'a str,
    gap: GapJson<'a>,
    clock: ClockJson,
    quarantined: u64,
    newest_event_at: Option<String>,
    imported_at: Option<String>,
    last_audit: Option<LastAuditJson>,
    last_backfill: Option<RunJson>,
    next_run_at: Option<String>,
    throttled_until: Option<String>,
    blocked_tokens: Vec<BlockedJson<'a>>,
    standing: Vec<String>,
}

#[derive(Serialize)]
struct GapJson<'a> {
    since: String,
    until: String,
    expected: u64,
    missing: u64,
    waiting: u64,
    orders_expected: u64,
    orders_missing: u64,
    value_missing: Vec<MoneyJson<'a>>,
}

#[derive(Serialize)]
struct MoneyJson<'a> {
    currency: &'a str,
    amount: String,
    neither_leg: String,
}

#[derive(Serialize)]
struct ClockJson {
    sendable: u64,
    first_deadline_at: Option<String>,
    held: Vec<HeldJson>,
    unsendable: u64,
}

#[derive(Serialize)]
struct HeldJson {
    class: &'static str,
    events: u64,
}

#[derive(Serialize)]
struct RunJson {
    started_at: String,
    exit_code: Option<u8>,
}

#[derive(Serialize)]
struct BlockedJson<'a> {
    pixel_id: &'a str,
    code: i64,
}

/// The status by the contract `makegood.status/1`, with a line end.
#[must_use]
pub fn status_json(status: &Status) -> String {
    let time = |at: Option<TimeMs>| at.map(|at| at.to_string());
    let payments = status.payments();
    json::pretty(&StatusJson {
        schema: "makegood.status/1",
        now: status.now.to_string(),
        database: &status.database,
        gap: GapJson {
            since: status.range.since.to_string(),
            until: status.range.until.to_string(),
            expected: status.totals.expected(),
            missing: status.totals.missing(),
            waiting: status.totals.waiting,
            orders_expected: payments.expected(),
            orders_missing: payments.missing(),
            value_missing: status
                .value_missing
                .iter()
                .map(|sum| MoneyJson {
                    currency: &sum.currency,
                    amount: sum.amount.to_string(),
                    neither_leg: sum.neither_leg.to_string(),
                })
                .collect(),
        },
        clock: ClockJson {
            sendable: status.clock.sendable,
            first_deadline_at: time(status.clock.first_deadline_at),
            held: status
                .clock
                .held
                .iter()
                .map(|(class, n)| HeldJson { class: class.code(), events: *n })
                .collect(),
            unsendable: status.clock.unsendable,
        },
        quarantined: status.quarantined,
        newest_event_at: time(status.newest_event_at),
        imported_at: time(status.imported_at),
        last_audit: status.audit.map(|last| last.wire()),
        last_backfill: status
            .backfill
            .map(|run| RunJson { started_at: run.started_at.to_string(), exit_code: run.exit_code }),
        next_run_at: time(status.next_run_at),
        throttled_until: time(status.throttled_until),
        blocked_tokens: status
            .blocked
            .iter()
            .map(|(pixel, code)| BlockedJson { pixel_id: pixel.as_str(), code: *code })
            .collect(),
        standing: status.standing(),
    })
}

/// The status in lines.
#[must_use]
pub fn status_table(status: &Status, view: &View) -> String {
    let mut text = String::new();
    let mut line = |label: &str, words: &str| {
        text.push_str(&wrap(&format!(" {label:<10} {words}"), LABEL, view.width));
    };
    line("database", &escape(&status.database));
    line("logs", &logs(status, view));
    line("gap", &gap(status));
    line("", &view.zone.range(status.range));
    line("clock", &clock(status, view));
    for (class, n) in &status.clock.held {
        line("held", &format!("{} {}", count(*n), class.code()));
    }
    if status.clock.unsendable > 0 {
        line(
            "unsendable",
            &format!("{}; makegood backfill --dry-run says why", count(status.clock.unsendable)),
        );
    }
    line("audit", &audit(status, view));
    line("backfill", &backfill(status, view));
    for (label, words) in troubles(status, view) {
        line(label, &words);
    }
    text
}

/// What stands in the way, a label and words each.
pub(super) fn troubles(status: &Status, view: &View) -> Vec<(&'static str, String)> {
    let mut troubles = Vec::new();
    if status.quarantined > 0 {
        let lines = count_of(status.quarantined, "line", "lines");
        troubles.push(("unread", format!("{lines} could not be used; makegood events --quarantined")));
    }
    if let Some(until) = status.throttled_until.filter(|until| *until > status.now) {
        let until = view.zone.minute(until);
        troubles.push(("throttled", format!("TikTok throttles; no request before {until}")));
    }
    for (pixel, code) in &status.blocked {
        let pixel = escape(pixel.as_str());
        let words = format!("of pixel {pixel} was refused (code {code}); makegood doctor has the way there");
        troubles.push(("token", words));
    }
    troubles
}

/// Cells before the words of a line.
const LABEL: usize = 12;

fn ago(at: TimeMs, now: TimeMs) -> String {
    let since = now.since(at);
    if since < Duration::from_mins(1) { "just now".to_owned() } else { format!("{since} ago") }
}

pub(super) fn logs(status: &Status, view: &View) -> String {
    let Some(newest) = status.newest_event_at else { return "no event is stored yet".to_owned() };
    let read = match status.imported_at {
        Some(at) => format!(", last read {}", ago(at, status.now)),
        None => String::new(),
    };
    format!("newest event {}{read}", view.zone.minute(newest))
}

pub(super) fn gap(status: &Status) -> String {
    let (orders, totals) = (status.payments(), &status.totals);
    if totals.expected() == 0 {
        return "no event is expected at TikTok yet".to_owned();
    }
    let value: Vec<String> =
        status.value_missing.iter().map(|sum| money(&sum.currency, sum.amount)).collect();
    let value = if value.is_empty() { String::new() } else { format!(" ({})", value.join(", ")) };
    format!(
        "{} of {} orders{value} and {} of all {} events ({}) lack an accepted server copy",
        count(orders.missing()),
        count(orders.expected()),
        count(totals.missing()),
        count(totals.expected()),
        percent(totals.missing(), totals.expected()),
    )
}

pub(super) fn clock(status: &Status, view: &View) -> String {
    match (status.clock.sendable, status.clock.first_deadline_at) {
        (0, _) => "nothing to send".to_owned(),
        (n, Some(first)) => format!(
            "{} to send; the first is safe until {} ({} left)",
            count_of(n, "event", "events"),
            view.zone.minute(first),
            first.since(status.now),
        ),
        (n, None) => format!("{} to send", count_of(n, "event", "events")),
    }
}

fn audit(status: &Status, view: &View) -> String {
    match status.audit {
        Some(last) => format!("last {}, {}", ago(last.at, status.now), last.words(view)),
        None => "none yet; makegood audit".to_owned(),
    }
}

pub(super) fn backfill(status: &Status, view: &View) -> String {
    let last = match status.backfill {
        None => "none yet".to_owned(),
        Some(LastRun { started_at, exit_code: Some(code) }) => {
            format!("last {}, code {code}", ago(started_at, status.now))
        }
        Some(LastRun { started_at, exit_code: None }) => {
            format!("last {}, not ended: it runs or died", ago(started_at, status.now))
        }
    };
    let next = match status.next_run_at {
        Some(at) => format!("next about {}", view.zone.minute(at)),
        None => "no schedule found; makegood schedule makes one".to_owned(),
    };
    format!("{last}; {next}")
}
