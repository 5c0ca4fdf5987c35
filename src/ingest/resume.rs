//! Which file this is, and where to go on reading it.
//!
//! A position carried over to a file that it does not belong to would lose lines, so it is used only
//! if device, inode, birth time and first line agree *and* the whole lines just before it are still
//! there. In doubt a file is read from its start: records have keys, so that costs time and nothing
//! else.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::atomic::AtomicU64;

use sha2::{Digest as _, Sha256};

use crate::domain::{Cursor, FileId};

use super::decode::{Expansion, Packing, Plain, Text, unpack};

/// An anchor aims at this many bytes: more than one line, as a rule.
const ANCHOR_BYTES_MIN: usize = 512;
/// … and is cut to its end beyond this many, so that checking it stays cheap.
const ANCHOR_BYTES_MAX: usize = 64 << 10;
/// Of a longer first line only this many bytes are hashed.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// The first eight bytes of a SHA-256.
pub(super) fn short_hash(bytes: &[u8]) -> u64 {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    digest.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

/// The whole lines just before a position, at least one.
#[derive(Clone, Debug, Default)]
pub(super) struct Anchor(Vec<u8>);

impl Anchor {
    /// Moves over lines that were read.
    pub(super) fn push(&mut self, lines: &[u8]) {
        let start = lines.len().checked_sub(ANCHOR_BYTES_MIN).map(|at| line_start(lines, at));
        if let Some(start) = start {
            self.0.clear();
            self.0.extend_from_slice(lines.get(start..).unwrap_or_default());
        } else {
            self.0.extend_from_slice(lines);
            let start = self.0.len().checked_sub(ANCHOR_BYTES_MIN).map(|at| line_start(&self.0, at));
            self.0.drain(..start.unwrap_or(0));
        }
        self.0.drain(..self.0.len().saturating_sub(ANCHOR_BYTES_MAX));
    }

    /// Moves over a line that is too long to be kept.
    pub(super) fn push_long(&mut self, last: &[u8]) {
        self.0.clear();
        self.0.extend_from_slice(last);
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Where the line begins that holds the byte at `at`.
fn line_start(lines: &[u8], at: usize) -> usize {
    memchr::memrchr(b'\n', lines.get(..at).unwrap_or_default()).map_or(0, |newline| newline + 1)
}

/// The first line of a text without its line end: its hash, and how many bytes were hashed.
pub(super) fn head(mut text: impl Read) -> io::Result<(u64, u64)> {
    let mut bytes = vec![0; HEAD_BYTES_MAX];
    let mut filled = 0;
    let line = loop {
        let known = bytes.get(..filled).unwrap_or_default();
        if let Some(end) = memchr::memchr(b'\n', known) {
            break known.get(..end).unwrap_or_default();
        }
        match text.read(bytes.get_mut(filled..).unwrap_or_default()) {
            Ok(0) => break bytes.get(..filled).unwrap_or_default(),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    };
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    Ok((short_hash(line), u64::try_from(line.len()).unwrap_or_default()))
}

/// An open file, and which one it is.
#[derive(Debug)]
pub(super) struct Opened {
    file: File,
    pub(super) packing: Packing,
    pub(super) size: u64,
    pub(super) id: FileId,
    pub(super) head_length: u64,
}

impl Opened {
    /// Opens a regular file and reads its first line.
    pub(super) fn open(path: &Path, limit: Expansion) -> io::Result<Self> {
        // Should a pipe have taken the file's place, opening it must not wait for a writer.
        let flags = nix::fcntl::OFlag::O_NONBLOCK.bits();
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(io::Error::other("is not a regular file"));
        }
        let mut first = [0; 4];
        let known = file.read_at(&mut first, 0)?;
        let packing = Packing::of(first.get(..known).unwrap_or_default());
        let born = meta.created().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let born_ns = born.and_then(|age| i64::try_from(age.as_nanos()).ok()).unwrap_or(0);
        let mut opened = Self {
            file,
            packing,
            size: meta.len(),
            id: FileId { dev: meta.dev(), ino: meta.ino(), born_ns, head: 0 },
            head_length: 0,
        };
        // A damaged file still has an identity; the damage is told when it is read.
        let ignored = AtomicU64::new(0);
        (opened.id.head, opened.head_length) =
            head(opened.text(&ignored, limit)).unwrap_or((short_hash(b""), 0));
        Ok(opened)
    }

    /// Its text from the start.
    pub(super) fn text<'p>(&'p self, done: &'p AtomicU64, limit: Expansion) -> Text<'p> {
        let limit = Expansion { size: self.size, ..limit };
        unpack(Plain::new(&self.file, 0, b""), self.packing, done, limit)
    }

    /// Its text from behind an anchor, if that stands where it should.
    fn text_from<'p>(
        &'p self,
        at: &Cursor,
        done: &'p AtomicU64,
        limit: Expansion,
    ) -> Option<(Text<'p>, Anchor)> {
        let mut anchor = vec![0; usize::try_from(at.anchor_length).ok()?];
        let before = at.position.checked_sub(at.anchor_length)?;
        let mut unpacked = None;
        if self.packing == Packing::Plain {
            self.file.read_exact_at(&mut anchor, before).ok()?;
        } else {
            let mut text = self.text(done, limit);
            let skipped = io::copy(&mut text.by_ref().take(before), &mut io::sink()).ok()?;
            if skipped != before {
                return None;
            }
            text.read_exact(&mut anchor).ok()?;
            unpacked = Some(text);
        }
        if short_hash(&anchor) != at.anchor {
            return None;
        }
        let text = match unpacked {
            Some(text) => text,
            None => unpack(Plain::new(&self.file, at.position, &anchor), Packing::Plain, done, limit),
        };
        Some((text, Anchor(anchor)))
    }

    /// Where to go on reading.
    pub(super) fn resume<'p>(
        &'p self,
        known: &Known<'p>,
        done: &'p AtomicU64,
        limit: Expansion,
    ) -> Resumed<'p> {
        let before = known.of(&self.id);
        if let Some(at) = before {
            if self.is_unchanged(at) {
                return Resumed::Unchanged(at);
            }
            if let Some((text, anchor)) = self.text_from(at, done, limit) {
                if self.packing == Packing::Plain && self.size == at.position {
                    return Resumed::Unchanged(at);
                }
                return Resumed::From { text, position: at.position, anchor, before: Some(at) };
            }
        }
        Resumed::From { text: self.text(done, limit), position: 0, anchor: Anchor::default(), before: None }
    }

    /// Whether a compressed file was read to its end and has the same size still.
    fn is_unchanged(&self, at: &Cursor) -> bool {
        self.packing != Packing::Plain && at.size_at_end == self.size && at.problem.is_none()
    }
}

