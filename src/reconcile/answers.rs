//! The server leg's tries: logged receipts and our own attempts, seen alike.

use crate::domain::{Answer, LedgerRow, Leg, Outcome, TimeMs};
use crate::tiktok::answer::classify;

/// One try to hand a key to TikTok on the server leg, whoever made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Try {
    /// When it was made, where the log says so.
    pub at: Option<TimeMs>,
    /// What came of it.
    pub outcome: Outcome,
    /// What came back.
    pub answer: Answer,
    /// It is one of our own attempts, not a line of a log.
    pub ours: bool,
}

/// All server tries of a key without a test event code: logged ones first, each kind earliest first.
///
/// A try in test mode counts nothing at TikTok, so it is no try (product 5).
pub fn server_tries(row: &LedgerRow) -> impl Iterator<Item = Try> + '_ {
    let logged = row.receipts.iter().filter(|receipt| receipt.leg == Leg::Server && !receipt.is_test);
    let logged = logged.map(|receipt| Try {
        at: receipt.at,
        outcome: classify(&receipt.answer),
        answer: receipt.answer,
        ours: false,
    });
    let ours = row.attempts.iter().filter(|attempt| !attempt.is_test).map(|attempt| Try {
        at: Some(attempt.at),
        outcome: attempt.outcome.unwrap_or(Outcome::Unknown),
        answer: Answer {
            http_status: attempt.http_status,
            code: attempt.code,
            alone: attempt.alone,
            ..Answer::default()
        },
        ours: true,
    });
    logged.chain(ours)
}

/// Whether the log holds server receipts of this key, and all of them carry a test event code.
///
/// Our own test sends are kept apart: they say nothing of a tester's walk.
pub(super) fn has_only_test_receipts(row: &LedgerRow) -> bool {
    let mut logged = row.receipts.iter().filter(|receipt| receipt.leg == Leg::Server).peekable();
    logged.peek().is_some() && logged.all(|receipt| receipt.is_test)
}
