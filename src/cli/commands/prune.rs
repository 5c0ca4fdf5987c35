//! `prune`: what is older than its retention.

use clap::Args;
use clap::builder::FalseyValueParser;
use serde::Serialize;

use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::lock::Lock;
use crate::cli::ui::Ui;
use crate::domain::RetentionPolicy;
use crate::report::{self, Format, count_of};
use crate::store::{Pruned, Retention, Store};

/// Arguments of `prune`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  makegood prune --dry-run
  makegood prune -q                  what a daily cron runs

How long things are kept stands in the config; these are the defaults:
  [retention]
  contact = \"14d\"      IP addresses, user agents, requests kept for a repeat
  payload = \"30d\"      payloads, and the match keys of sessions
  keys = \"400d\"        event ids, verdicts and receipts; at least 60d

What has lost its payload is never sent, and keys go only long after they could be: nothing is sent
again because of a pruning. The database is then written anew, so that no bytes stay behind.")]
pub struct Arguments {
    /// Say what would go, and take nothing away.
    #[arg(long, env = "MAKEGOOD_DRY_RUN", hide_env = true, value_parser = FalseyValueParser::new())]
    pub dry_run: bool,
}

#[derive(Serialize)]
struct PrunedJson {
    schema: &'static str,
    dry_run: bool,
    contacts: u64,
    payloads: u64,
    sessions: u64,
    requests: u64,
    events: u64,
    receipts: u64,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] while a backfill runs, or when the database fails.
pub fn run(context: &Context<'_>, args: &Arguments) -> Result<Exit, Failure> {
    let outputs = context.ui.outputs(&[Format::Table, Format::Json])?;
    let RetentionPolicy { contact, payload, keys } = context.settings.policy.retention;
    let retention = Retention {
        contact_before: context.now.minus(contact),
        payload_before: context.now.minus(payload),
        keys_before: context.now.minus(keys),
    };
    let store = context.open_read_only()?;
    let pruned = if args.dry_run { store.prunable(retention)? } else { prune(context, store, retention)? };
    for output in &outputs {
        let text = if output.format == Format::Json {
            report::pretty(&wire(pruned, args.dry_run))
        } else {
            report::sentence(&words(pruned, args.dry_run), &Ui::view(context.settings.zone, output))
        };
        context.ui.write(output, text.as_bytes())?;
    }
    Ok(Exit::Done)
}

fn prune(context: &Context<'_>, looked: Store, retention: Retention) -> Result<Pruned, Failure> {
    // It was opened to see that there is one: opening for writing would make an empty one.
    drop(looked);
    let db = &context.settings.db;
    let _lock = Lock::take(db)?;
    let mut store = Store::open(db)?;
    let pruned = store.prune(retention)?;
    store.scrub().map_err(|error| {
        Failure::from(error).hint("the rows are gone; their bytes are wiped by running it again")
    })?;
    Ok(pruned)
}

fn wire(pruned: Pruned, dry_run: bool) -> PrunedJson {
    let Pruned { contacts, payloads, sessions, objects, events, receipts } = pruned;
    PrunedJson {
        schema: "makegood.prune/1",
        dry_run,
        contacts,
        payloads,
        sessions,
        requests: objects,
        events,
        receipts,
    }
}

fn words(pruned: Pruned, is_dry: bool) -> String {
    if pruned == Pruned::default() {
        return "Nothing is older than its retention.".to_owned();
    }
    let Pruned { contacts, payloads, sessions, objects, events, receipts } = pruned;
    let parts = [
        (contacts, "IP address and user agent of", "event", "events"),
        (payloads, "payload of", "event", "events"),
        (sessions, "match keys of", "session", "sessions"),
        (objects, "the stored form of", "request", "requests"),
        (events, "all of", "event", "events"),
        (receipts, "all of", "receipt", "receipts"),
    ];
    let words: Vec<String> = parts
        .into_iter()
        .filter(|(n, ..)| *n > 0)
        .map(|(n, what, one, many)| format!("{what} {}", count_of(n, one, many)))
        .collect();
    format!("{}: {}.", if is_dry { "Would take away" } else { "Took away" }, words.join(", "))
}
