//! `completions`: what a shell needs to complete commands and options.

use clap::Args;
use clap_complete::Shell;

use crate::cli::command_line;
use crate::cli::exit::{Exit, Failure};
use crate::cli::ui::Ui;

/// Arguments of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  makegood completions bash > ~/.local/share/bash-completion/completions/makegood
  makegood completions zsh > ~/.zfunc/_makegood        with ~/.zfunc in fpath
  makegood completions fish > ~/.config/fish/completions/makegood.fish
  makegood completions powershell >> $PROFILE
  makegood completions elvish >> ~/.config/elvish/rc.elv")]
pub struct Arguments {
    /// bash, elvish, fish, powershell or zsh.
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] with code 8 when the output cannot be written.
pub fn run(args: &Arguments) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command_line::command(), "makegood", &mut script);
    Ui::result(&script)?;
    Ok(Exit::Done)
}
