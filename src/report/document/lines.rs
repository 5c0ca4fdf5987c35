//! What a report is made of: plain values, one type per line of it.

use chrono::{NaiveDate, NaiveDateTime};

use crate::audit::Counts;
use crate::domain::{Amount, Severity, TimeMs};

/// A backfill that ended.
#[derive(Clone, Debug)]
pub struct PastRun {
    /// Its number.
    pub run: i64,
    /// When it began.
    pub started_at: TimeMs,
    /// Keys of its plan.
    pub planned: u64,
    /// Accepted.
    pub accepted: u64,
    /// Refused, each alone.
    pub refused: u64,
    /// Outcome not known.
    pub unknown: u64,
    /// Held by its plan.
    pub held: u64,
    /// It has not ended: it runs, or it died.
    pub is_open: bool,
}

/// A whole audit, ready to be laid out.
#[derive(Debug)]
pub struct Report {
    /// `Sun 22 Nov 2026 14:05`.
    pub made: String,
    /// `Mon 16 Nov 2026 00:00 – Mon 23 Nov 2026 00:00 · Europe/Berlin`.
    pub span: String,
    /// The zone's name.
    pub zone: &'static str,
    /// The pixels, by their names in the config where they have one.
    pub pixels: String,
    /// The period that `EventLine::was` is about.
    pub before: Option<String>,
    /// What the audit says first.
    pub sentences: Vec<String>,
    /// The six numbers.
    pub numbers: [Number; 6],
    /// Findings by impact.
    pub findings: Vec<FindingLine>,
    /// What the config ignores, a sentence each.
    pub ignored: Vec<String>,
    /// Days, or weeks of a long time span.
    pub steps: Steps,
    /// Hours, one row per day or per weekday.
    pub hours: Vec<HourRow>,
    /// What [`Self::hours`] shows, in a sentence.
    pub hours_words: String,
    /// One line per event, CompletePayment first.
    pub events: Vec<EventLine>,
    /// All events together.
    pub all: EventLine,
    /// How many events were logged under names that are not listed.
    pub unlisted: u64,
    /// Match keys per event.
    pub keys: Vec<KeysLine>,
    /// How the strength of match keys is weighed, in a sentence.
    pub weights: String,
    /// TikTok's own totals beside ours, where somebody asked for them.
    pub totals: Option<TotalsTable>,
    /// Where the gap is concentrated, the clearest place first.
    pub gaps: Vec<GapLine>,
    /// The place that a good part of the missing events share, in a sentence.
    pub mainly: Option<String>,
    /// Where the gap is: by campaign, funnel, landing page, browser.
    pub cuts: Vec<CutTable>,
    /// The events in the order of a funnel.
    pub funnel: Vec<EventLine>,
    /// Why events are missing, most frequent first.
    pub causes: Vec<(String, u64)>,
    /// What was excluded and why, most frequent first.
    pub excluded: Vec<(String, u64)>,
    /// The value of orders without an accepted server copy: currency, all, seen on neither leg.
    pub money: Vec<[String; 3]>,
    /// What can still be done about the missing: what, how many, why.
    pub repair: Vec<RepairLine>,
    /// How many can be sent, and when the first of them becomes unsafe, in a sentence.
    pub deadline: Option<String>,
    /// Backfills, newest first.
    pub runs: Vec<RunLine>,
    /// Missing events, conversions first; empty unless they were asked for.
    pub missing: Vec<MissingLine>,
    /// How many missing events are not listed.
    pub missing_unlisted: u64,
    /// The formulas with this data's numbers.
    pub sums: Vec<String>,
}

/// Whether a number is good news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Neither.
    Plain,
    /// Something is missing.
    Bad,
}

/// One of the six numbers.
#[derive(Clone, Debug)]
pub struct Number {
    /// `93.5 %`.
    pub value: String,
    /// What it is.
    pub label: &'static str,
    /// More about it; may be empty.
    pub note: String,
    /// Whether it is good news.
    pub tone: Tone,
}

