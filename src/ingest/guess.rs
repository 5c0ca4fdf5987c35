//! Which field of an unknown record is which: told by the names of its keys and the shapes of its values.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde_json::Value as Json;

use crate::tiktok::{currency, event_map};

use super::time;

/// How deep a record is looked into.
const DEPTH_MAX: usize = 6;
/// Values of a path that are kept: enough to know their shape.
const VALUES_MAX: usize = 200;
/// A number from here on that has the shape of a time is one: 2015 in milliseconds.
const MILLISECONDS_MIN: i64 = 1_420_070_400_000;
/// Of a path's values this share, in percent, must have the shape of a field.
const FIT_PERCENT: usize = 90;

/// A field, and where it seems to stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guess {
    /// The field, as the manual calls it.
    pub field: &'static str,
    /// The dotted path.
    pub path: String,
    /// The unit of its value, if it is not as it should stand.
    pub unit: Option<&'static str>,
    /// Records that have it.
    pub records: usize,
}

/// What a field is known by.
struct Rule {
    field: &'static str,
    /// Names, folded, the most telling first.
    names: &'static [&'static str],
    shape: fn(&Json) -> bool,
    /// The shape alone is enough.
    by_shape: bool,
}

const fn rule(field: &'static str, names: &'static [&'static str], shape: fn(&Json) -> bool) -> Rule {
    Rule { field, names, shape, by_shape: false }
}

const fn shaped(field: &'static str, names: &'static [&'static str], shape: fn(&Json) -> bool) -> Rule {
    Rule { field, names, shape, by_shape: true }
}

/// All fields that are guessed, in the order in which they choose their paths.
const RULES: &[Rule] = &[
    rule(
        "event_id",
        &["eventid", "eventuuid", "eid", "dedupid", "deduplicationid", "messageid", "uuid", "guid", "id"],
        is_id,
    ),
    rule(
        "event",
        &["eventname", "event", "eventtype", "evt", "action", "type", "kind", "name", "step", "topic"],
        is_name,
    ),
    rule(
        "occurred_at",
        &[
            "occurredat",
            "eventtime",
            "timestamp",
            "createdat",
            "ts",
            "time",
            "datetime",
            "date",
            "created",
            "at",
            "when",
        ],
        is_time,
    ),
    rule("sent_at", &["sentat", "deliveredat"], is_time),
    rule("code", &["responsecode", "resultcode", "tiktokcode", "apicode", "code"], is_code),
    rule(
        "http_status",
        &["httpstatus", "statuscode", "httpcode", "responsestatus", "http", "status"],
        is_status,
    ),
    rule("request_id", &["requestid", "logid"], is_id),
    rule("delivered", &["delivered", "success", "ok"], Json::is_boolean),
    shaped("ttclid", &["ttclid"], |value| text(value).is_some_and(|text| text.starts_with("E.C.P."))),
    rule("ttp", &["ttp"], is_id),
    shaped("email", &["email", "emailaddress", "mail", "emails", "useremail", "customeremail"], is_email),
    rule("phone", &["phone", "phonenumber", "tel", "mobile"], is_phone),
    shaped("user_agent", &["useragent", "ua"], |value| {
        text(value).is_some_and(|text| text.starts_with("Mozilla/"))
    }),
    shaped("ip", &["ip", "ipaddress", "clientip", "remoteaddr", "remoteip", "userip"], is_ip),
    rule(
        "session_id",
        &[
            "sessionid",
            "appuserid",
            "anonymousid",
            "visitorid",
            "distinctid",
            "clientid",
            "session",
            "sid",
            "visitor",
        ],
        is_id,
    ),
    rule("external_id", &["externalid", "userid", "customerid", "uid", "accountid"], is_id),
    rule("url", &["pageurl", "url", "pagelocation", "location", "href", "landingpage", "page"], is_url),
    rule("referrer", &["referrer", "referer"], is_url),
    rule("pixel_id", &["pixelid", "pixelcode", "eventsourceid", "pixel"], is_id),
    rule("campaign_id", &["campaignid"], is_id),
    rule("funnel_id", &["funnelid", "quizid"], is_id),
    rule("source", &["source", "trafficsource", "utmsource"], is_word),
    rule("order_id", &["orderid", "ordernumber", "orderno", "transactionid", "invoiceid"], is_id),
    rule(
        "value",
        &[
            "value",
            "revenue",
            "amounttotal",
            "totalamount",
            "grandtotal",
            "amount",
            "total",
            "amountcents",
            "totalcents",
            "valuecents",
            "pricecents",
            "sumcents",
            "price",
            "gross",
            "sum",
        ],
        is_amount,
    ),
    rule("currency", &["currency", "currencycode"], is_currency),
    rule("contents", &["contents", "lineitems", "products", "items"], |value| {
        value.as_array().is_some_and(|items| items.iter().all(Json::is_object))
    }),
    rule("consent", &["consent", "marketingconsent", "adconsent"], |value| {
        value.is_boolean() || is_word(value)
    }),
    rule("locale", &["locale", "language"], is_word),
];

/// Names of objects whose own id is not the event's.
const OWNERS: &[&str] =
    &["user", "customer", "account", "session", "campaign", "funnel", "product", "order", "items"];

/// What the records have at one path.
#[derive(Default)]
struct Seen<'r> {
    records: usize,
    values: Vec<&'r Json>,
}

/// Guesses the fields of records that should be alike.
#[must_use]
pub fn guess(records: &[Json]) -> Vec<Guess> {
    let mut paths: BTreeMap<String, Seen<'_>> = BTreeMap::new();
    for record in records {
        walk(record, "", 0, &mut paths);
    }
    let mut taken = BTreeSet::new();
    let mut guesses = Vec::new();
    for rule in RULES {
        let scored = paths.iter().filter(|(path, _)| !taken.contains(*path)).filter_map(|(path, seen)| {
            let score = score(rule, path, seen, records.len())?;
            Some((score, std::cmp::Reverse(path.len()), path, seen))
        });
        let Some((_, _, path, seen)) = scored.max_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2))) else {
            continue;
        };
        taken.insert(path.clone());
        let unit = unit(rule.field, path, &seen.values);
        guesses.push(Guess { field: rule.field, path: path.clone(), unit, records: seen.records });
    }
    guesses
}

