//! What stands against sending a missing key unattended (product 6.2).

use crate::domain::{
    Consent, HeldClass, LedgerRow, Policy, ServerLog, SessionState, StoredEvent, TimeMs, Unsendable, Verdict,
};
use crate::tiktok::answer;

use super::answers::{has_only_test_receipts, server_tries};
use super::late::{clock, late_class};
use super::unsendable::{has_token, too_old_at, unsendable};
use super::{Logs, is_assumed_source};

/// What stands against sending a missing key unattended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// Nothing: it may go out until the deadline (or, released by product 6.2, until it is too old).
    Send {
        /// No byte may leave after this time.
        until: TimeMs,
    },
    /// It is held.
    Held(HeldClass),
    /// It cannot be sent as it is.
    Unsendable(Unsendable),
    /// Another worker holds it, or it is not due before this time.
    NotDue(TimeMs),
    /// It is never sent: delivered, excluded, or its session's newest word on consent is a denial.
    Never,
}

/// What stands against sending a missing key.
///
/// Tested in this order: whether anything is owed at all (also by the session's consent), whether it
/// is due, what makes it unsendable whoever releases it, the held classes in the order of
/// [`HeldClass::ALL`], and last the pixel's token, which is the operator's to add.
#[must_use]
pub fn hold(row: &LedgerRow, verdict: &Verdict, policy: &Policy, logs: &Logs, now: TimeMs) -> Stand {
    stand(row, verdict, &Ground { policy, logs, now }, &[])
}

/// What every test needs besides the key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground<'a> {
    pub(super) policy: &'a Policy,
    pub(super) logs: &'a Logs,
    pub(super) now: TimeMs,
}

/// As [`hold`], with the classes that a person released: each stands for itself, so a key that is
/// held for two reasons needs both.
pub(super) fn stand(
    row: &LedgerRow,
    verdict: &Verdict,
    ground: &Ground<'_>,
    released: &[HeldClass],
) -> Stand {
    let Some(event) = &row.event else { return Stand::Never };
    match verdict {
        Verdict::Excluded(_) | Verdict::Delivered => return Stand::Never,
        Verdict::Waiting => return Stand::NotDue(event.at.plus(ground.policy.grace)),
        Verdict::Unknown { .. } | Verdict::Refused { .. } | Verdict::NeverSent { .. } => {}
    }
    if row.session.as_ref().is_some_and(SessionState::is_denied) {
        return Stand::Never;
    }
    if let Some(due) = not_due(row, ground.now) {
        return Stand::NotDue(due);
    }
    if let Some(why) = unsendable(row, event, ground.policy, ground.now) {
        return Stand::Unsendable(why);
    }
    if let Some(class) = held_classes(row, event, verdict, ground).find(|class| !released.contains(class)) {
        return Stand::Held(class);
    }
    if !has_token(row, ground.policy) {
        return Stand::Unsendable(Unsendable::NoPixelOrToken);
    }
    let too_old = too_old_at(event, ground.policy);
    let deadline = clock(row).map(|clock| clock.deadline).filter(|deadline| ground.now < *deadline);
    // Past the clock only a release sends: by the rule of product 6.2 or by hand.
    Stand::Send { until: deadline.map_or(too_old, |deadline| deadline.min(too_old)) }
}

/// The class a key would be held in if nobody released anything.
pub(super) fn first_class(row: &LedgerRow, verdict: &Verdict, ground: &Ground<'_>) -> Option<HeldClass> {
    let event = row.event.as_ref()?;
    held_classes(row, event, verdict, ground).next()
}

fn not_due(row: &LedgerRow, now: TimeMs) -> Option<TimeMs> {
    let claim = row.claim.as_ref()?;
    Some(claim.lease_until.max(claim.not_before)).filter(|due| now < *due)
}

/// The classes that apply to a key, in the order of display.
fn held_classes<'a>(
    row: &'a LedgerRow,
    event: &'a StoredEvent,
    verdict: &'a Verdict,
    ground: &'a Ground<'_>,
) -> impl Iterator<Item = HeldClass> + 'a {
    let late = late_class(row, event, verdict, ground);
    let newest_server = ground.logs.newest_of(row.pixel.as_ref()).server_at;
    let server_log = server_log(row, ground.policy);
    let is_logged = server_log != ServerLog::None;
    HeldClass::ALL.into_iter().filter(move |class| match class {
        HeldClass::LateBrowserFired | HeldClass::LateBrowserUnseen | HeldClass::LateAttemptUnknown => {
            late == Some(*class)
        }
        HeldClass::NoReceiptLog => is_logged && newest_server.is_none(),
        HeldClass::ReceiptsBehind => {
            is_logged
                && (ground.logs.has_unreadable() || newest_server.is_some_and(|newest| newest <= event.at))
        }
        HeldClass::SeenUnderAnotherName => row.elsewhere.another_name,
        HeldClass::SeenOnAnotherPixel => row.elsewhere.another_pixel,
        HeldClass::OnlyTestReceipts => has_only_test_receipts(row),
        HeldClass::SourceAssumed => is_assumed_source(event, ground.policy),
        HeldClass::ConsentUnknown => is_consent_unknown(event, ground),
        HeldClass::PixelDiffers => row.pixel_differs,
        HeldClass::ContentDiffers => event.facts.money_differs(),
        HeldClass::DoNotRepeat => server_tries(row).any(|one| answer::forbids_repeat(&one.answer)),
    })
}

