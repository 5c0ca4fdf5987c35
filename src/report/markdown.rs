//! The audit as a message: what is missing, why, what to do, in under four thousand characters.

use std::fmt::Write as _;

use super::document::{EventLine, FindingLine, Report, TotalsTable};
use super::number::{count, length};
use super::words::FOOTER;

/// The length of a chat message that every large chat takes whole.
pub(super) const CHARS_MAX: usize = 4000;
/// Events of the table.
const EVENTS_MAX: usize = 12;
/// Lines of TikTok's totals.
const TOTALS_MAX: usize = 10;
/// Findings at most; fewer where the message would get too long.
const FINDINGS_MAX: usize = 8;
/// The longest sentence.
const SENTENCE_CHARS_MAX: usize = 300;

/// The report as Markdown (GitHub's table form), with a line end.
#[must_use]
pub(super) fn markdown(report: &Report) -> String {
    let messages = (0..=FINDINGS_MAX).rev().map(|findings| message(report, findings));
    let mut shortest = String::new();
    for message in messages {
        if message.chars().count() < CHARS_MAX {
            return message;
        }
        shortest = message;
    }
    shortest.chars().take(CHARS_MAX - 1).collect()
}

fn message(report: &Report, findings: usize) -> String {
    let mut text = format!("**Delivery audit** · {} · {}\n\n", plain(&report.pixels), plain(&report.span));
    for (at, sentence) in report.sentences.iter().enumerate() {
        let sentence = plain(sentence);
        let _ = if at == 0 { writeln!(text, "**{sentence}**") } else { writeln!(text, "{sentence}") };
    }
    text.push_str("\n| event | expected | delivered | missing | coverage | match strength |\n|---|--:|--:|--:|--:|--:|\n");
    let listed = report.events.iter().filter(|event| event.counts.expected() > 0);
    for event in listed.clone().take(EVENTS_MAX).chain([&report.all]) {
        row(&mut text, event);
    }
    let more = listed.count().saturating_sub(EVENTS_MAX);
    if more > 0 {
        let _ = writeln!(text, "\n{more} more events are in “all” only.");
    }
    list(&mut text, &report.findings, findings);
    if let Some(gap) = report.gaps.first() {
        let _ = writeln!(text, "\n**Where the gap is.** {}", plain(&gap.sentence));
    }
    if let Some(table) = &report.totals {
        totals(&mut text, table);
    }
    clock(&mut text, report);
    let _ = writeln!(text, "\n_{FOOTER} {}_", report.weights);
    text
}

fn row(text: &mut String, event: &EventLine) {
    let name = code(&event.name);
    let name = event.manager.map_or_else(|| name.clone(), |manager| format!("{name} ({manager})"));
    let counts = &event.counts;
    let _ = writeln!(
        text,
        "| {name} | {} | {} | {} | {} | {} |",
        count(counts.expected()),
        count(counts.delivered),
        count(counts.missing()),
        event.coverage,
        if event.strength.words.is_empty() { "–" } else { &event.strength.words }
    );
}

/// TikTok's own totals beside ours.
fn totals(text: &mut String, table: &TotalsTable) {
    let _ = writeln!(text, "\n**{}.** {}\n", plain(&table.title), plain(table.note));
    text.push_str(
        "| event | server: ours | TikTok | browser: ours | TikTok | both: ours | TikTok | attributed |\n",
    );
    text.push_str("|---|--:|--:|--:|--:|--:|--:|--:|\n");
    let count = |n: Option<u64>| n.map_or_else(|| "–".to_owned(), count);
    for line in table.rows.iter().take(TOTALS_MAX) {
        let _ = write!(text, "| {} |", code(&line.event));
        for (ours, theirs) in [line.server, line.browser, line.both] {
            let _ = write!(text, " {} | {} |", count(Some(ours)), count(theirs));
        }
        let _ = writeln!(text, " {} |", count(line.attributed));
    }
    let more = length(table.rows.len().saturating_sub(TOTALS_MAX)) + table.unlisted;
    if more > 0 {
        let _ = writeln!(text, "\n{} more: `makegood audit --json`", count(Some(more)));
    }
}

