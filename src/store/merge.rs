//! The ledger read: three tables, each in the order of `event_id`, merged into groups.

use rusqlite::Connection;

use super::fault::Fault;
use super::feed::{Feed, Pump, feed, rows_of};
use super::names::Names;
use super::raw::{RawAttempt, RawEvent, RawReceipt};
use super::{Store, StoreError};
use crate::domain::{Amount, EventId, IdGroup, Range, Receipt, RequestId, StoredEvent, TimeMs};

/// How often a read begins anew because a writer came between its connections.
const SNAPSHOTS_MAX: u32 = 1000;

const REVISION: &str = "
    SELECT revision
    FROM meta";

impl Store {
    /// Visits every id that has an event in the range, or no event and a receipt in it, in id order,
    /// with what is stored under it but for where it was read; all of one state of the database. What
    /// the visitor leaves of a group is thrown away.
    ///
    /// # Errors
    /// [`StoreError`], or what `visit` returns.
    pub fn for_each_group<E: From<StoreError>>(
        &self,
        range: Range,
        visit: &mut dyn FnMut(&mut IdGroup) -> Result<(), E>,
    ) -> Result<(), E> {
        let at_path = |fault: Fault| E::from(fault.at(&self.path));
        let mut readers = self.take_readers().map_err(at_path)?;
        let visited = match begin_together(&self.connection, &readers) {
            Ok(()) => self.visit_groups(&mut readers, range, visit),
            Err(fault) => Err(Stop::Fault(fault)),
        };
        end(&self.connection);
        readers.iter().for_each(end);
        *self.readers.borrow_mut() = readers;
        visited.map_err(|stop| match stop {
            Stop::Fault(fault) => at_path(fault),
            Stop::Visitor(error) => error,
        })
    }

    /// Runs `work` on one state of the database: many small reads share one beginning.
    ///
    /// # Errors
    /// [`StoreError`] when the read cannot begin, or what `work` returns.
    pub fn in_one_read<T>(&self, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let began = begin(&self.connection).map_err(|fault| fault.at(&self.path))?;
        let done = work();
        if began {
            end(&self.connection);
        }
        done
    }

    /// Everything stored under one id; `None` when there is nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn group(&self, id: &EventId) -> Result<Option<IdGroup>, StoreError> {
        let read = || -> Result<_, Fault> {
            let began = begin(&self.connection)?;
            let rows = Rows::of(&self.connection, id);
            let group = rows.and_then(|mut rows| {
                if rows.is_empty() {
                    return Ok(None);
                }
                let mut group = empty(id.clone());
                rows.fill(&Names::few(&self.connection), &mut group)?;
                Ok(Some(group))
            });
            if began {
                end(&self.connection);
            }
            group
        };
        read().map_err(|fault| fault.at(&self.path))
    }

    /// Each table is read on a thread and a connection of its own, merged and visited on this one.
    fn visit_groups<E>(
        &self,
        readers: &mut [Connection],
        range: Range,
        visit: &mut dyn FnMut(&mut IdGroup) -> Result<(), E>,
    ) -> Result<(), Stop<E>> {
        let [one, two, three] = readers else {
            return Err(Stop::Fault(Fault::Busy));
        };
        std::thread::scope(|scope| {
            let (events, event_feed) = feed();
            let (receipts, receipt_feed) = feed();
            let (attempts, attempt_feed) = feed();
            scope.spawn(move || Pump::run(events, one));
            scope.spawn(move || Pump::run(receipts, two));
            scope.spawn(move || Pump::run(attempts, three));
            let names = {
                let mut dictionary = self.dictionary.borrow_mut();
                dictionary.refresh(&self.connection)?;
                Names::all(&self.connection, &dictionary)?
            };
            let mut feeds = Feeds {
                events: event_feed.announcing(|events| names.warm(events)),
                receipts: receipt_feed,
                attempts: attempt_feed,
            };
            feeds.start()?;
            let (mut rows, mut group) = (Rows::default(), None);
            while let Some(id) = feeds.take_smallest(&mut rows)? {
                if rows.is_in(range) {
                    // One group for all ids, so that its lists are allocated once.
                    let group = group.get_or_insert_with(|| empty(id.clone()));
                    group.id = id;
                    rows.fill(&names, group)?;
                    visit(group).map_err(Stop::Visitor)?;
                }
            }
            Ok(())
        })
    }
}

