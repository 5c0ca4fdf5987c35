//! The plan: what to send, what to hold and why, what cannot be sent.

use crate::domain::{
    EventName, Held, HeldClass, LedgerRow, Plan, Planned, Policy, Range, Skipped, StoredEvent, TimeMs,
    Verdict,
};
use crate::tiktok::event_map;

use super::hold::{Ground, first_class, stand};
use super::{Browser, Logs, Stand, browser_fired};

/// Requests that are sent in the order of ids: two or three seconds of sending at the usual rate.
const REQUESTS_PER_LOT: usize = 50;

/// What a run was asked to limit itself to.
#[derive(Clone, Debug)]
pub struct PlanLimits {
    /// Only events of this time span.
    pub range: Range,
    /// Only these TikTok events; empty: those of the config, where that is empty too all.
    pub events: Vec<EventName>,
    /// Held classes that a person released.
    pub include_held: Vec<HeldClass>,
}

/// Gathers rows into a plan.
#[derive(Debug)]
pub struct Planner<'a> {
    ground: Ground<'a>,
    limits: PlanLimits,
    plan: Plan,
}

impl<'a> Planner<'a> {
    /// A planner at a moment.
    #[must_use]
    pub fn new(policy: &'a Policy, logs: &'a Logs, limits: PlanLimits, now: TimeMs) -> Self {
        let mut limits = limits;
        if limits.events.is_empty() {
            limits.events.clone_from(&policy.backfill.events);
        }
        Self { ground: Ground { policy, logs, now }, limits, plan: Plan::default() }
    }

    /// Adds a key and its verdict. Orphans and keys outside the limits are passed over.
    ///
    /// A missing key whose session denied consent later counts as excluded (product 6.6).
    pub fn observe(&mut self, row: &LedgerRow, verdict: &Verdict) {
        let Some(event) = row.event.as_ref().filter(|event| self.limits.range.has(event.at)) else { return };
        let is_wanted = self.limits.events.is_empty()
            || row.name.as_ref().is_some_and(|name| self.limits.events.contains(name));
        if !is_wanted {
            return;
        }
        match verdict {
            Verdict::Excluded(_) => self.plan.excluded += 1,
            Verdict::Delivered => self.plan.delivered += 1,
            Verdict::Waiting => self.plan.waiting += 1,
            Verdict::Unknown { .. } | Verdict::Refused { .. } | Verdict::NeverSent { .. } => {
                self.sort(row, event, verdict);
            }
        }
    }

    fn sort(&mut self, row: &LedgerRow, event: &StoredEvent, verdict: &Verdict) {
        let skipped = |why, due_at| Skipped { name: row.name.clone(), id: row.id.clone(), why, due_at };
        match stand(row, verdict, &self.ground, &self.limits.include_held) {
            Stand::Never => self.plan.excluded += 1,
            Stand::NotDue(due) => self.plan.skipped.push(skipped(None, Some(due))),
            Stand::Unsendable(why) => self.plan.skipped.push(skipped(Some(why), None)),
            Stand::Held(class) => self.plan.held.extend(held(row, event, class)),
            Stand::Send { until } => self.plan.send.extend(self.planned(row, event, verdict, until)),
        }
    }

    /// `None` cannot happen: only a row with pixel and name may be sent.
    fn planned(
        &self,
        row: &LedgerRow,
        event: &StoredEvent,
        verdict: &Verdict,
        until: TimeMs,
    ) -> Option<Planned> {
        let browser = browser_fired(row, self.ground.policy, self.ground.logs);
        Some(Planned {
            pixel: row.pixel.clone()?,
            name: row.name.clone()?,
            id: row.id.clone(),
            at: event.at,
            deadline: until,
            value: event.value,
            currency: event.place.currency.clone(),
            browser_fired: browser == Browser::Fired,
            released: first_class(row, verdict, &self.ground),
            logged_name: event.name.clone(),
            logged_pixel: event.pixel.clone(),
        })
    }

    /// The plan, in the order of sending: rank of the event, earliest deadline, key.
    ///
    /// A plan of many requests keeps the order of deadlines only from one lot of `REQUESTS_PER_LOT`
    /// requests to the next. Within a lot ids stand in order, and with them the rows of a request lie
    /// side by side in the database: a commit then writes a few pages and not one per key.
    #[must_use]
    pub fn finish(self) -> Plan {
        let mut plan = self.plan;
        let batch = self.ground.policy.backfill.batch.max(1);
        plan.send.sort_by_cached_key(|key| {
            (event_map::rank(&key.name), key.deadline, key.pixel.clone(), key.name.clone(), key.id.clone())
        });
        if plan.send.len() > batch {
            for lot in plan.send.chunks_mut(batch.saturating_mul(REQUESTS_PER_LOT)) {
                lot.sort_by_cached_key(|key| {
                    (event_map::rank(&key.name), key.pixel.clone(), key.id.clone(), key.name.clone())
                });
            }
        }
        plan.held.sort_by(|a, b| (a.class, &a.name, &a.id).cmp(&(b.class, &b.name, &b.id)));
        plan.skipped
            .sort_by(|a, b| (a.why, &a.name, &a.id, a.due_at).cmp(&(b.why, &b.name, &b.id, b.due_at)));
        plan
    }
}

