//! TikTok's own totals beside ours.

use super::super::document::{Report, TotalsLine, TotalsTable};
use super::super::number::{count, count_of};
use super::chart::{BAR, rectangle, scaled, table_of};
use super::markup::Html;

/// The length of a bar in a cell.
const WIDTH: u64 = 1000;

pub(super) fn totals(page: &mut Html, report: &Report) {
    let Some(table) = &report.totals else { return };
    page.leaf("p", &[("class", "note")], &format!("{}. {}", table.title, table.note));
    let headers = [
        "event",
        "server: ours",
        "TikTok",
        "browser: ours",
        "TikTok",
        "both: ours",
        "TikTok",
        "total of TikTok",
        "attributed",
    ];
    table_of(page, &headers, |page| table.rows.iter().for_each(|line| row(page, line)));
    rest(page, table);
}

fn rest(page: &mut Html, table: &TotalsTable) {
    if table.unlisted > 0 {
        let words = count_of(table.unlisted, "more line", "more lines");
        page.leaf("p", &[("class", "note")], &format!("{words}: makegood audit --json"));
    }
}

fn row(page: &mut Html, line: &TotalsLine) {
    page.tag("tr", &[], |page| {
        page.tag("th", &[("scope", "row")], |page| {
            page.text(&line.event);
            if !line.pixel.is_empty() {
                page.leaf("small", &[], &format!("pixel {}", line.pixel));
            }
        });
        for (ours, theirs) in [line.server, line.browser, line.both] {
            let longest = ours.max(theirs.unwrap_or(0));
            cell(page, Some(ours), longest);
            cell(page, theirs, longest);
        }
        cell(page, line.total, 0);
        cell(page, line.attributed, 0);
    });
}

/// A count, and its bar on the scale that it shares with the count beside it.
fn cell(page: &mut Html, n: Option<u64>, longest: u64) {
    page.tag("td", &[], |page| {
        page.text(&n.map_or_else(|| "–".to_owned(), count));
        if let Some(n) = n.filter(|_| longest > 0) {
            page.tag("svg", &BAR, |page| {
                rectangle(page, "track", [0, 0, WIDTH, 80]);
                rectangle(page, "ok2", [0, 0, scaled(n, longest, WIDTH), 80]);
            });
        }
    });
}
