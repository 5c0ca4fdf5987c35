//! What the checks by rules say of records that are alike, worked out once.
//!
//! Forty checks ask a record the same few things, and nearly all records answer alike. Their answers are
//! kept for each [`Likeness`]; a record like one before is counted, and only the checks that it concerns
//! look at it.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::domain::{Amount, Exclusion, MatchKey, Verdict};
use crate::tiktok::event_map;

use super::super::{Check, Scope, Subject};
use super::{
    ByName, ByRules, event_id_shared, ip_shared, page_url_relative, sent_twice, ttclid_stale, ttp_missing,
};

/// Likenesses that are kept; records beyond are judged one by one.
const LIKENESSES_MAX: usize = 1 << 14;

/// Checks that a mask can name.
const CHECKS_MAX: usize = 128;

/// Facts that no judgement looks at: the browser's family, in the highest five bits.
const FACTS: u32 = (1 << 27) - 1;

/// Everything of a key that a judgement by [`super::rules::Rules`] depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Likeness {
    flaws: u64,
    facts: u32,
    keys: u16,
    /// Place of the event in TikTok's table.
    event: u8,
    verdict: u8,
    /// One bit for each of the rest.
    rest: u32,
}

impl Likeness {
    /// `None`: an orphan, which no judgement of this kind is about.
    fn of(subject: &Subject<'_>, scope: &Scope<'_>) -> Option<Self> {
        let event = subject.row.event.as_ref()?;
        let (row, legs) = (subject.row, subject.legs);
        let session = subject.row.session.as_ref();
        let fact = subject.row.name.as_ref().and_then(|name| event_map::place(name.as_str()));
        let is_nothing = |value: Amount| value.is_zero() || value.is_negative();
        let rest = [
            event.value.is_some(),
            event.value.is_some_and(is_nothing),
            event.place.currency.is_some(),
            event.session.is_some(),
            session.is_some(),
            session.is_some_and(|session| session.external_id_at.is_some()),
            session.is_some_and(|session| session.several.has(MatchKey::ExternalId)),
            session.is_some_and(ip_shared::is_shared),
            ttclid_stale::is_old(subject, event),
            ttp_missing::has_begun(subject, event),
            event.facts.has_path_only() && page_url_relative::has_origin(event, scope),
            legs.server.any(),
            legs.accepted.any(),
            legs.browser.any(),
            legs.tests.any(),
            sent_twice::is_twice(subject),
            row.pixel_differs,
            row.elsewhere.another_name,
            row.elsewhere.another_pixel,
            event_id_shared::is_shared(subject),
        ];
        Some(Self {
            flaws: event.flaws.mask(),
            facts: event.facts.mask() & FACTS,
            keys: event.keys.to_mask(),
            event: fact.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX),
            verdict: number(subject.verdict?),
            rest: rest.into_iter().fold(0, |mask, bit| mask << 1 | u32::from(bit)),
        })
    }
}

/// A number for what the judgements tell apart of a verdict.
const fn number(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Excluded(Exclusion::OtherSource) => 0,
        Verdict::Excluded(Exclusion::Unmapped(_)) => 1,
        Verdict::Excluded(Exclusion::ConsentDenied) => 2,
        Verdict::Excluded(Exclusion::MarkedTest) => 3,
        Verdict::Excluded(Exclusion::NoServerLeg) => 4,
        Verdict::Delivered => 5,
        Verdict::Waiting => 6,
        Verdict::Unknown { unverified: false, .. } => 7,
        Verdict::Unknown { unverified: true, .. } => 8,
        Verdict::Refused { .. } => 9,
        Verdict::NeverSent { .. } => 10,
    }
}

/// What is said of a likeness: the checks that are about it, those that it concerns, and how many keys
/// have it.
#[derive(Clone, Copy, Debug)]
struct Said {
    judged: u128,
    concerned: u128,
    keys: u64,
}

