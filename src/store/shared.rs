//! What all processes share: throttling, pace, blocked tokens, the clock's high water.

use std::time::Duration as Wait;

use rusqlite::{Connection, named_params};

use super::fault::Fault;
use super::{Store, StoreError};
use crate::domain::{PixelCode, TermKind, TimeMs};

const SHARED: &str = "
    SELECT throttled_until_ms, clock_high_water_ms, destination
    FROM meta";
const BLOCKED: &str = "
    SELECT p.text, b.fingerprint, b.api_code
    FROM blocked_token AS b
    JOIN term AS p ON p.kind = 1 AND p.code = b.pixel
    ORDER BY p.text";
const BLOCK: &str = "
    INSERT INTO blocked_token (pixel, fingerprint, api_code)
    VALUES (:pixel, :fingerprint, :api_code)
    ON CONFLICT (pixel) DO UPDATE
    SET fingerprint = excluded.fingerprint, api_code = excluded.api_code";
pub(super) const THROTTLE: &str = "
    UPDATE meta
    SET throttled_until_ms = max(COALESCE(throttled_until_ms, :until_ms), :until_ms)";
const CLOCK_RAISE: &str = "
    UPDATE meta
    SET clock_high_water_ms = max(COALESCE(clock_high_water_ms, :now_ms), :now_ms)";
pub(super) const DESTINATION_KEEP: &str = "
    UPDATE meta
    SET destination = COALESCE(destination, :destination)";
const DESTINATION: &str = "
    SELECT destination
    FROM meta";
const TURN: &str = "
    SELECT next_request_us
    FROM meta";
const TURN_TAKE: &str = "
    UPDATE meta
    SET next_request_us = :next_us";
const FINGERPRINT_KEY: &str = "
    SELECT fingerprint_key
    FROM meta";

/// Where requests go. What a sandbox accepted never reached TikTok, so a database knows one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// TikTok's own host.
    TikTok,
    /// A loopback address.
    Sandbox,
}

impl Destination {
    const fn number(self) -> i64 {
        match self {
            Self::TikTok => 1,
            Self::Sandbox => 2,
        }
    }

    const fn read(number: i64) -> Result<Self, Fault> {
        match number {
            1 => Ok(Self::TikTok),
            2 => Ok(Self::Sandbox),
            _ => Err(Fault::Damaged("names an unknown destination")),
        }
    }
}

/// Turns further ahead than this were taken before the machine started anew.
const TURN_AHEAD_MAX: Wait = Wait::from_mins(1);

/// How often requests may go, over all processes of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    /// Time since the machine started, its sleep included.
    pub now: Wait,
    /// Between two requests.
    pub gap: Wait,
}

impl Pace {
    /// How long it is until the next turn.
    ///
    /// # Errors
    /// [`Fault`].
    fn until_turn(self, connection: &Connection) -> Result<Wait, Fault> {
        let next: Option<i64> = connection.prepare_cached(TURN)?.query_row([], |row| row.get(0))?;
        let next = Wait::from_micros(next.and_then(|next| u64::try_from(next).ok()).unwrap_or(0));
        let wait = next.saturating_sub(self.now);
        Ok(if wait > TURN_AHEAD_MAX { Wait::ZERO } else { wait })
    }

    /// Takes the next turn; returns how long it is until then.
    pub(super) fn take_turn(self, connection: &Connection) -> Result<Wait, Fault> {
        let wait = self.until_turn(connection)?;
        let next = self.now.saturating_add(wait).saturating_add(self.gap);
        let next_us = i64::try_from(next.as_micros()).unwrap_or(i64::MAX);
        connection.prepare_cached(TURN_TAKE)?.execute(named_params! { ":next_us": next_us })?;
        Ok(wait)
    }
}

/// What all processes share.
#[derive(Clone, Debug, Default)]
pub struct Shared {
    /// No request before this time: TikTok throttled us.
    pub throttled_until: Option<TimeMs>,
    /// Fingerprints of tokens that TikTok refused, per pixel, with the code.
    pub blocked_tokens: Vec<(PixelCode, String, i64)>,
    /// The newest time any run has seen.
    pub clock_high_water: Option<TimeMs>,
    /// Where live requests went, if any did.
    pub destination: Option<Destination>,
}

impl Store {
    /// What all processes share.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn shared(&self) -> Result<Shared, StoreError> {
        let read = || -> Result<_, Fault> {
            let (throttled, high_water, destination): (Option<i64>, Option<i64>, Option<i64>) = self
                .connection
                .prepare_cached(SHARED)?
                .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            let mut statement = self.connection.prepare_cached(BLOCKED)?;
            let mut rows = statement.query([])?;
            let mut blocked_tokens = Vec::new();
            while let Some(row) = rows.next()? {
                let pixel = PixelCode::from_store(&row.get(0)?);
                blocked_tokens.push((pixel, row.get(1)?, row.get(2)?));
            }
            Ok(Shared {
                throttled_until: throttled.map(TimeMs::from_ms),
                blocked_tokens,
                clock_high_water: high_water.map(TimeMs::from_ms),
                destination: destination.map(Destination::read).transpose()?,
            })
        };
        read().map_err(|fault| fault.at(&self.path))
    }

    /// How long it is until another request may go.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn until_turn(&self, pace: Pace) -> Result<Wait, StoreError> {
        pace.until_turn(&self.connection).map_err(|fault| fault.at(&self.path))
    }

    /// Lets no process send before `until`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn throttle(&mut self, until: TimeMs) -> Result<(), StoreError> {
        self.write_ledger(|connection, _| {
            let until_ms = until.as_ms();
            connection.prepare_cached(THROTTLE)?.execute(named_params! { ":until_ms": until_ms })?;
            Ok(())
        })
    }

    /// Blocks a token, by its fingerprint, until another takes its place.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn block_token(&mut self, pixel: &PixelCode, fingerprint: &str, code: i64) -> Result<(), StoreError> {
        self.write_ledger(|connection, dictionary| {
            let pixel = dictionary.code(connection, TermKind::Pixel, &pixel.as_str().into())?;
            connection
                .prepare_cached(BLOCK)?
                .execute(named_params! { ":pixel": pixel, ":fingerprint": fingerprint, ":api_code": code })?;
            Ok(())
        })
    }

    /// Notes where the first live request goes; returns where all must go.
    ///
    /// # Errors
    /// [`StoreError`]; nothing may then be sent.
    pub fn keep_destination(&mut self, destination: Destination) -> Result<Destination, StoreError> {
        self.write_ledger(|connection, _| {
            connection
                .prepare_cached(DESTINATION_KEEP)?
                .execute(named_params! { ":destination": destination.number() })?;
            let kept = connection.prepare_cached(DESTINATION)?.query_row([], |row| row.get(0))?;
            Destination::read(kept)
        })
    }

    /// The key of this database under which token fingerprints are made; random, made once.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn fingerprint_key(&mut self) -> Result<[u8; 32], StoreError> {
        let read = || -> Result<_, Fault> {
            Ok(self.connection.prepare_cached(FINGERPRINT_KEY)?.query_row([], |row| row.get(0))?)
        };
        read().map_err(|fault| fault.at(&self.path))
    }

    /// Raises the newest time any run has seen.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn raise_clock(&mut self, now: TimeMs) -> Result<(), StoreError> {
        self.write_ledger(|connection, _| {
            let now_ms = now.as_ms();
            connection.prepare_cached(CLOCK_RAISE)?.execute(named_params! { ":now_ms": now_ms })?;
            Ok(())
        })
    }
}