/// One finding.
#[derive(Clone, Debug)]
pub struct FindingLine {
    /// Its code.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// How many events it concerns.
    pub events: u64,
    /// What is wrong.
    pub summary: String,
    /// What shows it.
    pub evidence: Vec<String>,
    /// Likely causes, most likely first.
    pub causes: &'static [&'static str],
    /// What to change.
    pub fix: String,
    /// The command to run next; may be empty.
    pub command: String,
}

/// Days or weeks.
#[derive(Clone, Debug)]
pub struct Steps {
    /// `day` or `week`.
    pub unit: &'static str,
    /// In order, without holes.
    pub rows: Vec<StepLine>,
}

/// One day or week.
#[derive(Clone, Debug)]
pub struct StepLine {
    /// Its first day.
    pub day: NaiveDate,
    /// `21 Nov`.
    pub label: String,
    /// `Sat 21 Nov 2026`.
    pub name: String,
    /// Expected events.
    pub expected: u64,
    /// Missing ones.
    pub missing: u64,
}

/// One row of the picture of hours.
#[derive(Clone, Debug)]
pub struct HourRow {
    /// `Sat 21 Nov` or `Sat`.
    pub label: String,
    /// One cell per hour of the day.
    pub cells: Vec<HourCell>,
}

/// One hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HourCell {
    /// Expected events.
    pub expected: u64,
    /// Missing ones.
    pub missing: u64,
}

/// One event's counts.
#[derive(Clone, Debug)]
pub struct EventLine {
    /// TikTok's name, or the logged one where it is not mapped.
    pub name: String,
    /// The name that Events Manager shows, where it differs.
    pub manager: Option<&'static str>,
    /// The counts.
    pub counts: Counts,
    /// Coverage as people read it.
    pub coverage: String,
    /// Whether the coverage is known, so that a bar may be drawn.
    pub is_known: bool,
    /// The coverage of the period before, where the logs reach back so far.
    pub was: Option<String>,
    /// The split by legs.
    pub legs: Legs,
    /// How well its events can be matched; of all events together it is not said.
    pub strength: Strength,
}

/// How well the events of one name can be matched: a share of ours, never TikTok's own score.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strength {
    /// `91 %`, `too few`; empty where there is nothing to match.
    pub words: String,
    /// In millionths; `None`: too few events.
    pub ppm: Option<u64>,
}

/// Expected events by what is known of their two legs, in Events Manager's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Legs {
    /// `Server & browser`: accepted, and the browser fired.
    pub both: u64,
    /// `Server`: accepted, and no browser receipt.
    pub server: u64,
    /// `Browser`: no accepted server copy, but the browser fired.
    pub browser: u64,
    /// Seen on neither leg.
    pub neither: u64,
    /// No accepted server copy, and no browser log that could say.
    pub unknown: u64,
}

/// Match keys of one event.
#[derive(Clone, Debug)]
pub struct KeysLine {
    /// The event.
    pub name: String,
    /// Non-excluded events.
    pub total: u64,
    /// A cell per match key, in the order of the contracts.
    pub cells: Vec<KeyCell>,
    /// All of them weighed together.
    pub strength: Strength,
}

/// One match key of one event.
#[derive(Clone, Debug)]
pub struct KeyCell {
    /// The match key.
    pub key: &'static str,
    /// `54 %`; the counts where there are too few for a share.
    pub words: String,
    /// `98 % of 1,004`, where the value could be known at only some of the events.
    pub known: Option<String>,
    /// Events with a value that TikTok can use.
    pub valid: u64,
    /// Events with a value that it cannot.
    pub unusable: u64,
    /// Non-excluded events.
    pub total: u64,
}

