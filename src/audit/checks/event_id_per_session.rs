//! The session's id as the id of events that happen more than once.

use crate::domain::Severity;
use crate::tiktok::event_map;

use super::super::CheckFact;
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "event-id-per-session",
    severity: Severity::Medium,
    title: "The event_id is the visitor's session id on events that can happen more than once in a session, so \
            TikTok counts the first only.",
    causes: &[
        "app_user_id is used as the idempotency key of everything, which suits one registration a session only.",
        "The template of the tag puts the session id where an event id belongs.",
    ],
    fix: "Make an id of its own for each page view, step and payment, and give the same one to both legs.",
    fix_command: "makegood events --finding event-id-per-session",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        let event = expected_event(subject)?;
        let repeats = subject.row.name.as_ref().is_some_and(event_map::may_repeat);
        repeats.then(|| event.facts.id_is_session())
    },
    summary: |keys, of| {
        format!(
            "{} the session's id as event_id, on names that repeat within a session ({} of such events).",
            events_do(keys, "has", "have"),
            share(keys, of)
        )
    },
    weight: Weight::Lack,
    signs: &[("Already repeated under that one id, so that further ones were dropped", |subject, _| {
        subject.row.event.as_ref().is_some_and(|event| event.facts.content_differs())
    })],
    lists: &[("By event", name_of)],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{clean, found, shows};

    #[test]
    fn it_fires_on_page_views_under_the_session_id() {
        let mut view = clean("page_view");
        let facts = &mut view.event.as_mut().unwrap().facts;
        facts.set_id_is_session();
        facts.set_content_differs();
        let found = found(&[view, clean("page_view")], FACT.code).unwrap();
        assert_eq!(found.events, 1);
        assert!(shows(&found, "Already repeated under that one id"));
    }

    #[test]
    fn it_is_silent_on_what_happens_once_a_session() {
        let mut lead = clean("lead");
        lead.event.as_mut().unwrap().facts.set_id_is_session();
        assert_eq!(found(&[lead, clean("page_view")], FACT.code), None);
    }
}
