//! What all processes share: throttling, blocked tokens, the clock's high water.

use rusqlite::named_params;

use super::fault::Fault;
use super::{Store, StoreError};
use crate::domain::{PixelCode, TermKind, TimeMs};

const SHARED: &str = "
    SELECT throttled_until_ms, clock_high_water_ms
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
const THROTTLE: &str = "
    UPDATE meta
    SET throttled_until_ms = max(COALESCE(throttled_until_ms, :until_ms), :until_ms)";
const CLOCK_RAISE: &str = "
    UPDATE meta
    SET clock_high_water_ms = max(COALESCE(clock_high_water_ms, :now_ms), :now_ms)";
const FINGERPRINT_KEY: &str = "
    SELECT fingerprint_key
    FROM meta";

/// What all processes share.
#[derive(Clone, Debug, Default)]
pub struct Shared {
    /// No request before this time: TikTok throttled us.
    pub throttled_until: Option<TimeMs>,
    /// Fingerprints of tokens that TikTok refused, per pixel, with the code.
    pub blocked_tokens: Vec<(PixelCode, String, i64)>,
    /// The newest time any run has seen.
    pub clock_high_water: Option<TimeMs>,
}

impl Store {
    /// What all processes share.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn shared(&self) -> Result<Shared, StoreError> {
        let read = || -> Result<_, Fault> {
            let (throttled, high_water): (Option<i64>, Option<i64>) = self
                .connection
                .prepare_cached(SHARED)?
                .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
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
            })
        };
        read().map_err(|fault| fault.at(&self.path))
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
