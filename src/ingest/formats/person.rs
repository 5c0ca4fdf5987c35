//! The match keys of a funnel record: raw values come in, digests and masks go out.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::IpAddr;

use crate::domain::{Digest, Flaw, Flaws, Hint, KeyBits, MatchKey};
use crate::ingest::json::Value;
use crate::ingest::last::Last;
use crate::ingest::record::is_blank;
use crate::tiktok::normalise::{self, Unfit};
use crate::tiktok::{flaws, recipes, tags, validity};

use super::{Field, Outline};

/// The longest user agent that is kept, in bytes; browsers' have up to 500.
const AGENT_BYTES_MAX: usize = 2048;
/// User agents that are remembered with their judgement: as many as most logs have.
const AGENTS_MAX: usize = 4096;

/// Who a record is about, as far as TikTok can use it.
#[derive(Default)]
pub(super) struct Person<'a> {
    pub(super) keys: KeyBits,
    pub(super) flaws: Flaws,
    pub(super) ttclid: Option<&'a str>,
    pub(super) ttp: Option<&'a str>,
    pub(super) email: Digests,
    pub(super) phone: Digests,
    pub(super) external_id: Digests,
    pub(super) ip: Option<IpAddr>,
    pub(super) agent: Option<&'a str>,
    /// What wrong recipes make of its raw values, of each key that is hashed.
    pub(super) hints: Hints,
}

/// Hints of the e-mail address, the phone number and the external id.
pub(super) type Hints = Vec<Option<Hint>>;

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
    email: Last<Hashed>,
    phone: Last<Hashed>,
    external_id: Last<Hashed>,
    email_hints: Last<[Option<Hint>; tags::HINTS]>,
    phone_hints: Last<[Option<Hint>; tags::HINTS]>,
    external_id_hints: Last<[Option<Hint>; tags::HINTS]>,
    agents: HashMap<Box<str>, Flaws>,
}

/// What became of a value that is hashed.
type Hashed = (Result<Digest, Unfit>, Flaws);

impl People {
    /// The digest of an external id, or of what stands in for one.
    pub(super) fn external_id(&mut self, raw: &str) -> Result<Digest, Unfit> {
        self.external_id_judged(raw).0
    }

    fn agent(&mut self, raw: &str) -> Flaws {
        if let Some(known) = self.agents.get(raw) {
            return *known;
        }
        if self.agents.len() >= AGENTS_MAX {
            self.agents.clear();
        }
        let found = agent(raw);
        self.agents.insert(raw.into(), found);
        found
    }

    fn email(&mut self, raw: &str) -> Hashed {
        self.email.of(raw, |raw| judged(MatchKey::Email, raw, normalise::email(raw)))
    }

    fn phone(&mut self, raw: &str, region: Option<&str>) -> Hashed {
        self.phone.of(raw, |raw| judged(MatchKey::Phone, raw, normalise::phone(raw, region)))
    }

    fn external_id_judged(&mut self, raw: &str) -> Hashed {
        self.external_id.of(raw, |raw| judged(MatchKey::ExternalId, raw, normalise::external_id(raw)))
    }
}

fn judged(key: MatchKey, raw: &str, made: Result<Digest, Unfit>) -> Hashed {
    (made, flaws::hashed(key, raw, made))
}

impl<'a> Person<'a> {
    /// Reads a record; `region` is the country of phone numbers without a country code, and the same
    /// as long as `people` lives.
    /// `url` is the ttclid of the record's page URL.
    pub(super) fn of(
        record: &Outline<'a, '_>,
        url: Option<&str>,
        region: Option<&str>,
        people: &mut People,
    ) -> Self {
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
        person.compare(record, url);
        for key in [MatchKey::Email, MatchKey::Phone, MatchKey::ExternalId] {
            person.hint(key, record, region, people);
        }
        person
    }

    /// Notes what wrong recipes make of a value that stands alone: a list has no one right digest.
    fn hint(&mut self, key: MatchKey, record: &Outline<'_, '_>, region: Option<&str>, people: &mut People) {
        let (field, last) = match key {
            MatchKey::Email => (&record.email, &mut people.email_hints),
            MatchKey::Phone => (&record.phone, &mut people.phone_hints),
            MatchKey::ExternalId => (&record.external_id, &mut people.external_id_hints),
            MatchKey::Ttclid | MatchKey::Ttp | MatchKey::Ip | MatchKey::UserAgent => return,
        };
        if let Some(raw) = field.get().and_then(Value::id) {
            let hints = last.of(&raw, |raw| tags::hints(key, raw, region));
            self.hints.extend(hints.into_iter().flatten().map(Some));
        }
    }

