//! Digests and event objects, against official examples and what other senders really send.

use std::collections::BTreeSet;

use makegood::domain::{Amount, Digest, EventId, EventName, PixelCode, TimeMs, Unsendable};
use makegood::tiktok::payload::{Content, EventObject, Parts, Sendable, Stored, body, encode, write_stored};
use makegood::tiktok::{currency, event_map, normalise, page, validity};
use serde_json::Value as Json;

use super::{name_of, our_digests, texts};

/// E-mail values that others hash and we leave out: no address is behind them.
const NO_ADDRESS: &[&str] = &[
    "diff/email:\"098f6bcd4621d373cade4e832627b4f6\"",
    "diff/email:\"not-an-email\"",
    "diff/email:\"undefined\"",
];

/// Rows where another sender puts identifiers in clear; ours are digests.
const IN_CLEAR: &[&str] = &["rudderstack/processor/Test 35 -> V2 -> array of external_id and phone number"];

/// Fields of conformant rows where ours differs on purpose.
const DIFFERS: &[(&str, &str, &str)] = &[
    (
        "posthog/unsupported currency falls back to USD",
        "value",
        "money in a currency TikTok does not take is left out, never converted",
    ),
    (
        "posthog/unsupported currency falls back to USD",
        "currency",
        "money in a currency TikTok does not take is left out, never converted",
    ),
    (
        "tiktok_sgtm/TestTtclid#2",
        "ttclid",
        "a session's click ids, a referrer's among them, are joined when a log is read",
    ),
];

/// Where a row has no page: a purchase without one is not sent, and its other fields are worth a look.
const SOME_PAGE: &str = "https://shop.example/";

/// Holds the digests of a row's identifiers against the expected ones, as sets.
pub(super) fn hash(row: &Json) {
    let name = name_of(row);
    for field in ["email", "phone", "external_id"] {
        let ours = our_digests(&row["input"], field);
        let theirs: BTreeSet<String> = texts(&row["expected_user"][field]).into_iter().collect();
        if field == "email" && NO_ADDRESS.contains(&name) {
            assert!(ours.is_empty() && !theirs.is_empty(), "{name}: left out");
        } else if let Some(rule) = rule_of(row, field) {
            assert_eq!(ours, rule, "{name}: {field} by the documented rule");
            assert_ne!(ours, theirs, "{name}: the peer's deviation in {field}");
        } else if field == "phone" && row["spec_conformant"] == "undetermined" {
            assert!(ours.is_empty() && !theirs.is_empty(), "{name}: a country is never guessed");
        } else if IN_CLEAR.contains(&name) && field != "email" {
            assert!(ours.is_disjoint(&theirs), "{name}: {field} in clear");
            assert_eq!(ours.len(), texts(&row["input"][field]).len(), "{name}: {field}");
        } else {
            assert_eq!(ours, theirs, "{name}: {field}");
        }
    }
}

/// What the documented rule gives for a field where a peer deviates: `external_id: docs rule gives […]`.
fn rule_of(row: &Json, field: &str) -> Option<BTreeSet<String>> {
    let deviations = row["spec_deviation"].as_array().filter(|_| row["spec_conformant"] == false)?;
    let start = format!("{field}: docs rule gives ");
    let rule = deviations.iter().find_map(|deviation| deviation.as_str().unwrap().strip_prefix(&start))?;
    Some(serde_json::from_str(rule).unwrap())
}

/// Holds a whole event against a sender's: its digests, then every field that both can say.
pub(super) fn payload(row: &Json) {
    hash(row);
    let input = &row["input"];
    assert!(row["spec_conformant"] != false || rule_of(row, "external_id").is_some(), "{}", name_of(row));
    let Some(logged) = input["event"].as_str() else { return };
    let name = event_map::resolve(logged, &std::collections::BTreeMap::new())
        .unwrap_or_else(|_| EventName::parse(logged).unwrap());
    let ours = match sent(input, &name) {
        Ok(object) => object,
        Err(Unsendable::Money) => {
            let has_money = input["value"].is_number() && input["currency"].is_string();
            assert!(!has_money, "{}: money", name_of(row));
            // A purchase without money is not sent; what it says of the visitor is worth a look.
            sent(input, &EventName::parse("PageView").unwrap()).unwrap()
        }
        Err(other) => panic!("{}: {other:?}", name_of(row)),
    };
    let json: Json = serde_json::from_str(ours.as_json()).unwrap();
    check_event(row, &json);
    check_user(row, &json["user"]);
    check_properties(row, &json["properties"]);
    check_root(row, &ours);
}

