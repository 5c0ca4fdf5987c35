//! Gates: what must hold for the audit to end well.

use crate::audit::{AuditResult, CHECKS, Counts};
use crate::cli::exit::{Exit, Failure};
use crate::cli::near::nearest;
use crate::cli::time;
use crate::cli::ui::Ui;
use crate::domain::{Duration, EventName, Policy, ServerLog, Severity, TimeMs};
use crate::reconcile::Logs;
use crate::report::{count_of, escape, percent};
use crate::tiktok::event_map;

/// Options of the gates. One that is missed ends the audit with code 1 and says so on stderr.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Gates (exit code 1)")]
pub struct GateArgs {
    /// Coverage of CompletePayment must be at least this, in percent; or EVENT=PCT, all=PCT.
    #[arg(long, value_name = "PCT", env = "MAKEGOOD_FAIL_UNDER", hide_env = true, value_delimiter = ',')]
    pub fail_under: Vec<String>,
    /// No finding with this code, or of this severity or worse (high, medium, low, info).
    #[arg(long, value_name = "CODE", env = "MAKEGOOD_FAIL_ON", hide_env = true, value_delimiter = ',')]
    pub fail_on: Vec<String>,
    /// The newest event and the newest server receipt must be younger than this.
    #[arg(long, value_name = "DURATION", env = "MAKEGOOD_FAIL_IF_STALE", hide_env = true)]
    pub fail_if_stale: Option<String>,
    /// No event that can still be sent may become unsafe within this time.
    #[arg(long, value_name = "DURATION", env = "MAKEGOOD_FAIL_IF_DEADLINE_UNDER", hide_env = true)]
    pub fail_if_deadline_under: Option<String>,
    /// At most so many of the logged events may be excluded, in percent.
    #[arg(long, value_name = "PCT", env = "MAKEGOOD_MAX_EXCLUDED", hide_env = true)]
    pub max_excluded: Option<String>,
}

/// The event of `--fail-under` without a name.
const PURCHASE: &str = "CompletePayment";

/// What `--fail-under` speaks of.
#[derive(Debug, PartialEq, Eq)]
enum Subject {
    Event(EventName),
    All,
}

/// What `--fail-on` speaks of.
#[derive(Debug)]
enum Trigger {
    Code(&'static str),
    Severity(Severity),
}

/// The gates, read.
#[derive(Debug)]
pub(super) struct Gates {
    /// Least coverage in millionths.
    under: Vec<(Subject, u32)>,
    on: Vec<Trigger>,
    stale: Option<Duration>,
    deadline: Option<Duration>,
    /// In millionths.
    excluded_max: Option<u32>,
}

/// The newest things that are stored, whatever the time span of the audit.
pub(super) struct Newest<'a> {
    pub(super) events: Option<(TimeMs, TimeMs)>,
    pub(super) logs: &'a Logs,
    pub(super) policy: &'a Policy,
}

impl GateArgs {
    /// Reads the gates.
    ///
    /// # Errors
    /// [`Failure`] with code 2 for one that cannot be read: a gate that is not understood is not passed.
    pub(super) fn read(&self, policy: &Policy) -> Result<Gates, Failure> {
        let span = |option: &str, text: Option<&String>| {
            text.map(|text| time::span(text).ok_or_else(|| wrong(option, text, "12h, 90m or 2d"))).transpose()
        };
        let share = |text: &String| {
            percentage(text).ok_or_else(|| wrong("--max-excluded", text, "a percentage such as 20"))
        };
        let mut floors: Vec<(Subject, u32)> = Vec::new();
        for text in &self.fail_under {
            let (subject, share) = under(text, policy)?;
            if floors.iter().any(|(known, _)| *known == subject) {
                // Most likely a decimal comma: 99,5 are two percentages.
                let message = format!("--fail-under {}: a second floor for the same events", escape(text));
                return Err(Failure::new(Exit::Usage, message).hint("decimals have a point: 99.5"));
            }
            floors.push((subject, share));
        }
        Ok(Gates {
            under: floors,
            on: self.fail_on.iter().map(|text| trigger(text)).collect::<Result<_, _>>()?,
            stale: span("--fail-if-stale", self.fail_if_stale.as_ref())?,
            deadline: span("--fail-if-deadline-under", self.fail_if_deadline_under.as_ref())?,
            excluded_max: self.max_excluded.as_ref().map(share).transpose()?,
        })
    }
}

fn wrong(option: &str, text: &str, forms: &str) -> Failure {
    Failure::new(Exit::Usage, format!("{option} {}: cannot be read", escape(text)))
        .hint(format!("it takes {forms}"))
}

