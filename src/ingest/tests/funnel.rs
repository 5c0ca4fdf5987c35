use super::*;
use crate::domain::{Batch, KeySet, Policy, Term};
use crate::ingest::formats::Spellings;
use crate::ingest::json::Tape;
use crate::tiktok::normalise;
use crate::tiktok::payload::Stored;

/// One record's row in its batch.
fn row(line: &str) -> Batch {
    let policy = Policy::default();
    let mut to = Builder::new(&policy);
    let mut tape = Tape::default();
    let record = tape.parse(line).unwrap();
    read(&Outline::of(record, &mut Spellings::default()), &mut to).unwrap();
    to.take()
}

fn text(batch: &Batch, term: Option<Term>) -> Option<&str> {
    term.map(|term| &*batch.terms[usize::try_from(term.0).unwrap()].1)
}

fn stored(batch: &Batch) -> Stored {
    Stored::read(&batch.payloads[batch.events[0].payload.clone()]).unwrap()
}

const FULL: &str = r#"{"type":"funnel_event","event_id":"530e0e61-18e9-485e-a8bf-f9ea304d9f96","event":"payment_succeeded",
 "occurred_at":"2026-11-20T12:34:56.789Z","session_id":"ac17064d","funnel_id":"46","campaign_id":"12",
 "source":"tiktok","pixel_id":"C4A1","consent":"granted","limited_data_use":false,
 "page":{"url":"https://quiz.example.com/f/46?utm_source=tiktok&ttclid=E.C.P.abc","referrer":"https://www.tiktok.com/"},
 "user":{"email":"a@b.example","phone":"+12133734253","external_id":"Ext","ttclid":"E.C.P.abc","ttp":"2F7habcdef","ip":"95.104.11.250","user_agent":"Mozilla/5.0","locale":"en-US"},
 "properties":{"value":9.90,"currency":"usd","content_type":"product","num_items":1,"order_id":"O-1",
   "contents":[{"content_id":"plan_1m","content_name":"1 month","quantity":1,"price":9.90}]}}"#;

const FLAT: &str = r#"{"eventId":"530e0e61-18e9-485e-a8bf-f9ea304d9f96","event_name":"payment_succeeded","ts":1795178096789,
 "app_user_id":"ac17064d","funnelId":46,"campaignId":12,"source":"tiktok","event_source_id":"C4A1","consent":true,"limitedDataUse":"false",
 "page_location":"https://quiz.example.com/f/46?utm_source=tiktok&ttclid=E.C.P.abc","referrer":"https://www.tiktok.com/",
 "email":["A@b.example "],"phone":"+1 213 373 4253","externalId":["Ext"],"ttclid":"E.C.P.abc","_ttp":"2F7habcdef","client_ip_address":"95.104.11.250","userAgent":"Mozilla/5.0","locale":"en-US",
 "value":"9.90","currency":"usd","contentType":"product","numItems":"1","transaction_id":"O-1",
 "contents":[{"price":"9.90","quantity":1,"contentName":"1 month","contentId":"plan_1m"}]}"#;

