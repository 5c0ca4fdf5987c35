//! Who a session's visitor is, and no event: the body of Zellify's registration webhook (product 3.4).

use crate::domain::{Consent, Reason, TimeMs};
use crate::ingest::json::Value;
use crate::ingest::record::{Builder, Rejected, is_blank};
use crate::ingest::sessions::{Sighting, Step};
use crate::tiktok::validity;

use super::outline::Scope;
use super::person::Person;
use super::{Outline, funnel};

pub(super) fn recognise(record: &Outline<'_, '_>) -> bool {
    let context = record.context.get();
    context.and_then(|context| context.field("appUserId").or_else(|| context.field("app_user_id"))).is_some()
}

pub(super) fn read(record: &Outline<'_, '_>, to: &mut Builder<'_>) -> Result<(), Rejected> {
    let mut identity = *record;
    let context = record.context.get().unwrap_or_default();
    identity.read(Scope::Root, context, &mut to.spellings);
    see(&identity, to)
}

/// Adds what a record says of its session.
pub(super) fn see(record: &Outline<'_, '_>, to: &mut Builder<'_>) -> Result<(), Rejected> {
    let rejected = |reason| Rejected { reason, name: None, at: None };
    let at = to.optional_time(record.at.get()).map_err(rejected)?.unwrap_or(TimeMs::UNDATED);
    let session = record.session.get().and_then(Value::id);
    let session = session.filter(|id| !is_blank(id) && !validity::is_placeholder(id));
    let Some(session) = session else { return Err(rejected(Reason::UnknownRecord)) };
    let region = to.policy.default_region.as_deref();
    let person = Person::of(record, None, region, &mut to.people);
    let consent = funnel::consent(record.consent.get());
    let sighting = Sighting {
        at,
        page: None,
        step: Step::Other,
        // A consent without a date must not outlive a denial; a denial without one outlives everything.
        consent: if at == TimeMs::UNDATED && consent == Consent::Granted { Consent::Absent } else { consent },
        ttclid: [person.ttclid, None],
        ttp: person.ttp,
        email: person.email.as_slice(),
        phone: person.phone.as_slice(),
        external_id: person.external_id.as_slice(),
        // Whose address this is, a webhook does not say for sure.
        ip_tag: 0,
        hints: person.hints.as_slice(),
    };
    match to.see(&session, &sighting) {
        Some(_) => Ok(()),
        None => Err(rejected(Reason::IdTooLong)),
    }
}
