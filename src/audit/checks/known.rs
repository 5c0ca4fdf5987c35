//! What was known of a visitor when a key happened: shared by the checks on match keys.

use crate::domain::{
    Answer, Code, LedgerRow, MatchKey, Outcome, Policy, Refusal, StoredEvent, TimeMs, Verdict,
};
use crate::reconcile::source_of;
use crate::tiktok::answer::classify;
use crate::tiktok::event_map::{self, Value};

use super::super::Subject;

/// The event of a key that is TikTok's: neither an orphan nor excluded.
pub(super) fn expected_event<'a>(subject: &Subject<'a>) -> Option<&'a StoredEvent> {
    match subject.verdict {
        None | Some(Verdict::Excluded(_)) => None,
        Some(
            Verdict::Delivered
            | Verdict::Waiting
            | Verdict::Unknown { .. }
            | Verdict::Refused { .. }
            | Verdict::NeverSent { .. },
        ) => subject.row.event.as_ref(),
    }
}

/// Who TikTok blamed, of a refused key.
pub(super) fn refusal(subject: &Subject<'_>) -> Option<Refusal> {
    let Some(Verdict::Refused { code, http_status }) = subject.verdict else { return None };
    let answer = answer(*code, *http_status);
    match classify(&answer) {
        Outcome::Refused(refusal) => Some(refusal),
        Outcome::Accepted | Outcome::NotSent | Outcome::Unknown | Outcome::Unverified => None,
    }
}

/// The answer a verdict speaks of.
pub(super) fn answer(code: Code, http_status: Option<u16>) -> Answer {
    Answer { http_status, code, ..Answer::default() }
}

/// What shows that a visitor came from a TikTok ad or link, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// The page's `utm_source` is TikTok's.
    Utm,
    /// The referrer is TikTok's.
    Referrer,
    /// Only the campaign or the record says so.
    Source,
}

/// Whether anything shows that the visitor came from TikTok; a source that is only assumed does not.
pub(super) fn tiktok_sign(event: &StoredEvent, policy: &Policy) -> Option<Sign> {
    if event.facts.utm_is_tiktok() {
        Some(Sign::Utm)
    } else if event.facts.referrer_is_tiktok() {
        Some(Sign::Referrer)
    } else if source_of(event, policy).is_some() || policy.campaign(event.place.campaign.as_ref()).is_some() {
        Some(Sign::Source)
    } else {
        None
    }
}

/// Whether the session had shown a click id by the time of the event, in a field or a URL.
pub(super) fn session_had_ttclid(row: &LedgerRow, at: TimeMs) -> bool {
    row.session.as_ref().and_then(|session| session.ttclid_at).is_some_and(|seen| seen <= at)
}

/// How a key stands with its e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::audit) enum Email {
    /// It carries one.
    Carried,
    /// The visitor had given it, and the event does not carry it.
    KnownNotCarried,
    /// A checkout or payment event of a visitor who had not given it yet.
    NotCaptured,
    /// It could not be known: before the capture, on an event that is no checkout or payment.
    NotJudged,
}

/// Judges a key's e-mail address only where it could be known (product 7): at or after its capture,
/// and on checkout and payment events.
pub(in crate::audit) fn email(row: &LedgerRow, event: &StoredEvent) -> Email {
    if event.keys.present.has(MatchKey::Email) {
        return Email::Carried;
    }
    let by_then = |seen: Option<TimeMs>| seen.is_some_and(|seen| seen <= event.at);
    let was_captured =
        row.session.as_ref().is_some_and(|session| by_then(session.email_at) || by_then(session.captured_at));
    let fact = row.name.as_ref().and_then(|name| event_map::fact(name.as_str()));
    let is_capture = fact.is_some_and(|fact| fact.funnel == CAPTURE);
    if was_captured || is_capture {
        return Email::KnownNotCarried;
    }
    // Checkout and payment events are those that carry money.
    match fact.map(|fact| fact.value) {
        Some(Value::Needed | Value::Zero) if row.session.is_some() => Email::NotCaptured,
        // Nobody knows the visitor's past: the address lacks, and that is all that can be said.
        Some(Value::Needed | Value::Zero) => Email::KnownNotCarried,
        Some(Value::None) | None => Email::NotJudged,
    }
}

/// The funnel event that is the capture of an e-mail address.
const CAPTURE: &str = "email_captured";

/// Whether a key is a purchase.
pub(super) fn is_purchase(row: &LedgerRow) -> bool {
    row.name.as_ref().is_some_and(event_map::is_purchase)
}
