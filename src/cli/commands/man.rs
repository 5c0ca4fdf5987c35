//! `man`: the manual pages.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::Context;
use crate::cli::command_line;
use crate::cli::exit::{Exit, Failure};
use crate::report::{count_of, escape};

/// Arguments of `man`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  makegood man ~/.local/share/man/man1
  man makegood-audit")]
pub struct Arguments {
    /// The folder to write the pages to.
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] with code 8 when a page cannot be written.
pub fn run(context: &Context<'_>, args: &Arguments) -> Result<Exit, Failure> {
    let failed = |path: &Path, error: &std::io::Error| {
        let shown = escape(&path.display().to_string()).into_owned();
        Failure::new(Exit::Store, format!("cannot write {shown}: {}", error.kind()))
    };
    fs::create_dir_all(&args.folder).map_err(|error| failed(&args.folder, &error))?;
    let pages = pages();
    for (name, page) in &pages {
        let path = args.folder.join(name);
        fs::write(&path, page).map_err(|error| failed(&path, &error))?;
    }
    let shown = escape(&args.folder.display().to_string()).into_owned();
    let n = u64::try_from(pages.len()).unwrap_or(u64::MAX);
    context.ui.talk(&format!("Wrote {} to {shown}.", count_of(n, "page", "pages")));
    Ok(Exit::Done)
}

/// Each page with the name of its file: one of the program, one of each command.
fn pages() -> Vec<(String, Vec<u8>)> {
    let mut command = command_line::command();
    command.build();
    let mut pages = Vec::new();
    add(&mut pages, &command, "makegood");
    pages
}

fn add(pages: &mut Vec<(String, Vec<u8>)>, command: &clap::Command, name: &str) {
    let page = clap_mangen::Man::new(command.clone().name(name.to_owned()).bin_name(name.replace('-', " ")))
        .date(String::new())
        .manual("makegood");
    let mut text = Vec::new();
    // Writing to memory does not fail.
    let _ = page.render(&mut text);
    pages.push((format!("{name}.1"), text));
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        add(pages, sub, &format!("{name}-{}", sub.get_name()));
    }
}
