//! One way to show text from logs: nothing of it may drive a terminal or hide.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Text as a terminal may see it: control characters, C1, bidirectional and zero-width characters
/// become `\x1b` or `\u{202e}`.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if !is_unsafe(c) {
            shown.push(c);
        } else if u32::from(c) < 0x100 {
            let _ = write!(shown, "\\x{:02x}", u32::from(c));
        } else {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        }
    }
    Cow::Owned(shown)
}

/// [`escape`], cut to a number of characters.
#[must_use]
pub fn escape_short(text: &str, chars_max: usize) -> String {
    let shown = escape(text);
    if shown.chars().count() <= chars_max {
        return shown.into_owned();
    }
    let mut cut: String = shown.chars().take(chars_max.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// Control, format and separator characters (Unicode 16, categories Cc, Cf, Zl, Zp, and fillers
/// that show as nothing).
const fn is_unsafe(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
        | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_drives_a_terminal_passes() {
        assert_eq!(escape("a\x1b[31mb"), "a\\x1b[31mb");
        assert_eq!(escape("\u{9b}31m"), "\\x9b31m");
        assert_eq!(escape("a\r\n\tb\x07\x08\x7f"), "a\\x0d\\x0a\\x09b\\x07\\x08\\x7f");
        assert_eq!(escape("\u{202e}gpj\u{200b}"), "\\u{202e}gpj\\u{200b}");
        assert_eq!(escape("\u{feff}x\u{e0041}"), "\\u{feff}x\\u{e0041}");
    }

    #[test]
    fn ordinary_text_passes_as_it_is() {
        for text in ["CompletePayment", "Zürich – 東京 é", "a\\b", ""] {
            assert!(matches!(escape(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn a_cut_text_says_so() {
        assert_eq!(escape_short("abcdef", 4), "abc…");
        assert_eq!(escape_short("abcd", 4), "abcd");
    }
}