#[test]
fn every_field_of_a_record_is_kept() {
    let batch = row(FULL);
    let event = &batch.events[0];
    assert_eq!(event.id.to_string(), "530e0e61-18e9-485e-a8bf-f9ea304d9f96");
    assert_eq!(text(&batch, Some(event.name)), Some("payment_succeeded"), "as logged");
    assert_eq!(text(&batch, event.pixel), Some("C4A1"));
    assert_eq!(text(&batch, event.campaign), Some("12"));
    assert_eq!(text(&batch, event.funnel), Some("46"));
    assert_eq!(text(&batch, event.source), Some("tiktok"));
    assert_eq!(text(&batch, event.page), Some("quiz.example.com/f/46"));
    assert_eq!(text(&batch, event.agent), Some("Mozilla/5.0"));
    assert_eq!(text(&batch, event.currency), Some("usd"));
    assert_eq!(event.at.to_string(), "2026-11-20T12:34:56.789Z");
    assert_eq!(event.value.unwrap().to_string(), "9.90", "the digits as logged");
    assert_eq!(event.ip.unwrap().to_string(), "95.104.11.250");
    assert!(event.order.is_some());
    assert_eq!((event.keys.present, event.keys.valid), (KeySet::from_mask(0x7f), KeySet::from_mask(0x7f)));
    let facts = event.facts;
    assert_eq!((facts.consent(), facts.limited_data_use()), (Consent::Granted, LimitedDataUse::No));
    assert!(facts.has_url() && facts.url_has_ttclid() && facts.referrer_is_tiktok() && facts.utm_is_tiktok());
    assert!(facts.has_contents() && facts.content_ids_good() && facts.content_type_product());
    assert!(!facts.is_test() && !facts.has_path_only() && !facts.value_not_number());
    let stored = stored(&batch);
    assert_eq!(stored.email, [normalise::email("a@b.example").unwrap()]);
    assert_eq!(stored.external_id, [normalise::external_id("Ext").unwrap()]);
    assert_eq!(stored.contents[0].price.unwrap().to_string(), "9.90");
    assert_eq!((stored.num_items, stored.order_id.as_deref()), (Some(1), Some("O-1")));
    let session = &batch.sessions[0];
    assert_eq!(session.id.as_str(), "ac17064d");
    assert_eq!(session.ttclid.as_ref().unwrap().value.as_ref(), "E.C.P.abc");
    assert_eq!(session.granted_at, Some(event.at));
    let raw = String::from_utf8_lossy(&batch.payloads);
    for personal in ["a@b.example", "2133734253", "\"Ext\"", "95.104", "Mozilla"] {
        assert!(!raw.contains(personal), "{personal}");
    }
}

#[test]
fn another_spelling_of_the_same_is_the_same() {
    let (full, flat) = (row(FULL), row(FLAT));
    assert_eq!(full.payloads, flat.payloads);
    assert_eq!(full.events[0].content, flat.events[0].content);
    assert_eq!(full.events[0].order, flat.events[0].order);
    for (part, other) in
        [("9.90", "9.91"), ("E.C.P.abc", "E.C.P.abd"), ("granted", "denied"), ("\"46\"", "\"47\"")]
    {
        assert_ne!(row(&FULL.replace(part, other)).events[0].content, full.events[0].content, "{part}");
    }
}

