//! Lines of an Amplitude export, as Zellify's integration fills it: `zellify_page_view` and the like.
//!
//! Amplitude knows no event id of TikTok's. A line whose own properties have none is no event here,
//! because one that was made up would never be found among the receipts; it tells who the visitor is.

use crate::ingest::json::{Node, Value};
use crate::ingest::record::{Builder, Rejected};

use super::outline::Scope;
use super::{Field, Outline, funnel, identity};

pub(super) fn recognise(record: &Outline<'_, '_>) -> bool {
    !record.event.is_some()
        && record.whole.field("event_type").is_some()
        && record.whole.field("event_properties").is_some()
}

pub(super) fn read(record: &Outline<'_, '_>, to: &mut Builder<'_>) -> Result<(), Rejected> {
    let whole = record.whole;
    let properties = whole.field("event_properties").unwrap_or_default();
    let mut line = *record;
    line.read(Scope::Root, properties, &mut to.spellings);
    line.read(Scope::User, whole.field("user_properties").unwrap_or_default(), &mut to.spellings);
    // Amplitude's own session and event numbers are not the funnel's.
    let mut own = Outline::default();
    own.read(Scope::Root, properties, &mut to.spellings);
    (line.session, line.event_id) = (own.session, own.event_id);
    line.external_id = own.external_id;
    let user = whole.field("user_id");
    if user.and_then(Value::as_text).is_some_and(|user| user.contains('@')) {
        line.email = line.email.or(Field::of(user));
    }
    let name = whole.field("event_type").and_then(Value::as_text).unwrap_or_default();
    let name = Node::Text(name.strip_prefix("zellify_").unwrap_or(name).into());
    line.event = Field::of(Some(Value::of(&name)));
    line.at = Field::of(whole.field("event_time"));
    // Its export writes UTC without saying so.
    let zone = to.zone.replace(chrono_tz::UTC);
    let read = if line.event_id.is_some() { funnel::read(&line, to) } else { identity::see(&line, to) };
    to.zone = zone;
    read
}
