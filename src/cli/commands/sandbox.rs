//! `sandbox`: the local Events API, until a signal.

use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Context;
use crate::cli::args;
use crate::cli::exit::{Exit, Failure};
use crate::cli::ui::Ui;
use crate::report::escape;
use crate::sandbox::{Options, Sandbox, Script};

/// Runs the command.
///
/// # Errors
/// [`Failure`] when it cannot listen.
pub fn run(context: &Context<'_>, args: &args::Sandbox) -> Result<Exit, Failure> {
    let options = Options {
        address: Some(args.listen),
        token: args.token_file.as_ref().map(|path| token(path)).transpose()?,
        record: args.record.clone(),
        now: context.clock.is_fixed().then_some(context.now),
        wall: Some(context.now),
        script: Script::default(),
    };
    let failed = |error: std::io::Error| {
        Failure::new(
            Exit::Config,
            format!("cannot run a sandbox on {}: {}", args.listen, escape(&error.to_string())),
        )
        .hint("--listen names another address of this machine; port 0 takes a free one")
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(failed)?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let mut hangup = signal(SignalKind::hangup()).map_err(failed)?;
        let sandbox = Sandbox::start(options).await.map_err(failed)?;
        let url = sandbox.url();
        Ui::result(format!("listening on {url}\n").as_bytes())?;
        context.ui.talk(&format!("send to it with: makegood backfill --endpoint {url}"));
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
        Ok(Exit::Done)
    })
}

fn token(path: &std::path::Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let shown = escape(&path.display().to_string()).into_owned();
        Failure::new(Exit::Config, format!("cannot read token file {shown}: {}", error.kind()))
    })?;
    Ok(text.trim_end().to_owned())
}
