//! makegood.toml: its keys, and what their values mean.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono_tz::Tz;
use serde::Deserialize;
use toml::Spanned;

use crate::domain::{
    CampaignId, CampaignPolicy, Duration, EventName, Origin, PixelCode, PixelLog, PixelPolicy, Policy,
    ServerLog, SourcePolicy,
};
use crate::tiktok::event_map;
use crate::tiktok::stats::Names;

use super::config_backfill::BackfillTable;
use super::config_error::{ConfigError, Source};
use super::config_formats::{FormatTable, format_map};
use super::config_ignore::IgnoreTable;
use super::config_limits::LimitsTable;
use super::config_reconcile::ReconcileTable;
use super::config_retention::RetentionTable;
use super::config_weights::key_weights;
use super::time;
use super::token::TokenSource;

/// What the config says.
#[derive(Debug, Default)]
pub struct Config {
    /// Everything the pure rooms need.
    pub policy: Policy,
    /// The zone of dates and of times shown.
    pub timezone: Option<Tz>,
    /// The logs, paths as written.
    pub sources: Vec<SourcePolicy>,
    /// Where each pixel's token is.
    pub tokens: Vec<(PixelCode, TokenSource)>,
    /// The advertiser of each pixel that names one: what TikTok's totals are asked by.
    pub advertisers: Vec<(PixelCode, String)>,
    /// What further names of TikTok's totals stand for.
    pub stats_names: Names,
    /// Send to a sandbox inside the program, never to TikTok: the demo's config.
    pub sandbox: bool,
    /// How an engine is run.
    pub engine: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct File {
    timezone: Option<Spanned<String>>,
    grace: Option<Spanned<String>>,
    source_aliases: Vec<String>,
    map: BTreeMap<String, Spanned<String>>,
    stats_names: BTreeMap<String, Spanned<String>>,
    source: Vec<SourceTable>,
    pixel: Vec<PixelTable>,
    campaign: Vec<CampaignTable>,
    phone: PhoneTable,
    match_strength: BTreeMap<String, Spanned<u32>>,
    ignore: Vec<IgnoreTable>,
    backfill: BackfillTable,
    formats: BTreeMap<String, FormatTable>,
    retention: RetentionTable,
    limits: LimitsTable,
    reconcile: ReconcileTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceTable {
    path: Spanned<String>,
    assume_tz: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PixelTable {
    id: Spanned<String>,
    name: Option<String>,
    advertiser_id: Option<Spanned<String>>,
    access_token_file: Option<Spanned<String>>,
    access_token_env: Option<Spanned<String>>,
    #[serde(default)]
    server_log: ServerLogWord,
    #[serde(default)]
    pixel_log: PixelLogWord,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "snake_case")]
enum ServerLogWord {
    #[default]
    Partial,
    Complete,
    None,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "snake_case")]
enum PixelLogWord {
    #[default]
    Partial,
    Complete,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CampaignTable {
    id: Spanned<String>,
    #[serde(rename = "name")]
    _name: Option<String>,
    source: Option<String>,
    pixel: Option<Spanned<String>>,
    origin: Option<Spanned<String>>,
    #[serde(default = "yes")]
    server_leg: bool,
    #[serde(default = "yes")]
    pixel_leg: bool,
}

const fn yes() -> bool {
    true
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct PhoneTable {
    default_region: Option<Spanned<String>>,
}

/// Reads a config.
///
/// # Errors
/// [`ConfigError`] with line, column and a caret.
pub fn read(source: &Source<'_>) -> Result<Config, ConfigError> {
    let file: File = toml::from_str(source.text).map_err(|error| source.toml_error(&error))?;
    let mut config = Config { timezone: zone(source, file.timezone.as_ref())?, ..Config::default() };
    config.stats_names = names(source, &file.stats_names)?;
    let policy = &mut config.policy;
    if let Some(grace) = &file.grace {
        policy.grace = span(source, grace, Duration::ZERO, Duration::from_days(1))?;
    }
    policy.source_aliases = file.source_aliases.iter().map(|alias| event_map::fold(alias).into()).collect();
    policy.names = names(source, &file.map)?;
    if let Some(region) = &file.phone.default_region {
        policy.default_region = Some(country(source, region)?);
    }
    policy.key_weights = key_weights(source, &file.match_strength)?;
    for table in &file.source {
        if table.path.get_ref().trim().is_empty() {
            return Err(source.at(&table.path, "path is blank"));
        }
        let assume_tz = zone(source, table.assume_tz.as_ref())?.map(|zone| zone.name().into());
        config.sources.push(SourcePolicy { path: table.path.get_ref().as_str().into(), assume_tz });
    }
    for table in &file.pixel {
        let (pixel, token) = pixel(source, table)?;
        if config.policy.pixel(&pixel.id).is_some() {
            return Err(source.at(&table.id, "this pixel stands here twice"));
        }
        if let Some(id) = &table.advertiser_id {
            config.advertisers.push((pixel.id.clone(), advertiser(source, id)?));
        }
        config.tokens.extend(token.map(|token| (pixel.id.clone(), token)));
        config.policy.pixels.push(pixel);
    }
    for table in &file.campaign {
        let id = CampaignId::parse(table.id.get_ref())
            .map_err(|error| source.at(&table.id, format!("id {error}")))?;
        let campaign = campaign(source, table)?;
        if config.policy.campaigns.insert(id, campaign).is_some() {
            return Err(source.at(&table.id, "this campaign stands here twice"));
        }
    }
    for (name, table) in &file.formats {
        config.policy.formats.push(format_map(source, name, table)?);
    }
    let zone = config.timezone.unwrap_or(Tz::UTC);
    for table in &file.ignore {
        let ignore = table.read(source, &config.policy, zone)?;
        config.policy.ignores.push(ignore);
    }
    file.backfill.apply(source, &mut config.policy)?;
    config.policy.retention = file.retention.read(source)?;
    config.policy.limits = file.limits.read(source)?;
    config.sandbox = file.backfill.sandbox;
    config.engine = file.reconcile.read(source)?;
    Ok(config)
}

fn names(source: &Source<'_>, map: &BTreeMap<String, Spanned<String>>) -> Result<Names, ConfigError> {
    let name = |(theirs, ours): (&String, &Spanned<String>)| {
        let name =
            EventName::parse(ours.get_ref()).map_err(|error| source.at(ours, format!("name {error}")))?;
        Ok((event_map::fold(theirs).into(), name))
    };
    map.iter().map(name).collect()
}

/// TikTok's number of an advertiser, as text.
fn advertiser(source: &Source<'_>, id: &Spanned<String>) -> Result<String, ConfigError> {
    let text = id.get_ref();
    if (1..=32).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit()) {
        Ok(text.clone())
    } else {
        Err(source.at(id, "advertiser_id must be the account's number, such as \"7012345678901234567\""))
    }
}

fn pixel(source: &Source<'_>, table: &PixelTable) -> Result<(PixelPolicy, Option<TokenSource>), ConfigError> {
    let id =
        PixelCode::parse(table.id.get_ref()).map_err(|error| source.at(&table.id, format!("id {error}")))?;
    let token = match (&table.access_token_file, &table.access_token_env) {
        (Some(_), Some(variable)) => {
            return Err(source.at(variable, "access_token_file is given as well; keep one"));
        }
        (Some(path), None) => Some(TokenSource::from_path(path.get_ref())),
        (None, Some(variable)) => Some(TokenSource::Variable(variable.get_ref().clone())),
        (None, None) => None,
    };
    let pixel = PixelPolicy {
        id,
        name: table.name.as_deref().map(Arc::from),
        has_token: token.is_some(),
        server_log: match table.server_log {
            ServerLogWord::Partial => ServerLog::Partial,
            ServerLogWord::Complete => ServerLog::Complete,
            ServerLogWord::None => ServerLog::None,
        },
        pixel_log: match table.pixel_log {
            PixelLogWord::Partial => PixelLog::Partial,
            PixelLogWord::Complete => PixelLog::Complete,
        },
    };
    Ok((pixel, token))
}

fn campaign(source: &Source<'_>, table: &CampaignTable) -> Result<CampaignPolicy, ConfigError> {
    let pixel = table.pixel.as_ref().map(|pixel| {
        PixelCode::parse(pixel.get_ref()).map_err(|error| source.at(pixel, format!("pixel {error}")))
    });
    Ok(CampaignPolicy {
        source: table.source.as_deref().map(Arc::from),
        pixel: pixel.transpose()?,
        origin: table.origin.as_ref().map(|text| origin(source, text)).transpose()?,
        server_leg: table.server_leg,
        pixel_leg: table.pixel_leg,
    })
}

fn origin(source: &Source<'_>, text: &Spanned<String>) -> Result<Origin, ConfigError> {
    let wrong = || source.at(text, "origin must be like https://quiz.example.com, without a path");
    let url = url::Url::parse(text.get_ref()).map_err(|_| wrong())?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if plain { Ok(Origin(url.origin().ascii_serialization().into())) } else { Err(wrong()) }
}

fn country(source: &Source<'_>, text: &Spanned<String>) -> Result<Arc<str>, ConfigError> {
    let code = text.get_ref();
    if code.len() == 2 && code.bytes().all(|c| c.is_ascii_uppercase()) {
        Ok(code.as_str().into())
    } else {
        Err(source.at(text, "default_region must be a country of two capital letters, such as \"US\""))
    }
}

fn zone(source: &Source<'_>, text: Option<&Spanned<String>>) -> Result<Option<Tz>, ConfigError> {
    text.map(|text| {
        text.get_ref()
            .parse::<Tz>()
            .map_err(|_| source.at(text, "no such time zone; use an IANA name such as \"Europe/Berlin\""))
    })
    .transpose()
}

pub(super) fn span(
    source: &Source<'_>,
    text: &Spanned<String>,
    least: Duration,
    most: Duration,
) -> Result<Duration, ConfigError> {
    let span = time::span(text.get_ref())
        .ok_or_else(|| source.at(text, "must be a length of time such as \"15m\", \"36h\" or \"7d\""))?;
    if span < least || span > most {
        return Err(source.at(text, format!("must lie between {least} and {most}")));
    }
    Ok(span)
}

/// What the reader says of an unknown key, with the keys that it knows.
#[cfg(test)]
pub(super) fn unknown_key(text: &str) -> Option<String> {
    toml::from_str::<File>(text).err().map(|error| error.message().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Result<Config, String> {
        read(&Source { path: "makegood.toml".as_ref(), text }).map_err(|error| error.to_string())
    }

    #[test]
    fn the_config_of_the_manual_is_read() {
        let text = r#"
timezone = "Europe/Berlin"              # default UTC
grace = "20m"

[[source]]
path = "/var/log/zellify/funnel-*.jsonl*"
assume_tz = "America/New_York"

[[pixel]]
id = "C4A1B2C3D4E5F6G7H8I9"
name = "US"
access_token_file = "/etc/makegood/token-us"
server_log = "complete"
pixel_log = "partial"

[[campaign]]
id = "12"
name = "US quiz A"
source = "tiktok"
pixel = "C4A1B2C3D4E5F6G7H8I9"
origin = "https://quiz.example.com/"
pixel_leg = false

[phone]
default_region = "US"

[match_strength]
phone = 0

[backfill]
max_age = "7d"
batch = 100
rate = "20/s"
total_timeout = "2m"
"#;
        let config = config(text).unwrap();
        assert_eq!(config.timezone, Some(chrono_tz::Europe::Berlin));
        assert_eq!(config.policy.grace, Duration::from_mins(20));
        assert_eq!(config.policy.key_weights.of(crate::domain::MatchKey::Phone), 0);
        assert_eq!(config.policy.key_weights.of(crate::domain::MatchKey::Ttclid), 30);
        assert_eq!(&*config.sources[0].path, "/var/log/zellify/funnel-*.jsonl*");
        let pixel = &config.policy.pixels[0];
        assert!(pixel.has_token && pixel.server_log == ServerLog::Complete);
        let campaign = &config.policy.campaigns[&CampaignId::parse("12").unwrap()];
        assert!(campaign.server_leg && !campaign.pixel_leg);
        assert_eq!(campaign.origin, Some(Origin("https://quiz.example.com".into())));
        assert_eq!(config.policy.backfill.batch, 100);
        assert_eq!(config.policy.backfill.lease, Duration::from_secs(150), "never shorter than a request");
    }

    #[test]
    fn an_empty_config_is_the_default() {
        let config = config("").unwrap();
        assert_eq!(config.timezone, None);
        assert_eq!(config.policy.backfill.batch, 200);
        assert_eq!(config.policy.grace, Duration::from_mins(15));
    }

    #[test]
    fn values_out_of_range_are_shown_with_a_caret() {
        let error = config("[backfill]\nbatch = 1001\n").unwrap_err();
        assert_eq!(
            error,
            "makegood.toml:2:9: must lie between 1 and 1000\n  2 | batch = 1001\n    |         ^^^^"
        );
        for (text, want) in [
            ("[backfill]\nmax_age = \"29d\"", "between 1 h and 28 d"),
            ("[backfill]\nlease = \"45s\"", "between 1 min and 1 h"),
            ("[backfill]\nrate = \"20\"", "requests per second"),
            ("[backfill]\nconcurrency = 0", "between 1 and 32"),
            ("grace = \"soon\"", "length of time"),
            ("timezone = \"Europe/Berln\"", "no such time zone"),
            ("[phone]\ndefault_region = \"usa\"", "two capital letters"),
            ("[match_strength]\nfbclid = 3", "no match key"),
            ("[match_strength]\nttclid = 1001", "between 0 and 1000"),
            ("[[campaign]]\nid = \"1\"\norigin = \"quiz.example.com\"", "must be like"),
            ("[[campaign]]\nid = \"1\"\norigin = \"https://a.example/x\"", "without a path"),
            ("[[pixel]]\nid = \"\"", "id is blank"),
            ("[[pixel]]\nid = \"A\"\n[[pixel]]\nid = \"A\"", "twice"),
            ("[[campaign]]\nid = \"A\"\n[[campaign]]\nid = \"A\"", "twice"),
            ("[[pixel]]\nid = \"A\"\naccess_token_file = \"t\"\naccess_token_env = \"T\"", "keep one"),
        ] {
            let error = config(text).unwrap_err();
            assert!(error.contains(want), "{text}: {error}");
        }
    }
}
