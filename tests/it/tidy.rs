//! Holds `src/` against the room table of `docs/architecture.md`.

mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use source::{Mention, code_of, mentions, test_modules};

const DOOR_LINES_MAX: usize = 199;
const FILE_LINES_MAX: usize = 400;

/// Files that may be longer than others, each with the reason.
const FACT_TABLES: &[(&str, &str)] =
    &[("tiktok/event_map.rs", "the events with every spelling, and what is known of each")];

/// What SQL starts with.
const SQL_VERBS: [&str; 13] = [
    "SELECT ", "INSERT ", "UPDATE ", "DELETE ", "CREATE ", "DROP ", "ALTER ", "PRAGMA ", "ATTACH ", "WITH ",
    "BEGIN ", "VACUUM ", "REPLACE ",
];

/// A word, and the files it may stand in although it is forbidden.
#[derive(Debug, Clone)]
struct Forbidden {
    word: Vec<String>,
    but_in: Vec<String>,
}

#[derive(Debug, Default)]
struct Room {
    imports: BTreeSet<String>,
    forbidden: Vec<Forbidden>,
}

/// The rules, as `docs/architecture.md` states them.
#[derive(Debug, Default)]
struct House {
    rooms: BTreeMap<String, Room>,
    everywhere: Vec<Forbidden>,
}

/// The texts between backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn word(text: &str) -> Vec<String> {
    text.split("::").map(str::to_owned).collect()
}

fn rows<'a>(document: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let table = document.split_once(heading).unwrap_or_else(|| panic!("no table starts with {heading}")).1;
    table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

impl House {
    fn parse(document: &str) -> Self {
        let io = document.lines().find_map(|line| line.strip_prefix("“All IO” stands for:"));
        let io = quoted(io.expect("a line that says what all IO stands for"));
        let mut house = Self::default();
        for row in rows(document, "| room | job | may import | may not mention |") {
            let [room, _, imports, forbidden] = row.as_slice() else { panic!("four cells: {row:?}") };
            let mut rules = Room { imports: quoted(imports).into_iter().collect(), ..Room::default() };
            if *forbidden == "all IO" {
                let all = io.iter().map(|text| Forbidden { word: word(text), but_in: Vec::new() });
                rules.forbidden.extend(all);
            } else {
                // `notify` (but in `follow.rs`), `clap`
                for part in forbidden.split("),").flat_map(|part| match part.split_once("(but in") {
                    Some((before, file)) => vec![(before, Some(file))],
                    None => vec![(part, None)],
                }) {
                    let words = quoted(part.0);
                    let last = words.len().saturating_sub(1);
                    rules.forbidden.extend(words.iter().enumerate().map(|(at, text)| Forbidden {
                        word: word(text),
                        but_in: if at == last { part.1.map(quoted).unwrap_or_default() } else { Vec::new() },
                    }));
                }
            }
            house.rooms.insert(quoted(room).join(""), rules);
        }
        for row in rows(document, "| word | only in | why |") {
            let [words, only_in, _] = row.as_slice() else { panic!("three cells: {row:?}") };
            house.everywhere.extend(
                quoted(words).iter().map(|text| Forbidden { word: word(text), but_in: quoted(only_in) }),
            );
        }
        for (name, room) in &house.rooms {
            // A parenthesis names a part of a room; only rooms themselves count as imports.
            assert!(room.imports.contains("domain") || name == "domain", "{name} cannot do without domain");
        }
        house
    }

    /// Everything that is wrong with one file. `file` is relative to `src/`.
    fn faults(&self, file: &str, source: &str) -> Vec<String> {
        let code = code_of(source);
        let mut faults = length_faults(file, source);
        faults.extend(sql_faults(file, source, &code));
        let room = file.split_once('/').map(|(room, _)| room);
        let rules = room.map(|room| self.rooms.get(room).unwrap_or_else(|| panic!("no row for {room}")));
        for mention in mentions(&code) {
            let line = mention.line;
            let path = mention.segments.join("::");
            if let (Some(room), Some(rules)) = (room, rules)
                && let Some(other) = room_of(file, &mention)
                && other != room
                && self.rooms.contains_key(&other)
                && !rules.imports.contains(&other)
            {
                faults.push(format!("src/{file}:{line}: `{room}` may not import `{other}` ({path})"));
            }
            let in_room = rules.map(|rules| rules.forbidden.as_slice()).unwrap_or_default();
            for forbidden in in_room.iter().chain(&self.everywhere) {
                if forbidden.stands_in(&mention) && !forbidden.is_allowed(file) {
                    faults.push(format!(
                        "src/{file}:{line}: may not mention `{}` ({path})",
                        forbidden.word.join("::")
                    ));
                }
            }
        }
        faults
    }
}

impl Forbidden {
    fn stands_in(&self, mention: &Mention) -> bool {
        let segments = &mention.segments;
        match self.word.as_slice() {
            // A crate's name alone may be a variable's; a macro or function is one wherever it stands.
            [name] if name.ends_with('!') || name.contains('_') => segments.contains(name),
            [name] => segments.first() == Some(name) && (mention.imported || segments.len() > 1),
            words => segments.windows(words.len()).any(|window| window == words),
        }
    }