/// What the config says of the server log of a key's pixel.
pub(super) fn server_log(row: &LedgerRow, policy: &Policy) -> ServerLog {
    let pixel = row.pixel.as_ref().and_then(|pixel| policy.pixel(pixel));
    pixel.map_or_else(ServerLog::default, |pixel| pixel.server_log)
}

/// Absent consent is fine unless the config wants it or the campaign's other records carry it.
fn is_consent_unknown(event: &StoredEvent, ground: &Ground<'_>) -> bool {
    match event.facts.consent() {
        Consent::Granted | Consent::Denied => false,
        Consent::Unclear => true,
        Consent::Absent => {
            ground.policy.backfill.require_consent || ground.logs.has_consent(event.place.campaign.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{CampaignId, Claim, Code, Duration, LogFacts, Outcome, Refusal};
    use crate::reconcile::decide;
    use crate::reconcile::testing::{
        T0, attempt, event, hours, logs, logs_until, name, pixel, policy, receipt, row,
    };

    const PAID: &str = "CompletePayment";

    fn paid() -> StoredEvent {
        event("payment_succeeded")
    }

    type Change<'a> = &'a dyn Fn(&mut LedgerRow);

    fn of(row: &mut LedgerRow) -> &mut StoredEvent {
        row.event.as_mut().unwrap()
    }

    fn stand_at(row: &LedgerRow, policy: &Policy, now: TimeMs) -> Stand {
        hold(row, &decide(row, policy, now), policy, &logs(), now)
    }

    fn fresh(row: &LedgerRow) -> Stand {
        stand_at(row, &policy(), hours(5))
    }

    #[test]
    fn a_fresh_key_is_sent_until_its_deadline() {
        for receipts in [vec![], vec![receipt(PAID).code(40105)], vec![receipt(PAID).code(50000)]] {
            assert_eq!(fresh(&row(paid(), receipts)), Stand::Send { until: hours(47) });
        }
        let one = row(paid(), []);
        let last = hours(47).minus(Duration::from_ms(1));
        assert_eq!(stand_at(&one, &policy(), last), Stand::Send { until: hours(47) });
        assert_eq!(stand_at(&one, &policy(), hours(47)), Stand::Held(HeldClass::LateBrowserUnseen));
        let mut hasty = policy();
        hasty.backfill.age_max = Duration::from_hours(24);
        assert_eq!(stand_at(&one, &hasty, hours(5)), Stand::Send { until: hours(24) });
    }

    #[test]
    fn the_logs_must_reach_past_the_event() {
        let one = row(paid(), []);
        let with = |policy: &Policy, logs: &Logs| {
            hold(&one, &decide(&one, policy, hours(5)), policy, logs, hours(5))
        };
        assert_eq!(with(&policy(), &logs_until(None)), Stand::Held(HeldClass::NoReceiptLog));
        assert_eq!(with(&policy(), &logs_until(Some(0))), Stand::Held(HeldClass::ReceiptsBehind));
        let unreadable = LogFacts {
            by_pixel: vec![(pixel("A"), logs().newest(&pixel("A")))],
            unreadable: vec![("x.jsonl".into(), "gone".into())],
            ..LogFacts::default()
        };
        let unreadable = Logs::new(&unreadable, &policy());
        assert_eq!(with(&policy(), &unreadable), Stand::Held(HeldClass::ReceiptsBehind));
        let mut none = policy();
        none.pixels[0].server_log = ServerLog::None;
        for logs in [logs_until(None), logs_until(Some(0)), unreadable] {
            assert_eq!(with(&none, &logs), Stand::Send { until: hours(47) });
        }
    }

    #[test]
    fn every_other_class_holds_on_its_own() {
        let held = |change: Change<'_>| {
            let mut one = row(paid(), []);
            change(&mut one);
            fresh(&one)
        };
        let cases: [(HeldClass, Change<'_>); 8] = [
            (HeldClass::SeenUnderAnotherName, &|row| row.elsewhere.another_name = true),
            (HeldClass::SeenOnAnotherPixel, &|row| row.elsewhere.another_pixel = true),
            (HeldClass::OnlyTestReceipts, &|row| row.receipts.push(receipt(PAID).code(0).test())),
            (HeldClass::SourceAssumed, &|row| of(row).place_mut().source = None),
            (HeldClass::ConsentUnknown, &|row| of(row).facts.set_consent(Consent::Unclear)),
            (HeldClass::PixelDiffers, &|row| row.pixel_differs = true),
            (HeldClass::ContentDiffers, &|row| of(row).facts.set_money_differs()),
            (HeldClass::DoNotRepeat, &|row| row.receipts.push(receipt(PAID).code(40050))),
        ];
        for (class, change) in cases {
            assert_eq!(held(change), Stand::Held(class));
        }
        assert_eq!(held(&|row| of(row).facts.set_content_differs()), Stand::Send { until: hours(47) });
        assert_eq!(
            held(&|row| row.receipts.push(receipt(PAID).code(40999))),
            Stand::Held(HeldClass::DoNotRepeat)
        );
        let ours = |row: &mut LedgerRow| {
            row.attempts.push(attempt(PAID, "A"));
            row.attempts[0].code = Code::Integer(40050);
        };
        assert_eq!(held(&ours), Stand::Held(HeldClass::DoNotRepeat));
    }

    #[test]
    fn absent_consent_is_held_where_consent_is_recorded_or_required() {
        let mut one = paid();
        one.place_mut().campaign = Some(CampaignId::parse("12").unwrap());
        let facts = LogFacts {
            by_pixel: vec![(pixel("A"), logs().newest(&pixel("A")))],
            consent_campaigns: vec![one.place.campaign.clone()],
            ..LogFacts::default()
        };
        let recorded = Logs::new(&facts, &policy());
        let with = |event: &StoredEvent, policy: &Policy, logs: &Logs| {
            let row = row(event.clone(), []);
            hold(&row, &decide(&row, policy, hours(5)), policy, logs, hours(5))
        };
        let (send, unknown) = (Stand::Send { until: hours(47) }, Stand::Held(HeldClass::ConsentUnknown));
        assert_eq!(with(&one, &policy(), &logs()), send);
        assert_eq!(with(&one, &policy(), &recorded), unknown);
        let mut strict = policy();
        strict.backfill.require_consent = true;
        assert_eq!(with(&one, &strict, &logs()), unknown);
        one.facts.set_consent(Consent::Granted);
        assert_eq!(with(&one, &strict, &recorded), send);
        one.facts.set_consent(Consent::Absent);
        one.place_mut().campaign = None;
        assert_eq!(with(&one, &policy(), &recorded), send);
    }

    #[test]
    fn the_newest_denial_of_a_session_wins_and_cannot_be_released() {
        let mut one = row(paid(), []);
        let session = one.session.as_mut().unwrap();
        session.denied_at = Some(hours(1));
        let verdict = decide(&one, &policy(), hours(5));
        let (policy, logs) = (policy(), logs());
        let ground = Ground { policy: &policy, logs: &logs, now: hours(5) };
        assert_eq!(stand(&one, &verdict, &ground, &HeldClass::ALL), Stand::Never);
        one.session.as_mut().unwrap().granted_at = Some(hours(2));
        assert_eq!(stand(&one, &verdict, &ground, &[]), Stand::Send { until: hours(47) });
    }

    #[test]
    fn a_release_by_hand_lifts_its_own_class_only() {
        let mut one = row(paid(), [receipt(PAID).browser()]);
        one.pixel_differs = true;
        let (policy, logs) = (policy(), logs());
        let ground = Ground { policy: &policy, logs: &logs, now: hours(60) };
        let verdict = decide(&one, &policy, hours(60));
        let with = |released: &[HeldClass]| stand(&one, &verdict, &ground, released);
        assert_eq!(with(&[]), Stand::Held(HeldClass::LateBrowserFired));
        assert_eq!(with(&[HeldClass::PixelDiffers]), Stand::Held(HeldClass::LateBrowserFired));
        assert_eq!(with(&[HeldClass::LateBrowserFired]), Stand::Held(HeldClass::PixelDiffers));
        let both = [HeldClass::LateBrowserFired, HeldClass::PixelDiffers];
        assert_eq!(with(&both), Stand::Send { until: hours(7 * 24) });
        assert_eq!(first_class(&one, &verdict, &ground), Some(HeldClass::LateBrowserFired));
    }

    #[test]
    fn a_claimed_key_is_not_due() {
        let mut one = row(paid(), []);
        one.claim = Some(Claim {
            name: name(PAID),
            pixel: pixel("A"),
            batch: 1,
            lease_until: hours(6),
            not_before: hours(7),
        });
        assert_eq!(fresh(&one), Stand::NotDue(hours(7)));
        assert_eq!(stand_at(&one, &policy(), hours(7)), Stand::Send { until: hours(47) });
        assert_eq!(stand_at(&row(paid(), []), &policy(), T0), Stand::NotDue(T0.plus(policy().grace)));
    }

    #[test]
    fn the_token_is_asked_for_last() {
        let mut without = policy();
        without.pixels[0].has_token = false;
        let one = row(paid(), []);
        for policy in [without.clone(), Policy::default()] {
            assert_eq!(stand_at(&one, &policy, hours(5)), Stand::Unsendable(Unsendable::NoPixelOrToken));
            assert_eq!(stand_at(&one, &policy, hours(60)), Stand::Held(HeldClass::LateBrowserUnseen));
        }
        let mut ours = row(paid(), []);
        ours.attempts.push(attempt(PAID, "A").ended(Outcome::Refused(Refusal::Credential)));
        assert_eq!(fresh(&ours), Stand::Send { until: hours(47) });
    }
}
