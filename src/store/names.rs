//! From codes to what they stand for.

use std::cell::OnceCell;
use std::sync::Arc;

use rusqlite::Connection;

use super::answer::{Answered, all_answers, answer, read_code};
use super::block::split;
use super::dictionary::{Dictionary, PlaceCodes, all_places, kind_number, place_of, text_of};
use super::fault::Fault;
use super::outcome::read_outcome;
use super::raw::{RawAttempt, RawEvent, RawReceipt};
use super::sent::{Shown, tags_of};
use super::session;
use super::state::States;
use crate::domain::{
    Attempt, CampaignId, Claim, Code, EventName, FunnelId, Mismatch, OrderKey, PixelCode, Place, Receipt,
    RunId, Sent, SessionState, StoredEvent, TermKind, TimeMs,
};

/// Places whose texts are looked up once; those beyond are looked up for each event.
const SHARED_MAX: usize = 1 << 16;

/// The dictionaries as one read needs them. What is not in memory is looked up.
pub(super) struct Names<'a> {
    connection: &'a Connection,
    /// By number of the kind, then by code from 1.
    texts: Vec<Vec<Arc<str>>>,
    places: Vec<PlaceCodes>,
    shared: Vec<OnceCell<Arc<Place>>>,
    answers: Vec<Answered>,
    states: States,
    shown: Option<Shown>,
}

impl<'a> Names<'a> {
    /// For a read of everything.
    pub(super) fn all(connection: &'a Connection, dictionary: &Dictionary) -> Result<Self, Fault> {
        let places = all_places(connection)?;
        Ok(Self {
            connection,
            texts: TermKind::ALL.into_iter().map(|kind| dictionary.known(kind)).collect(),
            shared: vec![OnceCell::new(); places.len().min(SHARED_MAX)],
            places,
            answers: all_answers(connection)?,
            states: States::read(connection)?,
            shown: Some(Shown::default()),
        })
    }

    /// For a read of a few rows.
    pub(super) fn few(connection: &'a Connection) -> Self {
        Self {
            connection,
            texts: Vec::new(),
            places: Vec::new(),
            shared: Vec::new(),
            answers: Vec::new(),
            states: States::default(),
            shown: None,
        }
    }

    fn term<T>(&self, kind: TermKind, code: u32, make: fn(&Arc<str>) -> T) -> Result<Option<T>, Fault> {
        let Some(at) = code.checked_sub(1) else { return Ok(None) };
        let texts = usize::try_from(kind_number(kind)).ok().and_then(|kind| self.texts.get(kind));
        match texts.and_then(|texts| texts.get(usize::try_from(at).ok()?)) {
            Some(text) => Ok(Some(make(text))),
            None => Ok(Some(make(&text_of(self.connection, kind, code)?))),
        }
    }

    fn name(&self, code: u32) -> Result<EventName, Fault> {
        self.term(TermKind::Name, code, EventName::from_store)?
            .ok_or(Fault::Damaged("holds a row without a name"))
    }

    fn pixel(&self, code: u32) -> Result<Option<PixelCode>, Fault> {
        self.term(TermKind::Pixel, code, PixelCode::from_store)
    }

    fn own_pixel(&self, code: u32) -> Result<PixelCode, Fault> {
        self.pixel(code)?.ok_or(Fault::Damaged("holds an attempt without a pixel"))
    }

    /// What an event shares with others; most of the time they share it in memory too.
    pub(super) fn place(&self, code: u32) -> Result<Arc<Place>, Fault> {
        let shared = usize::try_from(code).ok().and_then(|at| self.shared.get(at));
        if let Some(place) = shared.and_then(OnceCell::get) {
            return Ok(Arc::clone(place));
        }
        let codes = match usize::try_from(code).ok().and_then(|at| self.places.get(at)) {
            Some(codes) => *codes,
            None => place_of(self.connection, code)?,
        };
        let PlaceCodes { campaign, funnel, source, page, currency } = codes;
        let place = Arc::new(Place {
            campaign: self.term(TermKind::Campaign, campaign, CampaignId::from_store)?,
            funnel: self.term(TermKind::Funnel, funnel, FunnelId::from_store)?,
            source: self.term(TermKind::Source, source, Arc::clone)?,
            page: self.term(TermKind::Page, page, Arc::clone)?,
            currency: self.term(TermKind::Currency, currency, Arc::clone)?,
        });
        Ok(shared
            .map_or_else(|| Arc::clone(&place), |cell| Arc::clone(cell.get_or_init(|| Arc::clone(&place)))))
    }

    fn answer(&self, code: u32) -> Result<Answered, Fault> {
        match usize::try_from(code).ok().and_then(|at| self.answers.get(at)) {
            Some(answered) => Ok(*answered),
            None => answer(self.connection, code),
        }
    }

