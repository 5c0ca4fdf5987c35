//! What a reconciliation came to.

use std::path::Path;

use serde::Serialize;

use crate::cli::Context;
use crate::cli::commands::import::Imported;
use crate::cli::exit::{Exit, Failure};
use crate::cli::ui::{Output, Ui};
use crate::domain::{ClusterCoverage, TimeMs};
use crate::report::{self, Format, View, Zone, count, count_of, escape, percent};

/// What a reconciliation came to.
pub struct Outcome {
    events: u64,
    receipts: u64,
    repeats: u64,
    quarantined: u64,
    coverage: ClusterCoverage,
    /// Now less the grace period.
    settled: TimeMs,
    /// The hosts of the run before.
    hosts_before: Option<u64>,
    /// How the command ends.
    pub exit: Exit,
}

#[derive(Serialize)]
struct ReconcileJson {
    schema: &'static str,
    hosts: u64,
    settled: String,
    new: NewJson,
    coverage: report::CoverageJson,
}

#[derive(Serialize)]
struct NewJson {
    events: u64,
    receipts: u64,
    repeats: u64,
    quarantined: u64,
}

#[derive(Serialize)]
struct JobJson {
    schema: &'static str,
    job: String,
    results: String,
}

impl Outcome {
    pub(super) fn new(
        imported: &Imported,
        coverage: ClusterCoverage,
        settled: TimeMs,
        hosts_before: Option<u64>,
    ) -> Self {
        let report::ImportedFile { path: _, lines: _, events, receipts, repeats, quarantined } =
            report::import_totals(&imported.files);
        Self { events, receipts, repeats, quarantined, coverage, settled, hosts_before, exit: imported.exit }
    }

    /// By the contract `makegood.reconcile/1`.
    pub(super) fn json(&self) -> String {
        report::pretty(&ReconcileJson {
            schema: "makegood.reconcile/1",
            hosts: self.coverage.hosts,
            settled: self.coverage.settled.to_string(),
            new: NewJson {
                events: self.events,
                receipts: self.receipts,
                repeats: self.repeats,
                quarantined: self.quarantined,
            },
            coverage: report::coverage_json(&self.coverage),
        })
    }

    fn text(&self, view: &View) -> String {
        let (expected, delivered) = report::coverage_sums(&self.coverage);
        let missing = expected.saturating_sub(delivered);
        let whose = match self.coverage.hosts {
            0 => "your own tables".to_owned(),
            hosts => format!("the union of {}", count_of(hosts, "host", "hosts")),
        };
        let over = format!(
            "Over {whose}: {} expected, {} delivered, {} missing ({}).",
            count(expected),
            count(delivered),
            count(missing),
            percent(delivered, expected),
        );
        let new = format!(
            "New here: {} and {}; {} known already.",
            count_of(self.events, "event", "events"),
            count_of(self.receipts, "receipt", "receipts"),
            count(self.repeats),
        );
        let sentence = |words: &str| report::sentence(words, view);
        format!("{}{}next: makegood audit, then makegood backfill\n", sentence(&over), sentence(&new))
    }

    fn warn(&self, context: &Context<'_>) {
        let ClusterCoverage { at: _, settled, hosts, rows } = &self.coverage;
        if *settled < self.settled && !rows.is_empty() {
            context.ui.warn(&format!(
                "the slowest host has shipped up to {} only: later events are not judged yet",
                Zone::UTC.second(*settled)
            ));
            context.ui.hint("run makegood ship there; of a host that is gone, remove facts/dt=*/src=HOST");
        }
        if self.hosts_before.is_some_and(|before| *hosts < before) {
            let before = count_of(self.hosts_before.unwrap_or_default(), "host", "hosts");
            context.ui.warn(&format!(
                "this run saw {}, the one before {before}: its counts took the place of the earlier ones, for \
                 counts of single hosts cannot be added up",
                count_of(*hosts, "host", "hosts")
            ));
        }
    }
}

/// Writes the outcome.
pub(super) fn tell(
    context: &Context<'_>,
    outcome: &Outcome,
    folder: &Path,
    outputs: &[Output],
) -> Result<(), Failure> {
    for output in outputs {
        let text = if output.format == Format::Json {
            outcome.json()
        } else {
            outcome.text(&Ui::view(context.settings.zone, output))
        };
        context.ui.write(output, text.as_bytes())?;
    }
    outcome.warn(context);
    context.ui.detail(&format!("outcome of the job: {}", escape(&folder.display().to_string())));
    Ok(())
}

/// Says how a job is run by hand.
pub(super) fn how_to_run(context: &Context<'_>, folder: &Path, outputs: &[Output]) -> Result<(), Failure> {
    let shown = escape(&folder.display().to_string()).into_owned();
    for output in outputs {
        let text = if output.format == Format::Json {
            report::pretty(&JobJson {
                schema: "makegood.reconcile-job/1",
                job: folder.join("job.sql").display().to_string(),
                results: folder.display().to_string(),
            })
        } else {
            let view = Ui::view(context.settings.zone, output);
            let wrote = report::sentence(&format!("Wrote {shown}/job.sql and {shown}/queued."), &view);
            format!(
                "{wrote}\
                 Run it: {} -f {shown}/job.sql\n\
                 Then: makegood reconcile --engine spark --results {shown}\n",
                escape(&context.settings.engine)
            )
        };
        context.ui.write(output, text.as_bytes())?;
    }
    Ok(())
}
