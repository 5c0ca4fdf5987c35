//! Which file this is, and where to go on reading it.
//!
//! A position carried over to a file that it does not belong to would lose lines, so it is used only
//! if device, inode, birth time and first line agree *and* the whole lines just before it are still
//! there. A file with another identity may be a copy: it is one if it has the same first line and all
//! that was read of the original is its beginning. In doubt a file is read from its start: records
//! have keys, so that costs time and nothing else.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use sha2::{Digest as _, Sha256};

use crate::domain::{Cursor, FileId};

use super::decode::{Expansion, Packing, Plain, Text, unpack};
use super::shape::Shape;

/// An anchor aims at this many bytes: more than one line, as a rule.
const ANCHOR_BYTES_MIN: usize = 512;
/// … and is cut to its end beyond this many, so that checking it stays cheap.
const ANCHOR_BYTES_MAX: usize = 64 << 10;
/// Of a longer first line only this many bytes are hashed.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// Bytes read at once to compare a file with what was read of another.
const COMPARE_BYTES: usize = 64 << 10;
/// A shorter beginning says too little of a file: many have the same banner as their first line.
const PREFIX_BYTES_MIN: u64 = 1 << 10;

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

/// The checksum of all text up to a position.
#[derive(Clone, Debug, Default)]
pub(super) struct Prefix {
    crc: crc32fast::Hasher,
    length: u64,
}

impl Prefix {
    /// That of a position.
    pub(super) fn of(at: &Cursor) -> Self {
        Self { crc: crc32fast::Hasher::new_with_initial_len(at.prefix, at.position), length: at.position }
    }

    /// Moves over text.
    pub(super) fn push(&mut self, text: &[u8]) {
        self.crc.update(text);
        self.length += u64::try_from(text.len()).unwrap_or_default();
    }

    /// Moves over text of which only the checksum is known.
    pub(super) fn push_long(&mut self, crc: u32, length: u64) {
        self.crc.combine(&crc32fast::Hasher::new_with_initial_len(crc, length));
        self.length += length;
    }

