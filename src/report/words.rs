//! Sentences: the audit's first ones, and lines no wider than the terminal.

use tabled::grid::util::string::get_line_width;

use crate::audit::{AuditResult, Counts, Money};
use crate::domain::{KeyWeights, MatchKey};

use super::cluster::cluster_sentence;
use super::number::{count, count_of, money, percent};
use super::{View, escape};

/// The event whose gap comes first.
pub(super) const PAYMENT: &str = "CompletePayment";
/// The finding that comes before everything: without a log nobody knows what was sent.
const NO_LOG: &str = "no-receipt-log";

/// What no reader may take the numbers for.
pub(super) const FOOTER: &str = "Delivered means that the Events API accepted the event, not that it was \
     attributed. Browser receipts show that the Pixel was called, not that the call arrived.";

/// What the audit says first: conversions, then everything.
#[must_use]
pub(super) fn first_sentences(result: &AuditResult) -> Vec<String> {
    let mut sentences: Vec<String> = result.cluster.as_ref().map(cluster_sentence).into_iter().collect();
    if let Some(finding) = result.findings.iter().find(|finding| finding.code == NO_LOG) {
        sentences.push(escape(&finding.summary).into_owned());
    }
    if result.totals.events == 0 {
        sentences.push("No events in this time span, so there is nothing to compare.".to_owned());
        return sentences;
    }
    let payments = result.by_event.iter().find(|event| event.name.as_str() == PAYMENT);
    let payments = payments.map(|event| event.counts).unwrap_or_default();
    sentences.push(payment_sentence(&payments, &result.value_missing));
    let totals = &result.totals;
    if totals.expected() > 0 {
        let missing = totals.missing();
        sentences.push(if missing == 0 {
            format!("{} accepted server copies.", all_have(totals.expected(), "event", "events"))
        } else {
            format!(
                "Of all {}, {} ({}) {} one.",
                count_of(totals.expected(), "expected event", "expected events"),
                count(missing),
                percent(missing, totals.expected()),
                lack(missing),
            )
        });
    }
    sentences
}

fn all_have(n: u64, one: &str, many: &str) -> String {
    if n == 1 {
        format!("The only expected {one} has")
    } else {
        format!("All {} expected {many} have", count(n))
    }
}

/// `97.9 %`; a range where answers were logged without their codes; `–` where nobody knows.
pub(super) fn coverage(counts: &Counts) -> String {
    if counts.coverage_ppm().is_none() {
        return "–".to_owned();
    }
    let known = counts.expected().saturating_sub(counts.without_log);
    let least = percent(counts.delivered, known);
    if counts.unverified == 0 {
        return least;
    }
    let most = percent(counts.delivered + counts.unverified, known);
    format!("{} – {most}", least.trim_end_matches(" %"))
}

/// Sums with the largest first: the one a reader looks for. Currencies are not converted.
#[must_use]
pub(super) fn by_amount(sums: &[Money]) -> Vec<&Money> {
    let mut sums: Vec<&Money> = sums.iter().collect();
    sums.sort_by(|a, b| b.amount.cmp(&a.amount).then_with(|| a.currency.cmp(&b.currency)));
    sums
}

const fn lack(n: u64) -> &'static str {
    if n == 1 { "lacks" } else { "lack" }
}

fn payment_sentence(payments: &Counts, value_missing: &[Money]) -> String {
    let [expected, missing] = [payments.expected(), payments.missing()];
    if expected == 0 {
        return format!("No {PAYMENT} was expected in this time span.");
    }
    if missing == 0 {
        return format!(
            "{} an accepted server copy.",
            all_have(expected, PAYMENT, &format!("{PAYMENT} events"))
        );
    }
    let sums = |part: fn(&Money) -> crate::domain::Amount| {
        let sums: Vec<String> = by_amount(value_missing)
            .into_iter()
            .filter(|sum| !part(sum).is_zero())
            .map(|sum| money(&sum.currency, part(sum)))
            .collect();
        if sums.is_empty() { String::new() } else { format!(" ({})", sums.join(", ")) }
    };
    let mut parts = Vec::new();
    if payments.missing_browser_fired > 0 {
        parts.push(format!("{} fired in the browser", count(payments.missing_browser_fired)));
    }
    if payments.missing_neither_leg > 0 {
        let n = payments.missing_neither_leg;
        let were = if n == 1 { "was" } else { "were" };
        parts.push(format!("{} {were} seen on neither leg{}", count(n), sums(|sum| sum.neither_leg)));
    }
    if payments.missing_browser_unknown > 0 {
        let all = payments.missing_browser_unknown == missing;
        let value = if all { sums(|sum| sum.amount) } else { String::new() };
        parts.push(format!("for {} no browser log says{value}", count(payments.missing_browser_unknown)));
    }
    format!(
        "{} of {} {PAYMENT} {} {} an accepted server copy: {}.",
        count(missing),
        count(expected),
        if expected == 1 { "event" } else { "events" },
        lack(missing),
        parts.join(", "),
    )
}

/// How the strength of match keys is weighed.
#[must_use]
pub(super) fn strength(weights: &KeyWeights) -> String {
    let weights = MatchKey::ALL.map(|key| format!("{key} {}", weights.of(key))).join(", ");
    format!("Strength is ours, not TikTok's: the shares weighted by {weights}.")
}

