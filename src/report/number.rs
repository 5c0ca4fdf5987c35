//! Numbers as people read them: counts, shares, money, bars.

use crate::domain::Amount;

/// `21,442`.
#[must_use]
pub fn count(n: u64) -> String {
    group_thousands(&n.to_string())
}

/// `events` or `event`, after a count.
#[must_use]
pub fn count_of(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// A length as a count.
#[must_use]
pub fn length(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// A share with one decimal: `97.9 %`. It never rounds up to 100 or down to 0 while something is
/// missing or there; nothing of nothing is `–`.
#[must_use]
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let [part, whole] = [u128::from(part), u128::from(whole)];
    let tenths = (part * 1000 + whole / 2) / whole;
    if tenths >= 1000 && part < whole {
        "> 99.9 %".to_owned()
    } else if tenths == 0 && part > 0 {
        "< 0.1 %".to_owned()
    } else {
        format!("{}.{} %", tenths / 10, tenths % 10)
    }
}

/// A share without decimals, for tables of many: `54 %`, `> 99 %`, `< 1 %`.
#[must_use]
pub fn percent_whole(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let [part, whole] = [u128::from(part), u128::from(whole)];
    let rounded = (part * 100 + whole / 2) / whole;
    if rounded >= 100 && part < whole {
        "> 99 %".to_owned()
    } else if rounded == 0 && part > 0 {
        "< 1 %".to_owned()
    } else {
        format!("{rounded} %")
    }
}

/// `USD 1,079.88`.
#[must_use]
pub fn money(currency: &str, amount: Amount) -> String {
    let text = amount.to_string();
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(w, f)| (w, Some(f)));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let grouped = group_thousands(digits);
    let currency = super::escape_short(currency, 8);
    match fraction {
        Some(fraction) => format!("{currency} {sign}{grouped}.{fraction}"),
        None => format!("{currency} {sign}{grouped}"),
    }
}

fn group_thousands(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, c) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(c);
    }
    grouped
}

const BAR_CELLS: u128 = 10;
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// A bar of ten cells; full only when nothing is missing.
#[must_use]
pub fn bar(part: u64, whole: u64) -> String {
    if whole == 0 {
        return String::new();
    }
    let eighths = u128::from(part.min(whole)) * BAR_CELLS * 8 / u128::from(whole);
    let full = usize::try_from(eighths / 8).unwrap_or(0);
    let rest = usize::try_from(eighths % 8).unwrap_or(0);
    format!("{}{}", "█".repeat(full), EIGHTHS.get(rest).copied().unwrap_or_default())
}

const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// One character per value, scaled to the largest.
#[must_use]
pub fn spark(values: &[u64]) -> String {
    let max = u128::from(values.iter().copied().max().unwrap_or(0)).max(1);
    values
        .iter()
        .map(|&value| {
            let level = (u128::from(value) * 7).div_ceil(max);
            LEVELS.get(usize::try_from(level).unwrap_or(7)).copied().unwrap_or('█')
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_never_rounds_to_an_end_that_is_not_true() {
        assert_eq!(percent(9998, 10_000), "> 99.9 %");
        assert_eq!(percent(999_999_999, 1_000_000_000), "> 99.9 %");
        assert_eq!(percent(10_000, 10_000), "100.0 %");
        assert_eq!(percent(1, 10_000), "< 0.1 %");
        assert_eq!(percent(0, 10_000), "0.0 %");
        assert_eq!(percent(37, 46), "80.4 %");
        assert_eq!(percent(0, 0), "–");
        assert_eq!(percent(u64::MAX - 1, u64::MAX), "> 99.9 %");
        assert_eq!(percent_whole(999, 1000), "> 99 %");
        assert_eq!(percent_whole(1, 1000), "< 1 %");
        assert_eq!(percent_whole(25, 46), "54 %");
    }

    #[test]
    fn counts_and_money_have_thousands_separators() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(21_442), "21,442");
        assert_eq!(count(1_000_000), "1,000,000");
        let amount = |text| Amount::parse(text).unwrap();
        assert_eq!(money("USD", amount("79.88")), "USD 79.88");
        assert_eq!(money("USD", amount("-1234567.5")), "USD -1,234,567.5");
        assert_eq!(money("JPY", amount("100")), "JPY 100");
        assert_eq!(money("U\x1bD", amount("1")), "U\\x1bD 1");
    }

    #[test]
    fn a_bar_is_full_only_when_nothing_is_missing() {
        assert_eq!(bar(10, 10), "██████████");
        assert_eq!(bar(999, 1000), "█████████▉");
        assert_eq!(bar(0, 10), "");
        assert_eq!(bar(1, 0), "");
        assert_eq!(bar(5, 10), "█████");
    }

    #[test]
    fn a_spark_shows_every_value_that_is_not_zero() {
        assert_eq!(spark(&[0, 1, 100]), "▁▂█");
        assert_eq!(spark(&[0, 0]), "▁▁");
        assert_eq!(spark(&[]), "");
    }
}
