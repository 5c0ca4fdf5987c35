//! `--requests`: the exact bodies, a JSON line each.

use std::collections::BTreeMap;
use std::path::Path;

use crate::backfill;
use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::ui::Ui;
use crate::domain::{PixelCode, Plan};
use crate::report::{self, FilledIn, Format, count, count_of, escape};
use crate::store::Store;
use crate::tiktok::limits::BODY_BYTES_MAX;
use crate::tiktok::payload::{self, EventObject};

use super::Printer;

/// Objects of one pixel that wait for their request to be full.
#[derive(Default)]
struct Open {
    objects: Vec<EventObject>,
    bytes: usize,
}

/// Writes the bodies of a plan to a file: by pixel, in the plan's order, cut at the same limits.
/// Prints which match keys were filled in.
///
/// # Errors
/// [`Failure`] when the database cannot be read or the file cannot be written.
pub(super) fn write(
    context: &Context<'_>,
    printer: &mut Printer,
    store: &Store,
    plan: &Plan,
    (test_code, path): (Option<&str>, &Path),
) -> Result<(), Failure> {
    let policy = &context.settings.policy;
    let mut open: BTreeMap<&PixelCode, Open> = BTreeMap::new();
    let mut lines = Lines { test_code, bytes: Vec::new(), requests: 0 };
    let mut unsendable = 0;
    let mut filled = Vec::new();
    for planned in &plan.send {
        let Ok(built) = backfill::build(store, policy, planned)? else {
            unsendable += 1;
            continue;
        };
        if !built.provenance.is_empty() {
            let (name, id) = (planned.name.clone(), planned.id.clone());
            filled.push(FilledIn { name, id, from: built.provenance });
        }
        let size = built.object.as_json().len() + 1;
        let waiting = open.entry(&planned.pixel).or_default();
        let around = payload::body(&planned.pixel, test_code, &[]).len();
        let is_full =
            waiting.objects.len() >= policy.backfill.batch || around + waiting.bytes + size > BODY_BYTES_MAX;
        if is_full {
            lines.add(&planned.pixel, &std::mem::take(waiting));
        }
        waiting.bytes += size;
        waiting.objects.push(built.object);
    }
    for (pixel, waiting) in open {
        lines.add(pixel, &waiting);
    }
    let shown = escape(&path.display().to_string()).into_owned();
    std::fs::write(path, &lines.bytes).map_err(|error| {
        Failure::new(Exit::Store, format!("cannot write output {shown}: {}", error.kind()))
    })?;
    context.ui.talk(&format!("wrote {} to {shown}", count_of(lines.requests, "request", "requests")));
    if unsendable > 0 {
        context.ui.talk(&format!("{} of the plan cannot be built", count(unsendable)));
    }
    print_filled(context, printer, &filled)
}

fn print_filled(context: &Context<'_>, printer: &mut Printer, filled: &[FilledIn]) -> Result<(), Failure> {
    printer.put(|output| match output.format {
        Format::Ndjson => Some(report::filled_lines(filled)),
        Format::Table => Some(report::filled_table(filled, &Ui::view(context.settings.zone, output))),
        Format::Json | Format::Csv | Format::Tsv | Format::Shared(_) => None,
    })
}

struct Lines<'a> {
    test_code: Option<&'a str>,
    bytes: Vec<u8>,
    requests: u64,
}

impl Lines<'_> {
    fn add(&mut self, pixel: &PixelCode, open: &Open) {
        if open.objects.is_empty() {
            return;
        }
        let objects: Vec<&EventObject> = open.objects.iter().collect();
        self.bytes.extend(payload::body(pixel, self.test_code, &objects));
        self.bytes.push(b'\n');
        self.requests += 1;
    }
}