fn under(text: &str, policy: &Policy) -> Result<(Subject, u32), Failure> {
    let forms = "99.5, CompletePayment=99.5 or all=97";
    let (name, share) = match text.split_once('=') {
        Some((name, share)) => (name.trim(), share),
        None => (PURCHASE, text),
    };
    let share = percentage(share).ok_or_else(|| wrong("--fail-under", text, forms))?;
    if name.eq_ignore_ascii_case("all") {
        return Ok((Subject::All, share));
    }
    let name = event_map::resolve(name, &policy.names).map_err(|near| {
        let failure =
            Failure::new(Exit::Usage, format!("--fail-under: no TikTok event goes by {}", escape(name)));
        match near {
            Some(near) => failure.hint(format!("did you mean {}?", escape(near.as_str()))),
            None => failure.hint(format!("it takes {forms}")),
        }
    })?;
    Ok((Subject::Event(name), share))
}

const SEVERITIES: [Severity; 4] = [Severity::High, Severity::Medium, Severity::Low, Severity::Info];

fn trigger(text: &str) -> Result<Trigger, Failure> {
    if let Some(severity) = SEVERITIES.into_iter().find(|one| one.word().eq_ignore_ascii_case(text)) {
        return Ok(Trigger::Severity(severity));
    }
    if let Some(check) = CHECKS.iter().find(|check| check.code == text) {
        return Ok(Trigger::Code(check.code));
    }
    let failure = Failure::new(Exit::Usage, format!("--fail-on: there is no finding {}", escape(text)));
    Err(match nearest(text, CHECKS.iter().map(|check| check.code)) {
        Some(near) => failure.hint(format!("did you mean {near}?")),
        None => failure.hint("makegood findings lists them; high, medium, low and info are severities"),
    })
}

/// A percentage of 0 to 100 with up to four decimals, in millionths; a `%` behind it is allowed.
fn percentage(text: &str) -> Option<u32> {
    let text = text.trim().trim_end_matches('%').trim_end();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || fraction.len() > 4 || whole.len() > 3 {
        return None;
    }
    let fraction: u32 = format!("{fraction:0<4}").parse().ok()?;
    let ppm = whole.parse::<u32>().ok()? * 10_000 + fraction;
    (ppm <= 1_000_000).then_some(ppm)
}

/// `99.5 %` of millionths, without needless zeros.
fn shown(ppm: u32) -> String {
    let fraction = format!("{:04}", ppm % 10_000);
    match fraction.trim_end_matches('0') {
        "" => format!("{} %", ppm / 10_000),
        fraction => format!("{}.{fraction} %", ppm / 10_000),
    }
}

impl Gates {
    /// Says on stderr which gates were missed, and how to end.
    pub(super) fn judge(&self, ui: &Ui, result: &AuditResult, newest: &Newest<'_>) -> Exit {
        let missed = self.missed(result, newest);
        for failure in &missed {
            ui.fail(failure);
        }
        if missed.is_empty() { Exit::Done } else { Exit::Gate }
    }

    fn missed(&self, result: &AuditResult, newest: &Newest<'_>) -> Vec<Failure> {
        let mut missed: Vec<Failure> =
            self.under.iter().filter_map(|(subject, least)| too_low(subject, *least, result)).collect();
        missed.extend(self.on.iter().filter_map(|trigger| found(trigger, result)));
        missed.extend(self.stale.and_then(|limit| stale(limit, result.now, newest)));
        missed.extend(self.deadline.and_then(|limit| soon(limit, result)));
        missed.extend(self.excluded_max.and_then(|limit| excluded(limit, &result.totals)));
        missed
    }
}

fn miss(message: String, next: impl Into<String>) -> Failure {
    Failure::new(Exit::Gate, message).hint(next)
}

/// What a cluster counted, where one did: of the delivered events none came back to be counted here.
fn clustered(subject: &Subject, result: &AuditResult) -> Option<Counts> {
    let rows = result.cluster.as_ref()?.rows.iter();
    let mut counts = Counts::default();
    for row in rows.filter(|row| match subject {
        Subject::All => true,
        Subject::Event(name) => *row.event == *name.as_str(),
    }) {
        counts.delivered += row.delivered;
        counts.never_sent += row.expected.saturating_sub(row.delivered);
    }
    Some(counts)
}

fn too_low(subject: &Subject, least: u32, result: &AuditResult) -> Option<Failure> {
    let (name, counts) = match subject {
        Subject::All => ("all events".to_owned(), result.totals),
        Subject::Event(name) => {
            let found = result.by_event.iter().find(|event| event.name == *name);
            let counts = found.map(|event| event.counts).unwrap_or_default();
            (escape(name.as_str()).into_owned(), counts)
        }
    };
    let counts = clustered(subject, result).unwrap_or(counts);
    let Some(coverage) = counts.coverage_ppm() else {
        let why =
            if counts.expected() == 0 { "none was expected" } else { "there is no log of its receipts" };
        return Some(miss(
            format!("gate --fail-under: nothing to judge of {name} in this time span: {why}"),
            "widen the time span, or see which sources are read: makegood audit -v",
        ));
    };
    (coverage < least).then(|| {
        let missing = counts.missing();
        miss(
            format!(
                "gate --fail-under: coverage of {name} is {}, under {} ({missing} of {} missing)",
                percent(counts.delivered, counts.expected().saturating_sub(counts.without_log)),
                shown(least),
                counts.expected(),
            ),
            "see what can be sent: makegood backfill --dry-run",
        )
    })
}

