//! `watch`: the numbers as they change, on the whole terminal.

mod happening;
mod live;
mod look;

use std::io::{self, IsTerminal as _};
use std::sync::mpsc::channel;
use std::thread;

use clap::Args;
use clap::builder::FalseyValueParser;

use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::notes::Notes;
use crate::cli::screen::Screen;
use crate::cli::signals::Stop;
use crate::cli::ui::{Output, Ui};
use crate::ingest::Follower;
use crate::report::{self, Format};
use crate::store::Store;

use super::{follow, import};
use happening::{hear_keys, listen, say_failure};
use live::Live;
use look::{Seen, look_on};

/// Arguments of `watch`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  makegood watch --follow                    read the logs of the config, and show what comes
  makegood watch --follow '/var/log/funnel-*.jsonl*'
  makegood watch                             only look, while import --follow or a backfill runs
  makegood watch --once                      one picture, for a pipe

Keys: q or Ctrl-C ends it, space holds the picture still, e explains the newest problem.
Without --follow it reads the database and changes nothing.")]
pub struct Arguments {
    /// Files or patterns to follow. Default: the [[source]]s of the config.
    #[arg(value_name = "FILE", requires = "follow")]
    pub files: Vec<String>,
    /// Read what is written to the logs, as `import --follow` does.
    #[arg(long, env = "MAKEGOOD_FOLLOW", hide_env = true, value_parser = FalseyValueParser::new())]
    pub follow: bool,
    /// Print one picture and end.
    #[arg(long, env = "MAKEGOOD_ONCE", hide_env = true, value_parser = FalseyValueParser::new())]
    #[arg(conflicts_with = "follow")]
    pub once: bool,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when there is no database or no terminal, or either fails.
pub fn run(context: &Context<'_>, args: &Arguments) -> Result<Exit, Failure> {
    let outputs = context.ui.outputs(&[Format::Table])?;
    if args.once {
        return once(context, &outputs);
    }
    let output = outputs.first().filter(|output| output.is_stdout() && context.ui.can_draw());
    let Some(output) = output else {
        return Err(Failure::new(Exit::Usage, "watch draws on the whole terminal, and stdout is none")
            .hint("makegood watch --once prints one picture; makegood status --json is for programs"));
    };
    let follower = if args.follow {
        let follower = follow::follower(context, import::patterns(context, &args.files)?)?;
        // The picture is of a database that is there.
        drop(Store::open(&context.settings.db)?);
        Some(follower)
    } else {
        None
    };
    live(context, output, follower)
}

fn once(context: &Context<'_>, outputs: &[Output]) -> Result<Exit, Failure> {
    let store = context.open_read_only()?;
    let seen = Seen::look(context, &store, &Stop::default())?;
    for output in outputs {
        let view = Ui::view(context.settings.zone, output);
        context.ui.write(output, report::picture(&seen.picture(None, &[]), &view).as_bytes())?;
    }
    Ok(Exit::Done)
}

/// Everything that happens comes to one channel: looks, keys and signals are on threads of their own.
fn live(context: &Context<'_>, output: &Output, follower: Option<Follower>) -> Result<Exit, Failure> {
    let looking = context.open_read_only()?;
    let telling = context.open_read_only()?;
    let (tell, happenings) = channel();
    let waker = follower.as_ref().map(Follower::waker);
    let signals = listen(&tell, move || {
        if let Some(waker) = &waker {
            waker.wake();
        }
    })?;
    let stop = signals.stop();
    let notes = Notes::default();
    let mut quiet = context.clone();
    quiet.ui = context.ui.noting(notes.clone());
    let quiet = &quiet;
    let known = looking.change_count()?;
    let first = match Seen::look(context, &looking, &stop) {
        Err(_) if stop.is_told() => return Ok(Exit::Done),
        first => first?,
    };
    let mut live = Live::new(quiet.clone(), output, &telling, first, notes);
    // From here on every way out gives the terminal back.
    let mut screen = Screen::take()?;
    thread::scope(|scope| {
        let (stop, looks, reads) = (&stop, tell.clone(), tell.clone());
        scope.spawn(move || {
            let ended = look_on(quiet, (&looking, known), stop, &looks);
            say_failure(ended, &looks);
        });
        if let Some(follower) = follower {
            scope.spawn(move || say_failure(follow::follow(quiet, follower, stop).map(drop), &reads));
        }
        if io::stdin().is_terminal() {
            scope.spawn(move || hear_keys(&tell, stop));
        }
        let ended = live.go_on(&mut screen, &happenings);
        stop.tell();
        drop(screen);
        ended
    })?;
    Ok(Exit::Done)
}
