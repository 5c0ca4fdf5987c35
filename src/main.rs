//! The program: one clock, private files, one exit code.

use std::process::ExitCode;

use makegood::cli::{Clock, Environment, catch_bugs, run, survive_file_size_limit};
use makegood::domain::TimeMs;
use nix::sys::stat::{Mode, umask};

fn main() -> ExitCode {
    // Databases, reports and locks hold what logs held: nobody else's business.
    umask(Mode::S_IRWXG | Mode::S_IRWXO);
    catch_bugs();
    survive_file_size_limit();
    run(std::env::args_os(), &Environment::of_process(), Clock::new(wall))
}

#[expect(clippy::disallowed_methods, reason = "the one clock is made here")]
fn wall() -> TimeMs {
    TimeMs::from_ms(chrono::Utc::now().timestamp_millis())
}
