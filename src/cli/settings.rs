//! The only reader of the environment, and the finder of config and database.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::{PixelCode, Policy, SourcePolicy};
use crate::report::{Zone, escape};
use crate::tiktok::stats::Names;

use super::args::Global;
use super::config;
use super::config_error::Source;
use super::exit::{Exit, Failure};
use super::token::TokenSource;

/// The environment as it was when the program began. Options are read from it by the command line.
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// The environment of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// An environment of these variables.
    #[cfg(test)]
    #[must_use]
    pub fn of<const N: usize>(variables: [(&str, &str); N]) -> Self {
        Self(variables.map(|(name, value)| (name.into(), value.into())).into())
    }

    /// A variable's value; an empty one is none.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// The variables that are set for options of ours, or look as if.
    #[must_use]
    pub fn of_options(&self) -> Vec<&str> {
        let set = self.0.iter().filter(|(_, value)| !value.is_empty());
        set.filter_map(|(name, _)| name.to_str()).filter(|name| name.starts_with("MAKEGOOD_")).collect()
    }
}

/// What config, environment and options decide together.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Everything the pure rooms need.
    pub policy: Policy,
    /// The zone of dates and of times shown.
    pub zone: Zone,
    /// The logs; relative paths already start from the config's folder.
    pub sources: Vec<SourcePolicy>,
    /// The database.
    pub db: PathBuf,
    /// The config that was read.
    pub config: Option<PathBuf>,
    /// Where each pixel's token is.
    pub tokens: BTreeMap<PixelCode, TokenSource>,
    /// The advertiser of each pixel that names one.
    pub advertisers: BTreeMap<PixelCode, String>,
    /// What further names of TikTok's totals stand for.
    pub stats_names: Names,
    /// Send to a sandbox inside the program, never to TikTok.
    pub sandbox: bool,
    /// How an engine is run.
    pub engine: String,
}

/// The config's name in the working directory.
const CONFIG_HERE: &str = "makegood.toml";
/// The config of the whole machine.
const CONFIG_OF_MACHINE: &str = "/etc/makegood/config.toml";
/// The database's name.
const DATABASE: &str = "makegood.db";
/// What is run where the config names no engine: Spark's own client, by its own settings.
const ENGINE: &str = "spark-sql";
/// The longest config that is read: anything longer is another file.
const CONFIG_BYTES_MAX: u64 = 4 << 20;

impl Settings {
    /// Finds and reads the config, and decides where the database is.
    ///
    /// # Errors
    /// [`Failure`] with code 4 when the config is named and missing, unreadable or wrong.
    pub fn load(global: &Global, environment: &Environment) -> Result<Self, Failure> {
        let path = find_config(global, environment);
        let read = match &path {
            Some(path) => read_config(path)?,
            None => config::Config::default(),
        };
        let folder = path.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
        let zone = if global.utc { Zone::UTC } else { read.timezone.map_or(Zone::UTC, Zone) };
        let sources = read.sources.into_iter().map(|source| rooted(source, folder)).collect();
        let tokens = read.tokens.into_iter().map(|(pixel, token)| match token {
            TokenSource::File(path) => (pixel, TokenSource::File(folder.join(path))),
            other @ (TokenSource::Credential(_) | TokenSource::Variable(_) | TokenSource::Stdin) => {
                (pixel, other)
            }
        });
        Ok(Self {
            policy: read.policy,
            zone,
            sources,
            db: global.db.clone().unwrap_or_else(|| folder.join(DATABASE)),
            tokens: tokens.collect(),
            config: path,
            advertisers: read.advertisers.into_iter().collect(),
            stats_names: read.stats_names,
            sandbox: read.sandbox,
            engine: read.engine.unwrap_or_else(|| ENGINE.to_owned()),
        })
    }

    /// The files that makegood writes beside the database; they are never read as logs.
    #[must_use]
    pub fn own_files(&self) -> Vec<PathBuf> {
        ["", "-wal", "-shm", "-journal", ".backfill.lock"]
            .iter()
            .map(|ending| {
                let mut name = self.db.clone().into_os_string();
                name.push(ending);
                PathBuf::from(name)
            })
            .collect()
    }
}

