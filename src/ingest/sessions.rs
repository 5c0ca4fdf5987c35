//! What the records of a batch say of their sessions, joined so that no order matters.

use std::collections::HashMap;

use crate::domain::{Consent, Digest, Hint, Seen, SessionFacts, SessionId, Term, TimeMs};

use super::terms::Terms;

/// The sessions of a batch.
#[derive(Default)]
pub(super) struct Sessions {
    facts: Vec<SessionFacts>,
    numbers: HashMap<Box<str>, u32>,
    /// The session of the last record: most neighbours are of one.
    last: Option<u32>,
}

/// A step of the funnel that a session remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The e-mail address was given.
    Captured,
    /// The checkout was shown.
    Paywall,
    /// Any other.
    Other,
}

/// What one record says of its session.
pub(super) struct Sighting<'a> {
    pub(super) at: TimeMs,
    pub(super) page: Option<Term>,
    pub(super) step: Step,
    pub(super) consent: Consent,
    /// The record's own click id and the one of its URL.
    pub(super) ttclid: [Option<&'a str>; 2],
    pub(super) ttp: Option<&'a str>,
    pub(super) email: &'a [Digest],
    pub(super) phone: &'a [Digest],
    pub(super) external_id: &'a [Digest],
    /// The tag of its IP address; 0: none.
    pub(super) ip_tag: u16,
    pub(super) hints: &'a [Option<Hint>],
}

impl Sessions {
    /// Adds what a record says; `None` if the text is no session id.
    pub(super) fn see(&mut self, id: &str, sighting: &Sighting<'_>, terms: &Terms) -> Option<u32> {
        let known = self.last.filter(|last| self.is(*last, id)).or_else(|| self.numbers.get(id).copied());
        let number = match known {
            Some(number) => number,
            None => self.add(id)?,
        };
        self.last = Some(number);
        let facts = self.facts.get_mut(usize::try_from(number).ok()?)?;
        join(facts, sighting, terms);
        Some(number)
    }

    /// Adds all that another host knows of a session; `None` if there are too many.
    pub(super) fn add_facts(&mut self, facts: SessionFacts, terms: &Terms) -> Option<u32> {
        let number = match self.numbers.get(facts.id.as_str()).copied() {
            Some(number) => number,
            None => self.add(facts.id.as_str())?,
        };
        join_facts(self.facts.get_mut(usize::try_from(number).ok()?)?, facts, terms);
        Some(number)
    }

    fn is(&self, number: u32, id: &str) -> bool {
        let facts = usize::try_from(number).ok().and_then(|at| self.facts.get(at));
        facts.is_some_and(|facts| facts.id.as_str() == id)
    }

    fn add(&mut self, id: &str) -> Option<u32> {
        let number = u32::try_from(self.facts.len()).ok()?;
        self.facts.push(SessionFacts::new(SessionId::parse(id).ok()?));
        self.numbers.insert(id.into(), number);
        Some(number)
    }

    /// Hands out all sessions and forgets them.
    pub(super) fn take(&mut self) -> Vec<SessionFacts> {
        self.numbers.clear();
        self.last = None;
        std::mem::take(&mut self.facts)
    }
}

fn join(facts: &mut SessionFacts, seen: &Sighting<'_>, terms: &Terms) {
    let at = seen.at;
    land(&mut facts.landing, seen.page, at, terms);
    match seen.step {
        Step::Captured => earliest(&mut facts.captured_at, at),
        Step::Paywall => earliest(&mut facts.paywall_at, at),
        Step::Other => {}
    }
    match seen.consent {
        Consent::Denied => {
            newest(&mut facts.denied_at, at);
            // Nothing is taken from a denied event, not even to fill in another (product 6.4).
            return;
        }
        Consent::Granted => newest(&mut facts.granted_at, at),
        Consent::Absent | Consent::Unclear => {}
    }
    if seen.ip_tag > 0 && (facts.ip_tag == 0 || seen.ip_tag < facts.ip_tag) {
        facts.ip_tag = seen.ip_tag;
    }
    for ttclid in seen.ttclid.into_iter().flatten() {
        see_text(&mut facts.ttclid, ttclid, at);
    }
    SessionFacts::join_hints(&mut facts.hints, seen.hints.iter().flatten().copied());
    if let Some(ttp) = seen.ttp {
        see_text(&mut facts.ttp, ttp, at);
    }
    for (known, digests) in [
        (&mut facts.email, seen.email),
        (&mut facts.phone, seen.phone),
        (&mut facts.external_id, seen.external_id),
    ] {
        for digest in digests {
            see(known, *digest, at);
        }
    }
}

/// As [`join`], of what many records say together.
fn join_facts(known: &mut SessionFacts, facts: SessionFacts, terms: &Terms) {
    let SessionFacts {
        id: _,
        landing,
        ttclid,
        ttp,
        email,
        phone,
        external_id,
        captured_at,
        paywall_at,
        denied_at,
        granted_at,
        ip_tag,
        hints,
    } = facts;
    SessionFacts::join_hints(&mut known.hints, hints);
    if let Some(landing) = landing {
        land(&mut known.landing, landing.value, landing.at, terms);
    }
    join_seen(&mut known.ttclid, ttclid);
    join_seen(&mut known.ttp, ttp);
    join_seen(&mut known.email, email);
    join_seen(&mut known.phone, phone);
    join_seen(&mut known.external_id, external_id);
    if let Some(at) = captured_at {
        earliest(&mut known.captured_at, at);
    }
    if let Some(at) = paywall_at {
        earliest(&mut known.paywall_at, at);
    }
    known.denied_at = known.denied_at.max(denied_at);
    known.granted_at = known.granted_at.max(granted_at);
    if ip_tag > 0 && (known.ip_tag == 0 || ip_tag < known.ip_tag) {
        known.ip_tag = ip_tag;
    }
}

