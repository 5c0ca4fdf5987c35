//! What the request really held of a key, beside what the funnel knew: worked out once, for all the checks
//! on requests.

use crate::domain::{Code, Flaws, KeySet, LedgerRow, Leg, MatchKey, Receipt, Sent, StoredEvent};
use crate::tiktok::event_map::{self, Value};
use crate::tiktok::tags;

/// What the request held of a key. Of several requests, the one that TikTok accepted first, else the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Keys that the event had, or its session by then, and the request lacks.
    pub lacks: KeySet,
    /// Of those, keys that stand in the event's own record.
    pub in_record: KeySet,
    /// Keys that were sent.
    pub sent: KeySet,
    /// Keys that were sent with another value than the session's.
    pub differs: KeySet,
    /// Keys that were sent as readable text, where TikTok wants a digest.
    pub in_clear: KeySet,
    /// What is wrong with the values that were sent.
    pub flaws: Flaws,
    /// What made them differ, as far as it is known.
    pub how: Flaws,
    /// The session's id was sent as the external id, though the funnel had another one by then.
    pub is_session_id: bool,
    /// The click id stands in the request's page URL only.
    pub ttclid_in_url: bool,
    /// How the money differs.
    pub money: MoneySent,
}

/// How the money of a request differs from the funnel's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own, and they come together")]
pub struct MoneySent {
    /// Another value.
    pub value: bool,
    /// A hundred times the value, or a hundredth of it: cents for units.
    pub hundredfold: bool,
    /// No value, where the funnel has one.
    pub no_value: bool,
    /// Another currency.
    pub currency: bool,
    /// Nothing of what was bought, where the funnel tells it.
    pub no_contents: bool,
}

impl MoneySent {
    /// Whether anything differs.
    #[must_use]
    pub fn any(self) -> bool {
        let Self { value, hundredfold: _, no_value, currency, no_contents } = self;
        value || no_value || currency || no_contents
    }
}

impl Carried {
    /// What a key's requests held; `None`: no log has a body of them.
    #[must_use]
    pub fn of(row: &LedgerRow) -> Option<Self> {
        let event = row.event.as_ref()?;
        let sent = body(&row.receipts)?;
        let known = known(row, event);
        let mut carried = Self {
            sent: sent.body.keys.present,
            in_clear: sent.body.in_clear,
            flaws: sent.body.flaws,
            how: sent.mismatch.how,
            is_session_id: sent.mismatch.is_session_id,
            money: money(row, event, sent),
            ..Self::default()
        };
        for key in MatchKey::ALL {
            if known.has(key) && !carried.sent.has(key) {
                carried.lacks.add(key);
                if event.keys.valid.has(key) {
                    carried.in_record.add(key);
                }
            }
            // What the session showed later only, the sender could not know.
            if sent.mismatch.keys.has(key) && known.has(key) {
                carried.differs.add(key);
            }
        }
        carried.ttclid_in_url = carried.lacks.has(MatchKey::Ttclid) && sent.body.url_has_ttclid;
        carried.is_session_id &= carried.differs.has(MatchKey::ExternalId)
            && (event.keys.valid.has(MatchKey::ExternalId) || session_knew(row, event, MatchKey::ExternalId));
        if !carried.is_session_id && sent.mismatch.is_session_id {
            carried.differs = without(carried.differs, MatchKey::ExternalId);
        }
        Some(carried)
    }
}

/// The request that counts: TikTok keeps the first copy.
fn body(receipts: &[Receipt]) -> Option<&Sent> {
    let of_server = || receipts.iter().filter(|one| one.leg == Leg::Server && !one.is_test);
    let accepted = of_server().filter(|one| one.answer.code == Code::Integer(0)).min_by_key(|one| one.at);
    let last = || of_server().filter(|one| one.sent.is_some()).max_by_key(|one| one.at);
    accepted.filter(|one| one.sent.is_some()).or_else(last)?.sent.as_deref()
}

