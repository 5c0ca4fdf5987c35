//! The batch under construction: rows go in line by line, whole batches come out.

use chrono_tz::Tz;

use crate::domain::{
    Batch, BatchEvent, BatchReceipt, BrowserFamily, Cursor, EventId, EventName, Half, ID_BYTES_MAX, IdError,
    Policy, QuarantinedLine, Reason, SessionFacts, Term, TermKind, TimeMs,
};
use crate::tiktok::agent::browser_family;
use crate::tiktok::event_map;
use crate::tiktok::normalise::sha256;

use super::formats::{Columns, Field, Pages, People, Pieces, Spellings};
use super::json::Value;
use super::sessions::{Sessions, Sighting, Step};
use super::shape::Shape;
use super::terms::Terms;
use super::{BATCH_BYTES, time};

/// Rows per batch, should lines be so short that the text never fills it.
const BATCH_ROWS: usize = 200_000;

/// A record that could not be used, and what could be read of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rejected {
    pub(super) reason: Reason,
    pub(super) name: Option<Term>,
    pub(super) at: Option<TimeMs>,
}

impl From<Reason> for Rejected {
    fn from(reason: Reason) -> Self {
        Self { reason, name: None, at: None }
    }
}

/// Where the line stands that is being read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    /// Its file: an index into [`Batch::cursors`].
    pub(super) cursor: u32,
    /// Its offset.
    pub(super) offset: u64,
    /// [`QuarantinedLine::before`].
    pub(super) before: u64,
}

/// Collects rows.
pub(super) struct Builder<'p> {
    pub(super) policy: &'p Policy,
    /// The zone of times that carry none.
    pub(super) zone: Option<Tz>,
    pub(super) place: Place,
    pub(super) batch: Batch,
    pub(super) terms: Terms,
    sessions: Sessions,
    /// By number of the name's term.
    steps: Vec<Option<Step>>,
    /// By number of the user agent's term.
    browsers: Vec<Option<BrowserFamily>>,
    pub(super) pages: Pages,
    pub(super) people: People,
    pub(super) spellings: Spellings,
    /// The time that a logger wrote around the record at hand: for a record without one.
    pub(super) outer_at: Option<TimeMs>,
    /// The columns of the file at hand, if it is a table.
    pub(super) columns: Option<Columns>,
    /// Long lines that a logger wrote in pieces, as far as they have come.
    pub(super) pieces: Pieces,
    text_bytes: usize,
    /// Space to write in, kept from line to line.
    pub(super) scratch: Vec<u8>,
}

impl<'p> Builder<'p> {
    pub(super) fn new(policy: &'p Policy) -> Self {
        Self {
            policy,
            zone: None,
            place: Place::default(),
            batch: Batch::default(),
            terms: Terms::default(),
            sessions: Sessions::default(),
            steps: Vec::new(),
            browsers: Vec::new(),
            pages: Pages::default(),
            people: People::default(),
            spellings: Spellings::default(),
            outer_at: None,
            columns: None,
            pieces: Pieces::default(),
            text_bytes: 0,
            scratch: Vec::new(),
        }
    }

    /// Begins a text that starts with this line, and says what it is made of.
    pub(super) fn begin_text(&mut self, first: &[u8]) -> Shape {
        self.give_up_pieces();
        self.columns = Columns::of(first, &self.policy.formats);
        if self.columns.is_some() { Shape::Table } else { Shape::of(first) }
    }

    /// Counts text that was read into this batch.
    pub(super) const fn count_text(&mut self, bytes: usize) {
        self.text_bytes += bytes;
    }

    /// Adds a file to the batch, and returns its number in it.
    pub(super) fn add_cursor(&mut self, cursor: Cursor) -> u32 {
        self.batch.cursors.push(cursor);
        u32::try_from(self.batch.cursors.len() - 1).unwrap_or(u32::MAX)
    }

    /// Sets how far a file of the batch was read.
    pub(super) fn set_cursor(&mut self, number: u32, cursor: Cursor) {
        let slot = usize::try_from(number).ok().and_then(|at| self.batch.cursors.get_mut(at));
        if let Some(slot) = slot {
            *slot = cursor;
        }
    }

    /// Whether there is enough in it.
    pub(super) fn is_full(&self) -> bool {
        let rows = self.batch.events.len()
            + self.batch.receipts.len()
            + self.batch.quarantined.len()
            + self.batch.halves.len();
        self.text_bytes >= BATCH_BYTES || rows >= BATCH_ROWS
    }

    /// Whether there is nothing in it.
    pub(super) const fn is_empty(&self) -> bool {
        self.batch.cursors.is_empty()
    }

    /// Hands out the batch and begins the next.
    pub(super) fn take(&mut self) -> Batch {
        self.text_bytes = 0;
        self.steps.clear();
        self.browsers.clear();
        let mut batch = std::mem::take(&mut self.batch);
        // The next batch will be about as large; growing it step by step would copy it over and over.
        self.batch.events.reserve(batch.events.len());
        self.batch.receipts.reserve(batch.receipts.len());
        self.batch.payloads.reserve(batch.payloads.len());
        batch.terms = self.terms.take();
        batch.sessions = self.sessions.take();
        batch
    }

    /// The number of a text.
    pub(super) fn term(&mut self, kind: TermKind, text: &str) -> Term {
        self.terms.of(kind, text)
    }

    /// The number of an id that an event may lack: a text or a number, not blank, not endless.
    pub(super) fn optional_term(&mut self, kind: TermKind, field: Field<'_, '_>) -> Option<Term> {
        let text = field.get()?.id()?;
        (!is_blank(&text) && text.len() <= ID_BYTES_MAX).then(|| self.term(kind, &text))
    }

