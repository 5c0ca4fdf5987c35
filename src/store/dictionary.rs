//! Dictionaries: texts, places and answers that repeat, named by small numbers.
//!
//! Codes are only ever added, so what was read once stays true until texts are erased;
//! [`Dictionary::refresh`] reads what other processes added. A transaction that fails must forget what it added.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::answer::Answers;
use super::fault::Fault;
use crate::domain::TermKind;

/// Texts kept in memory per kind; further ones are looked up in the database each time, so that a
/// hostile log cannot fill the memory.
const TEXTS_MAX: usize = 65_536;
/// Pages per database; further ones are stored as none, because paths may hold ids without end.
const PAGES_MAX: u32 = 65_536;
/// Places kept in memory; beyond, all are forgotten and looked up again.
const PLACES_MAX: usize = 131_072;

const FORGOTTEN: &str = "
    SELECT forgotten
    FROM meta";
const TERMS_SINCE: &str = "
    SELECT code, text
    FROM term
    WHERE kind = :kind AND code > :code
    ORDER BY code";
const TERM_CODE: &str = "
    SELECT code
    FROM term
    WHERE kind = :kind AND text = :text";
const TERM_TEXT: &str = "
    SELECT text
    FROM term
    WHERE kind = :kind AND code = :code";
const TERM_INSERT: &str = "
    INSERT INTO term (kind, code, text)
    VALUES (:kind, :code, :text)";
const PLACES_ALL: &str = "
    SELECT code, campaign, funnel, source_name, page, currency
    FROM place
    ORDER BY code";
const PLACE: &str = "
    SELECT code, campaign, funnel, source_name, page, currency
    FROM place
    WHERE code = :code";
const PLACE_CODE: &str = "
    SELECT code
    FROM place
    WHERE campaign = :campaign AND funnel = :funnel AND source_name = :source_name
      AND page = :page AND currency = :currency";
const PLACE_INSERT: &str = "
    INSERT INTO place (code, campaign, funnel, source_name, page, currency)
    VALUES (:code, :campaign, :funnel, :source_name, :page, :currency)";
const PLACES_STORED: &str = "
    SELECT COALESCE(max(code) + 1, 0)
    FROM place";

/// Five terms that repeat together; 0 is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub(super) struct PlaceCodes {
    pub(super) campaign: u32,
    pub(super) funnel: u32,
    pub(super) source: u32,
    pub(super) page: u32,
    pub(super) currency: u32,
}

/// The texts of one kind: those with the lowest codes.
#[derive(Default)]
struct Texts {
    /// By code, from 1.
    by_code: Vec<Arc<str>>,
    by_text: HashMap<Arc<str>, u32>,
    /// The highest code in the database.
    highest: u32,
}

/// All dictionaries of a database, as far as memory goes.
#[derive(Default)]
pub(super) struct Dictionary {
    kinds: [Texts; TermKind::ALL.len()],
    places: HashMap<PlaceCodes, u32>,
    places_stored: u32,
    /// How often texts had been taken away when these were read.
    forgotten: i64,
    pub(super) answers: Answers,
}

impl Dictionary {
    /// Reads what was added since the last look.
    pub(super) fn refresh(&mut self, connection: &Connection) -> Result<(), Fault> {
        let forgotten = forgotten(connection)?;
        if self.forgotten != forgotten {
            *self = Self { forgotten, ..Self::default() };
        }
        for kind in TermKind::ALL {
            let texts = self.texts_mut(kind)?;
            let mut statement = connection.prepare_cached(TERMS_SINCE)?;
            let mut rows =
                statement.query(named_params! { ":kind": kind_number(kind), ":code": texts.highest })?;
            while let Some(row) = rows.next()? {
                let text: Arc<str> = row.get(1)?;
                texts.highest = row.get(0)?;
                texts.keep(&text);
            }
        }
        self.places_stored = connection.prepare_cached(PLACES_STORED)?.query_row([], |row| row.get(0))?;
        self.answers.refresh(connection)
    }

    fn texts(&self, kind: TermKind) -> Option<&Texts> {
        self.kinds.get(usize::try_from(kind_number(kind)).ok()?)
    }

    fn texts_mut(&mut self, kind: TermKind) -> Result<&mut Texts, Fault> {
        let at = usize::try_from(kind_number(kind)).unwrap_or(usize::MAX);
        self.kinds.get_mut(at).ok_or(Fault::Damaged("names an unknown kind of term"))
    }

    /// The code of a text, without adding it; 0 when the database does not know it.
    pub(super) fn find(&self, connection: &Connection, kind: TermKind, text: &str) -> Result<u32, Fault> {
        let Some(texts) = self.texts(kind) else { return Ok(0) };
        if let Some(code) = texts.by_text.get(text) {
            return Ok(*code);
        }
        if texts.is_whole() {
            return Ok(0);
        }
        let found = connection
            .prepare_cached(TERM_CODE)?
            .query_row(named_params! { ":kind": kind_number(kind), ":text": text }, |row| row.get(0))
            .optional()?;
        Ok(found.unwrap_or(0))
    }

