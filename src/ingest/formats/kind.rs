//! What a record calls itself.

use super::Outline;
use super::outline::{KEY_BYTES_MAX, fold};

/// What a record calls itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Funnel,
    Delivery,
    /// A call of a library of Segment or `RudderStack`.
    Call(Call),
    Other,
}

/// The calls of those libraries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// A named event.
    Track,
    /// A page view.
    Page,
    /// Who the visitor is.
    Identify,
    /// One that says nothing of an event.
    Other,
}

impl Outline<'_, '_> {
    /// What the record's `type` says.
    pub(super) fn kind(&self) -> Kind {
        let mut folded = [0; KEY_BYTES_MAX];
        match self.kind.text().and_then(|kind| fold(kind, &mut folded)) {
            Some(b"funnelevent") => Kind::Funnel,
            Some(b"delivery" | b"receipt") => Kind::Delivery,
            Some(b"track") => Kind::Call(Call::Track),
            Some(b"page") => Kind::Call(Call::Page),
            Some(b"identify") => Kind::Call(Call::Identify),
            Some(b"group" | b"alias" | b"screen") => Kind::Call(Call::Other),
            _ => Kind::Other,
        }
    }
}
