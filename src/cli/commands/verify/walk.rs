//! A walk of one's own: what the logs say of one session on both legs.

use crate::cli::Context;
use crate::cli::commands::import;
use crate::cli::exit::{Exit, Failure};
use crate::cli::ui::Ui;
use crate::domain::{LedgerRow, Leg, SessionId};
use crate::reconcile;
use crate::report::{self, BrowserLeg, Format, ServerLeg, Walk, WalkRow, count_of, escape};
use crate::store::Store;
use crate::tiktok::answer;

use super::Arguments;

/// Events of a walk that are looked at: ten times what a long funnel has, and a screenful of screens.
const EVENTS_MAX: u32 = 500;
/// How a person asks for the newest session.
const LAST: &str = "last";

/// Tells of a walk.
///
/// # Errors
/// [`Failure`] when there is no such session, or the database cannot be read.
pub(super) fn run(context: &Context<'_>, args: &Arguments, asked: &str) -> Result<Exit, Failure> {
    let outputs = context.ui.outputs(&[Format::Table, Format::Json])?;
    let sources = if args.no_import { Vec::new() } else { import::source_patterns(context) };
    let store = if sources.is_empty() {
        context.open_read_only()?
    } else {
        let (store, imported) = import::open_with_news(context, &sources)?;
        imported.warn(&context.ui);
        store
    };
    let session = find(&store, asked)?;
    let walk = walk(context, &store, session, asked)?;
    for output in &outputs {
        let text = match output.format {
            Format::Json => report::walk_json(&walk),
            Format::Table | Format::Ndjson | Format::Csv | Format::Tsv | Format::Shared(_) => {
                report::walk_table(&walk, &Ui::view(context.settings.zone, output))
            }
        };
        context.ui.write(output, text.as_bytes())?;
    }
    let live = walk.browser_calls();
    if live > 0 {
        let calls = count_of(live, "call", "calls");
        context.ui.warn(&format!(
            "the browser leg of this walk is live: its {calls} of the Pixel count as a visitor's and cannot be taken back"
        ));
    }
    Ok(if walk.is_good() { Exit::Done } else { Exit::Partial })
}

fn find(store: &Store, asked: &str) -> Result<i64, Failure> {
    let found = if asked == LAST {
        store.newest_session()?
    } else {
        let id = SessionId::parse(asked)
            .map_err(|error| Failure::new(Exit::Usage, format!("--walk: session {error}")))?;
        store.session_code(&id)?
    };
    found.ok_or_else(|| {
        let what = if asked == LAST {
            "no event names a session".to_owned()
        } else {
            format!("no event of session {}", escape(asked))
        };
        Failure::new(Exit::Config, what).hint(
            "is the funnel's log imported up to now? makegood status says how new it is; --walk last takes the newest session",
        )
    })
}

fn walk(context: &Context<'_>, store: &Store, session: i64, asked: &str) -> Result<Walk, Failure> {
    let policy = &context.settings.policy;
    let mut walk = Walk { session: asked.to_owned(), rows: Vec::new() };
    for id in store.ids_of_session(session, EVENTS_MAX)? {
        let Some(group) = store.group(&id)? else { continue };
        for row in reconcile::resolve(group, policy) {
            let Some(event) = row.event.as_ref().filter(|event| event.session == Some(session)) else {
                continue;
            };
            if asked == LAST && walk.rows.is_empty() {
                let values = store.session_values(event)?;
                walk.session = values.map_or_else(String::new, |values| values.id.as_str().to_owned());
            }
            let (server, browser) = legs(&row);
            walk.rows.push(WalkRow {
                at: event.at,
                id: row.id.clone(),
                name: row.name.clone(),
                logged: event.name.clone(),
                keys: event.keys.valid,
                verdict: reconcile::decide(&row, policy, context.now),
                server,
                browser,
            });
        }
    }
    walk.rows.sort_by(|a, b| (a.at, &a.name, &a.id).cmp(&(b.at, &b.name, &b.id)));
    Ok(walk)
}

/// The server's answer that counts, else its last one; and the first call of the Pixel.
fn legs(row: &LedgerRow) -> (Option<ServerLeg>, Option<BrowserLeg>) {
    let mut server: Option<ServerLeg> = None;
    let mut browser = None;
    for receipt in &row.receipts {
        match receipt.leg {
            Leg::Browser => browser = browser.or(Some(BrowserLeg { at: receipt.at })),
            Leg::Server => {
                let outcome = answer::classify(&receipt.answer);
                let one = ServerLeg {
                    at: receipt.at,
                    status: receipt.answer.http_status,
                    code: receipt.answer.code,
                    outcome,
                    is_test: receipt.is_test,
                };
                if !server.as_ref().is_some_and(ServerLeg::is_accepted) {
                    server = Some(one);
                }
            }
        }
    }
    (server, browser)
}
