//! The verdict: one exhaustive test in the order of product 5.

use crate::domain::{
    Consent, Exclusion, LedgerRow, Leg, MissingLeg, Outcome, PixelLog, Policy, StoredEvent, TimeMs, Verdict,
};
use crate::tiktok::event_map;

use super::Logs;
use super::answers::{Try, has_only_test_receipts, server_tries};

/// What is known of a key's browser leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Browser {
    /// A browser receipt says it fired.
    Fired,
    /// It certainly did not: its leg is off, or the log is complete and has no receipt.
    DidNotFire,
    /// There is a browser log, and it has no receipt.
    NotSeen,
    /// There is no browser log.
    Unknown,
}

/// The verdict of a key that has an event.
///
/// Consent is the record's own here; a later denial of its session counts when something is to be
/// sent (product 6.6). An event ahead of `now` is younger than the grace period, so it is waiting.
/// An orphan has no verdict; asked for one, this answers as if its event were old and TikTok's.
#[must_use]
pub fn decide(row: &LedgerRow, policy: &Policy, now: TimeMs) -> Verdict {
    if let Some(reason) = row.event.as_ref().and_then(|event| exclusion(row, event, policy)) {
        return Verdict::Excluded(reason);
    }
    let answers = Answers::of(row);
    if answers.accepted {
        return Verdict::Delivered;
    }
    if row.event.as_ref().is_some_and(|event| now.since(event.at) < policy.grace) {
        return Verdict::Waiting;
    }
    if let Some(last) = answers.ambiguous {
        return Verdict::Unknown { unverified: last.outcome == Outcome::Unverified, code: last.answer.code };
    }
    if let Some(last) = answers.refused {
        return Verdict::Refused { code: last.answer.code, http_status: last.answer.http_status };
    }
    Verdict::NeverSent { only_test: has_only_test_receipts(row) }
}

/// The source that decides: the campaign's, else the record's; blank ones are none (product 3).
#[must_use]
pub fn source_of<'a>(event: &'a StoredEvent, policy: &'a Policy) -> Option<&'a str> {
    let campaign =
        policy.campaign(event.place.campaign.as_ref()).and_then(|campaign| campaign.source.as_deref());
    campaign.or(event.place.source.as_deref()).filter(|source| !source.trim().is_empty())
}

/// Whether nothing says where the visitor came from, so that TikTok is only assumed.
#[must_use]
pub fn is_assumed_source(event: &StoredEvent, policy: &Policy) -> bool {
    source_of(event, policy).is_none()
}

fn exclusion(row: &LedgerRow, event: &StoredEvent, policy: &Policy) -> Option<Exclusion> {
    let foreign = source_of(event, policy)
        .is_some_and(|source| !event_map::is_tiktok_source(source, &policy.source_aliases));
    if foreign {
        return Some(Exclusion::OtherSource);
    }
    if row.name.is_none() {
        let nearest = event_map::resolve(event.name.as_str(), &policy.names).err().flatten();
        return Some(Exclusion::Unmapped(nearest));
    }
    match event.facts.consent() {
        Consent::Denied => return Some(Exclusion::ConsentDenied),
        Consent::Absent | Consent::Granted | Consent::Unclear => {}
    }
    if event.facts.is_test() {
        return Some(Exclusion::MarkedTest);
    }
    policy
        .campaign(event.place.campaign.as_ref())
        .is_some_and(|campaign| !campaign.server_leg)
        .then_some(Exclusion::NoServerLeg)
}

/// The server tries of a key, folded: the last one of each kind that decides.
#[derive(Default)]
struct Answers {
    accepted: bool,
    ambiguous: Option<Try>,
    refused: Option<Try>,
}

impl Answers {
    fn of(row: &LedgerRow) -> Self {
        let mut answers = Self::default();
        for one in server_tries(row) {
            match one.outcome {
                Outcome::Accepted => answers.accepted = true,
                Outcome::Unknown | Outcome::Unverified => keep_last(&mut answers.ambiguous, one),
                Outcome::Refused(_) => keep_last(&mut answers.refused, one),
                // No byte left: as if it had never been tried.
                Outcome::NotSent => {}
            }
        }
        answers
    }
}

/// Tries without a time come first; of several at one time the greatest answer stays, so that the
/// order of reading decides nothing.
fn keep_last(last: &mut Option<Try>, one: Try) {
    let rank = |one: &Try| (one.at, one.outcome, one.answer);
    if last.as_ref().is_none_or(|kept| rank(kept) < rank(&one)) {
        *last = Some(one);
    }
}

/// What is known of the key's browser leg.
#[must_use]
pub fn browser_fired(row: &LedgerRow, policy: &Policy, logs: &Logs) -> Browser {
    if row.receipts.iter().any(|receipt| receipt.leg == Leg::Browser) {
        return Browser::Fired;
    }
    let campaign = row.event.as_ref().and_then(|event| policy.campaign(event.place.campaign.as_ref()));
    let pixel = row.pixel.as_ref().and_then(|pixel| policy.pixel(pixel));
    let is_off = campaign.is_some_and(|campaign| !campaign.pixel_leg);
    let is_complete = pixel.is_some_and(|pixel| match pixel.pixel_log {
        PixelLog::Complete => true,
        PixelLog::Partial => false,
    });
    if is_off || is_complete {
        Browser::DidNotFire
    } else if logs.newest_of(row.pixel.as_ref()).browser_at.is_some() {
        Browser::NotSeen
    } else {
        Browser::Unknown
    }
}