fn list(text: &mut String, findings: &[FindingLine], most: usize) {
    if findings.is_empty() {
        return;
    }
    text.push_str("\n**What is wrong**\n");
    for finding in findings.iter().take(most) {
        let _ = write!(text, "- {}: {}", finding.severity.word(), plain(&finding.summary));
        if !finding.command.is_empty() {
            let _ = write!(text, " → {}", code(&finding.command));
        }
        text.push('\n');
    }
    let more = findings.len().saturating_sub(most);
    if more > 0 {
        let _ = writeln!(text, "- {} more: `makegood audit`", count(length(more)));
    }
}

fn clock(text: &mut String, report: &Report) {
    if report.repair.is_empty() {
        return;
    }
    let parts = report.repair.iter().map(|line| format!("{} {}", count(line.events), plain(&line.what)));
    let _ = write!(text, "\n**Of the missing:** {}.", parts.collect::<Vec<_>>().join(" · "));
    if let Some(deadline) = &report.deadline {
        let _ = write!(text, " {}", plain(deadline));
    }
    text.push('\n');
}

/// Text that no renderer takes for markup, a link or a mention.
pub(super) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    for c in text.chars().take(SENTENCE_CHARS_MAX) {
        match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '|' | '~' | '#' | '!' => {
                shown.push('\\');
                shown.push(c);
            }
            // Inside a word it is no emphasis, and a raw message reads better without the stroke.
            '_' if !before.is_alphanumeric() => shown.push_str("\\_"),
            '&' => shown.push_str("&amp;"),
            '@' => shown.push_str("(at)"),
            '/' if before == ':' => shown.push_str("\\/"),
            other => shown.push(other),
        }
        before = c;
    }
    shown
}

/// A name or a command as code, which ends only where we end it.
pub(super) fn code(text: &str) -> String {
    let inside: String = text.chars().map(|c| if c == '`' { '\'' } else { c }).collect();
    format!("`{}`", inside.replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::super::tests_support::{comparison, report, report_of, result};
    use super::*;
    use crate::audit::AuditResult;

    #[test]
    fn the_message_says_what_is_missing_and_what_to_do() {
        let text = markdown(&report());
        let want = "\
**Delivery audit** · pixel demo (C4A1…H8I9) · Thu 1 Oct 2026 00:00 – Sun 1 Nov 2026 00:00 · UTC

**9 of 46 CompletePayment events lack an accepted server copy: 3 fired in the browser, 6 were seen on neither leg (USD 79.88).**
Of all 46 expected events, 9 (19.6 %) lack one.

| event | expected | delivered | missing | coverage | match strength |
|---|--:|--:|--:|--:|--:|
| `CompletePayment` (Purchase) | 46 | 37 | 9 | 80.4 % | 52 % |
| `all` | 46 | 37 | 9 | 80.4 % | – |

**What is wrong**
- high: 8 events have no server receipt. → `makegood backfill`

**Of the missing:** 2 can be sent now · 3 held: late-browser-fired. 2 events can be sent again without counting twice; \
the first becomes unsafe on Mon 2 Nov 2026 05:00 (in 5 h).
";
        assert!(text.starts_with(want), "{text}");
    }

    #[test]
    fn totals_of_tiktok_are_in_the_message() {
        let audit = AuditResult { comparison: Some(comparison()), ..result() };
        let text = markdown(&report_of(&audit));
        assert!(text.contains("| `CompletePayment` | 37 | 36 | 33 | 40 | 30 | – | 12 |\n"), "{text}");
        assert!(
            text.contains("| `=<b>…@…` | 0 | 5 |") && text.contains("Corroboration, never proof"),
            "{text}"
        );
    }

    #[test]
    fn x_05_no_text_becomes_markup_a_link_or_a_mention() {
        assert_eq!(plain("*a* <b> [c](http://d) |"), r"\*a\* \<b\> \[c\](http:\//d) \|");
        assert_eq!(plain("@everyone event_id _x_"), "(at)everyone event_id \\_x_");
        assert_eq!(code("a`b|c"), "`a'b\\|c`");
    }

    #[test]
    fn it_fits_a_chat_message_however_much_was_found() {
        let mut long = report();
        let finding = FindingLine { summary: "x".repeat(1000), ..long.findings[0].clone() };
        long.findings = vec![finding; 60];
        long.events = vec![long.events[0].clone(); 50];
        let text = markdown(&long);
        assert!(text.chars().count() < CHARS_MAX, "{}", text.len());
        assert!(text.contains("more: `makegood audit`") && text.contains("38 more events"), "{text}");
    }
}
