//! Finding a schedule again.

use std::fs;
use std::path::PathBuf;

use crate::cli::Context;

use super::place::{Every, MARK};
use super::{cron, launchd, systemd};

/// A schedule that is in place.
#[derive(Clone, Debug)]
pub struct Installed {
    /// Its file.
    pub path: PathBuf,
    /// How often it runs.
    pub every: Every,
}

/// The schedule in one of the places that `--write` writes to. A crontab of one's own is not looked at.
#[must_use]
pub fn installed(context: &Context<'_>) -> Option<Installed> {
    let home = context.environment.get("HOME").map(PathBuf::from);
    let of_home = |below: &str| home.as_ref().map(|home| home.join(below));
    let places = [
        Some(PathBuf::from(systemd::MACHINE).join(systemd::TIMER)),
        of_home(".config/systemd/user").map(|folder| folder.join(systemd::TIMER)),
        Some(PathBuf::from(cron::MACHINE).join(cron::NAME)),
        of_home("Library/LaunchAgents").map(|folder| folder.join(launchd::NAME)),
    ];
    places.into_iter().flatten().find_map(|path| {
        let text = fs::read_to_string(&path).ok()?;
        let (_, after) = text.split_once(MARK)?;
        let word: String = after.chars().take_while(char::is_ascii_alphanumeric).collect();
        Some(Installed { path, every: Every::parse(&word).ok()? })
    })
}
