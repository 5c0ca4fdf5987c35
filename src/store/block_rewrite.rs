//! Payload blocks that are read through, and rewritten without some of their payloads.

use std::collections::BTreeSet;

use rusqlite::{Connection, named_params};
use sha2::{Digest as _, Sha256};

use super::block::{LEVEL, join, slice, unpack};
use super::fault::Fault;

const CODES: &str = "
    SELECT code
    FROM block
    ORDER BY code";
const REWRITE: &str = "
    UPDATE block
    SET size = :size, sha256 = :sha256, body = :body
    WHERE code = :code";
const DELETE: &str = "
    DELETE FROM block
    WHERE code = :code";

/// The references of all payloads that hold a text.
pub(super) fn holding(connection: &Connection, needle: &[u8]) -> Result<BTreeSet<i64>, Fault> {
    let finder = memchr::memmem::Finder::new(needle);
    let codes: Vec<i64> =
        connection.prepare_cached(CODES)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut found = BTreeSet::new();
    for code in codes {
        let Some(plain) = unpack(connection, code)? else { continue };
        if finder.find(&plain).is_none() {
            continue;
        }
        for (slot, entry) in entries(&plain) {
            if finder.find(entry).is_some() {
                found.insert(join(code, slot));
            }
        }
    }
    Ok(found)
}

fn entries(plain: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    (0_u32..).map_while(|slot| slice(plain, slot).map(|entry| (slot, entry)))
}

/// Rewrites a block without some of its payloads; the others keep their places.
pub(super) fn empty_slots(connection: &Connection, code: i64, gone: &BTreeSet<u32>) -> Result<(), Fault> {
    let Some(plain) = unpack(connection, code)? else { return Ok(()) };
    let kept: Vec<&[u8]> =
        entries(&plain).map(|(slot, entry)| if gone.contains(&slot) { &[] } else { entry }).collect();
    if kept.iter().all(|entry| entry.is_empty()) {
        connection.prepare_cached(DELETE)?.execute(named_params! { ":code": code })?;
        return Ok(());
    }
    let number = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    let mut rewritten = number(kept.len()).to_vec();
    let mut end = 0_usize;
    for entry in &kept {
        end += entry.len();
        rewritten.extend_from_slice(&number(end));
    }
    for entry in &kept {
        rewritten.extend_from_slice(entry);
    }
    let body = zstd::bulk::compress(&rewritten, LEVEL).map_err(|_| Fault::Memory)?;
    let sha256: [u8; 32] = Sha256::digest(&body).into();
    connection.prepare_cached(REWRITE)?.execute(named_params! {
        ":code": code,
        ":size": i64::try_from(rewritten.len()).unwrap_or(i64::MAX),
        ":sha256": sha256,
        ":body": body,
    })?;
    Ok(())
}
