//! Batches and the positions they cover, in one transaction.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rusqlite::{Connection, named_params};

use super::answer::{Answered, leg_number};
use super::block::{AllPacked, BlockCache, Layout};
use super::contact::ContactCache;
use super::dictionary::Dictionary;
use super::event::Writer;
use super::fault::Fault;
use super::open::Durability;
use super::tombstone::{Stripped, Tombstones};
use super::{Store, StoreError, erase, receipt, session, source, stitch};
use crate::domain::{Batch, Consent, Cursor, LogWord, Term, TimeMs};

pub(super) const REVISION_RAISE: &str = "
    UPDATE meta
    SET revision = revision + 1,
      oldest_ms = min(COALESCE(oldest_ms, :oldest_ms), COALESCE(:oldest_ms, oldest_ms)),
      newest_ms = max(COALESCE(newest_ms, :newest_ms), COALESCE(:newest_ms, newest_ms))";
pub(super) const LOG_RAISE: &str = "
    INSERT INTO log (pixel, leg, newest_ms)
    VALUES (:pixel, :leg, :newest_ms)
    ON CONFLICT (pixel, leg) DO UPDATE
    SET newest_ms = excluded.newest_ms
    WHERE excluded.newest_ms > newest_ms";
pub(super) const ORIGIN_RAISE: &str = "
    INSERT INTO origin (pixel, campaign, has_consent)
    VALUES (:pixel, :campaign, :has_consent)
    ON CONFLICT (pixel, campaign) DO UPDATE
    SET has_consent = 1
    WHERE excluded.has_consent > has_consent";

/// What a commit newly stored of one file.
#[derive(Clone, Debug, Default)]
pub struct FileCounts {
    /// The file.
    pub path: PathBuf,
    /// Events that were not there before.
    pub events: u64,
    /// Receipts that were not there before.
    pub receipts: u64,
    /// Records that were there already.
    pub repeats: u64,
    /// Lines newly quarantined.
    pub quarantined: u64,
}

impl Store {
    /// Stores a batch at once. `now` is the wall time of the import.
    ///
    /// # Errors
    /// As [`Store::stage`] and [`Store::land`].
    pub fn commit(&mut self, batch: Batch, now: TimeMs) -> Result<Vec<FileCounts>, StoreError> {
        let counts = self.stage(batch, now)?;
        self.land()?;
        Ok(counts)
    }

    /// Writes a batch into the transaction under way, or begins one: nobody else can write, and
    /// nothing lasts, until [`Store::land`]. `now` is the wall time of the import.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is then stored of any batch since the last [`Store::land`].
    pub fn stage(&mut self, batch: Batch, now: TimeMs) -> Result<Vec<FileCounts>, StoreError> {
        let staged = self.try_stage(batch, now);
        self.settled(staged)
    }

    /// Commits the batches that were staged.
    ///
    /// # Errors
    /// [`StoreError`]; nothing of them is then stored.
    pub fn land(&mut self) -> Result<(), StoreError> {
        if self.connection.is_autocommit() {
            return Ok(());
        }
        let landed = self.connection.execute_batch("COMMIT");
        self.settled(landed.map_err(Fault::from))
    }

    /// What failed is taken back, and so is what memory knows of it.
    fn settled<T>(&mut self, done: Result<T, Fault>) -> Result<T, StoreError> {
        if done.is_err() {
            *self.dictionary.get_mut() = Dictionary::default();
            self.contacts = ContactCache::default();
            if !self.connection.is_autocommit() {
                // The first error says more than one of its undoing, and closing undoes the rest.
                let _ = self.connection.execute_batch("ROLLBACK");
            }
        }
        done.map_err(|fault| fault.at(&self.path))
    }

    fn try_stage(&mut self, batch: Batch, now: TimeMs) -> Result<Vec<FileCounts>, Fault> {
        if self.connection.is_autocommit() {
            self.make_durable(Durability::Process)?;
            self.connection.execute_batch("BEGIN IMMEDIATE")?;
        }
        let import = Import {
            connection: &self.connection,
            dictionary: self.dictionary.get_mut(),
            contacts: &mut self.contacts,
            packs_early: !self.mostly_repeats,
            now,
        };
        let tally = import.run(batch)?;
        self.mostly_repeats = tally.is_mostly_repeats();
        if tally.withdrew {
            *self.blocks.get_mut() = BlockCache::default();
        }
        Ok(tally.files)
    }
}

