//! Phone numbers: from what people type to E.164.

use std::str::FromStr;

use phonenumber::{Mode, country};

use super::normalise::Unfit;

/// Digits of an E.164 number: ITU-T allows 15; fewer than 7 is no subscriber's number.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// Most digits that are read: an E.164 number behind an international prefix and a trunk zero.
const DIGITS_READ_MAX: usize = 20;

/// The number in E.164 with its `+`.
///
/// A number that names its country is kept as given where libphonenumber cannot vouch for it: TikTok
/// matches digits, not plans. Without a country the region must make a valid number of it.
pub(super) fn e164(raw: &str, region: Option<&str>) -> Result<String, Unfit> {
    let dialled = Dialled::parse(raw)?;
    if dialled.international {
        return dialled.international_form();
    }
    if dialled.digits.len() < *DIGITS.start() {
        return Err(Unfit::NotAPhone);
    }
    let region = region.and_then(|region| country::Id::from_str(region).ok()).ok_or(Unfit::NoCountryCode)?;
    valid(Some(region), &dialled.digits).ok_or(Unfit::NotAPhone)
}

/// What a person would dial: digits, and whether a `+` stands before them.
struct Dialled {
    international: bool,
    digits: String,
}

impl Dialled {
    /// Reads digits of any script between the usual punctuation; stops at an extension.
    fn parse(raw: &str) -> Result<Self, Unfit> {
        let raw = raw.trim();
        let raw = strip_scheme(raw).unwrap_or(raw);
        let mut dialled = Self { international: false, digits: String::with_capacity(DIGITS_READ_MAX) };
        for c in raw.chars() {
            if let Some(digit) = digit(c) {
                dialled.digits.push(digit);
            } else if matches!(c, '+' | '\u{ff0b}') && dialled.digits.is_empty() && !dialled.international {
                dialled.international = true;
            } else if starts_extension(c) && dialled.digits.len() >= *DIGITS.start() {
                break;
            } else if !is_punctuation(c) {
                return Err(Unfit::NotAPhone);
            }
            if dialled.digits.len() > DIGITS_READ_MAX {
                return Err(Unfit::NotAPhone);
            }
        }
        if dialled.digits.is_empty() { Err(Unfit::NotAPhone) } else { Ok(dialled) }
    }

    fn international_form(&self) -> Result<String, Unfit> {
        let as_given = format!("+{}", self.digits);
        let national = self.digits.get(country_code_length(&self.digits)..).unwrap_or_default();
        // `+44 (0)7911 …`: only a numbering plan knows whether this zero is dialled from abroad.
        if national.starts_with('0')
            && let Some(form) = valid(None, &as_given)
        {
            return Ok(form);
        }
        if DIGITS.contains(&self.digits.len()) && !self.digits.starts_with('0') {
            Ok(as_given)
        } else {
            Err(Unfit::NotAPhone)
        }
    }
}

/// The E.164 form of a number that libphonenumber calls valid.
fn valid(region: Option<country::Id>, number: &str) -> Option<String> {
    let number = phonenumber::parse(region, number).ok()?;
    number.is_valid().then(|| number.format().mode(Mode::E164).to_string())
}

fn strip_scheme(raw: &str) -> Option<&str> {
    let (scheme, rest) = raw.split_at_checked(4)?;
    scheme.eq_ignore_ascii_case("tel:").then_some(rest)
}

/// How many digits the country code takes. Codes are prefix-free: ITU-T E.164 list, checked 2026-11-22.
fn country_code_length(digits: &str) -> usize {
    let mut digits = digits.bytes();
    match (digits.next(), digits.next()) {
        (Some(b'1' | b'7'), _) => 1,
        (Some(b'2'), Some(b'0' | b'7'))
        | (Some(b'3'), Some(b'0'..=b'4' | b'6' | b'9'))
        | (Some(b'4'), Some(b'0' | b'1' | b'3'..=b'9'))
        | (Some(b'5'), Some(b'1'..=b'8'))
        | (Some(b'6'), Some(b'0'..=b'6'))
        | (Some(b'8'), Some(b'1' | b'2' | b'4' | b'6'))
        | (Some(b'9'), Some(b'0'..=b'5' | b'8')) => 2,
        _ => 3,
    }
}

