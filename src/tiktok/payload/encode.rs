//! The form of an event that is sent: closed schema, every value judged.

use std::borrow::Cow;
use std::net::IpAddr;

use super::json::Writer;
use super::{EventObject, Stored, StoredContent};
use crate::domain::{Amount, EventId, EventName, LimitedDataUse, TimeMs, Unsendable};
use crate::tiktok::event_map::{self, Value};
use crate::tiktok::page::absolute_url;
use crate::tiktok::{currency, validity};

/// An event ready to be sent: everything that `encode` needs.
#[derive(Clone, Debug)]
pub struct Sendable<'a> {
    /// TikTok's name.
    pub name: &'a EventName,
    /// The id.
    pub id: &'a EventId,
    /// The event's own time.
    pub at: TimeMs,
    /// The payload, match keys filled in where the policy says so.
    pub payload: &'a Stored,
    /// The visitor's IP address.
    pub ip: Option<IpAddr>,
    /// The visitor's user agent.
    pub user_agent: Option<&'a str>,
    /// The campaign's origin, which a path is joined to.
    pub origin: Option<&'a str>,
}

/// Makes the event object: closed schema, currency in upper case, money as JSON numbers exactly as
/// logged, `Subscribe` and `StartTrial` with value 0, empty and bad optional values left out.
///
/// Where TikTok's page allows a string or an array (email, phone, external id), it is always an array.
/// A CompletePayment with contents says `content_type` "product" where the log does not say
/// `product_group`, because the integration always does (product 3.1). No other value is made up.
///
/// # Errors
/// [`Unsendable`] when the event lacks what TikTok needs: an absolute URL, money on a valued event, a
/// match key, an IP address under limited data use.
pub fn encode(event: &Sendable<'_>) -> Result<EventObject, Unsendable> {
    let stored = event.payload;
    let url =
        stored.url.as_deref().and_then(|url| absolute_url(url, event.origin)).ok_or(Unsendable::NoUrl)?;
    let money = Money::of(event)?;
    let user = User::of(event);
    if user.is_empty() {
        return Err(Unsendable::NoMatchKey);
    }
    let limited = match stored.limited_data_use {
        LimitedDataUse::Absent => None,
        LimitedDataUse::No => Some(false),
        LimitedDataUse::Yes if user.ip.is_none() => return Err(Unsendable::LimitedWithoutIp),
        LimitedDataUse::Yes => Some(true),
    };
    let mut bytes = Vec::with_capacity(1024);
    Writer::object(&mut bytes, |to| {
        to.text("event", Some(event.name.as_str()));
        to.number("event_time", Some(event.at.as_secs()));
        to.text("event_id", Some(&event.id.to_string()));
        to.section("user", |to| user.write(to));
        to.section("page", |to| {
            to.text("url", Some(&url));
            to.text("referrer", stored.referrer.as_deref().filter(|url| url::Url::parse(url).is_ok()));
        });
        to.section("properties", |to| write_properties(event, &money, to));
        to.flag("limited_data_use", limited);
    });
    Ok(EventObject::from_json(&bytes))
}

/// The match keys that are fit to be sent.
struct User<'a> {
    stored: &'a Stored,
    ttclid: Option<&'a str>,
    ttp: Option<&'a str>,
    ip: Option<IpAddr>,
    agent: Option<&'a str>,
}

impl<'a> User<'a> {
    fn of(event: &Sendable<'a>) -> Self {
        let stored = event.payload;
        Self {
            stored,
            ttclid: stored.ttclid.as_deref().filter(|ttclid| validity::is_ttclid(ttclid)),
            ttp: stored.ttp.as_deref().filter(|ttp| validity::is_ttp(ttp)),
            ip: event.ip.map(|ip| ip.to_canonical()).filter(|ip| validity::is_public(*ip)),
            agent: event
                .user_agent
                .filter(|agent| !validity::is_placeholder(agent) && !validity::is_library_agent(agent)),
        }
    }

    fn is_empty(&self) -> bool {
        self.ttclid.is_none()
            && self.ttp.is_none()
            && self.stored.email.is_empty()
            && self.stored.phone.is_empty()
            && self.stored.external_id.is_empty()
            && self.ip.is_none()
            && self.agent.is_none()
    }

