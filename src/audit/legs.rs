//! What each leg did with a key: worked out once, for all the checks that compare the legs.

use crate::domain::{Duration, LedgerRow, Leg, Outcome, TimeMs};
use crate::reconcile::server_tries;

/// Sends of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sends {
    /// How many.
    pub count: u32,
    /// The earliest of those with a time.
    pub first: Option<TimeMs>,
    /// The latest of those with a time.
    pub last: Option<TimeMs>,
}

/// What each leg did with a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Legs {
    /// Live server tries of which a byte may have left, whoever made them.
    pub server: Sends,
    /// Those that TikTok accepted.
    pub accepted: Sends,
    /// Pixel calls.
    pub browser: Sends,
    /// Server receipts with a test event code.
    pub tests: Sends,
}

impl Sends {
    fn add(&mut self, at: Option<TimeMs>) {
        self.count = self.count.saturating_add(1);
        if let Some(at) = at {
            self.first = Some(self.first.map_or(at, |first| first.min(at)));
            self.last = Some(self.last.map_or(at, |last| last.max(at)));
        }
    }

    /// Whether there is any.
    #[must_use]
    pub const fn any(&self) -> bool {
        self.count > 0
    }

    /// From the first to the last.
    #[must_use]
    pub fn span(&self) -> Duration {
        self.first.zip(self.last).map_or(Duration::ZERO, |(first, last)| last.since(first))
    }
}

impl Legs {
    /// What the receipts and attempts of a row show.
    #[must_use]
    pub fn of(row: &LedgerRow) -> Self {
        let mut legs = Self::default();
        for one in server_tries(row).filter(|one| one.outcome != Outcome::NotSent) {
            legs.server.add(one.at);
            if one.outcome == Outcome::Accepted {
                legs.accepted.add(one.at);
            }
        }
        for receipt in &row.receipts {
            match (receipt.leg, receipt.is_test) {
                (Leg::Browser, _) => legs.browser.add(receipt.at),
                (Leg::Server, true) => legs.tests.add(receipt.at),
                (Leg::Server, false) => {}
            }
        }
        legs
    }

    /// Time between the first accepted server copy and the first Pixel call, whichever came first.
    #[must_use]
    pub fn gap(&self) -> Option<Duration> {
        let (server, browser) = self.accepted.first.zip(self.browser.first)?;
        Some(if server < browser { browser.since(server) } else { server.since(browser) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::testing::{T0, event, receipt, row};

    #[test]
    fn each_leg_is_counted_with_its_first_and_last_time() {
        let ms = |after: i64| T0.as_ms() + after;
        let key = row(
            event("lead"),
            [
                receipt("Lead").code(40100).at(ms(5)),
                receipt("Lead").code(0).at(ms(9)),
                receipt("Lead").code(0).at(ms(30)),
                receipt("Lead").code(0).test().at(ms(1)),
                receipt("Lead").browser().at(ms(2)),
                receipt("Lead").browser().undated(),
            ],
        );
        let legs = Legs::of(&key);
        let counts = [legs.server, legs.accepted, legs.browser, legs.tests].map(|sends| sends.count);
        assert_eq!(counts, [3, 2, 2, 1]);
        assert_eq!((legs.accepted.span(), legs.gap()), (Duration::from_ms(21), Some(Duration::from_ms(7))));
    }
}