/// On which side of the split by the other leg a missing key falls.
#[must_use]
pub fn missing_leg(row: &LedgerRow, policy: &Policy, logs: &Logs) -> MissingLeg {
    match browser_fired(row, policy, logs) {
        Browser::Fired => MissingLeg::BrowserFired,
        Browser::DidNotFire | Browser::NotSeen => MissingLeg::Neither,
        Browser::Unknown => MissingLeg::BrowserUnknown,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::{CampaignId, Code, EventName, LogFacts, LogNewest, Outcome, Refusal};
    use crate::reconcile::testing::{
        T0, attempt, campaign_policy, event, hours, id, name, pixel, policy, receipt, row,
    };

    const PAID: &str = "CompletePayment";

    fn paid() -> StoredEvent {
        event("payment_succeeded")
    }

    fn verdict(row: &LedgerRow) -> Verdict {
        decide(row, &policy(), hours(5))
    }

    fn refused(code: i64) -> Verdict {
        Verdict::Refused { code: Code::Integer(code), http_status: Some(200) }
    }

    const NEVER_SENT: Verdict = Verdict::NeverSent { only_test: false };

    #[test]
    fn the_exclusions_come_first_and_in_the_products_order() {
        let campaign = CampaignId::parse("12").unwrap();
        let mut off = campaign_policy();
        off.server_leg = false;
        let policy = Policy { campaigns: BTreeMap::from([(campaign.clone(), off)]), ..policy() };
        let mut all = event("Renewal");
        all.place_mut().source = Some("facebook".into());
        all.facts.set_consent(Consent::Denied);
        all.facts.set_test();
        all.place_mut().campaign = Some(campaign);
        let reason = |event: &StoredEvent| {
            let verdict = decide(&row(event.clone(), [receipt(PAID).code(0)]), &policy, hours(5));
            if let Verdict::Excluded(reason) = &verdict { reason.code() } else { verdict.word() }
        };
        assert_eq!(reason(&all), "other-source");
        all.place_mut().source = Some("TikTok Ads".into());
        assert_eq!(reason(&all), "unmapped");
        all.name = name("payment_succeeded");
        assert_eq!(reason(&all), "consent-denied");
        all.facts.set_consent(Consent::Unclear);
        assert_eq!(reason(&all), "marked-test");
        all.facts = paid().facts;
        assert_eq!(reason(&all), "no-server-leg");
        all.place_mut().campaign = None;
        assert_eq!(reason(&all), "delivered");
    }

    #[test]
    fn the_campaigns_source_wins_and_none_at_all_is_tiktoks() {
        let campaign = CampaignId::parse("12").unwrap();
        let mut by_campaign = campaign_policy();
        by_campaign.source = Some("tik-tok".into());
        let policy = Policy { campaigns: BTreeMap::from([(campaign.clone(), by_campaign)]), ..policy() };
        let mut one = paid();
        one.place_mut().source = Some("facebook".into());
        one.place_mut().campaign = Some(campaign);
        assert_eq!(decide(&row(one.clone(), []), &policy, hours(5)), NEVER_SENT);
        one.place_mut().campaign = None;
        for none in [None, Some(" ".into())] {
            one.place_mut().source = none;
            assert_eq!(decide(&row(one.clone(), []), &policy, hours(5)), NEVER_SENT);
            assert!(is_assumed_source(&one, &policy));
        }
    }

    #[test]
    fn an_unmapped_name_suggests_the_nearest() {
        let verdict = verdict(&row(event("payment_suceeded"), []));
        assert_eq!(verdict, Verdict::Excluded(Exclusion::Unmapped(EventName::parse(PAID).ok())));
    }

    #[test]
    fn any_acceptance_delivers_whatever_else_was_answered() {
        let late = T0.as_ms() + 9000;
        assert_eq!(
            verdict(&row(paid(), [receipt(PAID).code(0), receipt(PAID).at(late).code(40105)])),
            Verdict::Delivered
        );
        let mut ours = row(paid(), [receipt(PAID).code(50000)]);
        ours.attempts.push(attempt(PAID, "A").ended(Outcome::Accepted));
        assert_eq!(verdict(&ours), Verdict::Delivered);
        ours.attempts[0].is_test = true;
        assert_eq!(verdict(&ours), Verdict::Unknown { unverified: false, code: Code::Integer(50000) });
    }

    #[test]
    fn only_a_server_acceptance_delivers() {
        assert_eq!(verdict(&row(paid(), [receipt(PAID).browser()])), NEVER_SENT);
        assert_eq!(
            verdict(&row(paid(), [receipt(PAID).code(0).status(500)])),
            Verdict::Unknown { unverified: false, code: Code::Integer(0) }
        );
        assert_eq!(
            verdict(&row(paid(), [receipt(PAID).status(200)])),
            Verdict::Unknown { unverified: true, code: Code::Absent }
        );
    }

    #[test]
    fn a_young_key_or_one_ahead_of_now_is_waiting_unless_accepted() {
        let at = |minutes| T0.plus(crate::domain::Duration::from_mins(minutes));
        let one = row(paid(), [receipt(PAID).code(40002)]);
        assert_eq!(decide(&one, &policy(), at(14)), Verdict::Waiting);
        assert_eq!(decide(&one, &policy(), at(-99)), Verdict::Waiting);
        assert_eq!(decide(&one, &policy(), at(15)), refused(40002));
        assert_eq!(decide(&row(paid(), [receipt(PAID).code(0)]), &policy(), at(1)), Verdict::Delivered);
    }

    #[test]
    fn one_unknown_outcome_outweighs_refusals() {
        let later = T0.as_ms() + 9000;
        let one = row(paid(), [receipt(PAID).code(51305), receipt(PAID).at(later).code(40002)]);
        assert_eq!(verdict(&one), Verdict::Unknown { unverified: false, code: Code::Integer(51305) });
        let mut died = row(paid(), [receipt(PAID).code(40002)]);
        died.attempts.push(attempt(PAID, "A"));
        assert_eq!(verdict(&died), Verdict::Unknown { unverified: false, code: Code::Absent });
    }

    #[test]
    fn a_refusal_carries_the_last_code() {
        let later = T0.as_ms() + 9000;
        let one = row(
            paid(),
            [
                receipt(PAID).at(later).code(40105),
                receipt(PAID).code(40002),
                receipt(PAID).undated().code(40100),
            ],
        );
        assert_eq!(verdict(&one), refused(40105));
        let status = row(paid(), [receipt(PAID).status(401)]);
        assert_eq!(verdict(&status), Verdict::Refused { code: Code::Absent, http_status: Some(401) });
        let mut ours = row(paid(), [receipt(PAID).code(40105)]);
        let mut last = attempt(PAID, "A").ended(Outcome::Refused(Refusal::Event));
        last.code = Code::Integer(40002);
        last.http_status = Some(200);
        ours.attempts.push(last);
        assert_eq!(verdict(&ours), refused(40002));
        ours.receipts.push(receipt(PAID).at(hours(1).as_ms()).code(40100));
        assert_eq!(verdict(&ours), refused(40100), "the last in time, whoever sent it");
    }

    #[test]
    fn test_receipts_are_no_receipts() {
        let only_test = Verdict::NeverSent { only_test: true };
        assert_eq!(verdict(&row(paid(), [receipt(PAID).code(0).test()])), only_test);
        assert_eq!(verdict(&row(paid(), [receipt(PAID).code(0).test(), receipt(PAID).browser()])), only_test);
        assert_eq!(
            verdict(&row(paid(), [receipt(PAID).code(0).test(), receipt(PAID).code(40002)])),
            refused(40002)
        );
        let mut unsent = row(paid(), []);
        unsent.attempts.push(attempt(PAID, "A").ended(Outcome::NotSent));
        assert_eq!(verdict(&unsent), NEVER_SENT);
    }

    #[test]
    fn the_browser_leg_is_fired_not_fired_not_seen_or_unknown() {
        let with_log = |browser_at| {
            let newest = LogNewest { server_at: None, browser_at };
            Logs::new(&LogFacts { by_pixel: vec![(pixel("A"), newest)], ..LogFacts::default() }, &policy())
        };
        let (logged, unlogged) = (with_log(Some(T0)), with_log(None));
        let silent = row(paid(), []);
        assert_eq!(
            browser_fired(&row(paid(), [receipt(PAID).browser()]), &policy(), &unlogged),
            Browser::Fired
        );
        assert_eq!(browser_fired(&silent, &policy(), &logged), Browser::NotSeen);
        assert_eq!(browser_fired(&silent, &policy(), &unlogged), Browser::Unknown);
        let mut complete = policy();
        complete.pixels[0].pixel_log = PixelLog::Complete;
        assert_eq!(browser_fired(&silent, &complete, &unlogged), Browser::DidNotFire);
        let campaign = CampaignId::parse("12").unwrap();
        let mut off = campaign_policy();
        off.pixel_leg = false;
        let off = Policy { campaigns: BTreeMap::from([(campaign.clone(), off)]), ..policy() };
        let mut one = paid();
        one.place_mut().campaign = Some(campaign);
        let one = row(one, []);
        assert_eq!(browser_fired(&one, &off, &unlogged), Browser::DidNotFire);
        assert_eq!(missing_leg(&one, &off, &unlogged), MissingLeg::Neither);
        assert_eq!(missing_leg(&silent, &policy(), &unlogged), MissingLeg::BrowserUnknown);
        assert_eq!(silent.id, id());
    }
}
