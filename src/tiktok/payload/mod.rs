//! The event object: its stored form, and the form that is sent.
//!
//! Stored form: the closed schema as it would be sent, as compact JSON, without `event`,
//! `event_time` and `event_id` (they are the row's), without `ip` and `user_agent` (they live in
//! `contact`), with digests instead of raw values, and with personal query values of URLs redacted.
//! What is bad stays in it as it was logged; only the form that is sent is judged.

mod encode;
mod json;
mod request;
mod stored;

pub use encode::{Sendable, encode};
pub use request::{EventObject, body};
pub use stored::{Stored, StoredContent, Unreadable, write_stored};

use crate::domain::{Amount, Digest, LimitedDataUse};

/// An event's payload, parsed from a log, still borrowing from its line.
#[derive(Debug, Default)]
pub struct Parts<'a> {
    /// Click id, byte for byte.
    pub ttclid: Option<&'a str>,
    /// Cookie value.
    pub ttp: Option<&'a str>,
    /// E-mail digests, sorted, each once.
    pub email: &'a [Digest],
    /// Phone digests, sorted, each once.
    pub phone: &'a [Digest],
    /// External id digests, sorted, each once.
    pub external_id: &'a [Digest],
    /// BCP 47 tag.
    pub locale: Option<&'a str>,
    /// Page URL, absolute or a path, already redacted.
    pub url: Option<&'a str>,
    /// Referrer, already redacted.
    pub referrer: Option<&'a str>,
    /// Value, exactly as logged.
    pub value: Option<Amount>,
    /// Currency as logged.
    pub currency: Option<&'a str>,
    /// `product` or `product_group`.
    pub content_type: Option<&'a str>,
    /// Number of items.
    pub num_items: Option<i64>,
    /// Order id.
    pub order_id: Option<&'a str>,
    /// Free text.
    pub description: Option<&'a str>,
    /// Free text.
    pub search_string: Option<&'a str>,
    /// The goods.
    pub contents: Vec<Content<'a>>,
    /// Limited data use.
    pub limited_data_use: LimitedDataUse,
}

/// One item of `contents`.
#[derive(Debug, Default)]
pub struct Content<'a> {
    /// Its id.
    pub content_id: Option<&'a str>,
    /// Its name.
    pub content_name: Option<&'a str>,
    /// Its category.
    pub content_category: Option<&'a str>,
    /// Its brand.
    pub brand: Option<&'a str>,
    /// How many.
    pub quantity: Option<i64>,
    /// Unit price, exactly as logged.
    pub price: Option<Amount>,
}
