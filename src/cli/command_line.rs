//! The command line as a whole: each command with the options that mean something to it.

use std::ffi::{OsStr, OsString};

use clap::CommandFactory as _;
use clap::builder::Resettable;

use super::args::Arguments;
use super::settings::Environment;

/// The options that a command would ignore: not in its help, and a mistake on its command line.
const IGNORED: &[(&str, &[&str])] = &[
    ("audit", &["verdict", "finding"]),
    ("backup", FILTERS),
    ("completions", ALL),
    ("config", FILTERS),
    ("demo", FILTERS),
    ("doctor", FILTERS),
    ("erase", FILTERS),
    ("explain", FILTERS),
    ("findings", &["verdict", "finding"]),
    ("import", FILTERS),
    ("init", FILTERS_AND_OUTPUTS),
    ("man", ALL),
    ("prune", FILTERS),
    ("merge", FILTERS),
    ("reconcile", FILTERS),
    ("sandbox", FILTERS_AND_OUTPUTS),
    ("schedule", FILTERS_AND_OUTPUTS),
    ("ship", FILTERS),
    ("sql", FILTERS),
    ("status", FILTERS),
    ("watch", FILTERS_AND_OUTPUTS),
    ("verify", &["since", "until", "last", "event", "campaign", "verdict", "finding"]),
];

/// What a command that reads neither config nor database ignores.
const ALL: &[&str] = &[
    "since", "until", "last", "event", "campaign", "pixel", "verdict", "finding", "format", "json", "output",
    "db", "now", "utc",
];

const FILTERS: &[&str] = &["since", "until", "last", "event", "campaign", "pixel", "verdict", "finding"];

const FILTERS_AND_OUTPUTS: &[&str] = &[
    "since", "until", "last", "event", "campaign", "pixel", "verdict", "finding", "format", "json", "output",
];

/// The options that a command would ignore.
#[must_use]
pub fn ignored(command: &str) -> &'static [&'static str] {
    IGNORED.iter().find(|(name, _)| *name == command).map(|(_, options)| *options).unwrap_or_default()
}

/// The command line, each command's help without what it would ignore.
#[must_use]
pub fn command() -> clap::Command {
    let mut command = Arguments::command().version(version()).long_version(long_version());
    for (name, options) in IGNORED {
        let hidden: Vec<clap::Arg> = command
            .get_arguments()
            .filter(|arg| options.contains(&arg.get_id().as_str()))
            .map(|arg| arg.clone().hide(true))
            .collect();
        command = command.mut_subcommand(name, |sub| sub.args(hidden));
    }
    command
}

/// Options that exclude each other: on the command line that is a mistake, but what is typed there is
/// stronger than a variable. Not `--send` and `--dry-run`: nothing is sent while either says no.
const EXCLUSIVE: [(&str, &str); 4] =
    [("format", "json"), ("since", "last"), ("until", "last"), ("follow", "once")];

/// The command line without the variables that do not count: empty ones, and those of options that
/// exclude one that was typed.
pub fn with_environment(
    command: clap::Command,
    typed: &[OsString],
    environment: &Environment,
) -> clap::Command {
    let is_typed = |option: &str| {
        let long = format!("--{option}");
        let options = typed.iter().filter_map(|arg| arg.to_str()).take_while(|arg| *arg != "--");
        options.map(|arg| arg.split_once('=').map_or(arg, |(name, _)| name)).any(|name| name == long)
    };
    let weaker: Vec<&str> = EXCLUSIVE
        .into_iter()
        .flat_map(|(one, other)| [(one, other), (other, one)])
        .filter_map(|(stronger, weaker)| is_typed(stronger).then_some(weaker))
        .collect();
    let counts = |arg: &clap::Arg| {
        let variable = arg.get_env().and_then(OsStr::to_str);
        variable.is_none_or(|name| environment.get(name).is_some())
            && !weaker.contains(&arg.get_id().as_str())
    };
    without(command, &counts)
}

fn without(command: clap::Command, counts: &dyn Fn(&clap::Arg) -> bool) -> clap::Command {
    command
        .mut_args(|arg| if counts(&arg) { arg } else { arg.env(Resettable::Reset) })
        .mut_subcommands(|sub| without(sub, counts))
}

