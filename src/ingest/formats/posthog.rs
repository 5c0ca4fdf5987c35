//! Events of `PostHog`: lines of its exports, and the bodies of its webhooks.
//!
//! The event id is the one that its TikTok destination sends by default, the event's `uuid`; an `event_id` among
//! the properties comes first, because a Pixel cannot know the `uuid`. Events of the library itself, but page
//! views, are no steps of a funnel: they tell who the visitor is.

use crate::ingest::json::{Node, Tape, Value};
use crate::ingest::record::{Builder, Rejected};

use super::outline::Scope;
use super::{Field, Outline, funnel, identity};

pub(super) fn recognise(record: &Outline<'_, '_>) -> bool {
    let is_whole = |event: Value<'_, '_>| {
        ["uuid", "distinct_id", "properties"].iter().all(|key| event.field(key).is_some())
    };
    match record.event.get() {
        // A webhook's body holds the event beside the person.
        Some(event) if event.is_object() => is_whole(event),
        Some(_) => record.distinct.is_some() && is_whole(record.whole),
        None => false,
    }
}

pub(super) fn read(record: &Outline<'_, '_>, to: &mut Builder<'_>) -> Result<(), Rejected> {
    let event = record.event.get().filter(|event| event.is_object()).unwrap_or(record.whole);
    let person = record.whole.field("person_properties").or_else(|| record.whole.at("person.properties"));
    // Columnar exports keep both as texts.
    let (mut tape, mut persons_tape) = (Tape::within(to.policy.limits), Tape::within(to.policy.limits));
    let properties = object(event.field("properties"), &mut tape)?;
    let person = object(person, &mut persons_tape)?;
    let parts = Parts { whole: record.whole, event, properties, person };
    parts.read(to)
}

/// An object, or the one in a text.
fn object<'b, 'a: 'b>(
    value: Option<Value<'a, 'a>>,
    tape: &'b mut Tape<'a>,
) -> Result<Value<'b, 'a>, Rejected> {
    match value.and_then(Value::as_text).map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => Ok(tape.parse(text)?),
        None => Ok(value.unwrap_or_default()),
    }
}

struct Parts<'b, 'a> {
    whole: Value<'b, 'a>,
    event: Value<'b, 'a>,
    properties: Value<'b, 'a>,
    person: Value<'b, 'a>,
}

impl Parts<'_, '_> {
    fn read(&self, to: &mut Builder<'_>) -> Result<(), Rejected> {
        let Self { whole, event, properties, person } = *self;
        let own = |key: &str| Field::of(properties.field(key));
        let of_person = |key: &str| Field::of(person.field(key));
        let mut line = Outline { whole, ..Outline::default() };
        line.read(Scope::Root, properties, &mut to.spellings);
        line.read(Scope::Properties, properties, &mut to.spellings);
        for set in ["$set", "$set_once"] {
            line.read(Scope::User, properties.field(set).unwrap_or_default(), &mut to.spellings);
        }
        line.read(Scope::User, person, &mut to.spellings);
        line.event_id = own("event_id").or(own("eventId")).or(Field::of(event.field("uuid")));
        line.at = Field::of(event.field("timestamp"));
        line.session = Field::of(event.field("distinct_id"));
        // As its destination sends it.
        line.external_id = Field::of(whole.field("person_id").or_else(|| whole.at("person.id")));
        line.url = own("$current_url").or(line.url);
        line.referrer = own("$referrer").or(line.referrer);
        line.ip = own("$ip").or(line.ip);
        line.user_agent = own("$raw_user_agent").or(own("$user_agent")).or(line.user_agent);
        line.ttclid = own("ttclid").or(of_person("ttclid")).or(of_person("$initial_ttclid"));
        line.value = line.value.or(own("revenue")).or(own("price"));
        line.contents = line.contents.or(own("products"));
        let page_view = Node::Text("page_view".into());
        match event.field("event").and_then(Value::as_text) {
            Some("$pageview") => line.event = Field::of(Some(Value::of(&page_view))),
            Some(name) if name.starts_with('$') => return identity::see(&line, to),
            Some(_) | None => line.event = Field::of(event.field("event")),
        }
        funnel::read(&line, to)
    }
}
