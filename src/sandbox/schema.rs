//! The closed schema: what a request must look like, and where it does not.

use std::fmt;
use std::net::IpAddr;

use serde_json::Value;

use crate::domain::TimeMs;
use crate::tiktok::{currency, limits::TTCLID_CHARS_MAX};

use super::fields::{Field, Needed, REQUEST, Rule};
use super::record::digest;

/// Longest event name. Official for custom events.
const EVENT_NAME_CHARS_MAX: usize = 50;

/// Digests per identifier. TikTok names no limit; ours is far above any real person.
const DIGESTS_MAX: usize = 100;

/// Where a body breaks the schema, and how. Never holds a value of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    path: String,
    what: &'static str,
}

/// A place in a body. It is written out only when something is wrong there.
#[derive(Clone, Copy)]
struct Path<'p>(Option<(&'p Path<'p>, Step<'p>)>);

#[derive(Clone, Copy)]
enum Step<'p> {
    Name(&'p str),
    At(usize),
}

impl<'p> Path<'p> {
    const ROOT: Self = Self(None);

    const fn name(&'p self, name: &'p str) -> Self {
        Self(Some((self, Step::Name(name))))
    }

    const fn at(&'p self, at: usize) -> Self {
        Self(Some((self, Step::At(at))))
    }

    fn broken(&self, what: &'static str) -> Broken {
        Broken { path: self.to_string(), what }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((parent, step)) = self.0 else { return Ok(()) };
        if parent.0.is_some() {
            write!(f, "{parent}.")?;
        }
        match step {
            Step::Name(name) => f.write_str(name),
            Step::At(at) => write!(f, "{at}"),
        }
    }
}

/// `data.3.user.emial: unknown field`.
impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str(self.what) } else { write!(f, "{}: {}", self.path, self.what) }
    }
}

/// A key of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Arrived {
    pub event: String,
    pub event_id: String,
    /// SHA-256 of its object, in hex.
    pub sha256: String,
}

/// The names in a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Request {
    pub pixel: String,
    pub test_code: Option<String>,
    pub events: Vec<Arrived>,
}

/// A body: the names in it, as far as it has them, and where it breaks the schema.
#[derive(Debug)]
pub(super) struct Read {
    pub request: Request,
    pub broken: Option<Broken>,
}

/// Reads a body strictly.
pub(super) fn read(body: &[u8]) -> Read {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return Read { request: Request::default(), broken: Some(Path::ROOT.broken("body is not JSON")) };
    };
    let checked = check(&body, &REQUEST, &Path::ROOT).and_then(|()| limited_use_has_ip(&body));
    Read { request: names(&body), broken: checked.err() }
}

fn names(body: &Value) -> Request {
    let text = |value: &Value, name: &str| value.get(name)?.as_str().map(str::to_owned);
    let data = body.get("data").and_then(Value::as_array);
    let events = data.into_iter().flatten().filter_map(|event| {
        let sha256 = digest(event.to_string().as_bytes());
        Some(Arrived { event: text(event, "event")?, event_id: text(event, "event_id")?, sha256 })
    });
    Request {
        pixel: text(body, "event_source_id").unwrap_or_default(),
        test_code: text(body, "test_event_code"),
        events: events.collect(),
    }
}

/// Limited data use needs the visitor's address to know the state whose law applies.
fn limited_use_has_ip(body: &Value) -> Result<(), Broken> {
    let events = body.get("data").and_then(Value::as_array).into_iter().flatten();
    for (at, event) in events.enumerate() {
        let limited = event.get("limited_data_use").and_then(Value::as_bool).unwrap_or(false);
        let has_ip = event.get("user").and_then(|user| user.get("ip")).is_some();
        if limited && !has_ip {
            let path = format!("data.{at}.user.ip");
            return Err(Broken { path, what: "missing with limited_data_use" });
        }
    }
    Ok(())
}

fn check(value: &Value, rule: &Rule, path: &Path<'_>) -> Result<(), Broken> {
    match rule {
        Rule::Object(fields) => check_object(value, fields, path),
        Rule::List(item, most) => check_list(value, item, *most, path),
        Rule::Digests if value.is_array() => check_list(value, &Rule::Digest, DIGESTS_MAX, path),
        Rule::Text
        | Rule::OneOf(_)
        | Rule::EventName
        | Rule::Seconds
        | Rule::Digest
        | Rule::Digests
        | Rule::Ttclid
        | Rule::Ip
        | Rule::Url
        | Rule::Referrer
        | Rule::Currency
        | Rule::Amount
        | Rule::Count
        | Rule::Flag => scalar(value, rule).map_err(|what| path.broken(what)),
    }
}

