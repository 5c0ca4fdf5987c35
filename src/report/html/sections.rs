//! The parts of the page that are words and tables.

use crate::domain::Severity;

use super::super::document::{EventLine, FindingLine, Legs, Report};
use super::super::number::{count, count_of, length, percent};
use super::chart::{BAR, rectangle, scaled, table, table_of};
use super::markup::Html;

/// The length of a bar in a cell.
const WIDTH: u64 = 1000;

pub(super) fn findings(page: &mut Html, report: &Report) {
    if report.findings.is_empty() {
        page.leaf("p", &[], "Nothing was found.");
        ignored(page, report);
        return;
    }
    page.leaf("p", &[("class", "note")], &tally(report));
    let is_loud = |finding: &&FindingLine| matches!(finding.severity, Severity::High | Severity::Medium);
    report.findings.iter().filter(is_loud).for_each(|finding| card(page, finding));
    ignored(page, report);
    let quiet: Vec<_> = report.findings.iter().filter(|finding| !is_loud(finding)).collect();
    if quiet.is_empty() {
        return;
    }
    page.leaf("h3", &[], "Smaller matters");
    for finding in quiet {
        page.tag("details", &[("class", "finding")], |page| {
            page.leaf("summary", &[], &finding.summary);
            tag(page, finding);
            advice(page, finding);
            page.tag("div", &[("class", "shown")], |page| details(page, finding));
        });
        page.line();
    }
}

/// `3 high · 7 medium · 8 smaller`, the gravest first.
fn tally(report: &Report) -> String {
    let severities = [Severity::High, Severity::Medium, Severity::Low, Severity::Info];
    let counts = severities.map(|severity| {
        let n = report.findings.iter().filter(|finding| finding.severity == severity).count();
        (length(n), severity.word())
    });
    let parts = counts.into_iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{} {word}", count(n)));
    format!(
        "{}: {}. By impact, each with what to do next.",
        count_of(length(report.findings.len()), "finding", "findings"),
        parts.collect::<Vec<_>>().join(" · ")
    )
}

/// What the config ignores is said, so that nobody takes silence for health.
fn ignored(page: &mut Html, report: &Report) {
    if report.ignored.is_empty() {
        return;
    }
    page.leaf("h3", &[], "Ignored by the config");
    page.tag("ul", &[], |page| report.ignored.iter().for_each(|one| page.leaf("li", &[], one)));
}

fn card(page: &mut Html, finding: &FindingLine) {
    let class = format!("finding {}", finding.severity.word());
    page.tag("article", &[("class", &class)], |page| {
        tag(page, finding);
        page.leaf("h3", &[], &finding.summary);
        advice(page, finding);
        if finding.evidence.is_empty() && finding.causes.is_empty() {
            return;
        }
        page.tag("details", &[], |page| {
            page.leaf("summary", &[], "What shows it, and likely causes");
            details(page, finding);
        });
    });
    page.line();
}

fn tag(page: &mut Html, finding: &FindingLine) {
    page.tag("div", &[("class", "tag")], |page| {
        page.leaf("b", &[], finding.severity.word());
        page.text(&format!(" · {} · {}", finding.code, count_of(finding.events, "event", "events")));
    });
}

fn advice(page: &mut Html, finding: &FindingLine) {
    page.tag("p", &[], |page| {
        page.leaf("b", &[], "Fix. ");
        page.text(&finding.fix);
    });
    if !finding.command.is_empty() {
        page.tag("p", &[], |page| page.leaf("code", &[], &finding.command));
    }
}

fn details(page: &mut Html, finding: &FindingLine) {
    if !finding.evidence.is_empty() {
        page.tag("ul", &[], |page| {
            finding.evidence.iter().for_each(|sentence| page.leaf("li", &[], sentence));
        });
    }
    if !finding.causes.is_empty() {
        page.leaf("p", &[], "Likely causes, most likely first:");
        page.tag("ol", &[], |page| finding.causes.iter().for_each(|cause| page.leaf("li", &[], cause)));
    }
}

pub(super) fn repair(page: &mut Html, report: &Report) {
    page.leaf(
        "p",
        &[("class", "note")],
        "TikTok drops a second copy of an event for 48 hours and counts it after that. So an event is sent \
         only until 47 h after anything of it may first have reached TikTok; what is older is held.",
    );
    if report.repair.is_empty() {
        page.leaf("p", &[], "Nothing is missing, so nothing has to be sent.");
        return;
    }
    table_of(page, &["missing events", "events", "why"], |page| {
        for line in &report.repair {
            page.tag("tr", &[], |page| {
                page.leaf("th", &[("scope", "row")], &line.what);
                page.leaf("td", &[], &count(line.events));
                page.leaf("td", &[("class", "text")], line.why);
            });
        }
    });
    page.tag("p", &[], |page| {
        page.leaf("code", &[], "makegood backfill --dry-run");
        page.text(" shows the plan and sends nothing.");
    });
}