fn find_config(global: &Global, environment: &Environment) -> Option<PathBuf> {
    if let Some(named) = &global.config {
        return Some(named.clone());
    }
    let home = || environment.get("HOME").map(|home| Path::new(home).join(".config"));
    let user = environment.get("XDG_CONFIG_HOME").map(PathBuf::from).or_else(home);
    let candidates = [
        Some(PathBuf::from(CONFIG_HERE)),
        user.map(|folder| folder.join("makegood").join("config.toml")),
        Some(PathBuf::from(CONFIG_OF_MACHINE)),
    ];
    candidates.into_iter().flatten().find(|path| path.exists())
}

fn read_config(path: &Path) -> Result<config::Config, Failure> {
    let shown = escape(&path.display().to_string()).into_owned();
    let unreadable = |why: String| {
        Failure::new(Exit::Config, format!("cannot read config {shown}: {why}"))
            .hint("name another with --config")
    };
    let length = match std::fs::metadata(path) {
        Ok(facts) => facts.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Failure::new(Exit::Config, format!("there is no config {shown}"))
                .hint(format!("makegood init --to {shown} writes one; --config names another")));
        }
        Err(error) => return Err(unreadable(error.kind().to_string())),
    };
    if length > CONFIG_BYTES_MAX {
        return Err(unreadable("too long to be a config".to_owned()));
    }
    let bytes = std::fs::read(path).map_err(|error| unreadable(error.kind().to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| unreadable("not UTF-8".to_owned()))?;
    config::read(&Source { path, text: &text }).map_err(|error| {
        let failure = Failure::new(Exit::Config, error.to_string());
        match error.hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    })
}

/// A relative path of a config starts from the config's folder, wherever the program is run.
fn rooted(source: SourcePolicy, folder: &Path) -> SourcePolicy {
    let path = folder.join(&*source.path);
    // The path was text, and so was the folder if it can be joined as text.
    let path = path.to_str().map_or_else(|| Arc::clone(&source.path), Arc::from);
    SourcePolicy { path, assume_tz: source.assume_tz }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(config: &str) -> (tempfile::TempDir, Environment) {
        let folder = tempfile::tempdir().unwrap();
        let sub = folder.path().join("makegood");
        std::fs::create_dir(&sub).unwrap();
        std::fs::write(sub.join("config.toml"), config).unwrap();
        let home = folder.path().as_os_str().to_owned();
        (folder, Environment(BTreeMap::from([("XDG_CONFIG_HOME".into(), home)])))
    }

    #[test]
    fn paths_start_from_the_config() {
        let (folder, environment) = folder(
            "timezone = \"Europe/Berlin\"\n[[source]]\npath = \"logs/*.jsonl\"\n\
             [[source]]\npath = \"/var/log/x\"\n[[pixel]]\nid = \"A\"\naccess_token_file = \"token\"\n",
        );
        let settings = Settings::load(&Global::default(), &environment).unwrap();
        let here = folder.path().join("makegood");
        assert_eq!(settings.db, here.join("makegood.db"));
        assert_eq!(*settings.sources[0].path, *here.join("logs/*.jsonl").to_str().unwrap());
        assert_eq!(&*settings.sources[1].path, "/var/log/x");
        let pixel = PixelCode::parse("A").unwrap();
        assert_eq!(settings.tokens[&pixel], TokenSource::File(here.join("token")));
        assert_eq!(settings.zone.name(), "Europe/Berlin");
        let utc = Global { utc: true, ..Global::default() };
        assert_eq!(Settings::load(&utc, &environment).unwrap().zone, Zone::UTC);
    }

    #[test]
    fn a_named_config_must_be_there() {
        let global = Global { config: Some("/nonexistent/makegood.toml".into()), ..Global::default() };
        let failure = Settings::load(&global, &Environment(BTreeMap::new())).unwrap_err();
        assert_eq!(failure.exit, Exit::Config);
        assert!(failure.message.contains("/nonexistent/makegood.toml"));
    }

    #[test]
    fn a_wrong_config_fails_with_its_place() {
        let (_folder, environment) = folder("grce = \"1m\"\n");
        let failure = Settings::load(&Global::default(), &environment).unwrap_err();
        assert!(failure.message.contains("config.toml:1:1: unknown key `grce`"), "{}", failure.message);
        assert_eq!(failure.hints, ["did you mean `grace`?"]);
    }
}