fn held(row: &LedgerRow, event: &StoredEvent, class: HeldClass) -> Option<Held> {
    Some(Held {
        name: row.name.clone()?,
        id: row.id.clone(),
        at: event.at,
        class,
        value: event.value,
        currency: event.place.currency.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{EventId, Unsendable};
    use crate::reconcile::decide;
    use crate::reconcile::testing::{event, hours, logs, name, policy, receipt, row};

    fn limits() -> PlanLimits {
        PlanLimits { range: Range::ALL, events: Vec::new(), include_held: Vec::new() }
    }

    fn plan_of(rows: &[LedgerRow], limits: PlanLimits, now: TimeMs) -> Plan {
        let (policy, logs) = (policy(), logs());
        let mut planner = Planner::new(&policy, &logs, limits, now);
        for row in rows {
            planner.observe(row, &decide(row, &policy, now));
        }
        planner.finish()
    }

    fn key(logged: &str, id: &str, at: TimeMs) -> LedgerRow {
        let mut event = event(logged);
        (event.at, event.seen_at) = (at, at);
        let mut row = row(event, []);
        row.id = EventId::parse(id).unwrap();
        row
    }

    #[test]
    fn money_goes_first_then_the_earliest_deadline() {
        let rows = [
            key("page_view", "a", hours(0)),
            key("payment_succeeded", "b", hours(2)),
            key("email_captured", "c", hours(0)),
            key("payment_succeeded", "d", hours(1)),
            key("trial_started", "e", hours(0)),
            key("payment_succeeded", "a", hours(2)),
        ];
        let plan = plan_of(&rows, limits(), hours(10));
        let order: Vec<_> = plan.send.iter().map(|key| key.id.to_string()).collect();
        assert_eq!(order, ["d", "a", "b", "e", "c", "a"]);
        assert_eq!(plan.send[0].deadline, hours(48));
    }

    #[test]
    fn many_requests_go_by_deadline_from_lot_to_lot_and_by_id_within_one() {
        let (mut policy, logs) = (policy(), logs());
        policy.backfill.batch = 2;
        let lot = 2 * REQUESTS_PER_LOT;
        let mut planner = Planner::new(&policy, &logs, limits(), hours(10));
        // The older the higher its id.
        for age in 0..lot + 20 {
            let at = hours(5).minus(crate::domain::Duration::from_secs(i64::try_from(age).unwrap()));
            let row = key("payment_succeeded", &format!("e{age:04}"), at);
            planner.observe(&row, &decide(&row, &policy, hours(10)));
        }
        let plan = planner.finish();
        let order: Vec<_> = plan.send.iter().map(|key| key.id.to_string()).collect();
        let (first, last) = order.split_at(lot);
        assert_eq!((first[0].as_str(), last[0].as_str()), ("e0020", "e0000"));
        assert!(first.is_sorted() && last.is_sorted());
    }

    #[test]
    fn every_key_inside_the_limits_has_one_place() {
        let mut foreign = key("lead", "x", hours(1));
        foreign.event.as_mut().unwrap().place_mut().source = Some("facebook".into());
        let mut denied = key("lead", "n", hours(1));
        denied.session.as_mut().unwrap().denied_at = Some(hours(2));
        let mut accepted = key("lead", "k", hours(1));
        accepted.receipts.push(receipt("Lead").code(0));
        let mut held = key("lead", "h", hours(1));
        held.pixel_differs = true;
        let mut worthless = key("payment_succeeded", "w", hours(1));
        worthless.event.as_mut().unwrap().value = None;
        let mut orphan = key("lead", "o", hours(1));
        orphan.event = None;
        let rows = [
            foreign,
            denied,
            accepted,
            held,
            worthless,
            orphan,
            key("lead", "s", hours(1)),
            key("lead", "y", hours(9)),
        ];
        let plan = plan_of(&rows, limits(), hours(9));
        assert_eq!((plan.excluded, plan.delivered, plan.waiting), (2, 1, 1));
        assert_eq!((plan.send.len(), plan.held.len(), plan.skipped.len()), (1, 1, 1));
        assert_eq!(plan.held[0].class, HeldClass::PixelDiffers);
        assert_eq!(plan.skipped[0].why, Some(Unsendable::Money));

        let only = PlanLimits { events: vec![name("CompletePayment")], ..limits() };
        let plan = plan_of(&rows, only, hours(9));
        assert_eq!((plan.send.len(), plan.held.len(), plan.skipped.len(), plan.excluded), (0, 0, 1, 0));
        let early = PlanLimits { range: Range { since: hours(0), until: hours(1) }, ..limits() };
        let plan = plan_of(&rows, early, hours(9));
        assert_eq!((plan.send.len(), plan.delivered, plan.waiting), (0, 0, 0));
    }

    #[test]
    fn a_released_key_says_what_it_was_held_for() {
        let mut late = key("lead", "h", hours(1));
        late.receipts.push(receipt("Lead").browser());
        let released = PlanLimits { include_held: vec![HeldClass::LateBrowserFired], ..limits() };
        let plan = plan_of(&[late, key("lead", "s", hours(20))], released, hours(60));
        let [fresh, late] = plan.send.as_slice() else { panic!("{plan:?}") };
        assert_eq!((fresh.released, fresh.deadline), (None, hours(67)));
        assert_eq!((late.released, late.browser_fired), (Some(HeldClass::LateBrowserFired), true));
        assert_eq!(late.deadline, hours(1 + 7 * 24));
    }

    #[test]
    fn the_config_limits_the_events_unless_the_run_does() {
        let mut policy = policy();
        policy.backfill.events = vec![name("Lead")];
        let logs = logs();
        let planned = |limits| {
            let mut planner = Planner::new(&policy, &logs, limits, hours(9));
            for row in [key("lead", "a", hours(1)), key("page_view", "b", hours(1))] {
                planner.observe(&row, &decide(&row, &policy, hours(9)));
            }
            planner.finish().send.into_iter().map(|key| key.name).collect::<Vec<_>>()
        };
        assert_eq!(planned(limits()), [name("Lead")]);
        assert_eq!(planned(PlanLimits { events: vec![name("PageView")], ..limits() }), [name("PageView")]);
    }
}