/// Keys with a value that TikTok can use, of the record or of its session by then. The session's own id
/// stands in for an external id, as the integration promises.
fn known(row: &LedgerRow, event: &StoredEvent) -> KeySet {
    let mut known = event.keys.valid;
    for key in [MatchKey::Ttclid, MatchKey::Ttp, MatchKey::Email, MatchKey::Phone, MatchKey::ExternalId] {
        if session_knew(row, event, key) {
            known.add(key);
        }
    }
    if row.session.is_some() {
        known.add(MatchKey::ExternalId);
    }
    known
}

fn session_knew(row: &LedgerRow, event: &StoredEvent, key: MatchKey) -> bool {
    let seen = row.session.as_ref().and_then(|session| session.first_seen(key));
    seen.is_some_and(|seen| seen <= event.at)
}

fn without(keys: KeySet, key: MatchKey) -> KeySet {
    let mut left = KeySet::default();
    MatchKey::ALL.into_iter().filter(|one| *one != key && keys.has(*one)).for_each(|one| left.add(one));
    left
}

/// Only where money is the event's own: a trial or a subscription is sent with 0, whatever was logged.
fn money(row: &LedgerRow, event: &StoredEvent, sent: &Sent) -> MoneySent {
    let fact = row.name.as_ref().and_then(|name| event_map::fact(name.as_str()));
    let mut money = MoneySent::default();
    if fact.is_none_or(|fact| fact.value != Value::Needed) {
        return money;
    }
    if let Some(value) = event.value {
        money.no_value = sent.body.value.is_none();
        if let Some(other) = sent.body.value.filter(|other| *other != value) {
            money.value = true;
            money.hundredfold = value.times(100) == Some(other) || other.times(100) == Some(value);
        }
    }
    if let Some(currency) = event.place.currency.as_deref() {
        money.currency = tags::of_text(&currency.trim().to_ascii_uppercase()).differs(sent.body.currency);
    }
    money.no_contents = event.facts.has_contents() && !sent.body.has_contents;
    money
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{clean, exchange, strip};
    use crate::domain::Amount;
    use crate::reconcile::testing::hours;

    fn carried(change: impl FnOnce(&mut LedgerRow, &mut Sent)) -> Carried {
        let mut row = exchange("payment_succeeded");
        let mut sent = *row.receipts[0].sent.take().unwrap();
        change(&mut row, &mut sent);
        row.receipts[0].sent = Some(Box::new(sent));
        Carried::of(&row).unwrap()
    }

    #[test]
    fn a_request_that_holds_what_the_funnel_knew_differs_in_nothing() {
        let found = carried(|_, _| {});
        assert!(found.lacks.is_empty() && found.differs.is_empty() && !found.money.any());
        assert_eq!(Carried::of(&clean("payment_succeeded")), None, "no log has its body");
    }

    #[test]
    fn keys_count_as_lacking_only_if_they_were_known_by_then() {
        let lacks = |seen| {
            let found = carried(|row, sent| {
                strip(row, MatchKey::Email);
                sent.body.keys.present = without(sent.body.keys.present, MatchKey::Email);
                let session = row.session.as_mut().unwrap();
                session.email_at = Some(hours(seen));
            });
            assert!(!found.in_record.has(MatchKey::Email));
            found.lacks.has(MatchKey::Email)
        };
        assert!(lacks(-1) && !lacks(1));
    }

    #[test]
    fn the_sessions_id_is_right_while_the_funnel_has_no_other() {
        let found = |seen| {
            carried(|row, sent| {
                strip(row, MatchKey::ExternalId);
                row.session.as_mut().unwrap().external_id_at = Some(hours(seen));
                sent.mismatch.keys.add(MatchKey::ExternalId);
                sent.mismatch.is_session_id = true;
            })
        };
        assert!(found(-1).is_session_id && found(-1).differs.has(MatchKey::ExternalId));
        assert!(!found(1).is_session_id && found(1).differs.is_empty());
    }

    #[test]
    fn cents_are_told_from_other_values() {
        let money = |text| carried(|_, sent| sent.body.value = Amount::parse(text)).money;
        assert!(!money("9.990").any(), "the same number");
        assert!(money("999").hundredfold && money("999").value);
        assert!(money("8.99").value && !money("8.99").hundredfold);
        assert!(carried(|_, sent| sent.body.value = None).money.no_value);
    }
}
