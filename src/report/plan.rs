//! A plan as text: what will be sent, held and left, each with its reason.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::domain::{Amount, EventName, HeldClass, PixelCode, Plan, Planned, Range, TimeMs, Unsendable};
use crate::tiktok::event_map;

use super::grid::{Column, Grid};
use super::number::{count, count_of, length, money, percent_whole};
use super::words::wrap;
use super::{View, escape_short, json, reasons};

/// How many comparable accepted events have a browser copy: what a late resend would count twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Comparable {
    /// Accepted events of pixels with a browser log.
    pub accepted: u64,
    /// Of those, with a browser copy.
    pub browser_fired: u64,
}

/// A plan's counts by reason.
#[derive(Clone, Debug, Default)]
pub struct PlanCounts {
    /// Keys to send.
    pub send: u64,
    /// Their events, in the order of sending.
    pub by_event: Vec<(EventName, u64)>,
    /// Their pixels: a request has one.
    pub by_pixel: Vec<(PixelCode, u64)>,
    /// The sum of the values of their CompletePayment events per currency: what was paid, once.
    pub value: Vec<(String, Amount)>,
    /// Of the keys to send, those with a browser copy.
    pub browser_fired: u64,
    /// Of the keys to send, those released by hand: with a browser copy, and without.
    pub released: (u64, u64),
    /// When the first becomes unsafe.
    pub first_deadline_at: Option<TimeMs>,
    /// Held keys by class.
    pub held: Vec<(HeldClass, u64)>,
    /// Keys that cannot be sent, by reason.
    pub unsendable: Vec<(Unsendable, u64)>,
    /// Keys that are not due yet.
    pub not_due: u64,
    /// When the first of those becomes due.
    pub first_due_at: Option<TimeMs>,
}

impl PlanCounts {
    /// Counts a plan.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let mut counts = Self::default();
        let mut value: BTreeMap<String, Amount> = BTreeMap::new();
        for planned in &plan.send {
            counts.add_planned(planned);
            if let (Some(amount), Some(currency)) = (planned.value, planned.currency.as_deref())
                && event_map::is_purchase(&planned.name)
            {
                let sum = value.entry(currency.to_uppercase()).or_default();
                *sum = sum.plus(amount).unwrap_or(*sum);
            }
        }
        counts.value = value.into_iter().filter(|(_, sum)| !sum.is_zero()).collect();
        let mut held: BTreeMap<HeldClass, u64> = BTreeMap::new();
        for key in &plan.held {
            *held.entry(key.class).or_default() += 1;
        }
        counts.held = held.into_iter().collect();
        let mut unsendable: BTreeMap<Unsendable, u64> = BTreeMap::new();
        for key in &plan.skipped {
            if let Some(why) = key.why {
                *unsendable.entry(why).or_default() += 1;
            } else {
                counts.not_due += 1;
                counts.first_due_at = [counts.first_due_at, key.due_at].into_iter().flatten().min();
            }
        }
        counts.unsendable = unsendable.into_iter().collect();
        counts
    }

    fn add_planned(&mut self, planned: &Planned) {
        self.send += 1;
        self.browser_fired += u64::from(planned.browser_fired);
        if planned.released.is_some() {
            self.released.0 += u64::from(planned.browser_fired);
            self.released.1 += u64::from(!planned.browser_fired);
        }
        self.first_deadline_at = [self.first_deadline_at, Some(planned.deadline)].into_iter().flatten().min();
        add_one(&mut self.by_event, &planned.name);
        add_one(&mut self.by_pixel, &planned.pixel);
    }

    /// All held keys.
    #[must_use]
    pub fn held_total(&self) -> u64 {
        self.held.iter().map(|(_, n)| n).sum()
    }

    /// All keys that cannot be sent.
    #[must_use]
    pub fn unsendable_total(&self) -> u64 {
        self.unsendable.iter().map(|(_, n)| n).sum()
    }
}

fn add_one<T: Clone + PartialEq>(counts: &mut Vec<(T, u64)>, key: &T) {
    match counts.iter_mut().find(|(known, _)| known == key) {
        Some((_, n)) => *n += 1,
        None => counts.push((key.clone(), 1)),
    }
}

/// What a plan is printed with.
#[derive(Clone, Copy, Debug)]
pub struct PlanContext {
    /// The moment of the plan.
    pub now: TimeMs,
    /// The time span it looks at.
    pub range: Range,
    /// What browser copies of accepted events tell.
    pub comparable: Comparable,
    /// Keys per request.
    pub batch: usize,
}

/// The plan as text.
#[must_use]
pub fn plan(plan: &Plan, context: &PlanContext, view: &View) -> String {
    let counts = PlanCounts::of(plan);
    let (at, range) = (view.zone.minute(context.now), view.zone.range(context.range));
    let mut text = wrap(&format!("Plan at {at} · events of {range}"), 0, view.width);
    text.push('\n');
    let mut grid = Grid::new(&[
        Column::text("", 0),
        Column::number("events", 0),
        Column::text("what", 0),
        Column::text("", 1),
    ]);
    let mut row = |word: &str, n: u64, what: String, why: &str| {
        grid.row([word.to_owned(), count(n), what, why.to_owned()]);
    };
    for (name, n) in &counts.by_event {
        row("send", *n, escape_short(name.as_str(), 40), "");
    }
    for (class, n) in &counts.held {
        row("hold", *n, class.code().to_owned(), reasons::held(*class));
    }
    for (why, n) in &counts.unsendable {
        row("cannot", *n, why.code().to_owned(), reasons::unsendable(*why));
    }
    if counts.not_due > 0 {
        let due = counts.first_due_at.map(|at| format!("the first at {}", view.zone.minute(at)));
        row("not due", counts.not_due, "tried lately".to_owned(), &due.unwrap_or_default());
    }
    for (word, n) in [("delivered", plan.delivered), ("excluded", plan.excluded), ("waiting", plan.waiting)] {
        if n > 0 {
            row("skip", n, word.to_owned(), "");
        }
    }
    text.push_str(&grid.render(view.width));
    text.push('\n');
    for sentence in sentences(&counts, context, view) {
        text.push_str(&wrap(&sentence, 0, view.width));
    }
    text
}

