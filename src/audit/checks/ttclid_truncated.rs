//! Click ids that were cut off at the length of a column or a cookie.

use crate::domain::{Finding, Flaw, Flaws, MatchKey, Severity};

use super::super::{Check, CheckFact, Scope, Subject};
use super::flawed::{given, has};
use super::known::is_purchase;
use super::words::{events, events_do, share};
use super::{finding, severity_of_lack};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "ttclid-truncated",
    severity: Severity::Medium,
    title: "The ttclid was cut off on the way.",
    causes: &[
        "A database column or a cookie is too short for it.",
        "A tag or a template cuts long values off.",
    ],
    fix: "Make room for 1000 characters wherever the ttclid is kept, and send it whole.",
    fix_command: "makegood events --finding ttclid-truncated",
    concerns: |subject, _| given(subject, MatchKey::Ttclid, CUT) == Some(true),
    make: || Box::new(Truncated::default()),
};

const CUT: Flaws = Flaws::of(&[Flaw::TtclidCut, Flaw::TtclidAtLimit]);

/// So many of a limit's length, and half of all, are no accident: TikTok's own differ in length.
const AT_LIMIT_MIN: u64 = 20;

#[derive(Default)]
struct Truncated {
    judged: u64,
    /// The whole one stands in the record's own URL.
    cut: u64,
    at_limit: u64,
    purchases: u64,
}

impl Truncated {
    /// Those at a limit that count as cut: a length alone says so only where it is common.
    fn at_limit_counted(&self) -> u64 {
        let are_many = self.at_limit >= AT_LIMIT_MIN && self.at_limit.saturating_mul(2) >= self.judged;
        if are_many || self.cut > 0 { self.at_limit } else { 0 }
    }
}

impl Check for Truncated {
    fn observe(&mut self, subject: &Subject<'_>, _: &Scope<'_>) {
        let Some(is_cut) = given(subject, MatchKey::Ttclid, CUT) else { return };
        self.judged += 1;
        if is_cut {
            let is_certain = has(subject, Flaw::TtclidCut);
            self.cut += u64::from(is_certain);
            self.at_limit += u64::from(!is_certain);
            self.purchases += u64::from(is_purchase(subject.row));
        }
    }

    fn confirms(&self, subject: &Subject<'_>) -> bool {
        has(subject, Flaw::TtclidCut) || self.at_limit_counted() > 0
    }

    fn findings(&self, _: &Scope<'_>) -> Vec<Finding> {
        let at_limit = self.at_limit_counted();
        let keys = self.cut + at_limit;
        if keys == 0 {
            return Vec::new();
        }
        let summary = format!(
            "{} a ttclid that was cut off ({} of those that carry one).",
            events_do(keys, "carries", "carry"),
            share(keys, self.judged)
        );
        let evidence = vec![
            format!("The whole one stands in the record's own page URL: {}.", events(self.cut)),
            format!(
                "Exactly as long as a common limit (64, 100, 128, 255, 256, 500, 512, 1000): {}.",
                events(at_limit)
            ),
            format!("Purchases among them: {}.", events(self.purchases)),
        ];
        let severity = severity_of_lack(keys, self.judged);
        vec![Finding { severity, ..finding(&FACT, keys, summary, evidence) }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{audit, clean, lone, only, scope, shows};
    use crate::domain::{LedgerRow, Range, Verdict};
    use crate::reconcile::testing::{logs, policy};

    fn cut(flaw: Flaw) -> LedgerRow {
        let mut key = clean("lead");
        key.event.as_mut().unwrap().flaws.add(flaw);
        key
    }

    #[test]
    fn it_fires_where_the_url_has_the_whole_one() {
        let found = only(&[cut(Flaw::TtclidCut), clean("lead")], FACT.code);
        assert_eq!(found.events, 1);
        assert!(shows(&found, "The whole one stands in the record's own page URL: 1 event."));
    }

    #[test]
    fn a_length_alone_must_be_common() {
        let mut rows = vec![cut(Flaw::TtclidAtLimit); 19];
        assert_eq!(audit(&rows).findings, []);
        rows.push(cut(Flaw::TtclidAtLimit));
        assert_eq!(only(&rows, FACT.code).events, 20);
        rows.extend(vec![clean("lead"); 21]);
        assert_eq!(audit(&rows).findings, []);
    }

    #[test]
    fn it_lists_what_it_counts() {
        let (policy, logs) = (policy(), logs());
        let scope = scope(&policy, &logs, Range::ALL);
        let (long, certain) = (cut(Flaw::TtclidAtLimit), cut(Flaw::TtclidCut));
        let is_listed =
            |check: &Truncated, row: &LedgerRow| check.confirms(&lone(row, Some(&Verdict::Delivered)));
        let mut check = Truncated::default();
        check.observe(&lone(&long, Some(&Verdict::Delivered)), &scope);
        assert!(!is_listed(&check, &long) && is_listed(&check, &certain));
        check.observe(&lone(&certain, Some(&Verdict::Delivered)), &scope);
        assert!(is_listed(&check, &long));
    }
}
