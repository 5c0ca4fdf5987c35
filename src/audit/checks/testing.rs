//! Keys for the tests of checks: whole ones that no check minds, to be broken one at a time.

use crate::audit::{Audit, AuditResult, Carried, Legs, Part, Scope, Subject};
use crate::domain::{
    Finding, IdGroup, KeySet, LedgerRow, MatchKey, Mismatch, Policy, Range, Receipt, Sent, SentBody, TimeMs,
    Verdict,
};
use crate::reconcile::testing::{amount, event, hours, logs, policy, receipt, row};
use crate::reconcile::{Logs, decide, hold, missing_leg, resolve};
use crate::tiktok::{event_map, tags};

/// A whole key of a TikTok visitor who gave the address long ago: seen on both legs, delivered.
pub fn clean(logged: &str) -> LedgerRow {
    let mut key = server_only(logged);
    let name = key.name.clone().unwrap();
    key.receipts.push(receipt(name.as_str()).on("A").browser());
    key
}

/// The same without the browser's copy.
pub fn server_only(logged: &str) -> LedgerRow {
    let mut key = missing(logged, []);
    let name = key.name.clone().unwrap();
    key.receipts.push(receipt(name.as_str()).on("A").code(0));
    key
}

/// The same, with these receipts instead of an acceptance.
pub fn missing(logged: &str, receipts: impl IntoIterator<Item = Receipt>) -> LedgerRow {
    let mut key = row(event(logged), receipts);
    let fact = key.name.as_ref().and_then(|name| event_map::fact(name.as_str()));
    let event = key.event.as_mut().unwrap();
    event.place_mut().campaign = crate::domain::CampaignId::parse("12").ok();
    if fact.is_some_and(|fact| fact.value == event_map::Value::Zero) {
        event.value = amount("0");
    }
    let session = key.session.as_mut().unwrap();
    (session.first_at, session.ttclid_at) = (Some(hours(-1)), Some(hours(-1)));
    (session.email_at, session.captured_at) = (Some(hours(-1)), Some(hours(-1)));
    key
}

/// A key of which the log has the request's body, which holds all that the funnel knew.
pub fn exchange(logged: &str) -> LedgerRow {
    let mut key = clean(logged);
    let event = key.event.as_ref().unwrap();
    let body = SentBody {
        keys: event.keys,
        value: event.value,
        currency: tags::of_text("USD"),
        has_contents: true,
        ..SentBody::default()
    };
    key.receipts[0].sent = Some(Box::new(Sent { body, mismatch: Mismatch::default() }));
    key
}

/// Changes what was sent of such a key.
pub fn sends(mut key: LedgerRow, change: impl FnOnce(&mut Sent)) -> LedgerRow {
    change(key.receipts[0].sent.as_mut().unwrap());
    key
}

/// What was sent, but for one match key.
pub fn without(sent: &Sent, match_key: MatchKey) -> KeySet {
    let mut left = KeySet::default();
    let others = MatchKey::ALL.into_iter().filter(|one| *one != match_key);
    others.filter(|one| sent.body.keys.present.has(*one)).for_each(|one| left.add(one));
    left
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
    let mut audit = Audit::new(Scope { policy, logs, range: Range::ALL, now, view: Part::Whole });
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
            siblings: std::slice::from_ref(row),
            legs: Legs::of(row),
            carried: Carried::of(row),
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

/// What an audit says of these keys under one code.
pub fn found(rows: &[LedgerRow], code: &str) -> Option<Finding> {
    audit(rows).findings.into_iter().find(|one| one.code == code)
}

/// Whether one of the finding's sentences starts like this.
pub fn shows(finding: &Finding, start: &str) -> bool {
    finding.evidence.iter().any(|sentence| sentence.starts_with(start))
}

/// A key without siblings, for tests that give it to an audit themselves.
pub fn lone<'a>(row: &'a LedgerRow, verdict: Option<&'a Verdict>) -> Subject<'a> {
    let (siblings, legs) = (std::slice::from_ref(row), Legs::of(row));
    Subject { row, verdict, leg: None, stand: None, siblings, legs, carried: Carried::of(row) }
}

/// What an audit of a time span needs, five hours after things happened.
pub fn scope<'a>(policy: &'a Policy, logs: &'a Logs, range: Range) -> Scope<'a> {
    Scope { policy, logs, range, now: hours(5), view: Part::Whole }
}

/// All keys of a group, as siblings; the group's id is that of all test events.
pub fn found_in_group(group: IdGroup, code: &str) -> Option<Finding> {
    let (policy, logs) = (policy(), logs());
    let rows = resolve(group, &policy);
    let mut audit = Audit::new(scope(&policy, &logs, Range::ALL));
    for row in &rows {
        let verdict = row.event.is_some().then(|| decide(row, &policy, hours(5)));
        audit.observe(&Subject { siblings: &rows, ..lone(row, verdict.as_ref()) });
    }
    audit.finish().findings.into_iter().find(|one| one.code == code)
}

/// The same key at another time, its receipts moved with it.
pub fn at(mut key: LedgerRow, at: TimeMs) -> LedgerRow {
    let event = key.event.as_mut().unwrap();
    let by = at.since(event.at);
    (event.at, event.seen_at) = (at, at);
    key.receipts.iter_mut().for_each(|receipt| receipt.at = receipt.at.map(|sent| sent.plus(by)));
    key
}
