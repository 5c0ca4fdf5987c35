//! The reading thread: files become lines, lines become rows, rows go out in batches.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::domain::{Cursor, FileId, Policy, Reason};

use super::current::{Current, length};
use super::decode::{Expansion, Packing, Stop, Text, unpack};
use super::formats;
use super::import::{Counters, GaveUp, Outbox};
use super::json::Tape;
use super::lines::{Lines, Piece};
use super::record::{Builder, Place, Rejected};
use super::resume::{Known, Opened, Resumed};
use super::shape::Shape;
use super::{FileReport, Input, foreign, shape, time};

/// Bytes that tell how a text is packed.
const MAGIC_BYTES: u64 = 4;

/// Reads inputs one after the other into batches.
pub(super) struct Reader<'r> {
    known: Known,
    outbox: &'r Outbox,
    counters: &'r Counters,
    limit: Expansion,
    builder: Builder<'r>,
}

impl<'r> Reader<'r> {
    pub(super) fn new(policy: &'r Policy, known: Known, outbox: &'r Outbox, counters: &'r Counters) -> Self {
        let limit = Expansion::of(&policy.limits);
        Self { known, outbox, counters, limit, builder: Builder::new(policy) }
    }

    /// Sends what is left.
    pub(super) fn finish(&mut self) -> Result<(), GaveUp> {
        if self.builder.is_empty() { Ok(()) } else { self.outbox.send(self.builder.take()) }
    }

    /// Reads what is new in an input.
    pub(super) fn read(&mut self, input: &Input) -> Result<FileReport, GaveUp> {
        self.builder.zone = input.assume_tz.as_deref().and_then(time::zone);
        match &input.path {
            Some(path) => {
                let opened = match &input.open {
                    Some(file) => Opened::of(Arc::clone(file), self.limit),
                    None => Opened::open(path, self.limit),
                };
                match opened {
                    Ok(mut opened) => {
                        let first = shape::first_line(&mut opened.text(&AtomicU64::new(0), self.limit));
                        let first = first.unwrap_or_default();
                        if let Some(advice) = foreign::advice(&first) {
                            return Ok(FileReport {
                                error: Some(advice.to_owned()),
                                ..FileReport::new(path)
                            });
                        }
                        opened.shape = self.builder.begin_text(&first);
                        self.read_file(path, &opened)
                    }
                    Err(error) => Ok(FileReport { error: Some(error.to_string()), ..FileReport::new(path) }),
                }
            }
            None => self.read_stdin(),
        }
    }

    fn read_file(&mut self, path: &Path, opened: &Opened) -> Result<FileReport, GaveUp> {
        // One file, one name, wherever the program was started.
        let name = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let (text, anchor, before) = match opened.resume(&self.known, &self.counters.bytes, self.limit) {
            Resumed::Unchanged(at) => {
                self.counters.bytes.fetch_add(opened.size, Ordering::Relaxed);
                let report = FileReport { problem: at.problem, ..FileReport::new(path) };
                self.note_name(name, at);
                return Ok(report);
            }
            Resumed::From { text, anchor, before } => (text, anchor, before),
        };
        let position = before.as_ref().map_or(0, |at| at.position);
        if opened.packing == Packing::Plain {
            self.counters.bytes.fetch_add(position, Ordering::Relaxed);
        }
        let cursor = Cursor {
            path: name,
            file: opened.id,
            head_length: opened.head_length,
            position,
            anchor: 0,
            anchor_length: 0,
            prefix: 0,
            size_at_end: 0,
            problem: None,
        };
        let mut current = Current {
            anchor,
            grows: opened.packing == Packing::Plain,
            ..Current::new(cursor, before, FileReport::new(path))
        };
        let stop = self.read_text(text, &mut current)?;
        current.cursor.problem = stop.and_then(Stop::problem);
        let is_log = matches!(opened.shape, Shape::Lines | Shape::Table);
        if is_log && (current.report.lines > 0 || position > 0) {
            // Somebody is writing it: nothing to tell.
            current.report.unfinished = None;
        }
        if stop.is_none() && !opened.is_raw() {
            current.cursor.size_at_end = opened.size;
        }
        self.close(&mut current);
        Ok(current.report)
    }

    /// A file without news; its name may be new.
    fn note_name(&mut self, name: PathBuf, mut at: Cursor) {
        if at.path != name {
            at.path = name;
            self.known.add(at.clone());
            self.builder.add_cursor(at);
        }
    }