/// Widest line of prose; longer ones are hard to read on a wide terminal.
const PROSE_WIDTH_MAX: usize = 110;
/// Narrowest, however narrow the terminal.
const PROSE_WIDTH_MIN: usize = 20;

/// Breaks a text between words, which may be painted; further lines begin with `indent` spaces. Without a width it stays
/// one line. Ends with a line end.
#[must_use]
pub(super) fn wrap(text: &str, indent: usize, width: Option<usize>) -> String {
    let Some(width) = width else {
        return format!("{text}\n");
    };
    let width = width.clamp(PROSE_WIDTH_MIN.max(indent + 10), PROSE_WIDTH_MAX.max(indent + 10));
    let mut wrapped = String::with_capacity(text.len() + 8);
    let mut used = 0;
    for piece in pieces(text) {
        if used + get_line_width(piece.trim_end()) > width && used > indent {
            wrapped.truncate(wrapped.trim_end().len());
            wrapped.push('\n');
            wrapped.push_str(&" ".repeat(indent));
            used = indent;
            if piece == " " {
                continue;
            }
        }
        wrapped.push_str(piece);
        used += get_line_width(piece);
    }
    wrapped.truncate(wrapped.trim_end().len());
    wrapped.push('\n');
    wrapped
}

/// A sentence that is all there is to say, within the width of a view.
#[must_use]
pub fn sentence(text: &str, view: &View) -> String {
    wrap(text, 0, view.width)
}

/// What a line never begins with: it belongs to the word before.
const GLUED: [char; 4] = ['%', '–', '✓', '✗'];

/// Words with the blank after them, and what is glued to them.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let blanks = rest.match_indices(' ').map(|(at, _)| at + 1);
        let is_glued = |end: &usize| rest.get(*end..).is_some_and(|next| unpainted(next).starts_with(GLUED));
        let end = blanks.into_iter().find(|end| !is_glued(end));
        let (piece, next) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
        rest = next;
        (!piece.is_empty()).then_some(piece)
    })
}

/// A text without the colour that it begins with.
fn unpainted(text: &str) -> &str {
    let after = text.strip_prefix('\x1b').and_then(|text| text.split_once('m'));
    after.map_or(text, |(_, after)| after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Amount;

    fn payments() -> (Counts, Vec<Money>) {
        let counts = Counts {
            events: 70,
            delivered: 37,
            never_sent: 8,
            refused: 1,
            missing_browser_fired: 3,
            missing_neither_leg: 6,
            ..Counts::default()
        };
        let sum = |currency: &str, amount, neither| Money {
            currency: currency.into(),
            amount: Amount::parse(amount).unwrap(),
            neither_leg: Amount::parse(neither).unwrap(),
        };
        (counts, vec![sum("EUR", "79.97", "79.97"), sum("USD", "119.85", "79.88")])
    }

    #[test]
    fn the_first_sentence_splits_the_gap_by_the_other_leg() {
        let (counts, sums) = payments();
        assert_eq!(
            payment_sentence(&counts, &sums),
            "9 of 46 CompletePayment events lack an accepted server copy: 3 fired in the browser, \
             6 were seen on neither leg (USD 79.88, EUR 79.97)."
        );
        let unknown = Counts { delivered: 1, never_sent: 1, missing_browser_unknown: 1, ..Counts::default() };
        assert_eq!(
            payment_sentence(&unknown, &sums),
            "1 of 2 CompletePayment events lacks an accepted server copy: \
             for 1 no browser log says (USD 119.85, EUR 79.97)."
        );
        let whole = Counts { delivered: 46, ..Counts::default() };
        assert_eq!(
            payment_sentence(&whole, &[]),
            "All 46 expected CompletePayment events have an accepted server copy."
        );
        assert_eq!(
            payment_sentence(&Counts::default(), &[]),
            "No CompletePayment was expected in this time span."
        );
    }

    #[test]
    fn lines_break_between_words() {
        let text = "one two three four five six seven";
        assert_eq!(wrap(text, 2, Some(20)), "one two three four\n  five six seven\n");
        assert_eq!(wrap(text, 2, None), "one two three four five six seven\n");
        assert_eq!(wrap(" label   words", 9, Some(60)), " label   words\n");
        assert_eq!(wrap("a share of about 97.9 % of all", 0, Some(22)), "a share of about\n97.9 % of all\n");
        let painted = "match keys of ttclid \u{1b}[32m✓\u{1b}[0m  ip";
        assert_eq!(wrap(painted, 0, Some(21)), "match keys of\nttclid \u{1b}[32m✓\u{1b}[0m  ip\n");
        let long = "x".repeat(50);
        assert_eq!(wrap(&long, 0, Some(20)), format!("{long}\n"));
    }

    #[test]
    fn coverage_is_a_range_where_the_log_has_no_codes_and_nothing_where_nobody_knows() {
        let some = Counts { delivered: 8, unknown: 2, unverified: 1, ..Counts::default() };
        assert_eq!(coverage(&some), "80.0 – 90.0 %");
        let none = Counts { never_sent: 2, without_log: 2, ..Counts::default() };
        assert_eq!(coverage(&none), "–");
    }
}
