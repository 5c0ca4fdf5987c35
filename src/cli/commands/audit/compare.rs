//! `--compare-tiktok` and `--tiktok-counts`: TikTok's own totals beside ours.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::builder::FalseyValueParser;

use crate::audit::{Comparison, Ours, TotalsFrom, compare};
use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::pass::Pass;
use crate::domain::{Duration, EventName, Leg, Outcome, PixelCode, Range, Refusal, TimeMs, Verdict};
use crate::http::{Client, Endpoint, Reply, Token};
use crate::report::escape;
use crate::tiktok::answer::{classify, read};
use crate::tiktok::stats::{self, Names, PIXELS_PATH, Reported, STATS_PATH};

/// Options that put TikTok's own totals beside ours.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "TikTok's own totals")]
pub struct CompareArgs {
    /// Ask TikTok for its totals of the whole UTC days that ended 24 h ago; reads, sends nothing.
    #[arg(long, env = "MAKEGOOD_COMPARE_TIKTOK", hide_env = true, value_parser = FalseyValueParser::new())]
    #[arg(conflicts_with = "tiktok_counts")]
    pub compare_tiktok: bool,
    /// Counts typed in from Events Manager: event, Browser, Server, Server & browser.
    #[arg(long, value_name = "FILE", env = "MAKEGOOD_TIKTOK_COUNTS", hide_env = true)]
    pub tiktok_counts: Option<PathBuf>,
    /// Where to ask instead of TikTok: a sandbox on this machine.
    #[arg(long, value_name = "URL", requires = "compare_tiktok")]
    pub endpoint: Option<String>,
}

/// The longest file of typed counts that is read; people type a few dozen lines.
const TYPED_BYTES_MAX: u64 = 1 << 20;
/// How long ago a day must have ended: TikTok's counts arrive hours late (TikTok facts 4.3).
const LATENCY: Duration = Duration::from_hours(24);
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What to compare with.
#[derive(Debug)]
pub(super) enum Wanted {
    Nothing,
    Endpoint(Endpoint),
    Typed(PathBuf),
}

impl CompareArgs {
    /// What to compare with. Checked before anything else, and long before a token is read.
    ///
    /// # Errors
    /// [`Failure`] for an endpoint that is neither TikTok's nor a sandbox.
    pub(super) fn wanted(&self) -> Result<Wanted, Failure> {
        Ok(match (&self.tiktok_counts, self.compare_tiktok, self.endpoint.as_deref()) {
            (Some(path), _, _) => Wanted::Typed(path.clone()),
            (None, true, Some(url)) => Wanted::Endpoint(Endpoint::parse(url)?),
            (None, true, None) => Wanted::Endpoint(Endpoint::tiktok()),
            (None, false, _) => Wanted::Nothing,
        })
    }
}

/// Compares; `None` when nobody asked.
///
/// # Errors
/// [`Failure`] when the totals cannot be had. The audit stands without them.
pub(super) fn run(
    context: &Context<'_>,
    pass: &Pass<'_>,
    wanted: &Wanted,
) -> Result<Option<Comparison>, Failure> {
    let names = &context.settings.stats_names;
    match wanted {
        Wanted::Nothing => Ok(None),
        Wanted::Typed(path) => {
            let theirs = typed(path, names)?.into_iter().map(|row| (None, row)).collect();
            let ours = ours(pass, pass.range, |_| None)?;
            Ok(Some(compare(TotalsFrom::Typed, pass.range, ours, theirs)))
        }
        Wanted::Endpoint(endpoint) => {
            let range = whole_days(pass.range, context.now).ok_or_else(|| {
                Failure::new(
                    Exit::Usage,
                    "no whole UTC day of the time span ended 24 h ago: nothing to compare",
                )
                .hint("widen it, for example --since 7d")
            })?;
            let theirs = asked(context, endpoint.clone(), range, names)?;
            let asked: Vec<&PixelCode> = theirs.iter().map(|(pixel, _)| pixel).collect();
            let ours = ours(pass, range, |pixel| pixel.filter(|pixel| asked.contains(pixel)).cloned())?;
            let ours = ours.into_iter().filter(|(pixel, ..)| pixel.is_some()).collect();
            let theirs = theirs
                .iter()
                .flat_map(|(pixel, rows)| rows.iter().map(|row| (Some(pixel.clone()), row.clone())))
                .collect();
            Ok(Some(compare(TotalsFrom::Endpoint, range, ours, theirs)))
        }
    }
}

