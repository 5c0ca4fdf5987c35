//! The stored form of an event: written when a log is read, read when it is sent or explained.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::json::Writer;
use super::{Content, Parts};
use crate::domain::{Amount, Digest, LimitedDataUse};

/// Writes the stored form of an event at the end of `to`.
pub fn write_stored(parts: &Parts<'_>, to: &mut Vec<u8>) {
    let limited = match parts.limited_data_use {
        LimitedDataUse::Absent => None,
        LimitedDataUse::No => Some(false),
        LimitedDataUse::Yes => Some(true),
    };
    Writer::object(to, |to| {
        to.section("user", |to| {
            to.text("ttclid", parts.ttclid);
            to.text("ttp", parts.ttp);
            to.digests("email", parts.email);
            to.digests("phone", parts.phone);
            to.digests("external_id", parts.external_id);
            to.text("locale", parts.locale);
        });
        to.section("page", |to| {
            to.text("url", parts.url);
            to.text("referrer", parts.referrer);
        });
        to.section("properties", |to| {
            to.number("value", parts.value);
            to.text("currency", parts.currency);
            to.text("content_type", parts.content_type);
            to.number("num_items", parts.num_items);
            to.text("order_id", parts.order_id);
            to.text("description", parts.description);
            to.text("search_string", parts.search_string);
            to.objects("contents", parts.contents.iter(), write_content);
        });
        to.flag("limited_data_use", limited);
    });
}

fn write_content(content: &Content<'_>, to: &mut Writer<'_>) {
    to.text("content_id", content.content_id);
    to.text("content_name", content.content_name);
    to.text("content_category", content.content_category);
    to.text("brand", content.brand);
    to.number("quantity", content.quantity);
    to.number("price", content.price);
}

/// A stored payload, read back.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// Click id.
    pub ttclid: Option<Box<str>>,
    /// Cookie value.
    pub ttp: Option<Box<str>>,
    /// E-mail digests.
    pub email: Vec<Digest>,
    /// Phone digests.
    pub phone: Vec<Digest>,
    /// External id digests.
    pub external_id: Vec<Digest>,
    /// BCP 47 tag.
    pub locale: Option<Box<str>>,
    /// Page URL, absolute or a path.
    pub url: Option<Box<str>>,
    /// Referrer.
    pub referrer: Option<Box<str>>,
    /// Value.
    pub value: Option<Amount>,
    /// Currency as logged.
    pub currency: Option<Box<str>>,
    /// Content type.
    pub content_type: Option<Box<str>>,
    /// Number of items.
    pub num_items: Option<i64>,
    /// Order id.
    pub order_id: Option<Box<str>>,
    /// Free text.
    pub description: Option<Box<str>>,
    /// Free text.
    pub search_string: Option<Box<str>>,
    /// The goods.
    pub contents: Vec<StoredContent>,
    /// Limited data use.
    pub limited_data_use: LimitedDataUse,
}

/// One stored item of `contents`.
#[derive(Clone, Debug, Default)]
pub struct StoredContent {
    /// Its id.
    pub content_id: Option<Box<str>>,
    /// Its name.
    pub content_name: Option<Box<str>>,
    /// Its category.
    pub content_category: Option<Box<str>>,
    /// Its brand.
    pub brand: Option<Box<str>>,
    /// How many.
    pub quantity: Option<i64>,
    /// Unit price.
    pub price: Option<Amount>,
}

/// A stored payload that cannot be read: the database is damaged.
#[derive(Debug, thiserror::Error)]
#[error("stored payload is not readable")]
pub struct Unreadable;

