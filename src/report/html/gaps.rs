//! Where the gap is concentrated, and the expected events cut by what they have in common.

use super::super::document::{CutTable, GapLine, Report};
use super::super::number::{count, percent};
use super::chart::{BAR, rectangle, scaled_share, table_of};
use super::markup::Html;

/// The length of a bar in a cell.
const WIDTH: u64 = 1000;

pub(super) fn gaps(page: &mut Html, report: &Report) {
    if report.gaps.is_empty() {
        page.leaf("p", &[], "No place stands out beyond chance, or there are too few events to say.");
    } else {
        page.leaf(
            "p",
            &[("class", "note")],
            "Places where clearly more events are missing, or nameless, than elsewhere: more than chance explains.",
        );
        places(page, &report.gaps);
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

fn places(page: &mut Html, gaps: &[GapLine]) {
    table_of(page, &["place", "events", "there", "elsewhere", "mostly"], |page| {
        for gap in gaps {
            page.tag("tr", &[], |page| {
                page.tag("th", &[("scope", "row")], |page| {
                    page.text(&gap.place);
                    page.leaf("small", &[], gap.flaw);
                });
                page.leaf("td", &[], &format!("{} of {}", count(gap.there.0), count(gap.there.1)));
                share(page, gap.there, (1, 1));
                share(page, gap.elsewhere, (1, 1));
                page.leaf("td", &[("class", "text")], &gap.mostly);
            });
        }
    });
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
    page.tag("div", &[("class", "cut")], |page| {
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
    });
    if cut.unlisted > 0 {
        page.leaf("p", &[("class", "note")], &format!("{} more: makegood audit --json", cut.unlisted));
    }
}

/// A share, and a bar that is full where the share is the largest one.
fn share(page: &mut Html, (part, whole): (u64, u64), largest: (u64, u64)) {
    page.tag("td", &[], |page| {
        page.text(&percent(part, whole));
        page.tag("svg", &BAR, |page| {
            rectangle(page, "track", [0, 0, WIDTH, 80]);
            rectangle(page, "bad", [0, 0, scaled_share((part, whole), largest, WIDTH), 80]);
        });
    });
}
