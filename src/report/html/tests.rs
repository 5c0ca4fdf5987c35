//! The page as a whole.

use super::super::tests_support::{comparison, report, report_of, result};
use super::*;
use crate::audit::AuditResult;

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

#[test]
fn totals_of_tiktok_stand_beside_ours_where_somebody_asked() {
    let without = html(&report());
    assert!(!without.contains("TikTok&#39;s own totals") && !without.contains("#totals"));
    let audit = AuditResult { comparison: Some(comparison()), ..result() };
    let page = html(&report_of(&audit));
    for text in [
        "<a href=\"#totals\">TikTok&#39;s own totals</a>",
        "Fri 30 Oct 2026 00:00 – Sun 1 Nov 2026 00:00 · UTC. Corroboration, never proof",
        "=&lt;b&gt;…@…",
    ] {
        assert!(page.contains(text), "{text}");
    }
    let (_, table) = page.split_once("id=\"totals\"").unwrap();
    let rows: Vec<&str> = table.split_once("</tbody>").unwrap().0.split("<tr>").skip(2).collect();
    assert!(rows[0].starts_with("<th scope=\"row\">CompletePayment<small>pixel C4A1…H8I9"), "{}", rows[0]);
    let numbers: Vec<&str> =
        rows[0].split("<td>").skip(1).map(|cell| cell.split('<').next().unwrap()).collect();
    assert_eq!(numbers, ["37", "36", "33", "40", "30", "–", "90", "12"]);
    assert_eq!(rows.len(), 3, "conversions first, what nobody maps last");
}

#[test]
fn strength_stands_beside_the_keys_and_says_whose_it_is() {
    let page = html(&report());
    assert!(page.contains("Strength is ours, not TikTok&#39;s: the shares weighted by ttclid 30"));
    assert!(page.contains("<td><b>52 %</b>"), "24 of 46 of each key");
    let mut audit = result();
    for key in &mut audit.by_event[0].match_keys {
        (key.total, key.judged, key.valid, key.present) = (19, 10, 10, 10);
    }
    let page = html(&report_of(&audit));
    assert!(page.contains("<td><b>too few</b></td>"));
    assert!(page.contains("<small>known: 100 % of 10</small>"));
}

#[test]
fn what_no_browser_log_tells_is_not_called_unseen() {
    let mut audit = result();
    let counts = &mut audit.by_event[0].counts;
    (counts.missing_neither_leg, counts.missing_browser_unknown) = (1, 5);
    let page = html(&report_of(&audit));
    assert!(page.contains("9<small>3 fired</small><small>1 neither leg</small><small>5 not known</small>"));
    assert!(page.contains("class=\"maybe\"") && page.contains("browser unknown"));
    assert!(!html(&report()).contains("class=\"maybe\""));
}
