//! The times of all sessions in little memory: forty-eight bytes each.

use std::collections::HashMap;

use rusqlite::{Connection, Row};

use super::fault::Fault;
use crate::domain::{KeySet, SessionState, TimeMs};

const STATES: &str = "
    SELECT code, several, landing_ms, captured_ms, paywall_ms, denied_ms, granted_ms, ttclid_ms, ttp_ms,
      email_ms, phone_ms, external_id_ms
    FROM session
    ORDER BY code";

/// No time.
const NONE: i32 = i32::MIN;

/// The times of a session, nine of them as milliseconds after the first: enough for 24 days.
#[derive(Clone, Copy, Debug)]
struct Packed {
    first_ms: i64,
    after: [i32; 9],
    several: u8,
}

/// The times of sessions, by code.
#[derive(Debug, Default)]
pub(super) struct States {
    /// The codes of `packed`, unless they are 1, 2, 3, … as they are while nothing was erased: then
    /// a session is found by one access to memory.
    codes: Option<Vec<i64>>,
    packed: Vec<Packed>,
    /// Sessions that do not fit: without a first time, or longer than 24 days.
    wide: HashMap<i64, SessionState>,
}

impl States {
    /// Reads the times of all sessions.
    pub(super) fn read(connection: &Connection) -> Result<Self, Fault> {
        let mut states = Self::default();
        let mut codes = Vec::new();
        let mut statement = connection.prepare_cached(STATES)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let code: i64 = row.get(0)?;
            if let Some(packed) = pack(row)? {
                codes.push(code);
                states.packed.push(packed);
            } else {
                states.wide.insert(code, read_wide(row)?);
            }
        }
        let is_counted = codes.last().is_none_or(|last| usize::try_from(*last) == Ok(codes.len()));
        states.codes = (!is_counted).then_some(codes);
        Ok(states)
    }

    /// Touches what [`States::get`] will read of many sessions, first and last byte, for they may lie
    /// apart: the processor fetches them side by side, while one by one each would be waited for.
    pub(super) fn warm(&self, codes: impl Iterator<Item = i64>) {
        if self.codes.is_none() {
            let touched = codes.map(|code| {
                let at = usize::try_from(code - 1).ok();
                at.and_then(|at| self.packed.get(at)).map_or(0, |it| it.first_ms ^ i64::from(it.several))
            });
            std::hint::black_box(touched.fold(0, |sum, one| sum ^ one));
        }
    }

    /// The times of a session.
    pub(super) fn get(&self, code: i64) -> Option<SessionState> {
        let at = match &self.codes {
            None => usize::try_from(code.checked_sub(1)?).ok(),
            Some(codes) => codes.binary_search(&code).ok(),
        };
        match at.and_then(|at| self.packed.get(at)) {
            Some(packed) => Some(unpack(packed)),
            None => self.wide.get(&code).copied(),
        }
    }
}

fn pack(row: &Row<'_>) -> Result<Option<Packed>, Fault> {
    let Some(first_ms) = row.get::<_, Option<i64>>(2)? else { return Ok(None) };
    let mut packed = Packed { first_ms, after: [NONE; 9], several: row.get(1)? };
    for (at, slot) in packed.after.iter_mut().enumerate() {
        if let Some(ms) = row.get::<_, Option<i64>>(at + 3)? {
            match ms.checked_sub(first_ms).map(i32::try_from) {
                Some(Ok(after)) if after != NONE => *slot = after,
                _ => return Ok(None),
            }
        }
    }
    Ok(Some(packed))
}

fn unpack(packed: &Packed) -> SessionState {
    let time = |after: i32| {
        (after != NONE).then(|| TimeMs::from_ms(packed.first_ms.saturating_add(i64::from(after))))
    };
    let [captured, paywall, denied, granted, ttclid, ttp, email, phone, external_id] = packed.after;
    SessionState {
        first_at: Some(TimeMs::from_ms(packed.first_ms)),
        ttclid_at: time(ttclid),
        ttp_at: time(ttp),
        email_at: time(email),
        phone_at: time(phone),
        external_id_at: time(external_id),
        captured_at: time(captured),
        paywall_at: time(paywall),
        denied_at: time(denied),
        granted_at: time(granted),
        several: KeySet::from_mask(packed.several),
    }
}

fn read_wide(row: &Row<'_>) -> Result<SessionState, Fault> {
    let time = |at: usize| -> Result<_, Fault> { Ok(row.get::<_, Option<i64>>(at)?.map(TimeMs::from_ms)) };
    Ok(SessionState {
        first_at: time(2)?,
        captured_at: time(3)?,
        paywall_at: time(4)?,
        denied_at: time(5)?,
        granted_at: time(6)?,
        ttclid_at: time(7)?,
        ttp_at: time(8)?,
        email_at: time(9)?,
        phone_at: time(10)?,
        external_id_at: time(11)?,
        several: KeySet::from_mask(row.get(1)?),
    })
}