    fn write(&self, to: &mut Writer<'_>) {
        to.text("ttclid", self.ttclid);
        to.text("ttp", self.ttp);
        to.digests("email", &self.stored.email);
        to.digests("phone", &self.stored.phone);
        to.digests("external_id", &self.stored.external_id);
        to.text("ip", self.ip.map(|ip| ip.to_string()).as_deref());
        to.text("user_agent", self.agent);
        to.text("locale", self.stored.locale.as_deref().filter(|locale| is_locale(locale)));
    }
}

/// What is said of money.
#[derive(Default)]
struct Money<'a> {
    value: Option<Amount>,
    currency: Option<Cow<'a, str>>,
}

impl<'a> Money<'a> {
    /// By the event map: needed, zero, or both only if both are good. TikTok takes no sign (facts 2).
    fn of(event: &Sendable<'a>) -> Result<Self, Unsendable> {
        let stored = event.payload;
        let value = stored.value.filter(|value| !value.is_negative());
        let currency = stored.currency.as_deref().and_then(supported);
        let rule = event_map::fact(event.name.as_str()).map_or(Value::None, |fact| fact.value);
        match (rule, value, currency) {
            (Value::Zero, _, currency) => Ok(Self { value: Some(Amount::ZERO), currency }),
            (Value::Needed | Value::None, Some(value), Some(currency)) => {
                Ok(Self { value: Some(value), currency: Some(currency) })
            }
            (Value::Needed, _, _) => Err(Unsendable::Money),
            (Value::None, _, _) => Ok(Self::default()),
        }
    }
}

/// A currency in upper case, if TikTok takes it.
fn supported(currency: &str) -> Option<Cow<'_, str>> {
    let currency = currency.trim();
    let upper = if currency.bytes().any(|c| c.is_ascii_lowercase()) {
        Cow::Owned(currency.to_ascii_uppercase())
    } else {
        Cow::Borrowed(currency)
    };
    currency::is_supported(&upper).then_some(upper)
}

fn write_properties(event: &Sendable<'_>, money: &Money<'_>, to: &mut Writer<'_>) {
    let stored = event.payload;
    let is_purchase = event_map::is_purchase(event.name) && !stored.contents.is_empty();
    let content_type = stored
        .content_type
        .as_deref()
        .filter(|kind| matches!(*kind, "product" | "product_group"))
        .or(is_purchase.then_some("product"));
    to.number("value", money.value);
    to.text("currency", money.currency.as_deref());
    to.objects("contents", stored.contents.iter(), write_content);
    to.text("content_type", content_type);
    to.number("num_items", stored.num_items.filter(|count| *count >= 0));
    to.text("order_id", meant(stored.order_id.as_deref()));
    to.text("description", meant(stored.description.as_deref()));
    to.text("search_string", meant(stored.search_string.as_deref()));
}

fn write_content(content: &StoredContent, to: &mut Writer<'_>) {
    to.text("content_id", meant(content.content_id.as_deref()));
    to.text("content_name", meant(content.content_name.as_deref()));
    to.text("content_category", meant(content.content_category.as_deref()));
    to.text("brand", meant(content.brand.as_deref()));
    to.number("quantity", content.quantity.filter(|count| *count > 0));
    to.number("price", content.price.filter(|price| !price.is_negative()));
}

/// A text that is more than white space.
fn meant(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}