fn walk<'r>(value: &'r Json, path: &str, depth: usize, paths: &mut BTreeMap<String, Seen<'r>>) {
    if let (Json::Object(fields), true) = (value, depth < DEPTH_MAX) {
        for (key, inner) in fields {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            walk(inner, &path, depth + 1, paths);
        }
        return;
    }
    if value.is_null() || path.is_empty() || path.split('.').any(str::is_empty) {
        return;
    }
    let seen = paths.entry(path.to_owned()).or_default();
    seen.records += 1;
    if seen.values.len() < VALUES_MAX {
        seen.values.push(value);
    }
}

/// How well a path suits a field; `None`: not at all.
fn score(rule: &Rule, path: &str, seen: &Seen<'_>, records: usize) -> Option<usize> {
    let fits = seen.values.iter().filter(|value| (rule.shape)(value)).count();
    if fits * 100 < seen.values.len() * FIT_PERCENT {
        return None;
    }
    let (parent, last) = path.rsplit_once('.').unwrap_or(("", path));
    let last = event_map::fold(last);
    let parent = event_map::fold(parent.rsplit('.').next().unwrap_or_default());
    let whole = format!("{parent}{last}");
    let named = rule.names.iter().position(|name| *name == last || *name == whole);
    let named = match named {
        Some(at) => 1000 - at * 20,
        None if rule.by_shape || is_shown(rule.field, &last, &seen.values) => 100,
        None => return None,
    };
    let extra = match rule.field {
        "event_id" => {
            let distinct: BTreeSet<String> = seen.values.iter().map(ToString::to_string).collect();
            if distinct.len() * 100 < seen.values.len() * FIT_PERCENT {
                return None;
            }
            let is_anothers = OWNERS.contains(&parent.as_str());
            usize::from(seen.values.iter().all(|value| value.is_string())) * 50
                + usize::from(!is_anothers) * 300
        }
        "event" => {
            let known = |value: &&&Json| {
                text(value).is_some_and(|name| event_map::resolve(name, &BTreeMap::new()).is_ok())
            };
            seen.values.iter().filter(known).count() * 500 / seen.values.len().max(1)
        }
        _ => 0,
    };
    Some(named + extra + seen.records * 200 / records.max(1))
}