fn check_object(value: &Value, fields: &'static [Field], path: &Path<'_>) -> Result<(), Broken> {
    let Some(object) = value.as_object() else {
        return Err(path.broken("not an object"));
    };
    for (name, value) in object {
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            // An unknown name is the sender's own text; a long one is cut.
            let shown: String = name.chars().filter(char::is_ascii_graphic).take(64).collect();
            return Err(path.name(&shown).broken("unknown field"));
        };
        check(value, &field.rule, &path.name(name))?;
    }
    match fields.iter().find(|field| field.needed == Needed::Yes && !object.contains_key(field.name)) {
        Some(absent) => Err(path.name(absent.name).broken("missing")),
        None => Ok(()),
    }
}

fn check_list(value: &Value, item: &Rule, most: usize, path: &Path<'_>) -> Result<(), Broken> {
    let Some(list) = value.as_array() else {
        return Err(path.broken("not a list"));
    };
    if list.is_empty() || list.len() > most {
        return Err(path.broken("wrong number of items"));
    }
    list.iter().enumerate().try_for_each(|(at, value)| check(value, item, &path.at(at)))
}

fn scalar(value: &Value, rule: &Rule) -> Result<(), &'static str> {
    let good = |is_good: bool, what| if is_good { Ok(()) } else { Err(what) };
    match rule {
        Rule::Seconds => {
            let is_plausible = |secs: i64| TimeMs::from_ms(secs.saturating_mul(1000)).is_plausible();
            good(value.as_i64().is_some_and(is_plausible), "not in whole seconds of the years 2015 to 2100")
        }
        Rule::Amount => good(value.as_f64().is_some_and(|n| n >= 0.0), "not a number of zero or more"),
        Rule::Count => good(value.as_u64().is_some(), "not a whole number of zero or more"),
        Rule::Flag => good(value.is_boolean(), "neither true nor false"),
        Rule::Object(_) | Rule::List(..) => Ok(()),
        Rule::Text
        | Rule::OneOf(_)
        | Rule::EventName
        | Rule::Digest
        | Rule::Digests
        | Rule::Ttclid
        | Rule::Ip
        | Rule::Url
        | Rule::Referrer
        | Rule::Currency => string(value.as_str().ok_or("not a valid string")?, rule),
    }
}

fn string(text: &str, rule: &Rule) -> Result<(), &'static str> {
    let good = |is_good: bool, what| if is_good { Ok(()) } else { Err(what) };
    match rule {
        Rule::Text => good(!text.trim().is_empty(), "blank"),
        Rule::OneOf(words) => good(words.contains(&text), "not one of the words allowed"),
        Rule::EventName => good(is_event_name(text), "not an event name"),
        Rule::Digest | Rule::Digests => good(is_digest(text), "not a lower-case SHA-256 digest"),
        Rule::Ttclid => good(is_ttclid(text), "not a ttclid"),
        Rule::Ip => good(text.parse::<IpAddr>().is_ok(), "not an IP address"),
        Rule::Url => good(is_absolute(text), "not an absolute URL"),
        Rule::Referrer => good(url::Url::parse(text).is_ok(), "not an absolute URL"),
        Rule::Currency => good(currency::is_supported(text), "not a supported currency"),
        Rule::Seconds | Rule::Amount | Rule::Count | Rule::Flag | Rule::Object(_) | Rule::List(..) => Ok(()),
    }
}

fn is_event_name(text: &str) -> bool {
    text.len() <= EVENT_NAME_CHARS_MAX
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_ttclid(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_whitespace) && text.chars().count() <= TTCLID_CHARS_MAX
}

