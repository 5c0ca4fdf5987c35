//! Plan, progress and summary, to each output as it wants them.

use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::ui::{Output, Ui};
use crate::report::{self, Format};

/// Prints what each output wants, as it comes: stdout at once, files when all is said.
pub(super) struct Printer {
    ui: Ui,
    outputs: Vec<(Output, String)>,
}

impl Printer {
    /// The outputs that were asked for.
    ///
    /// # Errors
    /// [`Failure`] with code 2 for a format that the command does not have.
    pub(super) fn new(context: &Context<'_>, known: &[Format]) -> Result<Self, Failure> {
        let outputs = context.ui.outputs(known)?;
        let ui = context.ui.clone();
        Ok(Self { ui, outputs: outputs.into_iter().map(|output| (output, String::new())).collect() })
    }

    /// Adds what `text` has for each output.
    pub(super) fn put(&mut self, text: impl Fn(&Output) -> Option<String>) -> Result<(), Failure> {
        for (output, kept) in &mut self.outputs {
            let Some(text) = text(output) else { continue };
            if output.is_stdout() {
                self.ui.write(output, text.as_bytes())?;
            } else {
                kept.push_str(&text);
            }
        }
        Ok(())
    }

    /// Adds the summary and writes the files.
    pub(super) fn close(
        &mut self,
        context: &Context<'_>,
        run: &report::RunReport,
        exit: Exit,
    ) -> Result<(), Failure> {
        self.put(|output| match output.format {
            Format::Json | Format::Ndjson => Some(report::summary_line(run, exit.code())),
            Format::Table if run.run.is_some() && run.planned > 0 => {
                Some(format!("\n{}", report::summary(run, &Ui::view(context.settings.zone, output))))
            }
            Format::Table | Format::Csv | Format::Tsv | Format::Shared(_) => None,
        })?;
        for (output, kept) in &self.outputs {
            if !output.is_stdout() {
                context.ui.write(output, kept.as_bytes())?;
            }
        }
        Ok(())
    }
}
