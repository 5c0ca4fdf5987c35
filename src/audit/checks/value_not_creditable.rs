//! Purchases that TikTok accepted and can hardly credit to an ad.

use crate::domain::{MatchKey, Severity, Verdict};

use super::super::{CheckFact, Subject};
use super::known::{is_purchase, session_had_ttclid};
use super::rules::{Rules, Weight, campaign_of};
use super::words::{counted, share};

/// Its row of the catalogue.
pub(in crate::audit) const FACT: CheckFact = CheckFact {
    code: "value-not-creditable",
    severity: Severity::Medium,
    title: "TikTok accepted purchases that carry neither ttclid nor e-mail, so it can hardly credit them to an ad.",
    causes: &[
        "The ttclid is not forwarded from the landing page to the payment.",
        "The e-mail address is not asked for before the paywall, or not passed on.",
        "The purchase is reported by the payment provider's webhook, which knows neither.",
    ],
    fix: "Keep ttclid and e-mail with the session and add both to the purchase, also where a webhook reports it. \
          Delivered purchases cannot be repaired: the first copy wins.",
    fix_command: "makegood events --finding value-not-creditable",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        if !is_purchase(subject.row) || subject.verdict != Some(&Verdict::Delivered) {
            return None;
        }
        let valid = subject.row.event.as_ref()?.keys.valid;
        Some(!valid.has(MatchKey::Ttclid) && !valid.has(MatchKey::Email))
    },
    summary: |keys, of| {
        format!(
            "{} accepted with neither a usable ttclid nor a usable e-mail address ({} of the accepted).",
            if keys == 1 {
                "1 purchase was".to_owned()
            } else {
                format!("{} were", counted(keys, "purchase"))
            },
            share(keys, of)
        )
    },
    weight: Weight::Lack,
    signs: &[
        ("The session had a ttclid, so it was lost on the way", |subject, _| {
            subject.row.event.as_ref().is_some_and(|event| session_had_ttclid(subject.row, event.at))
        }),
        ("The session had given an e-mail address by then", |subject, _| had_email(subject)),
        ("Without any page, as from a payment provider's webhook", |subject, _| {
            subject.row.event.as_ref().is_some_and(|event| event.place.page.is_none())
        }),
        ("The browser's copy is in the log, and may have brought its cookies", |subject, _| {
            subject.legs.browser.any()
        }),
    ],
    lists: &[("By campaign", campaign_of)],
};

fn had_email(subject: &Subject<'_>) -> bool {
    let seen = subject.row.session.as_ref().and_then(|session| session.email_at);
    subject.row.event.as_ref().zip(seen).is_some_and(|(event, seen)| seen <= event.at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{clean, found, missing, shows, strip};

    #[test]
    fn it_fires_on_accepted_purchases_without_both() {
        let mut bare = clean("payment_succeeded");
        strip(&mut bare, MatchKey::Ttclid);
        let half = bare.clone();
        strip(&mut bare, MatchKey::Email);
        let found = found(&[bare, half, clean("payment_succeeded")], FACT.code).unwrap();
        assert_eq!((found.events, found.severity), (1, Severity::Medium));
        assert!(shows(&found, "The session had a ttclid"));
        assert!(shows(&found, "Purchases among them: 1 event (USD 9.99)."));
    }

    #[test]
    fn it_is_silent_on_missing_purchases_and_other_events() {
        let (mut lost, mut lead) = (missing("payment_succeeded", []), clean("lead"));
        for key in [&mut lost, &mut lead] {
            strip(key, MatchKey::Ttclid);
            strip(key, MatchKey::Email);
        }
        assert_eq!(found(&[lost, lead], FACT.code), None);
    }
}
