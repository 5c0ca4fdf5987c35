//! What the checks on refused keys count alike.

use std::sync::Arc;

use crate::domain::{Code, Outcome, Refusal, Verdict};
use crate::reconcile::server_tries;
use crate::tiktok::codes::meaning;

use super::super::Subject;
use super::super::tally::Tally;
use super::known::{answer, is_purchase, refusal};
use super::words::{events, list};

/// Counts of the refused keys that one check is about.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    /// All expected keys.
    pub(super) expected: u64,
    /// The refused ones.
    pub(super) keys: u64,
    pub(super) purchases: u64,
    /// The last answer came to our own backfill.
    pub(super) ours: u64,
    /// One try, and none after it.
    pub(super) tried_once: u64,
    /// The last answer came inside HTTP 2xx.
    inside_success: u64,
    /// The last answer has no code, only a status.
    pub(super) without_code: u64,
    answers: Tally<(Code, Option<u16>)>,
    names: Tally<Arc<str>>,
}

/// Whether the last definite answer blames one of these.
pub(super) fn is_refused_for(subject: &Subject<'_>, blamed: &[Refusal]) -> bool {
    refusal(subject).is_some_and(|refusal| blamed.contains(&refusal))
}

impl Refusals {
    /// Counts a key; says whether it is one of those refused for these.
    pub(super) fn observe(&mut self, subject: &Subject<'_>, blamed: &[Refusal]) -> bool {
        self.expected += u64::from(subject.verdict.is_some_and(Verdict::is_expected));
        let Some(Verdict::Refused { code, http_status }) = subject.verdict else { return false };
        if !is_refused_for(subject, blamed) {
            return false;
        }
        self.keys += 1;
        self.purchases += u64::from(is_purchase(subject.row));
        let tries = || server_tries(subject.row).filter(|one| one.outcome != Outcome::NotSent);
        self.tried_once += u64::from(tries().nth(1).is_none());
        self.ours += u64::from(tries().max_by_key(|one| one.at).is_some_and(|last| last.ours));
        self.inside_success += u64::from(matches!(http_status, Some(200..=299)));
        self.without_code += u64::from(*code == Code::Absent);
        let status = (*code == Code::Absent).then_some(*http_status).flatten();
        self.answers.add(&(*code, status));
        if let Some(name) = &subject.row.name {
            self.names.add_text(name.as_str());
        }
        true
    }

    /// `code 40105, access token wrong or revoked: 9 events.`
    pub(super) fn answers(&self) -> Vec<String> {
        let rows = self.answers.sorted().into_iter();
        rows.map(|((code, http_status), count)| {
            let meaning = meaning(&answer(code, http_status));
            let what = match (code, http_status) {
                (Code::Absent, Some(status)) => format!("HTTP {status} without a code"),
                (code, _) => format!("code {code}"),
            };
            format!("{what}, {meaning}: {}.", events(count))
        })
        .collect()
    }

    pub(super) fn by_event(&self) -> String {
        format!("By event: {}.", list(&self.names.sorted()))
    }

    /// Refused in the body of a successful request.
    pub(super) fn inside_success(&self) -> String {
        format!(
            "Refused inside an HTTP 2xx, which a sender that reads only the status takes for success: {}.",
            events(self.inside_success)
        )
    }

    /// Whose answers these were, where both sent.
    pub(super) fn senders(&self) -> Option<String> {
        (self.ours > 0).then(|| {
            format!(
                "Last answered to makegood's own backfill: {}; to your sender: {}.",
                events(self.ours),
                events(self.keys - self.ours)
            )
        })
    }
}
