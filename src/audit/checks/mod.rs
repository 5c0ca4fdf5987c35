//! The catalogue of checks: one file each, one line here.
//!
//! A check counts and explains; whether a single key is concerned is its [`CheckFact::concerns`],
//! which `events --finding` asks too. `docs/findings.md` has a section for each code.

mod email_missing;
mod email_not_captured_before_paywall;
mod excluded_with_ttclid;
pub(super) mod known;
mod never_sent;
pub(super) mod no_receipt_log;
mod refusals;
mod refused_invalid;
mod refused_token;
mod throttled_not_retried;
mod ttclid_lost_after_landing;
mod ttclid_never_arrived;
mod words;

#[cfg(test)]
pub(super) mod testing;

use crate::domain::{Finding, Severity};

use super::CheckFact;

/// All checks.
pub const CHECKS: &[CheckFact] = &[
    no_receipt_log::FACT,
    ttclid_never_arrived::FACT,
    ttclid_lost_after_landing::FACT,
    email_not_captured_before_paywall::FACT,
    email_missing::FACT,
    refused_token::FACT,
    refused_invalid::FACT,
    throttled_not_retried::FACT,
    never_sent::FACT,
    excluded_with_ttclid::FACT,
];

/// The way to a pixel's token in TikTok's own pages, as the integration's page gives it.
macro_rules! events_api_path {
    () => {
        "Events Manager → Web Events → the pixel → Settings → Events API"
    };
}
use events_api_path;

/// A finding of a check, in the check's own words and with this data's counts.
fn finding(fact: &CheckFact, events: u64, summary: String, evidence: Vec<String>) -> Finding {
    let CheckFact { code, severity, title: _, causes: _, fix, fix_command, concerns: _, make: _ } = fact;
    Finding {
        code,
        severity: *severity,
        events,
        summary,
        evidence,
        fix: (*fix).to_owned(),
        fix_command: (*fix_command).to_owned(),
    }
}

/// Conversions among the lost, or a share of one in twenty, keep the worst severity; less is medium.
fn severity_of_loss(purchases: u64, lost: u64, of: u64) -> Severity {
    if purchases > 0 || lost.saturating_mul(20) >= of { Severity::High } else { Severity::Medium }
}

/// A match key that lacks on one event in twenty or more weakens matching; less is worth knowing.
fn severity_of_lack(lacking: u64, of: u64) -> Severity {
    if lacking.saturating_mul(20) >= of { Severity::Medium } else { Severity::Low }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_kebab_case_and_stand_once() {
        let codes: BTreeSet<_> = CHECKS.iter().map(|fact| fact.code).collect();
        assert_eq!(codes.len(), CHECKS.len());
        assert!(codes.iter().all(|code| code.bytes().all(|c| c.is_ascii_lowercase() || c == b'-')));
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
}
