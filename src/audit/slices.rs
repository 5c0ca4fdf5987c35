//! Expected keys by campaign, funnel, landing page, browser, day, hour, event and answer.

use crate::domain::{BrowserFamily, MatchKey, Range, StoredEvent, TimeMs, Untrusted, Verdict};

use super::checks::known::Email;

/// What keys are cut by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// The campaign.
    Campaign,
    /// The funnel.
    Funnel,
    /// Host and path of the page where the session began.
    Landing,
    /// The family of the visitor's browser.
    Browser,
    /// The local day.
    Day,
    /// The hour of the local day.
    Hour,
    /// TikTok's name of the event.
    Event,
    /// What the sender was last answered.
    Answer,
    /// A stretch of hours in which much is missing: found, and not asked for.
    Stretch,
}

impl Dimension {
    /// All that every key is cut by, in the order of display.
    pub const ALL: [Self; 8] = [
        Self::Event,
        Self::Campaign,
        Self::Funnel,
        Self::Landing,
        Self::Browser,
        Self::Day,
        Self::Hour,
        Self::Answer,
    ];

    /// The word that options and outputs use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Campaign => "campaign",
            Self::Funnel => "funnel",
            Self::Landing => "landing",
            Self::Browser => "browser",
            Self::Day => "day",
            Self::Hour => "hour",
            Self::Event => "event",
            Self::Answer => "answer",
            Self::Stretch => "stretch",
        }
    }
}

/// What the keys of a slice have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SliceValue {
    /// A text of the log: hostile.
    Text(Untrusted),
    /// A family of browsers.
    Browser(BrowserFamily),
    /// The first instant of a local day.
    Day(TimeMs),
    /// An hour of the day, 0 to 23.
    Hour(u8),
    /// Whole hours on end.
    Stretch(Range),
    /// They have none.
    None,
    /// One of the values beyond the first thousand, which are counted together.
    Rest,
}

/// The expected keys of a slice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SliceCounts {
    /// Logged, not excluded, not waiting.
    pub expected: u64,
    /// Accepted.
    pub delivered: u64,
    /// Every answer a definite error.
    pub refused: u64,
    /// Outcome not known.
    pub unknown: u64,
    /// No server receipt.
    pub never_sent: u64,
    /// Keys that could carry an e-mail address: at or after its capture, on checkout and payment.
    pub judged: u64,
    /// Of those, with neither a usable ttclid nor a usable e-mail address.
    pub keyless: u64,
}

impl SliceCounts {
    /// Without an accepted server copy.
    #[must_use]
    pub const fn missing(&self) -> u64 {
        self.refused + self.unknown + self.never_sent
    }

    /// Adds other keys.
    pub(super) const fn merge(&mut self, other: &Self) {
        let Self { expected, delivered, refused, unknown, never_sent, judged, keyless } = *other;
        self.expected += expected;
        self.delivered += delivered;
        self.refused += refused;
        self.unknown += unknown;
        self.never_sent += never_sent;
        self.judged += judged;
        self.keyless += keyless;
    }

    /// What one key counts; `None` for one that is not expected.
    pub(super) fn of(verdict: &Verdict, keys: Keys) -> Option<Self> {
        let mut one = Self { expected: 1, ..Self::default() };
        match verdict {
            Verdict::Excluded(_) | Verdict::Waiting => return None,
            Verdict::Delivered => one.delivered = 1,
            Verdict::Refused { .. } => one.refused = 1,
            Verdict::Unknown { .. } => one.unknown = 1,
            Verdict::NeverSent { .. } => one.never_sent = 1,
        }
        one.judged = u64::from(keys != Keys::NotJudged);
        one.keyless = u64::from(keys == Keys::Lack);
        Some(one)
    }
}

/// How a key stands with the two strongest match keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// It carries a usable ttclid or e-mail address.
    There,
    /// It carries neither.
    Lack,
    /// No e-mail address could be known yet.
    NotJudged,
}

impl Keys {
    /// By the record's own fields.
    pub(super) const fn of(event: &StoredEvent, email: Email) -> Self {
        let valid = event.keys.valid;
        if matches!(email, Email::NotJudged) {
            Self::NotJudged
        } else if valid.has(MatchKey::Ttclid) || valid.has(MatchKey::Email) {
            Self::There
        } else {
            Self::Lack
        }
    }
}

/// One slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SliceRow {
    /// What its keys have in common.
    pub value: SliceValue,
    /// Its counts.
    pub counts: SliceCounts,
}

/// All expected keys, cut by one dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slices {
    /// What they are cut by.
    pub dimension: Dimension,
    /// Days and hours in their order, others by missing keys, then expected ones, most first. At most
    /// a thousand values apart, then [`SliceValue::Rest`]: all of them add up to all expected keys.
    pub rows: Vec<SliceRow>,
}

/// Most missing keys first, then most expected ones; the rest last.
pub(super) fn sorted(mut rows: Vec<SliceRow>) -> Vec<SliceRow> {
    rows.retain(|row| row.counts.expected > 0);
    let order = |value: &SliceValue| match value {
        SliceValue::Text(text) => text.raw().to_owned(),
        SliceValue::Browser(family) => family.name().to_owned(),
        SliceValue::Day(_)
        | SliceValue::Hour(_)
        | SliceValue::Stretch(_)
        | SliceValue::None
        | SliceValue::Rest => String::new(),
    };
    rows.sort_by_cached_key(|row| {
        let SliceCounts { expected, .. } = row.counts;
        let missing = row.counts.missing();
        (row.value == SliceValue::Rest, u64::MAX - missing, u64::MAX - expected, order(&row.value))
    });
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{audit, clean, missing, strip};
    use crate::reconcile::testing::{event, hours, receipt, row};

    #[test]
    fn each_dimension_adds_up_to_all_expected_keys() {
        let mut elsewhere = missing("payment_succeeded", [receipt("CompletePayment").code(40002)]);
        let paid = elsewhere.event.as_mut().unwrap();
        paid.landing = Some("quiz.example.com/a".into());
        paid.facts.set_browser(BrowserFamily::Edge);
        paid.at = hours(-13);
        strip(&mut elsewhere, MatchKey::Ttclid);
        strip(&mut elsewhere, MatchKey::Email);
        let rows = [clean("lead"), missing("lead", []), elsewhere, row(event("Renewal"), [])];
        let result = audit(&rows);
        for slices in &result.slices {
            let mut all = SliceCounts::default();
            slices.rows.iter().for_each(|row| all.merge(&row.counts));
            let word = slices.dimension.word();
            assert_eq!((all.expected, all.delivered, all.missing(), all.keyless), (3, 1, 2, 1), "{word}");
        }
        let rows = |wanted| &result.slices.iter().find(|one| one.dimension == wanted).unwrap().rows;
        let lost = |rows: &[SliceRow]| rows.iter().find(|row| row.counts.refused == 1).unwrap().value.clone();
        assert_eq!(lost(rows(Dimension::Hour)), SliceValue::Hour(23));
        assert_eq!(lost(rows(Dimension::Day)), SliceValue::Day(hours(-36)));
        assert_eq!(lost(rows(Dimension::Browser)), SliceValue::Browser(BrowserFamily::Edge));
        let text = |text| SliceValue::Text(Untrusted::new(text));
        assert_eq!(lost(rows(Dimension::Landing)), text("quiz.example.com/a"));
        assert_eq!(lost(rows(Dimension::Answer)), text("refused 40002"));
        assert_eq!(rows(Dimension::Landing)[0].value, SliceValue::None);
        assert_eq!((result.days.len(), result.hours.len(), result.days[0].purchases_missing), (2, 2, 1));
    }
}
