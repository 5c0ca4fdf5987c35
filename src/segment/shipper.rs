//! From the store's rows to the rows of segments.

use std::sync::Arc;

use serde::Serialize;

use super::line::{self, Said, Sight};
use super::{Kind, Row};
use crate::domain::{
    Batch, BatchEvent, BatchReceipt, CampaignId, EventName, IdGroup, LedgerRow, Leg, LogWord, Outcome,
    PixelCode, Place, Policy, SessionFacts, StoredEvent, Term, TimeMs,
};
use crate::reconcile::{Resolver, decide};
use crate::tiktok::answer::classify;

/// Where rows go that carry no time.
const TIMELESS: TimeMs = TimeMs::from_ms(0);

/// Makes segment rows of a host's rows.
#[derive(Debug)]
pub struct Shipper<'a> {
    policy: &'a Policy,
    resolver: Resolver<'a>,
    host: &'a str,
    /// Events up to here have had their grace, and what answered them is here if it ever comes.
    settled: TimeMs,
    rows: Vec<LedgerRow>,
}

/// A row as a segment holds it. A column that its view does not have is left out.
#[derive(Default, Serialize)]
struct Wire<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pixel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pixel_else: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'static str>,
    line: &'a str,
}

/// The pixel of an event as far as its host can tell.
struct Pixel {
    /// The record's own, else its campaign's.
    own: Option<PixelCode>,
    /// Where it has none and receipts name none or several: the config's only one.
    fallback: Option<PixelCode>,
}

impl<'a> Shipper<'a> {
    /// A shipper of `host`; `settled` is now less the grace period.
    #[must_use]
    pub fn new(policy: &'a Policy, host: &'a str, settled: TimeMs) -> Self {
        Self { policy, resolver: Resolver::new(policy), host, settled, rows: Vec::new() }
    }

    /// The row that tells how far this host has shipped, whatever else it has to tell.
    #[must_use]
    pub fn progress(&self) -> Row {
        self.fact("")
    }

    /// Makes rows of a batch, in its order. What is excluded stays on the host.
    ///
    /// # Errors
    /// What `take` returns.
    pub fn rows<E>(&mut self, batch: &Batch, take: &mut dyn FnMut(Row) -> Result<(), E>) -> Result<(), E> {
        let texts = Texts(batch);
        for session in &batch.sessions {
            // Events name their sessions by entries that say nothing.
            if says_anything(session) {
                take(session_row(session, texts))?;
            }
        }
        for event in &batch.events {
            if let Some(row) = self.event_row(event, texts) {
                take(row)?;
            }
        }
        for receipt in &batch.receipts {
            take(receipt_row(receipt, texts))?;
        }
        for word in &batch.elsewhere {
            take(self.fact(&log_line(*word, texts)))?;
        }
        Ok(())
    }

    fn fact(&self, line: &str) -> Row {
        let wire = Wire { host: Some(self.host), at_ms: Some(self.settled.as_ms()), line, ..Wire::default() };
        Row { kind: Kind::Facts, at: self.settled, json: json(&wire) }
    }

    fn event_row(&mut self, event: &BatchEvent, texts: Texts<'_>) -> Option<Row> {
        let (name, pixel) = self.judge(event, texts)?;
        let line = json(&event_line(event, texts, &event.id.to_string()));
        let session = texts.session(event.session);
        let text = |pixel: &Option<PixelCode>| pixel.as_ref().map_or("", PixelCode::as_str).to_owned();
        let wire = Wire {
            pixel: Some(&text(&pixel.own)),
            pixel_else: Some(&text(&pixel.fallback)),
            event: Some(name.as_str()),
            event_id: Some(&event.id.to_string()),
            session_id: Some(session.unwrap_or_default()),
            at_ms: Some(event.at.as_ms()),
            line: &line,
            ..Wire::default()
        };
        Some(Row { kind: Kind::Expected, at: event.at, json: json(&wire) })
    }

