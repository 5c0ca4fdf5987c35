//! Calls of the libraries of Segment and `RudderStack`: `track`, `page` and `identify`.
//!
//! The event id is the one that their TikTok destinations send by default: Segment's `messageId`,
//! `RudderStack`'s `properties.eventId` or `event_id`, else `messageId`.

use crate::domain::Reason;
use crate::ingest::json::{Node, Value};
use crate::ingest::record::{Builder, Rejected};

use super::kind::{Call, Kind};
use super::outline::Scope;
use super::{Field, Outline, funnel, identity};

pub(super) fn recognise(record: &Outline<'_, '_>) -> bool {
    matches!(record.kind(), Kind::Call(_)) && record.whole.field("messageId").is_some()
}

pub(super) fn read(record: &Outline<'_, '_>, to: &mut Builder<'_>) -> Result<(), Rejected> {
    let whole = record.whole;
    let field = |path: &str| Field::of(whole.at(path));
    let mut call = *record;
    let parts = [
        (Scope::Root, whole.field("properties")),
        (Scope::User, whole.field("traits")),
        (Scope::User, whole.at("context.traits")),
        (Scope::User, whole.field("context")),
        (Scope::Page, whole.at("context.page")),
    ];
    for (scope, part) in parts {
        call.read(scope, part.unwrap_or_default(), &mut to.spellings);
    }
    call.session = record.session.or(field("anonymousId"));
    call.external_id = call.external_id.or(field("userId"));
    call.contents = call.contents.or(field("properties.products"));
    call.value = call.value.or(field("properties.revenue")).or(field("properties.total"));
    call.event_id = field("messageId");
    call.event = record.event;
    call.at = field("timestamp").or(field("originalTimestamp"));
    if whole.field("rudderId").or_else(|| whole.field("channel")).is_some() {
        let own = field("properties.eventId").or(field("properties.event_id"));
        call.event_id = own.or(call.event_id);
    }
    let page_view = Node::Text("page_view".into());
    match record.kind() {
        Kind::Call(Call::Other) => return Err(Reason::UnknownRecord.into()),
        Kind::Call(Call::Identify) => return identity::see(&call, to),
        Kind::Call(Call::Page) => call.event = Field::of(Some(Value::of(&page_view))),
        Kind::Call(Call::Track) | Kind::Funnel | Kind::Delivery | Kind::Other => {}
    }
    funnel::read(&call, to)
}