    /// Moves over what a text says next, up to a position; `None` where it ends before that.
    fn push_up_to(&mut self, position: u64, text: &mut Text<'_>) -> Option<()> {
        let mut buffer = vec![0; COMPARE_BYTES];
        while let Some(left) = position.checked_sub(self.length).filter(|left| *left > 0) {
            let most = usize::try_from(left).unwrap_or(COMPARE_BYTES).min(COMPARE_BYTES);
            match text.read(buffer.get_mut(..most)?) {
                Ok(0) => return None,
                Ok(count) => self.push(buffer.get(..count)?),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
        Some(())
    }

    /// Its value.
    pub(super) fn value(&self) -> u32 {
        self.crc.clone().finalize()
    }

    /// What tells a line at its end from the same line at the same place of another file.
    pub(super) fn fingerprint(&self, file: &FileId) -> u64 {
        if self.length >= PREFIX_BYTES_MIN {
            return u64::from(self.value());
        }
        let FileId { dev, ino, born_ns, head } = *file;
        short_hash([dev, ino, born_ns.cast_unsigned(), head].map(u64::to_be_bytes).as_flattened())
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

/// Opens a file for reading, whatever it is.
pub(super) fn open(path: &Path) -> io::Result<File> {
    // Should a pipe have taken the file's place, opening it must not wait for a writer.
    let flags = nix::fcntl::OFlag::O_NONBLOCK.bits();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// How an open file is packed.
pub(super) fn packing(file: &File) -> io::Result<Packing> {
    let mut first = [0; 4];
    let known = file.read_at(&mut first, 0)?;
    Ok(Packing::of(first.get(..known).unwrap_or_default()))
}

/// An open file, and which one it is.
#[derive(Debug)]
pub(super) struct Opened {
    file: Arc<File>,
    pub(super) packing: Packing,
    /// What its text is made of; lines until somebody has looked.
    pub(super) shape: Shape,
    pub(super) size: u64,
    pub(super) id: FileId,
    pub(super) head_length: u64,
}

impl Opened {
    /// Opens a regular file and reads its first line.
    pub(super) fn open(path: &Path, limit: Expansion) -> io::Result<Self> {
        Self::of(Arc::new(open(path)?), limit)
    }

    /// Reads the first line of an open file.
    pub(super) fn of(file: Arc<File>, limit: Expansion) -> io::Result<Self> {
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(io::Error::other("is not a regular file"));
        }
        let packing = packing(&file)?;
        let born = meta.created().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let born_ns = born.and_then(|age| i64::try_from(age.as_nanos()).ok()).unwrap_or(0);
        let mut opened = Self {
            file,
            packing,
            shape: Shape::Lines,
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
        self.shape.lines(unpack(Plain::new(&self.file, 0, b""), self.packing, done, limit))
    }

    /// Whether the lines that are read are the file's own bytes.
    pub(super) fn is_raw(&self) -> bool {
        self.packing == Packing::Plain && self.shape == Shape::Lines
    }

    /// Its text from behind an anchor, if that stands where it should. Of a plain file as much as it
    /// had when it was opened: what is written meanwhile must not keep others waiting.
    fn text_from<'p>(
        &'p self,
        at: &Cursor,
        done: &'p AtomicU64,
        limit: Expansion,
    ) -> Option<(Text<'p>, Anchor)> {
        let mut anchor = vec![0; usize::try_from(at.anchor_length).ok()?];
        let before = at.position.checked_sub(at.anchor_length)?;
        let mut unpacked = None;
        if self.is_raw() {
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
        let text = unpacked.unwrap_or_else(|| {
            let rest = Plain::new(&self.file, at.position, &anchor);
            let rest = rest.take(self.size.saturating_sub(at.position));
            unpack(rest, Packing::Plain, done, limit)
        });
        Some((text, Anchor(anchor)))
    }

    /// Whether the lines before a position stand there in a plain file; of a packed one, perhaps.
    fn may_hold(&self, at: &Cursor) -> bool {
        if !self.is_raw() {
            return true;
        }
        let anchor = usize::try_from(at.anchor_length).ok().zip(at.position.checked_sub(at.anchor_length));
        anchor.is_some_and(|(length, before)| {
            let mut anchor = vec![0; length];
            self.file.read_exact_at(&mut anchor, before).is_ok() && short_hash(&anchor) == at.anchor
        })
    }

    /// The furthest reading of another file whose text is the beginning of this one.
    fn copied<'k>(&self, known: &'k Known, limit: Expansion) -> Option<&'k Cursor> {
        let mut originals: Vec<&Cursor> = known.that_begin_as(self).filter(|at| self.may_hold(at)).collect();
        originals.sort_by_key(|at| at.position);
        let ignored = AtomicU64::new(0);
        let mut text = self.text(&ignored, limit);
        let mut prefix = Prefix::default();
        let mut furthest = None;
        for at in originals {
            if prefix.push_up_to(at.position, &mut text).is_none() {
                break;
            }
            if prefix.value() == at.prefix {
                furthest = Some(at);
            }
        }
        furthest
    }

    /// Where to go on reading.
    pub(super) fn resume<'p>(&'p self, known: &Known, done: &'p AtomicU64, limit: Expansion) -> Resumed<'p> {
        if let Some(at) = known.of(&self.id) {
            if self.is_unchanged(at) {
                return Resumed::Unchanged(at.clone());
            }
            if let Some((text, anchor)) = self.text_from(at, done, limit) {
                if self.is_raw() && self.size == at.position {
                    return Resumed::Unchanged(at.clone());
                }
                return Resumed::From { text, anchor, before: Some(at.clone()) };
            }
        }
        if let Some(at) = self.copied(known, limit)
            && let Some((text, anchor)) = self.text_from(at, done, limit)
        {
            return Resumed::From { text, anchor, before: Some(at.clone()) };
        }
        let text = self.text(done, limit);
        let text = if self.is_raw() { Box::new(text.take(self.size)) } else { text };
        Resumed::From { text, anchor: Anchor::default(), before: None }
    }

    /// Whether a file that is not read as it stands was read to its end and has the same size still.
    fn is_unchanged(&self, at: &Cursor) -> bool {
        !self.is_raw() && at.size_at_end == self.size && at.problem.is_none()
    }
}

/// Where to go on reading a file.
pub(super) enum Resumed<'p> {
    /// Nowhere: it was read to its end and has not changed.
    Unchanged(Cursor),
    /// Here.
    From {
        /// What follows the position.
        text: Text<'p>,
        anchor: Anchor,
        /// How far this file, or one that it is a copy of, was read; `None`: from the start.
        before: Option<Cursor>,
    },
}

/// The positions of earlier imports and of this one, by file.
#[derive(Debug, Default)]
pub(super) struct Known {
    by_file: HashMap<FileId, Cursor>,
    /// By hash and length of the first line.
    by_head: HashMap<(u64, u64), Vec<FileId>>,
}

impl Known {
    pub(super) fn new(cursors: &[Cursor]) -> Self {
        let mut known = Self::default();
        for cursor in cursors {
            known.add(cursor.clone());
        }
        known
    }

    /// Notes how far a file was read.
    pub(super) fn add(&mut self, cursor: Cursor) {
        let (file, head) = (cursor.file, (cursor.file.head, cursor.head_length));
        if self.by_file.insert(file, cursor).is_none() {
            self.by_head.entry(head).or_default().push(file);
        }
    }

    /// What is known of a file.
    pub(super) fn at(&self, file: &FileId) -> Option<&Cursor> {
        self.by_file.get(file)
    }

    /// Where it was read to. A position of 0 tells nothing.
    fn of(&self, file: &FileId) -> Option<&Cursor> {
        self.at(file).filter(|cursor| cursor.position > 0)
    }

    /// Readings of other files with the same first line.
    fn that_begin_as(&self, file: &Opened) -> impl Iterator<Item = &Cursor> {
        let files = self.by_head.get(&(file.id.head, file.head_length));
        files.into_iter().flatten().filter(|other| **other != file.id).filter_map(|other| self.of(other))
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
