//! What the config decides, as values.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{CampaignId, Duration, EventName, FormatMap, KeyWeights, LogLimits, PixelCode, TimeMs};

/// What the config says of a pixel's server log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ServerLog {
    /// Receipts may be missing.
    #[default]
    Partial,
    /// Every server send is logged: no receipt means not sent.
    Complete,
    /// No server sends but us: nothing to wait for.
    None,
}

/// What the config says of a pixel's browser log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum PixelLog {
    /// Receipts may be missing.
    #[default]
    Partial,
    /// Every Pixel call is logged: no receipt means it did not fire.
    Complete,
}

/// A pixel of the config. Its token is not policy and never comes here.
#[derive(Clone, Debug)]
pub struct PixelPolicy {
    /// Pixel Code.
    pub id: PixelCode,
    /// What people call it.
    pub name: Option<Arc<str>>,
    /// Whether the config names a token for it.
    pub has_token: bool,
    /// Its server log.
    pub server_log: ServerLog,
    /// Its browser log.
    pub pixel_log: PixelLog,
}

/// An absolute origin such as `https://quiz.example.com`, which paths are joined to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(pub Arc<str>);

/// A campaign of the config.
#[derive(Clone, Debug)]
pub struct CampaignPolicy {
    /// Its traffic source; wins over the record's.
    pub source: Option<Arc<str>>,
    /// Its pixel; used where the record has none.
    pub pixel: Option<PixelCode>,
    /// Its origin.
    pub origin: Option<Origin>,
    /// Whether its server leg is on.
    pub server_leg: bool,
    /// Whether its browser leg is on.
    pub pixel_leg: bool,
}

/// A `[[source]]` of the config.
#[derive(Clone, Debug)]
pub struct SourcePolicy {
    /// A path or glob.
    pub path: Arc<str>,
    /// The zone of times that carry none.
    pub assume_tz: Option<Arc<str>>,
}

/// Whether match keys are filled in from the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Enrich {
    /// Values the session had by the event's time.
    #[default]
    Past,
    /// Values of the whole session.
    Session,
    /// None.
    Off,
}

/// The limits of a backfill.
#[derive(Clone, Debug)]
pub struct BackfillPolicy {
    /// Only these TikTok events; empty: all that are mapped.
    pub events: Vec<EventName>,
    /// The oldest event that is sent. At most 28 days.
    pub age_max: Duration,
    /// Events per request, 1–1000.
    pub batch: usize,
    /// Requests in flight.
    pub concurrency: usize,
    /// Requests per second over all processes.
    pub requests_per_second: u32,
    /// Time to connect.
    pub connect_timeout: Duration,
    /// Time for a whole request.
    pub total_timeout: Duration,
    /// How long a claim lasts; longer than the total time-out by half a minute or more.
    pub lease: Duration,
    /// Stop when more keys than this would be sent.
    pub max: Option<u64>,
    /// Whether match keys are filled in from the session.
    pub enrich: Enrich,
    /// Hold every event without consent.
    pub require_consent: bool,
}

impl Default for BackfillPolicy {
    fn default() -> Self {
        Self {
            events: Vec::new(),
            age_max: Duration::from_days(7),
            batch: 200,
            concurrency: 4,
            requests_per_second: 20,
            connect_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(30),
            lease: Duration::from_secs(120),
            max: None,
            enrich: Enrich::default(),
            require_consent: false,
        }
    }
}

/// How long things are kept, each counted from the time of its event.
#[derive(Clone, Copy, Debug)]
pub struct RetentionPolicy {
    /// IP addresses and user agents: as long as they may be sent.
    pub contact: Duration,
    /// Payloads and the match keys of sessions.
    pub payload: Duration,
    /// Keys, verdicts and receipts: far longer than anything can be sent.
    pub keys: Duration,
}

impl Default for RetentionPolicy {
    fn default() -> Self {
        Self {
            contact: Duration::from_days(14),
            payload: Duration::from_days(30),
            keys: Duration::from_days(400),
        }
    }
}

/// An `[[ignore]]` of the config: what it names is counted and no finding, until its day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnorePolicy {
    /// Only this finding.
    pub code: Option<&'static str>,
    /// Only events of this campaign.
    pub campaign: Option<CampaignId>,
    /// Only this TikTok event.
    pub event: Option<EventName>,
    /// Why.
    pub reason: Arc<str>,
    /// The first instant at which it no longer holds.
    pub until: TimeMs,
}

/// Everything the pure rooms need from the config.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Younger keys without an acceptance are waiting. Default 15 min.
    pub grace: Duration,
    /// The pixels.
    pub pixels: Vec<PixelPolicy>,
    /// The campaigns.
    pub campaigns: BTreeMap<CampaignId, CampaignPolicy>,
    /// Further names of TikTok as a source, folded (lower case, no spaces, `_`, `-`).
    pub source_aliases: Vec<Arc<str>>,
    /// Further funnel names (folded) and the TikTok event each stands for.
    pub names: BTreeMap<Arc<str>, EventName>,
    /// How records of other logs are read, in the order of their names.
    pub formats: Vec<FormatMap>,
    /// The country of phone numbers without a country code; without it they are never guessed.
    pub default_region: Option<Arc<str>>,
    /// How much each match key counts.
    pub key_weights: KeyWeights,
    /// Findings that are ignored.
    pub ignores: Vec<IgnorePolicy>,
    /// The backfill's limits.
    pub backfill: BackfillPolicy,
    /// How long things are kept.
    pub retention: RetentionPolicy,
    /// What a line of a log, or a packed log, may cost.
    pub limits: LogLimits,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            grace: Duration::from_mins(15),
            pixels: Vec::new(),
            campaigns: BTreeMap::new(),
            source_aliases: Vec::new(),
            names: BTreeMap::new(),
            formats: Vec::new(),
            default_region: None,
            key_weights: KeyWeights::default(),
            ignores: Vec::new(),
            backfill: BackfillPolicy::default(),
            retention: RetentionPolicy::default(),
            limits: LogLimits::default(),
        }
    }
}

impl Policy {
    /// The config's entry of a pixel.
    #[must_use]
    pub fn pixel(&self, id: &PixelCode) -> Option<&PixelPolicy> {
        self.pixels.iter().find(|pixel| pixel.id == *id)
    }

    /// The config's entry of a campaign.
    #[must_use]
    pub fn campaign(&self, id: Option<&CampaignId>) -> Option<&CampaignPolicy> {
        id.and_then(|id| self.campaigns.get(id))
    }
}

/// A span of time `[since, until)` that an audit or a backfill looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// First instant inside.
    pub since: TimeMs,
    /// First instant after.
    pub until: TimeMs,
}

impl Range {
    /// All of time.
    pub const ALL: Self = Self { since: TimeMs::from_ms(i64::MIN), until: TimeMs::from_ms(i64::MAX) };

    /// Whether an instant lies inside.
    #[must_use]
    pub fn has(&self, at: TimeMs) -> bool {
        self.since <= at && at < self.until
    }
}