/// Where to go on reading a file.
pub(super) enum Resumed<'p> {
    /// Nowhere: it was read to its end and has not changed.
    Unchanged(&'p Cursor),
    /// Here.
    From {
        /// What follows the position.
        text: Text<'p>,
        position: u64,
        anchor: Anchor,
        /// What was known of this file, if the position comes from it.
        before: Option<&'p Cursor>,
    },
}

/// The positions of earlier imports, by file.
#[derive(Debug)]
pub(super) struct Known<'c>(HashMap<FileId, &'c Cursor>);

impl<'c> Known<'c> {
    pub(super) fn new(cursors: &'c [Cursor]) -> Self {
        let mut known: HashMap<FileId, &'c Cursor> = HashMap::with_capacity(cursors.len());
        for cursor in cursors {
            let furthest = known.entry(cursor.file).or_insert(cursor);
            if cursor.position > furthest.position {
                *furthest = cursor;
            }
        }
        Self(known)
    }

    /// What is known of a file.
    pub(super) fn at(&self, file: &FileId) -> Option<&'c Cursor> {
        self.0.get(file).copied()
    }

    /// Where it was read to. A position of 0 tells nothing.
    fn of(&self, file: &FileId) -> Option<&'c Cursor> {
        self.at(file).filter(|cursor| cursor.position > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_holds_whole_lines() {
        let line = |text: &str, count: usize| format!("{}\n", text.repeat(count)).into_bytes();
        let mut anchor = Anchor::default();
        anchor.push(&line("a", 10));
        assert_eq!(anchor.bytes(), line("a", 10));
        anchor.push(&line("b", 300));
        anchor.push(&line("c", 300));
        assert_eq!(anchor.bytes(), [line("b", 300), line("c", 300)].concat());
        anchor.push(&line("d", 511));
        assert_eq!(anchor.bytes(), line("d", 511), "a line of the very length is enough");
        anchor.push(&line("e", 510));
        assert_eq!(anchor.bytes(), [line("d", 511), line("e", 510)].concat());
        anchor.push(&line("f", 700));
        assert_eq!(anchor.bytes(), line("f", 700));
        anchor.push(&line("g", ANCHOR_BYTES_MAX));
        assert_eq!(anchor.bytes().len(), ANCHOR_BYTES_MAX);
    }

    #[test]
    fn the_head_is_the_first_line_whatever_ends_it() {
        let one = head(&b"abc\ndef\n"[..]).unwrap();
        assert_eq!(one, (short_hash(b"abc"), 3));
        assert_eq!(head(&b"abc\r\ndef"[..]).unwrap(), one);
        assert_eq!(head(&b"abc"[..]).unwrap(), one);
        assert_eq!(head(&vec![b'x'; 1 << 20][..]).unwrap().1, 64 << 10);
    }
}
