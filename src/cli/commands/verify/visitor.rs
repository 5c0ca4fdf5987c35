//! A visitor whom nobody ever was: one of each event, in the order of a funnel.

use crate::domain::{Amount, Digest, Duration, EventId, EventName, PixelCode, TimeMs};
use crate::tiktok::event_map::{EVENTS, EventFact, Value};
use crate::tiktok::normalise;
use crate::tiktok::payload::{EventObject, Sendable, Stored, StoredContent, encode};

/// A browser on a phone, as TikTok's visitors use it.
const AGENT: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                     Version/18.5 Mobile/15E148 Safari/604.1";
/// A host that belongs to nobody, where the config names no origin.
const ORIGIN: &str = "https://example.com";
/// The email address is given at this step of the funnel.
const EMAIL_FROM_STEP: u8 = 4;

/// One event of the visit.
pub(super) struct Made {
    pub(super) fact: &'static EventFact,
    pub(super) id: EventId,
    pub(super) object: EventObject,
}

/// The visit's events, first step first, a second apart, the last of them now. The same pixel and
/// moment give the same ids; another moment gives others, so TikTok drops none as a second copy.
///
/// There is no IP address among the match keys: every public one is somebody's.
pub(super) fn visit(pixel: &PixelCode, origin: Option<&str>, now: TimeMs) -> Vec<Made> {
    let mut facts: Vec<&'static EventFact> = EVENTS.iter().collect();
    facts.sort_by_key(|fact| fact.step);
    let last = facts.iter().map(|fact| fact.step).max().unwrap_or(0);
    let seed = format!("{} {}", pixel.as_str(), now.as_ms());
    facts
        .into_iter()
        .filter_map(|fact| {
            let id = EventId::parse(&uuid(&format!("{seed} {}", fact.name))).ok()?;
            let name = EventName::parse(fact.name).ok()?;
            let at = now.minus(Duration::from_secs(i64::from(last - fact.step)));
            let payload = payload(fact, &seed, origin.unwrap_or(ORIGIN));
            let sendable = Sendable {
                name: &name,
                id: &id,
                at,
                payload: &payload,
                ip: None,
                user_agent: Some(AGENT),
                origin: None,
            };
            // What is made here lacks nothing; a test holds that all ten come out.
            let object = encode(&sendable).ok()?;
            Some(Made { fact, id, object })
        })
        .collect()
}

fn payload(fact: &EventFact, seed: &str, origin: &str) -> Stored {
    let click = format!("E.C.P.makegood-{}", uuid(seed));
    let digests = |made: Result<Digest, normalise::Unfit>| made.into_iter().collect::<Vec<_>>();
    let ttp: String =
        uuid(&format!("{seed} ttp")).chars().filter(char::is_ascii_alphanumeric).take(27).collect();
    let has_email = fact.step >= EMAIL_FROM_STEP;
    let mut payload = Stored {
        url: Some(format!("{origin}/makegood-verify?ttclid={click}").into()),
        ttclid: Some(click.into()),
        ttp: Some(ttp.into()),
        email: if has_email { digests(normalise::email("verify@example.com")) } else { Vec::new() },
        external_id: digests(normalise::external_id(&uuid(&format!("{seed} session")))),
        ..Stored::default()
    };
    if fact.value != Value::None {
        payload.value = Amount::parse("9.99");
        payload.currency = Some("USD".into());
        payload.content_type = Some("product".into());
        payload.num_items = Some(1);
        payload.contents = vec![StoredContent {
            content_id: Some("makegood-verify".into()),
            content_name: Some("makegood verify".into()),
            quantity: Some(1),
            price: Amount::parse("9.99"),
            ..StoredContent::default()
        }];
    }
    payload
}

/// A text's digest in the form of a UUID (version 8: of our own making).
fn uuid(text: &str) -> String {
    let digits = hex::encode(normalise::sha256(text.as_bytes()));
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!("{}-{}-8{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Vec<Made> {
        visit(&PixelCode::parse("C0EXAMPLE0PIXEL00001").unwrap(), None, TimeMs::from_ms(ms))
    }

    #[test]
    fn all_ten_come_out_each_under_its_own_id_in_the_funnels_order() {
        let made = at(1_795_176_000_000);
        let names: Vec<_> = made.iter().map(|made| made.fact.name).collect();
        assert_eq!(names.len(), EVENTS.len());
        assert_eq!((names[0], names[9]), ("PageView", "CompletePayment"));
        let ids: std::collections::BTreeSet<_> = made.iter().map(|made| &made.id).collect();
        assert_eq!(ids.len(), 10);
        assert!(matches!(made[0].id, EventId::Uuid(_)), "{}", made[0].id);
        let later = at(1_795_176_000_001);
        assert!(later.iter().all(|made| !ids.contains(&made.id)), "a second visit is no second copy");
    }

    #[test]
    fn the_email_comes_with_its_capture_and_the_money_with_the_checkout() {
        let made = at(1_795_176_000_000);
        for one in &made {
            let json: serde_json::Value = serde_json::from_str(one.object.as_json()).unwrap();
            let user = &json["user"];
            assert_eq!(user["email"].is_array(), one.fact.step >= 4, "{}", one.fact.name);
            assert!(user["ttclid"].is_string() && user["ttp"].is_string() && user["user_agent"].is_string());
            assert!(user["external_id"].is_array() && user["ip"].is_null());
            let value = json["properties"]["value"].as_f64();
            let wanted = match one.fact.value {
                Value::None => None,
                Value::Needed => Some(9.99),
                Value::Zero => Some(0.0),
            };
            assert_eq!(value, wanted, "{}", one.fact.name);
        }
    }
}
