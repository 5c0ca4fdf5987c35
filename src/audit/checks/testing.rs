//! Keys for the tests of checks: whole ones that no check minds, to be broken one at a time.

use crate::audit::{Audit, AuditResult, Scope, Subject};
use crate::domain::{Finding, LedgerRow, MatchKey, Policy, Range, Receipt, TimeMs, Verdict};
use crate::reconcile::testing::{event, hours, logs, policy, receipt, row};
use crate::reconcile::{Logs, decide, hold, missing_leg};

/// A whole key of a TikTok visitor who gave the address long ago: delivered.
pub fn clean(logged: &str) -> LedgerRow {
    let mut key = missing(logged, []);
    let name = key.name.clone().unwrap();
    key.receipts.push(receipt(name.as_str()).on("A").code(0));
    key
}

/// The same, with these receipts instead of an acceptance.
pub fn missing(logged: &str, receipts: impl IntoIterator<Item = Receipt>) -> LedgerRow {
    let mut key = row(event(logged), receipts);
    key.event.as_mut().unwrap().campaign = crate::domain::CampaignId::parse("12").ok();
    let session = key.session.as_mut().unwrap();
    (session.first_at, session.ttclid_at) = (Some(hours(-1)), Some(hours(-1)));
    (session.email_at, session.captured_at) = (Some(hours(-1)), Some(hours(-1)));
    key
}

/// Takes a match key from the record itself.
pub fn strip(key: &mut LedgerRow, match_key: MatchKey) {
    let bits = &mut key.event.as_mut().unwrap().keys;
    let without = |set: crate::domain::KeySet| {
        let mut left = crate::domain::KeySet::default();
        MatchKey::ALL
            .into_iter()
            .filter(|one| set.has(*one) && *one != match_key)
            .for_each(|one| left.add(one));
        left
    };
    (bits.present, bits.valid) = (without(bits.present), without(bits.valid));
}

/// What an audit says of these keys five hours after they happened.
pub fn audit(rows: &[LedgerRow]) -> AuditResult {
    audit_with(rows, &policy(), &logs(), hours(5))
}

pub fn audit_with(rows: &[LedgerRow], policy: &Policy, logs: &Logs, now: TimeMs) -> AuditResult {
    let mut audit = Audit::new(Scope { policy, logs, range: Range::ALL, now });
    for row in rows {
        let verdict = row.event.is_some().then(|| decide(row, policy, now));
        let is_missing = verdict.as_ref().is_some_and(Verdict::is_missing);
        audit.observe(&Subject {
            row,
            verdict: verdict.as_ref(),
            leg: is_missing.then(|| missing_leg(row, policy, logs)),
            stand: verdict
                .as_ref()
                .filter(|_| is_missing)
                .map(|verdict| hold(row, verdict, policy, logs, now)),
        });
    }
    audit.finish()
}

/// The only finding of these keys, which must have this code.
pub fn only(rows: &[LedgerRow], code: &str) -> Finding {
    let mut findings = audit(rows).findings;
    assert_eq!(findings.iter().map(|one| one.code).collect::<Vec<_>>(), [code]);
    findings.pop().unwrap()
}

/// Whether one of the finding's sentences starts like this.
pub fn shows(finding: &Finding, start: &str) -> bool {
    finding.evidence.iter().any(|sentence| sentence.starts_with(start))
}
