//! How far the file that is being read was read.

use crate::domain::Cursor;

use super::FileReport;
use super::resume::{Anchor, Prefix, short_hash};

/// The file that is being read.
pub(super) struct Current {
    pub(super) cursor: Cursor,
    pub(super) anchor: Anchor,
    /// The text before the position.
    pub(super) prefix: Prefix,
    /// The text that was read: at times further than the position.
    pub(super) read: Prefix,
    /// How far it, or what it is a copy of, was read before.
    pub(super) before: Option<Cursor>,
    /// Its number in the batch under construction, once it has anything to say there.
    pub(super) number: Option<u32>,
    /// What does not parse at the end of a text without a line end: will the rest come later?
    pub(super) grows: bool,
    /// What was read behind the position.
    pub(super) held: Vec<u8>,
    pub(super) report: FileReport,
}

impl Current {
    /// A text from behind what was read of it before; one that does not grow.
    pub(super) fn new(cursor: Cursor, before: Option<Cursor>, report: FileReport) -> Self {
        let prefix = before.as_ref().map(Prefix::of).unwrap_or_default();
        Self {
            cursor,
            anchor: Anchor::default(),
            read: prefix.clone(),
            prefix,
            before,
            number: None,
            grows: false,
            held: Vec::new(),
            report,
        }
    }

    /// Goes over text that was read, but not over the first piece of a line whose rest may still come:
    /// the next import begins there again.
    pub(super) fn pass(&mut self, offset: u64, text: &[u8], open: Option<u64>) {
        let end = offset + length(text);
        if open.is_none() && self.held.is_empty() {
            self.anchor.push(text);
            self.prefix = self.read.clone();
            self.move_to(end);
            return;
        }
        self.held.extend_from_slice(text);
        let safe = open.unwrap_or(end).max(self.cursor.position);
        let count = usize::try_from(safe - self.cursor.position).unwrap_or_default();
        let passed = self.held.get(..count).unwrap_or_default();
        self.anchor.push(passed);
        self.prefix.push(passed);
        self.held.drain(..count.min(self.held.len()));
        self.move_to(safe);
    }

    pub(super) fn move_to(&mut self, position: u64) {
        self.report.bytes += position.saturating_sub(self.cursor.position);
        self.cursor.position = position;
    }

    pub(super) fn cursor(&self) -> Cursor {
        let anchor = self.anchor.bytes();
        Cursor {
            anchor: short_hash(anchor),
            anchor_length: length(anchor),
            prefix: self.prefix.value(),
            ..self.cursor.clone()
        }
    }
}

pub(super) fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or_default()
}
