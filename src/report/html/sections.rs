//! The parts of the page that are words and tables.

use crate::domain::Severity;

use super::super::document::{CutTable, EventLine, FindingLine, Report};
use super::super::number::{count, count_of, percent};
use super::chart::{BAR, rectangle, scaled, scaled_share, table, table_of};
use super::markup::Html;

/// The length of a bar in a cell.
const WIDTH: u64 = 1000;

pub(super) fn findings(page: &mut Html, report: &Report) {
    if report.findings.is_empty() {
        page.leaf("p", &[], "Nothing was found.");
    }
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
            details(page, finding);
        });
        page.line();
    }
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
    table_of(page, &headers, |page| {
        report.events.iter().for_each(|event| event_row(page, event, "one"));
        event_row(page, &report.all, "all");
    });
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
        page.leaf("td", if missing > 0 { &[("class", "bad")] } else { &[] }, &count(missing));
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

pub(super) fn gaps(page: &mut Html, report: &Report) {
    if report.gaps.is_empty() {
        page.leaf("p", &[], "No place stands out beyond chance, or there are too few events to say.");
    } else {
        page.tag("ul", &[("class", "gaps")], |page| {
            report.gaps.iter().for_each(|gap| page.leaf("li", &[], gap));
        });
    }
    if report.cuts.is_empty() {
        return;
    }
    page.leaf(
        "p",
        &[("class", "note")],
        "Expected events by what they have in common, most missing first. “Without ttclid and e-mail” counts \
         only events whose visitor could be known by then.",
    );
    report.cuts.iter().for_each(|cut| cut_table(page, cut));
}

fn cut_table(page: &mut Html, cut: &CutTable) {
    page.leaf("h3", &[], &format!("By {}", cut.by));
    let headers = [
        cut.by,
        "expected",
        "missing",
        "missing of expected",
        "without ttclid and e-mail",
        "of those judged",
    ];
    table_of(page, &headers, |page| {
        for row in &cut.rows {
            page.tag("tr", &[], |page| {
                page.leaf("th", &[("scope", "row")], &row.value);
                page.leaf("td", &[], &count(row.expected));
                page.leaf("td", &[], &count(row.missing));
                share(page, (row.missing, row.expected), cut.worst_missing);
                page.leaf("td", &[], &count(row.keyless));
                share(page, (row.keyless, row.judged), cut.worst_keyless);
            });
        }
    });
    if cut.unlisted > 0 {
        page.leaf("p", &[("class", "note")], &format!("{} more: makegood audit --json", cut.unlisted));
    }
}

/// A share, and a bar that is full where the share is the worst of its column.
fn share(page: &mut Html, (part, whole): (u64, u64), worst: (u64, u64)) {
    page.tag("td", &[], |page| {
        page.text(&percent(part, whole));
        page.tag("svg", &BAR, |page| {
            rectangle(page, "track", [0, 0, WIDTH, 80]);
            rectangle(page, "bad", [0, 0, scaled_share((part, whole), worst, WIDTH), 80]);
        });
    });
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
