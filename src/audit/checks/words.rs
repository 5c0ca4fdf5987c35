//! Numbers and log text in sentences.

use crate::domain::Amount;

/// `1 event`, `1,234 events`.
pub(super) fn events(count: u64) -> String {
    if count == 1 { "1 event".to_owned() } else { format!("{} events", number(count)) }
}

/// `1 event has`, `1,234 events have`.
pub(super) fn events_do(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", events(count), if count == 1 { one } else { many })
}

/// `1 answer`, `7 answers`: a regular noun.
pub(super) fn counted(count: u64, noun: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{} {noun}{s}", number(count))
}

/// Digits in groups of three.
pub(super) fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `34.2 %`; none of nothing is `0 %`.
pub(super) fn share(part: u64, whole: u64) -> String {
    let tenths = part.saturating_mul(1000).checked_div(whole).unwrap_or(0);
    match tenths % 10 {
        0 => format!("{} %", tenths / 10),
        tenth => format!("{}.{tenth} %", tenths / 10),
    }
}

/// Text of a log in a sentence: quoted, escaped, at most 60 characters.
pub(super) fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}

/// `"a" (7), "b" (3) and 4 more`: the most frequent values of a log.
pub(super) fn list(values: &[(std::sync::Arc<str>, u64)]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<_> = values
        .iter()
        .take(SHOWN)
        .map(|(value, count)| format!("{} ({})", quoted(value), number(*count)))
        .collect();
    match values.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// ` (USD 1,079.88, EUR 79.97)`: sums in a sentence; nothing where there is none.
pub(super) fn money(sums: &[(std::sync::Arc<str>, Amount)]) -> String {
    let sums: Vec<_> = sums.iter().map(|(currency, amount)| sum(currency, *amount)).collect();
    if sums.is_empty() { String::new() } else { format!(" ({})", sums.join(", ")) }
}

/// `USD 1,079.88`; of a currency only letters and digits are shown, for it is a log's text.
fn sum(currency: &str, amount: Amount) -> String {
    let currency: String = currency.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    let text = amount.to_string();
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), number);
    format!("{currency} {whole}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_nouns_agree() {
        assert_eq!([events(1), events(0), events(12_345)], ["1 event", "0 events", "12,345 events"]);
        assert_eq!(
            [events_do(1, "has", "have"), events_do(2, "has", "have")],
            ["1 event has", "2 events have"]
        );
        assert_eq!(counted(1_000_000, "answer"), "1,000,000 answers");
        assert_eq!(number(999), "999");
    }

    #[test]
    fn sums_are_grouped_and_their_currency_is_plain() {
        let sums = ["1079.88", "-5"].map(|text| ("US\u{1b}D".into(), Amount::parse(text).unwrap()));
        assert_eq!(money(&sums), " (USD 1,079.88, USD -5)");
        assert_eq!(money(&[]), "");
    }

    #[test]
    fn shares_are_rounded_down_to_tenths() {
        assert_eq!([share(1, 3), share(1, 2), share(0, 0), share(2, 2)], ["33.3 %", "50 %", "0 %", "100 %"]);
    }

    #[test]
    fn log_text_is_quoted_escaped_and_short() {
        assert_eq!(quoted("a\u{1b}[31m\n"), r#""a\u{1b}[31m\n""#);
        assert_eq!(quoted("\u{202e}x"), r#""\u{202e}x""#);
        assert!(quoted(&"x".repeat(500)).len() < 70);
    }
}
