//! The command line: what a person can type. Values are typed here, and mean something in `settings`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::{FalseyValueParser, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::domain::HeldClass;
use crate::report::{Format, OUTPUTS};

use super::commands;
use super::finding_code::FindingCode;
use super::metrics::MetricsFile;

const EXAMPLES: &str = "\
Examples:
  makegood audit funnel.jsonl delivery.jsonl       what is wrong in these logs?
  makegood import && makegood audit --last week    the same, on a database that grows
  makegood events --verdict missing --event CompletePayment -o orders.csv
  makegood backfill --dry-run                      what would be sent, held and left, and why

Every option is also an environment variable: --db is MAKEGOOD_DB. Config: ./makegood.toml, then
$XDG_CONFIG_HOME/makegood/config.toml, then /etc/makegood/config.toml.
Exit codes: 0 done, 1 gate missed, 2 usage, 3 something newly needs attention, 4 config or input,
5 token, 6 try again later, 7 locked, 8 database or output, 70 bug, 128+N signal.";

/// Finds the conversions TikTok's Events API never accepted, says why, and sends them again, safely.
#[derive(Debug, Parser)]
#[command(name = "makegood", version, after_help = EXAMPLES, max_term_width = 110)]
#[command(subcommand_required = true, arg_required_else_help = true, disable_help_subcommand = true)]
pub struct Arguments {
    /// Options of all commands.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compare what was logged with what TikTok accepted; say what is missing and why.
    Audit(super::commands::audit::Args),
    /// Send what is missing, safely: shows its plan first, then asks.
    Backfill(Backfill),
    /// Try it: made-up logs, their audit and what to do next, in one folder; no account, no network.
    Demo(Demo),
    /// List events by verdict, name, campaign, pixel or time.
    Events(Events),
    /// Tell one event's whole story: both legs, answers, match keys, what to do.
    Explain(Explain),
    /// List what an audit can find, or explain one code.
    Findings(Findings),
    /// Read what is new in the logs into the database.
    Import(Import),
    /// Write a commented config; guess how unknown logs are to be read.
    Init(super::commands::init::Init),
    /// Bring in the databases of other hosts that import for themselves.
    Merge(commands::merge::Merge),
    /// Run a strict local Events API to try things on.
    Sandbox(Sandbox),
    /// Say how things stand: the gap, the clock, what ran last and runs next.
    Status(commands::status::Arguments),
    /// Show the numbers as they change, while logs are followed or events are sent.
    Watch(commands::watch::Arguments),
    /// Check config, tokens, logs, database and schedule; each problem comes with its fix.
    Doctor(commands::doctor::Arguments),
    /// Check the whole way: a made-up visitor in TikTok's test mode, or a walk of your own.
    Verify(commands::verify::Arguments),
    /// Make units or lines that run the backfill, for systemd, cron or launchd.
    Schedule(commands::schedule::Arguments),
    /// Write what this host imported as segments, for a cluster.
    Ship(commands::ship::Arguments),
    /// Find on a cluster what lacks an acceptance, over the segments of all hosts.
    Reconcile(commands::reconcile::Arguments),
    /// Ask the database in SQL; nothing can be changed.
    Sql(commands::sql::Arguments),
    /// Erase what is stored of one person, session or event.
    Erase(commands::erase::Arguments),
    /// Take away what is older than its retention.
    Prune(commands::prune::Arguments),
    /// Copy the database, also while it is in use.
    Backup(commands::backup::Arguments),
    /// Show every configured value and where it comes from, or a schema for editors.
    Config(commands::config::Arguments),
    /// Print what a shell needs to complete commands and options.
    Completions(commands::completions::Arguments),
    /// Write the manual pages.
    Man(commands::man::Arguments),
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Options of all commands.
#[derive(Clone, Debug, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line are yes or no")]
pub struct Global {
    /// Config file.
    #[arg(short, long, global = true, value_name = "FILE", env = "MAKEGOOD_CONFIG", hide_env = true)]
    #[arg(help_heading = "Global options")]
    pub config: Option<PathBuf>,
    /// Database; by default makegood.db beside the config, else in the working directory.
    #[arg(long, global = true, value_name = "FILE", env = "MAKEGOOD_DB", hide_env = true)]
    #[arg(help_heading = "Global options")]
    pub db: Option<PathBuf>,
    /// Pretend it is this moment (RFC 3339): the same data then gives the same output.
    #[arg(long, global = true, value_name = "TIME", help_heading = "Global options")]
    pub now: Option<String>,
    /// Use UTC for dates and times instead of the config's timezone.
    #[arg(long, global = true, env = "MAKEGOOD_UTC", hide_env = true, value_parser = FalseyValueParser::new())]
    #[arg(help_heading = "Global options")]
    pub utc: bool,
    /// When to use colour.
    #[arg(long, global = true, value_name = "WHEN", env = "MAKEGOOD_COLOR", hide_env = true)]
    #[arg(value_enum, default_value_t, hide_possible_values = true, help_heading = "Global options")]
    pub color: Color,
    /// Draw with ASCII characters only: no bars of blocks, no arrows, no ticks.
    #[arg(long, global = true, env = "MAKEGOOD_ASCII", hide_env = true)]
    #[arg(value_parser = FalseyValueParser::new(), help_heading = "Global options")]
    pub ascii: bool,
    /// Show long lists on a terminal in this pager; by default in `$PAGER`, else `less -FRX`.
    #[arg(long, global = true, value_name = "COMMAND", env = "MAKEGOOD_PAGER", hide_env = true)]
    #[arg(help_heading = "Global options")]
    pub pager: Option<String>,
    /// Never show a long list in a pager.
    #[arg(long, global = true, env = "MAKEGOOD_NO_PAGER", hide_env = true)]
    #[arg(value_parser = FalseyValueParser::new(), help_heading = "Global options")]
    pub no_pager: bool,
    /// Print nothing unless something is wrong.
    #[arg(short, long, global = true, env = "MAKEGOOD_QUIET", hide_env = true)]
    #[arg(value_parser = FalseyValueParser::new(), help_heading = "Global options")]
    pub quiet: bool,
    /// Say more about what is done.
    #[arg(short, long, global = true, env = "MAKEGOOD_VERBOSE", hide_env = true)]
    #[arg(value_parser = FalseyValueParser::new(), help_heading = "Global options")]
    pub verbose: bool,
    /// Never ask; a question with nobody to ask ends with code 2.
    #[arg(long, global = true, env = "MAKEGOOD_NO_INPUT", hide_env = true)]
    #[arg(value_parser = FalseyValueParser::new(), help_heading = "Global options")]
    pub no_input: bool,

