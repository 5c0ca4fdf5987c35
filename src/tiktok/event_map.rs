//! Funnel events and the TikTok events they stand for.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::EventName;

/// Whether an event carries money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// It does not.
    None,
    /// It must have a value and a currency.
    Needed,
    /// It is sent with value 0, whatever was logged.
    Zero,
}

/// One row of the event map (product 3.1).
#[derive(Debug)]
pub struct EventFact {
    /// The TikTok name, byte for byte.
    pub name: &'static str,
    /// The funnel event.
    pub funnel: &'static str,
    /// Zellify's canonical names and other spellings, folded.
    pub aliases: &'static [&'static str],
    /// Whether it is one of TikTok's standard events.
    pub standard: bool,
    /// Whether it carries money.
    pub value: Value,
    /// The name that Events Manager shows, where it differs.
    pub shown_as: Option<&'static str>,
    /// Its place in a funnel, from the first step on.
    pub step: u8,
}

/// The ten events, in the order of sending (product 6.7): money first.
///
/// Source: the integration's own page and its event reference (TikTok facts 11.1, 11.2), TikTok's
/// standard events and renames (facts 6); checked 2026-11-22. `Purchase` is TikTok's newer name of
/// `CompletePayment` and Zellify's canonical one; in funnel records both mean the same act.
pub const EVENTS: &[EventFact] = &[
    EventFact {
        name: "CompletePayment",
        funnel: "payment_succeeded",
        aliases: &["purchase"],
        standard: true,
        value: Value::Needed,
        shown_as: Some("Purchase"),
        step: 10,
    },
    EventFact {
        name: "Subscribe",
        funnel: "subscription_started",
        aliases: &[],
        standard: true,
        value: Value::Zero,
        shown_as: None,
        step: 9,
    },
    EventFact {
        name: "StartTrial",
        funnel: "trial_started",
        aliases: &[],
        standard: true,
        value: Value::Zero,
        shown_as: None,
        step: 8,
    },
    EventFact {
        name: "AddPaymentInfo",
        funnel: "payment_method_added",
        aliases: &[],
        standard: true,
        value: Value::Needed,
        shown_as: None,
        step: 6,
    },
    EventFact {
        name: "InitiateCheckout",
        funnel: "checkout_presented",
        aliases: &[],
        standard: true,
        value: Value::Needed,
        shown_as: None,
        step: 5,
    },
    EventFact {
        name: "CompleteRegistration",
        funnel: "email_captured",
        aliases: &[],
        standard: true,
        value: Value::None,
        shown_as: None,
        step: 4,
    },
    EventFact {
        name: "Lead",
        funnel: "lead",
        aliases: &[],
        standard: false,
        value: Value::None,
        shown_as: None,
        step: 3,
    },
    EventFact {
        name: "PaymentFailed",
        funnel: "payment_failed",
        aliases: &[],
        standard: false,
        value: Value::Needed,
        shown_as: None,
        step: 7,
    },
    EventFact {
        name: "PageCompleted",
        funnel: "page_completed",
        aliases: &[],
        standard: false,
        value: Value::None,
        shown_as: None,
        step: 2,
    },
    EventFact {
        name: "PageView",
        funnel: "page_view",
        aliases: &[],
        standard: true,
        value: Value::None,
        shown_as: None,
        step: 1,
    },
];

/// How many events have a place of their own in the order of sending; all others share the next one
/// (product 6.7: "the rest").
const RANKED: usize = 6;

/// Folds a name or a source for comparing: lower case, without spaces, `_` and `-`.
#[must_use]
pub fn fold(text: &str) -> String {
    folded(text).collect()
}

/// The characters of a folded text: compared without making one, for every key of a pass.
fn folded(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| !c.is_whitespace() && *c != '_' && *c != '-').flat_map(char::to_lowercase)
}

/// Whether a TikTok name is CompletePayment, the first in the order of sending: the event whose
/// value is money that was paid.
#[must_use]
pub fn is_purchase(name: &EventName) -> bool {
    EVENTS.first().is_some_and(|first| first.name == name.as_str())
}

/// Events that can happen again within a session: pages are reloaded, payments retried, and a
/// one-click upsell is a second payment (TikTok facts 11.3, 11.4).
const REPEATING: [&str; 5] =
    ["PageView", "PageCompleted", "AddPaymentInfo", "PaymentFailed", "CompletePayment"];

/// Whether an event can happen more than once in a visitor's session.
#[must_use]
pub fn may_repeat(name: &EventName) -> bool {
    REPEATING.contains(&name.as_str())
}

