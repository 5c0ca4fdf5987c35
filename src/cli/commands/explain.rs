//! `explain`: one event's whole story.

use crate::backfill;
use crate::cli::Context;
use crate::cli::args;
use crate::cli::exit::{Exit, Failure};
use crate::cli::ui::Ui;
use crate::domain::{EventId, LedgerRow, Range, Untrusted, Verdict};
use crate::reconcile::{self, Logs, PlanLimits, Planner};
use crate::report::{self, Chapter, Format, Story, escape};
use crate::store::Store;
use crate::tiktok::answer;

/// Runs the command.
///
/// # Errors
/// [`Failure`] when nothing is stored under the id, or the database cannot be read.
pub fn run(context: &Context<'_>, args: &args::Explain) -> Result<Exit, Failure> {
    let outputs = context.ui.outputs(&[Format::Table])?;
    let id = EventId::parse(&args.event_id)
        .map_err(|error| Failure::new(Exit::Usage, format!("EVENT_ID {error}")))?;
    let store = context.open_read_only()?;
    let Some(group) = store.group(&id)? else {
        let message = format!("no event and no receipt has the id {}", escape(&args.event_id));
        return Err(Failure::new(Exit::Config, message)
            .hint("ids are compared byte for byte; `makegood events` lists them"));
    };
    let logs = super::audit::logs(context, &store, None)?;
    let chapters: Result<Vec<Chapter>, Failure> = reconcile::resolve(group, &context.settings.policy)
        .into_iter()
        .map(|row| chapter(context, &store, &logs, row))
        .collect();
    let files = store.sources()?.into_iter().map(|source| (source.source, source.path)).collect();
    let whole = Story { id, chapters: chapters?, files, now: context.now };
    for output in &outputs {
        let text = report::story(&whole, &Ui::view(context.settings.zone, output));
        context.ui.write(output, text.as_bytes())?;
    }
    Ok(Exit::Done)
}

fn chapter(context: &Context<'_>, store: &Store, logs: &Logs, row: LedgerRow) -> Result<Chapter, Failure> {
    let policy = &context.settings.policy;
    let verdict = row.event.as_ref().map(|_| reconcile::decide(&row, policy, context.now));
    let missing = verdict.as_ref().filter(|verdict| verdict.is_missing());
    let stand = missing.map(|verdict| reconcile::hold(&row, verdict, policy, logs, context.now));
    let order = match &row.event {
        Some(event) => store.payload(event)?.and_then(|payload| payload.order_id),
        None => None,
    };
    Ok(Chapter {
        outcomes: row.receipts.iter().map(|receipt| answer::classify(&receipt.answer)).collect(),
        browser: reconcile::browser_fired(&row, policy, logs),
        clock: reconcile::clock(&row),
        order: order.as_deref().map(Untrusted::new),
        filled: filled(context, store, logs, (&row, verdict.as_ref()))?,
        stand,
        verdict,
        row,
    })
}

/// Where the match keys come from that the sent object has and the record lacks: as it was frozen at the
/// first attempt, or as it would be built now.
fn filled(
    context: &Context<'_>,
    store: &Store,
    logs: &Logs,
    (row, verdict): (&LedgerRow, Option<&Verdict>),
) -> Result<Box<str>, Failure> {
    if let (Some(name), Some(pixel)) = (&row.name, &row.pixel)
        && let Some(frozen) = store.provenance(&row.id, name, pixel)?
    {
        return Ok(frozen);
    }
    let Some(verdict) = verdict else { return Ok("".into()) };
    let policy = &context.settings.policy;
    let limits = PlanLimits { range: Range::ALL, events: Vec::new(), include_held: Vec::new() };
    let mut planner = Planner::new(policy, logs, limits, context.now);
    planner.observe(row, verdict);
    let plan = planner.finish();
    let Some(key) = plan.send.first() else { return Ok("".into()) };
    Ok(backfill::build(store, policy, key)?.map_or_else(|_| "".into(), |built| built.provenance))
}
