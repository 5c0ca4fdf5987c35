//! What the logs hold per pixel and campaign.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row};

use super::answer::{all_answers, read_leg};
use super::dictionary::{Dictionary, all_places};
use super::fault::Fault;
use super::feed::Cursors;
use super::raw::{EVENT_SPANS, Keyed, RECEIPT_SPANS};
use super::row::TIMELESS;
use crate::domain::{CampaignId, EventId, Leg, LogFacts, LogNewest, PixelCode, TermKind, TimeMs};

const LOG: &str = "
    SELECT pixel, leg, newest_ms
    FROM log
    ORDER BY pixel, leg";
const ORIGINS: &str = "
    SELECT pixel, campaign, has_consent
    FROM origin
    ORDER BY pixel, campaign";
/// Pixel and campaign that a funnel record names; 0 is none.
type Origin = (u32, u32);

/// Gathers [`LogFacts`].
pub(super) fn facts(connection: &Connection, dictionary: &Dictionary) -> Result<LogFacts, Fault> {
    let pixel = |code| -> Result<_, Fault> {
        let text = dictionary.text(connection, TermKind::Pixel, code)?;
        Ok(text.as_ref().map(PixelCode::from_store))
    };
    let campaign = |code| -> Result<_, Fault> {
        let text = dictionary.text(connection, TermKind::Campaign, code)?;
        Ok(text.as_ref().map(CampaignId::from_store))
    };
    let mut facts = LogFacts::default();
    let mut nameless = LogNewest::default();
    for (code, newest) in logs(connection)? {
        match pixel(code)? {
            Some(pixel) => facts.by_pixel.push((pixel, newest)),
            None => nameless = newest,
        }
    }
    let origins = origins(connection)?;
    for ((pixel_code, campaign_code), has_consent) in &origins {
        facts.event_pixels.extend(pixel(*pixel_code)?);
        if *has_consent {
            facts.consent_campaigns.push(campaign(*campaign_code)?);
        }
    }
    if nameless != LogNewest::default() {
        let origins: Vec<Origin> = origins.into_iter().map(|(origin, _)| origin).collect();
        for ((pixel_code, campaign_code), newest) in attribute(connection, &origins, nameless)? {
            facts.without_pixel.push((pixel(pixel_code)?, campaign(campaign_code)?, newest));
        }
    }
    // Codes depend on the order of import; what is handed out must not.
    facts.by_pixel.sort_by(|a, b| a.0.cmp(&b.0));
    facts.without_pixel.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    facts.event_pixels.sort();
    facts.event_pixels.dedup();
    facts.consent_campaigns.sort();
    facts.consent_campaigns.dedup();
    Ok(facts)
}

fn logs(connection: &Connection) -> Result<BTreeMap<u32, LogNewest>, Fault> {
    let mut statement = connection.prepare_cached(LOG)?;
    let mut rows = statement.query([])?;
    let mut logs: BTreeMap<u32, LogNewest> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        raise(logs.entry(row.get(0)?).or_default(), read_leg(row.get(1)?)?, row.get(2)?);
    }
    Ok(logs)
}

fn raise(newest: &mut LogNewest, leg: Leg, at_ms: i64) {
    let at = Some(TimeMs::from_ms(at_ms));
    match leg {
        Leg::Server => newest.server_at = newest.server_at.max(at),
        Leg::Browser => newest.browser_at = newest.browser_at.max(at),
    }
}

fn origins(connection: &Connection) -> Result<Vec<(Origin, bool)>, Fault> {
    let mut statement = connection.prepare_cached(ORIGINS)?;
    let rows = statement.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Receipts without a pixel, by pixel and campaign of the event with the same id. Where all events
/// name one pixel, or none and one campaign, there is nothing to look up.
fn attribute(
    connection: &Connection,
    origins: &[Origin],
    nameless: LogNewest,
) -> Result<BTreeMap<Origin, LogNewest>, Fault> {
    let Some(first) = origins.first() else { return Ok(BTreeMap::new()) };
    if first.0 > 0 && origins.iter().all(|origin| origin.0 == first.0) {
        return Ok(BTreeMap::from([((first.0, 0), nameless)]));
    }
    if origins.len() == 1 {
        return Ok(BTreeMap::from([(*first, nameless)]));
    }
    look_up(connection)
}

/// Both tables side by side in the order of `event_id`. A receipt without an event says nothing of
/// any pixel.
fn look_up(connection: &Connection) -> Result<BTreeMap<Origin, LogNewest>, Fault> {
    let places = all_places(connection)?;
    let answers = all_answers(connection)?;
    let mut newest: BTreeMap<Origin, LogNewest> = BTreeMap::new();
    let mut events = Cursors::<EventOrigin>::new(connection)?;
    let mut events = events.rows()?;
    let mut event = events.next()?;
    let mut receipts = Cursors::<Nameless>::new(connection)?;
    let mut receipts = receipts.rows()?;
    let mut receipt = receipts.next()?;
    let mut origins: Vec<Origin> = Vec::new();
    while let Some(id) = receipt.as_ref().map(|receipt| receipt.id.clone()) {
        origins.clear();
        while let Some(found) = &event
            && found.id <= id
        {
            if found.id == id {
                let place = usize::try_from(found.place).ok().and_then(|at| places.get(at));
                let place = place.ok_or(Fault::Damaged("names a place that it does not hold"))?;
                origins.push((found.pixel, place.campaign));
            }
            event = events.next()?;
        }
        while let Some(found) = &receipt
            && found.id == id
        {
            let answered = usize::try_from(found.answer).ok().and_then(|at| answers.get(at));
            let answered = answered.ok_or(Fault::Damaged("names an answer that it does not hold"))?;
            if found.at_ms != TIMELESS.as_ms() && !answered.is_test_send() {
                for origin in &origins {
                    raise(newest.entry(*origin).or_default(), answered.leg, found.at_ms);
                }
            }
            receipt = receipts.next()?;
        }
    }
    Ok(newest)
}

/// Pixel and place of an event.
struct EventOrigin {
    id: EventId,
    pixel: u32,
    place: u32,
}

impl Keyed for EventOrigin {
    const ALL: &'static str = "
        SELECT event_id, pixel, place
        FROM event
        WHERE span = ?1
        ORDER BY event_id";
    const PARTS: Option<&'static str> = Some(EVENT_SPANS);

    fn read(row: &Row<'_>, id: EventId) -> Result<Self, Fault> {
        Ok(Self { id, pixel: row.get(1)?, place: row.get(2)? })
    }

    fn id(&self) -> &EventId {
        &self.id
    }
}

/// Time and answer of a receipt that names no pixel.
struct Nameless {
    id: EventId,
    at_ms: i64,
    answer: u32,
}

impl Keyed for Nameless {
    const ALL: &'static str = "
        SELECT event_id, at_ms, answer
        FROM receipt
        WHERE span = ?1 AND pixel = 0
        ORDER BY event_id";
    const PARTS: Option<&'static str> = Some(RECEIPT_SPANS);

    fn read(row: &Row<'_>, id: EventId) -> Result<Self, Fault> {
        Ok(Self { id, at_ms: row.get(1)?, answer: row.get(2)? })
    }

    fn id(&self) -> &EventId {
        &self.id
    }
}
