//! How the two legs fit together, per event name: what the four checks on pairs count alike.

use crate::domain::{EventName, Finding, Leg, Receipt, StoredEvent};

use super::super::tally::Slots;
use super::super::{Check, CheckFact, Scope, Subject};
use super::finding;
use super::known::expected_event;
use super::memo::Common;
use super::words::{events, events_do, quoted};

/// Under so many events a rate says nothing.
pub(super) const SAMPLE_MIN: u64 = 20;

/// TikTok's own diagnostic asks for this share of pairs (facts 8.1).
const PAIRED_MIN_PERCENT: u64 = 80;

/// One event name, over keys and orphans whose pixel has a log of both legs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pairs {
    /// Accepted from the server, and the browser fired.
    pub(super) both: u64,
    /// Accepted from the server, no browser receipt.
    pub(super) server_only: u64,
    /// The browser fired, and the server never tried.
    pub(super) browser_only: u64,
    /// The server tried, under this name or another one, whatever the answer was.
    pub(super) tried: u64,
    /// Browser receipts whose id no funnel log has.
    pub(super) browser_orphans: u64,
}

/// What is wrong with the pairs of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The browser fires as often, under other ids.
    IdsDiffer,
    /// The browser never fires it.
    ServerOnly,
    /// The server never sends it.
    BrowserOnly,
    /// Too few have both.
    LowRate,
}

impl Pairs {
    /// Accepted from the server.
    pub(super) const fn accepted(&self) -> u64 {
        self.both + self.server_only
    }

    fn fault(&self) -> Option<Fault> {
        if self.server_only >= SAMPLE_MIN
            && self.browser_orphans >= SAMPLE_MIN
            && self.browser_orphans.saturating_mul(2) >= self.server_only
        {
            return Some(Fault::IdsDiffer);
        }
        if self.browser_only >= SAMPLE_MIN && self.tried == 0 {
            return Some(Fault::BrowserOnly);
        }
        if self.accepted() < SAMPLE_MIN {
            return None;
        }
        if self.both == 0 && self.browser_only == 0 && self.browser_orphans == 0 {
            return Some(Fault::ServerOnly);
        }
        (self.both.saturating_mul(100) < self.accepted().saturating_mul(PAIRED_MIN_PERCENT))
            .then_some(Fault::LowRate)
    }
}

/// The pairs of all names.
#[derive(Clone, Debug, Default)]
pub struct ByName(Slots<EventName, Pairs>);

impl ByName {
    /// Counts a key or an orphan.
    pub(super) fn observe(&mut self, subject: &Subject<'_>, scope: &Scope<'_>) {
        let Some(name) = &subject.row.name else { return };
        let at = self.0.place(name, || None, |_| Pairs::default());
        let Some(pairs) = self.0.get_mut(at) else { return };
        if is_browser_orphan(subject) {
            pairs.browser_orphans += 1;
        } else if let Some(event) = expected_event(subject)
            && has_both_logs(subject, event, scope)
        {
            let legs = subject.legs;
            pairs.both += u64::from(legs.accepted.any() && legs.browser.any());
            pairs.server_only += u64::from(legs.accepted.any() && !legs.browser.any());
            let is_tried = is_tried(subject);
            pairs.browser_only += u64::from(legs.browser.any() && !is_tried);
            pairs.tried += u64::from(is_tried);
        }
    }

    /// The names with this fault, in their own order.
    pub(super) fn with(&self, fault: Fault) -> Vec<(&EventName, Pairs)> {
        let mut found: Vec<_> = self.0.iter().filter(|(_, pairs)| pairs.fault() == Some(fault)).collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found.into_iter().map(|(name, pairs)| (name, *pairs)).collect()
    }

    /// Whether the name of a key has this fault.
    pub(super) fn is_of(&self, subject: &Subject<'_>, fault: Fault) -> bool {
        let Some(name) = &subject.row.name else { return false };
        self.0.iter().any(|(known, pairs)| known == name && pairs.fault() == Some(fault))
    }
}

