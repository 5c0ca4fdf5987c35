//! What TikTok's return codes mean.

use crate::domain::{Answer, Code, Outcome, Refusal};

/// One return code.
#[derive(Debug)]
pub struct CodeFact {
    /// The integer in the body's `code`.
    pub code: i64,
    /// What it means, in words that end a sentence.
    pub meaning: &'static str,
    /// What it means for the events of its request.
    pub outcome: Outcome,
}

const fn row(code: i64, outcome: Outcome, meaning: &'static str) -> CodeFact {
    CodeFact { code, meaning, outcome }
}

const EVENT: Outcome = Outcome::Refused(Refusal::Event);
const CREDENTIAL: Outcome = Outcome::Refused(Refusal::Credential);
const PERMISSION: Outcome = Outcome::Refused(Refusal::Permission);
const CONFIG: Outcome = Outcome::Refused(Refusal::Config);
const THROTTLED: Outcome = Outcome::Refused(Refusal::Throttled);

/// The documented codes that an event request can meet, sorted by code; 0 is not among them, because
/// it accepts only together with its HTTP status.
///
/// Source: TikTok's appendix of return codes (TikTok facts 4.1; the capture of 2026-08-13 has 72),
/// less those of files, creatives and asynchronous tasks; checked 2026-11-22. 20001, 40050 and 40202
/// are documented for the platform, never for events: what became of the events nobody knows.
pub const CODES: &[CodeFact] = &[
    row(20001, Outcome::Unknown, "partly successful, and not said which part"),
    row(40000, EVENT, "invalid parameters"),
    row(40001, PERMISSION, "no permission for this pixel"),
    row(40002, EVENT, "a parameter is wrong"),
    row(40006, CONFIG, "API version does not fit the parameters"),
    row(40007, CONFIG, "the object or address does not exist"),
    row(40008, CONFIG, "the endpoint does not exist"),
    row(40009, CONFIG, "not supported in TikTok's sandbox"),
    row(40010, CONFIG, "wrong API host"),
    row(40011, EVENT, "too many ids in one request"),
    row(40013, CONFIG, "TikTok's sandbox account does not exist"),
    row(40014, CONFIG, "not supported in TikTok's sandbox"),
    row(40016, THROTTLED, "too many requests"),
    row(40050, Outcome::Unknown, "called a duplicate request"),
    row(40051, CONFIG, "invalid API version"),
    row(40100, THROTTLED, "too many requests of the app"),
    row(40101, CONFIG, "app secret and app id do not match"),
    row(40102, CREDENTIAL, "access token expired"),
    row(40103, CREDENTIAL, "refresh token expired"),
    row(40104, CREDENTIAL, "access token empty"),
    row(40105, CREDENTIAL, "access token wrong or revoked"),
    row(40106, CREDENTIAL, "the access token's user is invalid"),
    row(40107, CREDENTIAL, "refresh token wrong"),
    row(40110, CONFIG, "authorization code used or expired"),
    row(40112, CONFIG, "wrong password"),
    row(40113, CONFIG, "the app is blocked or does not exist"),
    row(40115, CONFIG, "authentication timestamp expired"),
    row(40116, CONFIG, "authentication signature invalid"),
    row(40117, CONFIG, "this HTTP method cannot be used"),
    row(40118, PERMISSION, "not on TikTok's allow list for this feature"),
    row(40119, PERMISSION, "developer and advertiser belong to different companies"),
    row(40124, PERMISSION, "the developer profile is not approved"),
    row(40125, PERMISSION, "the token lacks a permission"),
    row(40132, THROTTLED, "too many requests for this pixel, or the token has leaked"),
    row(40133, THROTTLED, "too many requests of the advertiser"),
    row(40202, Outcome::Unknown, "two writes met; which one won is not said"),
    row(40300, CONFIG, "the advertiser does not exist"),
    row(40301, CONFIG, "the advertiser cannot be matched"),
    row(40700, EVENT, "refused by TikTok's internal validation"),
    row(41000, CONFIG, "this machine's country is blocked"),
    row(41001, CONFIG, "the endpoint is switched off"),
    row(41002, CONFIG, "the given fields are not in use"),
    row(50000, Outcome::Unknown, "system error at TikTok"),
    row(50002, Outcome::Unknown, "processing error at TikTok"),
    row(51305, Outcome::Unknown, "error of a service behind TikTok's"),
    row(60001, Outcome::Unknown, "TikTok is in maintenance"),
];