    fn is_allowed(&self, file: &str) -> bool {
        self.but_in.iter().any(|allowed| file == allowed || file.ends_with(&format!("/{allowed}")))
    }
}

/// The top-level module that a path leads into, if it starts at `crate` or climbs with `super`.
fn room_of(file: &str, mention: &Mention) -> Option<String> {
    let first = mention.segments.first()?;
    if matches!(first.as_str(), "crate" | "makegood") {
        return mention.segments.get(1).cloned();
    }
    let climbs = mention.segments.iter().take_while(|segment| *segment == "super").count();
    let inside = file.strip_suffix("/mod.rs").or_else(|| file.strip_suffix(".rs"))?;
    let depth = inside.split('/').count() + mention.depth;
    (climbs > 0 && climbs == depth).then(|| mention.segments.get(climbs).cloned()).flatten()
}

fn length_faults(file: &str, source: &str) -> Vec<String> {
    let lines = source.lines().count();
    let is_fact_table = FACT_TABLES.iter().any(|(table, _)| *table == file);
    let mut faults = Vec::new();
    if file.ends_with("mod.rs") && lines > DOOR_LINES_MAX {
        faults.push(format!("src/{file}:{lines}: a door has at most {DOOR_LINES_MAX} lines"));
    } else if lines > FILE_LINES_MAX && !is_fact_table {
        faults.push(format!("src/{file}:{lines}: a file has at most {FILE_LINES_MAX} lines"));
    } else if lines <= FILE_LINES_MAX && is_fact_table {
        faults.push(format!("src/{file}:{lines}: is short enough; take it off the list of fact tables"));
    }
    faults
}

/// SQL made by `format!`: text that starts like SQL, or `format!` inside a call that runs SQL.
fn sql_faults(file: &str, source: &str, code: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (at, _) in code.match_indices("format!(") {
        let text =
            source[at + "format!(".len()..].trim_start().trim_start_matches(['r', '#', '"', '\\', '\n', ' ']);
        let starts_like_sql = SQL_VERBS.iter().any(|verb| text.starts_with(verb));
        let line = 1 + source[..at].matches('\n').count();
        if starts_like_sql || runs_sql(&code[..at]) {
            faults.push(format!("src/{file}:{line}: SQL may not be built with format!"));
        }
    }
    faults
}