fn join_seen<T: Ord>(known: &mut Option<Seen<T>>, other: Option<Seen<T>>) {
    match (known.as_mut(), other) {
        (Some(known), Some(other)) => known.join(other),
        (None, other) => *known = other,
        (Some(_), None) => {}
    }
}

fn see<T: Ord>(known: &mut Option<Seen<T>>, value: T, at: TimeMs) {
    match known {
        Some(known) => known.join(Seen::once(value, at)),
        None => *known = Some(Seen::once(value, at)),
    }
}

/// As [`see`], without a copy of a text that is known already.
fn see_text(known: &mut Option<Seen<Box<str>>>, text: &str, at: TimeMs) {
    match known {
        Some(known) if *known.value == *text => known.at = known.at.min(at),
        _ => see(known, text.into(), at),
    }
}

/// The landing page is that of the first record. Terms are numbered by their order, so among records
/// of one time the text decides.
fn land(known: &mut Option<Seen<Option<Term>>>, page: Option<Term>, at: TimeMs, terms: &Terms) {
    let Some(known) = known else {
        *known = Some(Seen::once(page, at));
        return;
    };
    known.several |= known.value != page;
    let text = |page: Option<Term>| page.map(|term| terms.text(term));
    if at < known.at || (at == known.at && text(page) < text(known.value)) {
        known.value = page;
        known.at = at;
    }
}

fn earliest(known: &mut Option<TimeMs>, at: TimeMs) {
    *known = Some(known.map_or(at, |known| known.min(at)));
}

fn newest(known: &mut Option<TimeMs>, at: TimeMs) {
    *known = Some(known.map_or(at, |known| known.max(at)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::TermKind;

    fn sighting(at: i64) -> Sighting<'static> {
        Sighting {
            at: TimeMs::from_ms(at),
            page: None,
            step: Step::Other,
            consent: Consent::Absent,
            ttclid: [None, None],
            ttp: None,
            email: &[],
            phone: &[],
            external_id: &[],
            ip_tag: 0,
            hints: &[],
        }
    }

    /// Everything of the one session after these sightings in this order.
    fn told(order: &[usize]) -> String {
        let mut terms = Terms::default();
        let mut sessions = Sessions::default();
        let mail = [Digest::from_bytes([1; 32]), Digest::from_bytes([2; 32])];
        for at in order {
            let page = |terms: &mut Terms, text| Some(terms.of(TermKind::Page, text));
            let seen = match at {
                0 => Sighting { page: page(&mut terms, "b"), ttclid: [Some("X"), Some("X")], ..sighting(5) },
                1 => Sighting {
                    page: page(&mut terms, "a"),
                    step: Step::Captured,
                    email: &mail,
                    ..sighting(5)
                },
                2 => Sighting { consent: Consent::Denied, ttclid: [Some("Y"), None], ..sighting(7) },
                3 => Sighting {
                    consent: Consent::Granted,
                    ttp: Some("T"),
                    step: Step::Paywall,
                    ip_tag: 7,
                    ..sighting(8)
                },
                _ => Sighting { consent: Consent::Granted, step: Step::Captured, ip_tag: 9, ..sighting(6) },
            };
            assert_eq!(sessions.see("s", &seen, &terms), Some(0));
        }
        let facts = sessions.take().pop().unwrap();
        let page = facts.landing.as_ref().map(|seen| terms.text(seen.value.unwrap()).to_owned());
        format!(
            "{page:?} {} {:?} {:?} {:?} {} {:?} {:?} {:?} {:?}",
            facts.ip_tag,
            facts.landing.as_ref().map(|seen| (seen.at, seen.several)),
            facts.ttclid,
            facts.ttp,
            facts.email.is_some_and(|seen| seen.several),
            facts.captured_at,
            facts.paywall_at,
            facts.denied_at,
            facts.granted_at
        )
    }

    #[test]
    fn the_order_of_records_does_not_matter() {
        let one = told(&[0, 1, 2, 3, 4]);
        for order in [[4, 3, 2, 1, 0], [1, 0, 4, 2, 3], [2, 4, 0, 3, 1]] {
            assert_eq!(told(&order), one);
        }
        assert!(one.starts_with("Some(\"a\")"), "{one}");
        assert!(
            one.contains("value: \"X\"") && !one.contains('Y'),
            "nothing comes from a denied event: {one}"
        );
    }

    #[test]
    fn a_batch_counts_its_own_sessions() {
        let (mut sessions, terms) = (Sessions::default(), Terms::default());
        assert_eq!(sessions.see("a", &sighting(1), &terms), Some(0));
        assert_eq!(sessions.see("b", &sighting(1), &terms), Some(1));
        assert_eq!(sessions.see("a", &sighting(2), &terms), Some(0));
        assert_eq!(sessions.see(" ", &sighting(2), &terms), None);
        assert_eq!(sessions.take().len(), 2);
        assert_eq!(sessions.see("b", &sighting(1), &terms), Some(0));
    }
}