/// The whole UTC days of a range that ended long enough ago, at most the last [`stats::DAYS_MAX`].
fn whole_days(range: Range, now: TimeMs) -> Option<Range> {
    let until = range.until.min(now.minus(LATENCY)).as_ms().div_euclid(DAY_MS);
    let first = range.since.as_ms().div_euclid(DAY_MS);
    let since = if first * DAY_MS == range.since.as_ms() { first } else { first + 1 };
    let since = since.max(until - i64::try_from(stats::DAYS_MAX).unwrap_or(0));
    let at = |day: i64| TimeMs::from_ms(day.saturating_mul(DAY_MS));
    (since < until).then(|| Range { since: at(since), until: at(until) })
}

type OurRow = (Option<PixelCode>, EventName, Ours);

/// Our counts by pixel and event, of what is not excluded, by the time of the event.
fn ours(
    pass: &Pass<'_>,
    range: Range,
    pixel_of: impl Fn(Option<&PixelCode>) -> Option<PixelCode>,
) -> Result<Vec<OurRow>, Failure> {
    let mut counts: BTreeMap<(Option<PixelCode>, EventName), Ours> = BTreeMap::new();
    Pass { range, ..*pass }.each(&mut |subject| {
        let (Some(verdict), Some(name)) = (subject.verdict, &subject.row.name) else { return Ok(()) };
        if matches!(verdict, Verdict::Excluded(_)) {
            return Ok(());
        }
        let row = counts.entry((pixel_of(subject.row.pixel.as_ref()), name.clone())).or_default();
        let server = *verdict == Verdict::Delivered;
        let browser = subject.row.receipts.iter().any(|receipt| receipt.leg == Leg::Browser);
        row.server += u64::from(server);
        row.browser += u64::from(browser);
        row.both += u64::from(server && browser);
        Ok(())
    })?;
    Ok(counts.into_iter().map(|((pixel, name), ours)| (pixel, name, ours)).collect())
}

fn typed(path: &Path, names: &Names) -> Result<Vec<Reported>, Failure> {
    let shown = escape(&path.display().to_string()).into_owned();
    let failed = |why: String| {
        Failure::new(Exit::Config, format!("--tiktok-counts {shown}: {why}"))
            .hint("a header and a line per event: event,browser,server,server & browser")
    };
    let length = std::fs::metadata(path).map_err(|error| failed(error.kind().to_string()))?.len();
    if length > TYPED_BYTES_MAX {
        return Err(failed("too long to be typed in".to_owned()));
    }
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.kind().to_string()))?;
    stats::read_typed(&text, names).map_err(|error| failed(error.to_string()))
}

/// TikTok's totals of each pixel of the config that names its advertiser.
fn asked(
    context: &Context<'_>,
    endpoint: Endpoint,
    range: Range,
    names: &Names,
) -> Result<Vec<(PixelCode, Vec<Reported>)>, Failure> {
    let settings = &context.settings;
    if settings.advertisers.is_empty() {
        return Err(Failure::new(Exit::Config, "--compare-tiktok: no [[pixel]] names its advertiser")
            .hint("add advertiser_id to it, the number of its ad account; or type the counts in: --tiktok-counts FILE"));
    }
    let limits = &settings.policy.backfill;
    let client = Client::new(endpoint, limits.connect_timeout, limits.total_timeout)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        Failure::new(Exit::Store, format!("cannot start the network runtime: {}", error.kind()))
    })?;
    let mut totals = Vec::new();
    for (pixel, advertiser) in &settings.advertisers {
        let source = settings.tokens.get(pixel).ok_or_else(|| {
            Failure::new(Exit::Config, format!("no access token for pixel {}", escape(pixel.as_str())))
                .hint("add access_token_file to its [[pixel]]")
        })?;
        let token = source.read(context.environment)?;
        let query = [("advertiser_id", advertiser.as_str()), ("code", pixel.as_str())];
        let body =
            runtime.block_on(get(&client, &token, PIXELS_PATH, &query)).map_err(|why| why.of(pixel))?;
        let number = stats::read_pixel_number(&body, pixel.as_str()).ok_or_else(|| {
            let message = format!("TikTok lists no pixel {} for this advertiser", escape(pixel.as_str()));
            Failure::new(Exit::Config, message).hint("see advertiser_id of its [[pixel]]")
        })?;
        let date = |at: TimeMs| at.to_string().chars().take(10).collect::<String>();
        let last = range.until.minus(Duration::from_ms(1));
        let pixels = serde_json::json!([number]).to_string();
        let days = serde_json::json!({"start_date": date(range.since), "end_date": date(last)}).to_string();
        let query = [("advertiser_id", advertiser.as_str()), ("pixel_ids", &pixels), ("date_range", &days)];
        let body = runtime.block_on(get(&client, &token, STATS_PATH, &query)).map_err(|why| why.of(pixel))?;
        let rows = stats::read_totals(&body, names)
            .map_err(|error| Failure::new(Exit::Later, format!("TikTok's totals cannot be read: {error}")))?;
        totals.push((pixel.clone(), rows));
    }
    Ok(totals)
}

