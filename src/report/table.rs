//! The audit for a terminal, in the order of product 7.

use std::fmt::Write as _;

use crate::audit::{AuditResult, Counts, Dimension, EventCounts, KeyCoverage};
use crate::domain::{Finding, MatchKey};

use super::cluster::cluster;
use super::comparison::comparison;
use super::grid::RECORDS_UNDER;
use super::grid::{Column, Grid};
use super::number::{bar, count, count_of, length, money, percent, percent_whole};
use super::shades::{per_day, shades};
use super::slices::{by_grid, ignored, where_is_the_gap};
use super::view::Meaning;
use super::words::{FOOTER, by_amount, coverage, first_sentences, wrap};
use super::{View, escape, escape_short};

/// Under this many events a share of match keys says nothing: the cell shows the counts instead.
const SAMPLE_MIN: u64 = 20;
/// How many causes, exclusions or held classes a line names.
const NAMED_MAX: usize = 6;
/// Cells of a finding's severity, with what keeps it apart.
const SEVERITY_CELLS: usize = 7;
/// Where the lines of a finding begin on a narrow terminal.
const NARROW_INDENT: usize = 4;
/// Longest event name in a table, in characters.
const NAME_CHARS_MAX: usize = 40;

/// The audit as text.
#[must_use]
pub fn audit(result: &AuditResult, view: &View) -> String {
    let mut text = String::new();
    heading(&mut text, result, view);
    for sentence in first_sentences(result) {
        text.push_str(&wrap(&sentence, 0, view.width));
    }
    text.push('\n');
    text.push_str(&events(result).render(view.width));
    text.push('\n');
    missing_lines(&mut text, result, view);
    text.push_str(&shades(result, view));
    match_keys(&mut text, result, view);
    text.push_str(&where_is_the_gap(result, view));
    findings(&mut text, result, view);
    clock(&mut text, result, view);
    if let Some(one) = &result.cluster {
        text.push_str(&cluster(one, view));
    }
    if let Some(one) = &result.comparison {
        text.push_str(&comparison(one, view));
        text.push('\n');
    }
    text.push_str(&wrap(FOOTER, 0, view.width));
    text
}

/// The expected keys by one dimension, as text.
#[must_use]
pub fn audit_by(result: &AuditResult, dimension: Dimension, view: &View) -> String {
    let mut text = String::new();
    heading(&mut text, result, view);
    for sentence in first_sentences(result) {
        text.push_str(&wrap(&sentence, 0, view.width));
    }
    text.push('\n');
    text.push_str(&by_grid(result, dimension, view));
    text.push_str(&where_is_the_gap(result, view));
    text
}

fn heading(text: &mut String, result: &AuditResult, view: &View) {
    let pixels = match result.pixels.as_slice() {
        [] => "no pixel".to_owned(),
        [one] => format!("pixel {}", escape(one.as_str())),
        several => count_of(length(several.len()), "pixel", "pixels"),
    };
    text.push_str(&wrap(&format!("{pixels} · {}", view.zone.range(result.range)), 0, view.width));
    text.push('\n');
}

fn events(result: &AuditResult) -> Grid {
    let mut columns = vec![
        Column::text("event", 0),
        Column::number("logged", 5),
        Column::number("excluded", 3),
        Column::number("waiting", 6),
        Column::number("expected", 2),
        Column::number("delivered", 1),
        Column::number("missing", 0),
        Column::number("coverage", 0),
        Column::text("", 4),
    ];
    if result.previous.is_some() {
        columns.push(Column::number("before", 3));
    }
    let mut grid = Grid::new(&columns);
    for event in &result.by_event {
        let name = escape_short(event.name.as_str(), NAME_CHARS_MAX);
        let before = result.previous.as_ref().map(|previous| coverage(&previous.event(&event.name)));
        grid.row(counts_row(&name, &event.counts).into_iter().chain(before));
    }
    let before = result.previous.as_ref().map(|previous| coverage(&previous.totals));
    grid.row(counts_row("all", &result.totals).into_iter().chain(before));
    grid
}

fn counts_row(name: &str, counts: &Counts) -> [String; 9] {
    let known = counts.coverage_ppm().is_some();
    [
        name.to_owned(),
        count(counts.events),
        count(counts.excluded),
        count(counts.waiting),
        count(counts.expected()),
        count(counts.delivered),
        count(counts.missing()),
        coverage(counts),
        if known { bar(counts.delivered, counts.expected()) } else { String::new() },
    ]
}