pub(super) fn events(page: &mut Html, report: &Report) {
    let headers = ["event", "logged", "excluded", "waiting", "expected", "delivered", "missing", "coverage"];
    page.tag("div", &[("class", "events")], |page| {
        table_of(page, &headers, |page| {
            report.events.iter().for_each(|event| event_row(page, event, "one"));
            event_row(page, &report.all, "all");
        });
    });
    page.leaf(
        "p",
        &[("class", "note")],
        "Under “missing” stands what the browser leg shows: fired (TikTok may hold that copy), seen on neither \
         leg, or not known, because no browser log says.",
    );
    page.leaf(
        "p",
        &[("class", "note narrow")],
        "On a wider screen: logged, excluded, waiting and delivered.",
    );
    if let Some(before) = &report.before {
        page.leaf("p", &[("class", "note")], &format!("“was” is the period before: {before}."));
    }
    if report.unlisted > 0 {
        let words = count_of(report.unlisted, "event", "events");
        page.leaf("p", &[("class", "note")], &format!("{words} under further names are in “all” only."));
    }
    lists(page, report);
}

fn event_row(page: &mut Html, event: &EventLine, class: &'static str) {
    let counts = &event.counts;
    page.tag("tr", &[("class", class)], |page| {
        page.tag("th", &[("scope", "row")], |page| {
            page.text(&event.name);
            if let Some(manager) = event.manager {
                page.leaf("small", &[], &format!("{manager} in Events Manager"));
            }
        });
        for n in [counts.events, counts.excluded, counts.waiting, counts.expected(), counts.delivered] {
            page.leaf("td", &[], &count(n));
        }
        let missing = counts.missing();
        page.tag("td", if missing > 0 { &[("class", "bad")] } else { &[] }, |page| {
            page.text(&count(missing));
            split(page, event.legs);
        });
        page.tag("td", &[], |page| {
            page.text(&event.coverage);
            if let Some(was) = &event.was {
                page.leaf("small", &[], &format!("was {was}"));
            }
            if event.is_known {
                bar(page, counts.delivered, counts.expected());
            }
        });
    });
}

/// The missing ones by their other leg.
fn split(page: &mut Html, legs: Legs) {
    let parts = [(legs.browser, "fired"), (legs.neither, "neither leg"), (legs.unknown, "not known")];
    for (n, words) in parts.into_iter().filter(|(n, _)| *n > 0) {
        page.leaf("small", &[], &format!("{} {words}", count(n)));
    }
}

/// A bar under a number: the part that is there, and the rest.
fn bar(page: &mut Html, part: u64, whole: u64) {
    page.tag("svg", &BAR, |page| {
        let there = scaled(part, whole, WIDTH);
        let rest = scaled(whole.saturating_sub(part), whole, WIDTH);
        rectangle(page, "ok", [0, 0, there.min(WIDTH - rest), 80]);
        rectangle(page, "bad", [WIDTH - rest, 0, rest, 80]);
    });
}

/// Why events are missing, what was excluded, what the missing orders are worth.
fn lists(page: &mut Html, report: &Report) {
    let missing = report.all.counts.missing();
    if !report.causes.is_empty() {
        page.leaf("h3", &[], "Why they are missing");
        let rows =
            report.causes.iter().map(|(cause, n)| vec![cause.clone(), count(*n), percent(*n, missing)]);
        table(page, &["answer of the server leg", "events", "of the missing"], rows);
    }
    if !report.money.is_empty() {
        page.leaf("h3", &[], "Value of orders without an accepted server copy");
        let rows = report.money.iter().map(|row| row.to_vec());
        table(page, &["currency", "all", "seen on neither leg"], rows);
    }
    if !report.excluded.is_empty() {
        page.leaf("h3", &[], "Excluded on purpose");
        let rows = report
            .excluded
            .iter()
            .map(|(reason, n)| vec![reason.clone(), count(*n), percent(*n, report.all.counts.excluded)]);
        table(page, &["reason and value", "events", "of the excluded"], rows);
    }
}

pub(super) fn runs(page: &mut Html, report: &Report) {
    if report.runs.is_empty() {
        page.leaf("p", &[], "No backfill has run on this database.");
        return;
    }
    let rows = report.runs.iter().map(|run| {
        let mut cells =
            vec![format!("{}, run {}{}", run.at, run.run, if run.is_open { " (not ended)" } else { "" })];
        cells.extend(run.counts.map(count));
        cells
    });
    table(page, &["backfill", "planned", "accepted", "refused", "unknown", "held"], rows);
}