/// Why there is no answer.
enum Trouble {
    Token(String),
    Config(String),
    Later(String),
}

impl Trouble {
    fn of(self, pixel: &PixelCode) -> Failure {
        let shown = escape(pixel.as_str());
        match self {
            Self::Token(code) => Failure::new(
                Exit::Token,
                format!(
                    "the token of pixel {shown} may not read TikTok's totals (code {code}): no comparison"
                ),
            )
            .hint("it needs the scope Pixel Management → Pixel Level Reporting; sending does not need it")
            .hint("or type the counts in from Events Manager: --tiktok-counts FILE"),
            Self::Config(why) => {
                Failure::new(Exit::Config, format!("no comparison for pixel {shown}: {why}"))
            }
            Self::Later(why) => Failure::new(Exit::Later, format!("no comparison for pixel {shown}: {why}"))
                .hint("nothing is lost; run again later"),
        }
    }
}

async fn get(client: &Client, token: &Token, path: &str, query: &[(&str, &str)]) -> Result<Vec<u8>, Trouble> {
    let (status, body) = match client.get(token, path, query).await {
        Reply::Answered { status, body, date: _, retry_after: _ } => (status, body),
        Reply::Redirected { status } => {
            return Err(Trouble::Config(format!("the server redirects (HTTP {status})")));
        }
        Reply::Certificate { why } => return Err(Trouble::Config(escape(&why).into_owned())),
        Reply::NotSent { why } | Reply::Ambiguous { status: _, cause: _, why } => {
            return Err(Trouble::Later(escape(&why).into_owned()));
        }
    };
    let answer = read(status, &body).answer;
    match classify(&answer) {
        Outcome::Accepted => Ok(body),
        Outcome::Refused(Refusal::Credential | Refusal::Permission) => {
            Err(Trouble::Token(answer.code.to_string()))
        }
        Outcome::Refused(Refusal::Throttled) => Err(Trouble::Later("TikTok throttles".to_owned())),
        Outcome::Refused(Refusal::Event | Refusal::Config) => {
            Err(Trouble::Config(format!("TikTok refuses the question (HTTP {status}, code {})", answer.code)))
        }
        Outcome::NotSent | Outcome::Unknown | Outcome::Unverified => {
            Err(Trouble::Later(format!("no readable answer (HTTP {status})")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_utc_days_that_ended_a_day_ago_are_compared() {
        let at = |hours: i64| TimeMs::from_ms(1_795_132_800_000).plus(Duration::from_hours(hours));
        let days = |since, until, now| {
            whole_days(Range { since: at(since), until: at(until) }, at(now)).map(|range| {
                (range.since.since(at(0)).as_ms() / 3_600_000, range.until.since(at(0)).as_ms() / 3_600_000)
            })
        };
        assert_eq!(days(0, 72, 100), Some((0, 72)));
        assert_eq!(days(1, 72, 100), Some((24, 72)), "the first day is not whole");
        assert_eq!(days(0, 72, 95), Some((0, 48)), "the last ended 23 h ago");
        assert_eq!(days(0, 40 * 24, 50 * 24), Some((12 * 24, 40 * 24)));
        assert_eq!(days(0, 24, 30), None);
    }
}
