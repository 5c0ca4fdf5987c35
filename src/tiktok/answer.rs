//! Answers: from bytes to a meaning.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::codes::{code_fact, outcome_by_range};
use super::limits::EVENTS_PER_REQUEST_MAX;
use crate::domain::{Alone, Answer, Certainty, Code, Outcome, Refusal, RequestId};

/// What an answer's bytes say.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Status and code. Whether the request held one event only is for its sender to add.
    pub answer: Answer,
    /// TikTok's id of the request.
    pub request: RequestId,
    /// The zero-based index of the event that the message blames, where it names one.
    pub bad_index: Option<usize>,
}

/// TikTok's envelope, each field as its raw text: a field of an unexpected type spoils only itself.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    code: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    request_id: Option<&'a RawValue>,
}

/// A field that is there, even as `null`, which serde would call absent.
fn present<'de, D: serde::Deserializer<'de>>(field: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(field).map(Some)
}

/// Reads the answer to a request: integer `code` of a JSON object with nothing after it, or nothing.
///
/// A body without a `code` (empty, `{}`, `[]`, HTML, cut short, the same field twice) is
/// [`Code::Unreadable`]: something came back and it is not TikTok's envelope. [`Code::Absent`] is left
/// to logs that record no body at all. The message is looked at for an index and then dropped: it may
/// repeat personal values.
#[must_use]
pub fn read(http_status: u16, body: &[u8]) -> Reading {
    let envelope = envelope(body);
    let code = envelope.as_ref().and_then(|envelope| envelope.code).map_or(Code::Unreadable, integer);
    let text = |field: fn(&Envelope<'_>) -> Option<String>| envelope.as_ref().and_then(field);
    Reading {
        answer: Answer { http_status: Some(http_status), code, ..Answer::default() },
        request: text(|envelope| string(envelope.request_id))
            .map_or(RequestId::NONE, |id| RequestId::parse(&id)),
        bad_index: text(|envelope| string(envelope.message)).and_then(|message| bad_index(&message)),
    }
}

/// The envelope of a body, if it is UTF-8, one JSON object and nothing else.
fn envelope(body: &[u8]) -> Option<Envelope<'_>> {
    let body = std::str::from_utf8(body).ok()?;
    // serde reads a struct from an array too: `[0]` would be code 0.
    let is_object = body.trim_ascii_start().starts_with('{');
    is_object.then(|| serde_json::from_str(body).ok())?
}

fn integer(raw: &RawValue) -> Code {
    // `-0` is a float in JSON, though Rust would read it as 0.
    match raw.get().parse() {
        Ok(code) if raw.get() != "-0" => Code::Integer(code),
        Ok(_) | Err(_) => Code::NotInteger,
    }
}

fn string(raw: Option<&RawValue>) -> Option<String> {
    serde_json::from_str::<Cow<'_, str>>(raw?.get()).ok().map(Cow::into_owned)
}

/// The first index of an event in a message: `Batch.3.properties…`, `data.3.…`, `data[3]…`.
fn bad_index(message: &str) -> Option<usize> {
    let message = message.to_ascii_lowercase();
    ["batch", "data", "events"]
        .iter()
        .flat_map(|list| message.match_indices(list))
        .filter_map(|(at, list)| {
            let (before, rest) = message.split_at_checked(at)?;
            let whole_word = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let index = index_after(rest.strip_prefix(list)?)?;
            whole_word.then_some((at, index))
        })
        .min()
        .map(|(_, index)| index)
}

fn index_after(text: &str) -> Option<usize> {
    let digits_in = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let number = if let Some(rest) = text.strip_prefix('.') {
        let (number, after) = rest.split_at_checked(digits_in(rest))?;
        (!after.starts_with(|c: char| c.is_alphanumeric() || c == '_')).then_some(number)?
    } else {
        let rest = text.strip_prefix('[')?;
        let (number, after) = rest.split_at_checked(digits_in(rest))?;
        after.starts_with(']').then_some(number)?
    };
    number.parse().ok().filter(|index| *index < EVENTS_PER_REQUEST_MAX)
}

/// What an answer means, whether logged by another sender or read by us.
///
/// The body's code wins over the HTTP status (TikTok facts 4): 401 with 40100 is throttling. Without a
/// readable code the status decides, and where a log has neither, it says only that something was sent:
/// [`Outcome::Unverified`].
#[must_use]
pub fn classify(answer: &Answer) -> Outcome {
    if answer.timed_out {
        return Outcome::Unknown;
    }
    let success = matches!(answer.http_status, None | Some(200..=299));
    match answer.code {
        Code::Integer(0) if success => Outcome::Accepted,
        Code::Integer(0) | Code::NotInteger => Outcome::Unknown,
        Code::Integer(code) => code_fact(code).map_or(outcome_by_range(code), |row| row.outcome),
        Code::Unreadable if success => Outcome::Unknown,
        Code::Absent | Code::Unreadable => by_status(answer.http_status),
    }
}

