//! What a request really carried of an event: judged like a funnel record, and kept without its values.

use crate::domain::{Facts, KeyTags, MatchKey, SentBody};
use crate::ingest::json::Value;
use crate::ingest::record::Builder;
use crate::tiktok::tags;

use super::Outline;
use super::goods::amount;
use super::person::Person;

/// What an event of a body held. `None`: the log does not show it, or it is of Events 1.0, which keeps
/// match keys elsewhere.
pub(super) fn carried(event: &Outline<'_, '_>, to: &mut Builder<'_>) -> Option<Box<SentBody>> {
    event.whole.field("user").filter(|user| user.is_object())?;
    if event.context.is_some() {
        return None;
    }
    let mut facts = Facts::default();
    let page = to.pages.read(event, to.policy, &mut facts);
    let region = to.policy.default_region.as_deref();
    let person = Person::of(event, page.ttclid.as_deref(), region, &mut to.people);
    let mut body = SentBody {
        keys: person.keys,
        flaws: person.flaws,
        tags: KeyTags {
            ttp: person.ttp.map(tags::of_text).unwrap_or_default(),
            email: tags::of_digests(person.email.as_slice()),
            phone: tags::of_digests(person.phone.as_slice()),
            external_id: tags::of_digests(person.external_id.as_slice()),
            ..KeyTags::default()
        },
        value: event.value.get().and_then(amount),
        currency: event.currency.text().map(|text| tags::of_text(&currency(text))).unwrap_or_default(),
        has_contents: event.contents.get().is_some_and(|items| items.items().next().is_some()),
        url_has_ttclid: page.ttclid.is_some(),
        ..SentBody::default()
    };
    if let Some(ttclid) = person.ttclid {
        body.tags = tags::with_ttclid(body.tags, ttclid);
    }
    for (key, field) in [(MatchKey::Email, event.email), (MatchKey::Phone, event.phone)] {
        if field.get().is_some_and(|value| is_in_clear(key, value)) {
            body.in_clear.add(key);
        }
    }
    Some(Box::new(body))
}

/// A currency as it is compared.
pub(in crate::ingest) fn currency(text: &str) -> String {
    text.trim().to_ascii_uppercase()
}

/// Whether a value, or one of a list, is readable text. A number has at most 15 digits (E.164), a digest
/// more; what a logger masked is no number and no address.
fn is_in_clear(key: MatchKey, value: Value<'_, '_>) -> bool {
    if let Some(text) = value.id() {
        let text = text.trim();
        return if key == MatchKey::Email {
            text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
                && !text.contains('*')
        } else {
            let digits = text.bytes().filter(u8::is_ascii_digit).count();
            (7..=15).contains(&digits) && text.bytes().all(|c| c.is_ascii_digit() || b"+-() ./".contains(&c))
        };
    }
    value.items().any(|item| is_in_clear(key, item))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::json::Tape;

    #[test]
    fn digests_and_masked_values_are_not_in_clear() {
        let is_clear = |key, json: &str| {
            let mut tape = Tape::default();
            let record = format!("{{\"value\": {json}}}");
            is_in_clear(key, tape.parse(&record).unwrap().field("value").unwrap())
        };
        for clear in [r#""a@b.example""#, r#"["x", " A@b.example"]"#] {
            assert!(is_clear(MatchKey::Email, clear), "{clear}");
        }
        for other in [
            r#""""#,
            r#""a***@b.example""#,
            r#""[redacted]""#,
            r#""fb98d44ad7501a959f3f4f4a3f004fe2d9e581ea6207e218c4b02c08a4d75adf""#,
        ] {
            assert!(!is_clear(MatchKey::Email, other), "{other}");
        }
        assert!(
            is_clear(MatchKey::Phone, r#""+1 (213) 373-4253""#) && is_clear(MatchKey::Phone, "12133734253")
        );
        assert!(
            !is_clear(MatchKey::Phone, r#""+12*******53""#)
                && !is_clear(MatchKey::Phone, r#""1234567890123456789012""#)
        );
    }
}
