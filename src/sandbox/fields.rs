//! The fields of a web request to the Events API 2.0.
//!
//! TikTok swallows a misspelt field without a word; the sandbox does not, so that a mistake is found
//! before it costs conversions. Source of the rows: TikTok's endpoint and parameter pages for
//! `/open_api/v1.3/event/track/`, checked 2026-11-22. App, offline and CRM fields are left out.

use crate::tiktok::limits::EVENTS_PER_REQUEST_MAX;

/// What a value must be.
#[derive(Debug)]
pub(super) enum Rule {
    /// A string that is not blank.
    Text,
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// An event's name: a letter, then at most 49 of letters, digits, `_`, `-`.
    EventName,
    /// Whole seconds of the years 2015 to 2100.
    Seconds,
    /// 64 lower-case hex digits.
    Digest,
    /// A digest, or a list of them.
    Digests,
    /// A click id: no white space, at most 1000 characters.
    Ttclid,
    /// An IP address.
    Ip,
    /// An absolute http or https URL.
    Url,
    /// An absolute URL of any kind: an app names itself as `android-app://…`.
    Referrer,
    /// A currency that TikTok takes.
    Currency,
    /// A number, not below zero.
    Amount,
    /// A whole number, not below zero.
    Count,
    /// `true` or `false`.
    Flag,
    /// An object with these fields and no others.
    Object(&'static [Field]),
    /// A list of so many at most, and one at least.
    List(&'static Rule, usize),
}

/// Whether a field may be absent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Needed {
    Yes,
    No,
}

/// A field of an object.
#[derive(Debug)]
pub(super) struct Field {
    pub name: &'static str,
    pub rule: Rule,
    pub needed: Needed,
}

const fn needed(name: &'static str, rule: Rule) -> Field {
    Field { name, rule, needed: Needed::Yes }
}

const fn field(name: &'static str, rule: Rule) -> Field {
    Field { name, rule, needed: Needed::No }
}

/// Items per list where TikTok names no limit; ours, far above any real order.
const ITEMS_MAX: usize = 1000;

/// The body of a request.
pub(super) static REQUEST: Rule = Rule::Object(&[
    needed("event_source", Rule::OneOf(&["web"])),
    needed("event_source_id", Rule::Text),
    field("test_event_code", Rule::Text),
    needed("data", Rule::List(&EVENT, EVENTS_PER_REQUEST_MAX)),
]);

static EVENT: Rule = Rule::Object(&[
    needed("event", Rule::EventName),
    needed("event_time", Rule::Seconds),
    needed("event_id", Rule::Text),
    needed("user", USER),
    needed("page", PAGE),
    field("properties", PROPERTIES),
    field("limited_data_use", Rule::Flag),
]);

const USER: Rule = Rule::Object(&[
    field("ttclid", Rule::Ttclid),
    field("ttp", Rule::Text),
    field("email", Rule::Digests),
    field("phone", Rule::Digests),
    field("external_id", Rule::Digests),
    field("ip", Rule::Ip),
    field("user_agent", Rule::Text),
    field("locale", Rule::Text),
    field("first_name", Rule::Digest),
    field("last_name", Rule::Digest),
    field("zip_code", Rule::Digest),
    field("city", Rule::Text),
    field("state", Rule::Text),
    field("country", Rule::Text),
]);

const PAGE: Rule = Rule::Object(&[needed("url", Rule::Url), field("referrer", Rule::Referrer)]);

const PROPERTIES: Rule = Rule::Object(&[
    field("value", Rule::Amount),
    field("currency", Rule::Currency),
    field("contents", Rule::List(&CONTENT, ITEMS_MAX)),
    field("content_ids", Rule::List(&Rule::Text, ITEMS_MAX)),
    field("content_type", Rule::OneOf(&["product", "product_group"])),
    field("num_items", Rule::Count),
    field("search_string", Rule::Text),
    field("description", Rule::Text),
    field("order_id", Rule::Text),
    field("shop_id", Rule::Text),
    field("customer_type", Rule::OneOf(&["new", "returning"])),
]);

static CONTENT: Rule = Rule::Object(&[
    field("price", Rule::Amount),
    field("content_id", Rule::Text),
    field("content_category", Rule::Text),
    field("content_name", Rule::Text),
    field("brand", Rule::Text),
    field("quantity", Rule::Count),
]);
