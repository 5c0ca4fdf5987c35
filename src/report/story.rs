//! One event's whole story.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use crate::audit::Legs;
use crate::domain::{
    Attempt, Consent, EventId, LedgerRow, Leg, MatchKey, Outcome, Position, Receipt, Refusal, StoredEvent,
    TimeMs, Untrusted, Verdict,
};
use crate::reconcile::{Browser, Clock, Stand};
use crate::tiktok::event_map::{self, Value};
use crate::tiktok::{currency, limits};

use super::grid::{Column, Grid};
use super::number::money;
use super::view::Meaning;
use super::words::wrap;
use super::{View, escape, escape_short, reasons};

/// One key's part of the story.
#[derive(Clone, Debug)]
pub struct Chapter {
    /// The key.
    pub row: LedgerRow,
    /// What each of its receipts means, in their order.
    pub outcomes: Vec<Outcome>,
    /// Its verdict; `None`: an orphan.
    pub verdict: Option<Verdict>,
    /// What is known of its browser leg.
    pub browser: Browser,
    /// What stands against sending it, of a missing one.
    pub stand: Option<Stand>,
    /// Its 48-hour clock.
    pub clock: Option<Clock>,
    /// Its order id.
    pub order: Option<Untrusted>,
    /// What each leg did with it.
    pub legs: Legs,
    /// How many items its payload holds; `None`: the payload is no longer stored.
    pub items: Option<usize>,
    /// The findings that count it: code and title.
    pub findings: Vec<(&'static str, &'static str)>,
    /// Match keys that a backfill fills in, or has filled in, each with its origin; empty: none.
    pub filled: Box<str>,
}

/// Everything known of one `event_id`.
#[derive(Clone, Debug)]
pub struct Story {
    /// The id.
    pub id: EventId,
    /// Its keys.
    pub chapters: Vec<Chapter>,
    /// The files that rows were read from, by the store's number.
    pub files: BTreeMap<i64, PathBuf>,
    /// The moment of telling.
    pub now: TimeMs,
}

/// The story as text.
#[must_use]
pub fn story(story: &Story, view: &View) -> String {
    let mut text = String::new();
    for (at, chapter) in story.chapters.iter().enumerate() {
        if at > 0 {
            text.push('\n');
        }
        title(&mut text, story, chapter, view);
        facts(&mut text, story, chapter, view);
        details(&mut text, chapter, view);
        ending(&mut text, story, chapter, view);
    }
    text
}

fn title(text: &mut String, story: &Story, chapter: &Chapter, view: &View) {
    let mut line = String::new();
    let name = chapter.row.name.as_ref().or(chapter.row.event.as_ref().map(|event| &event.name));
    let name = name.map_or_else(|| "no name".to_owned(), |name| escape(name.as_str()).into_owned());
    let _ = write!(line, "{name} · {}", escape(&story.id.to_string()));
    if let Some(event) = &chapter.row.event
        && let (Some(value), Some(currency)) = (event.value, event.place.currency.as_deref())
    {
        let _ = write!(line, " · {}", money(currency, value));
    }
    let verdict = chapter.verdict.as_ref().map_or_else(
        || "receipts without an event".to_owned(),
        |verdict| view.paint(Meaning::of_verdict(verdict), &verdict.word().replace('_', " ")),
    );
    let _ = write!(line, " · {verdict}");
    text.push_str(&wrap(&line, 1, view.width));
    text.push('\n');
}

/// One thing that happened: when, where, what, and the line that says so.
struct Fact {
    at: Option<TimeMs>,
    place: &'static str,
    what: String,
    source: String,
}

fn facts(text: &mut String, story: &Story, chapter: &Chapter, view: &View) {
    let mut facts = Vec::new();
    if let Some(event) = &chapter.row.event {
        facts.push(Fact {
            at: Some(event.at),
            place: "funnel",
            what: logged_words(event),
            source: place_of(story, event.position),
        });
    }
    for (receipt, outcome) in chapter.row.receipts.iter().zip(&chapter.outcomes) {
        facts.push(Fact {
            at: receipt.at,
            place: match receipt.leg {
                Leg::Server => "server",
                Leg::Browser => "browser",
            },
            what: receipt_words(receipt, *outcome),
            source: place_of(story, receipt.trace.as_ref().map(|trace| trace.position)),
        });
    }
    for attempt in &chapter.row.attempts {
        facts.push(Fact {
            at: Some(attempt.at),
            place: "makegood",
            what: attempt_words(attempt),
            source: format!("run {}", attempt.run),
        });
    }
    // Receipts without a time come last; equal times keep the order above.
    facts.sort_by_key(|fact| (fact.at.is_none(), fact.at));
    let mut grid = Grid::new(&[
        Column::text("time", 0),
        Column::text("leg", 0),
        Column::text("what", 0),
        Column::text("where it stands", 1),
    ]);
    let mut lines = String::new();
    for Fact { at, place, what, source } in facts {
        let at = at.map(|at| format!("{} {}", view.zone.day(at), view.zone.clock(at)));
        let at = at.unwrap_or_else(|| "no time".to_owned());
        lines.push_str(&wrap(&format!(" {at}  {place}  {what}, {source}"), 4, view.width));
        grid.row([at, place.to_owned(), what, source]);
    }
    // What happened is words, and words are better broken than cut off.
    text.push_str(&if grid.fits(view.width) { grid.render(view.width) } else { lines });
}

