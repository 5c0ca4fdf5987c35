//! From bytes on disk to text: plain, gzip, zstd, told by their first bytes.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::FileExt as _;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::domain::{LogLimits, Problem};

/// Bytes that are decompressed at once. What a decoder made before it met damage in the same call
/// is lost, so the calls are small.
const STEP_BYTES: usize = 8 << 10;
/// Bytes read from disk at once when decompressing.
const DISK_BYTES: usize = 128 << 10;
/// Bytes before the newest read that are compared again after it.
const WITNESS_BYTES: usize = 4 << 10;

/// How the text of a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
    Zstd,
}

impl Packing {
    /// Told by the first bytes, never by the name.
    pub(super) const fn of(first: &[u8]) -> Self {
        match first {
            [0x1f, 0x8b, ..] => Self::Gzip,
            // The second is a skippable frame, with which `pzstd` begins its files.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            _ => Self::Plain,
        }
    }
}

/// Why a text ends before its end; rides inside an [`io::Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Stop {
    #[error("the compressed stream ends too early")]
    Truncated,
    #[error("the compressed stream is damaged")]
    Corrupt,
    #[error("the file expands beyond the cap")]
    ExpansionLimit,
    #[error("another file took its place while it was read")]
    Replaced,
    #[error("cannot be read: {0}")]
    Unreadable(io::ErrorKind),
}

impl Stop {
    /// What an error of [`Text`] means.
    pub(super) fn of(error: &io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Self>());
        inner.copied().unwrap_or(Self::Unreadable(error.kind()))
    }

    /// The problem to remember; a file that was replaced has none, it is read again.
    pub(super) const fn problem(self) -> Option<Problem> {
        match self {
            Self::Truncated => Some(Problem::Truncated),
            Self::Corrupt => Some(Problem::Corrupt),
            Self::ExpansionLimit => Some(Problem::ExpansionLimit),
            Self::Unreadable(_) => Some(Problem::Unreadable),
            Self::Replaced => None,
        }
    }
}

/// How far a compressed file may expand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expansion {
    pub(super) ratio: u64,
    pub(super) free: u64,
    /// Bytes on disk, where that is known before the end.
    pub(super) size: u64,
}

impl Expansion {
    pub(super) const fn of(limits: &LogLimits) -> Self {
        Self { ratio: limits.expansion_ratio, free: limits.expansion_bytes, size: 0 }
    }
}

/// The text of a stream. Its errors are [`Stop`]s.
pub(super) type Text<'p> = Box<dyn Read + 'p>;

/// Decompresses a stream whose first bytes said how it is packed.
pub(super) fn unpack<'p>(
    disk: impl Read + 'p,
    packing: Packing,
    done: &'p AtomicU64,
    limit: Expansion,
) -> Text<'p> {
    let read = Rc::new(Cell::new(0));
    let disk = Disk { from: disk, read: Rc::clone(&read), done };
    match packing {
        Packing::Plain => Box::new(disk),
        Packing::Gzip => {
            let disk = BufReader::with_capacity(DISK_BYTES, disk);
            Box::new(Expanding { from: Gzip::new(disk), read, made: 0, limit })
        }
        Packing::Zstd => match zstd::stream::read::Decoder::new(disk) {
            Ok(from) => Box::new(Expanding { from, read, made: 0, limit }),
            Err(_) => Box::new(Broken),
        },
    }
}

/// A decoder that cannot be made: no memory for it.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other(Stop::Unreadable(io::ErrorKind::OutOfMemory)))
    }
}

/// Counts what is read from disk.
struct Disk<'p, R> {
    from: R,
    read: Rc<Cell<u64>>,
    done: &'p AtomicU64,
}

impl<R: Read> Read for Disk<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = match self.from.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            other => other.map_err(|error| io::Error::other(Stop::of(&error)))?,
        };
        let bytes = u64::try_from(count).unwrap_or_default();
        self.read.set(self.read.get() + bytes);
        self.done.fetch_add(bytes, Ordering::Relaxed);
        Ok(count)
    }
}

