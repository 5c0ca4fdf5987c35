//! How the numbers were made, and what the words mean.

use super::super::document::Report;
use super::markup::Html;

pub(super) fn made(page: &mut Html, report: &Report) {
    page.tag("div", &[("class", "sum")], |page| {
        report.sums.iter().for_each(|sum| page.leaf("div", &[], sum));
    });
    for sentence in [
        "One event is one (pixel, event name, event_id), compared byte for byte, as TikTok does when it drops \
         second copies. A second record of the same key is no second event.",
        "Each event has exactly one verdict, tested in this order: excluded, delivered, waiting, unknown, \
         refused, never sent. So the columns add up.",
        "Only an integer code 0 in the answer's body counts as accepted, whatever the HTTP status says; an \
         answer with a test event code delivers nothing.",
        "Amounts are sums of the logged values of CompletePayment, per currency, not converted: the value of \
         orders without an accepted server copy. They are not lost revenue: TikTok may hold the browser's copy.",
        "Percentages never round up to 100 while something is missing.",
    ] {
        page.leaf("p", &[], sentence);
    }
}

/// The words of the report, each in a sentence.
const WORDS: &[(&str, &str)] = &[
    ("event", "One thing a visitor did in a funnel, as the funnel log tells it."),
    (
        "leg",
        "Browser (TikTok Pixel) or server (Events API). Both send the same events under the same event_id.",
    ),
    ("receipt", "One logged try to hand an event to TikTok on one leg, with the answer."),
    ("accepted server copy", "A server receipt with code 0: the Events API took the event."),
    (
        "delivered",
        "The event has an accepted server copy. Whether TikTok attributed it to an ad is not known here.",
    ),
    (
        "excluded",
        "Not TikTok's business: another traffic source, a name that stands for no TikTok event, consent denied, a test.",
    ),
    ("waiting", "No acceptance yet, and younger than the grace period."),
    ("refused", "Every answer of the server leg was a definite error."),
    ("unknown", "A try whose outcome nobody knows: a time-out, a server error, an answer without a code."),
    ("never sent", "No server receipt at all."),
    ("missing", "Refused, unknown or never sent: expected, and without an accepted server copy."),
    ("seen on neither leg", "Missing, and the browser log does not have the event either."),
    ("coverage", "Delivered ÷ expected: the share of expected events with an accepted server copy."),
    (
        "match key",
        "A value TikTok can match a person by: ttclid, ttp, email, phone, external_id, ip, user_agent.",
    ),
    ("held", "Missing, and not sent unattended, because it could count twice or something is unclear."),
];

pub(super) fn glossary(page: &mut Html, _: &Report) {
    page.tag("dl", &[("class", "words")], |page| {
        for (word, meaning) in WORDS {
            page.leaf("dt", &[], word);
            page.leaf("dd", &[], meaning);
        }
    });
}