impl Stored {
    /// Reads the stored form.
    ///
    /// # Errors
    /// [`Unreadable`] when the bytes are not what [`write_stored`] writes.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        // serde reads a struct from an array too.
        if bytes.first() != Some(&b'{') {
            return Err(Unreadable);
        }
        let wire: Wire<'_> = serde_json::from_slice(bytes).map_err(|_| Unreadable)?;
        let Wire { user, page, properties, limited_data_use } = wire;
        Ok(Self {
            ttclid: user.ttclid,
            ttp: user.ttp,
            email: digests(&user.email)?,
            phone: digests(&user.phone)?,
            external_id: digests(&user.external_id)?,
            locale: user.locale,
            url: page.url,
            referrer: page.referrer,
            value: amount(properties.value)?,
            currency: properties.currency,
            content_type: properties.content_type,
            num_items: properties.num_items,
            order_id: properties.order_id,
            description: properties.description,
            search_string: properties.search_string,
            contents: properties.contents.into_iter().map(content).collect::<Result<_, _>>()?,
            limited_data_use: match limited_data_use {
                None => LimitedDataUse::Absent,
                Some(false) => LimitedDataUse::No,
                Some(true) => LimitedDataUse::Yes,
            },
        })
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Wire<'a> {
    #[serde(borrow)]
    user: WireUser<'a>,
    page: WirePage,
    #[serde(borrow)]
    properties: WireProperties<'a>,
    limited_data_use: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct WireUser<'a> {
    ttclid: Option<Box<str>>,
    ttp: Option<Box<str>>,
    #[serde(borrow)]
    email: Vec<&'a str>,
    #[serde(borrow)]
    phone: Vec<&'a str>,
    #[serde(borrow)]
    external_id: Vec<&'a str>,
    locale: Option<Box<str>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct WirePage {
    url: Option<Box<str>>,
    referrer: Option<Box<str>>,
}

/// Money as its raw text: a number that went through a double would not be the one that was logged.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct WireProperties<'a> {
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    currency: Option<Box<str>>,
    content_type: Option<Box<str>>,
    num_items: Option<i64>,
    order_id: Option<Box<str>>,
    description: Option<Box<str>>,
    search_string: Option<Box<str>>,
    #[serde(borrow)]
    contents: Vec<WireContent<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct WireContent<'a> {
    content_id: Option<Box<str>>,
    content_name: Option<Box<str>>,
    content_category: Option<Box<str>>,
    brand: Option<Box<str>>,
    quantity: Option<i64>,
    #[serde(borrow)]
    price: Option<&'a RawValue>,
}

fn content(wire: WireContent<'_>) -> Result<StoredContent, Unreadable> {
    let WireContent { content_id, content_name, content_category, brand, quantity, price } = wire;
    Ok(StoredContent { content_id, content_name, content_category, brand, quantity, price: amount(price)? })
}

fn amount(raw: Option<&RawValue>) -> Result<Option<Amount>, Unreadable> {
    raw.map(|raw| Amount::parse(raw.get()).ok_or(Unreadable)).transpose()
}

