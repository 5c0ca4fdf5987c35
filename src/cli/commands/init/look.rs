//! What a log is, and how an unknown one seems to be read.

use std::fmt::Write as _;
use std::path::Path;

use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::ui::Ui;
use crate::domain::Policy;
use crate::ingest::{self, Guess, Probe};
use crate::report::{count, count_of, escape};

use super::text::{Draft, Map};
use super::{Init, shown};

/// What a `[formats.NAME]` must name.
const NEEDED: [&str; 2] = [ID, "event"];
/// What both legs share.
const ID: &str = "event_id";

/// Looks at a file, and adds a map if one is needed.
pub(super) fn look(
    context: &Context<'_>,
    args: &Init,
    path: &Path,
    draft: &mut Draft,
    told: &mut String,
) -> Result<(), Failure> {
    let probe = probe(path, &Policy::default())?;
    for pixel in &probe.pixels {
        if !draft.pixels.contains(pixel) {
            draft.pixels.push(pixel.clone());
        }
    }
    let no_map = if probe.known() == probe.lines && probe.lines > 0 { "; no map needed" } else { "" };
    let _ = writeln!(told, "{}: {}{no_map}", shown(path), summary(&probe));
    if probe.strange.is_empty() || probe.known() * 2 >= probe.lines {
        return Ok(());
    }
    let fields = ingest::guess(&probe.strange);
    let mut map = Map { name: name_of(path, draft), all_are: None, fields, records: probe.strange.len() };
    if !map.has("event") {
        map.all_are = args.all_are.clone().or_else(|| {
            context
                .ui
                .can_ask()
                .then(|| Ui::ask_text("Which event is each of its lines, such as payment_succeeded?"))?
        });
    } else if args.all_are.is_some() {
        map.all_are.clone_from(&args.all_are);
        map.fields.retain(|guess| guess.field != "event");
    }
    let told_id = args.id_in.clone().or_else(|| {
        (!map.has(ID) && context.ui.can_ask())
            .then(|| Ui::ask_text("Which field holds the event_id, such as payload.key?"))?
    });
    if let Some(path) = told_id {
        map.fields.retain(|guess| guess.field != ID && guess.path != path);
        map.fields.insert(0, Guess { field: ID, path, unit: None, records: map.records });
    }
    if let Some(lacking) = NEEDED.iter().find(|field| !map.has(field)) {
        return Err(cannot_guess(path, lacking, &map.fields));
    }
    told.push_str(&map.to_text());
    if !draft.maps.iter().any(|known| known.says_the_same(&map)) {
        draft.maps.push(map);
    }
    Ok(())
}

fn cannot_guess(path: &Path, lacking: &str, fields: &[Guess]) -> Failure {
    let guessed: Vec<String> =
        fields.iter().map(|guess| format!("{} ← {}", guess.field, escape(&guess.path))).collect();
    let seen = if guessed.is_empty() { String::new() } else { format!(" (found: {})", guessed.join(", ")) };
    let failure =
        Failure::new(Exit::Usage, format!("{}: cannot tell which field is the {lacking}{seen}", shown(path)));
    if lacking == "event" {
        failure.hint("--all-are NAME says which event every line is")
    } else {
        failure.hint(
            "--id-in FIELD says where it is, such as payload.key; it is what both legs sent the event under",
        )
    }
}

pub(super) fn probe(path: &Path, policy: &Policy) -> Result<Probe, Failure> {
    ingest::probe(path, None, policy).map_err(|error| {
        // The system's errors have a number, ours say what to do.
        let words = error.raw_os_error().map_or_else(|| error.to_string(), |_| error.kind().to_string());
        Failure::new(Exit::Config, format!("cannot read {}: {words}", shown(path)))
    })
}

/// `1,000 lines: 990 funnel events, 10 not known`.
pub(super) fn summary(probe: &Probe) -> String {
    let strange = probe.lines - probe.known();
    let kinds = [
        (probe.events, count_of(probe.events, "funnel event", "funnel events")),
        (probe.receipts, count_of(probe.receipts, "receipt", "receipts")),
        (probe.others, format!("{} of another known kind", count(probe.others))),
        (strange, format!("{} not known", count(strange))),
    ];
    let told: Vec<String> = kinds.into_iter().filter(|(n, _)| *n > 0).map(|(_, told)| told).collect();
    let first = count_of(probe.lines, "line", "lines");
    let rest = if told.is_empty() { "nothing in it".to_owned() } else { told.join(", ") };
    format!("{first}: {rest}")
}

/// A name for a map: the file's, in letters and digits.
fn name_of(path: &Path, draft: &Draft) -> String {
    let stem = path.file_name().and_then(|name| name.to_str()).unwrap_or("log");
    let stem = stem.split('.').next().unwrap_or(stem).to_ascii_lowercase();
    let plain: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let plain = plain.trim_matches(|c: char| c == '-' || c.is_ascii_digit()).to_owned();
    let plain = if plain.is_empty() { "log".to_owned() } else { plain };
    let is_taken = |name: &str| draft.maps.iter().any(|map| map.name == name);
    let numbered = (2..).map(|number| format!("{plain}-{number}"));
    std::iter::once(plain.clone()).chain(numbered).find(|name| !is_taken(name)).unwrap_or(plain)
}
