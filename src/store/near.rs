//! Ids that begin alike: for a person who has half of one.

use std::collections::BTreeSet;

use rusqlite::{Connection, named_params};

use super::fault::Fault;
use super::row::{Id, read_id};
use super::{Store, StoreError};
use crate::domain::EventId;

const EVENT_SPANS: &str = "
    SELECT span
    FROM event_span";
const EVENT_IDS: &str = "
    SELECT DISTINCT event_id
    FROM event
    WHERE span = :span
      AND event_id >= :from
      AND event_id <= :to
    ORDER BY event_id
    LIMIT :limit";
const RECEIPT_SPANS: &str = "
    SELECT span
    FROM receipt_span";
const RECEIPT_IDS: &str = "
    SELECT DISTINCT event_id
    FROM receipt
    WHERE span = :span
      AND event_id >= :from
      AND event_id <= :to
    ORDER BY event_id
    LIMIT :limit";

impl Store {
    /// The first ids, in their own order, that begin with a text; at most `limit` of them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ids_beginning(&self, prefix: &str, limit: usize) -> Result<Vec<EventId>, StoreError> {
        let read = || -> Result<Vec<EventId>, Fault> {
            let mut found = BTreeSet::new();
            for (from, to) in ranges(prefix) {
                for (spans, ids) in [(EVENT_SPANS, EVENT_IDS), (RECEIPT_SPANS, RECEIPT_IDS)] {
                    collect(&self.connection, (spans, ids), (&from, &to), limit, &mut found)?;
                }
            }
            Ok(found.into_iter().take(limit).collect())
        };
        read().map_err(|fault| fault.at(&self.path))
    }
}

fn collect(
    connection: &Connection,
    (spans, ids): (&str, &str),
    (from, to): (&EventId, &EventId),
    limit: usize,
    found: &mut BTreeSet<EventId>,
) -> Result<(), Fault> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let spans: Vec<i64> =
        connection.prepare_cached(spans)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut statement = connection.prepare_cached(ids)?;
    for span in spans {
        let range = named_params! { ":span": span, ":from": Id(from), ":to": Id(to), ":limit": limit };
        let mut rows = statement.query(range)?;
        while let Some(row) = rows.next()? {
            found.insert(read_id(row.get_ref(0)?)?);
        }
    }
    Ok(())
}

/// The smallest and the greatest id with this beginning, as text and as UUID: the two lie apart.
fn ranges(prefix: &str) -> Vec<(EventId, EventId)> {
    let text = (EventId::Text(prefix.into()), EventId::Text(format!("{prefix}{}", char::MAX).into()));
    let uuid = uuid_with(prefix, '0').zip(uuid_with(prefix, 'f'));
    [text].into_iter().chain(uuid).collect()
}

/// A canonical UUID that begins with a text, filled up with a digit.
fn uuid_with(prefix: &str, digit: char) -> Option<EventId> {
    const FORM: &str = "00000000-0000-0000-0000-000000000000";
    let rest = FORM.get(prefix.len()..)?.replace('0', &digit.to_string());
    let id = EventId::parse(&format!("{prefix}{rest}")).ok()?;
    match id {
        EventId::Uuid(_) => Some(id),
        EventId::Text(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_covers_texts_and_uuids() {
        assert_eq!(ranges("530e0e61-1").len(), 2);
        assert_eq!(ranges("530E").len(), 1, "upper case is no canonical UUID");
        assert_eq!(ranges("ord_").len(), 1);
        let [(from, to)] = [uuid_with("530e0e61-1", '0').zip(uuid_with("530e0e61-1", 'f')).unwrap()];
        assert_eq!(from.to_string(), "530e0e61-1000-0000-0000-000000000000");
        assert_eq!(to.to_string(), "530e0e61-1fff-ffff-ffff-ffffffffffff");
        assert_eq!(uuid_with(&"5".repeat(37), '0'), None);
    }
}
