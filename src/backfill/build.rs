//! From a planned key to the exact object that is sent.

use std::collections::BTreeSet;

use crate::domain::{Consent, IdGroup, Planned, Policy, RunId, StoredEvent, Unsendable};
use crate::store::{Store, StoreError};
use crate::tiktok::payload::{self, EventObject, Sendable};

use super::enrich;

/// An event object, and where its filled-in match keys come from.
#[derive(Clone, Debug)]
pub struct Built {
    /// The object.
    pub object: EventObject,
    /// `email: session, 2026-11-20T12:30:00Z; …`, or empty.
    pub provenance: Box<str>,
    /// How many earlier runs tried this key.
    pub runs_before: usize,
}

/// Builds the object of a planned key from the store: payload, contact, and what the session had.
///
/// # Errors
/// [`StoreError`]. The inner error says why the event cannot be sent as it is.
pub fn build(
    store: &Store,
    policy: &Policy,
    planned: &Planned,
) -> Result<Result<Built, Unsendable>, StoreError> {
    build_in(store, policy, planned, None)
}

/// Builds the object of a planned key within a run, whose own tries are no earlier ones.
pub(super) fn build_in(
    store: &Store,
    policy: &Policy,
    planned: &Planned,
    run: Option<RunId>,
) -> Result<Result<Built, Unsendable>, StoreError> {
    let Some(group) = store.group(&planned.id)? else {
        return Ok(Err(Unsendable::PayloadGone));
    };
    let is_planned =
        |event: &&StoredEvent| event.name == planned.logged_name && event.pixel == planned.logged_pixel;
    let Some((place, event)) = group.events.iter().enumerate().find(|(_, event)| is_planned(event)) else {
        return Ok(Err(Unsendable::PayloadGone));
    };
    let mut payload = match store.payload(event) {
        Ok(Some(payload)) => payload,
        Ok(None) => return Ok(Err(Unsendable::PayloadGone)),
        // The others of the plan can still be sent (reliability S-09).
        Err(StoreError::Damaged { .. }) => return Ok(Err(Unsendable::ObjectDamaged)),
        Err(error) => return Err(error),
    };
    let is_denied = group.sessions.get(place).copied().flatten().is_some_and(|session| session.is_denied());
    let joins =
        !is_denied && !event.facts.session_is_placeholder() && event.facts.consent() != Consent::Denied;
    let session = if joins { store.session_values(event)? } else { None };
    let provenance = enrich::fill(&mut payload, session.as_ref(), event.at, policy.backfill.enrich);
    let contact = store.contact(event)?;
    let origin = policy.campaign(event.place.campaign.as_ref()).and_then(|campaign| campaign.origin.as_ref());
    let encoded = payload::encode(&Sendable {
        name: &planned.name,
        id: &planned.id,
        at: planned.at,
        payload: &payload,
        ip: contact.ip,
        user_agent: contact.user_agent.as_deref(),
        origin: origin.map(|origin| &*origin.0),
    });
    Ok(encoded.map(|object| Built {
        object,
        provenance: provenance.into_text(),
        runs_before: runs_before(&group, planned, run),
    }))
}

/// How many runs tried the key in earnest: in-run retries and halves of a batch count once.
fn runs_before(group: &IdGroup, planned: &Planned, run: Option<RunId>) -> usize {
    let tries = group.attempts.iter().filter(|attempt| {
        !attempt.is_test
            && Some(attempt.run) != run
            && attempt.name == planned.name
            && attempt.pixel == planned.pixel
    });
    tries.map(|attempt| attempt.run).collect::<BTreeSet<_>>().len()
}
