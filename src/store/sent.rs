//! What requests really held, in the column of their receipts, and what sessions showed beside it.

use std::cell::OnceCell;
use std::collections::HashMap;

use rusqlite::Connection;

use super::fault::Fault;
use super::session::{self, Session};
use crate::domain::{
    Amount, Digest, EventId, Flaws, KeyBits, KeySet, KeyTags, Seen, SentBody, SessionTags, Tag,
};
use crate::tiktok::{normalise, tags};

/// Bytes before the value.
const HEAD: usize = 30;
/// Sessions that are read at once.
const PAGE: usize = 4096;

const CONTENTS: u8 = 1;
const URL_TTCLID: u8 = 2;
/// The body was seen: so that no body is the empty column.
const SEEN: u8 = 0x80;

/// The column of a body; empty: the log has none.
pub(super) fn column(sent: Option<&SentBody>) -> Vec<u8> {
    let Some(sent) = sent else { return Vec::new() };
    let SentBody { keys, in_clear, flaws, tags, value, currency, has_contents, url_has_ttclid } = sent;
    let KeyTags { ttclid, ttclid_start, ttclid_lower, ttclid_bytes, ttp, email, phone, external_id } = tags;
    let facts =
        SEEN | if *has_contents { CONTENTS } else { 0 } | if *url_has_ttclid { URL_TTCLID } else { 0 };
    let mut bytes = vec![facts, in_clear.mask()];
    bytes.extend(keys.to_mask().to_le_bytes());
    bytes.extend(flaws.mask().to_le_bytes());
    for tag in [ttclid, ttclid_start, ttclid_lower, ttp, email, phone, external_id, currency] {
        bytes.extend(tag.number().to_le_bytes());
    }
    bytes.extend(ttclid_bytes.to_le_bytes());
    bytes.extend(value.map(|value| value.to_string()).unwrap_or_default().into_bytes());
    bytes
}

/// Reads the column.
pub(super) fn read(bytes: &[u8]) -> Result<Option<SentBody>, Fault> {
    let damaged = || Fault::Damaged("holds a request's body that is not readable");
    if bytes.is_empty() {
        return Ok(None);
    }
    let (head, value) = bytes.split_at_checked(HEAD).ok_or_else(damaged)?;
    let (&[facts, in_clear, keys_low, keys_high], rest) = head.split_first_chunk().ok_or_else(damaged)?;
    let (flaws, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
    let mut numbers = rest.chunks_exact(2).map(|pair| pair.try_into().map_or(0, u16::from_le_bytes));
    let mut tag = || Tag::from_number(numbers.next().unwrap_or_default());
    let [ttclid, ttclid_start, ttclid_lower, ttp, email, phone, external_id, currency, length] =
        std::array::from_fn(|_| tag());
    let value = std::str::from_utf8(value).map_err(|_| damaged())?;
    Ok(Some(SentBody {
        keys: KeyBits::from_mask(u16::from_le_bytes([keys_low, keys_high])),
        in_clear: KeySet::from_mask(in_clear),
        flaws: Flaws::from_mask(u64::from_le_bytes(*flaws)),
        tags: KeyTags {
            ttclid,
            ttclid_start,
            ttclid_lower,
            ttclid_bytes: length.number(),
            ttp,
            email,
            phone,
            external_id,
        },
        value: if value.is_empty() { None } else { Some(Amount::parse(value).ok_or_else(damaged)?) },
        currency,
        has_contents: facts & CONTENTS != 0,
        url_has_ttclid: facts & URL_TTCLID != 0,
    }))
}

/// What sessions showed: read at once when the first request is held against one, for a read of
/// everything asks for nearly all, in no order. About a hundred bytes each.
#[derive(Default)]
pub(super) struct Shown {
    all: OnceCell<HashMap<i64, SessionTags>>,
}

impl Shown {
    /// What a session showed.
    pub(super) fn get(&self, connection: &Connection, code: i64) -> Result<Option<&SessionTags>, Fault> {
        if self.all.get().is_none() {
            let mut all = HashMap::new();
            let mut last = 0;
            loop {
                let page = session::some_after(connection, last, PAGE)?;
                let Some((code, _)) = page.last() else { break };
                last = *code;
                all.extend(page.iter().map(|(code, session)| (*code, tags_of(session))));
            }
            // Nobody else can have set it: the cell is this thread's.
            let _ = self.all.set(all);
        }
        Ok(self.all.get().and_then(|all| all.get(&code)))
    }
}

/// The tags of a session: of a key with several values there is none.
pub(super) fn tags_of(session: &Session) -> SessionTags {
    let text = |seen: &Option<Seen<Box<str>>>| {
        seen.as_ref().filter(|seen| !seen.several).map(|seen| tags::of_text(&seen.value)).unwrap_or_default()
    };
    let digest =
        |seen: &Option<Seen<Digest>>| seen.as_ref().filter(|seen| !seen.several).map(|seen| seen.value);
    let digests = [digest(&session.email), digest(&session.phone), digest(&session.external_id)];
    let tag = |digest: &[u8; 32]| tags::of_digest(digest);
    let [email, phone, external_id] =
        digests.map(|digest| digest.map(|digest| tag(digest.as_bytes())).unwrap_or_default());
    let double = |digest: Digest| tag(&normalise::sha256(digest.to_hex().as_bytes()));
    let keys = KeyTags { ttp: text(&session.ttp), email, phone, external_id, ..KeyTags::default() };
    let ttclid = session.ttclid.as_ref().filter(|seen| !seen.several);
    let id = match &session.id {
        EventId::Text(text) => normalise::external_id(text),
        EventId::Uuid(_) => normalise::external_id(&session.id.to_string()),
    };
    SessionTags {
        keys: ttclid.map_or(keys, |seen| tags::with_ttclid(keys, &seen.value)),
        doubles: digests.map(|digest| digest.map(double).unwrap_or_default()),
        id: id.map(|digest| tag(digest.as_bytes())).unwrap_or_default(),
        hints: session.hints.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Flaw, MatchKey};

    #[test]
    fn bodies_come_back_as_they_were() {
        let mut keys = KeySet::default();
        keys.add(MatchKey::Email);
        let full = SentBody {
            keys: KeyBits { present: KeySet::from_mask(0x7f), valid: keys },
            in_clear: keys,
            flaws: Flaws::of(&[Flaw::TtclidCut, Flaw::ValueHundredfold]),
            tags: tags::with_ttclid(KeyTags { email: Tag::from_number(7), ..KeyTags::default() }, "E.C.P.X"),
            value: Amount::parse("9.990"),
            currency: tags::of_text("USD"),
            has_contents: true,
            url_has_ttclid: true,
        };
        for body in [full, SentBody::default()] {
            assert_eq!(read(&column(Some(&body))).unwrap(), Some(body));
        }
        assert_eq!(read(&column(None)).unwrap(), None);
        assert!(read(&[SEEN]).is_err());
    }
}
