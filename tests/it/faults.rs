//! The fault table (reliability 3.3 to 3.6): every row is a test named by its number, or says why not.
//!
//! Where the table's exit code or wording and the product's own differ, the product's stand.

mod answers;
mod database;
mod disk;
pub(crate) mod every;
mod leak;
mod raw;
mod running;
pub(crate) mod scene;
mod settings;
mod table;
mod terminal;
mod tls;
mod together;
mod wire;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

pub(crate) use table::Row;

use Row::{By, Not};
use table::{LEAKS, NETWORK, OPERATION, STORE};

/// The functions under a folder, each with the number of times it stands there.
fn functions(folder: &Path, found: &mut BTreeMap<String, usize>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            functions(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let names = text.lines().filter_map(|line| {
                let line = line.trim_start();
                let name = line.strip_prefix("fn ").or_else(|| line.strip_prefix("async fn "))?;
                Some(name.split(['(', '<']).next()?.to_owned())
            });
            for name in names {
                *found.entry(name).or_default() += 1;
            }
        }
    }
}

/// The numbers that a test's name starts with: `n_12_n_13_…`.
fn numbers(name: &str) -> Vec<String> {
    let words: Vec<&str> = name.split('_').collect();
    let is_number = |word: &str| word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_digit());
    let pairs = words
        .chunks_exact(2)
        .take_while(|pair| matches!(pair[0], "i" | "n" | "s" | "o" | "t" | "x") && is_number(pair[1]));
    pairs.map(|pair| format!("{}_{}", pair[0], pair[1])).collect()
}

#[test]
fn every_row_is_a_test_or_says_why_not() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut there = BTreeMap::new();
    functions(&root.join("src"), &mut there);
    functions(&root.join("tests"), &mut there);
    let mut listed: BTreeMap<String, Option<&[&str]>> = BTreeMap::new();
    let tables = [
        ("i", crate::ingest::INGEST, 38_u8),
        ("n", NETWORK, 40),
        ("s", STORE, 23),
        ("o", OPERATION, 29),
        ("t", crate::tailing::TAILING, 9),
        ("x", LEAKS, 10),
    ];
    for (letter, rows, last) in tables {
        let own: Vec<u8> = rows.iter().map(|(number, _)| *number).collect();
        assert_eq!(own, (1..=last).collect::<Vec<_>>(), "every number of {letter} once, in order");
        for (number, row) in rows {
            let id = format!("{letter}_{number:02}");
            let tests = match row {
                By(tests) => {
                    assert!(!tests.is_empty(), "{id}");
                    for test in *tests {
                        assert!(numbers(test).contains(&id), "{test} is not named by {id}");
                        assert_eq!(there.get(*test), Some(&1), "{test} of {id} is no test, or stands twice");
                    }
                    Some(*tests)
                }
                Not(what) => {
                    assert!(!what.is_empty(), "{id} says nothing");
                    None
                }
            };
            listed.insert(id, tests);
        }
    }
    for name in there.keys() {
        for id in numbers(name) {
            let known = listed.get(&id).unwrap_or_else(|| panic!("{name}: there is no row {id}"));
            assert!(known.is_none_or(|tests| tests.contains(&name.as_str())), "{name} is not listed at {id}");
        }
    }
}

#[test]
fn a_name_tells_its_numbers() {
    assert_eq!(numbers("n_12_n_13_what_is_unknown"), ["n_12", "n_13"]);
    assert_eq!(numbers("o_05_a_signal"), ["o_05"]);
    for other in ["no_02_x", "n_1_x", "a_name", "n", "s_abc"] {
        assert!(numbers(other).is_empty(), "{other}");
    }
}