/// The fact row of a code.
#[must_use]
pub fn code_fact(code: i64) -> Option<&'static CodeFact> {
    CODES.binary_search_by_key(&code, |row| row.code).ok().and_then(|at| CODES.get(at))
}

/// What an undocumented code means, by its range: 4xxxx is the client's fault, all others say nothing
/// certain (TikTok facts 4.1).
pub(super) const fn outcome_by_range(code: i64) -> Outcome {
    match code {
        40_000..=49_999 => EVENT,
        _ => Outcome::Unknown,
    }
}

/// What an answer means in a few public words: `access token wrong or revoked`.
///
/// For messages, beside the code or the status; nothing of it comes from the answer's own message.
#[must_use]
pub fn meaning(answer: &Answer) -> &'static str {
    if answer.timed_out {
        return "no answer in time";
    }
    match (answer.code, answer.http_status) {
        (Code::Integer(0), None | Some(200..=299)) => "accepted",
        (Code::Integer(0), Some(_)) => "code 0 under an HTTP error, which contradict each other",
        (Code::Integer(code), _) => code_fact(code).map_or_else(|| meaning_by_range(code), |row| row.meaning),
        (Code::NotInteger, _) => "a code that is no integer",
        (Code::Absent | Code::Unreadable, Some(status @ 300..)) => meaning_of_status(status),
        (Code::Unreadable, _) => "an answer that is not TikTok's",
        (Code::Absent, Some(_)) => "an HTTP status without a code",
        (Code::Absent, None) => "sent, with no answer on record",
    }
}

const fn meaning_by_range(code: i64) -> &'static str {
    match code {
        40_000..=49_999 => "an error of the request that TikTok does not document",
        50_000..=69_999 => "an error at TikTok that it does not document",
        _ => "a code that TikTok does not document",
    }
}

const fn meaning_of_status(status: u16) -> &'static str {
    match status {
        300..=399 => "redirected to another address",
        401 => "access token not accepted",
        403 => "access forbidden",
        404 => "no such address",
        405 => "this HTTP method cannot be used",
        408 => "no answer in time",
        413 => "the request is too large",
        425 | 429 => "too many requests",
        400..=499 => "the request never reached TikTok's API",
        _ => "a failure on the way to TikTok's API",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_each_code_stands_once() {
        assert!(CODES.is_sorted_by(|one, next| one.code < next.code));
        assert!(code_fact(0).is_none(), "0 accepts only together with its status");
        for row in CODES {
            assert_eq!(code_fact(row.code).unwrap().code, row.code);
            assert!(!row.meaning.is_empty() && !row.meaning.ends_with('.'), "{}", row.code);
        }
    }

    #[test]
    fn server_faults_are_never_refusals() {
        for row in CODES.iter().filter(|row| row.code >= 50_000) {
            assert_eq!(row.outcome, Outcome::Unknown, "{}", row.code);
        }
        for code in [50_001, 51_021, 59_999, 60_002, 69_999, 70_000, 1, -1, 200, 20_002, 39_999, i64::MAX] {
            assert_eq!(outcome_by_range(code), Outcome::Unknown, "{code}");
        }
        assert_eq!(outcome_by_range(49_999), EVENT);
    }

    #[test]
    fn every_answer_has_words() {
        let words = |http_status, code| meaning(&Answer { http_status, code, ..Answer::default() });
        assert_eq!(words(Some(200), Code::Integer(40105)), "access token wrong or revoked");
        assert_eq!(words(Some(401), Code::Absent), "access token not accepted");
        assert_eq!(words(Some(200), Code::Integer(0)), "accepted");
        assert_eq!(words(Some(200), Code::Unreadable), "an answer that is not TikTok's");
        assert_eq!(words(None, Code::Absent), "sent, with no answer on record");
        assert_eq!(
            words(Some(200), Code::Integer(49999)),
            "an error of the request that TikTok does not document"
        );
    }
}
