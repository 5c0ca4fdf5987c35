//! Bytes to lines: whole ones in pieces of up to a mebibyte, whatever the reads return.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

/// Bytes per read: large enough that the calls cost nothing.
const CHUNK_BYTES: usize = 1 << 20;
/// What is kept of the end of a line that is too long to be kept: enough to know it again.
pub(super) const LAST_BYTES: usize = 64 << 10;

/// What comes next in a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Whole lines, each with its `\n`.
    Lines {
        /// Where they start.
        offset: u64,
        /// Their bytes.
        text: &'a [u8],
    },
    /// A line that is too long to be kept.
    TooLong {
        /// Where it starts.
        offset: u64,
        /// Where the next one starts.
        end: u64,
        /// Its length without the line end.
        length: u64,
        /// Its SHA-256 without the line end.
        sha256: [u8; 32],
        /// Its CRC-32, line end included.
        crc: u32,
        /// Its last bytes, line end included.
        last: &'a [u8],
    },
    /// The end of the text has no line end.
    Tail {
        /// Where it starts.
        offset: u64,
        /// Its bytes; never none.
        text: &'a [u8],
    },
}

/// Cuts a text into pieces.
pub(super) struct Lines<R> {
    from: R,
    line_max: usize,
    buffer: Vec<u8>,
    /// The first byte of the buffer that was not handed out.
    start: usize,
    /// The end of what is in the buffer.
    end: usize,
    /// Where in the text the byte at `start` is.
    offset: u64,
    is_over: bool,
    error: Option<io::Error>,
}

impl<R: Read> Lines<R> {
    /// Reads lines from `from`, which stands at `offset` of its text; longer ones are not held.
    pub(super) fn new(from: R, offset: u64, line_max: usize) -> Self {
        Self { from, line_max, buffer: Vec::new(), start: 0, end: 0, offset, is_over: false, error: None }
    }

    /// Where in the text the first byte is that was not handed out.
    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }

    /// The bytes after [`Lines::offset`] that were read before an error.
    pub(super) fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// The next piece, or `None` at the end. After an error there is nothing more.
    pub(super) fn next(&mut self) -> io::Result<Option<Piece<'_>>> {
        let mut searched = 0;
        loop {
            let open = self.rest().get(searched..).unwrap_or_default();
            if let Some(at) = memchr::memrchr(b'\n', open) {
                return Ok(Some(
                    self.hand_out(searched + at + 1, |offset, text| Piece::Lines { offset, text }),
                ));
            }
            searched = self.end - self.start;
            // One more byte may be the `\r` of the line end.
            if searched > self.line_max + 1 {
                return self.too_long().map(Some);
            }
            if self.is_over || self.error.is_some() {
                break;
            }
            self.fill(self.start);
        }
        if let Some(error) = self.error.take() {
            self.is_over = true;
            return Err(error);
        }
        if searched == 0 {
            return Ok(None);
        }
        Ok(Some(self.hand_out(searched, |offset, text| Piece::Tail { offset, text })))
    }

    fn hand_out<'a, T>(&'a mut self, count: usize, piece: impl FnOnce(u64, &'a [u8]) -> T) -> T {
        let (start, offset) = (self.start, self.offset);
        self.start += count;
        self.offset += u64::try_from(count).unwrap_or_default();
        piece(offset, self.buffer.get(start..start + count).unwrap_or_default())
    }

    /// Drops what is before `keep` and reads up to a chunk more. An error waits until the bytes
    /// before it are handed out.
    fn fill(&mut self, keep: usize) {
        self.buffer.copy_within(keep..self.end, 0);
        self.end -= keep;
        self.start = self.start.saturating_sub(keep);
        let full = self.end + CHUNK_BYTES;
        if self.buffer.len() < full {
            self.buffer.resize(full, 0);
        }
        while self.end < full {
            match self.from.read(self.buffer.get_mut(self.end..full).unwrap_or_default()) {
                Ok(0) => {
                    self.is_over = true;
                    return;
                }
                Ok(count) => self.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.error = Some(error);
                    return;
                }
            }
        }
    }

    /// Hashes a line without holding it, up to its end or the end of the text.
    fn too_long(&mut self) -> io::Result<Piece<'_>> {
        let offset = self.offset;
        let mut hash = LineHash::default();
        let mut crc = crc32fast::Hasher::new();
        let mut total = 0_u64;
        let mut fed = self.start;
        loop {
            let open = self.buffer.get(fed..self.end).unwrap_or_default();
            let line = memchr::memchr(b'\n', open);
            let body = open.get(..line.unwrap_or(open.len())).unwrap_or_default();
            hash.feed(body);
            total += u64::try_from(body.len() + usize::from(line.is_some())).unwrap_or_default();
            let stop = fed + body.len() + usize::from(line.is_some());
            crc.update(self.buffer.get(fed..stop).unwrap_or_default());
            if line.is_some() || self.is_over || self.error.is_some() {
                if line.is_none() && self.error.is_some() {
                    self.start = stop;
                    return Err(self.error.take().unwrap_or_else(|| io::Error::from(io::ErrorKind::Other)));
                }
                let last = stop.saturating_sub(LAST_BYTES);
                self.start = stop;
                self.offset = offset + total;
                let (length, sha256) = hash.finish();
                let last = self.buffer.get(last..stop).unwrap_or_default();
                return Ok(Piece::TooLong {
                    offset,
                    end: offset + total,
                    length,
                    sha256,
                    crc: crc.finalize(),
                    last,
                });
            }
            let keep = self.end.saturating_sub(LAST_BYTES);
            fed = self.end - keep;
            self.fill(keep);
        }
    }
}

/// The hash of a line that comes in parts; its line end, with a `\r` or not, is no part of it.
#[derive(Default)]
struct LineHash {
    hash: Sha256,
    length: u64,
    held_back: bool,
}

impl LineHash {
    fn feed(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if self.held_back {
            self.hash.update(b"\r");
            self.length += 1;
        }
        let body = bytes.strip_suffix(b"\r");
        self.held_back = body.is_some();
        let body = body.unwrap_or(bytes);
        self.hash.update(body);
        self.length += u64::try_from(body.len()).unwrap_or_default();
    }

    fn finish(self) -> (u64, [u8; 32]) {
        (self.length, self.hash.finalize().into())
    }
}

#[cfg(test)]
#[path = "tests/lines.rs"]
mod tests;
