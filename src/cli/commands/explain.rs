//! `explain`: one event's whole story.

use crate::audit::{CHECKS, Carried, Legs, Part, Scope, Subject};
use crate::backfill;
use crate::cli::Context;
use crate::cli::args;
use crate::cli::exit::{Exit, Failure};
use crate::cli::nearby::from_here;
use crate::cli::ui::Ui;
use crate::domain::{EventId, IdGroup, LedgerRow, Range, Untrusted, Verdict};
use crate::reconcile::{self, Logs, PlanLimits, Planner};
use crate::report::{self, Chapter, Format, Story, escape};
use crate::store::Store;
use crate::tiktok::answer;

/// Ids that are named where several begin alike.
const NAMED: usize = 5;
/// A shorter beginning is a typing error and no id.
const PREFIX_CHARS_MIN: usize = 4;

/// Runs the command.
///
/// # Errors
/// [`Failure`] when nothing is stored under the id, or the database cannot be read.
pub fn run(context: &Context<'_>, args: &args::Explain) -> Result<Exit, Failure> {
    let outputs = context.ui.outputs(&[Format::Table])?;
    let store = context.open_read_only()?;
    let group = find(context, &store, &args.event_id)?;
    let whole = tell(context, &store, group)?;
    for output in &outputs {
        let text = report::story(&whole, &Ui::view(context.settings.zone, output));
        context.ui.page(output, text.as_bytes())?;
    }
    Ok(Exit::Done)
}

/// The story of everything that is stored under an id.
///
/// # Errors
/// [`Failure`] when the database cannot be read.
pub(super) fn tell(context: &Context<'_>, store: &Store, group: IdGroup) -> Result<Story, Failure> {
    let id = group.id.clone();
    let logs = super::audit::logs(context, store, None)?;
    let rows = reconcile::resolve(group, &context.settings.policy);
    let teller = Teller { context, store, logs: &logs, rows: &rows };
    let chapters: Result<Vec<Chapter>, Failure> = rows.iter().map(|row| teller.chapter(row)).collect();
    let files = store.sources()?.into_iter().map(|source| (source.source, from_here(&source.path))).collect();
    Ok(Story { id, chapters: chapters?, files, now: context.now })
}

/// What is stored under an id, or under the only one that begins so.
fn find(context: &Context<'_>, store: &Store, typed: &str) -> Result<IdGroup, Failure> {
    let id = EventId::parse(typed).map_err(|error| Failure::new(Exit::Usage, format!("EVENT_ID {error}")))?;
    if let Some(group) = store.group(&id)? {
        return Ok(group);
    }
    let near = near(store, typed)?;
    if let [only] = near.as_slice()
        && only.to_string().starts_with(typed)
        && let Some(group) = store.group(only)?
    {
        context.ui.talk(&format!("the only id that begins so: {}", escape(&only.to_string())));
        return Ok(group);
    }
    let message = format!("no event and no receipt has the id {}", escape(typed));
    let failure = Failure::new(Exit::Config, message);
    if near.is_empty() {
        return Err(failure.hint("ids are compared byte for byte; `makegood events` lists them"));
    }
    let named: Vec<_> = near.iter().take(NAMED).map(|id| escape(&id.to_string()).into_owned()).collect();
    let more = if near.len() > NAMED { " and more" } else { "" };
    Err(failure.hint(format!("near it: {}{more}", named.join(", "))))
}

/// The ids that begin with what was typed, else with ever less of it, else with it in lower case.
fn near(store: &Store, typed: &str) -> Result<Vec<EventId>, Failure> {
    let lower = typed.trim().to_lowercase();
    for text in [typed, lower.as_str()] {
        let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]).skip(PREFIX_CHARS_MIN);
        for end in ends.collect::<Vec<_>>().into_iter().rev() {
            let found = store.ids_beginning(text.get(..end).unwrap_or(text), NAMED + 1)?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
    }
    Ok(Vec::new())
}

/// What every chapter needs.
struct Teller<'a> {
    context: &'a Context<'a>,
    store: &'a Store,
    logs: &'a Logs,
    rows: &'a [LedgerRow],
}

impl Teller<'_> {
    fn chapter(&self, row: &LedgerRow) -> Result<Chapter, Failure> {
        let (policy, now) = (&self.context.settings.policy, self.context.now);
        let verdict = row.event.as_ref().map(|_| reconcile::decide(row, policy, now));
        let missing = verdict.as_ref().filter(|verdict| verdict.is_missing());
        let stand = missing.map(|verdict| reconcile::hold(row, verdict, policy, self.logs, now));
        let payload = row.event.as_ref().map(|event| self.store.payload(event)).transpose()?.flatten();
        let subject = Subject {
            row,
            verdict: verdict.as_ref(),
            leg: missing.map(|_| reconcile::missing_leg(row, policy, self.logs)),
            stand,
            siblings: self.rows,
            legs: Legs::of(row),
            carried: Carried::of(row),
        };
        Ok(Chapter {
            outcomes: row.receipts.iter().map(|receipt| answer::classify(&receipt.answer)).collect(),
            browser: reconcile::browser_fired(row, policy, self.logs),
            clock: reconcile::clock(row),
            order: payload.as_ref().and_then(|payload| payload.order_id.as_deref()).map(Untrusted::new),
            findings: self.findings(&subject),
            legs: subject.legs,
            filled: filled(self.context, self.store, self.logs, (row, verdict.as_ref()))?,
            items: payload.map(|payload| payload.contents.len()),
            stand,
            verdict,
            row: row.clone(),
        })
    }

    /// The findings that this key alone shows; those that take a rate or a comparison are left out.
    fn findings(&self, subject: &Subject<'_>) -> Vec<(&'static str, &'static str)> {
        let policy = &self.context.settings.policy;
        let now = self.context.now;
        let scope = Scope { policy, logs: self.logs, range: Range::ALL, now, view: Part::Filtered };
        CHECKS
            .iter()
            .filter(|fact| (fact.concerns)(subject, &scope) && (fact.make)().confirms(subject))
            .map(|fact| (fact.code, fact.title))
            .collect()
    }
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
