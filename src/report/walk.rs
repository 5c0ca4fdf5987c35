//! What the logs say of a walk through the funnel.

use serde::Serialize;

use crate::domain::{Code, Duration, EventId, EventName, KeySet, MatchKey, Outcome, TimeMs, Verdict};
use crate::tiktok::event_map::EVENTS;

use super::grid::{Column, Grid};
use super::number::{count, count_of, length};
use super::reasons;
use super::story::outcome_words;
use super::words::wrap;
use super::{View, escape, escape_short, json};

/// The longest time from an event to the server's answer that is as it should be: the integration sends
/// at once, and what comes later comes from a queue that may lose it.
pub const ANSWER_AFTER_MAX: Duration = Duration::from_secs(60);

/// A server receipt.
#[derive(Clone, Copy, Debug)]
pub struct ServerLeg {
    /// When, where the log says so.
    pub at: Option<TimeMs>,
    /// HTTP status.
    pub status: Option<u16>,
    /// The body's code.
    pub code: Code,
    /// What they mean.
    pub outcome: Outcome,
    /// It carried a test event code.
    pub is_test: bool,
}

impl ServerLeg {
    /// Whether TikTok took it.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.outcome == Outcome::Accepted
    }
}

/// A browser receipt: the Pixel was called.
#[derive(Clone, Copy, Debug)]
pub struct BrowserLeg {
    /// When, where the log says so.
    pub at: Option<TimeMs>,
}

/// One event of a walk.
#[derive(Clone, Debug)]
pub struct WalkRow {
    /// When it happened.
    pub at: TimeMs,
    /// Its id.
    pub id: EventId,
    /// TikTok's name; `None`: the map has none.
    pub name: Option<EventName>,
    /// Its name as logged.
    pub logged: EventName,
    /// Its match keys that TikTok can use.
    pub keys: KeySet,
    /// What is known of its server leg.
    pub verdict: Verdict,
    /// The server receipt that counts.
    pub server: Option<ServerLeg>,
    /// The first call of the Pixel.
    pub browser: Option<BrowserLeg>,
}

impl WalkRow {
    fn server_after(&self) -> Option<Duration> {
        Some(self.server?.at?.since(self.at))
    }

    fn browser_after(&self) -> Option<Duration> {
        Some(self.browser?.at?.since(self.at))
    }

    fn is_late(&self) -> bool {
        self.server_after().is_some_and(|after| after > ANSWER_AFTER_MAX)
    }

    fn is_excluded(&self) -> bool {
        matches!(self.verdict, Verdict::Excluded(_))
    }

    fn is_accepted(&self) -> bool {
        self.server.as_ref().is_some_and(ServerLeg::is_accepted)
    }

    fn shown(&self) -> &EventName {
        self.name.as_ref().unwrap_or(&self.logged)
    }
}

/// A walk.
#[derive(Clone, Debug)]
pub struct Walk {
    /// The session's id as logged.
    pub session: String,
    /// Its events by time.
    pub rows: Vec<WalkRow>,
}

impl Walk {
    /// How many events the Pixel was called for.
    #[must_use]
    pub fn browser_calls(&self) -> u64 {
        length(self.rows.iter().filter(|row| row.browser.is_some()).count())
    }

    /// Whether TikTok took every event that is its own, in time, and there was one.
    #[must_use]
    pub fn is_good(&self) -> bool {
        let mut own = self.rows.iter().filter(|row| !row.is_excluded()).peekable();
        own.peek().is_some() && own.all(|row| row.is_accepted() && !row.is_late())
    }

    /// The events of the map that the walk did not meet, in the funnel's order.
    fn unmet(&self) -> Vec<&'static str> {
        let met = |name: &str| self.rows.iter().any(|row| row.shown().as_str() == name);
        let mut unmet: Vec<_> = EVENTS.iter().filter(|fact| !met(fact.name)).collect();
        unmet.sort_by_key(|fact| fact.step);
        unmet.into_iter().map(|fact| fact.name).collect()
    }
}

/// Seconds: `1.2`.
fn seconds(span: Duration) -> String {
    let ms = span.as_ms();
    let tenths = (ms.unsigned_abs() + 50) / 100;
    format!("{}{}.{}", if ms < 0 { "-" } else { "" }, tenths / 10, tenths % 10)
}