/// The ASCII digit of a decimal digit in one of the scripts that phone keyboards write.
fn digit(c: char) -> Option<char> {
    let zero = match c {
        '0'..='9' => return Some(c),
        '\u{0660}'..='\u{0669}' => '\u{0660}',
        '\u{06f0}'..='\u{06f9}' => '\u{06f0}',
        '\u{0966}'..='\u{096f}' => '\u{0966}',
        '\u{ff10}'..='\u{ff19}' => '\u{ff10}',
        _ => return None,
    };
    char::from_digit(u32::from(c) - u32::from(zero), 10)
}

const fn starts_extension(c: char) -> bool {
    matches!(c, ';' | ',' | '#' | 'x' | 'X' | 'e' | 'E')
}

/// Spaces, hyphens, dots, brackets, slashes, and the invisible marks that address books copy along.
fn is_punctuation(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '.' | '(' | ')' | '[' | ']' | '/' | '~' | '\u{b7}')
        || matches!(
            c,
            '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff08}' | '\u{ff09}' | '\u{ff0d}' | '\u{ff0e}'
        )
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_is_dialled_gives_e164_or_nothing(raw in "[+0-9 ().;xe/-]{0,24}", any in any::<String>()) {
            for (raw, region) in [(&raw, None), (&raw, Some("US")), (&raw, Some("IT")), (&any, Some("GB"))] {
                if let Ok(form) = e164(raw, region) {
                    prop_assert!(form.starts_with('+') && DIGITS.contains(&(form.len() - 1)), "{form}");
                    prop_assert!(form.bytes().skip(1).all(|c| c.is_ascii_digit()), "{form}");
                }
            }
        }
    }

    #[test]
    fn a_number_with_its_country_needs_no_region() {
        for (raw, form) in [
            ("+12133734253", "+12133734253"),
            ("(+1)2133734253", "+12133734253"),
            ("tel:+1-213-373-4253", "+12133734253"),
            ("TEL:+1-213-373-4253;phone-context=example.com", "+12133734253"),
            ("\u{ff0b}81 90-1234-5678", "+819012345678"),
            ("\u{ff0b}\u{ff18}\u{ff11} 90 1234 5678", "+819012345678"),
            ("\u{202a}+1 213 373 4253\u{202c}", "+12133734253"),
            ("+1 (213) 373.4253 ext. 77", "+12133734253"),
            ("+44 (0)7911 123456", "+447911123456"),
            ("+4407911123456", "+447911123456"),
            ("+39 02 36618300", "+390236618300"),
            ("+1555-555-5555", "+15555555555"),
            ("+12345432", "+12345432"),
            ("+8613800000000", "+8613800000000"),
        ] {
            assert_eq!(e164(raw, None).as_deref(), Ok(form), "{raw}");
            assert_eq!(e164(raw, Some("DE")).as_deref(), Ok(form), "{raw}");
        }
    }

    #[test]
    fn a_number_without_its_country_is_never_guessed() {
        for raw in ["1231231234", "07911 123456", "12345678901234", "98765432109876", "0049 30 123456"] {
            assert_eq!(e164(raw, None), Err(Unfit::NoCountryCode), "{raw}");
            assert_eq!(e164(raw, Some("nowhere")), Err(Unfit::NoCountryCode), "{raw}");
        }
    }

    #[test]
    fn a_region_makes_it_whole() {
        for (raw, region, form) in [
            ("07911 123456", "GB", "+447911123456"),
            ("(213) 373-4253", "US", "+12133734253"),
            ("0044 7911 123456", "DE", "+447911123456"),
            ("02 36618300", "IT", "+390236618300"),
            ("8 912 345 67 89", "RU", "+79123456789"),
        ] {
            assert_eq!(e164(raw, Some(region)).as_deref(), Ok(form), "{raw}");
        }
        assert_eq!(e164("1231231234", Some("US")), Err(Unfit::NotAPhone), "no such area code");
    }

    #[test]
    fn what_is_no_number_is_said_to_be_none() {
        for raw in [
            "abc",
            "+",
            "",
            "12",
            "+12",
            "1-800-FLOWERS",
            "+1+2133734253",
            "00+12133734253",
            "+0123456789",
            "+1234567890123456",
            "123456789012345678901",
            "a@b.example",
            "+44 7911 <script>",
        ] {
            assert_eq!(e164(raw, None), Err(Unfit::NotAPhone), "{raw}");
        }
    }
}
