//! Rows in the order of `event_id`, read on threads of their own.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::marker::PhantomData;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::{Connection, Rows, Statement, params};

use super::fault::Fault;
use super::raw::{ById, Keyed};
use super::row::{Id, read_id};
use crate::domain::EventId;

/// Rows handed over at once: enough that the hand-over costs nothing.
const CHUNK: usize = 512;
/// Chunks that may wait: they bound the memory of a read.
const CHUNKS_WAITING: usize = 64;
/// Stands where an id was taken from.
const TAKEN: EventId = EventId::Uuid([0; 16]);

/// The rows of one id, with all that is stored of them.
pub(super) fn rows_of<T: ById>(connection: &Connection, id: &EventId) -> Result<Vec<T>, Fault> {
    let mut statement = connection.prepare_cached(T::ONE)?;
    let mut rows = statement.query(params![Id(id)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(T::read_whole(row, id.clone())?);
    }
    Ok(found)
}

/// The statements of a read of all rows by id: one per part of the table.
pub(super) struct Cursors<'c, T> {
    statements: Vec<(Statement<'c>, Option<i64>)>,
    rows: PhantomData<T>,
}

impl<'c, T: Keyed> Cursors<'c, T> {
    /// Prepares them.
    pub(super) fn new(connection: &'c Connection) -> Result<Self, Fault> {
        let parts: Vec<Option<i64>> = match T::PARTS {
            None => vec![None],
            Some(parts) => connection
                .prepare_cached(parts)?
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?,
        };
        let mut statements = Vec::with_capacity(parts.len());
        for part in parts {
            statements.push((connection.prepare(T::ALL)?, part));
        }
        Ok(Self { statements, rows: PhantomData })
    }

    /// Begins the read.
    pub(super) fn rows(&mut self) -> Result<Merged<'_, T>, Fault> {
        let mut merged = Merged {
            parts: Vec::with_capacity(self.statements.len()),
            smallest: BinaryHeap::new(),
            rows: PhantomData,
        };
        for (statement, part) in &mut self.statements {
            let mut rows = match part {
                None => statement.query([])?,
                Some(part) => statement.query(params![*part])?,
            };
            if let Some(id) = next_id(&mut rows)? {
                merged.smallest.push(Reverse((id, merged.parts.len())));
            }
            merged.parts.push(rows);
        }
        Ok(merged)
    }
}

/// All rows by id: the parts of a table are each in that order.
pub(super) struct Merged<'s, T> {
    /// Each stands on a row of which only the id is read so far.
    parts: Vec<Rows<'s>>,
    smallest: BinaryHeap<Reverse<(EventId, usize)>>,
    rows: PhantomData<T>,
}

impl<T: Keyed> Merged<'_, T> {
    /// The next row.
    pub(super) fn next(&mut self) -> Result<Option<T>, Fault> {
        let Some(mut top) = self.smallest.peek_mut() else { return Ok(None) };
        let Reverse((id, at)) = &mut *top;
        let Some(rows) = self.parts.get_mut(*at) else { return Ok(None) };
        let Some(row) = rows.get() else { return Ok(None) };
        let taken = T::read(row, std::mem::replace(id, TAKEN))?;
        match next_id(rows)? {
            // Changed in place, so that the heap is put in order once and not twice.
            Some(next) => *id = next,
            None => drop(PeekMut::pop(top)),
        }
        Ok(Some(taken))
    }
}

/// Moves a cursor on; the id of the row that it then stands on.
fn next_id(rows: &mut Rows<'_>) -> Result<Option<EventId>, Fault> {
    match rows.next()? {
        Some(row) => read_id(row.get_ref(0)?).map(Some),
        None => Ok(None),
    }
}

type Chunk<T> = Result<Vec<T>, Fault>;

/// Called with rows that will be taken soon.
type Announce<'n, T> = Box<dyn Fn(&[T]) + 'n>;

/// All rows of a table, by id; the other end is a [`Pump`].
pub(super) struct Feed<'n, T> {
    announce: Announce<'n, T>,
    receiver: Receiver<Chunk<T>>,
    /// Empty only at the end of the table.
    chunk: std::vec::IntoIter<T>,
}

/// The end of a [`Feed`] that reads.
pub(super) struct Pump<T>(SyncSender<Chunk<T>>);

/// Both ends.
pub(super) fn feed<'n, T: Keyed>() -> (Pump<T>, Feed<'n, T>) {
    let (sender, receiver) = sync_channel(CHUNKS_WAITING);
    let announce = Box::new(|_: &[T]| {});
    (Pump(sender), Feed { announce, receiver, chunk: Vec::new().into_iter() })
}

impl<T: Keyed> Pump<T> {
    /// Reads to the end of the table, or until nobody listens.
    pub(super) fn run(self, connection: &Connection) {
        if let Err(fault) = self.read(connection) {
            // Nobody listens: then nobody needs to know.
            drop(self.0.send(Err(fault)));
        }
    }

    fn read(&self, connection: &Connection) -> Result<(), Fault> {
        let mut cursors = Cursors::new(connection)?;
        let mut rows = cursors.rows()?;
        let mut chunk = Vec::with_capacity(CHUNK);
        while let Some(row) = rows.next()? {
            chunk.push(row);
            if chunk.len() == CHUNK {
                let full = std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK));
                if self.0.send(Ok(full)).is_err() {
                    return Ok(());
                }
            }
        }
        drop(self.0.send(Ok(chunk)));
        Ok(())
    }
}

impl<T: Keyed> Feed<'_, T> {
    /// The same feed; it shows rows to `announce` some time before they are taken.
    pub(super) fn announcing<'m>(self, announce: impl Fn(&[T]) + 'm) -> Feed<'m, T> {
        Feed { announce: Box::new(announce), receiver: self.receiver, chunk: self.chunk }
    }

    /// Waits for the first row.
    pub(super) fn start(&mut self) -> Result<(), Fault> {
        self.refill()
    }

    /// The id of the next row.
    pub(super) fn id(&self) -> Option<&EventId> {
        self.chunk.as_slice().first().map(T::id)
    }

    /// Moves all rows of an id, which must be the smallest left, to `into`.
    pub(super) fn take(&mut self, id: &EventId, into: &mut Vec<T>) -> Result<(), Fault> {
        into.clear();
        while self.id() == Some(id) {
            into.extend(self.chunk.next());
            if self.chunk.len() == 0 {
                self.refill()?;
            }
        }
        Ok(())
    }

    /// Waits for rows; afterwards there are none only if there will be none.
    fn refill(&mut self) -> Result<(), Fault> {
        while self.chunk.len() == 0
            && let Ok(chunk) = self.receiver.recv()
        {
            let chunk = chunk?;
            (self.announce)(&chunk);
            self.chunk = chunk.into_iter();
        }
        Ok(())
    }
}