/// Only web events are sent, whatever is asked for.
pub(super) fn event_source(row: &Json) {
    let request: Json = serde_json::from_slice(&body(&pixel(), None, &[])).unwrap();
    assert_eq!(request["event_source"], row["expected_event"]["event_source"], "{}", name_of(row));
}

fn check_event(row: &Json, ours: &Json) {
    let (input, expected) = (&row["input"], &row["expected_event"]);
    for field in ["event_id", "event_time"] {
        if !expected[field].is_null() && !input[field].is_null() {
            assert_eq!(ours[field], expected[field], "{}: {field}", name_of(row));
        }
    }
    for field in ["url", "referrer"] {
        if !row["expected_page"][field].is_null() {
            assert_eq!(ours["page"][field], row["expected_page"][field], "{}: {field}", name_of(row));
        }
    }
}

fn check_user(row: &Json, ours: &Json) {
    for field in ["email", "phone", "external_id"] {
        let digests: BTreeSet<String> = texts(&ours[field]).into_iter().collect();
        assert_eq!(digests, our_digests(&row["input"], field), "{}: {field} as sent", name_of(row));
    }
    for field in ["ttclid", "ttp", "locale", "ip", "user_agent"] {
        let expected = &row["expected_user"][field];
        let unfit = field == "ip" && expected.as_str().is_some_and(|ip| validity::public_ip(ip).is_none());
        let expected = if unfit { &Json::Null } else { expected };
        check(row, field, &ours[field], expected);
    }
}

fn check_properties(row: &Json, ours: &Json) {
    let (input, expected) = (&row["input"], &row["expected_properties"]);
    for field in ["currency", "content_type", "order_id", "description", "search_string"] {
        if !input[field].is_null() {
            check(row, field, &ours[field], &expected[field]);
        }
    }
    if !input["value"].is_null() && !input["currency"].is_null() {
        let number = |value: &Json| value.as_f64().map_or(Json::Null, Json::from);
        let zero = row["expected_event"]["event"] == "Subscribe";
        let expected = if zero { Json::from(0.0) } else { number(&expected["value"]) };
        check(row, "value", &number(&ours["value"]), &expected);
    }
    for (at, item) in expected["contents"].as_array().into_iter().flatten().enumerate() {
        for field in ["content_id", "content_name", "content_category", "brand", "price", "quantity"] {
            if !item[field].is_null() {
                let ours = &ours["contents"][at][field];
                let same =
                    ours == &item[field] || ours.as_f64().is_some_and(|n| item[field].as_f64() == Some(n));
                assert!(same, "{}: contents {at} {field}: {ours}", name_of(row));
            }
        }
    }
}

fn check(row: &Json, field: &str, ours: &Json, expected: &Json) {
    let name = name_of(row);
    if DIFFERS.iter().any(|(differs, of, _)| *differs == name && *of == field) {
        assert_ne!(ours, expected, "{name}: {field} no longer differs");
    } else {
        assert_eq!(ours, expected, "{name}: {field}");
    }
}

/// The test event code stands at the root and nowhere else.
fn check_root(row: &Json, ours: &EventObject) {
    let code = row["input"]["test_event_code"].as_str();
    let request: Json = serde_json::from_slice(&body(&pixel(), code, &[ours])).unwrap();
    assert_eq!(request["test_event_code"].as_str(), code, "{}", name_of(row));
    assert!(request["data"][0]["test_event_code"].is_null(), "{}", name_of(row));
    assert_eq!(
        request["data"][0]["event_id"],
        serde_json::from_str::<Json>(ours.as_json()).unwrap()["event_id"]
    );
}

fn pixel() -> PixelCode {
    PixelCode::parse("C4A1B2C3D4E5F6G7H8I9").unwrap()
}

