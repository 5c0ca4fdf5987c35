//! The command line as a whole: each command with the options that mean something to it.

use clap::CommandFactory as _;

use super::args::Arguments;

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
    ("sandbox", FILTERS_AND_OUTPUTS),
    ("schedule", FILTERS_AND_OUTPUTS),
    ("sql", FILTERS),
    ("status", FILTERS),
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
    let mut command = Arguments::command().long_version(long_version());
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

/// The version with what it was built from: the same source gives the same words.
fn long_version() -> String {
    let commit = option_env!("MAKEGOOD_COMMIT").filter(|commit| !commit.is_empty()).unwrap_or("unknown");
    format!(
        "{}\ncommit {commit}\nSQLite {}\nbuilt for {}-{}",
        env!("CARGO_PKG_VERSION"),
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
            for argument in sub.get_arguments() {
                assert!(argument.get_help().is_some(), "{name} {}", argument.get_id());
            }
        });
    }

    #[test]
    fn the_version_says_what_it_was_built_from() {
        let words = long_version();
        assert!(words.contains("\ncommit ") && words.contains("\nSQLite 3."), "{words}");
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
                    assert_eq!(arg.get_env().is_none(), by_hand, "{} {id}", sub.get_name());
                }
            }
        });
    }
}