fn is_absolute(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn whole() -> Value {
        let digest = "848a771458438fc2ec420560d769fb9b9b86851ee338ec56517baabd79d3bb4f";
        json!({
            "event_source": "web", "event_source_id": "C4A1B2C3D4E5F6G7H8I9",
            "data": [{
                "event": "CompletePayment", "event_time": 1_795_178_096, "event_id": "e1",
                "user": {"email": digest, "phone": [digest], "external_id": digest, "ttclid": "E.C.P.x", "ttp": "2F7h",
                    "ip": "95.104.11.250", "user_agent": "Mozilla/5.0", "locale": "en-US"},
                "page": {"url": "https://quiz.example.com/f/46", "referrer": "https://www.tiktok.com/"},
                "properties": {"value": 9.99, "content_type": "product", "num_items": 1, "order_id": "o",
                    "contents": [{"content_id": "plan", "content_name": "1 month", "quantity": 1, "price": 9.99}]},
                "limited_data_use": false
            }]
        })
    }

    fn verdict(body: &Value) -> String {
        read(body.to_string().as_bytes()).broken.map_or("ok".to_owned(), |broken| broken.to_string())
    }

    /// Sets the value at a JSON pointer, or takes it away, and says what the schema makes of it.
    fn with(pointer: &str, value: Option<Value>) -> String {
        let mut body = whole();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        match value {
            Some(value) => parent.insert(name.to_owned(), value),
            None => parent.remove(name),
        };
        verdict(&body)
    }

    #[test]
    fn the_whole_schema_passes() {
        assert_eq!(verdict(&whole()), "ok");
        let request = read(whole().to_string().as_bytes()).request;
        assert_eq!((request.pixel.as_str(), request.test_code), ("C4A1B2C3D4E5F6G7H8I9", None));
        let [Arrived { event, event_id, .. }] = &request.events[..] else { panic!("one event") };
        assert_eq!((event.as_str(), event_id.as_str()), ("CompletePayment", "e1"));
    }

    #[test]
    fn an_unknown_field_is_named_wherever_it_is() {
        for (pointer, path) in [
            ("/pixel_code", "pixel_code"),
            ("/data/0/timestamp", "data.0.timestamp"),
            ("/data/0/test_event_code", "data.0.test_event_code"),
            ("/data/0/user/emial", "data.0.user.emial"),
            ("/data/0/user/phone_number", "data.0.user.phone_number"),
            ("/data/0/page/title", "data.0.page.title"),
            ("/data/0/properties/query", "data.0.properties.query"),
            ("/data/0/properties/contents/0/content_type", "data.0.properties.contents.0.content_type"),
        ] {
            assert_eq!(with(pointer, Some(json!("x"))), format!("{path}: unknown field"));
        }
    }

    #[test]
    fn what_is_needed_is_missed() {
        for pointer in ["/event_source", "/event_source_id", "/data", "/data/0/event", "/data/0/event_time"] {
            assert!(with(pointer, None).ends_with(": missing"), "{pointer}");
        }
        for pointer in ["/data/0/event_id", "/data/0/user", "/data/0/page", "/data/0/page/url"] {
            assert!(with(pointer, None).ends_with(": missing"), "{pointer}");
        }
        assert_eq!(with("/data/0/properties", None), "ok");
    }

    #[test]
    fn types_are_strict_and_values_are_never_echoed() {
        let secret = "jane@example.com";
        for (pointer, value) in [
            ("/event_source", json!("app")),
            ("/data", json!([])),
            ("/data/0/event", json!("Complete Payment")),
            ("/data/0/event_time", json!(1_795_178_096_000_i64)),
            ("/data/0/event_time", json!("1795178096")),
            ("/data/0/event_time", json!(1_795_178_096.5)),
            ("/data/0/event_id", json!(12)),
            ("/data/0/event_id", json!(" ")),
            ("/data/0/user/email", json!(secret)),
            ("/data/0/user/email", json!("848A771458438FC2EC420560D769FB9B9B86851EE338EC56517BAABD79D3BB4F")),
            ("/data/0/user/email", json!([])),
            ("/data/0/user/phone", json!(["+12133734253"])),
            ("/data/0/user/external_id", json!(7)),
            ("/data/0/user/ip", json!("1.2.3")),
            ("/data/0/user/ttclid", json!("a b")),
            ("/data/0/user/user_agent", json!("")),
            ("/data/0/page/url", json!("/f/46")),
            ("/data/0/page/url", json!("javascript:alert(1)")),
            ("/data/0/properties/value", json!("9.99")),
            ("/data/0/properties/value", json!(-1)),
            ("/data/0/properties/num_items", json!(1.5)),
            ("/data/0/properties/content_type", json!("goods")),
            ("/data/0/properties/contents", json!([])),
            ("/data/0/properties/contents/0/content_id", json!(7)),
            ("/data/0/limited_data_use", json!("false")),
        ] {
            let said = with(pointer, Some(value));
            assert!(said.starts_with(pointer.trim_start_matches('/').replace('/', ".").as_str()), "{said}");
            assert!(!said.contains(secret));
        }
        assert_eq!(verdict(&json!([1])), "not an object");
        assert_eq!(read(b"{").broken.unwrap().to_string(), "body is not JSON");
        assert_eq!(read(b"{} x").broken.unwrap().to_string(), "body is not JSON");
    }

    #[test]
    fn limited_data_use_needs_an_address() {
        let mut body = whole();
        body["data"][0]["limited_data_use"] = json!(true);
        assert_eq!(verdict(&body), "ok");
        body["data"][0]["user"].as_object_mut().unwrap().remove("ip");
        assert_eq!(verdict(&body), "data.0.user.ip: missing with limited_data_use");
    }

    #[test]
    fn a_thousand_events_pass_and_no_more() {
        let mut body = whole();
        let event = body["data"][0].clone();
        body["data"] = json!(vec![event.clone(); 1000]);
        assert_eq!(verdict(&body), "ok");
        body["data"] = json!(vec![event; 1001]);
        assert_eq!(verdict(&body), "data: wrong number of items");
    }
}
