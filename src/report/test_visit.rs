//! What TikTok answered to a made-up visitor in test mode.

use serde::Serialize;

use crate::domain::{Code, EventId, Outcome, PixelCode, RequestId, TimeMs};

use super::grid::{Column, Grid};
use super::number::{count, length};
use super::story::outcome_words;
use super::words::wrap;
use super::{View, escape, json};

/// An answer to one of its events.
#[derive(Clone, Debug)]
pub struct TestAnswer {
    /// HTTP status.
    pub status: u16,
    /// The body's code.
    pub code: Code,
    /// What they mean.
    pub outcome: Outcome,
    /// TikTok's id of the request.
    pub request: RequestId,
}

/// One of its events.
#[derive(Clone, Debug)]
pub struct TestRow {
    /// TikTok's name.
    pub name: &'static str,
    /// The name that Events Manager shows, where it differs.
    pub shown_as: Option<&'static str>,
    /// Its id.
    pub id: EventId,
    /// Whether it was sent at all: what meets one event may meet all, and then the others are spared.
    pub is_sent: bool,
    /// The answer, if one came.
    pub answer: Option<TestAnswer>,
}

/// The visit.
#[derive(Clone, Debug)]
pub struct TestVisit {
    /// The pixel.
    pub pixel: PixelCode,
    /// The test event code.
    pub code: String,
    /// When it was sent.
    pub at: TimeMs,
    /// Its events, first step first.
    pub rows: Vec<TestRow>,
}

impl TestRow {
    fn is_accepted(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| answer.outcome == Outcome::Accepted)
    }
}

impl TestVisit {
    fn accepted(&self) -> usize {
        self.rows.iter().filter(|row| row.is_accepted()).count()
    }
}

#[derive(Serialize)]
struct VisitJson<'a> {
    schema: &'static str,
    pixel_id: &'a str,
    test_event_code: &'a str,
    sent_at: String,
    accepted: usize,
    events: Vec<RowJson<'a>>,
}

#[derive(Serialize)]
struct RowJson<'a> {
    event: &'a str,
    shown_as: &'a str,
    event_id: String,
    sent: bool,
    accepted: bool,
    http_status: Option<u16>,
    code: Option<i64>,
    request_id: Option<&'a str>,
}

impl<'a> From<&'a TestRow> for RowJson<'a> {
    fn from(row: &'a TestRow) -> Self {
        let answer = row.answer.as_ref();
        Self {
            event: row.name,
            shown_as: row.shown_as.unwrap_or(row.name),
            event_id: row.id.to_string(),
            sent: row.is_sent,
            accepted: row.is_accepted(),
            http_status: answer.map(|answer| answer.status),
            code: answer.and_then(|answer| match answer.code {
                Code::Integer(code) => Some(code),
                Code::Absent | Code::NotInteger | Code::Unreadable => None,
            }),
            request_id: answer.and_then(|answer| answer.request.as_str()),
        }
    }
}

/// The visit by the contract `makegood.verify/1`, with a line end.
#[must_use]
pub fn test_visit_json(visit: &TestVisit) -> String {
    json::pretty(&VisitJson {
        schema: "makegood.verify/1",
        pixel_id: visit.pixel.as_str(),
        test_event_code: &visit.code,
        sent_at: visit.at.to_string(),
        accepted: visit.accepted(),
        events: visit.rows.iter().map(RowJson::from).collect(),
    })
}

/// The visit as a table, and what to look for at TikTok.
#[must_use]
pub fn test_visit_table(visit: &TestVisit, view: &View) -> String {
    let mut text = String::new();
    let (pixel, code) = (escape(visit.pixel.as_str()), escape(&visit.code));
    let (at, zone) = (view.zone.minute(visit.at), view.zone.name());
    let heading = format!("A made-up visitor on pixel {pixel} under test event code {code}, {at} · {zone}");
    text.push_str(&wrap(&heading, 0, view.width));
    text.push('\n');
    let mut grid = Grid::new(&[
        Column::text("event", 0),
        Column::text("in Events Manager", 1),
        Column::text("answer", 0),
        Column::text("event_id", 2),
    ]);
    for row in &visit.rows {
        let answer = row.answer.as_ref().map_or_else(
            || if row.is_sent { "no answer" } else { "not sent" }.to_owned(),
            |answer| {
                let words = outcome_words(Some(answer.outcome));
                format!("HTTP {}, code {}: {words}", answer.status, answer.code)
            },
        );
        grid.row([
            row.name.to_owned(),
            row.shown_as.unwrap_or(row.name).to_owned(),
            answer,
            row.id.to_string(),
        ]);
    }
    text.push_str(&grid.render(view.width));
    text.push('\n');
    text.push_str(&wrap(&ending(visit), 0, view.width));
    text
}

fn ending(visit: &TestVisit) -> String {
    let (accepted, all) = (visit.accepted(), visit.rows.len());
    let counts =
        format!("{} of {} accepted; none of them counts.", count(length(accepted)), count(length(all)));
    if accepted == 0 {
        return counts;
    }
    format!(
        "{counts}\n\
         Now look in Events Manager → Web Events → the pixel → Test Events: under this code the events come up \
         there, each from the server, under the names and ids above. If none does, copy the code again: the tab \
         may show another one each time it is opened.\n\
         This shows that token, pixel and code belong together. It does not show that TikTok finds the person: \
         test mode takes fields that matching never uses."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Zone;

    fn visit(code: i64) -> TestVisit {
        let outcome = if code == 0 { Outcome::Accepted } else { Outcome::Unknown };
        let answer =
            TestAnswer { status: 200, code: Code::Integer(code), outcome, request: RequestId::parse("R1") };
        let row = |name, shown_as, answer: Option<TestAnswer>| TestRow {
            name,
            shown_as,
            id: EventId::parse(name).unwrap(),
            is_sent: answer.is_some(),
            answer,
        };
        TestVisit {
            pixel: PixelCode::parse("C0EXAMPLE0PIXEL00001").unwrap(),
            code: "TEST12345".to_owned(),
            at: TimeMs::from_ms(1_795_176_000_000),
            rows: vec![row("PageView", None, Some(answer)), row("CompletePayment", Some("Purchase"), None)],
        }
    }

    #[test]
    fn the_way_to_look_is_told_only_when_there_is_something_to_see() {
        let view = View::plain(Zone::UTC);
        let seen = test_visit_table(&visit(0), &view);
        assert!(seen.contains("1 of 2 accepted") && seen.contains("Test Events"), "{seen}");
        assert!(seen.contains("Purchase") && seen.contains("not sent"), "{seen}");
        let unseen = test_visit_table(&visit(50_000), &view);
        assert!(unseen.contains("0 of 2 accepted") && !unseen.contains("Test Events:"), "{unseen}");
    }

    #[test]
    fn an_unanswered_event_is_null_and_not_accepted() {
        let json: serde_json::Value = serde_json::from_str(&test_visit_json(&visit(0))).unwrap();
        assert_eq!(json["accepted"], 1);
        assert_eq!(json["events"][0]["code"], 0);
        assert_eq!(json["events"][0]["request_id"], "R1");
        assert_eq!(json["events"][1]["shown_as"], "Purchase");
        assert!(json["events"][1]["code"].is_null() && json["events"][1]["accepted"] == false);
    }
}