/// A place where the gap is concentrated.
#[derive(Clone, Debug)]
pub struct GapLine {
    /// What is wrong there: `missing`, `without ttclid and e-mail`.
    pub flaw: &'static str,
    /// The place: `campaign 14`, `Sat 21 Nov 2026 07:00 – 12:00`.
    pub place: String,
    /// Events with the flaw there, of how many.
    pub there: (u64, u64),
    /// Events with the flaw everywhere else, of how many.
    pub elsewhere: (u64, u64),
    /// The answer that most of them got; may be empty.
    pub mostly: String,
    /// All of it in a sentence.
    pub sentence: String,
}

/// TikTok's own totals beside ours.
#[derive(Clone, Debug)]
pub struct TotalsTable {
    /// Where theirs come from, and of which time.
    pub title: String,
    /// What the comparison can show and what not.
    pub note: &'static str,
    /// One line per pixel and event.
    pub rows: Vec<TotalsLine>,
    /// How many lines are not listed.
    pub unlisted: u64,
}

/// One event of one pixel, as we and as TikTok count it.
#[derive(Clone, Debug)]
pub struct TotalsLine {
    /// The pixel; empty where totals are not per pixel.
    pub pixel: String,
    /// Our name of the event, or TikTok's where nobody maps it.
    pub event: String,
    /// With an accepted server copy: ours, and TikTok's.
    pub server: (u64, Option<u64>),
    /// Fired in the browser: ours, and TikTok's.
    pub browser: (u64, Option<u64>),
    /// On both legs: ours, and TikTok's.
    pub both: (u64, Option<u64>),
    /// All that TikTok counts.
    pub total: Option<u64>,
    /// Of these, attributed to an ad.
    pub attributed: Option<u64>,
}

/// Expected events cut by one thing they have in common.
#[derive(Clone, Debug)]
pub struct CutTable {
    /// `campaign`, `landing`, …
    pub by: &'static str,
    /// Most missing events first.
    pub rows: Vec<CutLine>,
    /// The worst share of missing events among them: of how many, how many.
    pub worst_missing: (u64, u64),
    /// The worst share of events with neither ttclid nor e-mail address.
    pub worst_keyless: (u64, u64),
    /// How many values are not listed.
    pub unlisted: usize,
}

/// The expected events with one value.
#[derive(Clone, Debug)]
pub struct CutLine {
    /// The value.
    pub value: String,
    /// Expected events.
    pub expected: u64,
    /// Missing ones.
    pub missing: u64,
    /// Events whose visitor could be known by ttclid or e-mail address.
    pub judged: u64,
    /// Of those, with neither.
    pub keyless: u64,
}

/// What can be done about a number of missing events.
#[derive(Clone, Debug)]
pub struct RepairLine {
    /// `can be sent now`, a held class, …
    pub what: String,
    /// How many.
    pub events: u64,
    /// Why.
    pub why: &'static str,
}

/// One backfill.
#[derive(Clone, Debug)]
pub struct RunLine {
    /// Its number.
    pub run: i64,
    /// When it began.
    pub at: String,
    /// How it went, by number: planned, accepted, refused, unknown, held.
    pub counts: [u64; 5],
    /// It has not ended: it runs, or it died.
    pub is_open: bool,
}

/// One missing event.
#[derive(Clone, Debug)]
pub struct MissingLine {
    /// When it happened, on the clocks of the report's zone.
    pub at: NaiveDateTime,
    /// TikTok's name.
    pub event: String,
    /// Its `event_id`, shortened unless ids are shown.
    pub id: String,
    /// Its campaign.
    pub campaign: String,
    /// Its value, as logged.
    pub value: Option<Amount>,
    /// Its currency, as logged.
    pub currency: String,
    /// `refused`, `unknown`, `never sent`.
    pub verdict: String,
    /// The reason's code; may be empty.
    pub reason: String,
    /// `fired`, `not seen`, or empty where no browser log says.
    pub browser: &'static str,
    /// Until when it is safe to send, or why it is not sent.
    pub safe_until: String,
}
