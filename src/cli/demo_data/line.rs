//! Visits as lines of the two logs.
//!
//! Written by hand into buffers that are used again, because benches want gigabytes of them.

use crate::domain::{Duration, TimeMs};

use super::PIXEL;
use super::faults::{Fate, fate};
use super::random::Random;
use super::visit::{Step, Visit};

/// The two logs as far as they are not flushed.
pub(super) struct Lines {
    pub(super) funnel: Vec<u8>,
    pub(super) delivery: Vec<u8>,
    pub(super) events: u64,
    pub(super) receipts: u64,
    end: TimeMs,
    day: Day,
}

/// A receipt's part that depends on what came back.
struct Answer {
    http_status: &'static str,
    code: Option<&'static str>,
    message: &'static str,
}

const ACCEPTED: Answer = answer("200", Some("0"), "OK");
const SYSTEM_ERROR: Answer = answer("200", Some("50000"), "System error");
const TOKEN_REFUSED: Answer = answer("401", Some("40105"), "Access token is incorrect or has been revoked.");
const THROTTLED: Answer = answer("200", Some("40100"), "Request too frequent, please try again later.");
const BAD_PARAMETER: Answer =
    answer("200", Some("40002"), "Invalid value for parameter: context.user.ttclid");
const GATEWAY_ERROR: Answer = answer("502", None, "Bad Gateway");

const fn answer(http_status: &'static str, code: Option<&'static str>, message: &'static str) -> Answer {
    Answer { http_status, code, message }
}

impl Lines {
    pub(super) const fn new(end: TimeMs) -> Self {
        Self { funnel: Vec::new(), delivery: Vec::new(), events: 0, receipts: 0, end, day: Day::new() }
    }

    /// Writes a visit's events and receipts; stops at `events_max` and at the end of the time.
    pub(super) fn write(&mut self, visit: &Visit, events_max: u64, random: &mut Random) {
        let shared = Shared::new(visit);
        let mut at = visit.start;
        let mut email_known = false;
        for &step in &visit.steps {
            if self.events >= events_max || at > self.end {
                return;
            }
            email_known |= step == Step::Email;
            let happening = Happening { id: random.uuid(), step, at, email_known };
            self.event(&shared, happening, random);
            if visit.campaign.source == "tiktok" {
                self.receipts(happening, random);
            }
            at = at.plus(Duration::from_ms(i64::try_from(2500 + random.below(55_000)).unwrap_or(0)));
        }
    }

