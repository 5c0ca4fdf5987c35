//! How domain values stand in columns.

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

use super::fault::Fault;
use crate::domain::{EventId, Facts, Flaws, KeyBits, RequestId, TimeMs};

/// An id as a parameter: 16 bytes of a canonical UUID, or text.
pub(super) struct Id<'a>(pub(super) &'a EventId);

impl ToSql for Id<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            EventId::Uuid(bytes) => ValueRef::Blob(bytes),
            EventId::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// Reads an id column.
pub(super) fn read_id(value: ValueRef<'_>) -> Result<EventId, Fault> {
    let damaged = Fault::Damaged("holds an id that is neither a UUID nor text");
    match value {
        ValueRef::Blob(bytes) => bytes.try_into().map(EventId::Uuid).map_err(|_| damaged),
        ValueRef::Text(text) => {
            std::str::from_utf8(text).map(|text| EventId::Text(text.into())).map_err(|_| damaged)
        }
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => Err(damaged),
    }
}

/// Stands for the time of a receipt that has none.
pub(super) const TIMELESS: TimeMs = TimeMs::from_ms(0);

/// The part of the event and the receipt table that a time belongs to: 2^28 milliseconds, three days.
pub(super) const fn span(at: TimeMs) -> i64 {
    at.as_ms() >> 28
}

/// Match keys and facts as one number: a column less to write and to read, a million times.
pub(super) fn bits(keys: KeyBits, facts: Facts) -> i64 {
    i64::from(keys.to_mask()) | i64::from(facts.mask()) << 14
}

/// Flaws as a number: their bits leave the sign free.
pub(super) const fn flaws_number(flaws: Flaws) -> i64 {
    flaws.mask().cast_signed()
}

/// The flaws of [`flaws_number`].
pub(super) const fn read_flaws(flaws: i64) -> Flaws {
    Flaws::from_mask(flaws.cast_unsigned())
}

/// The parts of [`bits`].
pub(super) fn read_bits(bits: i64) -> (KeyBits, Facts) {
    let keys = u16::try_from(bits & 0x3fff).unwrap_or(0);
    let facts = u32::try_from(bits >> 14 & 0xffff_ffff).unwrap_or(0);
    (KeyBits::from_mask(keys), Facts::from_mask(facts))
}

/// Where an id stands in its table, as numbers: rows are put in that order before they are inserted, so
/// that each page is visited once. Ids that begin alike may change places; nothing but time depends on it.
pub(super) fn rank(id: &EventId) -> (bool, u64) {
    let (is_uuid, bytes) = match id {
        EventId::Text(text) => (false, text.as_bytes()),
        EventId::Uuid(bytes) => (true, bytes.as_slice()),
    };
    let mut start = [0_u8; 8];
    for (to, from) in start.iter_mut().zip(bytes) {
        *to = *from;
    }
    (is_uuid, u64::from_be_bytes(start))
}

/// A request id as a parameter: bytes where the text is upper-case hex of even length, so that
/// writing it as hex again gives the same text.
pub(super) enum Request<'a> {
    /// The digits as bytes, and how many.
    Bytes([u8; RequestId::BYTES_MAX / 2], usize),
    /// The text; empty for none.
    Text(&'a str),
}

impl<'a> Request<'a> {
    pub(super) fn new(request: &'a RequestId) -> Self {
        let text = request.as_str().unwrap_or("");
        let is_upper_hex = |c: u8| c.is_ascii_digit() || (b'A'..=b'F').contains(&c);
        let mut bytes = [0; RequestId::BYTES_MAX / 2];
        let length = text.len() / 2;
        if !text.is_empty()
            && text.bytes().all(is_upper_hex)
            && let Some(to) = bytes.get_mut(..length)
            && hex::decode_to_slice(text, to).is_ok()
        {
            return Self::Bytes(bytes, length);
        }
        Self::Text(text)
    }
}

impl ToSql for Request<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Bytes(bytes, length) => ValueRef::Blob(bytes.get(..*length).unwrap_or_default()),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// Reads a request id column.
pub(super) fn read_request(value: ValueRef<'_>) -> Result<RequestId, Fault> {
    match value {
        ValueRef::Blob(bytes) => {
            let mut digits = [0_u8; RequestId::BYTES_MAX];
            let digits =
                digits.get_mut(..bytes.len() * 2).ok_or(Fault::Damaged("holds a long request id"))?;
            hex::encode_to_slice(bytes, digits).map_err(|_| Fault::Damaged("holds a long request id"))?;
            digits.make_ascii_uppercase();
            Ok(RequestId::parse(std::str::from_utf8(digits).unwrap_or_default()))
        }
        ValueRef::Text(text) => std::str::from_utf8(text)
            .map(RequestId::parse)
            .map_err(|_| Fault::Damaged("holds a request id that is no text")),
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => {
            Err(Fault::Damaged("holds a request id that is no text"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_come_back_as_they_were() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        for text in ["", "20261120ABCDEF", "20261120abcdef", "ABC", "abCD", "x y", "00", "é"] {
            let request = RequestId::parse(text);
            let back = connection
                .query_row("SELECT ?1", [Request::new(&request)], |row| {
                    Ok(read_request(row.get_ref(0)?).unwrap())
                })
                .unwrap();
            assert_eq!(back, request, "{text}");
        }
        let is_blob = |text| {
            connection
                .query_row("SELECT typeof(?1) = 'blob'", [Request::new(&RequestId::parse(text))], |row| {
                    row.get(0)
                })
                .unwrap()
        };
        let blobs: Vec<bool> = ["20261120ABCDEF", "20261120abcdef", "ABC"].map(is_blob).into();
        assert_eq!(blobs, [true, false, false]);
    }

    #[test]
    fn ranks_are_in_the_order_of_ids() {
        let mut ids: Vec<_> = ["b", "a", "530e0e61-18e9-485e-a8bf-f9ea304d9f96", "zzzzzzzz", "~"]
            .map(|text| EventId::parse(text).unwrap())
            .into();
        ids.sort();
        assert!(ids.windows(2).all(|pair| rank(&pair[0]) < rank(&pair[1])));
    }

    #[test]
    fn bits_come_back_as_they_were() {
        for (keys, facts) in [(0, 0), (0x3fff, u32::MAX), (1, 0), (0, 1), (0x2aaa, 0x1_e3a1)] {
            let (back_keys, back_facts) = read_bits(bits(KeyBits::from_mask(keys), Facts::from_mask(facts)));
            assert_eq!((back_keys.to_mask(), back_facts.mask()), (keys, facts));
        }
    }

    #[test]
    fn ids_come_back_as_they_were() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        for text in ["530e0e61-18e9-485e-a8bf-f9ea304d9f96", "530E0E61-18E9-485E-A8BF-F9EA304D9F96", "a\0b"] {
            let id = EventId::parse(text).unwrap();
            let back = connection
                .query_row("SELECT ?1", [Id(&id)], |row| Ok(read_id(row.get_ref(0)?).unwrap()))
                .unwrap();
            assert_eq!(back, id);
        }
    }
}
