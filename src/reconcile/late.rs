//! The 48-hour clock, and what holds a key past it (product 6.1, 6.2).

use crate::domain::{
    Alone, Certainty, Duration, HeldClass, LedgerRow, Outcome, ServerLog, StoredEvent, TimeMs, Verdict,
};
use crate::tiktok::{answer, limits};

use super::answers::{Try, server_tries};
use super::hold::{Ground, server_log};
use super::{Browser, browser_fired};

/// A key's 48-hour clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The earliest time that anything can have reached TikTok (product 6.1).
    pub anchor: TimeMs,
    /// No byte may leave after this time.
    pub deadline: TimeMs,
}

/// The clock of a key that has an event: 47 h after the smallest of its records' times, its
/// receipts' and attempts' times on both legs, and the wall time of the first import that stored it.
#[must_use]
pub fn clock(row: &LedgerRow) -> Option<Clock> {
    let event = row.event.as_ref()?;
    let receipts = row.receipts.iter().filter_map(|receipt| receipt.at);
    let attempts = row.attempts.iter().map(|attempt| attempt.at);
    let anchor = receipts.chain(attempts).fold(event.at.min(event.seen_at), TimeMs::min);
    Some(Clock { anchor, deadline: anchor.plus(limits::SEND_WINDOW) })
}

/// The class of a key past its clock that the release rule does not release; `None` within the clock.
pub(super) fn late_class(
    row: &LedgerRow,
    event: &StoredEvent,
    verdict: &Verdict,
    ground: &Ground<'_>,
) -> Option<HeldClass> {
    if clock(row).is_none_or(|clock| ground.now < clock.deadline) {
        return None;
    }
    let browser = browser_fired(row, ground.policy, ground.logs);
    if browser == Browser::DidNotFire && was_never_processed(row, event, ground) {
        return None;
    }
    match (browser, verdict) {
        (Browser::Fired, _) => Some(HeldClass::LateBrowserFired),
        (_, Verdict::Unknown { .. }) => Some(HeldClass::LateAttemptUnknown),
        (Browser::DidNotFire | Browser::NotSeen | Browser::Unknown, _) => Some(HeldClass::LateBrowserUnseen),
    }
}

/// How much newer than the event a complete server log must be, so that a late send would be in it.
const LOG_LEAD: Duration = Duration::from_hours(1);

/// Whether TikTok certainly holds no server copy (product 6.2): a complete log that reaches an hour
/// past the event, and every answer in it or to us one that counts nothing.
fn was_never_processed(row: &LedgerRow, event: &StoredEvent, ground: &Ground<'_>) -> bool {
    let newest = ground.logs.newest_of(row.pixel.as_ref()).server_at;
    server_log(row, ground.policy) == ServerLog::Complete
        && newest.is_some_and(|newest| newest > event.at.plus(LOG_LEAD))
        && server_tries(row).all(|one| is_unprocessed(&one))
}