    /// TikTok's name and the pixel; `None`: excluded. Neither depends on receipts, which may lie on
    /// another host.
    fn judge(&mut self, event: &BatchEvent, texts: Texts<'_>) -> Option<(EventName, Pixel)> {
        let stored = stored(event, texts)?;
        let campaign = self.policy.campaign(stored.place.campaign.as_ref());
        let own = stored.pixel.clone().or_else(|| campaign.and_then(|campaign| campaign.pixel.clone()));
        let mut group = IdGroup {
            id: event.id.clone(),
            events: vec![stored],
            sessions: vec![None],
            receipts: Vec::new(),
            attempts: Vec::new(),
            claims: Vec::new(),
        };
        self.resolver.resolve(&mut group, &mut self.rows);
        let row = self.rows.first()?;
        let verdict = decide(row, self.policy, TimeMs::END);
        let name = row.name.clone().filter(|_| verdict.is_expected())?;
        let fallback = if own.is_some() { None } else { row.pixel.clone() };
        Some((name, Pixel { own, fallback }))
    }
}

/// The texts of a batch.
#[derive(Clone, Copy)]
struct Texts<'a>(&'a Batch);

impl<'a> Texts<'a> {
    fn arc(self, term: Option<Term>) -> Option<&'a Arc<str>> {
        let at = usize::try_from(term?.0).ok()?;
        self.0.terms.get(at).map(|(_, text)| text)
    }

    fn of(self, term: Option<Term>) -> Option<&'a str> {
        self.arc(term).map(|text| &**text)
    }

    fn session(self, number: Option<u32>) -> Option<&'a str> {
        let at = usize::try_from(number?).ok()?;
        self.0.sessions.get(at).map(|session| session.id.as_str())
    }
}

/// The event as the ledger would hold it; `None` if it has no name.
fn stored(event: &BatchEvent, texts: Texts<'_>) -> Option<StoredEvent> {
    Some(StoredEvent {
        name: EventName::from_store(texts.arc(Some(event.name))?),
        pixel: texts.arc(event.pixel).map(PixelCode::from_store),
        place: Arc::new(Place {
            campaign: texts.arc(event.campaign).map(CampaignId::from_store),
            source: texts.arc(event.source).cloned(),
            ..Place::default()
        }),
        landing: None,
        session: None,
        at: event.at,
        seen_at: event.seen_at.unwrap_or(event.at),
        keys: event.keys,
        facts: event.facts,
        flaws: event.flaws,
        value: event.value,
        order: event.order,
        contact: None,
        block: None,
        slot: 0,
        content: event.content,
        position: None,
    })
}

fn event_line<'a>(event: &BatchEvent, texts: Texts<'a>, id: &'a str) -> line::EventLine<'a> {
    let payload = texts.0.payloads.get(event.payload.clone()).unwrap_or_default();
    line::EventLine {
        r#type: line::EVENT,
        event_id: id,
        event: texts.of(Some(event.name)).unwrap_or_default(),
        pixel_id: texts.of(event.pixel),
        campaign_id: texts.of(event.campaign),
        funnel_id: texts.of(event.funnel),
        source: texts.of(event.source),
        page: texts.of(event.page),
        session_id: texts.session(event.session),
        at_ms: event.at.as_ms(),
        seen_ms: event.seen_at.unwrap_or(event.at).as_ms(),
        keys: event.keys.to_mask(),
        facts: event.facts.mask(),
        flaws: event.flaws.mask(),
        content: format!("{:016x}", event.content),
        value: event.value.map(|value| value.to_string()),
        currency: texts.of(event.currency),
        order_key: event.order.map(crate::domain::OrderKey::value),
        ip: event.ip.map(|ip| ip.to_string()),
        user_agent: texts.of(event.agent),
        // What the store wrote is JSON; what it did not write is not sent.
        payload: std::str::from_utf8(payload).unwrap_or_default(),
    }
}