    fn read_stdin(&mut self) -> Result<FileReport, GaveUp> {
        let path = PathBuf::from("-");
        let mut first = Vec::new();
        let mut stdin = io::stdin().lock();
        if let Err(error) = stdin.by_ref().take(MAGIC_BYTES).read_to_end(&mut first) {
            return Ok(FileReport { error: Some(error.to_string()), ..FileReport::new(&path) });
        }
        let packing = Packing::of(&first);
        let mut text = unpack(io::Cursor::new(first).chain(stdin), packing, &self.counters.bytes, self.limit);
        // What is wrong here is wrong again when it is read.
        let first = shape::first_line(&mut text).unwrap_or_default();
        if let Some(advice) = foreign::advice(&first) {
            return Ok(FileReport { error: Some(advice.to_owned()), ..FileReport::new(&path) });
        }
        let shape = self.builder.begin_text(&first);
        let text = shape.lines(Box::new(io::Cursor::new(first).chain(text)));
        // A hasher's keys are random: the one source of randomness in std. No import resumes here.
        let ino = RandomState::new().hash_one(0);
        let cursor = Cursor {
            path: path.clone(),
            file: FileId { dev: 0, ino, born_ns: 0, head: 0 },
            head_length: 0,
            position: 0,
            anchor: 0,
            anchor_length: 0,
            prefix: 0,
            size_at_end: 0,
            problem: None,
        };
        let mut current = Current::new(cursor, None, FileReport::new(&path));
        let stop = self.read_text(text, &mut current)?;
        current.cursor.problem = stop.and_then(Stop::problem);
        self.close(&mut current);
        Ok(current.report)
    }

    /// Reads a text to its end, or to what stops it.
    fn read_text(&mut self, text: Text<'_>, current: &mut Current) -> Result<Option<Stop>, GaveUp> {
        let mut lines = Lines::new(text, current.cursor.position, self.builder.policy.limits.line_bytes);
        loop {
            match lines.next() {
                Ok(Some(piece)) => self.take_piece(&piece, current)?,
                Ok(None) => return Ok(None),
                Err(error) => {
                    let stop = Stop::of(&error);
                    self.take_damage(stop, lines.offset(), lines.rest(), current);
                    return Ok(Some(stop));
                }
            }
        }
    }

    fn take_piece(&mut self, piece: &Piece<'_>, current: &mut Current) -> Result<(), GaveUp> {
        match *piece {
            Piece::Lines { offset, text } => {
                self.take_lines(offset, text, current);
                current.pass(offset, text, self.builder.pieces.first());
                self.builder.count_text(text.len());
            }
            Piece::TooLong { offset, end, length, sha256, crc, last } => {
                self.stand_at(offset, current);
                self.builder.give_up_pieces();
                current.held.clear();
                current.report.lines += 1;
                self.counters.lines.fetch_add(1, Ordering::Relaxed);
                self.builder.place.before = current.read.fingerprint(&current.cursor.file);
                self.builder.quarantine_hashed(length, sha256, Reason::LineTooLong.into());
                current.anchor.push_long(last);
                current.read.push_long(crc, end - offset);
                current.prefix = current.read.clone();
                current.move_to(end);
            }
            Piece::Tail { offset, text } => self.take_tail(offset, text, current),
        }
        if self.builder.is_full() { self.flush(current) } else { Ok(()) }
    }

    /// The end of a text that has no line end. In a file that grows, it is left until it is whole.
    fn take_tail(&mut self, offset: u64, text: &[u8], current: &mut Current) {
        let line = text.get(bounds(offset, text)).unwrap_or_default();
        let is_whole = || std::str::from_utf8(line).is_ok_and(|line| formats::is_whole(line, &self.builder));
        if current.grows && line.len() <= self.builder.policy.limits.line_bytes && !is_whole() {
            current.report.unfinished = Some(offset);
            return;
        }
        self.take_lines(offset, text, current);
        current.pass(offset, text, self.builder.pieces.first());
    }

