//! The server sent an accepted event again after the deduplication window.

use crate::domain::Severity;
use crate::tiktok::limits;

use super::super::CheckFact;
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "sent-again-after-48h",
    severity: Severity::High,
    title: "The server sent an event again more than 48 hours after TikTok had accepted it, so TikTok counted it \
            twice.",
    causes: &[
        "A replay or a repair script does not know what was accepted.",
        "A queue keeps what was delivered and starts again from an old position.",
        "The sender took the first acceptance for a failure and kept trying for days.",
    ],
    fix: "Let replays read the receipts first, and never send what is accepted or older than 48 hours. What was \
          counted twice cannot be taken back.",
    fix_command: "makegood events --finding sent-again-after-48h",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        expected_event(subject)?;
        subject.legs.accepted.any().then(|| subject.legs.accepted.span() > limits::DEDUP_WINDOW)
    },
    summary: |keys, of| {
        format!(
            "{} accepted from the server twice, more than 48 hours apart ({} of the accepted).",
            events_do(keys, "was", "were"),
            share(keys, of)
        )
    },
    weight: Weight::Stated,
    signs: &[("Accepted three times or more", |subject, _| subject.legs.accepted.count > 2)],
    lists: &[("By event", name_of)],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{found, missing};
    use crate::domain::LedgerRow;
    use crate::reconcile::testing::{T0, hours, receipt};

    fn again(after: i64) -> LedgerRow {
        let sent = |at| receipt("Lead").code(0).at(at);
        missing("lead", [sent(T0.as_ms()), sent(hours(after).as_ms())])
    }

    #[test]
    fn it_fires_after_48_hours_only() {
        assert_eq!(found(&[again(1), again(48), again(49)], FACT.code).unwrap().events, 1);
        assert_eq!(found(&[again(1), again(48)], FACT.code), None);
    }
}