/// Why a visit ended early.
enum Stop<E> {
    Fault(Fault),
    Visitor(E),
}

impl<E> From<Fault> for Stop<E> {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Begins a read, unless one is under way; returns whether it did.
fn begin(connection: &Connection) -> Result<bool, Fault> {
    let begins = connection.is_autocommit();
    if begins {
        connection.execute_batch("BEGIN DEFERRED")?;
    }
    Ok(begins)
}

fn end(connection: &Connection) {
    if !connection.is_autocommit() {
        // A read has nothing to lose; a connection that cannot even end it is of no use either way.
        drop(connection.execute_batch("ROLLBACK"));
    }
}

/// Begins a read on all connections, of one and the same state of the database.
fn begin_together(first: &Connection, others: &[Connection]) -> Result<(), Fault> {
    for _ in 0..SNAPSHOTS_MAX {
        begin(first)?;
        let revision = revision(first)?;
        let mut is_same = true;
        for other in others {
            begin(other)?;
            is_same &= self::revision(other)? == revision;
        }
        if is_same {
            return Ok(());
        }
        end(first);
        others.iter().for_each(end);
    }
    Err(Fault::Busy)
}

fn revision(connection: &Connection) -> Result<i64, Fault> {
    Ok(connection.prepare_cached(REVISION)?.query_row([], |row| row.get(0))?)
}

/// The three tables, as far as they are not merged yet.
struct Feeds<'n> {
    events: Feed<'n, RawEvent>,
    receipts: Feed<'n, RawReceipt>,
    attempts: Feed<'n, RawAttempt>,
}

impl Feeds<'_> {
    fn start(&mut self) -> Result<(), Fault> {
        self.events.start()?;
        self.receipts.start()?;
        self.attempts.start()
    }

    /// Moves all rows of the smallest id left to `rows`; `None` when nothing is left.
    fn take_smallest(&mut self, rows: &mut Rows) -> Result<Option<EventId>, Fault> {
        let ids = [self.events.id(), self.receipts.id(), self.attempts.id()];
        let Some(id) = ids.into_iter().flatten().min().cloned() else { return Ok(None) };
        self.events.take(&id, &mut rows.events)?;
        self.receipts.take(&id, &mut rows.receipts)?;
        self.attempts.take(&id, &mut rows.attempts)?;
        Ok(Some(id))
    }
}

/// A group without anything.
const fn empty(id: EventId) -> IdGroup {
    IdGroup {
        id,
        events: Vec::new(),
        sessions: Vec::new(),
        receipts: Vec::new(),
        attempts: Vec::new(),
        claims: Vec::new(),
    }
}

/// All rows of one id.
#[derive(Default)]
struct Rows {
    events: Vec<RawEvent>,
    receipts: Vec<RawReceipt>,
    attempts: Vec<RawAttempt>,
}

impl Rows {
    fn of(connection: &Connection, id: &EventId) -> Result<Self, Fault> {
        Ok(Self {
            events: rows_of(connection, id)?,
            receipts: rows_of(connection, id)?,
            attempts: rows_of(connection, id)?,
        })
    }

    fn is_empty(&self) -> bool {
        let Self { events, receipts, attempts } = self;
        events.is_empty() && receipts.is_empty() && attempts.is_empty()
    }

    fn is_in(&self, range: Range) -> bool {
        if self.events.is_empty() {
            let is_in = |receipt: &RawReceipt| match receipt.at_ms {
                0 => range == Range::ALL,
                at_ms => range.has(TimeMs::from_ms(at_ms)),
            };
            self.receipts.iter().any(is_in)
        } else {
            self.events.iter().any(|event| range.has(TimeMs::from_ms(event.at_ms)))
        }
    }