    /// The code of a text; adds it if it is new. 0 when pages are used up.
    pub(super) fn code(
        &mut self,
        connection: &Connection,
        kind: TermKind,
        text: &Arc<str>,
    ) -> Result<u32, Fault> {
        let found = self.find(connection, kind, text)?;
        if found > 0 {
            return Ok(found);
        }
        let texts = self.texts_mut(kind)?;
        if kind == TermKind::Page && texts.highest >= PAGES_MAX {
            return Ok(0);
        }
        let code = texts.highest + 1;
        connection
            .prepare_cached(TERM_INSERT)?
            .execute(named_params! { ":kind": kind_number(kind), ":code": code, ":text": text })?;
        texts.highest = code;
        texts.keep(text);
        Ok(code)
    }

    /// The text of a code; `None` for 0.
    pub(super) fn text(
        &self,
        connection: &Connection,
        kind: TermKind,
        code: u32,
    ) -> Result<Option<Arc<str>>, Fault> {
        let Some(at) = code.checked_sub(1) else { return Ok(None) };
        let known = self.texts(kind).and_then(|texts| texts.by_code.get(usize::try_from(at).ok()?));
        if let Some(text) = known {
            return Ok(Some(Arc::clone(text)));
        }
        text_of(connection, kind, code).map(Some)
    }

    /// The texts of a kind that are in memory, by code from 1.
    pub(super) fn known(&self, kind: TermKind) -> Vec<Arc<str>> {
        self.texts(kind).map(|texts| texts.by_code.clone()).unwrap_or_default()
    }

    /// The code of a place; adds it if it is new.
    pub(super) fn place(&mut self, connection: &Connection, place: PlaceCodes) -> Result<u32, Fault> {
        if let Some(code) = self.places.get(&place) {
            return Ok(*code);
        }
        let PlaceCodes { campaign, funnel, source, page, currency } = place;
        let found: Option<u32> = connection
            .prepare_cached(PLACE_CODE)?
            .query_row(
                named_params! { ":campaign": campaign, ":funnel": funnel, ":source_name": source,
                ":page": page, ":currency": currency },
                |row| row.get(0),
            )
            .optional()?;
        let code = if let Some(code) = found {
            code
        } else {
            let code = self.places_stored;
            connection
                .prepare_cached(PLACE_INSERT)?
                .execute(named_params! { ":code": code, ":campaign": campaign, ":funnel": funnel,
                ":source_name": source, ":page": page, ":currency": currency })?;
            self.places_stored += 1;
            code
        };
        if self.places.len() >= PLACES_MAX {
            self.places.clear();
        }
        self.places.insert(place, code);
        Ok(code)
    }
}

impl Texts {
    /// Keeps the text of the highest code in memory, as long as all lower ones are there.
    fn keep(&mut self, text: &Arc<str>) {
        if self.by_code.len() < TEXTS_MAX {
            self.by_code.push(Arc::clone(text));
            self.by_text.insert(Arc::clone(text), self.highest);
        }
    }

    fn is_whole(&self) -> bool {
        usize::try_from(self.highest) == Ok(self.by_code.len())
    }
}

/// How often texts and contacts were taken away: what was remembered before is void.
pub(super) fn forgotten(connection: &Connection) -> Result<i64, Fault> {
    Ok(connection.prepare_cached(FORGOTTEN)?.query_row([], |row| row.get(0))?)
}

/// The text of a code, from the database.
pub(super) fn text_of(connection: &Connection, kind: TermKind, code: u32) -> Result<Arc<str>, Fault> {
    connection
        .prepare_cached(TERM_TEXT)?
        .query_row(named_params! { ":kind": kind_number(kind), ":code": code }, |row| row.get(0))
        .optional()?
        .ok_or(Fault::Damaged("names a term that it does not hold"))
}

/// One place.
pub(super) fn place_of(connection: &Connection, code: u32) -> Result<PlaceCodes, Fault> {
    let mut statement = connection.prepare_cached(PLACE)?;
    let mut rows = statement.query(named_params! { ":code": code })?;
    rows.next()?.map_or(Err(Fault::Damaged("names a place that it does not hold")), read_place)
}

fn read_place(row: &Row<'_>) -> Result<PlaceCodes, Fault> {
    Ok(PlaceCodes {
        campaign: row.get(1)?,
        funnel: row.get(2)?,
        source: row.get(3)?,
        page: row.get(4)?,
        currency: row.get(5)?,
    })
}

/// All places, by code.
pub(super) fn all_places(connection: &Connection) -> Result<Vec<PlaceCodes>, Fault> {
    let mut statement = connection.prepare_cached(PLACES_ALL)?;
    let mut rows = statement.query([])?;
    let mut places = Vec::new();
    while let Some(row) = rows.next()? {
        if usize::try_from(row.get::<_, u32>(0)?) != Ok(places.len()) {
            return Err(Fault::Damaged("lacks a place"));
        }
        places.push(read_place(row)?);
    }
    Ok(places)
}

/// The number of a kind in the database: its place in [`TermKind::ALL`].
pub(super) const fn kind_number(kind: TermKind) -> i64 {
    match kind {
        TermKind::Name => 0,
        TermKind::Pixel => 1,
        TermKind::Campaign => 2,
        TermKind::Funnel => 3,
        TermKind::Source => 4,
        TermKind::Page => 5,
        TermKind::Agent => 6,
        TermKind::Currency => 7,
        TermKind::TestCode => 8,
    }
}
