//! `events`: the list, and the lines that could not be used.

use crate::audit::Subject;
use crate::cli::Context;
use crate::cli::args;
use crate::cli::exit::{Exit, Failure};
use crate::cli::filters::Filters;
use crate::cli::nearby::from_here;
use crate::cli::pass::Pass;
use crate::cli::ui::{Output, Ui};
use crate::domain::{StoredEvent, Untrusted};
use crate::reconcile::{Browser, Stand, browser_fired, clock};
use crate::report::csv::{self, Separator};
use crate::report::{self, EventRow, Format, Ids, QuarantinedLine, Shared};
use crate::store::Store;

const FORMATS: [Format; 6] =
    [Format::Table, Format::Json, Format::Ndjson, Format::Csv, Format::Tsv, Format::Shared(Shared::Markdown)];
const FORMATS_QUARANTINED: [Format; 5] =
    [Format::Table, Format::Json, Format::Ndjson, Format::Csv, Format::Tsv];

/// Runs the command.
///
/// # Errors
/// [`Failure`] when the database cannot be read.
pub fn run(context: &Context<'_>, args: &args::Events) -> Result<Exit, Failure> {
    let formats = if args.quarantined { FORMATS_QUARANTINED.as_slice() } else { FORMATS.as_slice() };
    let outputs = context.ui.outputs(formats)?;
    let store = context.open_read_only()?;
    if args.quarantined {
        let rows = quarantined(&store)?;
        for output in &outputs {
            let bytes = quarantined_bytes(context, output, &rows);
            context.ui.page(output, &bytes)?;
        }
    } else {
        let ids = if args.show_ids { Ids::Full } else { Ids::Short };
        let rows = list(context, &store)?;
        for output in &outputs {
            let bytes = event_bytes(context, output, &rows, ids);
            context.ui.page(output, &bytes)?;
        }
    }
    Ok(Exit::Done)
}

fn list(context: &Context<'_>, store: &Store) -> Result<Vec<EventRow>, Failure> {
    let logs = super::audit::logs(context, store, None)?;
    let filters = Filters::new(&context.global, &context.settings.policy, &context.ui);
    let pass = Pass {
        store,
        policy: &context.settings.policy,
        logs: &logs,
        range: context.range(store)?,
        now: context.now,
        filters: &filters,
    };
    let mut found: Vec<(EventRow, StoredEvent)> = Vec::new();
    pass.each(&mut |subject| {
        let browser = browser_fired(subject.row, &context.settings.policy, &logs);
        found.extend(row(subject, browser));
        Ok(())
    })?;
    // In the order of storage, so that each block of payloads is opened once.
    found.sort_by_key(|(_, event)| (event.block, event.slot));
    let mut rows = Vec::with_capacity(found.len());
    for (mut row, event) in found {
        row.session = store.session_values(&event)?.map(|session| session.id);
        let order = store.payload(&event)?.and_then(|payload| payload.order_id);
        row.order = order.as_deref().map(Untrusted::new);
        rows.push(row);
    }
    // By time, as people look for them.
    rows.sort_by(|a, b| (a.at, &a.name, &a.id).cmp(&(b.at, &b.name, &b.id)));
    Ok(rows)
}

pub(super) fn row(subject: &Subject<'_>, browser: Browser) -> Option<(EventRow, StoredEvent)> {
    let event = subject.row.event.clone()?;
    let verdict = subject.verdict?.clone();
    let deadline = match subject.stand {
        Some(Stand::Send { until }) => Some(until),
        Some(Stand::Held(_) | Stand::Unsendable(_) | Stand::NotDue(_)) => {
            clock(subject.row).map(|clock| clock.deadline)
        }
        Some(Stand::Never) | None => None,
    };
    let row = EventRow {
        id: subject.row.id.clone(),
        name: subject.row.name.clone().unwrap_or_else(|| event.name.clone()),
        pixel: subject.row.pixel.clone(),
        campaign: event.place.campaign.clone(),
        session: None,
        order: None,
        at: event.at,
        value: event.value,
        currency: event.place.currency.clone(),
        verdict,
        browser_fired: match browser {
            Browser::Fired => Some(true),
            Browser::DidNotFire | Browser::NotSeen => Some(false),
            Browser::Unknown => None,
        },
        stand: subject.stand,
        deadline,
    };
    Some((row, event))
}

fn event_bytes(context: &Context<'_>, output: &Output, rows: &[EventRow], ids: Ids) -> Vec<u8> {
    match output.format {
        Format::Shared(Shared::Markdown) => {
            report::events_markdown(rows, context.now, context.settings.zone, ids).into_bytes()
        }
        Format::Table | Format::Shared(Shared::Html | Shared::Workbook) => {
            let view = Ui::view(context.settings.zone, output);
            report::events_table(rows, context.now, &view).into_bytes()
        }
        Format::Json => report::events_json(rows).into_bytes(),
        Format::Ndjson => rows.iter().map(report::event_line).collect::<String>().into_bytes(),
        Format::Csv => separated(rows, Separator::Comma, csv::events_header, csv::event),
        Format::Tsv => separated(rows, Separator::Tab, csv::events_header, csv::event),
    }
}

fn quarantined(store: &Store) -> Result<Vec<QuarantinedLine>, Failure> {
    let rows = store.quarantined()?.into_iter().map(|row| QuarantinedLine {
        path: from_here(&row.path),
        offset: row.offset,
        length: row.length,
        reason: row.reason.code(),
        sha256: row.sha256,
        event: row.name,
        at: row.at,
    });
    Ok(rows.collect())
}

fn quarantined_bytes(context: &Context<'_>, output: &Output, rows: &[QuarantinedLine]) -> Vec<u8> {
    match output.format {
        Format::Table | Format::Shared(_) => {
            let view = Ui::view(context.settings.zone, output);
            report::quarantined_table(rows, &view).into_bytes()
        }
        Format::Json => report::quarantined_json(rows).into_bytes(),
        Format::Ndjson => rows.iter().map(report::quarantined_line).collect::<String>().into_bytes(),
        Format::Csv => separated(rows, Separator::Comma, csv::quarantined_header, csv::quarantined),
        Format::Tsv => separated(rows, Separator::Tab, csv::quarantined_header, csv::quarantined),
    }
}

fn separated<T>(
    rows: &[T],
    separator: Separator,
    header: fn(Separator) -> Vec<u8>,
    line: fn(&T, Separator) -> Vec<u8>,
) -> Vec<u8> {
    let mut bytes = header(separator);
    for row in rows {
        bytes.extend(line(row, separator));
    }
    bytes
}