fn with(fields: &str) -> Batch {
    row(&format!(r#"{{"event_id":"e","event":"lead","ts":1795178096{fields}}}"#))
}

#[test]
fn the_session_stands_in_for_an_external_id_but_is_not_counted() {
    let batch = with(r#","session_id":" S1 ""#);
    assert_eq!(stored(&batch).external_id, [normalise::external_id("S1").unwrap()]);
    assert!(batch.events[0].keys.present.is_empty() && batch.events[0].keys.valid.is_empty());
    assert!(batch.sessions[0].external_id.is_none());
    let placeholder = with(r#","session_id":"undefined""#);
    assert!(stored(&placeholder).external_id.is_empty());
    assert!(placeholder.events[0].facts.session_is_placeholder());
    assert_eq!((placeholder.events[0].session, placeholder.sessions.len()), (None, 0), "it joins nothing");
}

#[test]
fn consent_is_read_strictly() {
    for (logged, consent) in [
        (r#""granted""#, Consent::Granted),
        (r#""Accepted""#, Consent::Granted),
        ("true", Consent::Granted),
        (r#""yes""#, Consent::Granted),
        (r#""denied""#, Consent::Denied),
        (r#""declined""#, Consent::Denied),
        (r#""pending""#, Consent::Denied),
        ("false", Consent::Denied),
        ("null", Consent::Absent),
        (r#""""#, Consent::Absent),
        (r#""maybe""#, Consent::Unclear),
        ("1", Consent::Unclear),
        (r#"{"ads":true}"#, Consent::Unclear),
    ] {
        assert_eq!(with(&format!(r#","consent":{logged}"#)).events[0].facts.consent(), consent, "{logged}");
    }
}

#[test]
fn nothing_is_taken_from_a_denied_event() {
    let batch = with(r#","session_id":"s","consent":"denied","ttclid":"E.C.P.abc","email":"a@b.example""#);
    let session = &batch.sessions[0];
    assert!(session.ttclid.is_none() && session.email.is_none());
    assert_eq!(session.denied_at, Some(batch.events[0].at));
}

#[test]
fn a_value_that_is_no_number_is_told() {
    let value = |logged: &str| {
        let batch = with(&format!(r#","properties":{{"value":{logged}}}"#));
        let event = &batch.events[0];
        (event.value.map(|value| value.to_string()), event.facts.value_not_number())
    };
    assert_eq!(value("12.50"), (Some("12.50".into()), false));
    assert_eq!(value("\"12.50\""), (Some("12.50".into()), false));
    assert_eq!(value("12345678901234567890.12"), (Some("12345678901234567890.12".into()), false));
    for bad in ["\"$9\"", "\"9,99\"", "true", "{}", "\"\""] {
        assert_eq!(value(bad), (None, true), "{bad}");
    }
    assert_eq!(value("null"), (None, false));
}

#[test]
fn pages_may_be_paths_and_are_redacted() {
    let batch = with(r#","page_location":"/f/46/paywall?email=a@b.example&x=1","session_id":"s""#);
    let facts = batch.events[0].facts;
    assert!(facts.has_path_only() && !facts.has_url());
    assert_eq!(text(&batch, batch.events[0].page), Some("/f/46/paywall"));
    assert!(!stored(&batch).url.unwrap().contains("a@b"));
    assert_eq!(batch.sessions[0].landing.as_ref().unwrap().value, batch.events[0].page);
    let none = with(r#","page":{"url":"javascript:x"}"#);
    assert!(!none.events[0].facts.has_url());
}

#[test]
fn optional_fields_of_the_wrong_type_are_absent() {
    let batch = with(
        r#","user":7,"page":[],"properties":"x","campaign_id":{},"pixel_id":true,"session_id":[],"currency":5,"contents":{"a":1},"num_items":"many""#,
    );
    let event = &batch.events[0];
    assert!(event.keys.present.is_empty() && event.campaign.is_none() && event.pixel.is_none());
    assert!(event.session.is_none() && event.currency.is_none() && !event.facts.has_contents());
}

#[test]
fn a_product_id_alone_is_a_list_of_one() {
    let batch = with(r#","product_id":"p1","value":5"#);
    assert!(batch.events[0].facts.has_contents() && batch.events[0].facts.content_ids_good());
    assert_eq!(stored(&batch).contents[0].content_id.as_deref(), Some("p1"));
    let bad = with(r#","contents":[{"content_id":"a"},{"content_id":" "}]"#);
    assert!(bad.events[0].facts.has_contents() && !bad.events[0].facts.content_ids_good());
    for mark in [r#""test":true"#, r#""is_test":true"#, r#""isTest":"true""#] {
        assert!(with(&format!(",{mark}")).events[0].facts.is_test(), "{mark}");
    }
}

#[test]
fn steps_of_the_funnel_are_remembered_whatever_their_spelling() {
    let step = |name: &str| {
        let batch = row(&format!(r#"{{"event_id":"e","event":"{name}","ts":1795178096,"session_id":"s"}}"#));
        let session = &batch.sessions[0];
        (session.captured_at.is_some(), session.paywall_at.is_some())
    };
    assert_eq!(step("email_captured"), (true, false));
    assert_eq!(step("Email captured"), (true, false));
    assert_eq!(step("checkoutPresented"), (false, true));
    assert_eq!(step("lead"), (false, false));
}
