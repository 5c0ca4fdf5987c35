//! Counts keys by all dimensions at once.

use chrono_tz::Tz;

use crate::domain::{BrowserFamily, CampaignId, EventName, FunnelId, Range, StoredEvent, Untrusted, Verdict};

use super::codes::{Codes, NONE, REST};
use super::days::{Days, LocalClock, first_instant, hour_begins};
use super::reasons::Why;
use super::slices::{Dimension, SliceCounts, SliceRow, SliceValue, Slices, sorted};
use super::tally::Slots;

/// The place of one key in each dimension: numbers that mean something to its [`Cutter`] only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    campaign: u16,
    funnel: u16,
    landing: u16,
    event: u16,
    answer: u16,
    browser: u8,
    hour: u8,
    /// The number of the day; `i32::MIN`: its time is none that a log may carry.
    day: i32,
}

#[cfg(test)]
impl Spot {
    /// A key of which only the campaign is known.
    pub(super) const fn of_campaign(campaign: u16) -> Self {
        Self { campaign, funnel: 0, landing: 0, event: 0, answer: 0, browser: 0, hour: 0, day: 0 }
    }
}

/// A slice: one value of one dimension, as a [`Spot`] has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Event(u16),
    Campaign(u16),
    Funnel(u16),
    Landing(u16),
    Browser(u8),
    Day(i32),
    Hour(u8),
    Answer(u16),
    /// From one hour to another, both inside.
    Stretch((i32, u8), (i32, u8)),
}

impl Mark {
    /// Whether a key lies in the slice.
    pub(super) fn has(self, spot: &Spot) -> bool {
        match self {
            Self::Event(event) => spot.event == event,
            Self::Campaign(campaign) => spot.campaign == campaign,
            Self::Funnel(funnel) => spot.funnel == funnel,
            Self::Landing(landing) => spot.landing == landing,
            Self::Browser(browser) => spot.browser == browser,
            Self::Day(day) => spot.day == day,
            Self::Hour(hour) => spot.hour == hour,
            Self::Answer(answer) => spot.answer == answer,
            Self::Stretch(from, to) => (from..=to).contains(&(spot.day, spot.hour)),
        }
    }

    /// Whether its keys share a value that somebody chose: those beyond the bound share none.
    pub(super) const fn is_one_value(self) -> bool {
        match self {
            Self::Campaign(code) | Self::Funnel(code) | Self::Landing(code) => code != REST,
            Self::Event(_)
            | Self::Browser(_)
            | Self::Day(_)
            | Self::Hour(_)
            | Self::Answer(_)
            | Self::Stretch(..) => true,
        }
    }

    /// What it is a slice by.
    pub(super) const fn dimension(self) -> Dimension {
        match self {
            Self::Event(_) => Dimension::Event,
            Self::Campaign(_) => Dimension::Campaign,
            Self::Funnel(_) => Dimension::Funnel,
            Self::Landing(_) => Dimension::Landing,
            Self::Browser(_) => Dimension::Browser,
            Self::Day(_) => Dimension::Day,
            Self::Hour(_) => Dimension::Hour,
            Self::Answer(_) => Dimension::Answer,
            Self::Stretch(..) => Dimension::Stretch,
        }
    }
}

/// Counters of one dimension with free texts.
#[derive(Debug, Default)]
struct Texts {
    codes: Codes,
    counts: Vec<SliceCounts>,
}

impl Texts {
    fn add(&mut self, text: Option<&str>, one: &SliceCounts) -> u16 {
        let code = self.codes.of(text);
        add_at(&mut self.counts, usize::from(code), one);
        code
    }

    fn value(&self, code: u16) -> SliceValue {
        match (code, self.codes.text(code)) {
            (_, Some(text)) => SliceValue::Text(Untrusted::new(text)),
            (NONE, None) => SliceValue::None,
            (REST.., None) => SliceValue::Rest,
        }
    }
}

fn add_at(counts: &mut Vec<SliceCounts>, at: usize, one: &SliceCounts) {
    if counts.len() <= at {
        counts.resize(at + 1, SliceCounts::default());
    }
    if let Some(counts) = counts.get_mut(at) {
        counts.merge(one);
    }
}

/// The last answer of a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Answered {
    Accepted,
    Missing(Why),
    Others,
}

/// One key to be cut.
#[derive(Clone, Copy)]
pub(super) struct Cut<'a> {
    pub(super) event: &'a StoredEvent,
    /// The place of its event's name.
    pub(super) place: usize,
    pub(super) is_purchase: bool,
    pub(super) verdict: &'a Verdict,
}

/// Counts keys by all dimensions. At most a thousand texts per dimension are counted apart.
#[derive(Debug)]
pub(super) struct Cutter {
    zone: Tz,
    clock: LocalClock,
    pub(super) days: Days,
    campaigns: Texts,
    funnels: Texts,
    landings: Texts,
    browsers: Vec<SliceCounts>,
    /// By place of the event's name.
    events: Vec<SliceCounts>,
    answers: Slots<Answered, SliceCounts>,
}

impl Cutter {
    pub(super) fn new(zone: Tz) -> Self {
        Self {
            zone,
            clock: LocalClock::new(zone),
            days: Days::default(),
            campaigns: Texts::default(),
            funnels: Texts::default(),
            landings: Texts::default(),
            browsers: Vec::new(),
            events: Vec::new(),
            answers: Slots::default(),
        }
    }

    /// The zone of its days.
    pub(super) const fn zone(&self) -> Tz {
        self.zone
    }

