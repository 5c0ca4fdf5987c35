//! A look at the first lines of a file: which of them are records, and what the others hold.

use std::io;
use std::path::Path;
use std::sync::atomic::AtomicU64;

use serde_json::Value as Json;

use crate::domain::{Policy, Reason};

use super::decode::Expansion;
use super::foreign;
use super::formats::{self, Columns};
use super::json::Tape;
use super::lines::{Lines, Piece};
use super::record::{Builder, Place, Rejected};
use super::resume::Opened;
use super::shape::{self, Shape};

/// Lines that are looked at: enough for rare fields to show up.
const LINES_MAX: u64 = 1000;

/// What the first lines of a file are.
#[derive(Debug, Default)]
pub struct Probe {
    /// Lines that were looked at, blank ones and a table's header not counted.
    pub lines: u64,
    /// Lines that are funnel events.
    pub events: u64,
    /// Lines that are receipts, or a part of one.
    pub receipts: u64,
    /// Lines that are records of another kind: they say who a visitor is.
    pub others: u64,
    /// The rest, as far as they are JSON or rows of a table: unwrapped, in the order of the file.
    pub strange: Vec<Json>,
    /// Pixel Codes that records name, each once.
    pub pixels: Vec<String>,
}

impl Probe {
    /// Lines that are records.
    #[must_use]
    pub const fn known(&self) -> u64 {
        self.events + self.receipts + self.others
    }
}

/// Looks at the first lines of a file.
///
/// # Errors
/// When the file cannot be opened or holds no lines; one that is damaged further on ends there.
pub fn probe(path: &Path, assume_tz: Option<&str>, policy: &Policy) -> io::Result<Probe> {
    let done = AtomicU64::new(0);
    let limit = Expansion::of(&policy.limits);
    let mut opened = Opened::open(path, limit)?;
    let first = shape::first_line(&mut opened.text(&done, limit)).unwrap_or_default();
    if let Some(advice) = foreign::advice(&first) {
        return Err(io::Error::other(advice));
    }
    let mut builder = Builder::new(policy);
    builder.zone = assume_tz.and_then(super::time::zone);
    opened.shape = builder.begin_text(&first);
    let mut look = Look { probe: Probe::default(), strange_table: None, builder };
    if opened.shape == Shape::Lines {
        look.strange_table = Columns::any(&first);
    }
    let mut lines = Lines::new(opened.text(&done, limit), 0, policy.limits.line_bytes);
    while look.probe.lines < LINES_MAX
        && let Ok(Some(piece)) = lines.next()
    {
        match piece {
            Piece::Lines { offset, text } | Piece::Tail { offset, text } => look.take(offset, text),
            Piece::TooLong { .. } => look.probe.lines += 1,
        }
    }
    Ok(look.finish())
}

struct Look<'p> {
    probe: Probe,
    /// The columns of a table that no map knows.
    strange_table: Option<Columns>,
    builder: Builder<'p>,
}

impl Look<'_> {
    fn take(&mut self, offset: u64, text: &[u8]) {
        let mut at = offset;
        for raw in text.split_inclusive(|byte| *byte == b'\n') {
            let here = at;
            at += u64::try_from(raw.len()).unwrap_or_default();
            let Ok(line) = std::str::from_utf8(raw) else { continue };
            let line = line.trim_end_matches(['\n', '\r']).trim_start_matches('\u{feff}');
            if line.trim().is_empty() || self.probe.lines >= LINES_MAX {
                continue;
            }
            self.builder.place = Place { cursor: 0, offset: here, before: 0 };
            self.take_line(line, here);
        }
    }

    fn take_line(&mut self, line: &str, offset: u64) {
        let before = self.counts();
        let read = formats::read_line(line, &mut Tape::within(self.builder.policy.limits), &mut self.builder);
        let is_header = offset == 0 && (self.builder.columns.is_some() || self.strange_table.is_some());
        if is_header {
            return;
        }
        self.probe.lines += 1;
        let after = self.counts();
        match read {
            Ok(()) if after.0 > before.0 => self.probe.events += 1,
            Ok(()) if after.1 > before.1 => self.probe.receipts += 1,
            Ok(()) => self.probe.others += 1,
            // What is wrong with a value, a map cannot mend.
            Err(Rejected {
                reason: Reason::TimeRange | Reason::TimeWithoutZone | Reason::IdTooLong, ..
            }) => {}
            Err(_) => self.probe.strange.extend(self.strange(line)),
        }
    }

    fn counts(&self) -> (usize, usize) {
        let batch = &self.builder.batch;
        (batch.events.len(), batch.receipts.len() + batch.halves.len())
    }

    /// A line as JSON, without what a logger put around it.
    fn strange(&self, line: &str) -> Option<Json> {
        let row = self.builder.columns.as_ref().or(self.strange_table.as_ref());
        if let Some(columns) = row {
            return serde_json::from_str(&columns.record(line).ok()?).ok();
        }
        let json =
            serde_json::from_str(line).ok().or_else(|| serde_json::from_str(formats::record_in(line)?).ok());
        json.map(formats::unwrap).filter(Json::is_object)
    }

    fn finish(mut self) -> Probe {
        let pixels = self.builder.terms.take().into_iter();
        let pixels = pixels.filter(|(kind, _)| *kind == crate::domain::TermKind::Pixel);
        self.probe.pixels = pixels.map(|(_, text)| text.to_string()).collect();
        self.probe
    }
}