/// Whether values are so telling that their name does not matter.
fn is_shown(field: &str, name: &str, values: &[&Json]) -> bool {
    let all = |is: fn(&str) -> bool| values.iter().all(|value| text(value).is_some_and(is));
    let is_others = || RULES.iter().any(|rule| rule.field != field && rule.names.contains(&name));
    match field {
        "event_id" => all(is_uuid) && !is_others(),
        "currency" => all(currency::is_supported),
        // A shorter number may be anything.
        "occurred_at" => {
            let is_long = |value: &&Json| value.as_i64().is_some_and(|at| at >= MILLISECONDS_MIN);
            (all(|text| text.contains(':')) || values.iter().all(is_long)) && !is_others()
        }
        _ => false,
    }
}

/// The unit of a path's values, where they do not stand as they should.
fn unit(field: &str, path: &str, values: &[&Json]) -> Option<&'static str> {
    let whole = |value: &&Json| value.as_i64().or_else(|| text(value)?.parse().ok());
    match field {
        "event_id" | "request_id" => values.iter().all(|value| value.is_number()).then_some("text"),
        "code" => values.iter().all(|value| value.is_string()).then_some("integer"),
        "value" => (path.to_ascii_lowercase().ends_with("cents")).then_some("cents"),
        "occurred_at" | "sent_at" => match values.iter().filter_map(whole).max()? {
            100_000_000_000_000.. => {
                Some(if values.iter().filter_map(whole).all(|at| at < 100_000_000_000_000_000) {
                    "us"
                } else {
                    "ns"
                })
            }
            _ => None,
        },
        _ => None,
    }
}

fn text(value: &Json) -> Option<&str> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty())
}

fn is_id(value: &Json) -> bool {
    text(value).is_some_and(|text| text.len() <= 256) || value.is_i64() || value.is_u64()
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let is_hex = |group: &&str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) && groups.iter().all(is_hex)
}

fn is_word(value: &Json) -> bool {
    text(value).is_some_and(|text| text.len() <= 64)
}

fn is_name(value: &Json) -> bool {
    text(value).is_some_and(|text| {
        text.len() <= 64 && text.chars().any(char::is_alphabetic) && !text.contains("://")
    })
}

fn is_time(value: &Json) -> bool {
    let number = value.as_i64().or_else(|| text(value)?.parse().ok());
    match (number, text(value)) {
        // 2015 to 2100 in seconds, milliseconds, microseconds or nanoseconds.
        (Some(number), _) => [1, 1000, 1_000_000, 1_000_000_000]
            .into_iter()
            .any(|unit| (1_420_070_400..4_133_980_800).contains(&(number / unit))),
        (None, Some(text)) => time::from_text(text, Some(chrono_tz::UTC)).is_ok(),
        (None, None) => {
            value.as_f64().is_some_and(|number| (1_420_070_400.0..4_133_980_800.0).contains(&number))
        }
    }
}

fn is_code(value: &Json) -> bool {
    let code = value.as_i64().or_else(|| text(value)?.parse().ok());
    code.is_some_and(|code| code == 0 || (20_000..70_000).contains(&code))
}

fn is_status(value: &Json) -> bool {
    let status = value.as_i64().or_else(|| text(value)?.parse().ok());
    status.is_some_and(|status| (100..600).contains(&status))
}

fn is_email(value: &Json) -> bool {
    if let Some(several) = value.as_array() {
        return !several.is_empty() && several.iter().all(is_email);
    }
    let is_digest = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_address = |text: &str| {
        text.split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !text.contains(' '))
    };
    text(value).is_some_and(|text| is_address(text) || is_digest(text))
        && !value.as_str().is_some_and(|text| text.contains("://"))
}

fn is_phone(value: &Json) -> bool {
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    text(value).is_some_and(|text| (6..=64).contains(&digits(text)) || text.len() == 64)
}

fn is_ip(value: &Json) -> bool {
    text(value).is_some_and(|text| text.parse::<IpAddr>().is_ok())
}

fn is_url(value: &Json) -> bool {
    text(value).is_some_and(|text| {
        text.starts_with("http://") || text.starts_with("https://") || text.starts_with('/')
    })
}

fn is_amount(value: &Json) -> bool {
    value.is_number() || text(value).is_some_and(|text| text.parse::<f64>().is_ok_and(f64::is_finite))
}

fn is_currency(value: &Json) -> bool {
    text(value).is_some_and(|text| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

#[cfg(test)]
#[path = "tests/guess.rs"]
mod tests;
