//! The formats of a command beside each other: the same numbers in all, cells that come back as they
//! were, and a plain answer where a command lacks one.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::Value as Json;

use super::{COUNTS, NOW, audit, parts, place};
use crate::program::Place;

fn read(place: &Place, name: &str) -> String {
    fs::read_to_string(place.work.join(name)).unwrap()
}

/// The digits of a number as people read it.
fn number(text: &str) -> u64 {
    text.replace(',', "").parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
}

/// Expected, delivered and missing of each event, by its name.
type Counts = BTreeMap<String, [u64; 3]>;

fn of_json(document: &Json) -> Counts {
    let count = |event: &Json, field: &str| event[field].as_u64().unwrap();
    let row = |event: &Json| {
        let name = event["event"].as_str().unwrap().to_owned();
        (name, ["expected", "delivered", "missing"].map(|field| count(event, field)))
    };
    document["by_event"].as_array().unwrap().iter().map(row).collect()
}

fn of_cells(text: &str, separator: char) -> Counts {
    let mut lines = text.lines().map(|line| line.split(separator).collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let at = ["expected", "delivered", "missing"]
        .map(|field| header.iter().position(|name| *name == field).unwrap());
    lines
        .map(|cells| (cells[0].trim_start_matches('\'').to_owned(), at.map(|at| number(cells[at]))))
        .collect()
}

/// The rows of the page's table of events: name, logged, excluded, waiting, expected, delivered, missing.
fn of_page(page: &str) -> Counts {
    let (_, section) = page.split_once("<section id=\"events\"").unwrap();
    let (_, body) = section.split_once("<tbody>").unwrap();
    let rows = body.split_once("</tbody>").unwrap().0.split("<tr class=\"one\">").skip(1);
    let first = |cell: &str| cell.split_once('>').unwrap().1.split('<').next().unwrap().to_owned();
    let row = |row: &str| {
        let name = first(row.split_once("<th").unwrap().1);
        let cells: Vec<String> = row.split("<td").skip(1).map(first).collect();
        (name, [3, 4, 5].map(|at| number(&cells[at])))
    };
    rows.map(row).collect()
}

/// The rows of the message's first table: event, expected, delivered, missing.
fn of_message(message: &str) -> Counts {
    let rows = message.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let rows = rows.take_while(|line| line.starts_with("| `"));
    let row = |row: &str| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let name = cells[1].split('`').nth(1).unwrap().to_owned();
        (name, [2, 3, 4].map(|at| number(cells[at])))
    };
    rows.map(row).filter(|(name, _)| name != "all").collect()
}

/// The numbers of the workbook's second sheet: columns F, G and H.
fn of_workbook(workbook: &[u8]) -> Vec<[u64; 3]> {
    let parts: BTreeMap<_, _> = parts(workbook).into_iter().collect();
    let sheet = &parts["xl/worksheets/sheet2.xml"];
    let rows = sheet.split("<row ").skip(2);
    let cell = |row: &str, column: &str| {
        let (_, cell) = row.split_once(&format!("<c r=\"{column}")).unwrap();
        number(cell.split_once("<v>").unwrap().1.split('<').next().unwrap())
    };
    rows.map(|row| ["F", "G", "H"].map(|column| cell(row, column))).collect()
}

#[test]
fn every_format_tells_the_same_numbers() {
    let place = place();
    let names =
        ["json", "ndjson", "csv", "tsv", "html", "md", "xlsx"].map(|ending| format!("audit.{ending}"));
    let outputs: Vec<&str> = names.iter().flat_map(|name| ["-o", name]).collect();
    audit(&place, &outputs);
    let want = of_json(&serde_json::from_str(&read(&place, "audit.json")).unwrap());
    assert!(want.len() >= 8 && want.values().any(|counts| counts[2] > 0), "{want:?}");
    let line = read(&place, "audit.ndjson");
    assert_eq!(line.lines().count(), 1);
    assert_eq!(of_json(&serde_json::from_str(&line).unwrap()), want);
    // Names that logs made up are defused, cut or masked; the names of TikTok stand as they are.
    let has = |counts: &Counts| counts.iter().all(|(name, row)| want.get(name) == Some(row));
    let tiktok = |counts: Counts| -> Counts {
        counts.into_iter().filter(|(name, _)| name.bytes().all(|c| c.is_ascii_alphabetic())).collect()
    };
    for (name, separator) in [("audit.csv", ','), ("audit.tsv", '\t')] {
        let counts = of_cells(&read(&place, name), separator);
        assert_eq!(counts.len(), want.len(), "{name}");
        let counts = tiktok(counts);
        assert!(counts.len() >= 6 && has(&counts), "{name}: {counts:?}");
    }
    let page = tiktok(of_page(&read(&place, "audit.html")));
    let message = tiktok(of_message(&read(&place, "audit.md")));
    assert!(page.len() >= 6 && has(&page), "{page:?}");
    assert!(message.len() >= 6 && has(&message), "{message:?}");
    let mut rows = of_workbook(&fs::read(place.work.join("audit.xlsx")).unwrap());
    let all = rows.pop().unwrap();
    let mut expected: Vec<_> = want.values().copied().collect();
    rows.sort_unstable();
    expected.sort_unstable();
    assert_eq!(rows, expected);
    assert_eq!(all, [0, 1, 2].map(|at| expected.iter().map(|row| row[at]).sum::<u64>()));
}

/// Reads a file as Python's csv module does and gives it back as JSON: a list of lists of texts.
const READ: &str = "
import csv, json, sys
with open(sys.argv[1], newline='', encoding='utf-8') as file:
    print(json.dumps(list(csv.reader(file, delimiter=sys.argv[2]))))