/// The codes that stand in the database for what a batch names by index.
#[derive(Debug, Default)]
pub(super) struct Codes {
    terms: Vec<u32>,
    sessions: Vec<i64>,
    sources: Vec<i64>,
}

impl Codes {
    pub(super) fn term(&self, term: Term) -> Result<u32, Fault> {
        let code = usize::try_from(term.0).ok().and_then(|at| self.terms.get(at));
        code.copied().ok_or(Fault::Damaged("was given a term that the batch does not hold"))
    }

    pub(super) fn session(&self, session: u32) -> Option<i64> {
        self.sessions.get(usize::try_from(session).ok()?).copied()
    }

    pub(super) fn source(&self, cursor: u32) -> Result<i64, Fault> {
        let code = usize::try_from(cursor).ok().and_then(|at| self.sources.get(at));
        code.copied().ok_or(Fault::Damaged("was given a row of a file that the batch does not hold"))
    }
}

/// What storing a batch needs.
struct Import<'a> {
    connection: &'a Connection,
    dictionary: &'a mut Dictionary,
    contacts: &'a mut ContactCache,
    /// Payloads are packed while the events go in: right unless most of them are repeats.
    packs_early: bool,
    now: TimeMs,
}

impl Import<'_> {
    fn run(mut self, mut batch: Batch) -> Result<Tally, Fault> {
        let Stripped { unneeded, recognised } = match Tombstones::load(self.connection)? {
            Some(erased) => erased.strip(self.connection, &mut batch, self.now)?,
            None => Stripped::default(),
        };
        let mut tally = Tally::new(&batch.cursors);
        tally.withdrew = erase::withdraw(self.connection, &recognised, self.now)?;
        self.dictionary.refresh(self.connection)?;
        self.contacts.refresh(self.connection)?;
        let mut codes = Codes {
            sources: source::write_cursors(self.connection, &batch.cursors, self.now)?,
            ..Codes::default()
        };
        for (at, (kind, text)) in batch.terms.iter().enumerate() {
            codes.terms.push(if unneeded.contains(&at) {
                0
            } else {
                self.dictionary.code(self.connection, *kind, text)?
            });
        }
        let sessions = std::mem::take(&mut batch.sessions);
        codes.sessions = session::upsert(self.connection, self.dictionary, sessions, &codes.terms)?;
        self.write_rows(&batch, &codes, &mut tally)?;
        source::write_quarantined(self.connection, &batch, &codes, &mut tally)?;
        self.write_logs(&batch, &codes, &tally)?;
        Ok(tally)
    }

    /// Events, receipts and payloads; the payloads are packed on a thread of their own meanwhile.
    fn write_rows(&mut self, batch: &Batch, codes: &Codes, tally: &mut Tally) -> Result<(), Fault> {
        let layout = Layout::new(self.connection, batch)?;
        let (needed, packed) = std::thread::scope(|scope| {
            let packing = self.packs_early.then(|| scope.spawn(|| layout.pack_all(batch)));
            let needed = self.write_events_and_receipts(batch, codes, &layout, tally);
            let packed: AllPacked = packing.and_then(|packing| packing.join().ok()).unwrap_or_default();
            needed.map(|needed| (needed, packed))
        })?;
        self.contacts.write(self.connection)?;
        layout.write(self.connection, batch, &needed, packed)
    }

    fn write_events_and_receipts(
        &mut self,
        batch: &Batch,
        codes: &Codes,
        layout: &Layout,
        tally: &mut Tally,
    ) -> Result<Vec<bool>, Fault> {
        let mut writer = Writer {
            connection: self.connection,
            dictionary: self.dictionary,
            contacts: self.contacts,
            codes,
            layout,
            now: self.now,
        };
        let needed = writer.write(batch, tally)?;
        receipt::write(self.connection, self.dictionary, batch, codes, tally)?;
        stitch::write(self.connection, self.dictionary, batch, codes, tally)?;
        Ok(needed)
    }

    /// What [`Store::log_facts`] and [`Store::event_times`] answer without reading everything.
    fn write_logs(&self, batch: &Batch, codes: &Codes, tally: &Tally) -> Result<(), Fault> {
        let mut log = self.connection.prepare_cached(LOG_RAISE)?;
        for ((pixel, leg), newest) in &tally.newest {
            log.execute(named_params! { ":pixel": pixel, ":leg": leg, ":newest_ms": newest.as_ms() })?;
        }
        let mut origins: BTreeMap<(u32, u32), bool> = BTreeMap::new();
        let code = |term: Option<Term>| term.map_or(Ok(0), |term| codes.term(term));
        for word in &batch.elsewhere {
            match *word {
                LogWord::Newest { pixel, leg, at } => {
                    let (pixel, leg) = (code(pixel)?, leg_number(leg));
                    log.execute(named_params! { ":pixel": pixel, ":leg": leg, ":newest_ms": at.as_ms() })?;
                }
                LogWord::Consent { pixel, campaign } => {
                    origins.insert((code(pixel)?, code(campaign)?), true);
                }
            }
        }
        for event in &batch.events {
            let key = (code(event.pixel)?, code(event.campaign)?);
            *origins.entry(key).or_default() |= event.facts.consent() != Consent::Absent;
        }
        let mut origin = self.connection.prepare_cached(ORIGIN_RAISE)?;
        for ((pixel, campaign), has_consent) in origins {
            origin.execute(
                named_params! { ":pixel": pixel, ":campaign": campaign, ":has_consent": has_consent },
            )?;
        }
        let times = batch.events.iter().map(|event| event.at.as_ms());
        self.connection
            .prepare_cached(REVISION_RAISE)?
            .execute(named_params! { ":oldest_ms": times.clone().min(), ":newest_ms": times.max() })?;
        Ok(())
    }
}