/// What a status means that came without a code (product 5; reliability 2.6).
const fn by_status(status: Option<u16>) -> Outcome {
    match status {
        None | Some(200..=299) => Outcome::Unverified,
        Some(408 | 425) => Outcome::Unknown,
        Some(401 | 403) => Outcome::Refused(Refusal::Credential),
        Some(429) => Outcome::Refused(Refusal::Throttled),
        Some(413) => Outcome::Refused(Refusal::Event),
        Some(400..=499) => Outcome::Refused(Refusal::Config),
        Some(_) => Outcome::Unknown,
    }
}

/// What an answer says of TikTok's count. The release past the clock rests on it (product 6.2).
///
/// Of the refusals that blame an event only 40000 and 40002 are certain, and only for a request of one
/// event: this is stricter than the outcome alone can be.
#[must_use]
pub fn certainty(answer: &Answer) -> Certainty {
    let blames_it = matches!(answer.code, Code::Integer(40_000 | 40_002));
    let alone = if answer.alone && blames_it { Alone::Yes } else { Alone::NotKnown };
    classify(answer).certainty(alone)
}

/// Whether the code asks for a pause of all sending, and not of this request only (40132: the
/// token may have leaked).
#[must_use]
pub fn is_leak_warning(answer: &Answer) -> bool {
    answer.code == Code::Integer(40_132)
}

/// Whether TikTok documents a code for requests like ours.
#[must_use]
pub fn is_documented(code: i64) -> bool {
    code == 0 || code_fact(code).is_some()
}

