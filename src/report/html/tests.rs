//! The page as a whole.

use super::super::tests_support::{report, report_of, result};
use super::*;

#[test]
fn the_page_says_what_the_audit_says() {
    let page = html(&report());
    for text in [
        "9 of 46 CompletePayment events lack an accepted server copy",
        "Purchase in Events Manager",
        "expected = logged − excluded − waiting = 70 − 24 − 0 = 46",
        "coverage = delivered ÷ expected = 37 ÷ 46 = 80.4 %",
        "not that it was attributed",
        "held: late-browser-fired",
        "run 3",
    ] {
        assert!(page.contains(text), "{text}");
    }
    assert!(page.contains("pixel demo (C4A1…H8I9)") && !page.contains("C4A1B2C3D4E5F6G7H8I9"));
}

#[test]
fn the_policy_allows_the_style_sheet_and_nothing_else() {
    let page = html(&report());
    let (_, rest) = page.split_once("<style>").unwrap();
    let digest = STANDARD.encode(Sha256::digest(rest.split_once("</style>").unwrap().0.as_bytes()));
    assert!(page.contains(&format!("default-src &#39;none&#39;; style-src &#39;sha256-{digest}&#39;")));
    for word in ["<script", " style=\"", "url(", "@import", "http://", "https://"] {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn every_jump_has_its_target_and_no_id_comes_twice() {
    let page = html(&report());
    let ids: Vec<&str> = page.split(" id=\"").skip(1).map(|rest| rest.split_once('"').unwrap().0).collect();
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len());
    for jump in page.split("href=\"#").skip(1) {
        let target = jump.split_once('"').unwrap().0;
        assert!(ids.contains(&target), "{target}");
    }
}

#[test]
fn a_log_that_goes_on_inventing_names_does_not_fill_the_page() {
    let mut audit = result();
    let name = |number| format!("<{}{number}>", "invented ".repeat(20));
    let event = audit.by_event[0].clone();
    audit.by_event = (0..1000)
        .map(|number| crate::audit::EventCounts {
            name: crate::domain::EventName::parse(&name(number)).unwrap(),
            ..event.clone()
        })
        .collect();
    let finding = audit.findings[0].clone();
    audit.findings = vec![finding; 100];
    let page = html(&report_of(&audit));
    assert!(page.len() < 500_000, "{}", page.len());
    assert!(page.contains("under further names are in “all” only"));
}
