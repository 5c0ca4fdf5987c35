//! The reports that are handed on: the same bytes each time, nothing of a log that acts, nothing
//! personal, and a page that a browser shows as it is meant.
//!
//! `fixtures/report/` holds two logs, hostile in every field that a report could show, and what comes
//! out of them; `UPDATE=1` writes it down.

mod browser;
mod formats;

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use crate::program::{Place, difference};
use browser::Browser;

const NOW: &str = "2026-11-22T14:05:00Z";
const LOGS: [&str; 4] = ["funnel.jsonl", "delivery.jsonl", "counts.csv", "makegood.toml"];
/// TikTok's own counts, typed in.
const COUNTS: &[&str] = &["--tiktok-counts", "counts.csv"];
/// Everything that is handed on.
const SHARED: &[&str] = &["-o", "audit.html", "-o", "audit.md", "-o", "audit.xlsx"];
/// What comes out byte for byte the same, and is kept to compare with.
const GOLDEN: [&str; 4] = ["audit.html", "audit.md", "audit.csv", "audit.ndjson"];

/// What no report may hold: addresses, phone numbers, IP addresses, whole ids, digests.
const CANARIES: [&str; 14] = [
    "canary",
    "jane.doe@mail.example.com",
    "mail.example.com",
    "12133734253",
    "95.104.11.250",
    "2a01:db8",
    "530e0e61-18e9-485e-a8bf-f9ea304d9f96",
    "18e9-485e",
    "ac17064d-1111-4222-8333-444455556666",
    "ord_48151623",
    "E.C.P.CanaryClick",
    "C4A1B2C3D4E5F6G7H8I9",
    "71d52b76fa5f9c4b8e9e9ddd2b2a9d1a3c3a54d8fa7e6ba1f9c83ed7a2d1c0ff",
    "/home/",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/report")
}

fn place() -> Place {
    let place = Place::new();
    for name in LOGS {
        fs::copy(folder().join(name), place.work.join(name)).unwrap();
    }
    place
}

fn audit(place: &Place, args: &[&str]) {
    let output = place.makegood().args(["audit", "--now", NOW]).args(args).output().unwrap();
    assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
}

/// The parts of a workbook, by name.
fn parts(workbook: &[u8]) -> Vec<(String, String)> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(workbook)).unwrap();
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    let mut parts = Vec::new();
    for name in names {
        let mut text = String::new();
        archive.by_name(&name).unwrap().read_to_string(&mut text).unwrap();
        parts.push((name, text));
    }
    parts
}

/// Every text that a report could give away.
fn texts(place: &Place) -> Vec<(String, String)> {
    let mut texts: Vec<_> = ["audit.html", "audit.md"]
        .map(|name| (name.to_owned(), fs::read_to_string(place.work.join(name)).unwrap()))
        .into();
    texts.extend(parts(&fs::read(place.work.join("audit.xlsx")).unwrap()));
    texts
}

#[test]
fn the_same_data_and_now_give_the_same_bytes_ten_times() {
    let place = place();
    let mut first: Option<Vec<Vec<u8>>> = None;
    for _ in 0..10 {
        let outputs: Vec<&str> =
            GOLDEN.into_iter().chain(["audit.xlsx"]).flat_map(|name| ["-o", name]).collect();
        audit(&place, &[COUNTS, &outputs].concat());
        let names = GOLDEN.into_iter().chain(["audit.xlsx"]);
        let bytes: Vec<_> = names.map(|name| fs::read(place.work.join(name)).unwrap()).collect();
        assert!(first.as_ref().is_none_or(|first| *first == bytes));
        first = Some(bytes);
    }
    for name in GOLDEN {
        let actual = fs::read_to_string(place.work.join(name)).unwrap();
        let golden = folder().join(name);
        if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
            fs::write(&golden, &actual).unwrap();
        }
        let expected = fs::read_to_string(&golden).unwrap();
        let shown: String = difference(&expected, &actual).chars().take(4000).collect();
        assert!(expected == actual, "{name} differs {shown} (UPDATE=1 blesses)");
    }
}

#[test]
fn nothing_personal_is_handed_on_and_no_whole_id() {
    let place = place();
    audit(&place, &[COUNTS, SHARED].concat());
    let logs = LOGS.map(|name| fs::read_to_string(place.work.join(name)).unwrap()).concat();
    for (name, text) in texts(&place) {
        for canary in CANARIES {
            assert!(!text.contains(canary), "{name} gives away {canary}");
        }
    }
    for canary in CANARIES {
        assert!(logs.contains(canary), "{canary} is in no log: the test would see nothing");
    }
    audit(&place, &[COUNTS, SHARED, &["--show-ids"]].concat());
    let shown = texts(&place);
    let has =
        |part: &str, text: &str| shown.iter().any(|(name, all)| name.contains(part) && all.contains(text));
    assert!(has("sharedStrings", "530e0e61-18e9-485e-a8bf-f9ea304d9f96"), "ids are shown when asked for");
    assert!(has("html", "C4A1B2C3D4E5F6G7H8I9"));
    for (name, text) in &shown {
        for canary in &CANARIES[..6] {
            assert!(!text.contains(canary), "{name} gives away {canary} with --show-ids");
        }
    }
}