    /// Prepares for the sessions of many events.
    pub(super) fn warm(&self, events: &[RawEvent]) {
        self.states.warm(events.iter().filter_map(|event| event.session));
    }

    /// The times of an event's session.
    pub(super) fn state(&self, code: Option<i64>) -> Result<Option<SessionState>, Fault> {
        let Some(code) = code else { return Ok(None) };
        match self.states.get(code) {
            Some(state) => Ok(Some(state)),
            None => Ok(session::by_code(self.connection, code)?.map(|session| session.state())),
        }
    }

    /// The page where an event's session began.
    fn landing(&self, session: Option<i64>) -> Result<Option<Arc<str>>, Fault> {
        let Some(session) = session else { return Ok(None) };
        let page = match self.states.landing(session) {
            Some(page) => page,
            None => session::by_code(self.connection, session)?
                .and_then(|session| session.landing)
                .map_or(0, |(_, page)| page),
        };
        self.term(TermKind::Page, page, Arc::clone)
    }

    /// An event.
    pub(super) fn event(&self, raw: &RawEvent) -> Result<StoredEvent, Fault> {
        let block = raw.payload.map(split);
        let slot = block.map_or(Ok(0), |(_, slot)| u32::try_from(slot));
        Ok(StoredEvent {
            name: self.name(raw.name)?,
            pixel: self.pixel(raw.pixel)?,
            place: self.place(raw.place)?,
            landing: self.landing(raw.session)?,
            session: raw.session,
            at: TimeMs::from_ms(raw.at_ms),
            seen_at: TimeMs::from_ms(raw.at_ms.saturating_sub(raw.seen_lag_ms)),
            keys: raw.keys,
            facts: raw.facts,
            flaws: raw.flaws,
            value: raw.value,
            order: raw.order.map(OrderKey::new),
            contact: raw.contact,
            block: block.map(|(block, _)| block),
            slot: slot.map_err(|_| Fault::Damaged("names a payload that it does not hold"))?,
            content: raw.content,
            position: raw.position,
        })
    }

    /// A receipt.
    pub(super) fn receipt(&self, raw: RawReceipt) -> Result<Receipt, Fault> {
        let Answered { leg, answer, test_code } = self.answer(raw.answer)?;
        Ok(Receipt {
            name: self.name(raw.name)?,
            pixel: self.pixel(raw.pixel)?,
            leg,
            at: (raw.at_ms != 0).then(|| TimeMs::from_ms(raw.at_ms)),
            answer,
            is_test: test_code != 0,
            trace: raw.trace,
            sent: raw.sent.map(|body| Box::new(Sent { body, mismatch: Mismatch::default() })),
        })
    }

    /// Holds what was sent against what an event's session showed.
    pub(super) fn compare(&self, sent: &mut Sent, session: i64) -> Result<(), Fault> {
        let compared = match &self.shown {
            Some(shown) => shown.get(self.connection, session)?.map(|tags| tags.compare(&sent.body.tags)),
            None => session::by_code(self.connection, session)?
                .map(|session| tags_of(&session).compare(&sent.body.tags)),
        };
        sent.mismatch = compared.unwrap_or_default();
        Ok(())
    }

    /// An attempt.
    pub(super) fn attempt(&self, raw: &RawAttempt) -> Result<Attempt, Fault> {
        Ok(Attempt {
            name: self.name(raw.name)?,
            pixel: self.own_pixel(raw.pixel)?,
            batch: raw.batch,
            run: RunId::new(raw.run),
            at: TimeMs::from_ms(raw.started_ms),
            outcome: raw.outcome.map(read_outcome).transpose()?,
            code: raw.kind.map_or(Ok(Code::Absent), |kind| read_code(kind, raw.api_code.unwrap_or(0)))?,
            http_status: raw.http_status,
            alone: raw.size == 1,
            is_test: raw.test_code != 0,
        })
    }

    /// The claim on a key, of all its live attempts, oldest first: the newest batch owns it, and nobody
    /// sends it while any lease lasts.
    pub(super) fn claim(&self, raws: &[&RawAttempt]) -> Result<Option<Claim>, Fault> {
        let Some(newest) = raws.last() else { return Ok(None) };
        let lease_until_ms = raws.iter().map(|raw| raw.lease_until_ms).max().unwrap_or(0);
        Ok(Some(Claim {
            name: self.name(newest.name)?,
            pixel: self.own_pixel(newest.pixel)?,
            batch: newest.batch,
            lease_until: TimeMs::from_ms(lease_until_ms),
            not_before: TimeMs::from_ms(newest.not_before_ms),
        }))
    }
}
