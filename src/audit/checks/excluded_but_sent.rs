//! Left out of the audit as not TikTok's, and yet the server sent it.

use crate::domain::{Exclusion, Severity, Verdict};
use crate::reconcile::source_of;

use super::super::{CheckFact, Scope, Subject};
use super::rules::{Rules, Weight, campaign_of, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "excluded-but-sent",
    severity: Severity::Medium,
    title: "Events are excluded as not TikTok's business, and the server sent them all the same.",
    causes: &[
        "The config excludes too much: a source or a name that is TikTok's after all.",
        "The sender does not filter: it sends another platform's visitors to TikTok as well.",
        "Records marked as tests are sent without a test event code.",
    ],
    fix: "If they are TikTok's, say so in the config: source_aliases for a spelling of the source, [map] for \
          a name, server_leg for a campaign. If they are not, filter them in the sender.",
    fix_command: "makegood events --finding excluded-but-sent",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check_of_likeness(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge,
    summary: |keys, of| {
        format!(
            "{} live server receipts though this audit excludes them ({} of the excluded).",
            events_do(keys, "has", "have"),
            share(keys, of)
        )
    },
    weight: Weight::Lack,
    signs: &[
        ("Excluded by their source", |subject, _| is(subject, "other-source")),
        ("Excluded because their name stands for no TikTok event", |subject, _| is(subject, "unmapped")),
        ("Excluded because the record is marked as a test", |subject, _| is(subject, "marked-test")),
        ("Excluded because the config says that their campaign has no server leg", |subject, _| {
            is(subject, "no-server-leg")
        }),
        ("Accepted by TikTok, so it counts them", |subject, _| subject.legs.accepted.any()),
    ],
    lists: &[("By event", name_of), ("By source", source), ("By campaign", campaign_of)],
};

fn is(subject: &Subject<'_>, code: &str) -> bool {
    matches!(subject.verdict, Some(Verdict::Excluded(reason)) if reason.code() == code)
}

fn source<'a>(subject: &Subject<'a>, scope: &'a Scope<'_>) -> Option<&'a str> {
    source_of(subject.row.event.as_ref()?, scope.policy)
}

fn judge(subject: &Subject<'_>, _: &Scope<'_>) -> Option<bool> {
    match subject.verdict? {
        Verdict::Excluded(Exclusion::ConsentDenied)
        | Verdict::Delivered
        | Verdict::Waiting
        | Verdict::Unknown { .. }
        | Verdict::Refused { .. }
        | Verdict::NeverSent { .. } => None,
        Verdict::Excluded(
            Exclusion::OtherSource | Exclusion::Unmapped(_) | Exclusion::MarkedTest | Exclusion::NoServerLeg,
        ) => Some(subject.legs.server.any()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{clean, found, missing, shows};
    use crate::reconcile::testing::{event, receipt, row};

    #[test]
    fn it_fires_on_live_server_receipts_of_the_excluded() {
        let mut foreign = clean("lead");
        foreign.event.as_mut().unwrap().place_mut().source = Some("facebook".into());
        let renewal = row(event("Renewal"), [receipt("Renewal").code(40002)]);
        let found = found(&[foreign, renewal], FACT.code).unwrap();
        assert_eq!(found.events, 2);
        assert!(shows(&found, "Accepted by TikTok, so it counts them: 1 event."));
        assert!(shows(&found, "By source: \"facebook\" (1)"));
    }

    #[test]
    fn it_is_silent_without_server_receipts() {
        let mut foreign = missing("lead", [receipt("Lead").browser()]);
        foreign.event.as_mut().unwrap().place_mut().source = Some("facebook".into());
        assert_eq!(found(&[foreign, clean("lead")], FACT.code), None);
    }
}
