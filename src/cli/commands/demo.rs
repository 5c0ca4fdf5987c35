//! `demo`: made-up logs, config, database and audit in one folder; no network, no account.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::cli::Context;
use crate::cli::args;
use crate::cli::demo_data::{DemoCounts, DemoOptions, PIXEL, write_logs};
use crate::cli::exit::{Exit, Failure};
use crate::cli::filters::Filters;
use crate::cli::pass::Pass;
use crate::cli::settings::Settings;
use crate::cli::ui::Ui;
use crate::report::{self, Format, Shared, count, escape};

use super::audit::logs;
use super::import;
use super::shared::{self, Wish};

/// The first line of a demo's config: only a folder that has it is written over.
const MARK: &str = "# Made by `makegood demo`. Everything here is made up.\n";
const CONFIG: &str = "makegood.toml";
const TOKEN: &str = "token";
const FUNNEL: &str = "funnel.jsonl";
const DELIVERY: &str = "delivery.jsonl";
const PAGE: &str = "audit.html";

/// Runs the command.
///
/// # Errors
/// [`Failure`] when the folder is not the demo's own, or cannot be written.
pub fn run(context: &mut Context<'_>, args: &args::Demo) -> Result<Exit, Failure> {
    let folder = args.out.clone().unwrap_or_else(|| PathBuf::from("makegood-demo"));
    if args.logs_only {
        fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
        let made = make_logs(context, args, &folder)?;
        context.ui.talk(&wrote(&folder, made, "2 log files"));
        return Ok(Exit::Done);
    }
    prepare(&folder)?;
    let made = make_logs(context, args, &folder)?;
    write_private(&folder.join(TOKEN), "made-up-token-of-the-demo\n")?;
    write_private(&folder.join(CONFIG), &config())?;
    context.ui.talk(&wrote(&folder, made, "7 days of 2 logs, makegood.toml"));
    context.global.config = Some(folder.join(CONFIG));
    context.global.db = None;
    context.settings = Settings::load(&context.global, context.environment)?;
    audit(context, &folder)?;
    if !context.global.quiet {
        Ui::result(next(&folder).as_bytes())?;
    }
    Ok(Exit::Done)
}

/// An empty folder, or one that an earlier demo made: its files are removed and made again.
fn prepare(folder: &Path) -> Result<(), Failure> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries.count(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(failed(folder, &error)),
    };
    let ours = fs::read_to_string(folder.join(CONFIG)).is_ok_and(|text| text.starts_with(MARK));
    if entries > 0 && !ours {
        let shown = escape(&folder.display().to_string()).into_owned();
        return Err(Failure::new(Exit::Config, format!("{shown} is not empty and was not made by a demo"))
            .hint("name another folder: makegood demo --out FOLDER"));
    }
    let database = ["makegood.db", "makegood.db-wal", "makegood.db-shm", "makegood.db.backfill.lock"];
    for name in [TOKEN, FUNNEL, DELIVERY, PAGE].into_iter().chain(database) {
        match fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(folder, &error)),
            Ok(()) | Err(_) => {}
        }
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| failed(folder, &error))
}

fn make_logs(context: &Context<'_>, args: &args::Demo, folder: &Path) -> Result<DemoCounts, Failure> {
    let (funnel, delivery) = (folder.join(FUNNEL), folder.join(DELIVERY));
    let options = DemoOptions { events: args.events, seed: args.seed, end: context.now };
    let open = |path: &Path| File::create(path).map(BufWriter::new).map_err(|error| failed(path, &error));
    let (mut to_funnel, mut to_delivery) = (open(&funnel)?, open(&delivery)?);
    let written = write_logs(options, &mut to_funnel, &mut to_delivery).and_then(|counts| {
        to_funnel.flush()?;
        to_delivery.flush()?;
        Ok(counts)
    });
    written.map_err(|error| failed(folder, &error))
}

/// What is readable by its owner alone: the token must be, the rest may be.
fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| failed(path, &error))
}

fn config() -> String {
    format!(
        "{MARK}\n\
         [[source]]\npath = \"{FUNNEL}\"\n\n\
         [[source]]\npath = \"{DELIVERY}\"\n\n\
         [[pixel]]\nid = \"{PIXEL}\"\nname = \"demo\"\naccess_token_file = \"{TOKEN}\"\n\n\
         [backfill]\n\
         sandbox = true                          # sends to a sandbox inside makegood, never to TikTok\n"
    )
}

fn audit(context: &Context<'_>, folder: &Path) -> Result<(), Failure> {
    let (store, imported) = import::open_with_news(context, &import::source_patterns(context))?;
    let sums = report::import_totals(&imported.files);
    context.ui.talk(&format!(
        "Imported {} events and {} receipts.",
        count(sums.events),
        count(sums.receipts)
    ));
    let logs = logs(context, &store, Some(&imported))?;
    let filters = Filters::new(&context.global, &context.settings.policy, &context.ui);
    let pass = Pass {
        store: &store,
        policy: &context.settings.policy,
        logs: &logs,
        range: context.range(&store)?,
        now: context.now,
        filters: &filters,
    };
    let result = pass.audit()?;
    for output in &context.ui.outputs(&[Format::Table])? {
        let text = report::audit_table(&result, &Ui::view(context.settings.zone, output));
        context.ui.write(output, format!("\n{text}").as_bytes())?;
    }
    let report = shared::report(context, &pass, &result, Wish::default())?;
    let page = folder.join(PAGE);
    fs::write(&page, Shared::Html.bytes(&report)).map_err(|error| failed(&page, &error))
}

fn wrote(folder: &Path, made: DemoCounts, what: &str) -> String {
    let megabytes = made.bytes / 1_000_000;
    let shown = escape(&folder.display().to_string()).into_owned();
    format!("Wrote {shown}: a made-up quiz funnel, {what} ({megabytes} MB)")
}

fn next(folder: &Path) -> String {
    let shown = escape(&folder.display().to_string()).into_owned();
    format!(
        "\nThe whole report as a page: {shown}/{PAGE}\n\
         \nNext, after `cd {shown}`:\n\
         \x20 makegood findings ttclid-lost-after-landing    why it happens, and the fix\n\
         \x20 makegood events --verdict missing --event CompletePayment    the orders that are missing\n\
         \x20 makegood backfill    plans the repair, then asks; here it sends to a sandbox\n"
    )
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    let shown = escape(&path.display().to_string()).into_owned();
    Failure::new(Exit::Store, format!("cannot write {shown}: {}", error.kind()))
}