    fn event(&mut self, shared: &Shared<'_>, happening: Happening, random: &mut Random) {
        let step = happening.step;
        let (name, _, page) = step.names();
        let on_pay_host = step.is_on_pay_host();
        let visit = shared.visit;
        let to = &mut self.funnel;
        to.extend_from_slice(br#"{"type":"funnel_event","event_id":""#);
        push_uuid(&happening.id, to);
        push_all(&[r#"","event":""#, name, r#"","occurred_at":""#], to);
        self.day.push_time(happening.at, to);
        to.extend_from_slice(&shared.ids);
        push_all(&[if on_pay_host { "pay" } else { "quiz" }, ".example.com/f/", visit.campaign.funnel], to);
        push_all(
            &["/", page, "?utm_source=", visit.campaign.source, "&utm_campaign=", visit.campaign.id],
            to,
        );
        let click: &[u8] = if on_pay_host && visit.loses_click { b"" } else { &visit.ttclid };
        if !click.is_empty() {
            to.extend_from_slice(b"&ttclid=");
            to.extend_from_slice(click);
        }
        push_all(&[r#"","referrer":""#, visit.campaign.referrer, r#""},"user":{"#], to);
        push_text("ttclid", click, to);
        push_text("ttp", &visit.ttp, to);
        if happening.email_known && !(on_pay_host && visit.loses_email) {
            push_text("email", visit.email.as_bytes(), to);
            push_text("phone", visit.phone.as_deref().unwrap_or_default().as_bytes(), to);
        }
        to.extend_from_slice(&shared.contact);
        push_properties(visit, step, random, to);
        to.extend_from_slice(b"}}\n");
        self.events += 1;
    }

    fn receipts(&mut self, happening: Happening, random: &mut Random) {
        let at = happening.at;
        // Only the payment pages log what their Pixel fired.
        if happening.step.is_on_pay_host() && random.chance(800) {
            self.receipt(happening.moved_to(later(at, 40, 900, random)), None, random);
        }
        let sent = happening.moved_to(later(at, 250, 2600, random));
        match fate(at, self.end, random) {
            Fate::NeverSent => {}
            Fate::AcceptedOnRetry => {
                self.receipt(sent, Some(&SYSTEM_ERROR), random);
                let again = sent.moved_to(later(sent.at, 60_000, 30_000, random));
                self.receipt(again, Some(&ACCEPTED), random);
            }
            Fate::Accepted => self.receipt(sent, Some(&ACCEPTED), random),
            Fate::TokenRefused => self.receipt(sent, Some(&TOKEN_REFUSED), random),
            Fate::Throttled => self.receipt(sent, Some(&THROTTLED), random),
            Fate::BadParameter => self.receipt(sent, Some(&BAD_PARAMETER), random),
            Fate::SystemError => self.receipt(sent, Some(&SYSTEM_ERROR), random),
            Fate::GatewayError => self.receipt(sent, Some(&GATEWAY_ERROR), random),
        }
    }

    /// Writes a receipt; without an answer it is the browser's. Nothing is logged after the end.
    fn receipt(&mut self, sent: Happening, answer: Option<&Answer>, random: &mut Random) {
        if sent.at > self.end {
            return;
        }
        let to = &mut self.delivery;
        to.extend_from_slice(br#"{"type":"delivery","event_id":""#);
        push_uuid(&sent.id, to);
        let channel = if answer.is_some() { "events_api" } else { "pixel" };
        push_all(
            &[r#"","event":""#, sent.step.names().1, r#"","pixel_id":""#, PIXEL, r#"","channel":""#],
            to,
        );
        push_all(&[channel, r#"","sent_at":""#], to);
        self.day.push_time(sent.at, to);
        if let Some(Answer { http_status, code, message }) = answer {
            push_all(&[r#"","http_status":"#, http_status, r#","code":"#, code.unwrap_or("null")], to);
            push_all(&[r#","message":""#, message, r#"","request_id":""#], to);
            self.day.push_digits(to);
            push_hex_upper(random.next(), to);
        }
        to.extend_from_slice(b"\"}\n");
        self.receipts += 1;
    }
}

/// The parts of a visit's lines that are the same on each, made once.
struct Shared<'a> {
    visit: &'a Visit,
    ids: Vec<u8>,
    contact: Vec<u8>,
}

/// What differs from line to line.
#[derive(Clone, Copy)]
struct Happening {
    id: [u8; 16],
    step: Step,
    at: TimeMs,
    email_known: bool,
}

impl Happening {
    const fn moved_to(self, at: TimeMs) -> Self {
        Self { at, ..self }
    }
}

impl<'a> Shared<'a> {
    fn new(visit: &'a Visit) -> Self {
        let mut ids = Vec::with_capacity(256);
        let campaign = &visit.campaign;
        ids.extend_from_slice(br#"","session_id":""#);
        push_uuid(&visit.id, &mut ids);
        push_all(&[r#"","funnel_id":""#, campaign.funnel, r#"","campaign_id":""#, campaign.id], &mut ids);
        push_all(&[r#"","source":""#, campaign.source, r#"","pixel_id":""#, PIXEL], &mut ids);
        push_all(&[r#"","page":{"url":"https://"#], &mut ids);
        let mut contact = Vec::with_capacity(256);
        contact.extend_from_slice(br#""ip":""#);
        let [first, second, third, last] = visit.ip;
        contact.extend_from_slice(format!("{first}.{second}.{third}.{last}").as_bytes());
        push_all(&[r#"","user_agent":""#, visit.agent, r#"","external_id":""#], &mut contact);
        push_uuid(&visit.id, &mut contact);
        contact.extend_from_slice(br#""},"properties":{"#);
        Self { visit, ids, contact }
    }
}

fn push_properties(visit: &Visit, step: Step, random: &mut Random, to: &mut Vec<u8>) {
    let currency = visit.campaign.currency;
    match step {
        Step::Landing | Step::Paywall | Step::Lead => {
            push_all(&[r#""variant":""#, random.pick(&["a", "b"]), "\""], to);
        }
        Step::Question(index) => {
            push_all(&[r#""page_index":"#, small_digit(index), r#","answer":"option_"#], to);
            push_all(&[small_digit(random.below(5)), r#"","variant":"a""#], to);
        }
        Step::Email => push_all(&[r#""opt_in":true"#], to),
        Step::Trial | Step::Subscribed => {
            push_all(&[r#""value":0,"currency":""#, currency, "\""], to);
        }
        Step::Checkout | Step::Method | Step::Failed | Step::Paid => {
            let (content, title, price) = visit.plan;
            push_all(&[r#""value":"#, price, r#","currency":""#, currency], to);
            push_all(
                &[r#"","content_type":"product","num_items":1,"contents":[{"content_id":""#, content],
                to,
            );
            push_all(&[r#"","content_name":""#, title, r#"","quantity":1,"price":"#, price, "}]"], to);
            if matches!(step, Step::Failed | Step::Paid) {
                to.extend_from_slice(br#","order_id":"ord_"#);
                random.push_text(14, to);
                to.push(b'"');
            }
        }
    }
}

const fn small_digit(number: u64) -> &'static str {
    match number {
        0 => "0",
        1 => "1",
        2 => "2",
        3 => "3",
        _ => "4",
    }
}

fn push_all(texts: &[&str], to: &mut Vec<u8>) {
    for text in texts {
        to.extend_from_slice(text.as_bytes());
    }
}

/// A text field and a comma; nothing when the text is empty.
fn push_text(name: &str, text: &[u8], to: &mut Vec<u8>) {
    if !text.is_empty() {
        push_all(&["\"", name, "\":\""], to);
        to.extend_from_slice(text);
        to.extend_from_slice(b"\",");
    }
}

fn push_uuid(bytes: &[u8; 16], to: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            to.push(b'-');
        }
        to.extend(HEX.get(usize::from(byte >> 4)));
        to.extend(HEX.get(usize::from(byte & 15)));
    }
}

fn push_hex_upper(number: u64, to: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in number.to_be_bytes() {
        to.extend(HEX.get(usize::from(byte >> 4)));
        to.extend(HEX.get(usize::from(byte & 15)));
    }
}

/// `at` and between `least` and `least + spread` milliseconds.
fn later(at: TimeMs, least: u64, spread: u64, random: &mut Random) -> TimeMs {
    at.plus(Duration::from_ms(i64::try_from(least + random.below(spread)).unwrap_or(0)))
}

/// Writes times; formats a date only when it changes.
struct Day {
    number: i64,
    /// `2026-11-20T`; empty before the first.
    date: String,
    /// `20261120`.
    digits: String,
}

const DAY_MS: i64 = 86_400_000;

impl Day {
    const fn new() -> Self {
        Self { number: i64::MIN, date: String::new(), digits: String::new() }
    }

    fn push_time(&mut self, at: TimeMs, to: &mut Vec<u8>) {
        let number = at.as_ms().div_euclid(DAY_MS);
        if number != self.number {
            let text = TimeMs::from_ms(number * DAY_MS).to_string();
            self.number = number;
            text.split_inclusive('T').next().unwrap_or_default().clone_into(&mut self.date);
            self.digits = self.date.chars().filter(char::is_ascii_digit).collect();
        }
        let ms = at.as_ms().rem_euclid(DAY_MS);
        to.extend_from_slice(self.date.as_bytes());
        push_number(ms / 3_600_000, 10, to);
        to.push(b':');
        push_number(ms / 60_000 % 60, 10, to);
        to.push(b':');
        push_number(ms / 1000 % 60, 10, to);
        to.push(b'.');
        push_number(ms % 1000, 100, to);
        to.push(b'Z');
    }

    /// The date of the last time written, as eight digits.
    fn push_digits(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(self.digits.as_bytes());
    }
}

/// A number in decimal, from the digit worth `unit` on.
fn push_number(number: i64, unit: i64, to: &mut Vec<u8>) {
    let mut unit = unit;
    while unit > 0 {
        to.push(b'0' + u8::try_from(number / unit % 10).unwrap_or(0));
        unit /= 10;
    }
}
