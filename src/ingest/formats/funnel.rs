//! A funnel event: one thing a visitor did (product 3.1).

use std::borrow::Cow;
use std::net::IpAddr;

use crate::domain::{
    Amount, BatchEvent, Consent, Digest, EventId, Facts, Flaw, Flaws, ID_BYTES_MAX, LimitedDataUse, OrderKey,
    Term, TermKind, TimeMs,
};
use crate::ingest::json::Value;
use crate::ingest::record::{Builder, Rejected, is_blank};
use crate::ingest::resume::short_hash;
use crate::ingest::sessions::Sighting;
use crate::tiktok::page::host_and_path;
use crate::tiktok::payload::{Content, Parts, write_stored};
use crate::tiktok::validity;

use super::goods::{amount, compare, contents, count};
use super::kind::Kind;
use super::page::Page;
use super::person::{People, Person};
use super::{Field, Outline};

pub(super) fn recognise(record: &Outline<'_, '_>) -> bool {
    record.kind() == Kind::Funnel || record.event_id.is_some() || record.event.is_some()
}

pub(super) fn read(record: &Outline<'_, '_>, to: &mut Builder<'_>) -> Result<(), Rejected> {
    let at = to.time(record.at.get());
    let (id, name) = to.identify(record.event_id, record.event, at.ok())?;
    let at = at.map_err(|reason| Rejected { reason, name: Some(name), at: None })?;
    let session = record.session.get().and_then(Value::id).filter(|id| !is_blank(id));
    let mut draft = Draft::of(record, to);
    draft.keep_session(session.as_deref(), &mut to.people);
    let payload = draft.write(record, to);
    let event = draft.finish(record, to, Head { id, name, at, session: session.as_deref(), payload });
    to.push_event(event);
    Ok(())
}

/// What is known of an event before its row is made.
struct Draft<'a> {
    facts: Facts,
    flaws: Flaws,
    person: Person<'a>,
    /// The session's digest stands in for an external id that the record lacks; the match keys do
    /// not count it.
    stand_in: Option<Digest>,
    page: Page<'a>,
    value: Option<Amount>,
    currency: Option<&'a str>,
    order_id: Option<Cow<'a, str>>,
}

/// The fields that every event has, and its session.
struct Head<'a> {
    id: EventId,
    name: Term,
    at: TimeMs,
    session: Option<&'a str>,
    payload: std::ops::Range<usize>,
}

impl<'a> Draft<'a> {
    fn of(record: &Outline<'a, '_>, to: &mut Builder<'_>) -> Self {
        let mut facts = Facts::default();
        facts.set_consent(consent(record.consent.get()));
        facts.set_limited_data_use(limited_data_use(record.limited_data_use.get()));
        if is_true(&record.test) || is_true(&record.is_test) {
            facts.set_test();
        }
        let value = record.value.get().and_then(amount);
        if value.is_none() && record.value.is_some() {
            facts.set_value_not_number();
        }
        let page = to.pages.read(record, to.policy, &mut facts);
        let region = to.policy.default_region.as_deref();
        let person = Person::of(record, page.ttclid.as_deref(), region, &mut to.people);
        let mut flaws = person.flaws;
        flaws.join(page.flaws);
        if record.limited_data_use.get().is_some_and(|limited| limited.as_text().is_some()) {
            flaws.add(Flaw::LimitedAsText);
        }
        Self {
            facts,
            flaws,
            person,
            stand_in: None,
            page,
            value,
            currency: record.currency.text().filter(|currency| currency.len() <= ID_BYTES_MAX),
            order_id: [&record.order_id, &record.transaction_id].into_iter().find_map(text_or_number),
        }
    }

    fn keep_session(&mut self, session: Option<&str>, people: &mut People) {
        let Some(session) = session else { return };
        if validity::is_placeholder(session) {
            self.facts.set_session_placeholder();
        } else if self.person.external_id.as_slice().is_empty() {
            self.stand_in = people.external_id(session).ok();
        }
    }

    /// Writes the stored form.
    fn write(&mut self, record: &Outline<'a, '_>, to: &mut Builder<'_>) -> std::ops::Range<usize> {
        let contents = contents(record, &mut self.flaws);
        compare(record, self.value, &contents, &mut self.flaws);
        if !contents.is_empty() {
            self.facts.set_contents();
            let has_id = |item: &Content<'_>| item.content_id.is_some();
            if contents.iter().all(has_id) {
                self.facts.set_content_ids_good();
            }
        }
        let content_type = record.content_type.text();
        if content_type == Some("product") {
            self.facts.set_content_type_product();
        }
        let parts = Parts {
            ttclid: self.person.ttclid,
            ttp: self.person.ttp,
            email: self.person.email.as_slice(),
            phone: self.person.phone.as_slice(),
            external_id: match &self.stand_in {
                Some(session) => std::slice::from_ref(session),
                None => self.person.external_id.as_slice(),
            },
            locale: record.locale.text(),
            url: self.page.url.as_deref(),
            referrer: self.page.referrer.as_deref(),
            value: self.value,
            currency: self.currency,
            content_type,
            num_items: record.num_items.get().and_then(count),
            order_id: self.order_id.as_deref(),
            description: record.description.text(),
            search_string: record.search_string.text(),
            contents,
            limited_data_use: self.facts.limited_data_use(),
        };
        let start = to.batch.payloads.len();
        write_stored(&parts, &mut to.batch.payloads);
        start..to.batch.payloads.len()
    }