fn found(trigger: &Trigger, result: &AuditResult) -> Option<Failure> {
    // Findings stand with the gravest first.
    let found: Vec<_> = result
        .findings
        .iter()
        .filter(|finding| match trigger {
            Trigger::Code(code) => finding.code == *code,
            Trigger::Severity(severity) => finding.severity <= *severity,
        })
        .collect();
    let first = found.first()?;
    let word = match trigger {
        Trigger::Code(code) => (*code).to_owned(),
        Trigger::Severity(severity) => severity.word().to_owned(),
    };
    let more = match found.len() {
        1 => String::new(),
        many => format!(" and {} more", many - 1),
    };
    Some(miss(
        format!("gate --fail-on {word}: {}{more}: {}", first.code, escape(&first.summary)),
        format!("makegood findings {}", first.code),
    ))
}

fn stale(limit: Duration, now: TimeMs, newest: &Newest<'_>) -> Option<Failure> {
    let sends = newest.policy.pixels.iter().any(|pixel| pixel.server_log != ServerLog::None);
    let receipts =
        (sends || newest.policy.pixels.is_empty()).then_some(newest.logs.newest_of(None).server_at);
    let looked_at = [("event", Some(newest.events.map(|(_, newest)| newest))), ("server receipt", receipts)];
    let old = looked_at.into_iter().filter_map(|(what, at)| match at? {
        None => Some(format!("there is no {what}")),
        Some(at) if now.since(at) > limit => Some(format!("the newest {what} is {} old", now.since(at))),
        Some(_) => None,
    });
    let old: Vec<String> = old.collect();
    (!old.is_empty()).then(|| {
        miss(
            format!("gate --fail-if-stale: {} (limit {limit})", old.join(", and ")),
            "see whether the logs are still written, and where: makegood import -v",
        )
    })
}

fn soon(limit: Duration, result: &AuditResult) -> Option<Failure> {
    let first = result.clock.first_deadline_at?;
    let left = first.since(result.now);
    (left < limit).then(|| {
        miss(
            format!(
                "gate --fail-if-deadline-under: {} can be sent, and the first becomes unsafe in {left} (limit \
                 {limit})",
                count_of(result.clock.sendable, "event", "events")
            ),
            "send them: makegood backfill",
        )
    })
}

fn excluded(limit: u32, totals: &Counts) -> Option<Failure> {
    let over = u128::from(totals.excluded) * 1_000_000 > u128::from(totals.events) * u128::from(limit);
    over.then(|| {
        miss(
            format!(
                "gate --max-excluded: {} of {} events are excluded ({}), over {}",
                totals.excluded,
                totals.events,
                percent(totals.excluded, totals.events),
                shown(limit)
            ),
            "the audit's line \"excluded\" has the reasons",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gates(args: &GateArgs) -> Result<Gates, Failure> {
        args.read(&Policy::default())
    }

    fn under(texts: &[&str]) -> Result<Gates, Failure> {
        let fail_under = texts.iter().map(|text| (*text).to_owned()).collect();
        gates(&GateArgs { fail_under, ..GateArgs::default() })
    }

    #[test]
    fn a_gate_that_is_not_understood_is_not_passed() {
        for text in ["", "101", "99,5", "-1", "99.12345", "Lead=", "Nonsense=5", "=5", "NaN", "9 9"] {
            assert_eq!(under(&[text]).map(|_| ()).unwrap_err().exit, Exit::Usage, "{text}");
        }
        let near = under(&["CompletePaymnt=5"]).map(|_| ()).unwrap_err();
        assert_eq!(near.hints, ["did you mean CompletePayment?"]);
        let args = GateArgs { fail_on: vec!["never-snt".to_owned()], ..GateArgs::default() };
        assert_eq!(gates(&args).map(|_| ()).unwrap_err().hints, ["did you mean never-sent?"]);
        let args = GateArgs { fail_if_stale: Some("soon".to_owned()), ..GateArgs::default() };
        assert_eq!(gates(&args).map(|_| ()).unwrap_err().exit, Exit::Usage);
    }

    #[test]
    fn percentages_are_exact() {
        let read = under(&["99.5", "lead=100 %", "all = 0.0001"]).unwrap();
        let shares: Vec<_> = read.under.iter().map(|(_, share)| *share).collect();
        assert_eq!(shares, [995_000, 1_000_000, 1]);
        assert!(matches!(&read.under[1].0, Subject::Event(name) if name.as_str() == "Lead"));
        assert!(under(&["99", "purchase=5"]).is_err(), "99,5 is no decimal");
        assert_eq!([995_000, 1_000_000, 1, 975_050].map(shown), ["99.5 %", "100 %", "0.0001 %", "97.505 %"]);
    }
}
