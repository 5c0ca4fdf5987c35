//! What a record says, wherever and however it is spelled: the table of product 3.1's aliases.

use crate::domain::{KeySet, MatchKey};
use crate::ingest::json::Value;
use crate::ingest::record::is_blank;

use super::fields::FIELDS;

/// A field of a record: the value under its best-ranked name.
#[derive(Clone, Copy, Default)]
pub(in crate::ingest) struct Field<'a, 't> {
    value: Option<Value<'a, 't>>,
    rank: u8,
}

impl<'a, 't> Field<'a, 't> {
    /// The value, unless it is absent or `null`.
    pub(in crate::ingest) const fn get(&self) -> Option<Value<'a, 't>> {
        self.value
    }

    pub(in crate::ingest) const fn is_some(&self) -> bool {
        self.value.is_some()
    }

    /// The value, if it is a text that is not blank.
    pub(in crate::ingest) fn text(&self) -> Option<&'a str> {
        self.value?.as_text().filter(|text| !is_blank(text))
    }

    /// A field with this value; an absent or `null` one is none.
    pub(in crate::ingest) fn of(value: Option<Value<'a, 't>>) -> Self {
        Self { value: value.filter(|value| !value.is_null()), rank: 0 }
    }

    /// This field, or the other where this one has no value.
    pub(in crate::ingest) fn or(self, other: Self) -> Self {
        if self.value.is_some() { self } else { other }
    }

    fn set(&mut self, value: Value<'a, 't>, rank: u8) {
        if !value.is_null() && (self.value.is_none() || rank < self.rank) {
            *self = Self { value: Some(value), rank };
        }
    }
}

/// Keeps a value as the field of its key.
type Keep = for<'o, 'a, 't> fn(&'o mut Outline<'a, 't>, Value<'a, 't>);

/// Where in a record a key stands.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Scope {
    /// At the top.
    #[default]
    Root,
    Page,
    User,
    Properties,
}

/// The longest key of the table, folded.
pub(super) const KEY_BYTES_MAX: usize = 20;
/// The longest key that is remembered as it is spelled.
const SPELLED_BYTES_MAX: usize = 24;
/// Keys that are remembered: a few times those that a log has.
const SPELLINGS: usize = 256;