";

#[test]
fn x_03_cells_come_back_from_another_reader_and_none_is_a_formula() {
    let is_there =
        Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success());
    if !is_there {
        println!("skipped: python3 not installed");
        return;
    }
    let place = place();
    let imported = place.makegood().args(["import", "--now", NOW, "-q"]).status().unwrap();
    assert!(imported.success());
    let files = ["-o", "events.csv", "-o", "events.tsv", "-o", "events.ndjson"];
    let listed = place.makegood().args(["events", "--now", NOW, "-q"]).args(files).status().unwrap();
    assert!(listed.success());
    let events: Vec<Json> =
        read(&place, "events.ndjson").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (name, separator) in [("events.csv", ","), ("events.tsv", "\t")] {
        let path = place.work.join(name);
        let output = Command::new("python3").args(["-c", READ]).arg(&path).arg(separator).output().unwrap();
        let rows: Vec<Vec<String>> = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(rows.len(), events.len() + 1, "{name}");
        let mut defused = 0;
        for (row, event) in rows[1..].iter().zip(&events) {
            for (cell, field) in row.iter().zip(&rows[0]) {
                defused += usize::from(cell.starts_with('\''));
                same(cell, &event[field.as_str()], field);
            }
        }
        assert!(defused > 0, "{name}: no cell of the hostile logs had to be defused");
    }
}

/// A cell holds its field's text, whatever separators are in it: numbers as they are, a text that a
/// spreadsheet would calculate behind a `'`, controls written out.
fn same(cell: &str, field: &Json, name: &str) {
    let text = match field {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other @ (Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_)) => other.to_string(),
    };
    assert!(!cell.chars().any(char::is_control), "{name}: {cell:?}");
    if text.chars().any(|c| c.is_control() || c == '\u{202e}') {
        assert!(
            cell.contains("\\x") || cell.contains("\\u"),
            "{name}: what would act is written out: {cell}"
        );
        return;
    }
    let starts_formula =
        text.trim_start_matches([' ', '"', '\'']).starts_with(['=', '+', '-', '@', '|', '%']);
    if starts_formula && !matches!(name, "value" | "code") {
        assert_eq!(cell, format!("'{text}"), "{name}");
    } else {
        assert_eq!(cell, text, "{name}");
    }
    if name == "value" && !cell.is_empty() {
        assert!(cell.parse::<f64>().is_ok(), "{cell} is no number");
    }
}

#[test]
fn a_command_has_a_format_or_says_which_it_has() {
    let place = place();
    let imported = place.makegood().args(["import", "--now", NOW, "-q"]).status().unwrap();
    assert!(imported.success());
    let id = "530e0e61-18e9-485e-a8bf-f9ea304d9f96";
    let commands: [&[&str]; 11] = [
        &["audit", "--no-import"],
        &["audit", "--no-import", "--by", "campaign"],
        &["events"],
        &["events", "--quarantined"],
        &["findings"],
        &["status"],
        &["sql", "SELECT 1"],
        &["explain", id],
        &["import"],
        &["backfill", "--dry-run"],
        &["config", "show"],
    ];
    let formats = ["table", "json", "ndjson", "csv", "tsv", "html", "md", "xlsx"];
    let mut had = 0;
    for command in commands {
        for format in formats {
            let output =
                place.makegood().args(command).args(["--now", NOW, "--format", format]).output().unwrap();
            let talk = String::from_utf8_lossy(&output.stderr).into_owned();
            if output.status.code() == Some(2) {
                assert!(
                    talk.contains(&format!("this command has no {format} output")),
                    "{command:?}: {talk}"
                );
                assert!(talk.contains("hint: it has table"), "{command:?}: {talk}");
            } else {
                assert!(
                    !output.stdout.is_empty() || command.contains(&"--quarantined"),
                    "{command:?} {format}"
                );
                had += 1;
            }
        }
    }
    assert!(had >= 38, "{had}");
}

#[test]
fn a_message_of_events_shortens_ids_and_masks_people() {
    let place = place();
    let imported = place.makegood().args(["import", "--now", NOW, "-q"]).status().unwrap();
    assert!(imported.success());
    let events = |args: &[&str]| {
        let output = place
            .makegood()
            .args(["events", "--verdict", "missing", "--now", NOW, "--format", "md"])
            .args(args)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let message = events(&[]);
    assert!(message.chars().count() < 4000 && message.lines().count() > 5, "{message}");
    for canary in super::CANARIES {
        assert!(!message.contains(canary), "{canary}: {message}");
    }
    assert!(message.contains("| `530e…9f96` |"), "{message}");
    let shown = events(&["--show-ids"]);
    assert!(shown.contains("530e0e61-18e9-485e-a8bf-f9ea304d9f96"), "{shown}");
}

#[test]
fn totals_of_tiktok_are_in_every_report_that_is_handed_on() {
    let place = place();
    audit(&place, &[COUNTS, &["-o", "audit.html", "-o", "audit.md", "-o", "audit.xlsx"]].concat());
    let page = read(&place, "audit.html");
    assert!(page.contains("<section id=\"totals\"") && page.contains("&lt;script&gt;alert(1)"), "{page}");
    assert!(read(&place, "audit.md").contains("Corroboration, never proof"));
    let workbook = parts(&fs::read(place.work.join("audit.xlsx")).unwrap());
    assert!(workbook.iter().any(|(name, text)| name == "xl/workbook.xml" && text.contains("TikTok")));
}