    /// From here on: 7d, 36h, yesterday, monday, 2026-11-20, 2026-11-20T08:00:00Z.
    #[arg(long, global = true, value_name = "WHEN", env = "MAKEGOOD_SINCE", hide_env = true)]
    #[arg(help_heading = "Time range")]
    pub since: Option<String>,
    /// Up to here, not including it; the same forms.
    #[arg(long, global = true, value_name = "WHEN", env = "MAKEGOOD_UNTIL", hide_env = true)]
    #[arg(help_heading = "Time range")]
    pub until: Option<String>,
    /// The last 24h (any number of h or d), or the previous calendar day, week or month.
    #[arg(long, global = true, value_name = "SPAN", env = "MAKEGOOD_LAST", hide_env = true)]
    #[arg(conflicts_with_all = ["since", "until"], help_heading = "Time range")]
    pub last: Option<String>,

    /// Only this event, by its funnel or TikTok name; repeat or separate by commas.
    #[arg(long, global = true, value_name = "NAME", env = "MAKEGOOD_EVENT", hide_env = true)]
    #[arg(value_delimiter = ',', help_heading = "Filters")]
    pub event: Vec<String>,
    /// Only this campaign.
    #[arg(long, global = true, value_name = "ID", env = "MAKEGOOD_CAMPAIGN", hide_env = true)]
    #[arg(value_delimiter = ',', help_heading = "Filters")]
    pub campaign: Vec<String>,
    /// Only this Pixel Code.
    #[arg(long, global = true, value_name = "CODE", env = "MAKEGOOD_PIXEL", hide_env = true)]
    #[arg(value_delimiter = ',', help_heading = "Filters")]
    pub pixel: Vec<String>,
    /// Only this verdict; missing stands for unknown, refused and never sent.
    #[arg(long, global = true, value_name = "VERDICT", env = "MAKEGOOD_VERDICT", hide_env = true)]
    #[arg(value_delimiter = ',', help_heading = "Filters")]
    #[arg(value_parser = PossibleValuesParser::new(VERDICTS))]
    pub verdict: Vec<String>,
    /// Only events that this finding counts (`makegood findings` lists the codes).
    #[arg(long, global = true, value_name = "CODE", env = "MAKEGOOD_FINDING", hide_env = true)]
    #[arg(value_delimiter = ',', hide_possible_values = true, help_heading = "Filters")]
    #[arg(value_parser = FindingCode)]
    pub finding: Vec<String>,

