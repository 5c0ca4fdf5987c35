//! Faults on demand.

use std::collections::VecDeque;
use std::time::Duration;

/// Whether the events of a spoiled request are taken all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// They count, as far as the request was good.
    Yes,
    /// They do not.
    No,
}

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// TikTok's envelope with this code and message.
    Code(i64, String),
    /// This text, as it stands.
    Text(String),
}

/// What the sandbox does with a request instead of answering it properly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answers with this.
    Answer {
        /// Whether the events are taken first: an answer that lies.
        taken: Taken,
        /// HTTP status.
        status: u16,
        /// The body.
        says: Says,
        /// Further headers.
        headers: Vec<(String, String)>,
    },
    /// Never answers.
    Hang(Taken),
    /// Resets the connection.
    Reset(Taken),
    /// Closes the connection without an answer.
    Close(Taken),
    /// Sends half of the proper answer, then closes.
    Truncate,
    /// Sends the proper answer byte by byte, this far apart.
    Drip(Duration),
}

impl Fault {
    /// A refusal: TikTok's envelope with a code, nothing taken.
    #[must_use]
    pub fn code(status: u16, code: i64) -> Self {
        Self::Answer {
            taken: Taken::No,
            status,
            says: Says::Code(code, "scripted".to_owned()),
            headers: Vec::new(),
        }
    }

    /// A refusal without TikTok's envelope, such as a gateway's page.
    #[must_use]
    pub fn text(status: u16, text: &str) -> Self {
        Self::Answer { taken: Taken::No, status, says: Says::Text(text.to_owned()), headers: Vec::new() }
    }

    /// An answer that sends the client elsewhere.
    #[must_use]
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::text(status, "").with_header("Location", location)
    }

    /// The same answer with one more header; other faults stay as they are.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// The same answer, but the events are taken first: a lie. Other faults stay as they are.
    #[must_use]
    pub fn but_taken(mut self) -> Self {
        if let Self::Answer { taken, .. } = &mut self {
            *taken = Taken::Yes;
        }
        self
    }
}

/// What happens to one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Waits this long before anything else: a slow server, which takes the events after it.
    pub delay: Duration,
    /// What goes wrong; `None`: answered properly.
    pub fault: Option<Fault>,
}

impl From<Fault> for Step {
    fn from(fault: Fault) -> Self {
        Self { delay: Duration::ZERO, fault: Some(fault) }
    }
}

/// How a refusal names the event it blames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blames {
    /// By its place in the request: `Batch.3.event_id: …`.
    Index,
    /// Not at all.
    Nobody,
}

/// A standing rule: TikTok refuses every request that holds an event with such an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poison {
    /// What the `event_id` contains.
    pub id_contains: String,
    /// The code of the refusal.
    pub code: i64,
    /// How the refusal names the event.
    pub blames: Blames,
}

/// What happens to the requests, in their order; after its end everything is answered properly.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// One entry per request.
    pub steps: VecDeque<Step>,
    /// Standing rules.
    pub poison: Vec<Poison>,
}

impl Script {
    /// A script of faults, one per request.
    #[must_use]
    pub fn faults(faults: impl IntoIterator<Item = Fault>) -> Self {
        Self { steps: faults.into_iter().map(Step::from).collect(), poison: Vec::new() }
    }

    /// The rule that a request breaks, and the place of the event that breaks it.
    pub(super) fn poisoned<'a>(&self, mut ids: impl Iterator<Item = &'a str>) -> Option<(usize, &Poison)> {
        let rule_of = |id: &str| self.poison.iter().find(|rule| id.contains(&rule.id_contains));
        let mut at = 0;
        ids.find_map(|id| {
            let found = rule_of(id).map(|rule| (at, rule));
            at += 1;
            found
        })
    }
}
