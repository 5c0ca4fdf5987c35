//! The events in the order of a funnel, on both legs.

use super::super::document::{EventLine, Report};
use super::super::number::{count, length};
use super::chart::{copy, key, label, picture, rectangle, scaled};
use super::markup::Html;

const LEFT: u64 = 1800;
const WIDTH: u64 = 4600;
const ROW: u64 = 300;
const BAR: u64 = 190;

/// The class of what no browser log tells.
const UNKNOWN: &str = "maybe";

/// What an event's legs show, in Events Manager's words where it has some.
const LEGS: [(&str, &str); 5] = [
    ("ok", "Server & browser"),
    ("ok2", "Server"),
    ("ig", "Browser: no accepted server copy"),
    ("bad", "seen on neither leg"),
    (UNKNOWN, "no accepted server copy, browser unknown"),
];

pub(super) fn funnel(page: &mut Html, report: &Report) {
    let Some(widest) = report.funnel.iter().map(|event| event.counts.expected()).max() else {
        page.leaf("p", &[], "No expected events of TikTok's names in this time span.");
        return;
    };
    page.leaf(
        "p",
        &[("class", "note")],
        "Expected events from the first step to the purchase. Server, Browser and Server & browser are the \
         words of Events Manager; browser means that the log shows the Pixel was called, not that the call \
         arrived.",
    );
    let height = (ROW * length(report.funnel.len())) / 10 + 6;
    let words = report.funnel.iter().map(|event| {
        format!(
            "{}: {} of {} delivered",
            event.name,
            count(event.counts.delivered),
            count(event.counts.expected())
        )
    });
    let words = words.collect::<Vec<_>>().join("; ");
    page.tag("figure", &[], |page| {
        // Where every browser log is there, nobody needs to know what its absence looks like.
        let is_known = report.funnel.iter().all(|event| event.legs.unknown == 0);
        let shown = LEGS.iter().filter(|(class, _)| !(is_known && *class == UNKNOWN));
        key(page, &shown.copied().collect::<Vec<_>>());
        picture(page, "funnel-chart", height, ("Events per step on both legs", &words), |page| {
            for (at, event) in (0_u64..).zip(&report.funnel) {
                draw(page, event, widest, 40 + ROW * at);
            }
        });
    });
    copy(
        page,
        &[
            "event",
            "expected",
            "Server & browser",
            "Server",
            "Browser",
            "neither leg",
            "browser unknown",
            "delivered",
        ],
        report.funnel.iter().map(|event| {
            let legs = event.legs;
            vec![
                event.name.clone(),
                count(event.counts.expected()),
                count(legs.both),
                count(legs.server),
                count(legs.browser),
                count(legs.neither),
                count(legs.unknown),
                count(event.counts.delivered),
            ]
        }),
    );
}

fn draw(page: &mut Html, event: &EventLine, widest: u64, y: u64) {
    label(page, "label", "end", [LEFT - 120, y + 140], &event.name);
    let legs = event.legs;
    let parts = [legs.both, legs.server, legs.browser, legs.neither, legs.unknown];
    let mut x = LEFT;
    for ((class, words), part) in LEGS.into_iter().zip(parts) {
        let width = scaled(part, widest, WIDTH);
        if width > 0 {
            page.tag("g", &[], |page| {
                page.leaf("title", &[], &format!("{}: {} {words}", event.name, count(part)));
                rectangle(page, class, [x, y, width, BAR]);
            });
        }
        x += width;
    }
    let words = format!("{} of {}", count(event.counts.delivered), count(event.counts.expected()));
    label(page, "tick", "start", [x + 80, y + 135], &words);
}