/// The walk as a table, and what is not as it should be.
#[must_use]
pub fn walk_table(walk: &Walk, view: &View) -> String {
    let mut text = String::new();
    let events = count_of(length(walk.rows.len()), "event", "events");
    let began = walk.rows.first().map(|row| view.zone.minute(row.at)).unwrap_or_default();
    let session = escape_short(&walk.session, 60);
    let heading = format!("Session {session} · {events} from {began} on · {}", view.zone.name());
    text.push_str(&wrap(&heading, 0, view.width));
    text.push('\n');
    let mut grid = Grid::new(&[
        Column::text("time", 1),
        Column::text("event", 0),
        Column::text("server leg", 0),
        Column::number("server, s", 0),
        Column::number("browser, s", 0),
        Column::text("match keys", 2),
    ]);
    for row in &walk.rows {
        let keys: Vec<&str> =
            MatchKey::ALL.into_iter().filter(|key| row.keys.has(*key)).map(MatchKey::name).collect();
        grid.row([
            view.zone.clock(row.at),
            escape_short(row.shown().as_str(), 40),
            server_words(row),
            row.server_after().map(seconds).unwrap_or_default(),
            match (row.browser, row.browser_after()) {
                (None, _) => "not called".to_owned(),
                (Some(_), Some(after)) => seconds(after),
                (Some(_), None) => "called".to_owned(),
            },
            keys.join(" "),
        ]);
    }
    text.push_str(&grid.render(view.width));
    text.push('\n');
    for line in remarks(walk) {
        text.push_str(&wrap(&line, 2, view.width));
    }
    text
}

fn server_words(row: &WalkRow) -> String {
    if row.is_excluded() {
        return reasons::verdict(&row.verdict)
            .map_or("excluded".to_owned(), |why| format!("excluded: {why}"));
    }
    let Some(server) = &row.server else { return "no receipt".to_owned() };
    let status = server.status.map(|status| format!("HTTP {status}, ")).unwrap_or_default();
    let test = if server.is_test { " (test)" } else { "" };
    format!("{status}code {}: {}{test}", server.code, outcome_words(Some(server.outcome)))
}

/// What a person should know of it, the worst first.
fn remarks(walk: &Walk) -> Vec<String> {
    let own: Vec<&WalkRow> = walk.rows.iter().filter(|row| !row.is_excluded()).collect();
    let names = |rows: &[&WalkRow]| {
        let names: Vec<_> = rows.iter().map(|row| escape_short(row.shown().as_str(), 40)).collect();
        names.join(", ")
    };
    let accepted = own.iter().filter(|row| row.is_accepted()).count();
    let mut lines = vec![format!(
        "{} of {} accepted on the server leg.",
        count(length(accepted)),
        count(length(own.len()))
    )];
    let open: Vec<&WalkRow> = own.iter().copied().filter(|row| !row.is_accepted()).collect();
    if let Some(first) = open.first() {
        let id = escape(&first.id.to_string()).into_owned();
        lines.push(format!("✗ not accepted: {}; next: makegood explain {id}", names(&open)));
    }
    let late: Vec<&WalkRow> = own.iter().copied().filter(|row| row.is_late()).collect();
    if !late.is_empty() {
        lines.push(format!(
            "✗ answered more than {ANSWER_AFTER_MAX} after the event: {}; does a queue or a batch hold them back?",
            names(&late)
        ));
    }
    let excluded = walk.rows.len() - own.len();
    if excluded > 0 {
        lines.push(format!(
            "! not TikTok's by source, name or consent: {}; walk with ?utm_source=tiktok and an \
             invented ttclid in the first address, and accept the cookies",
            count_of(length(excluded), "event", "events")
        ));
    }
    let tests = own.iter().filter(|row| row.server.is_some_and(|server| server.is_test)).count();
    lines.push(match (tests, accepted) {
        (0, 0) => "test event code: none, and nothing of the server leg was accepted".to_owned(),
        (0, _) => "! test event code: none, so the server leg counted live as well".to_owned(),
        (tests, _) => format!(
            "test event code: on {} of the server leg, which deliver nothing; take it out before visitors come",
            count_of(length(tests), "event", "events")
        ),
    });
    let unmet = walk.unmet();
    if !unmet.is_empty() {
        lines.push(format!("not met on this walk: {}", unmet.join(", ")));
    }
    lines
}

#[derive(Serialize)]
struct WalkJson<'a> {
    schema: &'static str,
    session_id: &'a str,
    accepted: usize,
    browser_calls: u64,
    good: bool,
    not_met: Vec<&'static str>,
    events: Vec<RowJson<'a>>,
}