fn receipt_row(receipt: &BatchReceipt, texts: Texts<'_>) -> Row {
    // What the request held is a matter for the audit of this host: no verdict depends on it.
    let BatchReceipt { id, name, pixel, leg, at, answer, test_code, request, sent: _, cursor: _, offset: _ } =
        receipt;
    let id = id.to_string();
    let event = texts.of(Some(*name)).unwrap_or_default();
    let line = json(&line::ReceiptLine {
        r#type: line::RECEIPT,
        event_id: &id,
        event,
        pixel_id: texts.of(*pixel),
        leg: line::leg(*leg),
        at_ms: at.map(TimeMs::as_ms),
        http_status: answer.http_status,
        code: Said::of(answer.code),
        timed_out: answer.timed_out,
        alone: answer.alone,
        claimed: answer.sender_claims_delivered,
        test_event_code: texts.of(*test_code),
        request_id: request.as_str(),
    });
    let class = class(receipt);
    let at = at.unwrap_or(TIMELESS);
    let wire = Wire {
        pixel: Some(texts.of(*pixel).unwrap_or_default()),
        event: Some(event),
        event_id: Some(&id),
        at_ms: Some(at.as_ms()),
        class,
        line: &line,
        ..Wire::default()
    };
    let kind = if class.is_none() { Kind::Delivered } else { Kind::Answered };
    Row { kind, at, json: json(&wire) }
}

/// What a receipt is that shows no acceptance; `None`: TikTok took the event.
fn class(receipt: &BatchReceipt) -> Option<&'static str> {
    match (receipt.leg, receipt.test_code) {
        (Leg::Browser, _) => Some("browser"),
        (Leg::Server, Some(_)) => Some("test"),
        (Leg::Server, None) => match classify(&receipt.answer) {
            Outcome::Accepted => None,
            Outcome::Refused(_) | Outcome::NotSent => Some("refused"),
            Outcome::Unknown | Outcome::Unverified => Some("unknown"),
        },
    }
}

fn says_anything(session: &SessionFacts) -> bool {
    let SessionFacts {
        id: _,
        landing,
        ttclid,
        ttp,
        email,
        phone,
        external_id,
        captured_at,
        paywall_at,
        denied_at,
        granted_at,
        ip_tag,
        // Of use only beside what requests held, which stays here.
        hints: _,
    } = session;
    landing.is_some()
        || ttclid.is_some()
        || ttp.is_some()
        || [email, phone, external_id].into_iter().any(Option::is_some)
        || [captured_at, paywall_at, denied_at, granted_at].into_iter().any(Option::is_some)
        || *ip_tag > 0
}

fn session_row(session: &SessionFacts, texts: Texts<'_>) -> Row {
    let at = session.landing.as_ref().map(|seen| seen.at);
    let line = json(&line::SessionLine {
        r#type: line::SESSION,
        session_id: session.id.as_str(),
        landing_ms: at.map(TimeMs::as_ms),
        landing_page: session.landing.as_ref().and_then(|seen| texts.of(seen.value)),
        ttclid: session.ttclid.as_ref().map(Sight::text),
        ttp: session.ttp.as_ref().map(Sight::text),
        email: session.email.as_ref().map(Sight::digest),
        phone: session.phone.as_ref().map(Sight::digest),
        external_id: session.external_id.as_ref().map(Sight::digest),
        captured_ms: session.captured_at.map(TimeMs::as_ms),
        paywall_ms: session.paywall_at.map(TimeMs::as_ms),
        denied_ms: session.denied_at.map(TimeMs::as_ms),
        granted_ms: session.granted_at.map(TimeMs::as_ms),
        ip_tag: session.ip_tag,
    });
    let wire = Wire { session_id: Some(session.id.as_str()), line: &line, ..Wire::default() };
    Row { kind: Kind::Sessions, at: at.unwrap_or(TIMELESS), json: json(&wire) }
}

fn log_line(word: LogWord, texts: Texts<'_>) -> String {
    match word {
        LogWord::Newest { pixel, leg, at } => json(&line::NewestLine {
            r#type: line::NEWEST,
            pixel_id: texts.of(pixel),
            leg: line::leg(leg),
            at_ms: at.as_ms(),
        }),
        LogWord::Consent { pixel, campaign } => json(&line::ConsentLine {
            r#type: line::CONSENT,
            pixel_id: texts.of(pixel),
            campaign_id: texts.of(campaign),
        }),
    }
}

/// Texts, numbers and flags under fixed names: nothing of it can fail to be JSON.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