fn missing_lines(text: &mut String, result: &AuditResult, view: &View) {
    let mut line = |label: &str, words: String| {
        if !words.is_empty() {
            text.push_str(&wrap(&format!(" {label:<13}{words}"), 14, view.width));
        }
    };
    line(
        "missing is",
        named(result.causes.iter().map(|cause| (escape_short(&cause.words, 60), cause.events))),
    );
    let legs = [
        ("browser fired", result.totals.missing_browser_fired),
        ("seen on neither leg", result.totals.missing_neither_leg),
        ("browser unknown", result.totals.missing_browser_unknown),
    ];
    line("other leg", named(legs.into_iter().map(|(words, n)| (words.to_owned(), n))));
    line(
        "excluded",
        named(result.exclusions.iter().map(|exclusion| {
            let value = exclusion.value.as_deref().map(|value| format!(" {}", escape_short(value, 30)));
            (format!("{}{}", exclusion.reason, value.unwrap_or_default()), exclusion.events)
        })),
    );
    let (label, days) = per_day(result, view);
    line(&label, days);
    line("before", before(result, view));
    line("money", money_words(result));
    if result.orphans > 0 {
        line("orphans", count_of(result.orphans, "receipt without an event", "receipts without an event"));
    }
}

/// `refused 40002 10 · never sent 173 · 3 more`.
fn named(items: impl Iterator<Item = (String, u64)>) -> String {
    let items: Vec<(String, u64)> = items.filter(|(_, n)| *n > 0).collect();
    let mut words: Vec<String> =
        items.iter().take(NAMED_MAX).map(|(name, n)| format!("{name} {}", count(*n))).collect();
    let more = items.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        words.push(format!("{more} more kinds"));
    }
    words.join(" · ")
}

/// The period before, against which the column of the table stands.
fn before(result: &AuditResult, view: &View) -> String {
    let Some(previous) = &result.previous else { return String::new() };
    let (expected, missing) = (previous.totals.expected(), previous.totals.missing());
    if expected == 0 {
        return String::new();
    }
    format!(
        "{} of {} missing ({}), {} – {}",
        count(missing),
        count(expected),
        percent(missing, expected),
        view.zone.minute(previous.range.since),
        view.zone.minute(previous.range.until)
    )
}

fn money_words(result: &AuditResult) -> String {
    let parts: Vec<String> = by_amount(&result.value_missing)
        .into_iter()
        .map(|part| {
            let all = money(&part.currency, part.amount);
            if part.neither_leg.is_zero() {
                all
            } else {
                format!("{all} ({} seen on neither leg)", money(&part.currency, part.neither_leg))
            }
        })
        .collect();
    if parts.is_empty() {
        return String::new();
    }
    format!("orders without an accepted server copy: {}", parts.join(" · "))
}

fn match_keys(text: &mut String, result: &AuditResult, view: &View) {
    let mut grid = Grid::new(&[
        Column::text("match keys of", 0),
        Column::number("events", 0),
        Column::number("ttclid", 0),
        Column::number("ttp", 2),
        Column::number("email", 0),
        Column::number("phone", 4),
        Column::number("external_id", 3),
        Column::number("ip", 1),
        Column::number("user_agent", 1),
        Column::number("strength", 0),
    ]);
    let mut unusable = 0;
    for event in result.by_event.iter().filter(|event| keys_total(event) > 0) {
        unusable += event.match_keys.iter().map(|key| key.present.saturating_sub(key.valid)).sum::<u64>();
        let cell = |wanted: MatchKey| {
            event.match_keys.iter().find(|key| key.key == wanted).map(key_cell).unwrap_or_default()
        };
        grid.row([
            escape_short(event.name.as_str(), NAME_CHARS_MAX),
            count(keys_total(event)),
            cell(MatchKey::Ttclid),
            cell(MatchKey::Ttp),
            cell(MatchKey::Email),
            cell(MatchKey::Phone),
            cell(MatchKey::ExternalId),
            cell(MatchKey::Ip),
            cell(MatchKey::UserAgent),
            strength_cell(event, result),
        ]);
    }
    if result.by_event.iter().all(|event| keys_total(event) == 0) {
        return;
    }
    text.push('\n');
    text.push_str(&grid.render(view.width));
    text.push_str(&wrap(&super::words::strength(&result.key_weights), 0, view.width));
    if unusable > 0 {
        let words = format!(
            "Shares count values TikTok can use; {} more there but unusable.",
            count_of(unusable, "value is", "values are")
        );
        text.push_str(&wrap(&words, 0, view.width));
    }
}

pub(super) fn strength_cell(event: &EventCounts, result: &AuditResult) -> String {
    let strength = event.strength_ppm(&result.key_weights);
    strength.map_or_else(|| "too few".to_owned(), |ppm| percent_whole(ppm, 1_000_000))
}

fn keys_total(event: &EventCounts) -> u64 {
    event.match_keys.iter().map(|key| key.total).max().unwrap_or(0)
}

pub(super) fn key_cell(key: &KeyCoverage) -> String {
    if key.total < SAMPLE_MIN {
        format!("{}/{}", key.valid, key.total)
    } else {
        percent_whole(key.valid, key.total)
    }
}

