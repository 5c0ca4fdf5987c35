//! `[backfill]`: the limits of a backfill, each with its range.

use serde::Deserialize;
use toml::Spanned;

use crate::domain::{Duration, Enrich, Policy};
use crate::tiktok::event_map;
use crate::tiktok::limits::{AGE_MAX, EVENTS_PER_REQUEST_MAX};

use super::config::span;
use super::config_error::{ConfigError, Source};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct BackfillTable {
    events: Vec<Spanned<String>>,
    max_age: Option<Spanned<String>>,
    batch: Option<Spanned<i64>>,
    concurrency: Option<Spanned<i64>>,
    rate: Option<Spanned<String>>,
    connect_timeout: Option<Spanned<String>>,
    total_timeout: Option<Spanned<String>>,
    lease: Option<Spanned<String>>,
    max: Option<Spanned<i64>>,
    enrich: Option<EnrichWord>,
    require_consent: bool,
    pub(super) sandbox: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum EnrichWord {
    Past,
    Session,
    Off,
}

/// More requests at once would only meet TikTok's throttling sooner; ours.
const CONCURRENCY_MAX: i64 = 32;
/// TikTok takes 1,000 requests per second of an app, all its senders together; ours stays far below.
const RATE_MAX: u32 = 200;
/// A claim must outlive its request: its time-out, and half a minute for the store (product 6).
const LEASE_MARGIN: Duration = Duration::from_secs(30);

impl BackfillTable {
    /// Puts the table's values into the policy.
    ///
    /// # Errors
    /// [`ConfigError`] for a value out of its range.
    pub(super) fn apply(&self, source: &Source<'_>, policy: &mut Policy) -> Result<(), ConfigError> {
        for name in &self.events {
            let event = event_map::resolve(name.get_ref(), &policy.names).map_err(|near| {
                let near = near.map_or_else(String::new, |near| format!("; did you mean {}?", near.as_str()));
                source.at(name, format!("no TikTok event goes by this name{near}"))
            })?;
            policy.backfill.events.push(event);
        }
        let limits = &mut policy.backfill;
        let second = Duration::from_secs(1);
        if let Some(text) = &self.max_age {
            limits.age_max = span(source, text, Duration::from_hours(1), AGE_MAX)?;
        }
        if let Some(value) = &self.batch {
            let most = i64::try_from(EVENTS_PER_REQUEST_MAX).unwrap_or(i64::MAX);
            limits.batch = usize::try_from(number(source, value, most)?).unwrap_or(EVENTS_PER_REQUEST_MAX);
        }
        if let Some(value) = &self.concurrency {
            limits.concurrency = usize::try_from(number(source, value, CONCURRENCY_MAX)?).unwrap_or(1);
        }
        if let Some(text) = &self.rate {
            limits.requests_per_second = rate(source, text)?;
        }
        if let Some(text) = &self.connect_timeout {
            limits.connect_timeout = span(source, text, Duration::from_ms(100), Duration::from_mins(1))?;
        }
        if let Some(text) = &self.total_timeout {
            limits.total_timeout = span(source, text, second, Duration::from_mins(5))?;
        }
        let least = Duration::from_ms(limits.total_timeout.as_ms() + LEASE_MARGIN.as_ms());
        if let Some(text) = &self.lease {
            limits.lease = span(source, text, least, Duration::from_hours(1))?;
        } else if limits.lease < least {
            limits.lease = least;
        }
        if let Some(value) = &self.max {
            limits.max = Some(number(source, value, i64::MAX)?);
        }
        limits.enrich = match self.enrich {
            Some(EnrichWord::Session) => Enrich::Session,
            Some(EnrichWord::Off) => Enrich::Off,
            Some(EnrichWord::Past) | None => Enrich::Past,
        };
        limits.require_consent = self.require_consent;
        Ok(())
    }
}

fn number(source: &Source<'_>, value: &Spanned<i64>, most: i64) -> Result<u64, ConfigError> {
    let n = *value.get_ref();
    u64::try_from(n)
        .ok()
        .filter(|_| (1..=most).contains(&n))
        .ok_or_else(|| source.at(value, format!("must lie between 1 and {most}")))
}

fn rate(source: &Source<'_>, text: &Spanned<String>) -> Result<u32, ConfigError> {
    text.get_ref()
        .strip_suffix("/s")
        .and_then(|n| n.trim().parse().ok())
        .filter(|n| (1..=RATE_MAX).contains(n))
        .ok_or_else(|| {
            source.at(text, format!("must be requests per second from \"1/s\" to \"{RATE_MAX}/s\""))
        })
}