fn place_of(story: &Story, position: Option<Position>) -> String {
    let file = position.and_then(|position| Some((story.files.get(&position.source)?, position.offset)));
    file.map_or_else(String::new, |(path, offset)| {
        format!("{} byte {offset}", escape(&path.display().to_string()))
    })
}

fn logged_words(event: &StoredEvent) -> String {
    let mut words = format!("{} logged", escape_short(event.name.as_str(), 60));
    if let Some(page) = &event.place.page {
        let _ = write!(words, " on {}", escape_short(page, 80));
    }
    words
}

fn receipt_words(receipt: &Receipt, outcome: Outcome) -> String {
    let mut words = match receipt.leg {
        Leg::Browser => "Pixel called".to_owned(),
        Leg::Server => {
            let status = receipt.answer.http_status.map(|status| format!("HTTP {status}, "));
            format!(
                "{}code {}: {}",
                status.unwrap_or_default(),
                receipt.answer.code,
                outcome_words(Some(outcome))
            )
        }
    };
    if let Some(request) = receipt.trace.as_ref().and_then(|trace| trace.request.as_str()) {
        let _ = write!(words, ", request {}", escape(request));
    }
    if receipt.is_test {
        words.push_str(" (test event code: delivers nothing)");
    }
    words
}

fn attempt_words(attempt: &Attempt) -> String {
    let status = attempt.http_status.map(|status| format!("HTTP {status}, ")).unwrap_or_default();
    let test = if attempt.is_test { " (test event code: delivers nothing)" } else { "" };
    format!(
        "batch {}: {status}code {}, {}{test}",
        attempt.batch,
        attempt.code,
        outcome_words(attempt.outcome)
    )
}

pub(super) const fn outcome_words(outcome: Option<Outcome>) -> &'static str {
    match outcome {
        Some(Outcome::Accepted) => "accepted",
        Some(Outcome::Refused(Refusal::Event)) => "refused, the event or one beside it",
        Some(Outcome::Refused(Refusal::Credential)) => "refused, the access token",
        Some(Outcome::Refused(Refusal::Permission)) => "refused, the token may not do this",
        Some(Outcome::Refused(Refusal::Config)) => "refused, endpoint or request",
        Some(Outcome::Refused(Refusal::Throttled)) => "refused, too many requests",
        Some(Outcome::NotSent) => "not sent, no connection",
        Some(Outcome::Unverified) => "unverified, the log has no code",
        Some(Outcome::Unknown) | None => "outcome unknown",
    }
}

fn details(text: &mut String, chapter: &Chapter, view: &View) {
    let row = &chapter.row;
    text.push('\n');
    let mut line = |label: &str, words: &str| {
        text.push_str(&wrap(&format!(" {label:<13}{words}"), 14, view.width));
    };
    if let Some(event) = &row.event {
        let keys = MatchKey::ALL.map(|key| {
            let sign = match (event.keys.present.has(key), event.keys.valid.has(key)) {
                (true, true) => view.paint(Some(Meaning::Good), "✓"),
                (true, false) => view.paint(Some(Meaning::Bad), "✗ unusable"),
                (false, _) => "–".to_owned(),
            };
            let session = row.session.as_ref().and_then(|session| session.first_seen(key));
            let earlier = session.filter(|at| !event.keys.present.has(key) && *at <= event.at);
            format!("{} {sign}{}", key.name(), if earlier.is_some() { " (session has it)" } else { "" })
        });
        line("match keys", &keys.join("  "));
        if !chapter.filled.is_empty() {
            line("filled in", &chapter.filled);
        }
        let mut origin = Vec::new();
        let part = |label: &str, value: Option<&str>| {
            value.map(|value| format!("{label} {}", escape_short(value, 80)))
        };
        origin.extend(part("campaign", event.place.campaign.as_ref().map(crate::domain::CampaignId::as_str)));
        origin.extend(part("funnel", event.place.funnel.as_ref().map(crate::domain::FunnelId::as_str)));
        origin.extend(part("source", event.place.source.as_deref()));
        origin.extend(part("order", chapter.order.as_ref().map(Untrusted::raw)));
        match event.facts.consent() {
            Consent::Absent => {}
            Consent::Granted => origin.push("consent granted".to_owned()),
            Consent::Denied => origin.push("consent denied".to_owned()),
            Consent::Unclear => origin.push("consent unclear".to_owned()),
        }
        line("from", &origin.join(" · "));
        line("payload", &payload_words(chapter, event));
    }
    let pixel = row.pixel.as_ref().map_or_else(|| "none".to_owned(), |id| escape(id.as_str()).into_owned());
    line("pixel", &pixel);
    let browser = match chapter.browser {
        Browser::Fired => "the Pixel was called for this event",
        Browser::DidNotFire => "did not fire",
        Browser::NotSeen => "not seen in the browser log",
        Browser::Unknown => "no browser log",
    };
    line("browser", browser);
    if let Some(words) = gap_words(chapter.legs) {
        line("both legs", &words);
    }
    let elsewhere = [
        (row.elsewhere.another_name, "the same event_id was sent under another event name"),
        (row.elsewhere.another_pixel, "the same event_id was sent to another pixel"),
        (row.pixel_differs, "the record and its campaign name different pixels"),
    ];
    for (_, words) in elsewhere.iter().filter(|(is_so, _)| *is_so) {
        line("note", words);
    }
}

