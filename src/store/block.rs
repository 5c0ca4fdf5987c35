//! Payload blocks: the payloads of a batch, by day and session, compressed together.

use std::collections::VecDeque;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, named_params};
use sha2::{Digest as _, Sha256};

use super::fault::Fault;
use crate::domain::{Batch, BatchEvent};

/// Text per block: one look-up unpacks so much; smaller blocks cost file size (performance 3).
const BLOCK_BYTES: usize = 256 << 10;
/// Entries per block: `schema.sql` gives the place in the block twelve bits.
const BLOCK_ENTRIES: i64 = 4096;
/// Blocks kept unpacked, 16 MiB: those of a lot of requests, which are sent in the order of ids and so in
/// any order of blocks.
const CACHED: usize = 64;
/// zstd's fastest level: the next costs more time than it saves room.
pub(super) const LEVEL: i32 = 1;
/// No block is larger: one payload is at most a line of 8 MiB.
const UNPACKED_MAX: usize = 32 << 20;
const DAY_MS: i64 = 86_400_000;

const BLOCKS_STORED: &str = "
    SELECT COALESCE(max(code), 0)
    FROM block";
const BLOCK_INSERT: &str = "
    INSERT INTO block (code, day, size, sha256, body)
    VALUES (:code, :day, :size, :sha256, :body)";
const BLOCK: &str = "
    SELECT size, sha256, body
    FROM block
    WHERE code = :code";

/// Block and place in the block of a stored reference.
pub(super) const fn split(reference: i64) -> (i64, i64) {
    (reference.div_euclid(BLOCK_ENTRIES), reference.rem_euclid(BLOCK_ENTRIES))
}

/// The reference of a place in a block.
pub(super) fn join(block: i64, slot: u32) -> i64 {
    block * BLOCK_ENTRIES + i64::from(slot)
}

/// Which payloads go into which block.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// The reference of each event's payload, in the order of the batch.
    pub(super) references: Vec<Option<i64>>,
    blocks: Vec<Planned>,
    first: i64,
}

#[derive(Debug)]
struct Planned {
    day: i64,
    bytes: usize,
    /// Indexes of events, by place in the block.
    events: Vec<usize>,
}

/// A compressed block.
#[derive(Debug)]
pub(super) struct Packed {
    size: usize,
    sha256: [u8; 32],
    body: Vec<u8>,
}

/// All blocks of a layout, compressed; `None` where zstd failed.
pub(super) type AllPacked = Vec<Option<Packed>>;

impl Layout {
    /// Lays out the payloads by day, then session, so that what repeats lies close together.
    pub(super) fn new(connection: &Connection, batch: &Batch) -> Result<Self, Fault> {
        let stored: i64 = connection.prepare_cached(BLOCKS_STORED)?.query_row([], |row| row.get(0))?;
        let mut layout =
            Self { references: vec![None; batch.events.len()], blocks: Vec::new(), first: stored + 1 };
        let mut order: Vec<(i64, u32, usize, &BatchEvent)> = batch
            .events
            .iter()
            .enumerate()
            .filter(|(_, event)| !event.payload.is_empty())
            .map(|(at, event)| (day(event), event.session.unwrap_or(u32::MAX), at, event))
            .collect();
        order.sort_unstable_by_key(|(day, session, at, _)| (*day, *session, *at));
        for (day, _, at, event) in order {
            layout.add(day, at, event.payload.len());
        }
        Ok(layout)
    }

    fn add(&mut self, day: i64, event: usize, length: usize) {
        let fits = self.blocks.last().is_some_and(|block| {
            block.day == day
                && block.bytes + length <= BLOCK_BYTES
                && i64::try_from(block.events.len()).is_ok_and(|entries| entries < BLOCK_ENTRIES)
        });
        if !fits {
            self.blocks.push(Planned { day, bytes: 0, events: Vec::new() });
        }
        let code = self.first + i64::try_from(self.blocks.len()).unwrap_or(i64::MAX) - 1;
        if let Some(block) = self.blocks.last_mut() {
            let slot = i64::try_from(block.events.len()).unwrap_or(i64::MAX);
            block.bytes += length;
            block.events.push(event);
            if let Some(reference) = self.references.get_mut(event) {
                *reference = Some(code * BLOCK_ENTRIES + slot);
            }
        }
    }

    /// The event of this batch whose payload a reference names, if it is one of this batch.
    pub(super) fn event_of(&self, reference: i64) -> Option<usize> {
        let (block, slot) = split(reference);
        let block = self.blocks.get(usize::try_from(block - self.first).ok()?)?;
        block.events.get(usize::try_from(slot).ok()?).copied()
    }

    /// Compresses all blocks as if every payload were needed.
    pub(super) fn pack_all(&self, batch: &Batch) -> AllPacked {
        let mut packer = Packer::new();
        self.blocks.iter().map(|block| packer.pack(block, batch, &|_| true).ok()).collect()
    }