/// Whether a name in a receipt, in any spelling, is one that TikTok reports as a purchase.
#[must_use]
pub fn stands_for_purchase(name: &str) -> bool {
    let folded = fold(name);
    EVENTS.first().is_some_and(|first| spellings(first).any(|spelling| spelling == folded))
}

/// The fact row of a TikTok name, byte for byte.
#[must_use]
pub fn fact(name: &str) -> Option<&'static EventFact> {
    EVENTS.iter().find(|event| event.name == name)
}

/// The place of a TikTok event in [`EVENTS`].
#[must_use]
pub fn place(name: &str) -> Option<usize> {
    EVENTS.iter().position(|event| event.name == name)
}

/// The TikTok event a funnel name stands for: by the config's map, then the table, in any spelling.
///
/// The keys of `further` are folded. Callers keep the result per distinct name: this is a search.
///
/// # Errors
/// The nearest TikTok name, if one is near, when the name is not mapped.
pub fn resolve(
    logged: &str,
    further: &BTreeMap<Arc<str>, EventName>,
) -> Result<EventName, Option<EventName>> {
    let folded = fold(logged);
    if let Some(name) = further.get(folded.as_str()) {
        return Ok(name.clone());
    }
    let known = EVENTS.iter().find(|event| spellings(event).any(|spelling| spelling == folded));
    match known.and_then(event_name) {
        Some(name) => Ok(name),
        None => Err(nearest(&folded, further)),
    }
}

/// The place of a TikTok event in the order of sending; the rest share the last place.
#[must_use]
pub fn rank(name: &EventName) -> usize {
    let folded = fold(name.as_str());
    EVENTS
        .iter()
        .take(RANKED)
        .position(|event| spellings(event).any(|spelling| spelling == folded))
        .unwrap_or(RANKED)
}

/// Whether a logged traffic source is TikTok: `tiktok`, `tiktokads`, `tt` or an alias, folded.
#[must_use]
pub fn is_tiktok_source(logged: &str, aliases: &[Arc<str>]) -> bool {
    const NAMES: [&str; 3] = ["tiktok", "tiktokads", "tt"];
    // Nearly always it is one of them letter for letter, and this is asked of every key.
    NAMES.contains(&logged)
        || NAMES.iter().any(|name| folded(logged).eq(name.chars()))
        || aliases.iter().any(|alias| folded(logged).eq(alias.chars()))
}

/// All folded spellings of an event: TikTok's name, the funnel's, the aliases.
fn spellings(event: &EventFact) -> impl Iterator<Item = String> {
    [event.name, event.funnel].into_iter().chain(event.aliases.iter().copied()).map(fold)
}

fn event_name(event: &EventFact) -> Option<EventName> {
    EventName::parse(event.name).ok()
}