/// Whether the text ends inside the arguments of a call that runs SQL.
fn runs_sql(before: &str) -> bool {
    let mut depth = 0_usize;
    for (at, character) in before.char_indices().rev() {
        match character {
            ')' => depth += 1,
            '(' if depth == 0 => {
                let call: String =
                    before[..at].chars().rev().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let call: String = call.chars().rev().collect();
                let verbs =
                    ["execute", "execute_batch", "prepare", "prepare_cached", "query_row", "query_one"];
                if verbs.contains(&call.as_str()) {
                    return true;
                }
            }
            '(' => depth -= 1,
            ';' | '{' | '}' if depth == 0 => return false,
            _ => {}
        }
    }
    false
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn house() -> House {
    House::parse(&fs::read_to_string(root().join("docs/architecture.md")).unwrap())
}

/// The files of `src/`, relative to it, without those that are compiled only for tests.
fn sources() -> BTreeMap<String, String> {
    let mut paths = Vec::new();
    rust_files(&root().join("src"), &mut paths);
    let mut sources: BTreeMap<String, String> = paths
        .iter()
        .map(|path| {
            let name = path.strip_prefix(root().join("src")).unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    let tests: Vec<String> = sources
        .iter()
        .flat_map(|(file, source)| {
            let folder = file
                .strip_suffix("mod.rs")
                .map_or_else(|| format!("{}/", file.trim_end_matches(".rs")), str::to_owned);
            test_modules(source).into_iter().map(move |name| format!("{folder}{name}"))
        })
        .collect();
    sources.retain(|file, _| {
        !tests.iter().any(|test| *file == format!("{test}.rs") || file.starts_with(&format!("{test}/")))
    });
    sources
}

#[test]
fn every_file_keeps_to_the_rules_of_its_room() {
    let house = house();
    let faults: Vec<String> =
        sources().iter().flat_map(|(file, source)| house.faults(file, source)).collect();
    assert!(faults.is_empty(), "\n{}\nThe rules stand in docs/architecture.md.", faults.join("\n"));
}

#[test]
fn every_room_has_a_row_and_every_row_a_room() {
    let rooms: BTreeSet<String> =
        sources().keys().filter_map(|file| Some(file.split_once('/')?.0.to_owned())).collect();
    assert_eq!(rooms, house().rooms.into_keys().collect());
    for (table, _) in FACT_TABLES {
        assert!(sources().contains_key(*table), "{table} is listed as a fact table and does not exist");
    }
}

mod tests {
    use super::*;

    fn faults(file: &str, source: &str) -> Vec<String> {
        house().faults(file, source)
    }

    /// One fault, at this line, that says this.
    fn one(file: &str, source: &str, line: usize, says: &str) {
        let faults = faults(file, source);
        let [fault] = faults.as_slice() else { panic!("{source}\n{faults:?}") };
        assert!(fault.starts_with(&format!("src/{file}:{line}: ")) && fault.contains(says), "{fault}");
    }

    #[test]
    fn an_import_that_the_table_does_not_allow_is_found() {
        one("domain/ids.rs", "\nuse crate::store::Store;", 2, "`domain` may not import `store`");
        one("audit/count.rs", "fn f() { crate::http::Client::new() }", 1, "`http` (crate::http::Client");
        one("report/json.rs", "use crate::{\n  domain::A,\n  store::B,\n};", 3, "`store` (crate::store::B)");
        one("tiktok/answer.rs", "use super::super::ingest::find;", 1, "`ingest`");
        one("tiktok/mod.rs", "use super::ingest;", 1, "`ingest`");
        one("tiktok/mod.rs", "mod inner { use super::super::ingest; }", 1, "`ingest`");
    }

    #[test]
    fn what_the_table_allows_is_no_fault() {
        for (file, source) in [
            ("audit/mod.rs", "use crate::reconcile::Stand; use crate::audit::Audit; use super::tiktok;"),
            ("store/commit.rs", "use super::Store; use super::http;"),
            ("domain/ids.rs", "// use crate::store;\n/* crate::store */ fn f() { g(\"crate::store::X\") }"),
            (
                "domain/ids.rs",
                "#[cfg(test)]\nmod tests { use crate::store::Store; }\n#[cfg(test)] use std::fs;",
            ),
            ("domain/ids.rs", "fn f<'a>(x: &'a str) -> char { '\"' } fn g() { h(r#\"crate::store::X\"#) }"),
            ("domain/ids.rs", "fn f(notify: bool) { if notify { std::fs_like::x() } }"),
            ("ingest/files.rs", "use std::fs; fn f() { fs::read(x) }"),
            ("ingest/watch.rs", "use notify::Watcher;"),
            ("cli/settings.rs", "fn f() { std::env::var(x) }"),
            ("store/open.rs", "use std::env; fn f() { env::temp_dir() }"),
            ("main.rs", "use makegood::cli; fn main() { cli::run() }"),
        ] {
            assert_eq!(faults(file, source), Vec::<String>::new(), "{source}");
        }
    }

    #[test]
    fn a_word_that_the_room_may_not_know_is_found() {
        one("ingest/files.rs", "use notify::Watcher;", 1, "`notify`");
        one("reconcile/plan.rs", "\n\nfn f() { std::fs::read(\"x\") }", 3, "`std::fs`");
        one("cli/commands/sql.rs", "use rusqlite::Connection;", 1, "`rusqlite`");
        one("http/client.rs", "use std::{io, fs::{self}};", 1, "`std::fs`");
        assert_eq!(
            faults("http/token.rs", "use std::fs;\nfn f() { fs::read(x) }").len(),
            2,
            "import and use"
        );
    }

    #[test]
    fn a_word_that_belongs_to_one_place_is_found_elsewhere() {
        one("cli/commands/audit.rs", "fn f() { println!(\"x\") }", 1, "`println!`");
        one("cli/ui.rs", "fn f() { eprintln!(\"x\") }", 1, "`eprintln!`");
        one("store/open.rs", "\nfn f() { std::env::var(x) }", 2, "`std::env::var`");
        one("cli/args.rs", "fn f() { std::process::exit(1) }", 1, "`std::process::exit`");
        one("backfill/send.rs", "fn f() { chrono::Utc::now() }", 1, "`Utc::now`");
        one("ingest/time.rs", "use std::time;\nfn f() { time::SystemTime::now() }", 2, "`SystemTime::now`");
        one("cli/commands/audit.rs", "use std::io;\nfn f() { io::stdout().lock() }", 2, "`std::io::stdout`");
        one(
            "http/client.rs",
            "fn f() { b.danger_accept_invalid_certs(true) }",
            1,
            "danger_accept_invalid_certs",
        );
    }

    #[test]
    fn sql_built_from_pieces_is_found() {
        one("store/read.rs", "fn f() {\n  let s = format!(\"SELECT {x}\"); }", 2, "SQL");
        one("store/read.rs", "fn f() { c.execute(&format!(\"{verb} t\"), [])?; }", 1, "SQL");
        assert!(
            faults("store/read.rs", "fn f() { c.execute(\"DELETE\", [])?; g(format!(\"{x}\")) }").is_empty()
        );
    }

    #[test]
    fn long_files_are_found() {
        one("store/mod.rs", &"\n".repeat(200), 200, "door");
        one("store/read.rs", &"\n".repeat(401), 401, "400 lines");
        assert!(faults("store/read.rs", &"\n".repeat(400)).is_empty());
    }

    #[test]
    fn files_that_are_only_tests_are_known() {
        assert_eq!(test_modules("#[cfg(test)]\nmod tests;\n#[cfg(test)]\nmod more { }"), ["tests"]);
    }
}