    fn finish(&self, record: &Outline<'a, '_>, to: &mut Builder<'_>, head: Head<'_>) -> BatchEvent {
        let Head { id, name, at, session, payload } = head;
        let page = self.page.url.as_deref().map(host_and_path).filter(|page| !page.is_empty());
        let page = page.map(|page| to.term(TermKind::Page, page));
        let sighting = Sighting {
            at,
            page,
            step: to.step(name),
            consent: self.facts.consent(),
            ttclid: [self.person.ttclid, self.page.ttclid.as_deref()],
            ttp: self.person.ttp,
            email: self.person.email.as_slice(),
            phone: self.person.phone.as_slice(),
            external_id: self.person.external_id.as_slice(),
            ip_tag: self.person.ip.map_or(0, ip_tag),
            hints: self.person.hints.as_slice(),
        };
        let joins = session.filter(|_| !self.facts.session_is_placeholder());
        let place = to.place;
        let mut facts = self.facts;
        if session.and_then(|session| EventId::parse(session).ok()).as_ref() == Some(&id) {
            facts.set_id_is_session();
        }
        let mut event = BatchEvent {
            id,
            name,
            pixel: to.optional_term(TermKind::Pixel, record.pixel),
            campaign: to.optional_term(TermKind::Campaign, record.campaign),
            funnel: to.optional_term(TermKind::Funnel, record.funnel),
            source: to.optional_term(TermKind::Source, record.source),
            page,
            session: joins.and_then(|session| to.see(session, &sighting)),
            at,
            seen_at: None,
            keys: self.person.keys,
            facts,
            flaws: self.flaws,
            value: self.value,
            currency: self.currency.map(|currency| to.term(TermKind::Currency, currency)),
            order: self.order_id.as_deref().map(order_key),
            ip: self.person.ip,
            agent: self.person.agent.map(|agent| to.term(TermKind::Agent, agent)),
            payload,
            content: 0,
            cursor: place.cursor,
            offset: place.offset,
        };
        // Before the browser is told: what we make of a user agent is not what the record says.
        event.content = fingerprint(&event, session, to);
        if let Some(agent) = event.agent {
            event.facts.set_browser(to.browser(agent));
        }
        event
    }
}

/// Equal for records that say the same, however they are spelled: of everything that is stored.
fn fingerprint(event: &BatchEvent, session: Option<&str>, to: &mut Builder<'_>) -> u64 {
    let mut bytes = std::mem::take(&mut to.scratch);
    bytes.clear();
    let mut add = |text: Option<&[u8]>| {
        // A length before each text, so that no two lists of texts are the same bytes.
        let length = text.map_or(u64::MAX, |text| u64::try_from(text.len()).unwrap_or(u64::MAX));
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(text.unwrap_or_default());
    };
    for term in [
        Some(event.name),
        event.pixel,
        event.campaign,
        event.funnel,
        event.source,
        event.currency,
        event.agent,
    ] {
        add(term.map(|term| to.terms.text(term).as_bytes()));
    }
    add(session.map(str::as_bytes));
    add(Some(&event.at.as_ms().to_le_bytes()));
    add(Some(&event.keys.to_mask().to_le_bytes()));
    add(Some(&event.facts.mask().to_le_bytes()));
    add(event.value.map(|value| value.to_string()).as_deref().map(str::as_bytes));
    match event.ip {
        Some(IpAddr::V4(ip)) => add(Some(&ip.octets())),
        Some(IpAddr::V6(ip)) => add(Some(&ip.octets())),
        None => add(None),
    }
    add(to.batch.payloads.get(event.payload.clone()));
    let content = short_hash(&bytes);
    to.scratch = bytes;
    content
}

/// A tag of an address, never 0: one of 65,535, so that it tells that two are alike and not which they are.
fn ip_tag(ip: IpAddr) -> u16 {
    let hash = match ip {
        IpAddr::V4(ip) => short_hash(&ip.octets()),
        // A household has a whole /64, and a phone a new address every day.
        IpAddr::V6(ip) => short_hash(ip.octets().get(..8).unwrap_or_default()),
    };
    let [low, high, ..] = hash.to_le_bytes();
    u16::from_le_bytes([low, high]).max(1)
}

fn order_key(id: &str) -> OrderKey {
    OrderKey::new(i64::from_be_bytes(short_hash(id.as_bytes()).to_be_bytes()))
}

fn text_or_number<'a>(field: &Field<'a, '_>) -> Option<Cow<'a, str>> {
    field.get()?.id().filter(|id| !is_blank(id))
}

fn is_true(field: &Field<'_, '_>) -> bool {
    field.get().is_some_and(|value| value.as_bool() == Some(true) || value.as_text() == Some("true"))
}

pub(super) fn consent(value: Option<Value<'_, '_>>) -> Consent {
    let Some(value) = value else { return Consent::Absent };
    match (value.as_bool(), value.as_text()) {
        (Some(true), _) => Consent::Granted,
        (Some(false), _) => Consent::Denied,
        (None, Some(text)) => match text.trim().to_ascii_lowercase().as_str() {
            "" => Consent::Absent,
            "granted" | "accepted" | "true" | "yes" => Consent::Granted,
            "denied" | "declined" | "false" | "pending" | "no" => Consent::Denied,
            _ => Consent::Unclear,
        },
        (None, None) => Consent::Unclear,
    }
}

fn limited_data_use(value: Option<Value<'_, '_>>) -> LimitedDataUse {
    let text = value.and_then(Value::as_text).map(|text| text.trim().to_ascii_lowercase());
    match (value.and_then(Value::as_bool), text.as_deref()) {
        (Some(true), _) | (_, Some("true")) => LimitedDataUse::Yes,
        (Some(false), _) | (_, Some("false")) => LimitedDataUse::No,
        _ => LimitedDataUse::Absent,
    }
}

#[cfg(test)]
#[path = "../tests/funnel.rs"]
mod tests;
