//! Another database, brought in: its facts as if its logs were imported here, and what it sent.
//!
//! All of it is one transaction, so positions and rows arrive together or not at all. Everything has a
//! key, so the same database again, or one that came another way before, adds nothing.

mod attempts;
mod rows;

use std::collections::HashMap;

use rusqlite::{Connection, named_params};

use super::commit::{LOG_RAISE, ORIGIN_RAISE, REVISION_RAISE};
use super::dictionary::Dictionary;
use super::erase::OBJECTS_FORGET;
use super::fault::Fault;
use super::open::Durability;
use super::shared::{DESTINATION_KEEP, THROTTLE};
use super::{FileCounts, Store, StoreError, source};
use crate::domain::{Batch, Cursor, FileId, TermKind, TimeMs};

const LOGS: &str = "
    SELECT pixel, leg, newest_ms
    FROM log";
const ORIGINS: &str = "
    SELECT pixel, campaign, has_consent
    FROM origin";
const SHARED: &str = "
    SELECT oldest_ms, newest_ms, throttled_until_ms, destination
    FROM meta";
/// Sorting a big table must not fill the memory.
const SORT_ON_DISK: &str = "PRAGMA temp_store = FILE";

/// What a database brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    /// Events that were not there before.
    pub events: u64,
    /// Receipts that were not there before.
    pub receipts: u64,
    /// Records that were there already.
    pub repeats: u64,
    /// Lines that could not be used and were not known.
    pub quarantined: u64,
    /// Attempts of its backfills that were not there before.
    pub attempts: u64,
}

impl Brought {
    fn add(&mut self, files: &[FileCounts]) {
        for FileCounts { path: _, events, receipts, repeats, quarantined } in files {
            self.events += events;
            self.receipts += receipts;
            self.repeats += repeats;
            self.quarantined += quarantined;
        }
    }
}

impl Store {
    /// Brings in what another database holds: events, receipts, sessions, payloads, contacts, lines
    /// that could not be used, positions in files, and the attempts of its backfills; one without an
    /// outcome is unknown here, and holds no claim.
    ///
    /// # Errors
    /// [`StoreError`] of either database; nothing is then brought in.
    pub fn bring_in(&mut self, other: &Self, now: TimeMs) -> Result<Brought, StoreError> {
        let there = |fault: Fault| fault.at(&other.path);
        other.connection.execute_batch(SORT_ON_DISK).map_err(|error| there(error.into()))?;
        // One state of it, whatever is written to it meanwhile.
        other.connection.execute_batch("BEGIN DEFERRED").map_err(|error| there(error.into()))?;
        other.dictionary.borrow_mut().refresh(&other.connection).map_err(there)?;
        let begun = self.begin_ledger();
        let brought = begun.and_then(|()| {
            let mut brought = Brought::default();
            self.bring_rows(other, now, &mut brought)?;
            self.bring_rest(other, &mut brought)?;
            Ok(brought)
        });
        if brought.is_err() {
            self.take_back();
        }
        // It was only read.
        let _ = other.connection.execute_batch("COMMIT");
        let brought = brought?;
        self.land()?;
        Ok(brought)
    }

    fn begin_ledger(&self) -> Result<(), StoreError> {
        let begin = || -> Result<(), Fault> {
            self.make_durable(Durability::Power)?;
            Ok(self.connection.execute_batch("BEGIN IMMEDIATE")?)
        };
        begin().map_err(|fault| fault.at(&self.path))
    }

    /// Rows by way of batches, as an import brings them.
    fn bring_rows(&mut self, other: &Self, now: TimeMs, brought: &mut Brought) -> Result<(), StoreError> {
        let cursors = self.cursors_with(other)?;
        for some in cursors.values().collect::<Vec<_>>().chunks(rows::ROWS) {
            let cursors = some.iter().map(|cursor| (*cursor).clone()).collect();
            self.stage(Batch { cursors, ..Batch::default() }, now)?;
        }
        let brought = rows::each(other, &cursors, &rows::MERGED, &mut |batch| {
            brought.add(&self.stage(batch, now)?);
            Ok(())
        });
        brought.map_err(|end| match end {
            rows::End::There(fault) => fault.at(&other.path),
            rows::End::Here(error) => error,
        })
    }