/// What a check has in common with others, so that it is worked out once for all of them.
pub enum Common<'c> {
    /// One judgement of all keys that are alike.
    Likeness(&'c mut ByRules),
    /// The pairs of each event name.
    Pairs(&'c mut ByName),
}

/// The checks with something in common, by their places among all checks, and what is worked out for them.
#[derive(Debug)]
pub(in crate::audit) struct Memo {
    rules: Vec<usize>,
    pairs: Vec<usize>,
    said: HashMap<Likeness, Said, RandomState>,
    names: ByName,
}

impl Memo {
    /// Finds these checks; of those by rules at most [`CHECKS_MAX`], the others look for themselves.
    pub(in crate::audit) fn of(checks: &mut [Box<dyn Check>]) -> Self {
        let (mut rules, mut pairs) = (Vec::new(), Vec::new());
        for (place, check) in checks.iter_mut().enumerate() {
            match check.common() {
                Some(Common::Likeness(_)) if rules.len() < CHECKS_MAX => rules.push(place),
                Some(Common::Pairs(_)) => pairs.push(place),
                Some(Common::Likeness(_)) | None => {}
            }
        }
        Self { rules, pairs, said: HashMap::default(), names: ByName::default() }
    }

    /// Whether this takes a check's place.
    pub(in crate::audit) fn has(&self, place: usize) -> bool {
        self.rules.contains(&place) || self.pairs.contains(&place)
    }

    /// Looks at one key for all of them.
    pub(in crate::audit) fn observe(
        &mut self,
        subject: &Subject<'_>,
        scope: &Scope<'_>,
        checks: &mut [Box<dyn Check>],
    ) {
        self.names.observe(subject, scope);
        let Some(like) = Likeness::of(subject, scope) else { return };
        let is_full = self.said.len() >= LIKENESSES_MAX;
        let mut unkept = None;
        let said = if let Some(said) = self.said.get_mut(&like) {
            said
        } else {
            let said = judge(&self.rules, subject, scope, checks);
            if is_full { unkept.insert(said) } else { self.said.entry(like).or_insert(said) }
        };
        debug_assert!(
            {
                let now = judge(&self.rules, subject, scope, checks);
                (now.judged, now.concerned) == (said.judged, said.concerned)
            },
            "a judgement depends on more than the likeness"
        );
        said.keys += 1;
        let mut rest = said.concerned;
        while rest != 0 {
            let bit = usize::try_from(rest.trailing_zeros()).unwrap_or_default();
            rest &= rest - 1;
            if let Some(rules) = self.rules.get(bit).and_then(|place| rules_at(checks, *place)) {
                rules.add(subject, scope);
            }
        }
        if let Some(said) = unkept {
            tell(&self.rules, &said, checks);
        }
    }

    /// Tells the checks what was worked out for them.
    pub(in crate::audit) fn finish(&mut self, checks: &mut [Box<dyn Check>]) {
        for said in self.said.drain().map(|(_, said)| said) {
            tell(&self.rules, &said, checks);
        }
        for place in &self.pairs {
            if let Some(Common::Pairs(names)) = checks.get_mut(*place).and_then(|check| check.common()) {
                names.clone_from(&self.names);
            }
        }
    }
}

/// The check by rules at a place.
fn rules_at(checks: &mut [Box<dyn Check>], place: usize) -> Option<&mut ByRules> {
    match checks.get_mut(place)?.common()? {
        Common::Likeness(rules) => Some(rules),
        Common::Pairs(_) => None,
    }
}

fn judge(places: &[usize], subject: &Subject<'_>, scope: &Scope<'_>, checks: &mut [Box<dyn Check>]) -> Said {
    let mut said = Said { judged: 0, concerned: 0, keys: 0 };
    for (bit, place) in places.iter().enumerate() {
        let judged = rules_at(checks, *place).and_then(|rules| rules.judge(subject, scope));
        if let Some(is_concerned) = judged {
            said.judged |= 1 << bit;
            said.concerned |= u128::from(is_concerned) << bit;
        }
    }
    said
}

fn tell(places: &[usize], said: &Said, checks: &mut [Box<dyn Check>]) {
    for (bit, place) in places.iter().enumerate() {
        if said.judged & (1 << bit) != 0
            && let Some(rules) = rules_at(checks, *place)
        {
            rules.add_judged(said.keys);
        }
    }
}
