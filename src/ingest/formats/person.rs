//! The match keys of a funnel record: raw values come in, digests and masks go out.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::domain::{Digest, KeyBits, MatchKey};
use crate::ingest::json::Value;
use crate::ingest::last::Last;
use crate::ingest::record::is_blank;
use crate::tiktok::normalise::{self, Unfit};
use crate::tiktok::validity;

use super::{Field, Outline};

/// The longest user agent that is kept, in bytes; browsers' have up to 500.
const AGENT_BYTES_MAX: usize = 2048;

/// Who a record is about, as far as TikTok can use it.
#[derive(Default)]
pub(super) struct Person<'a> {
    pub(super) keys: KeyBits,
    pub(super) ttclid: Option<&'a str>,
    pub(super) ttp: Option<&'a str>,
    pub(super) email: Digests,
    pub(super) phone: Digests,
    pub(super) external_id: Digests,
    pub(super) ip: Option<IpAddr>,
    pub(super) agent: Option<&'a str>,
}

/// The digests of a key, sorted, each once: nearly always one.
#[derive(Debug, Default, PartialEq)]
pub(super) enum Digests {
    #[default]
    None,
    One(Digest),
    Many(Vec<Digest>),
}

impl Digests {
    pub(super) fn as_slice(&self) -> &[Digest] {
        match self {
            Self::None => &[],
            Self::One(digest) => std::slice::from_ref(digest),
            Self::Many(digests) => digests,
        }
    }
}

/// The digests of the last line's person: most neighbours are of one visitor.
#[derive(Default)]
pub(in crate::ingest) struct People {
    email: Last<Result<Digest, Unfit>>,
    phone: Last<Result<Digest, Unfit>>,
    external_id: Last<Result<Digest, Unfit>>,
}

impl People {
    /// The digest of an external id, or of what stands in for one.
    pub(super) fn external_id(&mut self, raw: &str) -> Result<Digest, Unfit> {
        self.external_id.of(raw, normalise::external_id)
    }
}

impl<'a> Person<'a> {
    /// Reads a record; `region` is the country of phone numbers without a country code, and the same
    /// as long as `people` lives.
    pub(super) fn of(record: &Outline<'a, '_>, region: Option<&str>, people: &mut People) -> Self {
        let mut person = Self::default();
        let fields = [
            (MatchKey::Ttclid, &record.ttclid),
            (MatchKey::Ttp, &record.ttp),
            (MatchKey::Email, &record.email),
            (MatchKey::Phone, &record.phone),
            (MatchKey::ExternalId, &record.external_id),
            (MatchKey::Ip, &record.ip),
            (MatchKey::UserAgent, &record.user_agent),
        ];
        for (key, field) in fields {
            if field.get().is_some_and(is_present) {
                person.keys.present.add(key);
                if person.take(key, field, region, people) {
                    person.keys.valid.add(key);
                }
            }
        }
        person
    }

    /// Takes a value if TikTok can use it, and says whether it can.
    fn take(
        &mut self,
        key: MatchKey,
        field: &Field<'a, '_>,
        region: Option<&str>,
        people: &mut People,
    ) -> bool {
        match key {
            MatchKey::Ttclid => {
                self.ttclid = field.text().filter(|text| validity::is_ttclid(text));
                self.ttclid.is_some()
            }
            MatchKey::Ttp => {
                self.ttp = field.text().filter(|text| validity::is_ttp(text));
                self.ttp.is_some()
            }
            MatchKey::Email => {
                self.email = digests(field, |raw| people.email.of(raw, normalise::email));
                !self.email.as_slice().is_empty()
            }
            MatchKey::Phone => {
                self.phone = digests(field, |raw| people.phone.of(raw, |raw| normalise::phone(raw, region)));
                !self.phone.as_slice().is_empty()
            }
            MatchKey::ExternalId => {
                self.external_id = digests(field, |raw| people.external_id(raw));
                !self.external_id.as_slice().is_empty()
            }
            MatchKey::Ip => {
                self.ip = field.text().and_then(validity::public_ip);
                self.ip.is_some()
            }
            MatchKey::UserAgent => {
                let is_fit = |text: &&str| {
                    text.len() <= AGENT_BYTES_MAX
                        && !validity::is_placeholder(text)
                        && !validity::is_library_agent(text)
                };
                self.agent = field.text().filter(is_fit);
                self.agent.is_some()
            }
        }
    }
}

/// Whether a value says anything: a text that is not blank, a number, or a list with one of them.
fn is_present(value: Value<'_, '_>) -> bool {
    match value.id() {
        Some(text) => !is_blank(&text),
        None => value.items().any(|item| item.id().is_some_and(|text| !is_blank(&text))),
    }
}

/// The digests of a value or a list of values.
fn digests(field: &Field<'_, '_>, mut hash: impl FnMut(&str) -> Result<Digest, Unfit>) -> Digests {
    let Some(value) = field.get() else { return Digests::None };
    if let Some(one) = value.id() {
        return hash(&one).map_or(Digests::None, Digests::One);
    }
    let many = value.items().filter_map(Value::id);
    let mut digests: Vec<Digest> = many.filter_map(|raw: Cow<'_, str>| hash(&raw).ok()).collect();
    digests.sort_unstable();
    digests.dedup();
    Digests::Many(digests)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::KeySet;
    use crate::ingest::formats::Spellings;
    use crate::ingest::json::Tape;

    fn person(line: &str, then: impl FnOnce(Person<'_>)) {
        let mut tape = Tape::default();
        let outline = Outline::of(tape.parse(line).unwrap(), &mut Spellings::default());
        then(Person::of(&outline, Some("US"), &mut People::default()));
    }

    fn keys(set: KeySet) -> Vec<&'static str> {
        MatchKey::ALL.into_iter().filter(|key| set.has(*key)).map(MatchKey::name).collect()
    }

    #[test]
    fn a_key_is_present_when_it_says_anything_and_valid_when_tiktok_can_use_it() {
        let line = r#"{"user":{"email":["A@b.example "," "],"phone":["+12133734253","x"],"external_id":12345678901234567890123,
            "ttclid":"E.C.P.abc","ttp":"x","ip":"10.0.0.1","user_agent":"axios/1.6"}}"#;
        person(line, |person| {
            assert_eq!(
                keys(person.keys.present),
                ["ttclid", "ttp", "email", "phone", "external_id", "ip", "user_agent"]
            );
            assert_eq!(keys(person.keys.valid), ["ttclid", "email", "phone", "external_id"]);
            assert_eq!(person.email.as_slice(), [normalise::email("a@b.example").unwrap()]);
            assert_eq!(person.phone.as_slice(), [normalise::phone("+12133734253", None).unwrap()]);
            assert_eq!(
                person.external_id.as_slice(),
                [normalise::external_id("12345678901234567890123").unwrap()]
            );
            assert!(person.ip.is_none() && person.agent.is_none() && person.ttp.is_none());
        });
    }

    #[test]
    fn empty_values_are_not_present() {
        let line = r#"{"email":"","phone":[],"external_id":[null," "],"ttclid":null,"ttp":{},"ip":true,"user_agent":" "}"#;
        person(line, |person| assert!(person.keys.present.is_empty() && person.keys.valid.is_empty()));
    }

    #[test]
    fn lists_are_sorted_and_hold_each_once() {
        person(r#"{"email":["b@x.example","a@x.example","B@x.example"]}"#, |person| {
            let mut want =
                [normalise::email("a@x.example").unwrap(), normalise::email("b@x.example").unwrap()];
            want.sort_unstable();
            assert_eq!(person.email.as_slice(), want);
        });
    }
}