/// Decompresses in small steps, names the damage, and stops at the cap.
struct Expanding<R> {
    from: R,
    read: Rc<Cell<u64>>,
    made: u64,
    limit: Expansion,
}

impl<R: Read> Read for Expanding<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        // What was made before the cap was passed has been handed on: it is no worse than the rest.
        if self.made > self.limit.free && self.made / self.limit.ratio > self.read.get().max(self.limit.size)
        {
            return Err(io::Error::other(Stop::ExpansionLimit));
        }
        let step = into.len().min(STEP_BYTES);
        let count = self.from.read(into.get_mut(..step).unwrap_or_default()).map_err(named)?;
        self.made += u64::try_from(count).unwrap_or_default();
        Ok(count)
    }
}

/// Tells apart what a decoder says: its own complaints, and those of the disk.
fn named(error: io::Error) -> io::Error {
    let from_disk = error.get_ref().and_then(|inner| inner.downcast_ref::<Stop>()).is_some();
    if from_disk || error.kind() == io::ErrorKind::Interrupted {
        error
    } else if error.kind() == io::ErrorKind::UnexpectedEof {
        io::Error::other(Stop::Truncated)
    } else {
        io::Error::other(Stop::Corrupt)
    }
}

/// All members of a gzip file, and the zeros that tapes and block devices add.
struct Gzip<R> {
    member: Option<flate2::bufread::GzDecoder<R>>,
}

impl<R: BufRead> Gzip<R> {
    fn new(from: R) -> Self {
        Self { member: Some(flate2::bufread::GzDecoder::new(from)) }
    }
}

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let count = member.read(into)?;
            if count > 0 || into.is_empty() {
                return Ok(count);
            }
            let Some(mut from) = self.member.take().map(flate2::bufread::GzDecoder::into_inner) else {
                break;
            };
            match after_zeros(&mut from)? {
                None => return Ok(0),
                Some(0x1f) => self.member = Some(flate2::bufread::GzDecoder::new(from)),
                Some(_) => return Err(io::Error::other(Stop::Corrupt)),
            }
        }
        Ok(0)
    }
}

/// The first byte that is no zero, left where it is.
fn after_zeros(from: &mut impl BufRead) -> io::Result<Option<u8>> {
    loop {
        let bytes = from.fill_buf()?;
        if bytes.is_empty() {
            return Ok(None);
        }
        if let Some(at) = bytes.iter().position(|byte| *byte != 0) {
            let byte = bytes.get(at).copied();
            from.consume(at);
            return Ok(byte);
        }
        let all = bytes.len();
        from.consume(all);
    }
}

/// A plain file that others may truncate and fill anew while it is read.
///
/// After each read the bytes just before it are read once more: if they changed, the new bytes are
/// not the continuation of the old ones and are not handed on.
pub(super) struct Plain<'f> {
    file: &'f File,
    offset: u64,
    witness: Vec<u8>,
}

impl<'f> Plain<'f> {
    /// Reads from `offset`; `witness` are bytes known to stand just before it.
    pub(super) fn new(file: &'f File, offset: u64, witness: &[u8]) -> Self {
        let from = witness.len().saturating_sub(WITNESS_BYTES);
        Self { file, offset, witness: witness.get(from..).unwrap_or_default().to_vec() }
    }
}

impl Read for Plain<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(into, self.offset)?;
        let mut again = vec![0; self.witness.len()];
        let before = self.offset - u64::try_from(again.len()).unwrap_or_default();
        let is_same = match self.file.read_exact_at(&mut again, before) {
            Ok(()) => again == self.witness,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => false,
            Err(error) => return Err(error),
        };
        if !is_same {
            return Err(io::Error::other(Stop::Replaced));
        }
        let new = into.get(..count).unwrap_or_default();
        self.witness
            .extend_from_slice(new.get(new.len().saturating_sub(WITNESS_BYTES)..).unwrap_or_default());
        self.witness.drain(..self.witness.len().saturating_sub(WITNESS_BYTES));
        self.offset += u64::try_from(count).unwrap_or_default();
        Ok(count)
    }
}

#[cfg(test)]
#[path = "tests/decode.rs"]
mod tests;