    /// Puts them into the group, in an order that does not depend on codes, for those depend on the order
    /// of import.
    fn fill(&mut self, names: &Names<'_>, group: &mut IdGroup) -> Result<(), Fault> {
        let IdGroup { id: _, events, sessions, receipts, attempts, claims } = group;
        if self.events.len() > 1 {
            join_records(&mut self.events, names)?;
        }
        events.clear();
        for raw in &self.events {
            events.push(names.event(raw)?);
        }
        if events.len() > 1 {
            events.sort_by(|a, b| (&a.name, &a.pixel).cmp(&(&b.name, &b.pixel)));
        }
        sessions.clear();
        for event in &*events {
            sessions.push(names.state(event.session)?);
        }
        receipts.clear();
        let session = only_session(events);
        for raw in self.receipts.drain(..) {
            let mut receipt = names.receipt(raw)?;
            if let (Some(sent), Some(session)) = (receipt.sent.as_mut(), session) {
                names.compare(sent, session)?;
            }
            receipts.push(receipt);
        }
        if receipts.len() > 1 {
            receipts.sort_by(|a, b| {
                (&a.name, &a.pixel, a.leg, a.at, a.answer, request(a)).cmp(&(
                    &b.name,
                    &b.pixel,
                    b.leg,
                    b.at,
                    b.answer,
                    request(b),
                ))
            });
        }
        attempts.clear();
        self.attempts.sort_by_key(|raw| (raw.name, raw.pixel, raw.batch));
        for raw in &self.attempts {
            attempts.push(names.attempt(raw)?);
        }
        attempts.sort_by(|a, b| (&a.name, &a.pixel, a.batch).cmp(&(&b.name, &b.pixel, b.batch)));
        claims.clear();
        for of_key in self.attempts.chunk_by(|a, b| (a.name, a.pixel) == (b.name, b.pixel)) {
            let live: Vec<_> = of_key.iter().filter(|raw| raw.test_code == 0).collect();
            claims.extend(names.claim(&live)?);
        }
        claims.sort_by(|a, b| (&a.name, &a.pixel).cmp(&(&b.name, &b.pixel)));
        Ok(())
    }
}

/// The session of an id's events; `None`: of none, or of several.
fn only_session(events: &[StoredEvent]) -> Option<i64> {
    let first = events.first()?.session;
    events.iter().all(|event| event.session == first).then_some(first).flatten()
}

fn request(receipt: &Receipt) -> Option<&RequestId> {
    receipt.trace.as_ref().map(|trace| &trace.request)
}

/// Makes one row of the rows of a key whose records lie in several spans, by the rule of the import:
/// the smallest (time, content) is kept, and what differs is noted.
fn join_records(events: &mut Vec<RawEvent>, names: &Names<'_>) -> Result<(), Fault> {
    events.sort_by_key(|event| (event.name, event.pixel, event.at_ms, event.content));
    let mut joined: Vec<RawEvent> = Vec::with_capacity(events.len());
    for other in events.drain(..) {
        match joined.last_mut() {
            Some(kept) if kept.name == other.name && kept.pixel == other.pixel => {
                let differs = kept.content != other.content;
                let text = |value: Option<Amount>| value.map(|value| value.to_string());
                let other_money = text(kept.value) != text(other.value)
                    || names.place(kept.place)?.currency != names.place(other.place)?.currency;
                if differs || other.facts.content_differs() {
                    kept.facts.set_content_differs();
                }
                if (differs && other_money) || other.facts.money_differs() {
                    kept.facts.set_money_differs();
                }
                let seen_ms = (kept.at_ms.saturating_sub(kept.seen_lag_ms))
                    .min(other.at_ms.saturating_sub(other.seen_lag_ms));
                kept.seen_lag_ms = kept.at_ms.saturating_sub(seen_ms);
            }
            Some(_) | None => joined.push(other),
        }
    }
    *events = joined;
    Ok(())
}