#[derive(Serialize)]
struct RowJson<'a> {
    event: &'a str,
    event_id: String,
    occurred_at: String,
    verdict: &'static str,
    reason: Option<String>,
    server: Option<ServerJson>,
    browser: Option<BrowserJson>,
    match_keys: Vec<&'static str>,
}

#[derive(Serialize)]
struct ServerJson {
    http_status: Option<u16>,
    code: Option<i64>,
    accepted: bool,
    test: bool,
    after_ms: Option<i64>,
    late: bool,
}

#[derive(Serialize)]
struct BrowserJson {
    after_ms: Option<i64>,
}

impl<'a> From<&'a WalkRow> for RowJson<'a> {
    fn from(row: &'a WalkRow) -> Self {
        let server = row.server.map(|server| ServerJson {
            http_status: server.status,
            code: match server.code {
                Code::Integer(code) => Some(code),
                Code::Absent | Code::NotInteger | Code::Unreadable => None,
            },
            accepted: server.is_accepted(),
            test: server.is_test,
            after_ms: row.server_after().map(Duration::as_ms),
            late: row.is_late(),
        });
        let after_ms = row.browser_after().map(Duration::as_ms);
        let keys = MatchKey::ALL.into_iter().filter(|key| row.keys.has(*key));
        Self {
            event: row.shown().as_str(),
            event_id: row.id.to_string(),
            occurred_at: row.at.to_string(),
            verdict: row.verdict.word(),
            reason: reasons::verdict(&row.verdict),
            server,
            browser: row.browser.map(|_| BrowserJson { after_ms }),
            match_keys: keys.map(MatchKey::name).collect(),
        }
    }
}

/// The walk by the contract `makegood.walk/1`, with a line end.
#[must_use]
pub fn walk_json(walk: &Walk) -> String {
    json::pretty(&WalkJson {
        schema: "makegood.walk/1",
        session_id: &walk.session,
        accepted: walk.rows.iter().filter(|row| row.is_accepted()).count(),
        browser_calls: walk.browser_calls(),
        good: walk.is_good(),
        not_met: walk.unmet(),
        events: walk.rows.iter().map(RowJson::from).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: TimeMs = TimeMs::from_ms(1_795_176_000_000);

    fn row(after_ms: i64, code: i64) -> WalkRow {
        let outcome = if code == 0 { Outcome::Accepted } else { Outcome::Unknown };
        WalkRow {
            at: AT,
            id: EventId::parse("e1").unwrap(),
            name: Some(EventName::parse("Lead").unwrap()),
            logged: EventName::parse("lead").unwrap(),
            keys: KeySet::default(),
            verdict: Verdict::Delivered,
            server: Some(ServerLeg {
                at: Some(AT.plus(Duration::from_ms(after_ms))),
                status: Some(200),
                code: Code::Integer(code),
                outcome,
                is_test: false,
            }),
            browser: Some(BrowserLeg { at: None }),
        }
    }

    fn walk(rows: Vec<WalkRow>) -> Walk {
        Walk { session: "s".to_owned(), rows }
    }

    #[test]
    fn a_minute_is_in_time_and_more_is_not() {
        assert!(walk(vec![row(60_000, 0)]).is_good());
        let late = walk(vec![row(60_001, 0)]);
        assert!(!late.is_good());
        assert!(remarks(&late).iter().any(|line| line.contains("more than 1 min after the event: Lead")));
    }

    #[test]
    fn a_walk_of_nothing_or_of_refusals_is_not_good() {
        assert!(!walk(Vec::new()).is_good());
        let refused = walk(vec![row(100, 0), row(100, 50_000)]);
        assert!(!refused.is_good());
        assert!(
            remarks(&refused)
                .iter()
                .any(|line| line.contains("not accepted: Lead; next: makegood explain e1"))
        );
        let mut excluded = row(100, 0);
        excluded.verdict = Verdict::Excluded(crate::domain::Exclusion::OtherSource);
        assert!(!walk(vec![excluded.clone()]).is_good(), "nothing of it was TikTok's");
        assert!(walk(vec![excluded, row(100, 0)]).is_good());
    }

    #[test]
    fn seconds_have_one_decimal_and_a_sign() {
        for (ms, shown) in [(0, "0.0"), (1_249, "1.2"), (1_250, "1.3"), (-300, "-0.3"), (75_000, "75.0")] {
            assert_eq!(seconds(Duration::from_ms(ms)), shown);
        }
    }
}
