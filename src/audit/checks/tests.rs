//! Rules that hold of all checks.

use std::collections::BTreeSet;

use super::*;

#[test]
fn codes_are_kebab_case_and_stand_once() {
    let codes: BTreeSet<_> = CHECKS.iter().map(|fact| fact.code).collect();
    assert_eq!(codes.len(), CHECKS.len());
    assert!(
        codes
            .iter()
            .all(|code| code.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-'))
    );
}

#[test]
fn every_code_has_its_section_and_every_section_its_code() {
    let page = include_str!("../../../docs/findings.md");
    let sections: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let codes: Vec<_> = CHECKS.iter().map(|fact| fact.code).collect();
    assert_eq!(sections, codes);
    for fact in CHECKS {
        assert!(page.contains(fact.fix_command), "{}: {}", fact.code, fact.fix_command);
        assert!(page.contains(fact.title), "{}: {}", fact.code, fact.title);
        for cause in fact.causes {
            assert!(page.contains(cause), "{}: {cause}", fact.code);
        }
    }
}

#[test]
fn nothing_fires_on_clean_keys() {
    let rows: Vec<_> =
        crate::tiktok::event_map::EVENTS.iter().map(|fact| super::testing::clean(fact.funnel)).collect();
    let result = super::testing::audit(&rows);
    assert_eq!((result.findings, result.totals.delivered), (Vec::new(), 10));
}

#[test]
fn each_next_command_is_one_of_ours() {
    let verbs = ["audit", "backfill", "events", "explain", "findings", "import"];
    for fact in CHECKS {
        let mut words = fact.fix_command.split(' ');
        assert_eq!(words.next(), Some("makegood"), "{}", fact.code);
        assert!(words.next().is_some_and(|verb| verbs.contains(&verb)), "{}", fact.code);
        assert!(!fact.causes.is_empty() && fact.title.ends_with('.'), "{}", fact.code);
    }
}

#[test]
fn each_check_on_match_keys_and_payloads_has_its_case() {
    let cases = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases");
    for fact in CHECKS.iter().skip_while(|fact| fact.code != "ttclid-unusable") {
        let page = std::fs::read_to_string(cases.join(format!("check-{}", fact.code)).join("2.stdout"));
        assert!(page.unwrap_or_default().contains("What we see"), "{} does not fire in its case", fact.code);
    }
}
