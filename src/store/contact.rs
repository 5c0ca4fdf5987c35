//! IP addresses and user agents, apart from everything else because they are kept raw.

use std::collections::HashMap;
use std::net::IpAddr;

use rusqlite::{Connection, params};

use super::dictionary::forgotten;
use super::fault::Fault;

/// Pairs remembered between batches; beyond, all are forgotten, and a pair may then stand twice.
const CONTACTS_MAX: usize = 16_384;

const CONTACTS_STORED: &str = "
    SELECT COALESCE(max(code), 0)
    FROM contact";
const CONTACT_INSERT: &str = "
    INSERT INTO contact (code, ip, agent)
    VALUES (:code, :ip, :agent)";

/// A pair that is being looked for.
type Pair = (Option<IpAddr>, u32);

/// The pairs of recent events, and those that wait to be written.
///
/// A code is handed out before it is known whether the event is new; only pairs that a new event
/// needs are written.
#[derive(Default)]
pub(super) struct ContactCache {
    codes: HashMap<Pair, (i64, bool)>,
    highest: i64,
    /// How often contacts had been taken away when these were read.
    forgotten: i64,
    waiting: Vec<(i64, Pair)>,
}

impl ContactCache {
    /// Before a batch: looks which codes are taken, for another process may have written.
    pub(super) fn refresh(&mut self, connection: &Connection) -> Result<(), Fault> {
        let forgotten = forgotten(connection)?;
        if self.codes.len() >= CONTACTS_MAX || self.forgotten != forgotten {
            self.codes.clear();
            self.forgotten = forgotten;
        }
        let stored = connection.prepare_cached(CONTACTS_STORED)?.query_row([], |row| row.get(0))?;
        if stored != self.highest {
            // Codes that were handed out and never written may be another process's by now.
            self.codes.retain(|_, (_, written)| *written);
            self.highest = stored;
        }
        Ok(())
    }

    /// The code of a pair; `None` for an event without either.
    pub(super) fn reserve(&mut self, ip: Option<IpAddr>, agent: u32) -> Option<i64> {
        if ip.is_none() && agent == 0 {
            return None;
        }
        if let Some((code, _)) = self.codes.get(&(ip, agent)) {
            return Some(*code);
        }
        self.highest += 1;
        self.codes.insert((ip, agent), (self.highest, false));
        Some(self.highest)
    }

    /// An event needs the pair.
    pub(super) fn keep(&mut self, ip: Option<IpAddr>, agent: u32, code: i64) {
        if let Some((_, written)) = self.codes.get_mut(&(ip, agent))
            && !*written
        {
            *written = true;
            self.waiting.push((code, (ip, agent)));
        }
    }

    /// Writes the pairs that were needed.
    pub(super) fn write(&mut self, connection: &Connection) -> Result<(), Fault> {
        let mut statement = connection.prepare_cached(CONTACT_INSERT)?;
        for (code, (ip, agent)) in self.waiting.drain(..) {
            match ip {
                Some(IpAddr::V4(ip)) => statement.execute(params![code, ip.octets(), agent])?,
                Some(IpAddr::V6(ip)) => statement.execute(params![code, ip.octets(), agent])?,
                None => statement.execute(params![code, None::<&[u8]>, agent])?,
            };
        }
        Ok(())
    }
}

/// The address with these bytes.
pub(super) fn read_ip(bytes: &[u8]) -> Result<IpAddr, Fault> {
    <[u8; 4]>::try_from(bytes)
        .map(IpAddr::from)
        .or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .map_err(|_| Fault::Damaged("holds an IP address of a wrong length"))
}
