//! What a record says of money and goods, and what is wrong with it.

use crate::domain::{Amount, Flaw, Flaws};
use crate::ingest::json::Value;
use crate::ingest::record::is_blank;
use crate::tiktok::currency;
use crate::tiktok::payload::Content;

use super::Outline;

/// A value and the sum of the goods may differ by a rounding.
const ROUNDING: &str = "0.01";

/// The goods of a record; a product id alone is a list of one.
pub(super) fn contents<'a>(record: &Outline<'a, '_>, flaws: &mut Flaws) -> Vec<Content<'a>> {
    let listed = record.contents.get().into_iter().flat_map(Value::items).filter(|item| item.is_object());
    let listed: Vec<Content<'a>> = listed.map(|item| content(item, flaws)).collect();
    let contents = if listed.is_empty() {
        if record.product_id.get().is_some_and(|id| id.as_text().is_none()) {
            flaws.add(Flaw::ContentIdNotText);
        }
        let content_name = record.product_name.text();
        let alone = |content_id| Content { content_id: Some(content_id), content_name, ..Content::default() };
        record.product_id.text().map(alone).into_iter().collect()
    } else {
        listed
    };
    for item in &contents {
        if item.content_name.is_none() {
            flaws.add(Flaw::ContentNameMissing);
        }
        if item.quantity.is_none() {
            flaws.add(Flaw::QuantityMissing);
        }
        if item.price.is_none() {
            flaws.add(Flaw::PriceMissing);
        }
    }
    contents
}

fn content<'a>(item: Value<'a, '_>, flaws: &mut Flaws) -> Content<'a> {
    let mut content = Content::default();
    for (key, value) in item.fields() {
        let text = value.as_text().filter(|text| !is_blank(text));
        match key {
            "content_id" | "contentId" => {
                if value.as_text().is_none() && !value.is_null() {
                    flaws.add(Flaw::ContentIdNotText);
                }
                content.content_id = text.or(content.content_id);
            }
            "content_name" | "contentName" => content.content_name = text.or(content.content_name),
            // A shop's own words, and those of Segment.
            "product_id" | "productId" | "item_id" => content.content_id = content.content_id.or(text),
            "product_name" | "item_name" | "name" => content.content_name = content.content_name.or(text),
            "content_category" | "contentCategory" => content.content_category = text,
            "brand" => content.brand = text,
            "quantity" => content.quantity = count(value),
            "price" => content.price = amount(value),
            _ => {}
        }
    }
    content
}

/// Holds value, currency, number of items and goods against each other.
pub(super) fn compare(
    record: &Outline<'_, '_>,
    value: Option<Amount>,
    contents: &[Content<'_>],
    flaws: &mut Flaws,
) {
    if value.is_some() && record.value.get().is_some_and(|value| value.as_text().is_some()) {
        flaws.add(Flaw::ValueAsText);
    }
    if let Some(logged) = record.currency.text().map(str::trim)
        && !currency::is_supported(logged)
    {
        let is_respelled = currency::is_supported(&logged.to_ascii_uppercase());
        flaws.add(if is_respelled { Flaw::CurrencyRespelled } else { Flaw::CurrencyUnsupported });
    }
    if record.content_type.text().is_some_and(|kind| kind != "product") {
        flaws.add(Flaw::ContentTypeOther);
    }
    if contents.is_empty() {
        return;
    }
    let quantity = |sum: i64, item: &Content<'_>| sum.checked_add(item.quantity?);
    if let (Some(stated), Some(sum)) =
        (record.num_items.get().and_then(count), contents.iter().try_fold(0, quantity))
        && stated != sum
    {
        flaws.add(Flaw::NumItemsDiffer);
    }
    let price = |sum: Amount, item: &Content<'_>| sum.plus(item.price?.times(item.quantity?)?);
    if let (Some(value), Some(sum)) = (value, contents.iter().try_fold(Amount::ZERO, price))
        && !is_near(value, sum)
    {
        flaws.add(Flaw::ValueDiffers);
        if value.times(100) == Some(sum) || sum.times(100) == Some(value) {
            flaws.add(Flaw::ValueHundredfold);
        }
    }
}

fn is_near(one: Amount, other: Amount) -> bool {
    let rounding = Amount::parse(ROUNDING).unwrap_or(Amount::ZERO);
    let within = |low: Amount, high: Amount| low.plus(rounding).is_some_and(|edge| edge >= high);
    within(one, other) && within(other, one)
}

/// A decimal number, in a number or a text.
pub(super) fn amount(value: Value<'_, '_>) -> Option<Amount> {
    match value.as_text() {
        Some(text) => Amount::parse(text.trim()),
        None => Amount::parse(&value.number()?),
    }
}

/// A whole number, in a number or a text.
pub(super) fn count(value: Value<'_, '_>) -> Option<i64> {
    value.as_int().or_else(|| value.as_text()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::formats::Spellings;
    use crate::ingest::json::Tape;

    fn flaws(properties: &str) -> Vec<Flaw> {
        let mut tape = Tape::default();
        let record = Outline::of(tape.parse(properties).unwrap(), &mut Spellings::default());
        let mut flaws = Flaws::NONE;
        let goods = contents(&record, &mut flaws);
        compare(&record, record.value.get().and_then(amount), &goods, &mut flaws);
        Flaw::ALL.iter().copied().filter(|flaw| flaws.has(*flaw)).collect()
    }

    const ITEM: &str = r#"{"content_id":"a","content_name":"A","quantity":2,"price":9.99}"#;

    #[test]
    fn a_whole_payload_has_no_flaw() {
        let whole = format!(
            r#"{{"value":19.98,"currency":"USD","content_type":"product","num_items":2,"contents":[{ITEM}]}}"#
        );
        assert_eq!(flaws(&whole), []);
        assert_eq!(flaws(&whole.replace("19.98", "19.97")), [], "a cent is a rounding");
        assert_eq!(flaws(r#"{"event":"page_view"}"#), []);
    }

    #[test]
    fn each_difference_is_noted() {
        let cases: &[(&str, &[Flaw])] = &[
            (r#""value":"19.98""#, &[Flaw::ValueAsText]),
            (r#""value":1998"#, &[Flaw::ValueDiffers, Flaw::ValueHundredfold]),
            (r#""value":25"#, &[Flaw::ValueDiffers]),
            (r#""currency":"usd""#, &[Flaw::CurrencyRespelled]),
            (r#""currency":"GEL""#, &[Flaw::CurrencyUnsupported]),
            (r#""content_type":"product_group""#, &[Flaw::ContentTypeOther]),
            (r#""num_items":1"#, &[Flaw::NumItemsDiffer]),
        ];
        for (field, want) in cases {
            assert_eq!(flaws(&format!(r#"{{{field},"contents":[{ITEM}]}}"#)), *want, "{field}");
        }
        assert_eq!(
            flaws(r#"{"contents":[{"content_id":7}]}"#),
            [Flaw::ContentIdNotText, Flaw::ContentNameMissing, Flaw::QuantityMissing, Flaw::PriceMissing]
        );
    }
}
