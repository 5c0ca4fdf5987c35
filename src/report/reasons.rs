//! What each reason means, and what to do about it, in one sentence each.

use crate::domain::{Code, Exclusion, HeldClass, Unsendable, Verdict};

/// Why a class is held.
#[must_use]
pub const fn held(class: HeldClass) -> &'static str {
    match class {
        HeldClass::LateBrowserFired => "past 47 h, and the browser fired: a copy would count twice",
        HeldClass::LateBrowserUnseen => "past 47 h, and nobody can say that the browser did not fire",
        HeldClass::LateAttemptUnknown => "past 47 h, and an earlier try may have been counted",
        HeldClass::NoReceiptLog => "no server receipt of this pixel at all: what was sent is not known",
        HeldClass::ReceiptsBehind => "no server receipt newer than the event: the log may lag behind",
        HeldClass::SeenUnderAnotherName => "the same event_id was sent under another event name",
        HeldClass::SeenOnAnotherPixel => "the same event_id was sent to another pixel",
        HeldClass::OnlyTestReceipts => "only sent with a test event code: it may be a tester's",
        HeldClass::SourceAssumed => {
            "no traffic source known: set source in its [[campaign]], or in [formats.…]"
        }
        HeldClass::ConsentUnknown => "consent is absent or unclear where it is needed",
        HeldClass::PixelDiffers => "the record and its campaign name different pixels",
        HeldClass::ContentDiffers => "records of this event disagree on value or currency",
        HeldClass::DoNotRepeat => "an earlier try must not be repeated blindly",
    }
}

/// Why a key cannot be sent as it is.
#[must_use]
pub const fn unsendable(why: Unsendable) -> &'static str {
    match why {
        Unsendable::NoPixelOrToken => {
            "no pixel, or no access token for it: add access_token_file to its [[pixel]]"
        }
        Unsendable::NoUrl => "no absolute page URL: set origin in its [[campaign]]",
        Unsendable::Future => "its time lies ahead of now",
        Unsendable::TooOld => "older than [backfill] max_age",
        Unsendable::Money => "no value or currency, or a currency TikTok does not take",
        Unsendable::NoMatchKey => "no match key left to send",
        Unsendable::LimitedWithoutIp => "limited data use needs the visitor's IP address",
        Unsendable::PayloadGone => "its payload is no longer stored",
        Unsendable::TooLarge => "larger than a request may be",
        Unsendable::ObjectDamaged => {
            "what is stored of it is not as it was written: check the disk, then restore the database"
        }
        Unsendable::RefusedAlone => "TikTok refused it, alone, with this content",
    }
}

/// The reason's code in lists: of the exclusion, of the refusal, of what is not known.
#[must_use]
pub fn verdict(verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::Excluded(why) => Some(why.code().to_owned()),
        Verdict::Delivered | Verdict::Waiting | Verdict::NeverSent { only_test: false } => None,
        Verdict::NeverSent { only_test: true } => Some("only-test-receipts".to_owned()),
        Verdict::Unknown { unverified: true, code: _ } => Some("unverified".to_owned()),
        Verdict::Unknown { unverified: false, code } => Some(match code {
            Code::Absent => "no-answer".to_owned(),
            Code::Integer(code) => format!("code-{code}"),
            Code::NotInteger => "code-not-integer".to_owned(),
            Code::Unreadable => "answer-unreadable".to_owned(),
        }),
        Verdict::Refused { code: Code::Integer(code), http_status: _ } => Some(format!("code-{code}")),
        Verdict::Refused { code: _, http_status: Some(status) } => Some(format!("http-{status}")),
        Verdict::Refused { code: _, http_status: None } => Some("refused".to_owned()),
    }
}

/// The code as an integer, where the verdict has one.
#[must_use]
pub const fn code(verdict: &Verdict) -> Option<i64> {
    match verdict {
        Verdict::Delivered => Some(0),
        Verdict::Unknown { code: Code::Integer(code), .. }
        | Verdict::Refused { code: Code::Integer(code), .. } => Some(*code),
        Verdict::Unknown { .. }
        | Verdict::Refused { .. }
        | Verdict::Excluded(_)
        | Verdict::Waiting
        | Verdict::NeverSent { .. } => None,
    }
}

/// The verdict in a sentence.
#[must_use]
pub fn sentence(verdict: &Verdict) -> String {
    let refused = "every answer was a definite error, the last one";
    match verdict {
        Verdict::Excluded(Exclusion::OtherSource) => "another platform's traffic".to_owned(),
        Verdict::Excluded(Exclusion::Unmapped(near)) => {
            let near = near.as_ref().map_or_else(String::new, |near| {
                format!("; the nearest is {}, [map] can say so", super::escape_short(near.as_str(), 60))
            });
            format!("the name stands for no TikTok event{near}")
        }
        Verdict::Excluded(Exclusion::ConsentDenied) => "the visitor denied consent".to_owned(),
        Verdict::Excluded(Exclusion::MarkedTest) => "the record is marked as a test".to_owned(),
        Verdict::Excluded(Exclusion::NoServerLeg) => "its campaign has no server leg".to_owned(),
        Verdict::Delivered => "the Events API accepted it".to_owned(),
        Verdict::Waiting => "younger than the grace period, no acceptance yet".to_owned(),
        Verdict::Unknown { unverified: true, .. } => {
            "the log records an HTTP 2xx and no code: TikTok also refuses inside HTTP 200".to_owned()
        }
        Verdict::Unknown { unverified: false, .. } => {
            "an attempt whose outcome nobody knows; inside 48 h TikTok drops a second copy".to_owned()
        }
        Verdict::Refused { code: Code::Integer(code), http_status: _ } => format!("{refused} code {code}"),
        Verdict::Refused { code: _, http_status: Some(status) } => format!("{refused} HTTP {status}"),
        Verdict::Refused { code: _, http_status: None } => format!("{refused} without a code"),
        Verdict::NeverSent { only_test: true } => {
            "all its server receipts carry a test event code; those deliver nothing".to_owned()
        }
        Verdict::NeverSent { only_test: false } => "no server receipt".to_owned(),
    }
}

/// A verdict's last code and its reason, as `events` shows them.
#[must_use]
pub fn verdict_words(judged: &Verdict) -> (Option<i64>, Option<String>) {
    (code(judged), verdict(judged))
}