/// The event whose spelling differs least from a folded name, if it differs in a third or less.
fn nearest(folded: &str, further: &BTreeMap<Arc<str>, EventName>) -> Option<EventName> {
    let near = folded.chars().count().min(9) / 3;
    let table = EVENTS.iter().flat_map(|event| {
        spellings(event).filter_map(move |spelling| Some((distance(folded, &spelling), event_name(event)?)))
    });
    let config = further.iter().map(|(spelling, name)| (distance(folded, spelling), name.clone()));
    table
        .chain(config)
        .filter(|(distance, _)| *distance <= near)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many characters must be added, dropped or changed to make one text the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (above, c) in one.chars().enumerate() {
        let mut diagonal = above;
        let mut left = above + 1;
        let mut cells = row.iter_mut();
        if let Some(first) = cells.next() {
            *first = left;
        }
        for (cell, d) in cells.zip(other.chars()) {
            let changed = diagonal + usize::from(c != d);
            diagonal = *cell;
            left = changed.min(diagonal + 1).min(left + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(logged: &str) -> Result<String, Option<String>> {
        let text = |name: EventName| name.as_str().to_owned();
        resolve(logged, &BTreeMap::new()).map(text).map_err(|near| near.map(text))
    }

    #[test]
    fn the_table_is_the_products() {
        let standard: Vec<_> = EVENTS.iter().filter(|event| event.standard).map(|event| event.name).collect();
        assert_eq!(EVENTS.len(), 10);
        assert_eq!(
            standard,
            [
                "CompletePayment",
                "Subscribe",
                "StartTrial",
                "AddPaymentInfo",
                "InitiateCheckout",
                "CompleteRegistration",
                "PageView"
            ]
        );
        let needed: Vec<_> =
            EVENTS.iter().filter(|event| event.value == Value::Needed).map(|event| event.name).collect();
        assert_eq!(needed, ["CompletePayment", "AddPaymentInfo", "InitiateCheckout", "PaymentFailed"]);
        let zero: Vec<_> =
            EVENTS.iter().filter(|event| event.value == Value::Zero).map(|event| event.name).collect();
        assert_eq!(zero, ["Subscribe", "StartTrial"]);
    }

    #[test]
    fn no_spelling_stands_for_two_events() {
        let mut all: Vec<String> = EVENTS
            .iter()
            .flat_map(|event| {
                let mut own: Vec<_> = spellings(event).collect();
                own.dedup();
                own
            })
            .collect();
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn a_name_is_known_in_every_case_and_spelling() {
        for logged in ["Page view", "page_view", "pageView", "PAGE-VIEW", "PageView", " pageview "] {
            assert_eq!(resolved(logged).unwrap(), "PageView", "{logged}");
        }
        for (logged, name) in [
            ("Payment succeeded", "CompletePayment"),
            ("Purchase", "CompletePayment"),
            ("completePayment", "CompletePayment"),
            ("SubscriptionStarted", "Subscribe"),
            ("trial_started", "StartTrial"),
            ("Payment method added", "AddPaymentInfo"),
            ("checkout_presented", "InitiateCheckout"),
            ("Email captured", "CompleteRegistration"),
            ("LEAD", "Lead"),
            ("payment-failed", "PaymentFailed"),
            ("page_completed", "PageCompleted"),
        ] {
            assert_eq!(resolved(logged).unwrap(), name, "{logged}");
        }
    }

    #[test]
    fn other_names_are_not_mapped() {
        for logged in ["ViewContent", "Renewal", "Cancellation", "AddToCart", "refund", "", "?", "lead_event"]
        {
            assert_eq!(resolved(logged), Err(None), "{logged}");
        }
    }

    #[test]
    fn a_misspelt_name_gets_its_nearest_suggested() {
        for (logged, near) in [
            ("payment_suceeded", "CompletePayment"),
            ("Purchased", "CompletePayment"),
            ("pageviews", "PageView"),
            ("trial_start", "StartTrial"),
            ("leads", "Lead"),
        ] {
            assert_eq!(resolved(logged), Err(Some(near.to_owned())), "{logged}");
        }
    }

    #[test]
    fn the_config_comes_first() {
        let mut further = BTreeMap::new();
        further.insert(Arc::from("paywallseen"), EventName::parse("ViewContent").unwrap());
        further.insert(Arc::from("lead"), EventName::parse("SubmitForm").unwrap());
        assert_eq!(resolve("Paywall seen", &further).unwrap().as_str(), "ViewContent");
        assert_eq!(resolve("Lead", &further).unwrap().as_str(), "SubmitForm");
        assert_eq!(resolve("paywal_seen", &further).unwrap_err().unwrap().as_str(), "ViewContent");
    }

    #[test]
    fn money_is_sent_first_and_the_rest_share_a_place() {
        let place = |name| rank(&EventName::parse(name).unwrap());
        let first: Vec<_> = EVENTS.iter().map(|event| place(event.name)).collect();
        assert_eq!(first, [0, 1, 2, 3, 4, 5, 6, 6, 6, 6]);
        assert_eq!(place("Purchase"), 0);
        assert_eq!(place("ViewContent"), 6);
    }

    #[test]
    fn a_tiktok_name_is_compared_byte_for_byte() {
        assert!(fact("CompletePayment").is_some());
        assert!(fact("completepayment").is_none());
        assert!(fact("Purchase").is_none());
    }

    #[test]
    fn sources_are_compared_folded() {
        let aliases = [Arc::from("bytedance")];
        for source in
            ["tiktok", "TikTok", "tik tok", "TikTok Ads", "tiktok_ads", "tiktok-ads", "TT", "Byte-Dance"]
        {
            assert!(is_tiktok_source(source, &aliases), "{source}");
        }
        for source in ["facebook", "", "tiktok.com", "ttt", "google"] {
            assert!(!is_tiktok_source(source, &aliases), "{source}");
        }
    }

    #[test]
    fn the_distance_counts_changes() {
        for (one, other, count) in
            [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("flaw", "lawn", 2), ("ü", "u", 1)]
        {
            assert_eq!(distance(one, other), count);
            assert_eq!(distance(other, one), count);
        }
    }
}