/// What TikTok would look at, each with its judgement.
fn payload_words(chapter: &Chapter, event: &StoredEvent) -> String {
    let judged = |what: String, is_good: bool| format!("{what} {}", if is_good { "✓" } else { "✗" });
    let url = match (event.facts.has_url(), event.facts.has_path_only()) {
        (true, _) => judged("page URL".to_owned(), true),
        (false, true) => judged("page path without an origin".to_owned(), false),
        (false, false) => judged("no page URL".to_owned(), false),
    };
    let mut words = vec![url];
    let fact = chapter.row.name.as_ref().and_then(|name| event_map::fact(name.as_str()));
    match fact.map(|fact| fact.value) {
        Some(Value::Needed) => {
            let value = event.value.map_or_else(|| "no value".to_owned(), |value| format!("value {value}"));
            words.push(judged(value, event.value.is_some()));
            let logged = event.place.currency.as_deref();
            let named = logged.map_or_else(
                || "no currency".to_owned(),
                |text| format!("currency {}", escape_short(text, 8)),
            );
            words
                .push(judged(named, logged.is_some_and(|text| currency::is_supported(&text.to_uppercase()))));
        }
        Some(Value::Zero) => words.push("value 0, whatever was logged".to_owned()),
        Some(Value::None) | None => {}
    }
    match chapter.items {
        None => words.push("contents no longer stored".to_owned()),
        Some(0) => {}
        Some(items) => words.push(format!("contents {items}")),
    }
    words.join("  ")
}

/// How far the two legs' copies are apart, and what TikTok makes of that.
fn gap_words(legs: Legs) -> Option<String> {
    let gap = legs.gap()?;
    let later = if legs.accepted.first < legs.browser.first { "browser" } else { "server" };
    let effect = if gap <= limits::MERGE_WINDOW {
        "within 5 minutes, so TikTok merges them into one"
    } else if gap <= limits::DEDUP_WINDOW {
        "over 5 minutes, so TikTok dropped the later one with its match keys"
    } else {
        "over 48 h, so TikTok counted both"
    };
    Some(format!("the {later}'s copy came {gap} later: {effect}"))
}

fn ending(text: &mut String, story: &Story, chapter: &Chapter, view: &View) {
    let mut line = |label: &str, words: &str| {
        text.push_str(&wrap(&format!(" {label:<13}{words}"), 14, view.width));
    };
    match &chapter.verdict {
        Some(verdict) => line("why", &reasons::sentence(verdict)),
        None => line("why", "receipts name this event_id, and no funnel record does: is a log missing?"),
    }
    for (code, title) in &chapter.findings {
        line("finding", &format!("{code}: {title}"));
    }
    if let (Some(clock), Some(_)) = (&chapter.clock, &chapter.stand) {
        let words = if story.now < clock.deadline {
            let left = clock.deadline.since(story.now);
            format!("safe to send until {} ({left} more)", view.zone.minute(clock.deadline))
        } else {
            let past = story.now.since(clock.deadline);
            format!("47 h were over on {} ({past} ago)", view.zone.minute(clock.deadline))
        };
        line("clock", &words);
    }
    match chapter.stand {
        Some(Stand::Send { .. }) => line("do", "makegood backfill --dry-run, then makegood backfill"),
        Some(Stand::Held(class)) => line("held", &format!("{}: {}", class.code(), reasons::held(class))),
        Some(Stand::Unsendable(why)) => {
            line("cannot", &format!("{}: {}", why.code(), reasons::unsendable(why)));
        }
        Some(Stand::NotDue(at)) => line("not due", &format!("before {}", view.zone.minute(at))),
        Some(Stand::Never) | None => {}
    }
}