/// The elements of the page.
const ELEMENTS: &[&str] = &[
    "!doctype",
    "a",
    "article",
    "b",
    "body",
    "code",
    "dd",
    "desc",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "g",
    "h1",
    "h2",
    "h3",
    "head",
    "header",
    "html",
    "input",
    "label",
    "legend",
    "li",
    "line",
    "main",
    "meta",
    "nav",
    "ol",
    "p",
    "rect",
    "section",
    "small",
    "style",
    "summary",
    "svg",
    "table",
    "tbody",
    "td",
    "text",
    "th",
    "thead",
    "title",
    "tr",
    "ul",
];

#[test]
fn x_04_nothing_of_a_log_acts() {
    let place = place();
    audit(&place, &[COUNTS, SHARED].concat());
    let page = fs::read_to_string(place.work.join("audit.html")).unwrap();
    let names: BTreeSet<&str> = page
        .split('<')
        .skip(1)
        .map(|tag| tag.trim_start_matches('/').split([' ', '>']).next().unwrap())
        .collect();
    let foreign: Vec<_> = names.iter().filter(|name| !ELEMENTS.contains(name)).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    assert!(page.contains("&lt;script&gt;"), "the hostile names are shown, as text");
    assert!(!page.contains("href=\"http") && !page.contains("url("), "every link stays on the page");
    for (name, text) in parts(&fs::read(place.work.join("audit.xlsx")).unwrap()) {
        assert!(!text.contains("<f>") && !text.contains("<f "), "{name} holds a formula");
        assert!(!text.contains("hyperlink"), "{name} holds a link");
        if name.contains("sharedStrings") {
            assert!(text.contains("=cmd|"), "the formula of the log is there, as text: {text}");
        }
    }
    let message = fs::read_to_string(place.work.join("audit.md")).unwrap();
    assert!(message.chars().count() < 4000, "{}", message.len());
}

/// Each picture: its id, and how many marks it shows at least.
const PICTURES: [(&str, u64); 3] = [("days-chart", 8), ("hours-chart", 72), ("funnel-chart", 6)];

#[test]
fn a_browser_shows_the_page_as_it_is_meant() {
    if !browser::is_installed() {
        println!("skipped: chromium not installed");
        return;
    }
    let place = place();
    audit(&place, &[COUNTS, &["-o", "audit.html"]].concat());
    let page = place.work.join("audit.html");
    let mut browser = Browser::start();
    browser.look(1000, "light", "screen");
    browser.open(&page);
    nothing_leaves(&browser, &page);
    pictures_have_marks(&mut browser);
    only_our_own_elements(&mut browser);
    looks(&mut browser);
    keyboard(&mut browser);
    nothing_leaves(&browser, &page);
    if let Some(axe) = std::env::var_os("AXE") {
        accessible(&mut browser, &fs::read_to_string(axe).unwrap());
    }
    the_policy_bites(&mut browser);
}

/// No request but the file itself, and nothing on the console.
fn nothing_leaves(browser: &Browser, page: &Path) {
    let asked: Vec<_> = browser
        .events_of("Network.requestWillBeSent")
        .into_iter()
        .map(|event| event["request"]["url"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(asked, [format!("file://{}", page.display())]);
    for name in ["Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"] {
        assert_eq!(browser.events_of(name), Vec::<&Json>::new(), "{name}");
    }
}

fn pictures_have_marks(browser: &mut Browser) {
    let seen = browser.value(
        "Object.fromEntries([...document.querySelectorAll('svg.chart')].map(svg => {
           const box = svg.getBoundingClientRect();
           const marks = [...svg.querySelectorAll('rect')].filter(mark => {
             const own = mark.getBoundingClientRect();
             const inside = own.left >= box.left - 1 && own.right <= box.right + 1
               && own.top >= box.top - 1 && own.bottom <= box.bottom + 1;
             const style = getComputedStyle(mark);
             return own.width > 0 && own.height > 0 && inside
               && (style.fill !== 'none' || style.stroke !== 'none');
           });
           const all = [...svg.querySelectorAll('rect')].filter(mark => mark.getAttribute('width') !== '0.0'
             && mark.getAttribute('height') !== '0.0');
           const words = svg.getAttribute('aria-labelledby').split(' ')
             .map(id => document.getElementById(id).textContent);
           return [svg.querySelector('title').id.replace('-title', ''),
             {marks: marks.length, all: all.length, words, texts: svg.querySelectorAll('text').length}];
         }))",
    );
    let ids: Vec<&str> = seen.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected: Vec<&str> = PICTURES.iter().map(|(id, _)| *id).collect();
    expected.sort_unstable();
    assert_eq!(ids, expected);
    for (id, least) in PICTURES {
        let picture = &seen[id];
        assert!(picture["marks"].as_u64().unwrap() >= least, "{id}: {picture}");
        assert_eq!(picture["marks"], picture["all"], "{id}: every mark is inside its picture");
        assert!(picture["texts"].as_u64().unwrap() > 2, "{id}: {picture}");
        assert!(picture["words"].as_array().unwrap().iter().all(|words| words.as_str().unwrap().len() > 5));
    }
    let bars = browser.value("document.querySelectorAll('svg.bar rect.ok').length");
    assert!(bars.as_u64().unwrap() > 20, "match keys and coverage have bars: {bars}");
}

