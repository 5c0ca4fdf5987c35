//! Filling in what an event lacks and its own page or its session knows (product 6.4).

use crate::domain::{Digest, Enrich, MatchKey, Seen, TimeMs};
use crate::store::SessionValues;
use crate::tiktok::payload::Stored;
use crate::tiktok::{normalise, page, validity};

/// Where each filled-in match key comes from, in the order of [`MatchKey::ALL`]; never the value.
#[derive(Debug, Default)]
pub(super) struct Provenance(String);

impl Provenance {
    fn add(&mut self, key: MatchKey, origin: &str) {
        if !self.0.is_empty() {
            self.0.push_str("; ");
        }
        self.0.push_str(key.name());
        self.0.push_str(": ");
        self.0.push_str(origin);
    }

    /// `ttclid: page url; email: session, 2026-11-20T12:30:00Z`, or nothing.
    pub fn into_text(self) -> Box<str> {
        self.0.into()
    }
}

/// Fills in the match keys that `payload` lacks. What is there is never touched.
///
/// `session` is what the event's session knows: `None` for a placeholder session, one that denied
/// consent, or none at all.
pub(super) fn fill(
    payload: &mut Stored,
    session: Option<&SessionValues>,
    at: TimeMs,
    enrich: Enrich,
) -> Provenance {
    let mut provenance = Provenance::default();
    let fill_text = |own: &mut Option<Box<str>>, seen: Option<&Seen<Box<str>>>| {
        let seen = seen.filter(|seen| own.is_none() && is_known(seen, at, enrich))?;
        *own = Some(seen.value.clone());
        Some(from_session(seen.at))
    };
    let fill_digest = |own: &mut Vec<Digest>, seen: Option<&Seen<Digest>>| {
        let seen = seen.filter(|seen| own.is_empty() && is_known(seen, at, enrich))?;
        own.push(seen.value);
        Some(from_session(seen.at))
    };
    // The event's own URL is its own knowledge, whatever `enrich` says.
    if payload.ttclid.as_deref().is_none_or(|own| !validity::is_ttclid(own)) {
        // One that TikTok cannot use is left out of the request, so the event lacks it.
        payload.ttclid = None;
    }
    if payload.ttp.as_deref().is_none_or(|own| !validity::is_ttp(own)) {
        payload.ttp = None;
    }
    if payload.ttclid.is_none()
        && let Some(ttclid) = payload.url.as_deref().and_then(page::url_ttclid)
    {
        payload.ttclid = Some(ttclid.into());
        provenance.add(MatchKey::Ttclid, "page url");
    }
    let Some(session) = session else { return provenance };
    let filled = [
        (MatchKey::Ttclid, fill_text(&mut payload.ttclid, session.ttclid.as_ref())),
        (MatchKey::Ttp, fill_text(&mut payload.ttp, session.ttp.as_ref())),
        (MatchKey::Email, fill_digest(&mut payload.email, session.email.as_ref())),
        (MatchKey::Phone, fill_digest(&mut payload.phone, session.phone.as_ref())),
        (MatchKey::ExternalId, fill_digest(&mut payload.external_id, session.external_id.as_ref())),
    ];
    for (key, origin) in filled {
        if let Some(origin) = origin {
            provenance.add(key, &origin);
        }
    }
    // Not enrichment: the integration itself sends the hashed session id where there is no other.
    if payload.external_id.is_empty()
        && let Ok(digest) = normalise::external_id(session.id.as_str())
    {
        payload.external_id.push(digest);
        provenance.add(MatchKey::ExternalId, "session id");
    }
    provenance
}

/// Whether the session's value is certain, and known early enough for the policy.
fn is_known<T>(seen: &Seen<T>, at: TimeMs, enrich: Enrich) -> bool {
    let is_early = match enrich {
        Enrich::Past => seen.at <= at,
        Enrich::Session => true,
        Enrich::Off => false,
    };
    is_early && !seen.several
}

fn from_session(at: TimeMs) -> String {
    format!("session, {at}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SessionId;

    fn at(ms: i64) -> TimeMs {
        TimeMs::from_ms(ms)
    }

    fn session() -> SessionValues {
        let digest = |byte| Some(Seen::once(Digest::from_bytes([byte; 32]), at(100)));
        SessionValues {
            id: SessionId::parse("s1").unwrap(),
            ttclid: Some(Seen::once("E.C.P.session".into(), at(100))),
            ttp: Some(Seen::once("ttp-of-session".into(), at(100))),
            email: digest(1),
            phone: digest(2),
            external_id: digest(3),
        }
    }

    #[test]
    fn what_the_session_knew_by_then_is_filled_in() {
        let mut payload = Stored::default();
        let text = fill(&mut payload, Some(&session()), at(100), Enrich::Past).into_text();
        assert_eq!(payload.ttclid.as_deref(), Some("E.C.P.session"));
        assert_eq!(payload.email, [Digest::from_bytes([1; 32])]);
        assert_eq!(payload.external_id, [Digest::from_bytes([3; 32])]);
        let origin = "session, 1970-01-01T00:00:00.100Z";
        let all = ["ttclid", "ttp", "email", "phone", "external_id"].map(|key| format!("{key}: {origin}"));
        assert_eq!(&*text, all.join("; "));
    }

    #[test]
    fn later_values_need_the_session_policy() {
        for (enrich, filled) in [(Enrich::Past, false), (Enrich::Session, true), (Enrich::Off, false)] {
            let mut payload = Stored::default();
            fill(&mut payload, Some(&session()), at(99), enrich);
            assert_eq!(payload.email.len(), usize::from(filled), "{enrich:?}");
            assert_eq!(payload.external_id.len(), 1, "the hashed session id stands in");
        }
    }

    #[test]
    fn nothing_is_overwritten_and_two_values_give_none() {
        let mut several = session();
        several.ttp.as_mut().unwrap().several = true;
        several.external_id.as_mut().unwrap().several = true;
        let own = Digest::from_bytes([9; 32]);
        let mut payload = Stored { ttclid: Some("own".into()), email: vec![own], ..Stored::default() };
        let text = fill(&mut payload, Some(&several), at(100), Enrich::Session).into_text();
        assert_eq!(
            (payload.ttclid.as_deref(), &payload.email[..], &payload.ttp),
            (Some("own"), &[own][..], &None)
        );
        assert_eq!(&*text, "phone: session, 1970-01-01T00:00:00.100Z; external_id: session id");
    }

    #[test]
    fn the_own_url_comes_first() {
        for enrich in [Enrich::Past, Enrich::Off] {
            let url = "https://q.example/f?x=1&ttclid=E.C.P.own%2B1#top";
            let mut payload = Stored { url: Some(url.into()), ..Stored::default() };
            let text = fill(&mut payload, None, at(0), enrich).into_text();
            assert_eq!((payload.ttclid.as_deref(), &*text), (Some("E.C.P.own+1"), "ttclid: page url"));
        }
        for url in ["https://q.example/f", "/f?ttclid=", "/f?ttclid=null", "/f?ttclid=a%20b"] {
            let mut payload = Stored { url: Some(url.into()), ..Stored::default() };
            fill(&mut payload, None, at(0), Enrich::Past);
            assert_eq!(payload.ttclid, None, "{url}");
        }
    }
}