    /// The damage is a row of its own; the half line before it is part of the damage.
    fn take_damage(&mut self, stop: Stop, offset: u64, rest: &[u8], current: &mut Current) {
        let reason = match stop {
            Stop::Truncated => Reason::Truncated,
            Stop::Corrupt => Reason::Corrupt,
            Stop::ExpansionLimit => Reason::ExpansionLimit,
            Stop::Replaced | Stop::Unreadable(_) => {
                if let Stop::Unreadable(kind) = stop {
                    current.report.error = Some(kind.to_string());
                }
                return;
            }
        };
        let known = current.before.as_ref().or_else(|| self.known.at(&current.cursor.file));
        let is_news = !known.is_some_and(|at| at.problem == stop.problem() && at.position == offset);
        if is_news {
            self.stand_at(offset, current);
            self.quarantine(rest, reason.into(), current);
        }
    }

    /// Makes rows of whole lines.
    fn take_lines(&mut self, offset: u64, text: &[u8], current: &mut Current) {
        let valid = std::str::from_utf8(text).ok();
        let mut tape = Tape::within(self.builder.policy.limits);
        let (mut start, mut summed) = (0, 0);
        while let Some(rest) = text.get(start..).filter(|rest| !rest.is_empty()) {
            let end = start + memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let raw = text.get(start..end).unwrap_or_default();
            let offset = offset + u64::try_from(start).unwrap_or_default();
            let inner = bounds(offset, raw);
            let inner = start + inner.start..start + inner.end;
            let line_start = start;
            start = end;
            let bytes = text.get(inner.clone()).unwrap_or_default();
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            self.stand_at(offset, current);
            current.report.lines += 1;
            self.counters.lines.fetch_add(1, Ordering::Relaxed);
            let line = match valid {
                Some(valid) => valid.get(inner),
                None => std::str::from_utf8(bytes).ok(),
            };
            if let Err(rejected) = self.take_line(bytes.len(), line, &mut tape) {
                current.read.push(text.get(summed..line_start).unwrap_or_default());
                summed = line_start;
                self.quarantine(without_end(raw), rejected, current);
            }
        }
        current.read.push(text.get(summed..).unwrap_or_default());
    }

    /// Adds a line that could not be used; what was read ends where it starts.
    fn quarantine(&mut self, line: &[u8], rejected: Rejected, current: &Current) {
        self.builder.place.before = current.read.fingerprint(&current.cursor.file);
        self.builder.quarantine(line, rejected);
    }

    fn take_line<'t>(
        &mut self,
        length: usize,
        line: Option<&'t str>,
        tape: &mut Tape<'t>,
    ) -> Result<(), Rejected> {
        if length > self.builder.policy.limits.line_bytes {
            return Err(Reason::LineTooLong.into());
        }
        formats::read_line(line.ok_or(Reason::Utf8)?, tape, &mut self.builder)
    }

    /// Rows made from now on are of this place. The file joins the batch with its first one.
    fn stand_at(&mut self, offset: u64, current: &mut Current) {
        let cursor = match current.number {
            Some(number) => number,
            None => *current.number.insert(self.builder.add_cursor(current.cursor.clone())),
        };
        self.builder.place = Place { cursor, offset, before: 0 };
    }

    /// Sends the batch with the position reached so far.
    fn flush(&mut self, current: &mut Current) -> Result<(), GaveUp> {
        if let Some(number) = current.number.take() {
            self.builder.set_cursor(number, current.cursor());
        }
        let batch = self.builder.take();
        if batch.cursors.is_empty() { Ok(()) } else { self.outbox.send(batch) }
    }

    /// Leaves the final position in the batch, unless it is what was known before.
    fn close(&mut self, current: &mut Current) {
        if !current.grows && self.builder.pieces.first().is_some() {
            self.builder.give_up_pieces();
            let end = current.cursor.position + length(&current.held);
            current.pass(end, &[], None);
        }
        current.report.problem = current.cursor.problem;
        let cursor = current.cursor();
        if let Some(number) = current.number {
            self.builder.set_cursor(number, cursor.clone());
        } else if cursor.position > 0 && current.before.as_ref() != Some(&cursor) {
            self.builder.add_cursor(cursor.clone());
        } else {
            return;
        }
        self.known.add(cursor);
    }
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// What of a line is its record: not the line end, nor a byte order mark at the start of the text,
/// nor the zeros that a file system shows where a writer went on behind a truncation.
fn bounds(offset: u64, raw: &[u8]) -> Range<usize> {
    let line = without_end(raw);
    let mark = if offset == 0 && line.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let zeros = line.iter().skip(mark).take_while(|byte| **byte == 0).count();
    mark + zeros..line.len()
}