/// Whether a text has the shape of a BCP 47 tag, which TikTok's own sample writes with `_`.
fn is_locale(text: &str) -> bool {
    (2..=35).contains(&text.len())
        && text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
        && !validity::is_placeholder(text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::domain::Digest;
    use crate::tiktok::payload::{Content, Parts, write_stored};

    const URL: &str = "https://quiz.example.com/f/46?ttclid=E.C.P.x";

    fn stored(parts: &Parts<'_>) -> Stored {
        let mut bytes = Vec::new();
        write_stored(parts, &mut bytes);
        Stored::read(&bytes).unwrap()
    }

    fn sent(name: &str, payload: &Stored) -> Result<String, Unsendable> {
        encode(&Sendable {
            name: &EventName::parse(name).unwrap(),
            id: &EventId::parse("273196").unwrap(),
            at: TimeMs::from_ms(1_763_642_096_789),
            payload,
            ip: None,
            user_agent: None,
            origin: None,
        })
        .map(|object| object.as_json().to_owned())
    }

    fn purchase<'a>() -> Parts<'a> {
        Parts {
            ttclid: Some("E.C.P.x"),
            url: Some(URL),
            value: Amount::parse("39.90"),
            currency: Some("usd"),
            ..Parts::default()
        }
    }

    #[test]
    fn a_whole_event_has_the_closed_schema() {
        let digest = [Digest::from_bytes([1; 32]), Digest::from_bytes([2; 32])];
        let parts = Parts {
            ttp: Some("2F7h37YkS1j57AYSKTI7IHhJPYH"),
            email: &digest,
            phone: &digest[..1],
            external_id: &digest[1..],
            locale: Some("en-US"),
            referrer: Some("https://www.tiktok.com/"),
            num_items: Some(1),
            order_id: Some("ORD_1"),
            description: Some("1 month"),
            search_string: Some("shoes"),
            contents: vec![Content {
                content_id: Some("plan_1m"),
                content_name: Some("1 \"month\""),
                content_category: Some("plans"),
                brand: Some("b"),
                quantity: Some(1),
                price: Amount::parse("39.90"),
            }],
            limited_data_use: LimitedDataUse::Yes,
            ..purchase()
        };
        let object = encode(&Sendable {
            name: &EventName::parse("CompletePayment").unwrap(),
            id: &EventId::parse("530e0e61-18e9-485e-a8bf-f9ea304d9f96").unwrap(),
            at: TimeMs::from_ms(1_763_642_096_789),
            payload: &stored(&parts),
            ip: Some("95.104.11.250".parse().unwrap()),
            user_agent: Some("Mozilla/5.0"),
            origin: None,
        })
        .unwrap();
        let [one, two] = digest.map(|digest| digest.to_hex());
        let text = object.as_json();
        assert!(text.contains(r#""value":39.90,"#) && text.contains(r#""price":39.90"#), "digits as logged");
        assert_eq!(
            serde_json::from_str::<Json>(text).unwrap(),
            json!({
                "event": "CompletePayment", "event_time": 1_763_642_096, "event_id": "530e0e61-18e9-485e-a8bf-f9ea304d9f96",
                "user": {
                    "ttclid": "E.C.P.x", "ttp": "2F7h37YkS1j57AYSKTI7IHhJPYH", "email": [one, two], "phone": [one],
                    "external_id": [two], "ip": "95.104.11.250", "user_agent": "Mozilla/5.0", "locale": "en-US",
                },
                "page": { "url": URL, "referrer": "https://www.tiktok.com/" },
                "properties": {
                    "value": 39.9, "currency": "USD", "content_type": "product", "num_items": 1, "order_id": "ORD_1",
                    "description": "1 month", "search_string": "shoes",
                    "contents": [{ "content_id": "plan_1m", "content_name": "1 \"month\"", "content_category": "plans",
                        "brand": "b", "quantity": 1, "price": 39.9 }],
                },
                "limited_data_use": true,
            })
        );
        assert!(!format!("{object:?}").contains("95.104"));
    }

    #[test]
    fn the_id_is_a_string_and_the_time_whole_seconds() {
        let text = sent("PageView", &stored(&purchase())).unwrap();
        assert!(
            text.starts_with(r#"{"event":"PageView","event_time":1763642096,"event_id":"273196","#),
            "{text}"
        );
    }

    #[test]
    fn money_follows_the_event_map() {
        let of = |name: &str, value: Option<&str>, currency: Option<&'static str>| {
            let value = value.map(|value| Amount::parse(value).unwrap());
            sent(name, &stored(&Parts { value, currency, ..purchase() })).map(|text| {
                let properties = text.split_once(r#""properties":"#).map_or("{}", |(_, rest)| rest);
                properties.trim_end_matches('}').trim_start_matches('{').to_owned()
            })
        };
        let (usd, xyz) = (Some("usd"), Some("XYZ"));
        let valued = |value: &str| Ok(format!(r#""value":{value},"currency":"USD""#));
        for name in ["CompletePayment", "AddPaymentInfo", "InitiateCheckout", "PaymentFailed"] {
            assert_eq!(of(name, Some("0.00"), usd), valued("0.00"), "{name}");
            for (value, currency) in [(None, usd), (Some("1"), None), (Some("1"), xyz), (Some("-1"), usd)] {
                assert_eq!(
                    of(name, value, currency),
                    Err(Unsendable::Money),
                    "{name} {value:?} {currency:?}"
                );
            }
        }
        for name in ["StartTrial", "Subscribe"] {
            assert_eq!(of(name, Some("9.99"), usd), valued("0"), "{name}");
            assert_eq!(of(name, None, xyz), Ok(r#""value":0"#.to_owned()), "{name}");
        }
        for name in ["Lead", "ViewContent"] {
            assert_eq!(
                of(name, Some("12345678901234567890.12"), Some(" eur ")),
                Ok(r#""value":12345678901234567890.12,"currency":"EUR""#.to_owned())
            );
            for (value, currency) in [(None, usd), (Some("1"), None), (Some("1"), xyz), (Some("-1"), usd)] {
                assert_eq!(of(name, value, currency), Ok(String::new()), "{name} {value:?} {currency:?}");
            }
        }
    }

    #[test]
    fn an_event_without_what_tiktok_needs_is_not_sent() {
        let of = |parts: Parts<'_>| sent("PageView", &stored(&parts)).map(|_| ());
        assert_eq!(of(purchase()), Ok(()));
        for url in [None, Some("/f/46"), Some("not a url"), Some("ftp://e.example/")] {
            assert_eq!(of(Parts { url, ..purchase() }), Err(Unsendable::NoUrl), "{url:?}");
        }
        for ttclid in [None, Some("null"), Some("__CLICKID__")] {
            assert_eq!(of(Parts { ttclid, ..purchase() }), Err(Unsendable::NoMatchKey), "{ttclid:?}");
        }
        let limited_data_use = LimitedDataUse::Yes;
        assert_eq!(of(Parts { limited_data_use, ..purchase() }), Err(Unsendable::LimitedWithoutIp));
        assert_eq!(of(Parts { limited_data_use: LimitedDataUse::No, ..purchase() }), Ok(()));
    }

    #[test]
    fn bad_optional_values_are_left_out() {
        let payload = stored(&Parts {
            ttp: Some("undefined"),
            locale: Some("English, please"),
            url: Some("/f/46"),
            referrer: Some("(direct)"),
            content_type: Some("socks"),
            num_items: Some(-1),
            order_id: Some("  "),
            contents: vec![Content { quantity: Some(0), price: Amount::parse("-1"), ..Content::default() }],
            ..purchase()
        });
        let object = encode(&Sendable {
            name: &EventName::parse("PageView").unwrap(),
            id: &EventId::parse("x").unwrap(),
            at: TimeMs::from_ms(999),
            payload: &payload,
            ip: Some("10.0.0.1".parse().unwrap()),
            user_agent: Some("axios/1.6"),
            origin: Some("https://quiz.example.com"),
        })
        .unwrap();
        assert_eq!(
            serde_json::from_str::<Json>(object.as_json()).unwrap(),
            json!({
                "event": "PageView", "event_time": 0, "event_id": "x", "user": { "ttclid": "E.C.P.x" },
                "page": { "url": "https://quiz.example.com/f/46" },
                "properties": { "value": 39.9, "currency": "USD" },
            })
        );
    }

    #[test]
    fn only_a_purchase_with_contents_gets_a_content_type() {
        let item = || vec![Content { content_id: Some("a"), ..Content::default() }];
        let of = |name: &str, parts: &Parts<'_>| {
            let sent: Json = serde_json::from_str(&sent(name, &stored(parts)).unwrap()).unwrap();
            sent["properties"]["content_type"].clone()
        };
        assert_eq!(of("CompletePayment", &Parts { contents: item(), ..purchase() }), json!("product"));
        assert_eq!(of("CompletePayment", &purchase()), Json::Null);
        assert_eq!(of("AddPaymentInfo", &Parts { contents: item(), ..purchase() }), Json::Null);
        let group = Some("product_group");
        assert_eq!(
            of("CompletePayment", &Parts { content_type: group, contents: item(), ..purchase() }),
            json!("product_group")
        );
    }
}
