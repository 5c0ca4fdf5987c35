//! What the checks by rules say of records that are alike, worked out once.
//!
//! Forty checks ask a record the same few things, and nearly all records answer alike. Their answers are
//! kept for each [`Likeness`]; a record like one before is counted, and only the checks that it concerns
//! look at it.

use std::collections::HashMap;

use crate::domain::{Amount, MatchKey};
use crate::tiktok::event_map;

use super::super::{Check, Scope, Subject};
use super::known::expected_event;
use super::{ip_shared, page_url_relative, ttclid_stale, ttp_missing};

/// Likenesses that are kept; records beyond are judged one by one.
const LIKENESSES_MAX: usize = 1 << 14;

/// Checks that a mask can name.
const CHECKS_MAX: usize = 64;

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
    /// One bit for each of the rest.
    rest: u16,
}

impl Likeness {
    /// `None`: no judgement is about it.
    fn of(subject: &Subject<'_>, scope: &Scope<'_>) -> Option<Self> {
        let event = expected_event(subject)?;
        let session = subject.row.session.as_ref();
        let fact = subject.row.name.as_ref().and_then(|name| event_map::place(name.as_str()));
        let is_nothing = |value: Amount| value.is_zero() || value.is_negative();
        let rest = [
            event.value.is_some(),
            event.value.is_some_and(is_nothing),
            event.currency.is_some(),
            event.session.is_some(),
            session.is_some(),
            session.is_some_and(|session| session.external_id_at.is_some()),
            session.is_some_and(|session| session.several.has(MatchKey::ExternalId)),
            session.is_some_and(ip_shared::is_shared),
            ttclid_stale::is_old(subject, event),
            ttp_missing::has_begun(subject, event),
            event.facts.has_path_only() && page_url_relative::has_origin(event, scope),
        ];
        Some(Self {
            flaws: event.flaws.mask(),
            facts: event.facts.mask() & FACTS,
            keys: event.keys.to_mask(),
            event: fact.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX),
            rest: rest.into_iter().fold(0, |mask, bit| mask << 1 | u16::from(bit)),
        })
    }
}

/// What is said of a likeness: the checks that are about it, those that it concerns, and how many keys
/// have it.
#[derive(Clone, Copy, Debug)]
struct Said {
    judged: u64,
    concerned: u64,
    keys: u64,
}

/// The checks of likeness among all checks, and what they said.
#[derive(Debug)]
pub(in crate::audit) struct Memo {
    /// Their places among all checks.
    places: Vec<usize>,
    said: HashMap<Likeness, Said>,
}

impl Memo {
    /// Finds the checks of likeness; at most [`CHECKS_MAX`], the others look for themselves.
    pub(in crate::audit) fn of(checks: &mut [Box<dyn Check>]) -> Self {
        let place = |(place, check): (usize, &mut Box<dyn Check>)| check.of_likeness().map(|_| place);
        let places = checks.iter_mut().enumerate().filter_map(place).take(CHECKS_MAX).collect();
        Self { places, said: HashMap::new() }
    }

    /// Whether this takes a check's place.
    pub(in crate::audit) fn has(&self, place: usize) -> bool {
        self.places.contains(&place)
    }

    /// Looks at one key for all of them.
    pub(in crate::audit) fn observe(
        &mut self,
        subject: &Subject<'_>,
        scope: &Scope<'_>,
        checks: &mut [Box<dyn Check>],
    ) {
        let Some(like) = Likeness::of(subject, scope) else { return };
        let is_full = self.said.len() >= LIKENESSES_MAX;
        let mut unkept = None;
        let said = if let Some(said) = self.said.get_mut(&like) {
            said
        } else {
            let said = judge(&self.places, subject, scope, checks);
            if is_full { unkept.insert(said) } else { self.said.entry(like).or_insert(said) }
        };
        debug_assert!(
            {
                let now = judge(&self.places, subject, scope, checks);
                (now.judged, now.concerned) == (said.judged, said.concerned)
            },
            "a judgement depends on more than the likeness"
        );
        said.keys += 1;
        let mut rest = said.concerned;
        while rest != 0 {
            let bit = usize::try_from(rest.trailing_zeros()).unwrap_or_default();
            rest &= rest - 1;
            let check = self.places.get(bit).and_then(|place| checks.get_mut(*place));
            if let Some(rules) = check.and_then(|check| check.of_likeness()) {
                rules.add(subject, scope);
            }
        }
        if let Some(said) = unkept {
            tell(&self.places, &said, checks);
        }
    }

    /// Tells the checks how many keys they were about.
    pub(in crate::audit) fn finish(&mut self, checks: &mut [Box<dyn Check>]) {
        for said in self.said.drain().map(|(_, said)| said) {
            tell(&self.places, &said, checks);
        }
    }
}

fn judge(places: &[usize], subject: &Subject<'_>, scope: &Scope<'_>, checks: &mut [Box<dyn Check>]) -> Said {
    let mut said = Said { judged: 0, concerned: 0, keys: 0 };
    for (bit, place) in places.iter().enumerate() {
        let rules = checks.get_mut(*place).and_then(|check| check.of_likeness());
        if let Some(is_concerned) = rules.and_then(|rules| rules.judge(subject, scope)) {
            said.judged |= 1 << bit;
            said.concerned |= u64::from(is_concerned) << bit;
        }
    }
    said
}

fn tell(places: &[usize], said: &Said, checks: &mut [Box<dyn Check>]) {
    for (bit, place) in places.iter().enumerate() {
        if said.judged & (1 << bit) != 0
            && let Some(rules) = checks.get_mut(*place).and_then(|check| check.of_likeness())
        {
            rules.add_judged(said.keys);
        }
    }
}
