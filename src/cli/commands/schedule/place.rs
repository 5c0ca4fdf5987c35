//! Where and as whom a schedule runs, and how often.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::token::TokenSource;
use crate::domain::TimeMs;
use crate::report::escape;

use super::Arguments;

/// A time between two runs that divides an hour or a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Every {
    /// In minutes.
    pub minutes: u32,
}

/// The marks in generated files by which [`super::installed()`] finds them again.
pub(super) const MARK: &str = "makegood, every ";

const MINUTES: [u32; 13] = [5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440];

impl Every {
    /// Reads `30m` or `2h`.
    ///
    /// # Errors
    /// Which ones there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        let span = crate::cli::time::span(text);
        let minutes = span.and_then(|span| u32::try_from(span.as_ms() / 60_000).ok());
        let whole = span.is_some_and(|span| span.as_ms() % 60_000 == 0);
        match minutes.filter(|minutes| whole && MINUTES.contains(minutes)) {
            Some(minutes) => Ok(Self { minutes }),
            None => Err("takes 5m, 10m, 15m, 20m, 30m, 1h, 2h, 3h, 4h, 6h, 8h, 12h or 24h".to_owned()),
        }
    }

    /// The next full multiple of it after a moment, in UTC.
    #[must_use]
    pub fn next_after(self, now: TimeMs) -> TimeMs {
        let step = i64::from(self.minutes) * 60_000;
        TimeMs::from_ms((now.as_ms().div_euclid(step) + 1) * step)
    }
}

impl std::fmt::Display for Every {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.minutes.is_multiple_of(60) {
            write!(f, "{}h", self.minutes / 60)
        } else {
            write!(f, "{}m", self.minutes)
        }
    }
}

/// Where and as whom a schedule runs. All paths are absolute.
pub struct Place {
    pub(super) program: PathBuf,
    pub(super) config: PathBuf,
    /// Where it runs: the config's folder.
    pub(super) folder: PathBuf,
    /// Where database, log and lock lie.
    pub(super) db: PathBuf,
    /// Names in systemd's folder of credentials.
    pub(super) credentials: Vec<String>,
    /// Everything that is read or written.
    pub(super) paths: Vec<PathBuf>,
    pub(super) metrics: Option<PathBuf>,
    pub(super) every: Every,
    pub(super) is_root: bool,
    /// Whose the database is, and so who runs it.
    pub(super) user: String,
    pub(super) user_units: PathBuf,
    pub(super) launch_agents: PathBuf,
}

impl Place {
    /// What the config and the machine say.
    ///
    /// # Errors
    /// [`Failure`] with code 4 without a config, or for a path that no unit can hold.
    pub(super) fn of(context: &Context<'_>, args: &Arguments) -> Result<Self, Failure> {
        let Some(config) = &context.settings.config else {
            return Err(Failure::new(Exit::Config, "there is no config, so nothing to run by itself")
                .hint("makegood init writes one; or name it with --config"));
        };
        let program = std::env::current_exe().map_err(|error| {
            Failure::new(Exit::Config, format!("cannot find the program's own path: {}", error.kind()))
        })?;
        let config = absolute(config)?;
        let folder = config.parent().unwrap_or(Path::new("/")).to_path_buf();
        let db = absolute(&context.settings.db)?;
        let metrics = args.metrics.metrics_file.as_deref().map(absolute).transpose()?;
        let home = context.environment.get("HOME").map_or_else(|| PathBuf::from("/root"), PathBuf::from);
        let user = owner(db.parent().unwrap_or(Path::new("/")));
        let mut credentials: Vec<String> = Vec::new();
        let mut paths = vec![program.clone(), config.clone(), db.clone()];
        for token in context.settings.tokens.values() {
            match token {
                TokenSource::Credential(name) => credentials.push(name.display().to_string()),
                TokenSource::File(path) => paths.push(absolute(path)?),
                TokenSource::Variable(_) | TokenSource::Stdin => {}
            }
        }
        paths.extend(context.settings.sources.iter().map(|source| folder.join(&*source.path)));
        paths.extend(metrics.clone());
        let place = Self {
            program,
            config,
            folder,
            db,
            credentials,
            paths,
            metrics,
            every: args.every,
            is_root: nix::unistd::geteuid().is_root(),
            user,
            user_units: home.join(".config/systemd/user"),
            launch_agents: home.join("Library/LaunchAgents"),
        };
        place.check()?;
        Ok(place)
    }

    /// What no unit, crontab or property list can hold on a line.
    fn check(&self) -> Result<(), Failure> {
        let is_bad = |path: &&PathBuf| path.to_str().is_none_or(|text| text.chars().any(char::is_control));
        match self.paths.iter().find(is_bad) {
            Some(path) => {
                let shown = escape(&path.display().to_string()).into_owned();
                Err(Failure::new(Exit::Config, format!("no schedule can hold this path: {shown}"))
                    .hint("give it a name of printable characters"))
            }
            None => Ok(()),
        }
    }

    /// The folder of the database.
    pub(super) fn data(&self) -> &Path {
        self.db.parent().unwrap_or(Path::new("/"))
    }

    /// The words of the backfill.
    pub(super) fn backfill(&self) -> Vec<String> {
        let mut words = self.words(&["backfill", "--send", "--quiet"]);
        if let Some(metrics) = &self.metrics {
            words.extend(["--metrics-file".to_owned(), metrics.display().to_string()]);
        }
        words
    }

    /// The words of the daily pruning.
    pub(super) fn prune(&self) -> Vec<String> {
        self.words(&["prune", "--quiet"])
    }

    /// The words of the reading that goes on.
    pub(super) fn follow(&self) -> Vec<String> {
        self.words(&["import", "--follow", "--quiet"])
    }

    fn words(&self, verb: &[&str]) -> Vec<String> {
        let (program, config, db) = (&self.program, &self.config, &self.db);
        let mut words = vec![program.display().to_string()];
        words.extend(["--config".to_owned(), config.display().to_string()]);
        words.extend(["--db".to_owned(), db.display().to_string()]);
        words.extend(verb.iter().map(|word| (*word).to_owned()));
        words
    }
}

fn owner(folder: &Path) -> String {
    let uid = fs::metadata(folder).map_or(0, |facts| facts.uid());
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(uid)).ok().flatten();
    user.map_or_else(|| uid.to_string(), |user| user.name)
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    let found = fs::canonicalize(path).or_else(|_| std::path::absolute(path));
    found.map_err(|error| {
        let shown = escape(&path.display().to_string()).into_owned();
        Failure::new(Exit::Config, format!("cannot find {shown}: {}", error.kind()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_divides_an_hour_or_a_day_is_taken() {
        assert_eq!(Every::parse("30m").unwrap().to_string(), "30m");
        assert_eq!(Every::parse("60m").unwrap().to_string(), "1h");
        assert_eq!(Every::parse("1d").unwrap().to_string(), "24h");
        for wrong in ["7m", "0m", "5h", "90s", "", "x", "2d"] {
            assert!(Every::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(MINUTES.iter().filter(|minutes| 1440 % **minutes != 0).count(), 0);
    }

    #[test]
    fn the_next_run_is_the_next_multiple() {
        let every = Every::parse("2h").unwrap();
        let hour = 3_600_000;
        assert_eq!(every.next_after(TimeMs::from_ms(3 * hour)).as_ms(), 4 * hour);
        assert_eq!(every.next_after(TimeMs::from_ms(4 * hour)).as_ms(), 6 * hour);
    }
}