fn digests(hex: &[&str]) -> Result<Vec<Digest>, Unreadable> {
    hex.iter()
        .map(|hex| {
            let mut bytes = [0; 32];
            hex::decode_to_slice(hex, &mut bytes).map_err(|_| Unreadable)?;
            Ok(Digest::from_bytes(bytes))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round(parts: &Parts<'_>) -> Stored {
        let mut bytes = b"before".to_vec();
        write_stored(parts, &mut bytes);
        Stored::read(&bytes[6..]).unwrap()
    }

    #[test]
    fn an_event_is_stored_as_it_would_be_sent() {
        let digest = [Digest::from_bytes([0xab; 32])];
        let parts = Parts {
            ttclid: Some("E.C.P.x"),
            email: &digest,
            url: Some("https://e.example/f"),
            value: Amount::parse("39.90"),
            currency: Some("usd"),
            contents: vec![
                Content {
                    content_id: Some("a"),
                    quantity: Some(2),
                    price: Amount::parse("19.95"),
                    ..Content::default()
                },
                Content::default(),
            ],
            limited_data_use: LimitedDataUse::No,
            ..Parts::default()
        };
        let mut bytes = Vec::new();
        write_stored(&parts, &mut bytes);
        let expected = format!(
            concat!(
                r#"{{"user":{{"ttclid":"E.C.P.x","email":["{}"]}},"page":{{"url":"https://e.example/f"}},"#,
                r#""properties":{{"value":39.90,"currency":"usd","contents":[{{"content_id":"a","quantity":2,"price":19.95}}]}},"#,
                r#""limited_data_use":false}}"#
            ),
            "ab".repeat(32)
        );
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        let stored = round(&parts);
        assert_eq!(stored.value.unwrap().to_string(), "39.90");
        assert_eq!(stored.email, digest);
        assert_eq!(stored.limited_data_use, LimitedDataUse::No);
        assert_eq!(stored.contents.len(), 1);
    }

    #[test]
    fn an_empty_event_is_an_empty_object() {
        let mut bytes = Vec::new();
        write_stored(&Parts::default(), &mut bytes);
        assert_eq!(bytes, b"{}");
        assert!(Stored::read(b"{}").is_ok());
    }

    #[test]
    fn other_bytes_are_unreadable() {
        for bytes in [
            "",
            "[]",
            "{",
            "{}x",
            "null",
            r#"{"user":{"email":["zz"]}}"#,
            r#"{"user":{"emails":[]}}"#,
            r#"{"properties":{"value":"1"}}"#,
            r#"{"properties":{"value":1e999}}"#,
            r#"{"other":1}"#,
        ] {
            assert!(Stored::read(bytes.as_bytes()).is_err(), "{bytes}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_back(
            texts in prop::collection::vec(prop::option::of(any::<String>()), 14),
            numbers in prop::collection::vec(prop::option::of(any::<i64>()), 2),
            cents in prop::option::of((any::<i64>(), 0_u32..20)),
            digest in any::<[u8; 32]>(),
            limited in prop::sample::select(vec![LimitedDataUse::Absent, LimitedDataUse::No, LimitedDataUse::Yes]),
        ) {
            let amount = cents.and_then(|(cents, scale)| {
                Amount::parse(&rust_decimal::Decimal::from_i128_with_scale(cents.into(), scale).to_string())
            });
            let digests = [Digest::from_bytes(digest)];
            let text = |at: usize| texts[at].as_deref();
            let parts = Parts {
                ttclid: text(0), ttp: text(1), locale: text(2), url: text(3), referrer: text(4),
                currency: text(5), content_type: text(6), order_id: text(7), description: text(8),
                search_string: text(9), value: amount, num_items: numbers[0],
                email: &digests, phone: &[], external_id: &digests,
                contents: vec![Content {
                    content_id: text(10), content_name: text(11), content_category: text(12), brand: text(13),
                    quantity: numbers[1], price: amount,
                }],
                limited_data_use: limited,
            };
            let stored = round(&parts);
            let same = |stored: &Option<Box<str>>, at: usize| stored.as_deref() == text(at).filter(|text| !text.is_empty());
            for (field, at) in [
                (&stored.ttclid, 0), (&stored.ttp, 1), (&stored.locale, 2), (&stored.url, 3), (&stored.referrer, 4),
                (&stored.currency, 5), (&stored.content_type, 6), (&stored.order_id, 7), (&stored.description, 8),
                (&stored.search_string, 9),
            ] {
                prop_assert!(same(field, at));
            }
            let printed = |amount: Option<Amount>| amount.map(|amount| amount.to_string());
            prop_assert_eq!(printed(stored.value), printed(amount));
            prop_assert_eq!(stored.num_items, numbers[0]);
            prop_assert_eq!((&stored.email[..], stored.phone.len(), &stored.external_id[..]), (&digests[..], 0, &digests[..]));
            prop_assert_eq!(stored.limited_data_use, limited);
            if let Some(item) = stored.contents.first() {
                prop_assert!(same(&item.content_id, 10) && same(&item.content_name, 11));
                prop_assert!(same(&item.content_category, 12) && same(&item.brand, 13));
                prop_assert_eq!(item.quantity, numbers[1]);
                prop_assert_eq!(printed(item.price), printed(amount));
            }
        }
    }
}
