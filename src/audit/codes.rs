//! Small numbers for texts that logs choose freely, bounded.

use std::collections::HashMap;
use std::sync::Arc;

use super::tally::VALUES_MAX;

/// The code of no text.
pub(super) const NONE: u16 = 0;
/// The code of all texts beyond the first [`VALUES_MAX`].
pub(super) const REST: u16 = 1;
/// The first code of a text.
const FIRST: u16 = 2;

/// Places of recent texts, by where they lie in memory: the ledger shares its texts, so that most are
/// found there by one comparison.
const RECENT: usize = 256;

/// Gives each text a number: the first thousand one of their own, all others one together.
#[derive(Debug)]
pub(super) struct Codes {
    texts: Vec<Arc<str>>,
    index: HashMap<Arc<str>, u16>,
    recent: [u16; RECENT],
}

impl Default for Codes {
    fn default() -> Self {
        Self { texts: Vec::new(), index: HashMap::new(), recent: [NONE; RECENT] }
    }
}

impl Codes {
    /// The code of a text.
    pub(super) fn of(&mut self, text: Option<&str>) -> u16 {
        let Some(text) = text else { return NONE };
        let slot = (text.as_ptr().addr() >> 4) % RECENT;
        if let Some(recent) = self.recent.get(slot)
            && self.text(*recent) == Some(text)
        {
            return *recent;
        }
        let code = self.find(text);
        if let Some(recent) = self.recent.get_mut(slot) {
            *recent = code;
        }
        code
    }

    fn find(&mut self, text: &str) -> u16 {
        if let Some(code) = self.index.get(text) {
            return *code;
        }
        if self.texts.len() >= VALUES_MAX {
            return REST;
        }
        let code = u16::try_from(self.texts.len()).map_or(REST, |at| at.saturating_add(FIRST));
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        self.index.insert(text, code);
        code
    }

    /// The text of a code; `None` for [`NONE`] and [`REST`].
    pub(super) fn text(&self, code: u16) -> Option<&str> {
        let at = usize::from(code.checked_sub(FIRST)?);
        self.texts.get(at).map(|text| &**text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_its_code_and_endless_texts_share_one() {
        let mut codes = Codes::default();
        let texts: Vec<String> = (0..VALUES_MAX + 50).map(|n| format!("text {n}")).collect();
        for round in 0..2 {
            for (at, text) in texts.iter().enumerate() {
                let code = codes.of(Some(text));
                let want = if at < VALUES_MAX { Some(text.as_str()) } else { None };
                assert_eq!(codes.text(code), want, "{round} {text}");
                assert_eq!(code == REST, at >= VALUES_MAX);
            }
        }
        assert_eq!(codes.of(None), NONE);
        assert_eq!(codes.text(NONE), None);
    }
}
