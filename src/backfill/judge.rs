//! What a reply means for the run: pure, so that every case is a line of a test.

use crate::domain::{Code, Duration, Outcome, Refusal, RequestId, TimeMs};
use crate::http::{Cause, Reply};
use crate::store::BatchResult;
use crate::tiktok::answer;

/// "Partially successful": nobody documents what it means here, so each event is asked singly.
const PARTIAL: i64 = 20001;

/// The codes, and the HTTP status, that say "too much in one request".
const TOO_LARGE: i64 = 40061;
const TOO_LARGE_STATUS: u16 = 413;

/// What a reply says, for the ledger and for the run.
#[derive(Debug)]
pub(super) struct Heard {
    pub outcome: Option<Outcome>,
    pub http_status: Option<u16>,
    pub code: Code,
    pub request: RequestId,
    /// The server's clock.
    pub date: Option<TimeMs>,
    pub news: News,
}

/// What a reply means for the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// All events were taken.
    Accepted,
    /// An event is at fault.
    BadEvent {
        /// The code that says so.
        code: i64,
        /// The place that the answer blames.
        hint: Option<usize>,
    },
    /// The request is too large: halves of it may not be.
    TooLarge,
    /// Some events may have been taken: ask for each.
    Partial,
    /// Refused for a reason that a repeat in this run does not change.
    Refused,
    /// The token is wrong; the code, or the HTTP status.
    Token(i64),
    /// The token may not do this; the code, or the HTTP status.
    Permission(i64),
    /// Endpoint, version or method is wrong.
    Config(String),
    /// Too many requests; the pause that the server asks for.
    Throttled(Option<Duration>),
    /// The token may have leaked: all sending pauses.
    Leak,
    /// The server wants to send us elsewhere.
    Redirected(u16),
    /// The certificate is not trusted.
    Certificate(String),
    /// No connection.
    NotSent(String),
    /// The connection was lost with the request on it.
    Lost(String),
    /// An answer that leaves open what became of the events, and is not to be repeated.
    Untold,
    /// No readable answer.
    Silent(String),
}

/// Reads a reply.
pub(super) fn hear(reply: Reply) -> Heard {
    let unanswered = |outcome, http_status, news| Heard {
        outcome: Some(outcome),
        http_status,
        code: Code::Absent,
        request: RequestId::NONE,
        date: None,
        news,
    };
    match reply {
        Reply::Answered { status, body, date, retry_after } => answered(status, &body, date, retry_after),
        // The other host never saw the request, and this one sent it away.
        Reply::Redirected { status } => {
            unanswered(Outcome::Refused(Refusal::Config), Some(status), News::Redirected(status))
        }
        Reply::Certificate { why } => unanswered(Outcome::NotSent, None, News::Certificate(why)),
        Reply::NotSent { why } => unanswered(Outcome::NotSent, None, News::NotSent(why)),
        Reply::Ambiguous { status, cause: Cause::Broken, why } => {
            unanswered(Outcome::Unknown, status, News::Lost(why))
        }
        Reply::Ambiguous { status, cause: Cause::TimedOut | Cause::Damaged, why } => {
            unanswered(Outcome::Unknown, status, News::Silent(why))
        }
    }
}

fn answered(status: u16, body: &[u8], date: Option<TimeMs>, retry_after: Option<Duration>) -> Heard {
    let reading = answer::read(status, body);
    let code = reading.answer.code;
    let outcome = match answer::classify(&reading.answer) {
        // A 2xx without a code is no acceptance when it is our own request that it answers.
        Outcome::Unverified => Outcome::Unknown,
        outcome @ (Outcome::Accepted | Outcome::Refused(_) | Outcome::NotSent | Outcome::Unknown) => outcome,
    };
    let number = match code {
        Code::Integer(number) => number,
        Code::Absent | Code::NotInteger | Code::Unreadable => i64::from(status),
    };
    let said = || match code {
        Code::Integer(number) => format!("code {number}"),
        Code::Absent | Code::NotInteger | Code::Unreadable => format!("HTTP {status} without a code"),
    };
    let news = match outcome {
        _ if code == Code::Integer(TOO_LARGE)
            || (status == TOO_LARGE_STATUS && number == i64::from(status)) =>
        {
            News::TooLarge
        }
        Outcome::Accepted => News::Accepted,
        Outcome::Refused(Refusal::Throttled) if answer::is_leak_warning(&reading.answer) => News::Leak,
        Outcome::Refused(Refusal::Throttled) => News::Throttled(retry_after),
        Outcome::Refused(Refusal::Credential) => News::Token(number),
        Outcome::Refused(Refusal::Permission) => News::Permission(number),
        Outcome::Refused(Refusal::Config) => News::Config(said()),
        // Nobody knows whether an undocumented code blames an event: halving may only repeat it.
        Outcome::Refused(Refusal::Event) if answer::is_documented(number) => {
            News::BadEvent { code: number, hint: reading.bad_index }
        }
        Outcome::Refused(Refusal::Event) => News::Refused,
        Outcome::Unknown if code == Code::Integer(PARTIAL) => News::Partial,
        // 40050 and 40202: nothing is broken, so nothing gets better by waiting.
        Outcome::Unknown if matches!(code, Code::Integer(40_000..50_000)) => News::Untold,
        Outcome::Unknown | Outcome::Unverified | Outcome::NotSent => News::Silent(said()),
    };
    Heard { outcome: Some(outcome), http_status: Some(status), code, request: reading.request, date, news }
}