    /// Hands over what leaves this host, batch by batch: all events, sessions and receipts, its own
    /// attempts as receipts, and what its logs hold as a whole; of one state of the database, and in the
    /// same order whenever it holds the same.
    ///
    /// # Errors
    /// [`StoreError`], or what `take` returns.
    pub fn for_each_batch<E: From<StoreError>>(
        &self,
        take: &mut dyn FnMut(Batch) -> Result<(), E>,
    ) -> Result<(), E> {
        let here = |fault: Fault| E::from(fault.at(&self.path));
        let begin = || -> Result<_, Fault> {
            self.connection.execute_batch(SORT_ON_DISK)?;
            self.connection.execute_batch("BEGIN DEFERRED")?;
            self.dictionary.borrow_mut().refresh(&self.connection)?;
            Ok(source::cursors(&self.connection)?.into_iter().collect())
        };
        let cursors: HashMap<i64, Cursor> = begin().map_err(here)?;
        let read = rows::each(self, &cursors, &rows::SHIPPED, take);
        // It was only read.
        let _ = self.connection.execute_batch("COMMIT");
        read.map_err(|end| match end {
            rows::End::There(fault) => here(fault),
            rows::End::Here(error) => error,
        })
    }

    /// Its files by code. A file that both know is as far read as either.
    fn cursors_with(&self, other: &Self) -> Result<HashMap<i64, Cursor>, StoreError> {
        let own = source::cursors(&self.connection).map_err(|fault| fault.at(&self.path))?;
        let own: HashMap<FileId, Cursor> = own.into_iter().map(|(_, cursor)| (cursor.file, cursor)).collect();
        let theirs = source::cursors(&other.connection).map_err(|fault| fault.at(&other.path))?;
        let furthest = |theirs: Cursor| match own.get(&theirs.file) {
            Some(own) if own.position >= theirs.position => own.clone(),
            Some(_) | None => theirs,
        };
        Ok(theirs.into_iter().map(|(code, cursor)| (code, furthest(cursor))).collect())
    }

    /// What no batch carries.
    fn bring_rest(&mut self, other: &Self, brought: &mut Brought) -> Result<(), StoreError> {
        let there = |fault: Fault| fault.at(&other.path);
        let known = other.dictionary.borrow();
        let own = self.dictionary.get_mut();
        let mut terms = Terms { there: (&other.connection, &*known), here: (&self.connection, own) };
        raise_logs(&mut terms).map_err(there)?;
        brought.attempts = attempts::bring(&mut terms).map_err(there)?;
        let forgotten = self.connection.execute(OBJECTS_FORGET, []);
        forgotten.map_err(|error| Fault::from(error).at(&self.path))?;
        Ok(())
    }

    /// What failed is taken back, and so is what memory knows of it.
    fn take_back(&mut self) {
        self.forget();
        if !self.connection.is_autocommit() {
            // The first error says more than one of its undoing, and closing undoes the rest.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }
}

/// The two databases, and how the codes of one become those of the other.
struct Terms<'a> {
    there: (&'a Connection, &'a Dictionary),
    here: (&'a Connection, &'a mut Dictionary),
}

impl Terms<'_> {
    fn code(&mut self, kind: TermKind, code: u32) -> Result<u32, Fault> {
        let (connection, dictionary) = self.there;
        match dictionary.text(connection, kind, code)? {
            None => Ok(0),
            Some(text) => self.here.1.code(self.here.0, kind, &text),
        }
    }
}

/// What stands beside the rows because reading all of them would be slow. Records that lost against
/// another of the same key count here and are no rows.
fn raise_logs(terms: &mut Terms<'_>) -> Result<(), Fault> {
    let (from, _) = terms.there;
    let mut logs = from.prepare(LOGS)?;
    let mut rows = logs.query([])?;
    while let Some(row) = rows.next()? {
        let pixel = terms.code(TermKind::Pixel, row.get(0)?)?;
        let (leg, newest_ms): (i64, i64) = (row.get(1)?, row.get(2)?);
        terms
            .here
            .0
            .prepare_cached(LOG_RAISE)?
            .execute(named_params! { ":pixel": pixel, ":leg": leg, ":newest_ms": newest_ms })?;
    }
    let mut origins = from.prepare(ORIGINS)?;
    let mut rows = origins.query([])?;
    while let Some(row) = rows.next()? {
        let pixel = terms.code(TermKind::Pixel, row.get(0)?)?;
        let campaign = terms.code(TermKind::Campaign, row.get(1)?)?;
        let has_consent: bool = row.get(2)?;
        terms
            .here
            .0
            .prepare_cached(ORIGIN_RAISE)?
            .execute(named_params! { ":pixel": pixel, ":campaign": campaign, ":has_consent": has_consent })?;
    }
    let (oldest, newest, throttled, destination): (Option<i64>, Option<i64>, Option<i64>, Option<i64>) =
        from.query_row(SHARED, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    let into = terms.here.0;
    into.prepare_cached(REVISION_RAISE)?
        .execute(named_params! { ":oldest_ms": oldest, ":newest_ms": newest })?;
    into.prepare_cached(DESTINATION_KEEP)?.execute(named_params! { ":destination": destination })?;
    if let Some(until_ms) = throttled {
        into.prepare_cached(THROTTLE)?.execute(named_params! { ":until_ms": until_ms })?;
    }
    Ok(())
}