fn sentences(counts: &PlanCounts, context: &PlanContext, view: &View) -> Vec<String> {
    if counts.send == 0 {
        return vec!["Nothing to send.".to_owned()];
    }
    let mut sentences = Vec::new();
    let batch = length(context.batch.max(1));
    let requests = counts.by_pixel.iter().map(|(_, n)| n.div_ceil(batch)).sum();
    let mut first = format!(
        "{} in about {}",
        count_of(counts.send, "event", "events"),
        count_of(requests, "request", "requests")
    );
    let sums: Vec<String> = counts.value.iter().map(|(currency, sum)| money(currency, *sum)).collect();
    if !sums.is_empty() {
        let _ = write!(first, ", orders worth {} among them", sums.join(", "));
    }
    if let Some(at) = counts.first_deadline_at {
        let _ = write!(
            first,
            "; the first becomes unsafe on {} (in {})",
            view.zone.minute(at),
            at.since(context.now)
        );
    }
    first.push('.');
    sentences.push(first);
    if counts.browser_fired > 0 {
        let safe = counts.browser_fired.saturating_sub(counts.released.0);
        if safe > 0 {
            sentences.push(format!(
                "{} a browser copy in the log: inside 48 h TikTok drops the second one.",
                count_of(safe, "event has", "events have")
            ));
        }
    }
    if counts.released.0 + counts.released.1 > 0 {
        sentences.push(double_counts(counts.released, context.comparable));
    }
    sentences
}

/// The expected double counts of keys released by hand (product 6.2).
fn double_counts((fired, unseen): (u64, u64), comparable: Comparable) -> String {
    let Comparable { accepted, browser_fired } = comparable;
    if accepted == 0 {
        return format!(
            "Released by hand: {}. No accepted event has a browser log to compare with: all of them may count twice.",
            count(fired + unseen)
        );
    }
    let likely = (u128::from(unseen) * u128::from(browser_fired)).div_ceil(u128::from(accepted));
    let likely = u64::try_from(likely).unwrap_or(u64::MAX).saturating_add(fired);
    format!(
        "Browser copies exist for {} of {} comparable accepted events: of {} released by hand, about {} would count twice.",
        percent_whole(browser_fired, accepted),
        count(accepted),
        count(fired + unseen),
        count(likely),
    )
}

#[derive(Serialize)]
struct PlanJson {
    r#type: &'static str,
    send: u64,
    held: Vec<ReasonJson>,
    unsendable: Vec<ReasonJson>,
    not_due: u64,
    excluded: u64,
    delivered: u64,
    waiting: u64,
    value: Vec<SumJson>,
    first_deadline_at: Option<String>,
}

#[derive(Serialize)]
struct ReasonJson {
    class: &'static str,
    events: u64,
}

#[derive(Serialize)]
struct SumJson {
    currency: String,
    amount: String,
}

/// The plan's counts as a line of JSON.
#[must_use]
pub fn plan_line(plan: &Plan) -> String {
    let counts = PlanCounts::of(plan);
    json::line(&PlanJson {
        r#type: "plan",
        send: counts.send,
        held: counts.held.iter().map(|(class, n)| ReasonJson { class: class.code(), events: *n }).collect(),
        unsendable: counts
            .unsendable
            .iter()
            .map(|(why, n)| ReasonJson { class: why.code(), events: *n })
            .collect(),
        not_due: counts.not_due,
        excluded: plan.excluded,
        delivered: plan.delivered,
        waiting: plan.waiting,
        value: counts
            .value
            .into_iter()
            .map(|(currency, sum)| SumJson { currency, amount: sum.to_string() })
            .collect(),
        first_deadline_at: counts.first_deadline_at.map(|at| at.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn double_counts_are_said_before_they_are_accepted() {
        let comparable = Comparable { accepted: 100, browser_fired: 88 };
        assert_eq!(
            double_counts((0, 24), comparable),
            "Browser copies exist for 88 % of 100 comparable accepted events: \
             of 24 released by hand, about 22 would count twice."
        );
        assert!(
            double_counts((3, 0), comparable).ends_with("of 3 released by hand, about 3 would count twice.")
        );
        assert!(double_counts((3, 4), Comparable::default()).contains("all of them may count twice"));
    }

    #[test]
    fn an_empty_plan_says_so() {
        let context = PlanContext {
            now: TimeMs::from_ms(0),
            range: Range::ALL,
            comparable: Comparable::default(),
            batch: 200,
        };
        let text = plan(&Plan::default(), &context, &View::plain(super::super::Zone::UTC));
        assert!(text.ends_with("Nothing to send.\n"), "{text}");
    }
}