/// A check on events of which one leg knows nothing.
pub(super) struct OneLeg {
    fact: &'static CheckFact,
    fault: Fault,
    /// The keys that it counts of a name.
    count: fn(&Pairs) -> u64,
    /// What happened to them, after "N events were".
    what: &'static str,
    names: ByName,
}

impl OneLeg {
    /// Its accumulator.
    pub(super) fn check(
        fact: &'static CheckFact,
        fault: Fault,
        count: fn(&Pairs) -> u64,
        what: &'static str,
    ) -> Box<dyn Check> {
        Box::new(Self { fact, fault, count, what, names: ByName::default() })
    }
}

impl Check for OneLeg {
    fn observe(&mut self, subject: &Subject<'_>, scope: &Scope<'_>) {
        self.names.observe(subject, scope);
    }

    fn common(&mut self) -> Option<Common<'_>> {
        Some(Common::Pairs(&mut self.names))
    }

    fn confirms(&self, subject: &Subject<'_>) -> bool {
        self.names.is_of(subject, self.fault)
    }

    fn findings(&self, _: &Scope<'_>) -> Vec<Finding> {
        let names = self.names.with(self.fault);
        let total: u64 = names.iter().map(|(_, pairs)| (self.count)(pairs)).sum();
        if total == 0 {
            return Vec::new();
        }
        let evidence = names.iter().map(|(name, pairs)| {
            let keys = events((self.count)(pairs));
            format!("{}: {keys}, none of them on the other leg.", quoted(name.as_str()))
        });
        let summary = format!("{} {}.", events_do(total, "was", "were"), self.what);
        vec![finding(self.fact, total, summary, evidence.collect())]
    }
}

/// A Pixel call whose id no funnel log has.
pub(super) fn is_browser_orphan(subject: &Subject<'_>) -> bool {
    subject.legs.browser.any()
        && subject.row.event.is_none()
        && subject.siblings.iter().all(|row| row.event.is_none())
}

/// Whether an accepted key lacks its browser copy.
pub(super) fn is_server_only(subject: &Subject<'_>) -> bool {
    expected_event(subject).is_some() && subject.legs.accepted.any() && !subject.legs.browser.any()
}

/// Whether the server tried to send the event, be it under another name or to another pixel.
pub(super) fn is_tried(subject: &Subject<'_>) -> bool {
    let is_server = |receipt: &Receipt| receipt.leg == Leg::Server;
    subject.legs.server.any() || subject.siblings.iter().any(|row| row.receipts.iter().any(is_server))
}

/// Both logs of the key's pixel reach past the event, and both legs of its campaign are on.
fn has_both_logs(subject: &Subject<'_>, event: &StoredEvent, scope: &Scope<'_>) -> bool {
    let newest = scope.logs.newest_of(subject.row.pixel.as_ref());
    let is_on =
        scope.policy.campaign(event.place.campaign.as_ref()).is_none_or(|campaign| campaign.pixel_leg);
    is_on && newest.server_at >= Some(event.at) && newest.browser_at >= Some(event.at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_needs_a_sample_and_excludes_the_others() {
        let pairs = |both, server_only, browser_only, browser_orphans| {
            let tried = both + server_only;
            Pairs { both, server_only, browser_only, tried, browser_orphans }.fault()
        };
        assert_eq!(pairs(80, 20, 0, 0), None);
        assert_eq!(pairs(79, 21, 0, 0), Some(Fault::LowRate));
        assert_eq!(pairs(5, 10, 0, 0), None, "too few");
        assert_eq!(pairs(0, 20, 0, 0), Some(Fault::ServerOnly));
        assert_eq!(pairs(0, 20, 1, 0), Some(Fault::LowRate));
        assert_eq!(pairs(0, 0, 20, 0), Some(Fault::BrowserOnly));
        assert_eq!(pairs(10, 30, 0, 20), Some(Fault::IdsDiffer));
        assert_eq!(pairs(10, 50, 0, 20), Some(Fault::LowRate));
    }
}