/// The variables of all options.
#[must_use]
pub fn variables() -> Vec<String> {
    fn add(command: &clap::Command, names: &mut Vec<String>) {
        let variables = command.get_arguments().filter_map(clap::Arg::get_env);
        names.extend(variables.filter_map(OsStr::to_str).map(str::to_owned));
        command.get_subcommands().for_each(|sub| add(sub, names));
    }
    let mut names = Vec::new();
    add(&command(), &mut names);
    names
}

/// The commit it was built from; `None` where the builder did not say.
fn commit() -> Option<&'static str> {
    option_env!("MAKEGOOD_COMMIT").filter(|commit| !commit.is_empty())
}

/// The version on a line: the same source gives the same words.
fn version() -> String {
    let commit = commit().map(|commit| format!("commit {commit}, ")).unwrap_or_default();
    format!(
        "{} ({commit}SQLite {}, {}-{})",
        env!("CARGO_PKG_VERSION"),
        crate::store::sqlite_version(),
        std::env::consts::ARCH,
        std::env::consts::OS,
    )
}

/// The version with what it was built from.
fn long_version() -> String {
    format!(
        "{}\ncommit {}\nSQLite {}\nbuilt for {}-{}",
        env!("CARGO_PKG_VERSION"),
        commit().unwrap_or("unknown"),
        crate::store::sqlite_version(),
        std::env::consts::ARCH,
        std::env::consts::OS,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        command().debug_assert();
    }

    #[test]
    fn every_ignored_option_exists() {
        let command = command();
        let known: Vec<_> = command.get_arguments().map(|arg| arg.get_id().as_str()).collect();
        for (name, options) in IGNORED {
            assert!(command.find_subcommand(name).is_some(), "{name}");
            for option in *options {
                assert!(known.contains(option), "{option}");
            }
        }
    }

    /// A command, or a command of a command, with its name.
    fn each(command: &clap::Command, visit: &mut dyn FnMut(&clap::Command)) {
        for sub in command.get_subcommands() {
            visit(sub);
            each(sub, visit);
        }
    }

    #[test]
    fn every_command_says_what_it_is_for_and_shows_how() {
        each(&command(), &mut |sub| {
            let name = sub.get_name();
            let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
            assert!((20..=110).contains(&about.len()) && !about.contains('\n'), "{name}: {about}");
            let after = sub.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(after.starts_with("Examples:\n  makegood "), "{name}: {after}");
            // A line that a terminal breaks cannot be copied.
            let examples = after.lines().take_while(|line| !line.is_empty());
            let longest = examples.map(|line| line.chars().count()).max();
            assert!(longest.is_none_or(|cells| cells <= 100), "{name}: {after}");
            for argument in sub.get_arguments() {
                assert!(argument.get_help().is_some(), "{name} {}", argument.get_id());
            }
        });
    }

    #[test]
    fn the_version_says_what_it_was_built_from() {
        let words = long_version();
        assert!(words.contains("\ncommit ") && words.contains("\nSQLite 3."), "{words}");
        let line = version();
        assert!(line.contains("SQLite 3.") && line.contains(std::env::consts::ARCH), "{line}");
        assert!(!line.contains('\n'), "{line}");
    }

    #[test]
    fn no_option_takes_a_token_or_sends_from_the_environment() {
        let mut command = command();
        command.build();
        each(&command, &mut |sub| {
            for arg in sub.get_arguments() {
                let id = arg.get_id().as_str();
                assert!(!matches!(id, "token" | "access_token"), "{id}");
                let by_hand =
                    matches!(id, "send" | "include_held" | "accept_double_count" | "now" | "endpoint");
                let is_option = arg.get_long().is_some() && !matches!(id, "help" | "version");
                if is_option {
                    let long = arg.get_long().unwrap().replace('-', "_").to_uppercase();
                    let wanted = (!by_hand).then(|| format!("MAKEGOOD_{long}"));
                    let variable = arg.get_env().map(|name| name.to_str().unwrap().to_owned());
                    assert_eq!(variable, wanted, "{} {id}", sub.get_name());
                }
            }
        });
    }
}