    /// The id and name of a record, or why it has none. `at` goes with the refusal.
    pub(super) fn identify(
        &mut self,
        id: Field<'_, '_>,
        name: Field<'_, '_>,
        at: Option<TimeMs>,
    ) -> Result<(EventId, Term), Rejected> {
        let name = name_of(name.get());
        let term = name.ok().map(|name| self.term(TermKind::Name, name));
        let id = id_of(id.get()).map_err(|reason| Rejected { reason, name: term, at })?;
        let name = name.map_err(|reason| Rejected { reason, name: None, at })?;
        Ok((id, self.term(TermKind::Name, name)))
    }

    /// The time of a record.
    pub(super) fn time(&self, value: Option<Value<'_, '_>>) -> Result<TimeMs, Reason> {
        match (value, self.outer_at) {
            (None, Some(at)) => Ok(at),
            (value, _) => time::read(value, self.zone),
        }
    }

    /// The time of a record that may have none.
    pub(super) fn optional_time(&self, value: Option<Value<'_, '_>>) -> Result<Option<TimeMs>, Reason> {
        if value.is_none() && self.outer_at.is_none() {
            return Ok(None);
        }
        self.time(value).map(Some)
    }

    /// The step of the funnel that a name stands for.
    pub(super) fn step(&mut self, name: Term) -> Step {
        let at = usize::try_from(name.0).unwrap_or(usize::MAX);
        if let Some(Some(known)) = self.steps.get(at) {
            return *known;
        }
        let resolved = event_map::resolve(self.terms.text(name), &self.policy.names).ok();
        let step = match resolved.as_ref().map_or("", EventName::as_str) {
            "CompleteRegistration" => Step::Captured,
            "InitiateCheckout" => Step::Paywall,
            _ => Step::Other,
        };
        if self.steps.len() <= at {
            self.steps.resize(self.terms.count(), None);
        }
        if let Some(slot) = self.steps.get_mut(at) {
            *slot = Some(step);
        }
        step
    }

    /// The family of a user agent.
    pub(super) fn browser(&mut self, agent: Term) -> BrowserFamily {
        let at = usize::try_from(agent.0).unwrap_or(usize::MAX);
        if let Some(Some(known)) = self.browsers.get(at) {
            return *known;
        }
        let family = browser_family(self.terms.text(agent));
        if self.browsers.len() <= at {
            self.browsers.resize(self.terms.count(), None);
        }
        if let Some(slot) = self.browsers.get_mut(at) {
            *slot = Some(family);
        }
        family
    }

    /// Adds what a record says of its session.
    pub(super) fn see(&mut self, session: &str, sighting: &Sighting<'_>) -> Option<u32> {
        self.sessions.see(session, sighting, &self.terms)
    }

    /// Adds what another host knows of a session.
    pub(super) fn add_session(&mut self, facts: SessionFacts) -> Option<u32> {
        self.sessions.add_facts(facts, &self.terms)
    }

    /// Adds an event.
    pub(super) fn push_event(&mut self, event: BatchEvent) {
        self.batch.events.push(event);
    }

    /// Adds a receipt.
    pub(super) fn push_receipt(&mut self, receipt: BatchReceipt) {
        self.batch.receipts.push(receipt);
    }

    /// Adds one side of an exchange.
    pub(super) fn push_half(&mut self, half: Half) {
        self.batch.halves.push(half);
    }

    /// Adds a line that could not be used.
    pub(super) fn quarantine(&mut self, line: &[u8], rejected: Rejected) {
        let length = u64::try_from(line.len()).unwrap_or_default();
        self.quarantine_hashed(length, sha256(line), rejected);
    }

    /// The lines whose rest never came.
    pub(super) fn give_up_pieces(&mut self) {
        let here = self.place;
        for piece in self.pieces.take_all() {
            self.place = Place { offset: piece.offset, before: 0, ..here };
            self.quarantine(piece.text.as_bytes(), Reason::Syntax.into());
        }
        self.place = here;
    }

    /// Adds a line that could not be used, of which only the hash is known.
    pub(super) fn quarantine_hashed(&mut self, length: u64, sha256: [u8; 32], rejected: Rejected) {
        let Place { cursor, offset, before } = self.place;
        let Rejected { reason, name, at } = rejected;
        self.batch.quarantined.push(QuarantinedLine {
            cursor,
            offset,
            length,
            reason,
            sha256,
            before,
            name,
            at,
        });
    }
}

/// Whether a text says nothing. The first byte nearly always tells.
pub(super) fn is_blank(text: &str) -> bool {
    !text.as_bytes().first().is_some_and(u8::is_ascii_graphic) && text.trim().is_empty()
}

fn name_of<'a>(value: Option<Value<'a, '_>>) -> Result<&'a str, Reason> {
    let Some(value) = value else { return Err(Reason::EventNameMissing) };
    let name = value.as_text().ok_or(Reason::WrongType)?;
    if is_blank(name) {
        Err(Reason::EventNameMissing)
    } else if name.len() > ID_BYTES_MAX {
        Err(Reason::IdTooLong)
    } else {
        Ok(name)
    }
}

fn id_of(value: Option<Value<'_, '_>>) -> Result<EventId, Reason> {
    let Some(value) = value else { return Err(Reason::EventIdMissing) };
    let id = value.as_text().ok_or(Reason::EventIdNotString)?;
    EventId::parse(id).map_err(|error| match error {
        IdError::Blank => Reason::EventIdMissing,
        IdError::TooLong => Reason::IdTooLong,
    })
}
