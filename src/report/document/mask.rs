//! Texts that may leave the house: ids shortened, personal data masked, nothing hidden.

use std::net::IpAddr;

use super::super::{escape, escape_short};

/// Whether a shared report shows ids in full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ids {
    /// The first and last characters: enough to tell two apart.
    #[default]
    Short,
    /// As they are.
    Full,
}

/// Ids up to this many characters have no middle to leave out.
const WHOLE_CHARS_MAX: usize = 8;
/// So many hexadecimal digits or more are a digest or an id.
const HEX_DIGITS_MIN: usize = 24;
/// So many digits after a `+` are a phone number.
const PHONE_DIGITS_MIN: usize = 7;
/// Where the homes of people begin.
const HOMES: [&str; 3] = ["/home/", "/root/", "/Users/"];
/// The longest text from a log that a report shows.
const CHARS_MAX: usize = 80;

impl Ids {
    /// An id of the data as it may be shown: `530e…9d96`.
    #[must_use]
    pub fn show(self, id: &str) -> String {
        match self {
            Self::Full => escape(id).into_owned(),
            Self::Short => shorten(&escape(id)),
        }
    }

    /// A name or value from a log as it may be shown, cut to a readable length.
    #[must_use]
    pub(in crate::report) fn name(self, text: &str) -> String {
        escape_short(&self.sentence(text), CHARS_MAX)
    }

    /// A sentence as it may be shown: e-mail and IP addresses, phone numbers and homes masked in any
    /// case, ids and digests shortened unless they are to be shown.
    #[must_use]
    pub(super) fn sentence(self, text: &str) -> String {
        let shown = escape(text);
        let mut masked = String::with_capacity(shown.len());
        let mut word = String::new();
        for c in shown.chars() {
            if is_in_word(c) {
                word.push(c);
            } else {
                masked.push_str(&self.word(&word));
                word.clear();
                masked.push(c);
            }
        }
        masked.push_str(&self.word(&word));
        masked
    }

    /// A path of the machine keeps its file name; of all other words each step is looked at.
    fn word(self, word: &str) -> String {
        if HOMES.iter().any(|home| word.starts_with(home)) {
            return format!("…/{}", word.rsplit('/').next().unwrap_or_default());
        }
        let steps = word.split('/').map(|step| self.step(step));
        steps.collect::<Vec<_>>().join("/")
    }

    fn step(self, step: &str) -> String {
        // A full stop that ends a sentence is not part of the word.
        let bare = step.trim_end_matches(['.', ':']);
        let tail = step.get(bare.len()..).unwrap_or_default();
        let masked = if let Some((before, after)) = bare.split_once('@') {
            let is_address = !before.is_empty() && after.contains('.');
            is_address.then(|| "…@…".to_owned())
        } else if bare.contains(['.', ':']) && bare.parse::<IpAddr>().is_ok() {
            Some(bare.chars().take(3).chain("…".chars()).collect())
        } else if bare.strip_prefix('+').is_some_and(is_phone) {
            Some(format!("+…{}", last(bare, 2)))
        } else if self == Self::Short && is_id(bare) {
            Some(shorten(bare))
        } else {
            None
        };
        masked.map_or_else(|| step.to_owned(), |masked| masked + tail)
    }
}

fn is_in_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '@' | '.' | '_' | '-' | '+' | ':' | '/')
}

fn is_phone(digits: &str) -> bool {
    let count = digits.bytes().filter(u8::is_ascii_digit).count();
    count >= PHONE_DIGITS_MIN && digits.bytes().all(|c| c.is_ascii_digit() || c == b'-' || c == b'.')
}

/// A UUID, or a long run of hexadecimal digits.
fn is_id(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_hexdigit).count();
    digits >= HEX_DIGITS_MIN && word.bytes().all(|c| c.is_ascii_hexdigit() || c == b'-')
}

fn shorten(id: &str) -> String {
    let chars = id.chars().count();
    if chars <= WHOLE_CHARS_MAX {
        let start: String = id.chars().take(chars.div_ceil(2)).collect();
        return format!("{start}…");
    }
    let start: String = id.chars().take(4).collect();
    format!("{start}…{}", last(id, 4))
}

fn last(text: &str, count: usize) -> String {
    let skipped = text.chars().count().saturating_sub(count);
    text.chars().skip(skipped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_their_ends() {
        assert_eq!(Ids::Short.show("530e0e61-18e9-485e-a8bf-f9ea304d9f96"), "530e…9f96");
        assert_eq!(Ids::Short.show("C4A1B2C3D4E5F6G7H8I9"), "C4A1…H8I9");
        assert_eq!(Ids::Short.show("ord_1"), "ord…");
        assert_eq!(Ids::Full.show("ord_1\u{1b}"), "ord_1\\x1b");
    }

    #[test]
    fn personal_data_is_masked_wherever_it_stands() {
        let digest = "2b94f64ec4fb3d3f38f3e2df7aa0aa5b36a0b6b4e6ae4dd27a1c06f9a1b2c3d4";
        for (given, want) in [
            ("mail jane.doe+x@mail.example.com now", "mail …@… now"),
            ("from 95.104.11.250.", "from 95.…."),
            ("2001:db8::7 and 10 more", "200… and 10 more"),
            ("call +12133734253, please", "call +…53, please"),
            (digest, "2b94…c3d4"),
            ("see 530e0e61-18e9-485e-a8bf-f9ea304d9f96: lost", "see 530e…9f96: lost"),
            (
                "quiz.example.com/u/a@b.example/2b94f64ec4fb3d3f38f3e2df7aa0aa5b",
                "quiz.example.com/u/…@…/2b94…aa5b",
            ),
            ("/home/jane/logs/funnel.jsonl byte 7", "…/funnel.jsonl byte 7"),
        ] {
            assert_eq!(Ids::Short.sentence(given), want);
        }
        assert_eq!(Ids::Full.sentence(digest), digest);
        assert_eq!(Ids::Full.sentence("a@b.example"), "…@…", "no option shows an address");
    }

    #[test]
    fn plain_sentences_stay_as_they_are() {
        for text in [
            "TikTok refused 453 events (2.9 %) with code 40105 on Sat 21 Nov 13:00–16:20.",
            "makegood backfill --since 2026-11-21T13:00",
            "/f/46/paywall, quiz.example.com/f/46, @mention, 1.2, 3:4",
            "USD 1,079.88 – 東京",
        ] {
            assert_eq!(Ids::Short.sentence(text), text);
        }
    }
}
