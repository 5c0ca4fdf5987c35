//! How a person looks at an output: zone, width, colours, characters.

use anstyle::{AnsiColor, Style};

use crate::domain::{Severity, Verdict};

use super::Zone;

/// How a person looks at an output.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// The zone of times.
    pub zone: Zone,
    /// Cells across; `None`: as wide as it wants to be.
    pub width: Option<usize>,
    /// Whether words may be coloured.
    pub ink: Ink,
}

/// Whether words may be coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ink {
    /// No: what looks may be a program, or a person who does not want it.
    #[default]
    Plain,
    /// Yes, those that mean good or bad. A colour never says what no word says.
    Coloured,
}

/// What a colour says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// As it should be.
    Good,
    /// Worth a look.
    Doubtful,
    /// Lost, or soon to be.
    Bad,
}

impl Meaning {
    pub(super) const fn of_severity(severity: Severity) -> Option<Self> {
        match severity {
            Severity::High => Some(Self::Bad),
            Severity::Medium => Some(Self::Doubtful),
            Severity::Low | Severity::Info => None,
        }
    }

    pub(super) const fn of_verdict(verdict: &Verdict) -> Option<Self> {
        match verdict {
            Verdict::Delivered => Some(Self::Good),
            Verdict::Unknown { .. } => Some(Self::Doubtful),
            Verdict::Refused { .. } | Verdict::NeverSent { .. } => Some(Self::Bad),
            Verdict::Excluded(_) | Verdict::Waiting => None,
        }
    }

    const fn style(self) -> Style {
        match self {
            Self::Good => AnsiColor::Green.on_default(),
            Self::Doubtful => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
        }
    }
}

impl View {
    /// In a zone, as wide as it wants to be, without colours.
    #[must_use]
    pub const fn plain(zone: Zone) -> Self {
        Self { zone, width: None, ink: Ink::Plain }
    }

    /// A word in the colour of what it means. Text from logs is escaped before, never after.
    #[must_use]
    pub(super) fn paint(&self, meaning: Option<Meaning>, word: &str) -> String {
        match (self.ink, meaning) {
            (Ink::Coloured, Some(meaning)) if !word.is_empty() => {
                let style = meaning.style();
                format!("{style}{word}{style:#}")
            }
            (Ink::Coloured | Ink::Plain, _) => word.to_owned(),
        }
    }
}

/// The same text for a terminal that has no other characters than ASCII: what we draw with becomes
/// something like it of the same width, so that columns stay where they are. Other text is left alone.
#[must_use]
pub fn ascii(text: &str) -> String {
    text.chars().map(|c| DRAWN.iter().find(|(drawn, _)| *drawn == c).map_or(c, |(_, like)| *like)).collect()
}

/// Every character that we draw with, and what is like it.
const DRAWN: &[(char, char)] = &[
    // A bar, and its last cell that is not full.
    ('█', '#'),
    ('▉', '='),
    ('▊', '='),
    ('▋', '='),
    ('▌', '='),
    ('▍', '-'),
    ('▎', '-'),
    ('▏', '-'),
    // A line of heights; its highest is the full cell above.
    ('▁', '_'),
    ('▂', '.'),
    ('▃', ','),
    ('▄', '-'),
    ('▅', '='),
    ('▆', '+'),
    ('▇', '*'),
    // Shades.
    ('░', '.'),
    ('▒', 'o'),
    ('▓', 'O'),
    // Signs.
    ('✓', '+'),
    ('✗', 'x'),
    ('→', '>'),
    ('←', '<'),
    ('·', '|'),
    ('–', '-'),
    ('—', '-'),
    ('−', '-'),
    ('…', '~'),
    ('×', 'x'),
    ('÷', '/'),
    ('“', '"'),
    ('”', '"'),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_keeps_its_width_in_ascii() {
        let drawn: String = DRAWN.iter().map(|(drawn, _)| *drawn).collect();
        assert!(ascii(&drawn).is_ascii());
        assert_eq!(ascii(&drawn).chars().count(), drawn.chars().count());
        assert_eq!(ascii("97.9 % █████████▊ – 東京"), "97.9 % #########= - 東京");
    }

    #[test]
    fn only_a_view_with_colours_paints_and_only_what_means_something() {
        let plain = View::plain(Zone::UTC);
        let coloured = View { ink: Ink::Coloured, ..plain };
        assert_eq!(plain.paint(Some(Meaning::Bad), "high"), "high");
        assert_eq!(coloured.paint(None, "info"), "info");
        assert_eq!(coloured.paint(Some(Meaning::Bad), "high"), "\u{1b}[1m\u{1b}[31mhigh\u{1b}[0m");
        assert_eq!(coloured.paint(Some(Meaning::Good), ""), "");
    }
}
