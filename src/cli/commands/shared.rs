//! What a report to hand on is made from: the audit, the config's names, earlier backfills, and for a
//! workbook the missing events one by one.

use crate::audit::AuditResult;
use crate::cli::Context;
use crate::cli::exit::Failure;
use crate::cli::pass::Pass;
use crate::cli::ui::Output;
use crate::reconcile::browser_fired;
use crate::report::{EventRow, Format, Ids, Report, ReportFacts, Shared};
use crate::tiktok::event_map;

use super::{backfill, events};

/// Missing events of a workbook: what a person still scrolls through, and a tenth of what a sheet
/// takes. The rest is counted.
const MISSING_MAX: usize = 100_000;

/// What is wanted of a report.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish {
    ids: Ids,
    lists_missing: bool,
}

/// What the outputs want of a report; `None`: none of them is one to hand on.
#[must_use]
pub fn wanted(outputs: &[Output], ids: Ids) -> Option<Wish> {
    let has = |format| outputs.iter().any(|output| output.format == Format::Shared(format));
    let lists_missing = has(Shared::Workbook);
    Shared::ALL.into_iter().any(has).then_some(Wish { ids, lists_missing })
}

/// The report of an audit.
///
/// # Errors
/// [`Failure`] when the database cannot be read.
pub fn report(
    context: &Context<'_>,
    pass: &Pass<'_>,
    audit: &AuditResult,
    wish: Wish,
) -> Result<Report, Failure> {
    let pixels = context.settings.policy.pixels.iter();
    let names = pixels.filter_map(|pixel| Some((pixel.id.clone(), pixel.name.as_deref()?.to_owned())));
    let facts = ReportFacts {
        audit,
        zone: context.settings.zone,
        names: names.collect(),
        runs: backfill::past_runs(pass.store)?,
        missing: if wish.lists_missing { missing(pass)? } else { Vec::new() },
        ids: wish.ids,
    };
    Ok(Report::new(&facts))
}

/// The missing events in the order of sending; when there are too many, the last of them are left out.
fn missing(pass: &Pass<'_>) -> Result<Vec<EventRow>, Failure> {
    let mut rows: Vec<EventRow> = Vec::new();
    pass.each(&mut |subject| {
        if subject.verdict.is_some_and(crate::domain::Verdict::is_missing) {
            let browser = browser_fired(subject.row, pass.policy, pass.logs);
            rows.extend(events::row(subject, browser).map(|(row, _)| row));
        }
        if rows.len() >= MISSING_MAX * 2 {
            keep_first(&mut rows);
        }
        Ok(())
    })?;
    keep_first(&mut rows);
    Ok(rows)
}

fn keep_first(rows: &mut Vec<EventRow>) {
    rows.sort_by_cached_key(|row| (event_map::rank(&row.name), row.at, row.name.clone(), row.id.clone()));
    rows.truncate(MISSING_MAX);
}
