//! Coverage: of deliveries, and of match keys.

use crate::domain::{KeyBits, MatchKey, MissingLeg, Verdict};

use super::checks::known::Email;
use super::{Counts, KeyCoverage};

impl Counts {
    /// Delivered ÷ expected, in millionths, rounded down; `None` when nothing was expected or
    /// nobody knows what was sent.
    ///
    /// Keys of pixels without any server receipt are left out on both sides: of several pixels the
    /// coverage is that of those with a log.
    #[must_use]
    pub const fn coverage_ppm(&self) -> Option<u32> {
        self.ppm(self.delivered)
    }

    /// The upper end of the coverage where logs record only the HTTP status: as if every
    /// unverified answer were an acceptance. Equal to [`Self::coverage_ppm`] where all carry codes.
    #[must_use]
    pub const fn coverage_at_most_ppm(&self) -> Option<u32> {
        self.ppm(self.delivered.saturating_add(self.unverified))
    }

    const fn ppm(&self, part: u64) -> Option<u32> {
        let known = self.expected().saturating_sub(self.without_log);
        if known == 0 {
            return None;
        }
        let part = if part < known { part } else { known };
        // At most 1,000,000, so it always fits.
        let [a, b, c, d, ..] = (part.saturating_mul(1_000_000) / known).to_le_bytes();
        Some(u32::from_le_bytes([a, b, c, d]))
    }

    /// Counts one key that has an event.
    pub(super) const fn add(&mut self, verdict: &Verdict, leg: Option<MissingLeg>) {
        self.events += 1;
        match verdict {
            Verdict::Excluded(_) => self.excluded += 1,
            Verdict::Delivered => self.delivered += 1,
            Verdict::Waiting => self.waiting += 1,
            Verdict::Unknown { unverified, .. } => {
                self.unknown += 1;
                if *unverified {
                    self.unverified += 1;
                }
            }
            Verdict::Refused { .. } => self.refused += 1,
            Verdict::NeverSent { .. } => self.never_sent += 1,
        }
        match leg {
            Some(MissingLeg::BrowserFired) => self.missing_browser_fired += 1,
            Some(MissingLeg::Neither) => self.missing_neither_leg += 1,
            Some(MissingLeg::BrowserUnknown) => self.missing_browser_unknown += 1,
            None => {}
        }
    }

    /// Adds the counts of another event.
    pub(super) const fn merge(&mut self, other: &Self) {
        let Self {
            events,
            excluded,
            waiting,
            delivered,
            delivered_browser_fired,
            refused,
            unknown,
            unverified,
            never_sent,
            missing_browser_fired,
            missing_neither_leg,
            missing_browser_unknown,
            without_log,
        } = *other;
        self.events += events;
        self.excluded += excluded;
        self.waiting += waiting;
        self.delivered += delivered;
        self.delivered_browser_fired += delivered_browser_fired;
        self.refused += refused;
        self.unknown += unknown;
        self.unverified += unverified;
        self.never_sent += never_sent;
        self.missing_browser_fired += missing_browser_fired;
        self.missing_neither_leg += missing_neither_leg;
        self.missing_browser_unknown += missing_browser_unknown;
        self.without_log += without_log;
    }
}

/// Presence and validity of all match keys over the non-excluded keys of one event.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct KeyCounts {
    total: u64,
    /// Events that could carry an e-mail address.
    email_judged: u64,
    /// In the order of [`MatchKey::ALL`].
    present: [u64; 7],
    valid: [u64; 7],
}

impl KeyCounts {
    /// Counts one key by the record's own fields, before enrichment.
    pub(super) fn add(&mut self, bits: KeyBits, email: Email) {
        self.total += 1;
        self.email_judged += u64::from(email != Email::NotJudged);
        let (present, valid) = (bits.present.mask(), bits.present.mask() & bits.valid.mask());
        for (at, count) in self.present.iter_mut().enumerate() {
            *count += u64::from(present >> at & 1);
        }
        for (at, count) in self.valid.iter_mut().enumerate() {
            *count += u64::from(valid >> at & 1);
        }
    }

    pub(super) fn rows(&self) -> [KeyCoverage; 7] {
        let mut present = self.present.into_iter();
        let mut valid = self.valid.into_iter();
        MatchKey::ALL.map(|key| KeyCoverage {
            key,
            present: present.next().unwrap_or(0),
            valid: valid.next().unwrap_or(0),
            judged: if key == MatchKey::Email { self.email_judged } else { self.total },
            total: self.total,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Code;

    #[test]
    fn coverage_is_delivered_by_expected_in_millionths_rounded_down() {
        let counts = Counts { events: 4, delivered: 2, never_sent: 1, waiting: 1, ..Counts::default() };
        assert_eq!(counts.coverage_ppm(), Some(666_666));
        assert_eq!(Counts { delivered: 1, ..Counts::default() }.coverage_ppm(), Some(1_000_000));
        assert_eq!(Counts { excluded: 1, waiting: 1, ..Counts::default() }.coverage_ppm(), None);
        assert_eq!(Counts { never_sent: 1, ..Counts::default() }.coverage_ppm(), Some(0));
    }

    #[test]
    fn pixels_without_a_log_have_no_coverage() {
        let silent = Counts { never_sent: 5, without_log: 5, ..Counts::default() };
        assert_eq!(silent.coverage_ppm(), None);
        let mixed = Counts { delivered: 3, refused: 1, never_sent: 5, without_log: 5, ..Counts::default() };
        assert_eq!(mixed.coverage_ppm(), Some(750_000));
    }

    #[test]
    fn without_codes_coverage_is_a_range() {
        let counts = Counts { delivered: 1, unknown: 2, unverified: 1, never_sent: 1, ..Counts::default() };
        assert_eq!(counts.coverage_ppm(), Some(250_000));
        assert_eq!(counts.coverage_at_most_ppm(), Some(500_000));
    }

    #[test]
    fn every_verdict_is_counted_once() {
        let verdicts = [
            Verdict::Excluded(crate::domain::Exclusion::MarkedTest),
            Verdict::Delivered,
            Verdict::Waiting,
            Verdict::Unknown { unverified: true, code: Code::Absent },
            Verdict::Refused { code: Code::Absent, http_status: None },
            Verdict::NeverSent { only_test: false },
        ];
        let (mut one_by_one, mut merged) = (Counts::default(), Counts::default());
        for verdict in &verdicts {
            one_by_one.add(verdict, verdict.is_missing().then_some(MissingLeg::Neither));
            let mut single = Counts::default();
            single.add(verdict, verdict.is_missing().then_some(MissingLeg::Neither));
            merged.merge(&single);
        }
        assert_eq!(one_by_one, merged);
        assert_eq!(merged.events, merged.excluded + merged.waiting + merged.expected());
        assert_eq!((merged.expected(), merged.missing(), merged.missing_neither_leg), (4, 3, 3));
    }

    #[test]
    fn a_valid_key_is_a_present_one() {
        let mut bits = KeyBits::default();
        bits.present.add(MatchKey::Email);
        bits.valid.add(MatchKey::Email);
        bits.valid.add(MatchKey::Ip);
        let mut counts = KeyCounts::default();
        counts.add(bits, Email::Carried);
        counts.add(KeyBits::default(), Email::NotJudged);
        for row in counts.rows() {
            let n = u64::from(row.key == MatchKey::Email);
            assert_eq!((row.present, row.valid, row.total), (n, n, 2), "{}", row.key);
            assert_eq!(row.judged, 2 - n, "{}", row.key);
        }
    }
}