fn findings(text: &mut String, result: &AuditResult, view: &View) {
    text.push('\n');
    if result.findings.is_empty() {
        text.push_str("No findings.\n");
    }
    for finding in &result.findings {
        text.push_str(&finding_words(finding, view));
    }
    text.push_str(&ignored(result, view));
    text.push('\n');
}

fn finding_words(finding: &Finding, view: &View) -> String {
    let word = finding.severity.word();
    let fill = SEVERITY_CELLS.saturating_sub(word.len());
    let severity = view.paint(Meaning::of_severity(finding.severity), word);
    let summary = escape(&finding.summary);
    // Where a code is as wide as the screen, it stands further left.
    let indent = if view.width.is_some_and(|width| width < RECORDS_UNDER) {
        NARROW_INDENT
    } else {
        SEVERITY_CELLS + 1
    };
    let mut words = wrap(&format!(" {severity}{:fill$}{}: {summary}", "", finding.code), indent, view.width);
    if !finding.fix_command.is_empty() {
        let _ = writeln!(words, "        next: {}", escape(&finding.fix_command));
    }
    words
}

fn clock(text: &mut String, result: &AuditResult, view: &View) {
    let clock = &result.clock;
    if clock.sendable > 0 {
        let mut words = format!("{} can be sent now", count_of(clock.sendable, "event", "events"));
        if let Some(first) = clock.first_deadline_at {
            let left = first.since(result.now);
            let _ = write!(words, "; the first becomes unsafe on {} (in {left})", view.zone.minute(first));
        }
        words.push('.');
        text.push_str(&wrap(&words, 0, view.width));
        text.push_str("next: makegood backfill --dry-run\n");
    }
    let held: u64 = clock.held.iter().map(|(_, n)| n).sum();
    if held > 0 {
        let classes = named(clock.held.iter().map(|(class, n)| (class.code().to_owned(), *n)));
        text.push_str(&wrap(&format!("{} held: {classes}.", count(held)), 0, view.width));
    }
    if clock.unsendable > 0 {
        let words = format!("{} be sent: makegood events --verdict missing", {
            count_of(clock.unsendable, "missing event cannot", "missing events cannot")
        });
        text.push_str(&wrap(&words, 0, view.width));
    }
    if clock.sendable + held + clock.unsendable > 0 {
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::super::Zone;
    use super::super::tests_support::result;
    use super::*;

    #[test]
    fn the_audit_reads_from_the_gap_to_what_to_do() {
        let text = audit(&result(), &View::plain(Zone::UTC));
        let want = "\
pixel C4A1B2C3D4E5F6G7H8I9 · Thu 1 Oct 2026 00:00 – Sun 1 Nov 2026 00:00 · UTC

9 of 46 CompletePayment events lack an accepted server copy: 3 fired in the browser, 6 were seen on neither leg (USD 79.88).
Of all 46 expected events, 9 (19.6 %) lack one.

 event            logged  excluded  waiting  expected  delivered  missing  coverage
 CompletePayment      70        24        0        46         37        9    80.4 %  ████████
 all                  70        24        0        46         37        9    80.4 %  ████████

 other leg    browser fired 3 · seen on neither leg 6
 money        orders without an accepted server copy: USD 119.85 (USD 79.88 seen on neither leg)

 match keys of    events  ttclid   ttp  email  phone  external_id    ip  user_agent  strength
 CompletePayment      46    52 %  52 %   52 %   52 %         52 %  52 %        52 %      52 %
Strength is ours, not TikTok's: the shares weighted by ttclid 30, ttp 10, email 20, phone 15, external_id 15, ip 5, user_agent 5.
Shares count values TikTok can use; 7 values are more there but unusable.

 high   never-sent: 8 events have no server receipt.
        next: makegood backfill

2 events can be sent now; the first becomes unsafe on Mon 2 Nov 2026 05:00 (in 5 h).
next: makegood backfill --dry-run
3 held: late-browser-fired 3.

";
        assert!(text.starts_with(want), "{text}");
    }

    #[test]
    fn a_narrow_terminal_gets_the_columns_that_matter() {
        let text = audit(&result(), &View { width: Some(60), ..View::plain(Zone::UTC) });
        assert!(text.lines().all(|line| tabled::grid::util::string::get_line_width(line) <= 60), "{text}");
        assert!(text.contains(" event            expected  delivered  missing  coverage\n"), "{text}");
        assert!(text.contains("(5 of 9 columns; widen the terminal or use --json)"), "{text}");
    }

    #[test]
    fn text_from_logs_cannot_drive_the_terminal() {
        let mut hostile = result();
        hostile.by_event[0].name = crate::domain::EventName::parse("a\u{1b}]52;c;x\u{7}").unwrap();
        hostile.exclusions = vec![crate::audit::ExclusionCount {
            reason: "other-source",
            value: Some("\u{202e}kcab".into()),
            events: 2,
        }];
        let text = audit(&hostile, &View::plain(Zone::UTC));
        assert!(!text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
    }
}