macro_rules! outline {
    ($($(#[$doc:meta])* $field:ident: $($scope:ident $key:literal $rank:literal)|+;)*) => {
        /// The fields of a record that any format knows.
        #[derive(Clone, Copy, Default)]
        pub(in crate::ingest) struct Outline<'a, 't> {
            /// The record itself.
            pub(in crate::ingest) whole: Value<'a, 't>,
            $($(#[$doc])* pub(in crate::ingest) $field: Field<'a, 't>,)*
            /// Match keys that `user` gives under a name that TikTok does not know.
            pub(in crate::ingest) misnamed: KeySet,
        }

        impl<'a, 't> Outline<'a, 't> {
            /// The field that the table calls so.
            fn slot(&mut self, name: &str) -> Option<&mut Field<'a, 't>> {
                match name {
                    $(stringify!($field) => Some(&mut self.$field),)*
                    _ => None,
                }
            }
        }

        /// What keeps the value of a key, if the key, folded, is in the table.
        fn keeper(scope: Scope, key: &[u8]) -> Option<Keep> {
            match (scope, key) {
                $($((Scope::$scope, $key) => Some(|outline, value| outline.$field.set(value, $rank)),)+)*
                (Scope::User, key) => misnamed(key),
                _ => None,
            }
        }
    };
}

// Keys are folded: lower case, without `_`, `-` and spaces. Of several names of one field the lowest rank
// wins, whatever their order in the line.
outline! {
    kind: Root b"type" 0;
    event_id: Root b"eventid" 0;
    event: Root b"event" 0 | Root b"eventname" 1;
    at: Root b"occurredat" 0 | Root b"timestamp" 1 | Root b"ts" 2 | Root b"time" 3 | Root b"eventtime" 4 | Root b"at" 5;
    session: Root b"sessionid" 0 | Root b"appuserid" 1;
    funnel: Root b"funnelid" 0;
    campaign: Root b"campaignid" 0;
    source: Root b"source" 0;
    pixel: Root b"pixelid" 0 | Root b"pixelcode" 1 | Root b"eventsourceid" 2;
    consent: Root b"consent" 0;
    limited_data_use: Root b"limiteddatause" 0 | Properties b"limiteddatause" 1;
    test: Root b"test" 0;
    is_test: Root b"istest" 0;

    page: Root b"page" 0;
    url: Page b"url" 0 | Root b"pagelocation" 1 | Root b"pageurl" 2 | Root b"url" 3;
    referrer: Page b"referrer" 0 | Root b"pagereferrer" 1 | Root b"referrer" 2;

    user: Root b"user" 0;
    email: User b"email" 0 | Root b"email" 1;
    phone: User b"phone" 0 | User b"phonenumber" 1 | Root b"phone" 2 | Root b"phonenumber" 3;
    external_id: User b"externalid" 0 | Root b"externalid" 1;
    ttclid: User b"ttclid" 0 | Root b"ttclid" 1;
    ttp: User b"ttp" 0 | Root b"ttp" 1;
    ip: User b"ip" 0 | User b"ipaddress" 1 | User b"clientipaddress" 2
        | Root b"ip" 3 | Root b"ipaddress" 4 | Root b"clientipaddress" 5;
    user_agent: User b"useragent" 0 | User b"clientuseragent" 1 | Root b"useragent" 2 | Root b"clientuseragent" 3;
    locale: User b"locale" 0 | Root b"locale" 1;

    properties: Root b"properties" 0;
    value: Properties b"value" 0 | Root b"value" 1;
    currency: Properties b"currency" 0 | Root b"currency" 1;
    content_type: Properties b"contenttype" 0 | Root b"contenttype" 1;
    num_items: Properties b"numitems" 0 | Root b"numitems" 1;
    order_id: Properties b"orderid" 0 | Root b"orderid" 1;
    transaction_id: Properties b"transactionid" 0 | Root b"transactionid" 1;
    contents: Properties b"contents" 0 | Root b"contents" 1;
    product_id: Properties b"productid" 0 | Root b"productid" 1;
    product_name: Properties b"productname" 0 | Root b"productname" 1;
    description: Properties b"description" 0 | Root b"description" 1;
    search_string: Properties b"searchstring" 0 | Properties b"query" 1 | Root b"searchstring" 2;

    channel: Root b"channel" 0;
    sent_at: Root b"sentat" 0;
    http_status: Root b"httpstatus" 0 | Root b"responsestatuscode" 1;
    code: Root b"code" 0;
    request_id: Root b"requestid" 0;
    test_event_code: Root b"testeventcode" 0;
    timeout: Root b"timeout" 0;
    timed_out: Root b"timedout" 0;
    error: Root b"error" 0;

    /// What the sender made of it.
    claim: Root b"delivered" 0 | Root b"success" 1 | Root b"jobstate" 2 | Root b"status" 3;

    request: Root b"request" 0 | Root b"requestbody" 1;
    response: Root b"response" 0 | Root b"responsebody" 1;
    data: Root b"data" 0;
    /// Marks of other senders' records.
    distinct: Root b"distinctid" 0;
    context: Root b"context" 0;
    payload: Root b"payload" 0;
    trace: Root b"traceid" 0;
}

macro_rules! misnamed {
    ($($match_key:ident: $($name:literal)|+;)*) => {
        /// What notes a match key under a wrong name: those of older versions, other platforms and tags.
        fn misnamed(key: &[u8]) -> Option<Keep> {
            match key {
                $($($name)|+ => Some(|outline, value| {
                    if !value.is_null() {
                        outline.misnamed.add(MatchKey::$match_key);
                    }
                }),)*
                _ => None,
            }
        }
    };
}

misnamed! {
    Ttclid: b"clickid" | b"tiktokclickid" | b"ttclickid";
    Ttp: b"ttpcookie" | b"ttpid";
    Email: b"mail" | b"emails" | b"emailaddress" | b"emailhash" | b"hashedemail" | b"sha256email" | b"em"
        | b"sha256emailaddress";
    Phone: b"phones" | b"phonenumbers" | b"phonehash" | b"hashedphone" | b"sha256phone" | b"ph" | b"mobile"
        | b"tel" | b"telephone" | b"sha256phonenumber";
    ExternalId: b"externalids" | b"extid" | b"externaluserid";
    Ip: b"ipaddr" | b"userip" | b"clientip" | b"remoteip" | b"remoteaddr";
    UserAgent: b"ua" | b"agent" | b"useragentstring" | b"browseruseragent";
}

impl<'a, 't> Outline<'a, 't> {
    /// Reads a record's own fields and those of its `page`, `user` and `properties`.
    pub(in crate::ingest) fn of(record: Value<'a, 't>, known: &mut Spellings) -> Self {
        let mut outline = Self { whole: record, ..Self::default() };
        outline.read(Scope::Root, record, known);
        let nested = [
            (Scope::Page, outline.page),
            (Scope::User, outline.user),
            (Scope::Properties, outline.properties),
        ];
        for (scope, field) in nested {
            if let Some(value) = field.get() {
                outline.read(scope, value, known);
            }
        }
        outline
    }

    /// Replaces the field that the manual calls so.
    pub(super) fn replace(&mut self, name: &str, field: Field<'a, 't>) {
        let known = FIELDS.iter().find(|(called, _)| *called == name);
        if let Some(slot) = known.and_then(|(_, slot)| self.slot(slot)) {
            *slot = field;
        }
    }

    /// Reads an object's fields as those of a part of the record; what is known already stays.
    pub(super) fn read(&mut self, scope: Scope, object: Value<'a, 't>, known: &mut Spellings) {
        for (key, value) in object.fields() {
            if let Some(keep) = known.keeper(scope, key) {
                keep(self, value);
            }
        }
    }
}

/// Keys as they were spelled in earlier lines, and what they mean: all lines of a log spell alike, and
/// folding a key takes longer than finding it here.
pub(in crate::ingest) struct Spellings(Box<[Spelling; SPELLINGS]>);

/// One of them; the empty key, which means nothing, until another one comes.
#[derive(Clone, Copy, Default)]
struct Spelling {
    scope: Scope,
    length: usize,
    key: [u8; SPELLED_BYTES_MAX],
    keep: Option<Keep>,
}

impl Default for Spellings {
    fn default() -> Self {
        Self(Box::new([Spelling::default(); SPELLINGS]))
    }
}

impl Spellings {
    fn keeper(&mut self, scope: Scope, key: &str) -> Option<Keep> {
        let bytes = key.as_bytes();
        let fold_and_look = || fold(key, &mut [0; KEY_BYTES_MAX]).and_then(|key| keeper(scope, key));
        let end = |byte: Option<&u8>| usize::from(byte.copied().unwrap_or_default());
        let place = bytes.len() * 5 + end(bytes.first()) * 3 + end(bytes.last()) * 29 + scope.number() * 64;
        let Some(spelling) = self.0.get_mut(place % SPELLINGS) else { return fold_and_look() };
        if spelling.scope == scope && spelling.key.get(..spelling.length) == Some(bytes) {
            return spelling.keep;
        }
        let keep = fold_and_look();
        let mut spelled = [0; SPELLED_BYTES_MAX];
        if let Some(to) = spelled.get_mut(..bytes.len()) {
            to.copy_from_slice(bytes);
            *spelling = Spelling { scope, length: bytes.len(), key: spelled, keep };
        }
        keep
    }
}

impl Scope {
    const fn number(self) -> usize {
        match self {
            Self::Root => 0,
            Self::Page => 1,
            Self::User => 2,
            Self::Properties => 3,
        }
    }
}

/// A key in lower case without `_`, `-` and spaces; `None` if it is longer than any of the table.
pub(super) fn fold<'b>(key: &str, into: &'b mut [u8; KEY_BYTES_MAX]) -> Option<&'b [u8]> {
    let mut length = 0;
    for byte in key.bytes() {
        if !matches!(byte, b'_' | b'-' | b' ') {
            *into.get_mut(length)? = byte.to_ascii_lowercase();
            length += 1;
        }
    }
    into.get(..length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::json::Tape;

    fn texts(line: &str) -> [Option<String>; 4] {
        let mut tape = Tape::default();
        let outline = Outline::of(tape.parse(line).unwrap(), &mut Spellings::default());
        [outline.event_id, outline.email, outline.url, outline.order_id]
            .map(|field| field.text().map(str::to_owned))
    }

    #[test]
    fn every_spelling_and_place_is_the_same_field() {
        let want = ["1", "a@b", "https://x/", "7"].map(|text| Some(text.to_owned()));
        for line in [
            r#"{"event_id":"1","user":{"email":"a@b"},"page":{"url":"https://x/"},"properties":{"order_id":"7"}}"#,
            r#"{"eventId":"1","email":"a@b","page_location":"https://x/","orderId":"7"}"#,
            r#"{"EVENT-ID":"1","Email":"a@b","pageLocation":"https://x/","Properties":{"orderID":"7"}}"#,
            r#"{"email":"flat","user":{"email":"a@b"},"event_id":"1","pageLocation":"y","url":"z","page":{"url":"https://x/"},"order_id":"7"}"#,
        ] {
            assert_eq!(texts(line), want, "{line}");
        }
    }

    #[test]
    fn a_key_means_the_same_the_second_time() {
        let mut known = Spellings::default();
        let mut folded = [0; KEY_BYTES_MAX];
        let keys =
            ["event_id", "eventId", "url", "urL", "lru", "", "x", "page_url", "user", "client-user-agent"];
        let long = [
            "x".repeat(SPELLED_BYTES_MAX),
            "x".repeat(SPELLED_BYTES_MAX + 1),
            "client___ip____add__ress__".to_owned(),
        ];
        for _ in 0..3 {
            for key in keys.into_iter().chain(long.iter().map(String::as_str)) {
                for scope in [Scope::Root, Scope::Page, Scope::User, Scope::Properties] {
                    let want = fold(key, &mut folded).and_then(|key| keeper(scope, key));
                    assert_eq!(known.keeper(scope, key).is_some(), want.is_some(), "{key}");
                }
            }
        }
        for at in 0..20_000 {
            let key = format!("k{}", at % 1000);
            assert!(known.keeper(Scope::Root, &key).is_none());
        }
        assert!(known.keeper(Scope::Root, "event_id").is_some());
    }

    #[test]
    fn null_and_blank_are_nothing() {
        let line = r#"{"event_id":null,"email":" ","user":{"email":null},"page":"x","order_id":5}"#;
        assert_eq!(texts(line), [None, None, None, None]);
        assert_eq!(texts(r#"{"user":{"email":null},"email":"a@b"}"#)[1].as_deref(), Some("a@b"));
    }

    #[test]
    fn every_field_of_a_map_is_one_of_the_table() {
        let mut outline = Outline::default();
        for (name, slot) in FIELDS {
            assert!(outline.slot(slot).is_some(), "{name}");
        }
    }

    #[test]
    fn every_key_of_the_table_fits() {
        let mut folded = [0; KEY_BYTES_MAX];
        assert!(fold("client_ip_address", &mut folded).is_some());
        assert!(fold("client_user_agent", &mut folded).is_some());
        assert!(fold(&"x".repeat(21), &mut folded).is_none());
    }
}