/// What we send for a row's input, through the stored form, as a log's event goes.
pub(super) fn sent(input: &Json, name: &EventName) -> Result<EventObject, Unsendable> {
    let text = |field: &str| texts(&input[field]).into_iter().next();
    let digests = |field: &str, digest: fn(&str) -> Option<Digest>| {
        texts(&input[field]).iter().filter_map(|raw| digest(raw)).collect::<BTreeSet<_>>()
    };
    let emails: Vec<_> = digests("email", |raw| normalise::email(raw).ok()).into_iter().collect();
    let phones: Vec<_> = digests("phone", |raw| normalise::phone(raw, None).ok()).into_iter().collect();
    let ids: Vec<_> = digests("external_id", |raw| normalise::external_id(raw).ok()).into_iter().collect();
    let url = text("url").unwrap_or_else(|| SOME_PAGE.to_owned());
    let (ttclid, in_url) = (text("ttclid"), page::url_ttclid(&url));
    let named =
        ["ttp", "locale", "referrer", "currency", "content_type", "order_id", "description"].map(&text);
    let [ttp, locale, referrer, currency, content_type, order_id, description] = &named;
    let search = text("search_string").or_else(|| text("query"));
    let items = items(input);
    let redacted = page::redact_url(&url);
    let parts = Parts {
        ttclid: ttclid.as_deref().or(in_url.as_deref()),
        ttp: ttp.as_deref(),
        email: &emails,
        phone: &phones,
        external_id: &ids,
        locale: locale.as_deref(),
        url: Some(&redacted),
        referrer: referrer.as_deref(),
        value: text("value").and_then(|value| Amount::parse(&value)),
        currency: currency.as_deref(),
        content_type: content_type.as_deref(),
        num_items: input["num_items"].as_i64(),
        order_id: order_id.as_deref(),
        description: description.as_deref(),
        search_string: search.as_deref(),
        contents: items.iter().map(Item::content).collect(),
        ..Parts::default()
    };
    let mut bytes = Vec::new();
    write_stored(&parts, &mut bytes);
    encode(&Sendable {
        name,
        id: &EventId::parse(&text("event_id").unwrap_or_else(|| "id".to_owned())).unwrap(),
        at: time(input),
        payload: &Stored::read(&bytes).unwrap(),
        ip: text("ip").and_then(|ip| validity::public_ip(&ip)),
        user_agent: text("user_agent").as_deref(),
        origin: None,
    })
}

fn time(input: &Json) -> TimeMs {
    let at = input["event_time"].as_str().map(|at| chrono::DateTime::parse_from_rfc3339(at).unwrap());
    TimeMs::from_ms(at.map_or(0, |at| at.timestamp_millis()))
}

/// An item of `contents`, or of the `products` that other senders log.
struct Item {
    names: [Option<String>; 4],
    quantity: Option<i64>,
    price: Option<Amount>,
}

impl Item {
    fn content(&self) -> Content<'_> {
        let [content_id, content_name, content_category, brand] = self.names.each_ref().map(Option::as_deref);
        Content {
            content_id,
            content_name,
            content_category,
            brand,
            quantity: self.quantity,
            price: self.price,
        }
    }
}

fn items(input: &Json) -> Vec<Item> {
    let list = if input["contents"].is_null() { &input["products"] } else { &input["contents"] };
    let list = if list.is_object() {
        std::slice::from_ref(list)
    } else {
        list.as_array().map_or(&[][..], Vec::as_slice)
    };
    list.iter()
        .map(|item| {
            let first =
                |fields: &[&str]| fields.iter().find_map(|field| texts(&item[*field]).into_iter().next());
            Item {
                names: [
                    first(&["content_id", "product_id", "sku"]),
                    first(&["content_name", "name"]),
                    first(&["content_category", "category"]),
                    first(&["brand"]),
                ],
                quantity: first(&["quantity"]).and_then(|count| count.parse().ok()),
                price: first(&["price"]).and_then(|price| Amount::parse(&price)),
            }
        })
        .collect()
}

#[test]
fn the_differing_currency_is_one_tiktok_does_not_take() {
    assert!(!currency::is_supported("XYZ"));
}
