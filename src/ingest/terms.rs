//! A batch's dictionary: texts that repeat, stored once.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::{Term, TermKind};

/// Gives texts their numbers within a batch.
#[derive(Default)]
pub(super) struct Terms {
    terms: Vec<(TermKind, Arc<str>)>,
    kinds: [Kind; TermKind::ALL.len()],
}

#[derive(Default)]
struct Kind {
    numbers: HashMap<Arc<str>, Term>,
    // Neighbours in a log mostly agree, and comparing is cheaper than hashing.
    last: Option<(Arc<str>, Term)>,
}

impl Terms {
    /// The number of a text.
    pub(super) fn of(&mut self, kind: TermKind, text: &str) -> Term {
        let next = Term(u32::try_from(self.terms.len()).unwrap_or(u32::MAX));
        let Some(known) = self.kinds.get_mut(place(kind)) else { return next };
        if let Some((last, term)) = &known.last
            && **last == *text
        {
            return *term;
        }
        if let Some((text, term)) = known.numbers.get_key_value(text) {
            known.last = Some((Arc::clone(text), *term));
            return *term;
        }
        let text: Arc<str> = text.into();
        self.terms.push((kind, Arc::clone(&text)));
        known.numbers.insert(Arc::clone(&text), next);
        known.last = Some((text, next));
        next
    }

    /// How many texts there are.
    pub(super) const fn count(&self) -> usize {
        self.terms.len()
    }

    /// The text of a number.
    pub(super) fn text(&self, term: Term) -> &str {
        usize::try_from(term.0).ok().and_then(|at| self.terms.get(at)).map_or("", |(_, text)| text)
    }

    /// Hands out all texts and forgets them.
    pub(super) fn take(&mut self) -> Vec<(TermKind, Arc<str>)> {
        for kind in &mut self.kinds {
            kind.numbers.clear();
            kind.last = None;
        }
        std::mem::take(&mut self.terms)
    }
}

const fn place(kind: TermKind) -> usize {
    match kind {
        TermKind::Name => 0,
        TermKind::Pixel => 1,
        TermKind::Campaign => 2,
        TermKind::Funnel => 3,
        TermKind::Source => 4,
        TermKind::Page => 5,
        TermKind::Agent => 6,
        TermKind::Currency => 7,
        TermKind::TestCode => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_number_per_kind() {
        let mut terms = Terms::default();
        let a = terms.of(TermKind::Name, "a");
        let b = terms.of(TermKind::Name, "b");
        let other = terms.of(TermKind::Pixel, "a");
        assert_eq!(terms.of(TermKind::Name, "a"), a);
        assert_eq!(terms.of(TermKind::Name, "b"), b);
        assert_eq!(terms.of(TermKind::Pixel, "a"), other);
        assert_eq!((terms.text(a), terms.text(b), terms.text(other)), ("a", "b", "a"));
        let taken = terms.take();
        let kinds: Vec<_> = taken.iter().map(|(kind, text)| (*kind, &**text)).collect();
        assert_eq!(kinds, [(TermKind::Name, "a"), (TermKind::Name, "b"), (TermKind::Pixel, "a")]);
        assert_eq!(terms.of(TermKind::Pixel, "b"), Term(0), "a new batch counts anew");
    }

    #[test]
    fn every_kind_has_its_place() {
        for (at, kind) in TermKind::ALL.into_iter().enumerate() {
            assert_eq!(place(kind), at);
        }
    }
}