    /// Writes the blocks that hold a needed payload. A block with others as well is packed again
    /// without them, so that a repeat leaves nothing behind.
    pub(super) fn write(
        &self,
        connection: &Connection,
        batch: &Batch,
        needed: &[bool],
        mut early: AllPacked,
    ) -> Result<(), Fault> {
        let is_needed = |event: usize| needed.get(event).copied().unwrap_or(false);
        let mut packer = Packer::new();
        let mut statement = connection.prepare_cached(BLOCK_INSERT)?;
        for (at, block) in self.blocks.iter().enumerate() {
            let count = block.events.iter().filter(|event| is_needed(**event)).count();
            if count == 0 {
                continue;
            }
            let ready =
                if count == block.events.len() { early.get_mut(at).and_then(Option::take) } else { None };
            let ready = match ready {
                Some(ready) => ready,
                None => packer.pack(block, batch, &is_needed)?,
            };
            statement.execute(named_params! {
                ":code": self.first + i64::try_from(at).unwrap_or(i64::MAX),
                ":day": block.day,
                ":size": i64::try_from(ready.size).unwrap_or(i64::MAX),
                ":sha256": ready.sha256.as_slice(),
                ":body": ready.body,
            })?;
        }
        Ok(())
    }
}

fn day(event: &BatchEvent) -> i64 {
    event.at.as_ms().div_euclid(DAY_MS)
}

/// Compresses blocks, one after the other.
struct Packer {
    compressor: Option<zstd::bulk::Compressor<'static>>,
    plain: Vec<u8>,
}

impl Packer {
    fn new() -> Self {
        Self { compressor: zstd::bulk::Compressor::new(LEVEL).ok(), plain: Vec::new() }
    }

    fn pack(
        &mut self,
        block: &Planned,
        batch: &Batch,
        is_needed: &dyn Fn(usize) -> bool,
    ) -> Result<Packed, Fault> {
        let entry = |event: &usize| {
            let range = batch.events.get(*event).map(|event| event.payload.clone()).unwrap_or_default();
            if is_needed(*event) { batch.payloads.get(range).unwrap_or_default() } else { &[] }
        };
        let number = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
        self.plain.clear();
        self.plain.extend_from_slice(&number(block.events.len()));
        let mut end = 0_usize;
        for event in &block.events {
            end += entry(event).len();
            self.plain.extend_from_slice(&number(end));
        }
        for event in &block.events {
            self.plain.extend_from_slice(entry(event));
        }
        let body = match &mut self.compressor {
            Some(compressor) => compressor.compress(&self.plain).ok(),
            None => None,
        };
        let body = body.ok_or(Fault::Memory)?;
        Ok(Packed { size: self.plain.len(), sha256: Sha256::digest(&body).into(), body })
    }
}

/// The blocks that were read last, unpacked.
#[derive(Default)]
pub(super) struct BlockCache(VecDeque<(i64, Arc<[u8]>)>);

impl BlockCache {
    /// One payload; `None` when it is no longer stored.
    pub(super) fn entry(
        &mut self,
        connection: &Connection,
        code: i64,
        slot: u32,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let known = self.0.iter().find(|(known, _)| *known == code).map(|(_, plain)| Arc::clone(plain));
        let plain = match known {
            Some(plain) => plain,
            None => match unpack(connection, code)? {
                None => return Ok(None),
                Some(plain) => {
                    if self.0.len() >= CACHED {
                        self.0.pop_front();
                    }
                    self.0.push_back((code, Arc::clone(&plain)));
                    plain
                }
            },
        };
        let entry = slice(&plain, slot).ok_or(Fault::Damaged("holds a payload block without its index"))?;
        Ok(if entry.is_empty() { None } else { Some(entry.to_vec()) })
    }
}

/// A block, unpacked; `None` when it is not stored.
pub(super) fn unpack(connection: &Connection, code: i64) -> Result<Option<Arc<[u8]>>, Fault> {
    let found = connection
        .prepare_cached(BLOCK)?
        .query_row(named_params! { ":code": code }, |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?, row.get::<_, Vec<u8>>(2)?))
        })
        .optional()?;
    let Some((size, sha256, body)) = found else { return Ok(None) };
    let damaged = Fault::Damaged("holds a payload block that is not as it was written");
    let actual: [u8; 32] = Sha256::digest(&body).into();
    let size = usize::try_from(size).ok().filter(|size| *size <= UNPACKED_MAX);
    match (size, actual == sha256) {
        (Some(size), true) => {
            zstd::bulk::decompress(&body, size).map(|plain| Some(plain.into())).map_err(|_| damaged)
        }
        (None, _) | (_, false) => Err(damaged),
    }
}

/// The bytes of one entry of an unpacked block; `None` beyond its last.
pub(super) fn slice(plain: &[u8], slot: u32) -> Option<&[u8]> {
    let number = |at: usize| {
        let bytes = plain.get(at * 4..at * 4 + 4)?;
        usize::try_from(u32::from_le_bytes(bytes.try_into().ok()?)).ok()
    };
    let slot = usize::try_from(slot).ok()?;
    let entries = number(0)?;
    if slot >= entries {
        return None;
    }
    let start = if slot == 0 { 0 } else { number(slot)? };
    let end = number(slot + 1)?;
    let texts = plain.get((entries + 1) * 4..)?;
    texts.get(start..end)
}