    /// Adds an expected key, which counts `one`.
    pub(super) fn add(&mut self, cut: Cut<'_>, one: &SliceCounts) -> Spot {
        let Cut { event, place, is_purchase, verdict } = cut;
        let local = self.clock.at(event.at);
        if let Some(local) = local {
            self.days.add(local, one, is_purchase);
        }
        let browser = event.facts.browser().number();
        add_at(&mut self.browsers, usize::from(browser), one);
        add_at(&mut self.events, place, one);
        let said = Why::of(verdict).map_or(Answered::Accepted, Answered::Missing);
        let answer = self.answers.place(&said, || Some(Answered::Others), |_| SliceCounts::default());
        if let Some(counts) = self.answers.get_mut(answer) {
            counts.merge(one);
        }
        let (day, hour) = local.unwrap_or((i32::MIN, 0));
        Spot {
            campaign: self.campaigns.add(event.place.campaign.as_ref().map(CampaignId::as_str), one),
            funnel: self.funnels.add(event.place.funnel.as_ref().map(FunnelId::as_str), one),
            landing: self.landings.add(event.landing.as_deref(), one),
            event: u16::try_from(place).unwrap_or(u16::MAX),
            answer: u16::try_from(answer).unwrap_or(u16::MAX),
            browser,
            hour,
            day,
        }
    }

    /// The slices of a dimension that hold a key, with their counts.
    pub(super) fn marks(&self, dimension: Dimension) -> Vec<(Mark, SliceCounts)> {
        fn by<'a, C>(
            make: fn(C) -> Mark,
            counted: impl Iterator<Item = (C, &'a SliceCounts)>,
        ) -> Vec<(Mark, SliceCounts)> {
            let held = counted.filter(|(_, counts)| counts.expected > 0);
            held.map(|(code, counts)| (make(code), *counts)).collect()
        }
        match dimension {
            Dimension::Event => by(Mark::Event, (0..).zip(&self.events)),
            Dimension::Campaign => by(Mark::Campaign, (0..).zip(&self.campaigns.counts)),
            Dimension::Funnel => by(Mark::Funnel, (0..).zip(&self.funnels.counts)),
            Dimension::Landing => by(Mark::Landing, (0..).zip(&self.landings.counts)),
            Dimension::Browser => by(Mark::Browser, (0..).zip(&self.browsers)),
            Dimension::Day => by(Mark::Day, self.days.counted()),
            Dimension::Hour => by(Mark::Hour, self.days.by_hour()),
            Dimension::Answer => by(Mark::Answer, (0..).zip(self.answers.iter().map(|(_, counts)| counts))),
            Dimension::Stretch => Vec::new(),
        }
    }

    /// What the keys of a slice have in common. `names` are those of the events, by place.
    pub(super) fn value(&self, mark: Mark, names: &[EventName]) -> SliceValue {
        match mark {
            Mark::Event(place) => {
                let name = names.get(usize::from(place));
                name.map_or(SliceValue::Rest, |name| SliceValue::Text(Untrusted::new(name.as_str())))
            }
            Mark::Campaign(code) => self.campaigns.value(code),
            Mark::Funnel(code) => self.funnels.value(code),
            Mark::Landing(code) => self.landings.value(code),
            Mark::Browser(number) => SliceValue::Browser(BrowserFamily::from_number(number)),
            Mark::Day(day) => first_instant(day, self.zone).map_or(SliceValue::None, SliceValue::Day),
            Mark::Hour(hour) => SliceValue::Hour(hour),
            Mark::Answer(place) => {
                let words = self.answer(place);
                words.map_or(SliceValue::Rest, |words| SliceValue::Text(Untrusted::new(&words)))
            }
            Mark::Stretch(from, (day, hour)) => {
                let since = hour_begins(from, self.zone);
                let range = since.zip(hour_begins((day, hour.saturating_add(1)), self.zone));
                range.map_or(SliceValue::None, |(since, until)| SliceValue::Stretch(Range { since, until }))
            }
        }
    }

    /// The words of an answer; `None` for those beyond the bound.
    fn answer(&self, place: u16) -> Option<String> {
        match self.answers.iter().nth(usize::from(place))? {
            (Answered::Accepted, _) => Some("accepted".to_owned()),
            (Answered::Missing(why), _) => Some(why.words()),
            (Answered::Others, _) => None,
        }
    }

    /// The answer of more than half of these keys.
    pub(super) fn main_answer<'s>(&self, spots: impl Iterator<Item = &'s Spot>) -> Option<String> {
        let mut counts: Vec<u32> = Vec::new();
        for spot in spots {
            let at = usize::from(spot.answer);
            if counts.len() <= at {
                counts.resize(at + 1, 0);
            }
            if let Some(count) = counts.get_mut(at) {
                *count += 1;
            }
        }
        let all: u32 = counts.iter().sum();
        let place = counts.iter().position(|count| count.saturating_mul(2) > all)?;
        self.answer(u16::try_from(place).ok()?)
    }

    /// All keys, cut by one dimension.
    pub(super) fn slices(&self, dimension: Dimension, names: &[EventName]) -> Slices {
        let marks = self.marks(dimension).into_iter();
        let rows = marks.map(|(mark, counts)| SliceRow { value: self.value(mark, names), counts }).collect();
        let is_time = matches!(dimension, Dimension::Day | Dimension::Hour | Dimension::Stretch);
        Slices { dimension, rows: if is_time { rows } else { sorted(rows) } }
    }
}
