//! Digests in the requests that are not those of the funnel's values.

use crate::domain::{Flaw, Flaws, MatchKey, Severity};

use super::super::{CheckFact, Subject};
use super::known::expected_event;
use super::rules::{Rules, Weight, name_of};
use super::words::{events_do, share};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "sent-digest-wrong",
    severity: Severity::Medium,
    title: "The digest that was sent is not the one of the e-mail address or phone number that the funnel knew.",
    causes: &[
        "The sender does not trim, does not put addresses into lower case, or hashes numbers without their +.",
        "The value is hashed twice: by the application and by a library.",
        "The sender uses another hash, or writes the digest in another form.",
        "The sender sends another address or number than the funnel's, such as the one given at the payment.",
    ],
    fix: "Trim, put e-mail addresses into lower case, write numbers as E.164 with their +, then hash once with SHA-256 and send 64 hex digits in lower case.",
    fix_command: "makegood events --finding sent-digest-wrong",
    concerns: |subject, scope| RULES.concerns(subject, scope),
    make: || RULES.check(),
};

static RULES: Rules = Rules {
    fact: &FACT,
    judge: |subject, _| {
        expected_event(subject)?;
        let carried = subject.carried?;
        let has_one = carried.sent.has(MatchKey::Email) || carried.sent.has(MatchKey::Phone);
        let differs = carried.differs.has(MatchKey::Email) || carried.differs.has(MatchKey::Phone);
        let is_misshapen = carried.flaws.has_any(FORMS) && carried.flaws.has_any(PLACES);
        has_one.then_some(differs || is_misshapen)
    },
    summary: |keys, judged| {
        format!(
            "{} to TikTok with a digest that is not the one of the funnel's value ({} of the requests that carry an e-mail address or a phone number).",
            events_do(keys, "went", "went"),
            share(keys, judged)
        )
    },
    weight: Weight::Lack,
    signs: &[
        ("Hashed without lower-casing", |subject, _| how(subject, Flaw::HashUnlowered)),
        ("Hashed with white space around it, or as it was typed", |subject, _| {
            how(subject, Flaw::HashUntrimmed)
        }),
        ("Hashed as Latin-1 bytes", |subject, _| how(subject, Flaw::HashLatin1)),
        ("Hashed twice", |subject, _| how(subject, Flaw::HashDouble)),
        ("A phone number hashed without its +", |subject, _| how(subject, Flaw::HashWithoutPlus)),
        ("MD5 or SHA-1 instead of SHA-256", |subject, _| form(subject, &[Flaw::DigestMd5, Flaw::DigestSha1])),
        ("SHA-256 in base64", |subject, _| form(subject, &[Flaw::DigestBase64])),
        ("Hex digits in upper case", |subject, _| form(subject, &[Flaw::DigestUpper])),
        ("Cut, or of another kind", |subject, _| form(subject, &[Flaw::DigestLength])),
        ("The digest of an empty text or of a word for nothing", |subject, _| {
            form(subject, &[Flaw::DigestOfNothing])
        }),
        ("By no recipe that we know, so it may be another person's", |subject, _| {
            how(subject, Flaw::HashUnknown)
        }),
    ],
    lists: &[("By event", name_of)],
};

/// Forms of a digest that TikTok does not take.
const FORMS: Flaws = Flaws::of(&[
    Flaw::DigestMd5,
    Flaw::DigestSha1,
    Flaw::DigestBase64,
    Flaw::DigestUpper,
    Flaw::DigestLength,
    Flaw::DigestOfNothing,
]);

/// The external id has a finding of its own.
const PLACES: Flaws = Flaws::of(&[Flaw::DigestInEmail, Flaw::DigestInPhone]);

fn how(subject: &Subject<'_>, flaw: Flaw) -> bool {
    subject.carried.is_some_and(|carried| carried.how.has(flaw))
}

fn form(subject: &Subject<'_>, flaws: &[Flaw]) -> bool {
    subject.carried.is_some_and(|carried| carried.flaws.has_any(Flaws::of(flaws)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checks::testing::{exchange, only, sends, shows};

    #[test]
    fn it_fires_on_the_request_that_shows_it_and_on_no_other() {
        let broken = sends(exchange("payment_succeeded"), |sent| {
            sent.mismatch.keys.add(MatchKey::Email);
            sent.mismatch.how.add(Flaw::HashDouble);
        });
        let found = only(&[broken, exchange("payment_succeeded")], FACT.code);
        assert_eq!(found.events, 1);
        assert!(found.summary.starts_with("1 event went to TikTok with a digest"), "{}", found.summary);
        assert!(shows(&found, "Hashed twice: 1 event."));
    }
}