fn only_our_own_elements(browser: &mut Browser) {
    let foreign = browser.value(
        "[...document.querySelectorAll('*')].filter(element =>
           ['script','img','iframe','object','embed','link','base','form','a11y'].includes(element.localName)
           || [...element.attributes].some(attribute => attribute.name.startsWith('on')
             || attribute.name === 'style'
             || (['href','src','action'].includes(attribute.name) && !attribute.value.startsWith('#')))
         ).map(element => element.outerHTML)",
    );
    assert_eq!(foreign, json!([]));
}

/// On a phone nothing hangs over the side; dark is dark, and paper is white.
fn looks(browser: &mut Browser) {
    const GROUND: &str = "getComputedStyle(document.body).backgroundColor";
    const OVERHANG: &str = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    assert_eq!(browser.value(GROUND), "rgb(255, 255, 255)");
    assert_eq!(browser.value(OVERHANG), 0);
    browser.look(390, "light", "screen");
    assert_eq!(browser.value(OVERHANG), 0, "on a phone");
    browser.look(1000, "dark", "screen");
    assert_eq!(browser.value(GROUND), "rgb(15, 20, 26)");
    browser.value("document.getElementById('look-light').click()");
    assert_eq!(browser.value(GROUND), "rgb(255, 255, 255)", "a person's choice wins");
    browser.value("document.getElementById('look-dark').click()");
    browser.look(1000, "dark", "print");
    assert_eq!(browser.value(GROUND), "rgb(255, 255, 255)", "paper");
    assert_eq!(browser.value("getComputedStyle(document.querySelector('nav')).display"), "none");
    browser.value("document.getElementById('look-auto').click()");
    browser.look(1000, "light", "screen");
    let paper = browser.call("Page.printToPDF", &json!({"printBackground": true, "preferCSSPageSize": true}));
    assert!(paper["data"].as_str().unwrap().len() > 20_000, "a PDF with everything in it");
}

/// The first stop of the tab key leads past the contents; wide tables can be scrolled by key.
fn keyboard(browser: &mut Browser) {
    let tab = json!({"type": "keyDown", "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9});
    browser.value("document.activeElement.blur()");
    browser.call("Input.dispatchKeyEvent", &tab);
    assert_eq!(browser.value("document.activeElement.getAttribute('href')"), "#main");
    let stuck = browser.value(
        "[...document.querySelectorAll('.scroll')].filter(region => region.tabIndex !== 0
           || !region.getAttribute('aria-label')).length",
    );
    assert_eq!(stuck, 0);
}

/// The page's policy stops what a hole in the escaping would let in.
fn the_policy_bites(browser: &mut Browser) {
    let ran = browser.value(
        "(async () => {
           const script = document.createElement('script');
           script.textContent = 'window.ran = true';
           const image = document.createElement('img');
           image.src = 'http://127.0.0.1:9/x';
           const paragraph = document.createElement('p');
           paragraph.setAttribute('style', 'color:red');
           document.body.append(script, image, paragraph);
           await new Promise(done => setTimeout(done, 50));
           return [window.ran === true, getComputedStyle(paragraph).color === 'rgb(255, 0, 0)'];
         })()",
    );
    assert_eq!(ran, json!([false, false]));
    let failed = browser.events_of("Network.loadingFailed");
    let reasons: Vec<_> = failed.into_iter().map(|event| &event["blockedReason"]).collect();
    assert_eq!(reasons, [&json!("csp")], "the image was not fetched");
}

/// axe-core finds nothing, in light, in dark and on a phone.
fn accessible(browser: &mut Browser, axe: &str) {
    browser.value(&format!("{axe}; true"));
    browser.value("document.querySelectorAll('details').forEach(details => details.open = true)");
    for (width, scheme) in [(1000, "light"), (1000, "dark"), (390, "light")] {
        browser.look(width, scheme, "screen");
        let found = browser.value(
            "axe.run(document).then(result => ({
               passed: result.passes.length,
               failed: result.violations.map(one =>
                 [one.id, one.impact, one.nodes.slice(0, 3).map(node => node.html)])}))",
        );
        assert_eq!(found["failed"], json!([]), "{width} px, {scheme}");
        assert!(found["passed"].as_u64().unwrap() > 20, "axe-core looked at the page: {found}");
    }
}