/// What became of an insertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// The row was not there.
    New,
    /// It was.
    Repeat,
}

impl Put {
    /// From the number of rows that an insertion added.
    pub(super) const fn from_rows(rows: usize) -> Self {
        if rows == 0 { Self::Repeat } else { Self::New }
    }
}

/// What a commit counts as it goes.
#[derive(Debug, Default)]
pub(super) struct Tally {
    files: Vec<FileCounts>,
    newest: BTreeMap<(u32, i64), TimeMs>,
    /// Earlier lines of an erased person's sessions were taken out.
    withdrew: bool,
}

impl Tally {
    fn new(cursors: &[Cursor]) -> Self {
        let file = |cursor: &Cursor| FileCounts { path: cursor.path.clone(), ..FileCounts::default() };
        Self { files: cursors.iter().map(file).collect(), ..Self::default() }
    }

    fn file(&mut self, cursor: u32, count: impl FnOnce(&mut FileCounts)) {
        if let Some(file) = usize::try_from(cursor).ok().and_then(|at| self.files.get_mut(at)) {
            count(file);
        }
    }

    /// Counts an event.
    pub(super) fn event(&mut self, cursor: u32, put: Put) {
        self.file(cursor, |file| match put {
            Put::New => file.events += 1,
            Put::Repeat => file.repeats += 1,
        });
    }

    /// Counts a receipt.
    pub(super) fn receipt(&mut self, cursor: u32, put: Put) {
        self.file(cursor, |file| match put {
            Put::New => file.receipts += 1,
            Put::Repeat => file.repeats += 1,
        });
    }

    /// Counts a quarantined line.
    pub(super) fn quarantined(&mut self, cursor: u32, put: Put) {
        self.file(cursor, |file| match put {
            Put::New => file.quarantined += 1,
            Put::Repeat => {}
        });
    }

    /// Notes the time of a receipt: test sends say nothing of the server leg.
    pub(super) fn newest(&mut self, pixel: u32, answered: &Answered, at: Option<TimeMs>) {
        if let Some(at) = at
            && !answered.is_test_send()
        {
            let newest = self.newest.entry((pixel, leg_number(answered.leg))).or_insert(at);
            *newest = (*newest).max(at);
        }
    }

    fn is_mostly_repeats(&self) -> bool {
        let events: u64 = self.files.iter().map(|file| file.events).sum();
        let repeats: u64 = self.files.iter().map(|file| file.repeats).sum();
        repeats > events
    }
}