    /// table, json, ndjson, csv, tsv, html, md or xlsx; a command that lacks one names those it has.
    #[arg(long, global = true, value_name = "FORMAT", env = "MAKEGOOD_FORMAT", hide_env = true)]
    #[arg(hide_possible_values = true, help_heading = "Output", value_parser = format_parser())]
    pub format: Option<Format>,
    /// The same as --format json.
    #[arg(long, global = true, env = "MAKEGOOD_JSON", hide_env = true, conflicts_with = "format")]
    #[arg(value_parser = FalseyValueParser::new(), help_heading = "Output")]
    pub json: bool,
    /// Write to a file instead, in the format of its ending; may be repeated. - is stdout.
    #[arg(short, long, global = true, value_name = "FILE", env = "MAKEGOOD_OUTPUT", hide_env = true)]
    #[arg(help_heading = "Output")]
    pub output: Vec<PathBuf>,
}

/// What `--verdict` takes.
pub const VERDICTS: [&str; 7] =
    ["excluded", "delivered", "waiting", "unknown", "refused", "never_sent", "missing"];

fn format_parser() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(OUTPUTS.iter().map(|output| output.name)).map(|name| {
        OUTPUTS.iter().find(|output| output.name == name).map_or(Format::Table, |output| output.format)
    })
}

/// Arguments of `import`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  makegood import                                  what is new in every [[source]] of the config
  makegood import 'logs/*.jsonl*' delivery.json.gz
  kubectl logs deploy/funnel --since=1h | makegood import -
  makegood import --follow '/var/log/funnel-*.jsonl*'    for ever