    /// Notes what is wrong with the values that need another one to be judged.
    fn compare(&mut self, record: &Outline<'_, '_>, url: Option<&str>) {
        if let Some(ttclid) = record.ttclid.text() {
            self.flaws.join(flaws::ttclid(ttclid, url));
        }
        if let Some(ttp) = record.ttp.text() {
            self.flaws.join(flaws::ttp(ttp, record.ttclid.text()));
        }
        let lacks = |key| record.misnamed.has(key) && !self.keys.present.has(key);
        if !record.misnamed.is_empty() && MatchKey::ALL.into_iter().any(lacks) {
            self.flaws.add(Flaw::UserFieldMisnamed);
        }
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
                self.email = self.digests(key, field, region, |raw| people.email(raw));
                !self.email.as_slice().is_empty()
            }
            MatchKey::Phone => {
                self.phone = self.digests(key, field, region, |raw| people.phone(raw, region));
                !self.phone.as_slice().is_empty()
            }
            MatchKey::ExternalId => {
                self.external_id = self.digests(key, field, region, |raw| people.external_id_judged(raw));
                !self.external_id.as_slice().is_empty()
            }
            MatchKey::Ip => {
                self.ip = field.text().and_then(validity::public_ip);
                if self.ip.is_none() {
                    self.flaws.join(field.text().map_or(Flaws::of(&[Flaw::IpUnreadable]), flaws::ip));
                }
                self.ip.is_some()
            }
            MatchKey::UserAgent => {
                let found = field.text().map_or(UNFIT_AGENT, |text| people.agent(text));
                self.flaws.join(found);
                self.agent = field.text().filter(|_| !found.has_any(UNFIT_AGENT));
                self.agent.is_some()
            }
        }
    }

    /// The digests of a value or a list of values, and what is wrong with them.
    fn digests(
        &mut self,
        key: MatchKey,
        field: &Field<'_, '_>,
        region: Option<&str>,
        mut hash: impl FnMut(&str) -> Hashed,
    ) -> Digests {
        let Some(value) = field.get() else { return Digests::None };
        if let Some(one) = value.id() {
            let (made, flaws) = hash(&one);
            self.flaws.join(flaws);
            return made.map_or(Digests::None, Digests::One);
        }
        let many: Vec<Cow<'_, str>> = value.items().filter_map(Value::id).collect();
        let mut digests = Vec::with_capacity(many.len());
        for raw in &many {
            let (made, flaws) = hash(raw);
            self.flaws.join(flaws);
            digests.extend(made);
        }
        let is_given = |raw: &&Cow<'_, str>| raw.trim().len() == 64 && hex::decode(raw.trim()).is_ok();
        let given: Vec<Digest> = many.iter().filter(is_given).filter_map(|raw| hash(raw).0.ok()).collect();
        if !given.is_empty() {
            let raws: Vec<&str> = many.iter().filter(|raw| !is_given(raw)).map(|raw| &**raw).collect();
            self.flaws.join(recipes::judge(key, &raws, &given, region));
        }
        digests.sort_unstable();
        digests.dedup();
        Digests::Many(digests)
    }
}

/// Flaws with which an agent is not sent.
const UNFIT_AGENT: Flaws = Flaws::of(&[Flaw::AgentPlaceholder, Flaw::AgentLibrary, Flaw::AgentTooLong]);

fn agent(raw: &str) -> Flaws {
    let mut found = Flaws::NONE;
    if validity::is_placeholder(raw) {
        found.add(Flaw::AgentPlaceholder);
    } else if validity::is_library_agent(raw) {
        found.add(Flaw::AgentLibrary);
    } else if raw.len() > AGENT_BYTES_MAX {
        found.add(Flaw::AgentTooLong);
    } else if flaws::is_bot(raw) {
        found.add(Flaw::AgentBot);
    }
    found
}

/// Whether a value says anything: a text that is not blank, a number, or a list with one of them.
fn is_present(value: Value<'_, '_>) -> bool {
    match value.id() {
        Some(text) => !is_blank(&text),
        None => value.items().any(|item| item.id().is_some_and(|text| !is_blank(&text))),
    }
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
        then(Person::of(&outline, None, Some("US"), &mut People::default()));
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