/// What we noted of our own attempt counts besides its answer: a time-out has no answer to judge.
fn is_unprocessed(one: &Try) -> bool {
    one.outcome == Outcome::NotSent
        || (answer::certainty(&one.answer) == Certainty::Unprocessed
            && one.outcome.certainty(Alone::Yes) == Certainty::Unprocessed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{PixelLog, Policy, Receipt, Unsendable};
    use crate::reconcile::testing::{attempt, event, hours, logs, logs_until, policy, receipt, row};
    use crate::reconcile::{Logs, Stand, decide, hold};

    const PAID: &str = "CompletePayment";

    fn paid() -> StoredEvent {
        event("payment_succeeded")
    }

    fn stand_at(row: &LedgerRow, policy: &Policy, now: TimeMs) -> Stand {
        hold(row, &decide(row, policy, now), policy, &logs(), now)
    }

    #[test]
    fn the_clock_starts_at_the_earliest_time_of_anything() {
        let mut one = row(paid(), [receipt(PAID).code(40002)]);
        let until = |row: &LedgerRow| clock(row).unwrap().deadline;
        assert_eq!(until(&one), hours(47));
        one.event.as_mut().unwrap().seen_at = hours(-1);
        assert_eq!(until(&one), hours(46));
        one.receipts.push(receipt(PAID).browser().at(hours(-2).as_ms()));
        assert_eq!(until(&one), hours(45));
        let mut ours = attempt(PAID, "A");
        ours.at = hours(-3);
        one.attempts.push(ours);
        assert_eq!(clock(&one), Some(Clock { anchor: hours(-3), deadline: hours(44) }));
        one.event = None;
        assert_eq!(clock(&one), None);
    }

    #[test]
    fn past_the_clock_a_key_is_held_by_what_is_known_of_it() {
        let late = |receipts: Vec<Receipt>| stand_at(&row(paid(), receipts), &policy(), hours(60));
        assert_eq!(late(vec![receipt(PAID).browser()]), Stand::Held(HeldClass::LateBrowserFired));
        assert_eq!(
            late(vec![receipt(PAID).browser(), receipt(PAID).code(50000)]),
            Stand::Held(HeldClass::LateBrowserFired)
        );
        assert_eq!(late(vec![receipt(PAID).code(50000)]), Stand::Held(HeldClass::LateAttemptUnknown));
        assert_eq!(late(vec![receipt(PAID).code(40105)]), Stand::Held(HeldClass::LateBrowserUnseen));
    }

    /// A config under which a key past the clock may be released.
    fn complete() -> Policy {
        let mut policy = policy();
        policy.pixels[0].server_log = ServerLog::Complete;
        policy.pixels[0].pixel_log = PixelLog::Complete;
        policy
    }

    #[test]
    fn past_the_clock_a_key_is_released_when_all_conditions_hold() {
        let released = Stand::Send { until: hours(7 * 24) };
        let late = |receipts: Vec<Receipt>| stand_at(&row(paid(), receipts), &complete(), hours(60));
        let unseen = Stand::Held(HeldClass::LateBrowserUnseen);
        assert_eq!(late(vec![]), released);
        for unprocessed in [
            receipt(PAID).code(40105),
            receipt(PAID).code(40001),
            receipt(PAID).code(40100),
            receipt(PAID).status(401),
            receipt(PAID).code(40002).alone(),
            receipt(PAID).code(40000).alone(),
        ] {
            assert_eq!(late(vec![unprocessed]), released);
        }
        for unclear in
            [receipt(PAID).code(40002), receipt(PAID).code(40011).alone(), receipt(PAID).code(40006).alone()]
        {
            assert_eq!(late(vec![unclear]), unseen);
        }
        assert_eq!(late(vec![receipt(PAID).status(200)]), Stand::Held(HeldClass::LateAttemptUnknown));
        assert_eq!(late(vec![receipt(PAID).browser()]), Stand::Held(HeldClass::LateBrowserFired));
        let mut ours = row(paid(), []);
        ours.attempts.push(attempt(PAID, "A").ended(Outcome::NotSent));
        assert_eq!(stand_at(&ours, &complete(), hours(60)), released);
        ours.attempts.push(attempt(PAID, "A"));
        assert_eq!(stand_at(&ours, &complete(), hours(60)), Stand::Held(HeldClass::LateAttemptUnknown));
        assert_eq!(
            stand_at(&row(paid(), []), &complete(), hours(7 * 24 + 1)),
            Stand::Unsendable(Unsendable::TooOld)
        );
    }

    #[test]
    fn each_condition_of_the_release_is_needed() {
        let one = row(paid(), []);
        let unseen = Stand::Held(HeldClass::LateBrowserUnseen);
        for server_log in [ServerLog::Partial, ServerLog::None] {
            let mut policy = complete();
            policy.pixels[0].server_log = server_log;
            assert_eq!(stand_at(&one, &policy, hours(60)), unseen);
        }
        let mut policy = complete();
        policy.pixels[0].pixel_log = PixelLog::Partial;
        assert_eq!(stand_at(&one, &policy, hours(60)), unseen);
        let verdict = decide(&one, &complete(), hours(60));
        let with = |logs: &Logs| hold(&one, &verdict, &complete(), logs, hours(60));
        assert_eq!(with(&logs_until(Some(1))), unseen);
        assert_eq!(with(&logs_until(Some(2))), Stand::Send { until: hours(7 * 24) });
    }
}
