//! Arguments, settings, terminal, exit codes; one file per command.
//!
//! The only room that joins rooms. [`run`] reads the command line, loads the settings and calls the
//! command; what a command could not do comes back as a failure with an exit code and hints.

mod args;
mod clock;
mod command_line;
mod commands;
mod config;
mod config_backfill;
mod config_error;
mod config_formats;
mod config_ignore;
mod config_keys;
mod config_limits;
mod config_reconcile;
mod config_retention;
mod config_values;
mod config_weights;
mod context;
pub mod demo_data;
mod error_json;
mod exit;
mod filters;
mod finding_code;
mod limits;
mod lock;
mod metrics;
mod near;
mod nearby;
mod notes;
mod output;
mod pager;
mod pass;
mod progress;
mod screen;
mod service;
mod settings;
mod signals;
mod time;
mod token;
mod ui;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::domain::TimeMs;
use crate::report::escape;
use clap::parser::ValueSource;
use clap::{ArgMatches, FromArgMatches as _};

use args::{Arguments, Command};
use error_json::error_line;
use exit::{Exit, Failure};
use settings::Settings;
use ui::Ui;

pub use clock::Clock;
pub use config_error::config_mistake;
pub use limits::survive_file_size_limit;
pub use settings::Environment;

/// What every command is given.
#[derive(Clone)]
pub(crate) struct Context<'a> {
    settings: Settings,
    environment: &'a Environment,
    clock: Clock,
    now: TimeMs,
    ui: Ui,
    global: args::Global,
}

/// Runs the program.
pub fn run(args: impl IntoIterator<Item = OsString>, environment: &Environment, clock: Clock) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let command = command_line::with_environment(command_line::command(), &args, environment);
    let parsed = command.try_get_matches_from(args).and_then(|matches| {
        let arguments = Arguments::from_arg_matches(&matches)?;
        Ok((matches, arguments))
    });
    let (matches, arguments) = match parsed {
        Ok(parsed) => parsed,
        Err(message) => {
            ui::clap_message(&message, &environment.of_options());
            return if message.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    let ui = Ui::new(&arguments.global, environment);
    match limits::enough_files().and_then(|()| execute(&matches, arguments, environment, clock)) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            if ui.is_json() {
                // The failure itself is already being reported; a second one changes nothing.
                let _ = Ui::result(&error_line(&failure));
            }
            ui.fail(&failure);
            failure.exit.into()
        }
    }
}

fn execute(
    matches: &ArgMatches,
    arguments: Arguments,
    environment: &Environment,
    clock: Clock,
) -> Result<Exit, Failure> {
    refuse_ignored(matches)?;
    let ui = Ui::new(&arguments.global, environment);
    let settings = Settings::load(&arguments.global, environment)?;
    let wall = clock.now();
    let fixed = arguments.global.now.as_deref().map(|text| {
        time::instant(text, wall, settings.zone.0).ok_or_else(|| {
            Failure::new(Exit::Usage, "--now: cannot read this time").hint("2026-11-20T08:00:00Z is one")
        })
    });
    let clock = clock.fixed_at(fixed.transpose()?);
    if let Some(config) = &settings.config {
        ui.detail(&format!("config {}", escape(&config.display().to_string())));
    }
    ui.detail(&format!("database {}", escape(&settings.db.display().to_string())));
    let mut context =
        Context { settings, environment, clock, now: clock.now(), ui, global: arguments.global };
    match arguments.command {
        Command::Audit(audit) => commands::audit::run(&mut context, &audit),
        Command::Backfill(backfill) => commands::backfill::run(&mut context, &backfill),
        Command::Demo(demo) => commands::demo::run(&mut context, &demo),
        Command::Events(events) => commands::events::run(&context, &events),
        Command::Explain(explain) => commands::explain::run(&context, &explain),
        Command::Findings(findings) => commands::findings::run(&context, &findings),
        Command::Import(import) => commands::import::run(&context, &import),
        Command::Init(init) => commands::init::run(&context, &init),
        Command::Merge(merge) => commands::merge::run(&context, &merge),
        Command::Sandbox(sandbox) => commands::sandbox::run(&context, &sandbox),
        Command::Backup(backup) => commands::backup::run(&context, &backup),
        Command::Completions(completions) => commands::completions::run(&completions),
        Command::Config(config) => commands::config::run(&context, &config),
        Command::Doctor(doctor) => commands::doctor::run(&context, &doctor),
        Command::Erase(erase) => commands::erase::run(&context, &erase),
        Command::Man(man) => commands::man::run(&context, &man),
        Command::Prune(prune) => commands::prune::run(&context, &prune),
        Command::Schedule(schedule) => commands::schedule::run(&context, &schedule),
        Command::Reconcile(reconcile) => commands::reconcile::run(&context, &reconcile),
        Command::Ship(ship) => commands::ship::run(&context, &ship),
        Command::Sql(sql) => commands::sql::run(&context, &sql),
        Command::Verify(verify) => commands::verify::run(&context, &verify),
        Command::Watch(watch) => commands::watch::run(&context, &watch),
        Command::Status(status) => commands::status::run(&context, &status),
    }
}

/// An option that a command would silently ignore is a mistake worth saying.
fn refuse_ignored(matches: &ArgMatches) -> Result<(), Failure> {
    let Some((name, own)) = matches.subcommand() else { return Ok(()) };
    let given = command_line::ignored(name)
        .iter()
        .find(|option| own.value_source(option) == Some(ValueSource::CommandLine));
    match given {
        Some(option) => Err(Failure::new(Exit::Usage, format!("makegood {name} takes no --{option}"))),
        None => Ok(()),
    }
}

/// Ends the program with code 70 when it is wrong, without the panic's own words: they may quote a log.
pub fn catch_bugs() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(|| "?".to_owned(), ToString::to_string);
        screen::restore();
        ui::bug(&escape(&place));
        end_now(Exit::Bug);
    }));
}

/// Ends the program where it stands.
fn end_now(exit: Exit) -> ! {
    screen::restore();
    std::process::exit(i32::from(exit.code()))
}
