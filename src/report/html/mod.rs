//! The audit as one HTML file: no network, no script, light, dark and on paper.
//!
//! Laid out from a [`Report`]; nothing is computed here but places on a picture. Texts go in through
//! [`markup::Html`], which escapes all of them. The page's policy allows its own style sheet, by
//! digest, and nothing else.

mod chart;
#[cfg(test)]
mod contrast;
mod funnel;
mod gaps;
mod hours;
mod markup;
mod matrix;
mod sections;
#[cfg(test)]
mod tests;
mod totals;
mod words;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::document::{Report, Tone};

use markup::Html;

const STYLE: &str = include_str!("style.css");

/// The report as a page.
#[must_use]
pub fn html(report: &Report) -> String {
    let mut page = Html::default();
    page.doctype();
    page.tag("html", &[("lang", "en")], |page| {
        page.tag("head", &[], |page| head(page, report));
        page.line();
        page.tag("body", &[], |page| body(page, report));
    });
    page.line();
    page.finish()
}

/// What the page may load: its own style sheet, and nothing else from anywhere.
fn policy() -> String {
    let digest = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'")
}

fn head(page: &mut Html, report: &Report) {
    page.void("meta", &[("charset", "utf-8")]);
    page.void("meta", &[("http-equiv", "Content-Security-Policy"), ("content", &policy())]);
    page.void("meta", &[("name", "viewport"), ("content", "width=device-width,initial-scale=1")]);
    page.void("meta", &[("name", "referrer"), ("content", "no-referrer")]);
    page.void("meta", &[("name", "robots"), ("content", "noindex")]);
    page.void("meta", &[("name", "generator"), ("content", concat!("makegood ", env!("CARGO_PKG_VERSION")))]);
    page.leaf("title", &[], &format!("Delivery audit · {}", report.span));
    page.style(STYLE);
}

/// Writes a part of the page.
type Part = fn(&mut Html, &Report);

/// The part that is there only where somebody asked for TikTok's totals.
const TOTALS: &str = "totals";

/// The parts of the page that its list of contents names.
const PARTS: &[(&str, &str, Part)] = &[
    ("findings", "What is wrong, and what to do", sections::findings),
    ("repair", "What can still be sent", sections::repair),
    ("days", "Day by day", chart::days),
    ("hours", "When events went missing", hours::hours),
    ("events", "Event by event", sections::events),
    ("keys", "Match keys", matrix::keys),
    (TOTALS, "TikTok's own totals", totals::totals),
    ("gaps", "Where the gap is", gaps::gaps),
    ("funnel", "The funnel on both legs", funnel::funnel),
    ("runs", "Backfills so far", sections::runs),
    ("made", "How the numbers were made", words::made),
    ("words", "Words", words::glossary),
];

/// The parts that this report has.
fn parts(report: &Report) -> impl Iterator<Item = &'static (&'static str, &'static str, Part)> {
    PARTS.iter().filter(|(id, _, _)| *id != TOTALS || report.totals.is_some())
}

fn body(page: &mut Html, report: &Report) {
    page.tag("a", &[("class", "skip"), ("href", "#main")], |page| page.text("Skip to the findings"));
    page.tag("header", &[], |page| {
        look(page);
        page.leaf("div", &[("class", "brand")], "makegood");
        page.leaf("h1", &[], "Delivery audit");
        page.leaf("div", &[("class", "meta")], &format!("{} · {}", report.pixels, report.span));
        page.leaf(
            "div",
            &[("class", "meta")],
            &format!(
                "made {} by makegood {} · no personal data in this file",
                report.made,
                env!("CARGO_PKG_VERSION")
            ),
        );
        verdict(page, report);
        numbers(page, report);
        page.tag("nav", &[("aria-label", "Contents")], |page| {
            page.tag("ul", &[], |page| {
                for (id, heading, _) in parts(report) {
                    page.tag("li", &[], |page| page.jump(id, heading));
                }
            });
        });
    });
    page.line();
    page.tag("main", &[("id", "main"), ("tabindex", "-1")], |page| {
        for (id, heading, part) in parts(report) {
            let name = format!("{id}-heading");
            page.tag("section", &[("id", id), ("aria-labelledby", &name)], |page| {
                page.leaf("h2", &[("id", &name)], heading);
                part(page, report);
            });
            page.line();
        }
    });
    page.tag("footer", &[], |page| {
        page.leaf("p", &[], super::words::FOOTER);
        page.leaf(
            "p",
            &[],
            "Made from your own logs on your own machine; nothing was sent anywhere to make this page. Not \
             affiliated with TikTok.",
        );
    });
}

/// Light or dark, without a script: the style sheet looks at which one is checked.
fn look(page: &mut Html) {
    page.tag("fieldset", &[("class", "look")], |page| {
        page.leaf("legend", &[], "Colours");
        for (id, word) in [("look-auto", "auto"), ("look-light", "light"), ("look-dark", "dark")] {
            page.tag("label", &[("for", id)], |page| {
                let mut attributes = vec![("type", "radio"), ("name", "look"), ("id", id)];
                if id == "look-auto" {
                    attributes.push(("checked", ""));
                }
                page.void("input", &attributes);
                page.text(word);
            });
        }
    });
}

fn verdict(page: &mut Html, report: &Report) {
    let class = if report.all.counts.missing() == 0 { "verdict good" } else { "verdict" };
    page.tag("div", &[("class", class)], |page| {
        for sentence in &report.sentences {
            page.leaf("p", &[], sentence);
        }
        for sentence in report.mainly.iter().chain(&report.deadline) {
            page.leaf("p", &[], sentence);
        }
    });
}

fn numbers(page: &mut Html, report: &Report) {
    page.tag("dl", &[("class", "cards")], |page| {
        for number in &report.numbers {
            let class = match number.tone {
                Tone::Plain => "plain",
                Tone::Bad => "bad",
            };
            page.tag("div", &[("class", class)], |page| {
                page.leaf("dt", &[], number.label);
                page.leaf("dd", &[], &number.value);
                if !number.note.is_empty() {
                    page.leaf("dd", &[("class", "sub")], &number.note);
                }
            });
        }
    });
}