/// Whether an attempt of ours with this answer must not be repeated unattended: 40050 (TikTok calls it
/// a duplicate) and 4xxxx codes that nobody documents (TikTok facts 13; reliability N-20, N-29).
#[must_use]
pub fn forbids_repeat(answer: &Answer) -> bool {
    match answer.code {
        Code::Integer(code) => code == 40_050 || ((40_000..50_000).contains(&code) && !is_documented(code)),
        Code::Absent | Code::NotInteger | Code::Unreadable => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(body: &str) -> Code {
        read(200, body.as_bytes()).answer.code
    }

    fn outcome(http_status: Option<u16>, code: Code) -> Outcome {
        classify(&Answer { http_status, code, ..Answer::default() })
    }

    #[test]
    fn only_an_integer_is_a_code() {
        assert_eq!(code(r#"{"code":0,"message":"OK","request_id":"r","data":{}}"#), Code::Integer(0));
        assert_eq!(code(" {\"c\\u006fde\" : 40002 }\n"), Code::Integer(40002));
        assert_eq!(code(r#"{"code":-1}"#), Code::Integer(-1));
        for body in
            ["\"0\"", "0.0", "-0", "0e0", "1180591620717411303424", "null", "true", "[0]", "{\"code\":0}"]
        {
            assert_eq!(code(&format!("{{\"code\":{body}}}")), Code::NotInteger, "{body}");
        }
    }

    #[test]
    fn a_body_that_is_not_tiktoks_is_unreadable() {
        for body in [
            "",
            " ",
            "{}",
            "[]",
            "[0]",
            "0",
            "null",
            "<html>",
            "{\"code\":0}x",
            "{\"code\":0",
            "{\"code\":0,\"code\":0}",
            "{\"code\":00}",
            "{\"data\":{\"code\":0}}",
            "{\"Code\":0}",
            "\u{feff}{\"code\":0}",
        ] {
            assert_eq!(code(body), Code::Unreadable, "{body}");
        }
        assert_eq!(read(200, b"{\"code\":0,\"m\":\"\xff\"}").answer.code, Code::Unreadable);
    }

    #[test]
    fn odd_fields_spoil_only_themselves() {
        let reading = read(200, br#"{"code":0,"message":{"a":1},"request_id":17,"data":null}"#);
        assert_eq!(reading.answer.code, Code::Integer(0));
        assert_eq!(reading.request, RequestId::NONE);
        assert_eq!(read(200, br#"{"code":0,"message":"\ud800"}"#).answer.code, Code::Integer(0));
        assert_eq!(read(200, br#"{"code":1,"request_id":"2026"}"#).request.as_str(), Some("2026"));
    }

    #[test]
    fn the_message_names_the_bad_event() {
        for (message, index) in [
            ("Batch.0.properties.contents.0.content_id: Not a valid string", Some(0)),
            ("Invalid value for data.3.event_id: not a valid string.", Some(3)),
            ("data[17].user.email is invalid", Some(17)),
            ("events[2]: data[5]", Some(2)),
            ("data.12", Some(12)),
            ("Invalid value for event_id: not a valid string.", None),
            ("metadata.3.x", None),
            ("data.3rd", None),
            ("data[3", None),
            ("data.1000.x", None),
            ("data.99999999999999999999999", None),
            ("data.", None),
            ("", None),
        ] {
            let body = serde_json::json!({ "code": 40002, "message": message }).to_string();
            assert_eq!(read(200, body.as_bytes()).bad_index, index, "{message}");
        }
    }

    #[test]
    fn nothing_of_the_message_is_kept() {
        let reading = read(400, br#"{"code":40002,"message":"bad email jane@example.com"}"#);
        assert!(!format!("{reading:?}").contains("jane"));
    }

    #[test]
    fn zero_accepts_only_under_success() {
        for status in [None, Some(200), Some(201), Some(204)] {
            assert_eq!(outcome(status, Code::Integer(0)), Outcome::Accepted, "{status:?}");
        }
        for status in [Some(0), Some(100), Some(302), Some(400), Some(404), Some(500)] {
            assert_eq!(outcome(status, Code::Integer(0)), Outcome::Unknown, "{status:?}");
        }
        let late = Answer {
            http_status: Some(200),
            code: Code::Integer(0),
            timed_out: true,
            alone: true,
            ..Answer::default()
        };
        assert_eq!(classify(&late), Outcome::Unknown);
    }

    #[test]
    fn the_code_wins_over_the_status() {
        let refused = Outcome::Refused;
        assert_eq!(outcome(Some(401), Code::Integer(40100)), refused(Refusal::Throttled));
        assert_eq!(outcome(Some(200), Code::Integer(40105)), refused(Refusal::Credential));
        assert_eq!(outcome(Some(500), Code::Integer(40002)), refused(Refusal::Event));
        assert_eq!(outcome(Some(200), Code::Integer(40001)), refused(Refusal::Permission));
        assert_eq!(outcome(Some(404), Code::Integer(50000)), Outcome::Unknown);
        for code in [20001, 40050, 40202, 50000, 51021, 59999, 60001] {
            assert_eq!(outcome(Some(200), Code::Integer(code)), Outcome::Unknown, "{code}");
        }
        assert_eq!(outcome(Some(200), Code::Integer(49999)), refused(Refusal::Event));
    }

    #[test]
    fn without_a_code_the_status_decides() {
        for code in [Code::Absent, Code::Unreadable] {
            for (status, outcome_of_status) in [
                (401, Outcome::Refused(Refusal::Credential)),
                (403, Outcome::Refused(Refusal::Credential)),
                (429, Outcome::Refused(Refusal::Throttled)),
                (413, Outcome::Refused(Refusal::Event)),
                (400, Outcome::Refused(Refusal::Config)),
                (404, Outcome::Refused(Refusal::Config)),
                (405, Outcome::Refused(Refusal::Config)),
                (415, Outcome::Refused(Refusal::Config)),
                (408, Outcome::Unknown),
                (425, Outcome::Unknown),
                (500, Outcome::Unknown),
                (503, Outcome::Unknown),
                (302, Outcome::Unknown),
                (0, Outcome::Unknown),
                (999, Outcome::Unknown),
            ] {
                assert_eq!(outcome(Some(status), code), outcome_of_status, "{status} {code}");
            }
        }
        assert_eq!(outcome(Some(200), Code::Absent), Outcome::Unverified);
        assert_eq!(outcome(None, Code::Absent), Outcome::Unverified);
        assert_eq!(outcome(Some(200), Code::Unreadable), Outcome::Unknown);
        assert_eq!(outcome(None, Code::Unreadable), Outcome::Unknown);
        for status in [None, Some(200), Some(401), Some(500)] {
            assert_eq!(outcome(status, Code::NotInteger), Outcome::Unknown, "{status:?}");
        }
    }

    #[test]
    fn only_two_event_codes_are_certain_and_only_alone() {
        let answer = |code, alone| Answer {
            http_status: Some(200),
            code: Code::Integer(code),
            alone,
            ..Answer::default()
        };
        for code in [40000, 40002] {
            assert_eq!(certainty(&answer(code, true)), Certainty::Unprocessed);
            assert_eq!(certainty(&answer(code, false)), Certainty::Unclear);
        }
        for code in [40700, 49999, 20001, 40050, 40117] {
            assert_eq!(certainty(&answer(code, true)), Certainty::Unclear, "{code}");
        }
        for code in [40105, 40001, 40100] {
            assert_eq!(certainty(&answer(code, false)), Certainty::Unprocessed, "{code}");
        }
        assert_eq!(certainty(&answer(0, false)), Certainty::Processed);
    }

    #[test]
    fn some_answers_are_not_to_be_repeated() {
        let answer = |code| Answer { code: Code::Integer(code), ..Answer::default() };
        for code in [40050, 49999, 40061] {
            assert!(forbids_repeat(&answer(code)), "{code}");
        }
        for code in [0, 40002, 40100, 20001, 50000, 59999] {
            assert!(!forbids_repeat(&answer(code)), "{code}");
        }
        assert!(is_leak_warning(&answer(40132)) && !is_leak_warning(&answer(40100)));
        assert!(is_documented(0) && is_documented(40105) && !is_documented(49999));
    }
}
