//! Match keys per event: a table whose cells are pictures.

use super::super::document::{KeyCell, Report, Strength};
use super::super::number::count;
use super::chart::{BAR, key, rectangle, scaled, table_of};
use super::markup::Html;

/// The length of a cell's bar.
const WIDTH: u64 = 1000;

pub(super) fn keys(page: &mut Html, report: &Report) {
    let Some(first) = report.keys.first() else {
        page.leaf("p", &[], "No events that TikTok could match.");
        return;
    };
    page.leaf(
        "p",
        &[("class", "note")],
        &format!(
            "The share of non-excluded events that carry a value TikTok can match a person by, as the logs \
             have them; “known” counts only the events at which an address could be known. {} Under twenty \
             events the counts stand instead of a share.",
            report.weights
        ),
    );
    key(page, &[("ok", "usable"), ("bad", "there, but not usable"), ("track", "not there")]);
    let mut headers = vec!["event", "events"];
    headers.extend(first.cells.iter().map(|cell| cell.key));
    headers.push("strength");
    page.tag("div", &[("class", "keys")], |page| {
        table_of(page, &headers, |page| {
            for line in &report.keys {
                page.tag("tr", &[], |page| {
                    page.leaf("th", &[("scope", "row")], &line.name);
                    page.leaf("td", &[], &count(line.total));
                    line.cells.iter().for_each(|cell| draw(page, cell));
                    strength(page, &line.strength);
                });
            }
        });
    });
}

fn draw(page: &mut Html, cell: &KeyCell) {
    page.tag("td", &[], |page| {
        page.text(&cell.words);
        page.tag("svg", &BAR, |page| {
            let usable = scaled(cell.valid, cell.total, WIDTH);
            let unusable = scaled(cell.unusable, cell.total, WIDTH).min(WIDTH - usable);
            rectangle(page, "track", [0, 0, WIDTH, 80]);
            rectangle(page, "ok", [0, 0, usable, 80]);
            rectangle(page, "bad", [usable, 0, unusable, 80]);
        });
        if let Some(known) = &cell.known {
            page.leaf("small", &[], &format!("known: {known}"));
        }
    });
}

fn strength(page: &mut Html, strength: &Strength) {
    page.tag("td", &[], |page| {
        page.leaf("b", &[], &strength.words);
        if let Some(ppm) = strength.ppm {
            page.tag("svg", &BAR, |page| {
                rectangle(page, "track", [0, 0, WIDTH, 80]);
                rectangle(page, "ok2", [0, 0, scaled(ppm, 1_000_000, WIDTH), 80]);
            });
        }
    });
}