impl Heard {
    /// What is heard of a claim that was given back before its first byte.
    pub fn not_sent() -> Self {
        hear(Reply::NotSent { why: String::new() })
    }

    /// The row for the ledger.
    pub fn result(&self, at: TimeMs, not_before: TimeMs) -> BatchResult {
        BatchResult {
            outcome: self.outcome,
            http_status: self.http_status,
            code: self.code,
            request: self.request.clone(),
            at,
            not_before,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(status: u16, body: &str) -> News {
        hear(Reply::Answered { status, body: body.as_bytes().to_vec(), date: None, retry_after: None }).news
    }

    fn code(status: u16, code: i64) -> News {
        news(status, &format!("{{\"code\":{code},\"message\":\"m\",\"request_id\":\"r\",\"data\":{{}}}}"))
    }

    #[test]
    fn only_integer_zero_under_2xx_accepts() {
        assert_eq!(code(200, 0), News::Accepted);
        assert_eq!(code(201, 0), News::Accepted);
        assert!(matches!(code(404, 0), News::Silent(_)));
        for body in ["", "{}", "[]", "OK", "<html>", r#"{"code":"0"}"#, r#"{"code":0.0}"#, r#"{"code":0}x"#] {
            assert!(matches!(news(200, body), News::Silent(_)), "{body}");
            assert_ne!(
                hear(Reply::Answered { status: 200, body: body.into(), date: None, retry_after: None })
                    .outcome,
                Some(Outcome::Unverified)
            );
        }
        assert!(matches!(news(200, r#"{"code":1180591620717411303424}"#), News::Silent(_)));
    }

    #[test]
    fn every_class_of_answer_has_its_news() {
        assert_eq!(code(200, 40002), News::BadEvent { code: 40002, hint: None });
        let blaming = r#"{"code":40002,"message":"Batch.3.event_id: Not a valid string"}"#;
        assert_eq!(news(200, blaming), News::BadEvent { code: 40002, hint: Some(3) });
        assert_eq!(code(401, 40100), News::Throttled(None));
        assert_eq!(code(200, 40016), News::Throttled(None));
        assert_eq!(news(429, ""), News::Throttled(None));
        assert_eq!(code(200, 40132), News::Leak);
        assert_eq!(code(200, 40105), News::Token(40105));
        assert_eq!(news(401, ""), News::Token(401));
        assert_eq!(code(200, 40001), News::Permission(40001));
        assert_eq!(news(404, "<html>"), News::Config("HTTP 404 without a code".into()));
        assert_eq!(code(200, 40006), News::Config("code 40006".into()));
        assert_eq!(code(200, 20001), News::Partial);
        assert_eq!(news(413, "<html>"), News::TooLarge);
        assert_eq!(code(200, 40061), News::TooLarge);
        assert_eq!(code(200, 49999), News::Refused, "nobody knows it: no halving, no repeat");
        assert_eq!((code(200, 40050), code(200, 40202)), (News::Untold, News::Untold));
        for (status, unknown) in [(200, 50000), (200, 59999), (200, 60001)] {
            assert!(matches!(code(status, unknown), News::Silent(_)), "{unknown}");
        }
        for status in [408, 500, 502, 503, 504] {
            assert!(matches!(news(status, "<html>"), News::Silent(_)), "{status}");
        }
    }

    #[test]
    fn what_did_not_leave_is_told_from_what_may_have_arrived() {
        let why = || "why".to_owned();
        let outcome = |reply| hear(reply).outcome;
        assert_eq!(outcome(Reply::NotSent { why: why() }), Some(Outcome::NotSent));
        assert_eq!(outcome(Reply::Certificate { why: why() }), Some(Outcome::NotSent));
        for cause in [Cause::TimedOut, Cause::Broken, Cause::Damaged] {
            let reply = Reply::Ambiguous { status: Some(200), cause, why: why() };
            assert_eq!(outcome(reply.clone()), Some(Outcome::Unknown));
            assert_eq!(matches!(hear(reply).news, News::Lost(_)), cause == Cause::Broken);
        }
    }
}
