//! `schedule`: units and lines that run the backfill, for systemd, cron and launchd.

mod cron;
mod installed;
mod launchd;
mod place;
mod systemd;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, ValueEnum};

use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::metrics::MetricsFile;
use crate::cli::ui::Ui;
use crate::report::escape;

pub use installed::installed;
use place::{Every, Place};

/// What runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scheduler {
    /// A service and a timer.
    Systemd,
    /// A line of a crontab.
    Cron,
    /// A property list of macOS.
    Launchd,
}

/// Arguments of `schedule`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  makegood schedule systemd                        look at the units
  sudo makegood -c /etc/makegood/config.toml schedule systemd --every 1h --write
  makegood schedule cron --every 30m | crontab -   where nothing else is in the crontab
  makegood schedule launchd --write

The backfill reads the logs, sends what is missing and due, and says nothing while all is well. Two
that meet are no harm: the second ends with code 7. It needs many chances inside 47 h, so run it every
hour or oftener. Old data is pruned once a day. Each backfill reads what is new in the logs first; where
they are rotated away sooner than it runs, let makegood-follow.service read them as they are written.")]
pub struct Arguments {
    /// systemd, cron or launchd.
    #[arg(value_name = "SCHEDULER", value_enum)]
    pub scheduler: Scheduler,
    /// How often: 5m, 10m, 15m, 20m, 30m, 1h, 2h, 3h, 4h, 6h, 8h, 12h or 24h.
    #[arg(long, value_name = "SPAN", default_value = "1h", env = "MAKEGOOD_EVERY", hide_env = true)]
    #[arg(value_parser = Every::parse)]
    pub every: Every,
    /// Put the files where they belong instead of showing them.
    #[arg(long, env = "MAKEGOOD_WRITE", hide_env = true, value_parser = FalseyValueParser::new())]
    pub write: bool,
    /// Put the files into this folder instead.
    #[arg(long, value_name = "FOLDER", env = "MAKEGOOD_OUT", hide_env = true)]
    pub out: Option<PathBuf>,
    /// Where the backfill writes metrics.
    #[command(flatten)]
    pub metrics: MetricsFile,
}

/// A file of a schedule.
struct Written {
    folder: PathBuf,
    name: &'static str,
    text: String,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when there is no config to run with, or a file cannot be written.
pub fn run(context: &Context<'_>, args: &Arguments) -> Result<Exit, Failure> {
    let place = Place::of(context, args)?;
    let is_written = args.write || args.out.is_some();
    // What is printed is piped into `crontab -`, by root too.
    let form = if is_written && place.is_root { cron::Form::Machine } else { cron::Form::Own };
    let files = match args.scheduler {
        Scheduler::Systemd => systemd::files(&place),
        Scheduler::Cron => cron::files(&place, form),
        Scheduler::Launchd => launchd::files(&place),
    };
    if is_written {
        for file in files {
            write(context, args, &file)?;
        }
        context.ui.talk(&next(args.scheduler, &place));
        return Ok(Exit::Done);
    }
    let mut text = String::new();
    for (at, file) in files.iter().enumerate() {
        // A crontab is piped on as it is, a property list must begin with its own first line.
        if args.scheduler == Scheduler::Systemd {
            let gap = if at > 0 { "\n" } else { "" };
            let _ = writeln!(text, "{gap}# {}", file.folder.join(file.name).display());
        }
        text.push_str(&file.text);
    }
    Ui::result(text.as_bytes())?;
    context.ui.talk(&match args.scheduler {
        Scheduler::Cron if place.is_root => {
            "To put it in place: add --write, for /etc/cron.d; or paste these lines with crontab -e."
                .to_owned()
        }
        Scheduler::Cron => "To put it in place: paste these lines with crontab -e.".to_owned(),
        Scheduler::Systemd | Scheduler::Launchd => {
            format!("To put it in place, add --write. {}", next(args.scheduler, &place))
        }
    });
    Ok(Exit::Done)
}

fn write(context: &Context<'_>, args: &Arguments, file: &Written) -> Result<(), Failure> {
    if args.scheduler == Scheduler::Cron && args.out.is_none() && !nix::unistd::geteuid().is_root() {
        return Err(Failure::new(Exit::Usage, "a crontab of one's own is not written by other programs")
            .hint(
                "makegood schedule cron | crontab -   if it is empty; else paste the lines with crontab -e",
            ));
    }
    let folder = args.out.as_ref().unwrap_or(&file.folder);
    let path = folder.join(file.name);
    let shown = escape(&path.display().to_string()).into_owned();
    let failed = |error: std::io::Error| {
        Failure::new(Exit::Store, format!("cannot write {shown}: {}", error.kind()))
            .hint("units of the whole machine need root: sudo makegood …; or name a folder with --out")
    };
    fs::create_dir_all(folder).map_err(failed)?;
    fs::write(&path, &file.text).map_err(failed)?;
    // Daemons of other users read it; it holds no secret.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(&path, mode).map_err(failed)?;
    context.ui.talk(&format!("wrote {shown}"));
    Ok(())
}

fn next(scheduler: Scheduler, place: &Place) -> String {
    let user = if place.is_root { "" } else { " --user" };
    match scheduler {
        Scheduler::Systemd => format!(
            "Then: systemctl{user} daemon-reload && systemctl{user} enable --now makegood-backfill.timer makegood-prune.timer"
        ),
        Scheduler::Cron => "cron sees it within a minute; nothing else is to be done".to_owned(),
        Scheduler::Launchd => {
            format!(
                "Then: launchctl bootstrap gui/$(id -u) {}/{}",
                place.launch_agents.display(),
                launchd::NAME
            )
        }
    }
}
