//! The command line as a whole: each command with the options that mean something to it.

use clap::CommandFactory as _;

use super::args::Arguments;

/// The options that a command would ignore: not in its help, and a mistake on its command line.
const IGNORED: &[(&str, &[&str])] = &[
    ("audit", &["verdict", "finding"]),
    ("demo", FILTERS),
    ("explain", FILTERS),
    ("findings", &["verdict", "finding"]),
    ("import", FILTERS),
    ("sandbox", FILTERS),
];

const FILTERS: &[&str] = &["since", "until", "last", "event", "campaign", "pixel", "verdict", "finding"];

/// The options that a command would ignore.
#[must_use]
pub fn ignored(command: &str) -> &'static [&'static str] {
    IGNORED.iter().find(|(name, _)| *name == command).map(|(_, options)| *options).unwrap_or_default()
}

/// The command line, each command's help without what it would ignore.
#[must_use]
pub fn command() -> clap::Command {
    let mut command = Arguments::command();
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

    #[test]
    fn no_option_takes_a_token_or_sends_from_the_environment() {
        let mut command = command();
        command.build();
        for sub in command.get_subcommands().chain([&command]) {
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
        }
    }
}
