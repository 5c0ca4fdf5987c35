//! The times of all sessions in little memory: 64 bytes each.

use std::collections::HashMap;

use rusqlite::{Connection, Row};

use super::fault::Fault;
use crate::domain::{KeySet, SessionState, TimeMs};

const STATES: &str = "
    SELECT code, several, landing_ms, captured_ms, paywall_ms, denied_ms, granted_ms, ttclid_ms, ttp_ms,
      email_ms, phone_ms, external_id_ms, landing_page, ip_tag
    FROM session
    ORDER BY code";

/// No time.
const NONE: i32 = i32::MIN;

/// The times of a session, nine of them as milliseconds after the first: enough for 24 days.
///
/// Sessions are asked for in no order, and each lies in one line of the processor's cache.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Packed {
    first_ms: i64,
    after: [i32; 9],
    /// Term of the page where it began; 0: none, or one beyond the first 65,535.
    landing: u16,
    several: u8,
    ip_tag: u16,
}

/// Sessions that share a tag by chance are taken for one address's only above so many times the mean.
const CHANCE: usize = 8;

/// The times of sessions, by code.
#[derive(Debug, Default)]
pub(super) struct States {
    /// The codes of `packed`, unless they are 1, 2, 3, … as they are while nothing was erased: then
    /// a session is found by one access to memory.
    codes: Option<Vec<i64>>,
    packed: Vec<Packed>,
    /// Sessions that do not fit, with their landing pages: without a first time, or longer than 24 days.
    wide: HashMap<i64, (SessionState, u32)>,
    /// The tags of their IP addresses.
    wide_tags: HashMap<i64, u16>,
    /// Sessions per tag of an IP address.
    people: Vec<u32>,
}

impl States {
    /// Reads the times of all sessions.
    pub(super) fn read(connection: &Connection) -> Result<Self, Fault> {
        let mut states = Self { people: vec![0; usize::from(u16::MAX) + 1], ..Self::default() };
        let mut codes = Vec::new();
        let mut statement = connection.prepare_cached(STATES)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let code: i64 = row.get(0)?;
            let ip_tag: u16 = row.get(13)?;
            if let Some(people) = states.people.get_mut(usize::from(ip_tag)) {
                *people += 1;
            }
            if let Some(packed) = pack(row)? {
                codes.push(code);
                states.packed.push(Packed { ip_tag, ..packed });
            } else {
                states.wide.insert(code, (read_wide(row)?, row.get(12)?));
                states.wide_tags.insert(code, ip_tag);
            }
        }
        states.forget_lone_tags();
        let is_counted = codes.last().is_none_or(|last| usize::try_from(*last) == Ok(codes.len()));
        states.codes = (!is_counted).then_some(codes);
        Ok(states)
    }

    /// Takes the tag from the sessions whose address no others share, which is nearly all of them: what is
    /// asked of each event then reads no table.
    fn forget_lone_tags(&mut self) {
        let by_chance = self.by_chance();
        let is_lone = |tag: u16| self.people.get(usize::from(tag)).is_none_or(|people| *people <= by_chance);
        self.packed.iter_mut().filter(|it| is_lone(it.ip_tag)).for_each(|it| it.ip_tag = 0);
        self.wide_tags.retain(|_, tag| !is_lone(*tag));
    }

    /// So many sessions share a tag without sharing an address.
    fn by_chance(&self) -> u32 {
        let sessions = self.packed.len() + self.wide.len();
        u32::try_from(CHANCE * sessions / self.people.len().max(1)).unwrap_or(u32::MAX)
    }

    /// Touches what [`States::get`] will read of many sessions: the processor fetches them side by side,
    /// while one by one each would be waited for.
    pub(super) fn warm(&self, codes: impl Iterator<Item = i64>) {
        if self.codes.is_none() {
            let touched = codes.map(|code| {
                let at = usize::try_from(code - 1).ok();
                at.and_then(|at| self.packed.get(at)).map_or(0, |it| it.first_ms)
            });
            std::hint::black_box(touched.fold(0, |sum, one| sum ^ one));
        }
    }

    /// The times of a session.
    pub(super) fn get(&self, code: i64) -> Option<SessionState> {
        let (state, ip_tag) = match self.packed(code) {
            Some(packed) => (unpack(packed), packed.ip_tag),
            None => (self.wide.get(&code)?.0, self.wide_tags.get(&code).copied().unwrap_or(0)),
        };
        Some(self.with_people(state, ip_tag))
    }

    /// How many sessions share an address, at least: those that share its tag less what chance gives.
    fn with_people(&self, state: SessionState, ip_tag: u16) -> SessionState {
        if ip_tag == 0 {
            return state;
        }
        let sessions = self.packed.len() + self.wide.len();
        let sharing = self.people.get(usize::from(ip_tag)).copied().unwrap_or(0);
        let ip_people = sharing.saturating_sub(self.by_chance());
        let ppm = u64::from(ip_people) * 1_000_000 / u64::try_from(sessions.max(1)).unwrap_or(u64::MAX);
        SessionState { ip_people, ip_people_ppm: u32::try_from(ppm).unwrap_or(u32::MAX), ..state }
    }

    /// The term of a session's landing page; 0 is none.
    pub(super) fn landing(&self, code: i64) -> Option<u32> {
        match self.packed(code) {
            Some(packed) => Some(u32::from(packed.landing)),
            None => self.wide.get(&code).map(|(_, landing)| *landing),
        }
    }

    fn packed(&self, code: i64) -> Option<&Packed> {
        let at = match &self.codes {
            None => usize::try_from(code.checked_sub(1)?).ok(),
            Some(codes) => codes.binary_search(&code).ok(),
        };
        at.and_then(|at| self.packed.get(at))
    }
}

fn pack(row: &Row<'_>) -> Result<Option<Packed>, Fault> {
    let Some(first_ms) = row.get::<_, Option<i64>>(2)? else { return Ok(None) };
    let landing = u16::try_from(row.get::<_, u32>(12)?).unwrap_or(0);
    let mut packed = Packed { first_ms, after: [NONE; 9], landing, several: row.get(1)?, ip_tag: 0 };
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
        ..SessionState::default()
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
        ..SessionState::default()
    })
}