Importing again adds nothing. A line that cannot be used never stops an import: makegood events
--quarantined lists them. The patterns of --follow should match rotated names too.")]
pub struct Import {
    /// Files or patterns; - is standard input. Default: the [[source]]s of the config.
    #[arg(value_name = "FILE")]
    pub files: Vec<String>,
    /// Go on reading what is written to the files, and to files that appear, until a signal.
    #[arg(long, env = "MAKEGOOD_FOLLOW", hide_env = true, value_parser = FalseyValueParser::new())]
    pub follow: bool,
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  makegood demo
  makegood demo --events 1000000 --logs-only --out logs    a gigabyte of logs to measure with

The same seed, number and --now give the same bytes.")]
pub struct Demo {
    /// The folder to make.
    #[arg(long, value_name = "FOLDER", env = "MAKEGOOD_OUT", hide_env = true)]
    pub out: Option<PathBuf>,
    /// How many funnel events to make up.
    #[arg(long, value_name = "N", default_value_t = 20_000, env = "MAKEGOOD_EVENTS", hide_env = true)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub events: u64,
    /// What to make them up from.
    #[arg(long, value_name = "N", default_value_t = 1, env = "MAKEGOOD_SEED", hide_env = true)]
    pub seed: u64,
    /// Write the two logs and nothing else.
    #[arg(long, env = "MAKEGOOD_LOGS_ONLY", hide_env = true, value_parser = FalseyValueParser::new())]
    pub logs_only: bool,
}

/// Arguments of `events`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  makegood events --verdict missing --event CompletePayment -o orders.csv
  makegood events --verdict refused --since 7d --format ndjson | jq -r .event_id
  makegood events --quarantined")]
pub struct Events {
    /// List the lines that could not be used instead.
    #[arg(long, env = "MAKEGOOD_QUARANTINED", hide_env = true, value_parser = FalseyValueParser::new())]
    pub quarantined: bool,
    /// Show ids in full in md, which shortens them otherwise.
    #[arg(long, env = "MAKEGOOD_SHOW_IDS", hide_env = true, value_parser = FalseyValueParser::new())]
    pub show_ids: bool,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  makegood explain 530e0e61-18e9-485e-a8bf-f9ea304d9f96
  makegood explain 530e0e61                        its beginning will do, if only one id begins so")]
pub struct Explain {
    /// The event's id as logged, or its beginning.
    #[arg(value_name = "EVENT_ID", allow_hyphen_values = true)]
    pub event_id: String,
}

/// Arguments of `findings`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  makegood findings
  makegood findings ttclid-lost-after-landing")]
pub struct Findings {
    /// The code to explain. Default: list all.
    #[arg(value_name = "CODE", hide_possible_values = true, value_parser = FindingCode)]
    pub code: Option<String>,
}

/// Arguments of `backfill`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  makegood backfill --dry-run              the plan; nothing is sent or written
  makegood backfill                        the plan, then a question
  makegood backfill --send -q              what cron runs
  makegood backfill --test-event-code TEST12345    to Events Manager's Test events view only

An event is sent only until 47 h after anything of it may first have reached TikTok: later, TikTok
would count a second copy. What is older is held, each with its reason.")]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line are yes or no")]
pub struct Backfill {
    /// Send without asking.
    #[arg(long)]
    pub send: bool,
    /// Show the plan; send and write nothing, import nothing.
    #[arg(long, conflicts_with = "send", env = "MAKEGOOD_DRY_RUN", hide_env = true)]
    #[arg(value_parser = FalseyValueParser::new())]
    pub dry_run: bool,
    /// Write the exact request bodies of the plan to a file, one JSON line each.
    #[arg(long, value_name = "FILE", env = "MAKEGOOD_REQUESTS", hide_env = true)]
    pub requests: Option<PathBuf>,
    /// Do nothing if more than this many events would be sent.
    #[arg(long, value_name = "N", env = "MAKEGOOD_MAX", hide_env = true)]
    pub max: Option<u64>,
    /// Send to the Test events view under this code: nothing is delivered.
    #[arg(long, value_name = "CODE", env = "MAKEGOOD_TEST_EVENT_CODE", hide_env = true)]
    pub test_event_code: Option<String>,
    /// Also send what is held for this reason; they may count twice. Needs --reason.
    #[arg(long, value_name = "CLASS", requires = "reason", value_delimiter = ',')]
    #[arg(hide_possible_values = true, value_parser = held_parser())]
    pub include_held: Vec<HeldClass>,
    /// Why; kept with the run.
    #[arg(long, value_name = "TEXT", env = "MAKEGOOD_REASON", hide_env = true)]
    pub reason: Option<String>,
    /// With --send and --include-held: accept that some will count twice.
    #[arg(long, requires = "include_held")]
    pub accept_double_count: bool,
    /// Where to send instead of TikTok: a sandbox on this machine, such as <http://127.0.0.1:8787>.
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// Do not first import what is new in the [[source]]s.
    #[arg(long, env = "MAKEGOOD_NO_IMPORT", hide_env = true, value_parser = FalseyValueParser::new())]
    pub no_import: bool,
    /// Where to write metrics.
    #[command(flatten)]
    pub metrics: MetricsFile,
}

fn held_parser() -> impl TypedValueParser<Value = HeldClass> {
    PossibleValuesParser::new(HeldClass::ALL.map(HeldClass::code)).map(|code| {
        HeldClass::ALL.into_iter().find(|class| class.code() == code).unwrap_or(HeldClass::DoNotRepeat)
    })
}

/// Arguments of `sandbox`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  makegood sandbox &
  makegood backfill --send --endpoint http://127.0.0.1:8787
  curl -s http://127.0.0.1:8787/sandbox/counted

It refuses what TikTok refuses, and remembers what a deduplicating TikTok would have counted.")]
pub struct Sandbox {
    /// Address to listen on; must be loopback. Port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
    #[arg(env = "MAKEGOOD_LISTEN", hide_env = true)]
    pub listen: SocketAddr,
    /// Take only the token in this file. Default: any that is not empty.
    #[arg(long, value_name = "FILE", env = "MAKEGOOD_TOKEN_FILE", hide_env = true)]
    pub token_file: Option<PathBuf>,
    /// Write a JSON line per request.
    #[arg(long, value_name = "FILE", env = "MAKEGOOD_RECORD", hide_env = true)]
    pub record: Option<PathBuf>,
}
