//! Which pixel, which name: product 3, resolved when read, so that the order of import does not matter.

use std::collections::{BTreeMap, HashMap};
use std::mem;

use crate::domain::{Elsewhere, EventId, EventName, IdGroup, LedgerRow, PixelCode, Policy, StoredEvent};
use crate::tiktok::event_map;

use super::logs::only_pixel;
use super::split::{distribute, fill, is_whole, merge, sent_name};

/// Logged names that are remembered; the names of a funnel are a dozen, of a broken one endless.
const NAMES_MAX: usize = 4096;

/// So many of them are found by walking: a walk over a dozen short names is faster than hashing one.
const WALKED_MAX: usize = 16;

/// Splits groups into keys; keeps what it learned of names from one group to the next.
#[derive(Debug)]
pub struct Resolver<'a> {
    policy: &'a Policy,
    only_pixel: Option<&'a PixelCode>,
    walked: Vec<(EventName, Option<EventName>)>,
    names: HashMap<EventName, Option<EventName>>,
}

/// Splits one group into its keys, orphans included; in the order of (pixel, name).
#[must_use]
pub fn resolve(mut group: IdGroup, policy: &Policy) -> Vec<LedgerRow> {
    let mut rows = Vec::new();
    Resolver::new(policy).resolve(&mut group, &mut rows);
    rows
}

impl<'a> Resolver<'a> {
    /// A resolver for a config.
    #[must_use]
    pub fn new(policy: &'a Policy) -> Self {
        Self { policy, only_pixel: only_pixel(policy), walked: Vec::new(), names: HashMap::new() }
    }

    /// Moves what a group holds into `rows`, which is emptied first: each event with the receipts,
    /// attempts and claim of its key, then what matches no event as orphans, all in the order of
    /// (pixel, name). The group's lists come back empty, with the room they had.
    ///
    /// Records of one key under two logged names, or with and without a pixel, become one row: the
    /// one with the smallest (time, content) wins (product 3, "the same key twice").
    pub fn resolve(&mut self, group: &mut IdGroup, rows: &mut Vec<LedgerRow>) {
        let (mut events, mut sessions) = (mem::take(&mut group.events), mem::take(&mut group.sessions));
        let seen = if events.len() > 1 { Seen::of(group) } else { Seen::default() };
        // Rows are large: those of the group before are written over.
        rows.resize_with(events.len(), || blank(group.id.clone()));
        let mut states = sessions.drain(..);
        for (row, event) in rows.iter_mut().zip(events.drain(..)) {
            self.write(row, group, &seen, event);
            row.session = states.next().flatten();
        }
        drop(states);
        (group.events, group.sessions) = (events, sessions);
        if let [row] = rows.as_mut_slice()
            && is_whole(group, row)
        {
            fill(row, group);
            return;
        }
        merge(rows);
        distribute(group, rows);
        rows.sort_by(|a, b| (&a.pixel, sent_name(a)).cmp(&(&b.pixel, sent_name(b))));
    }

    /// Makes a row the key of one event, still without a session and receipts.
    fn write(&mut self, row: &mut LedgerRow, group: &IdGroup, seen: &Seen, event: StoredEvent) {
        let name = self.name(&event.name);
        let campaign = self.policy.campaign(event.place.campaign.as_ref());
        let campaign_pixel = campaign.and_then(|campaign| campaign.pixel.as_ref());
        let pixel_differs = match (&event.pixel, campaign_pixel) {
            (Some(own), Some(campaign)) => own != campaign,
            (None, _) | (_, None) => false,
        };
        let pixel = event.pixel.as_ref().or(campaign_pixel).cloned().or_else(|| {
            let sent = name.as_ref().unwrap_or(&event.name);
            seen.pixel(sent, group).or(self.only_pixel).cloned()
        });
        let LedgerRow { receipts, attempts, claim, elsewhere, .. } = row;
        receipts.clear();
        attempts.clear();
        (*claim, *elsewhere) = (None, Elsewhere::default());
        row.id.clone_from(&group.id);
        (row.name, row.pixel, row.pixel_differs) = (name, pixel, pixel_differs);
        row.event = Some(event);
    }

    /// The TikTok name of a logged one; `None`: it is not mapped.
    fn name(&mut self, logged: &EventName) -> Option<EventName> {
        if let Some((_, name)) = self.walked.iter().find(|(known, _)| known == logged) {
            return name.clone();
        }
        if let Some(name) = self.names.get(logged) {
            return name.clone();
        }
        let name = event_map::resolve(logged.as_str(), &self.policy.names).ok();
        if self.walked.len() < WALKED_MAX {
            self.walked.push((logged.clone(), name.clone()));
        } else if self.names.len() < NAMES_MAX {
            self.names.insert(logged.clone(), name.clone());
        }
        name
    }
}

/// A key of which nothing is known.
const fn blank(id: EventId) -> LedgerRow {
    LedgerRow {
        id,
        name: None,
        pixel: None,
        pixel_differs: false,
        event: None,
        session: None,
        receipts: Vec::new(),
        attempts: Vec::new(),
        claim: None,
        elsewhere: Elsewhere { another_name: false, another_pixel: false },
    }
}

/// The pixels that a group's receipts and our attempts name, per TikTok name: `None` is several.
///
/// Worked out in advance for groups with several events only, so that an id which thousands of
/// records share (`"undefined"`) costs one walk and not one per record.
#[derive(Default)]
struct Seen(Option<BTreeMap<EventName, Option<PixelCode>>>);

impl Seen {
    fn of(group: &IdGroup) -> Self {
        let mut by_name = BTreeMap::new();
        for (name, pixel) in named_pixels(group) {
            by_name
                .entry(name.clone())
                .and_modify(|one: &mut Option<PixelCode>| {
                    if one.as_ref() != Some(pixel) {
                        *one = None;
                    }
                })
                .or_insert_with(|| Some(pixel.clone()));
        }
        Self(Some(by_name))
    }

    /// The only pixel seen under a name.
    fn pixel<'g>(&'g self, name: &EventName, group: &'g IdGroup) -> Option<&'g PixelCode> {
        if let Some(by_name) = &self.0 {
            return by_name.get(name)?.as_ref();
        }
        let mut pixels = named_pixels(group).filter(|(sent, _)| *sent == name).map(|(_, pixel)| pixel);
        let first = pixels.next()?;
        pixels.all(|other| other == first).then_some(first)
    }
}

/// Our own attempts name their pixel as receipts do: a key that was tried keeps its pixel when the
/// config changes.
fn named_pixels(group: &IdGroup) -> impl Iterator<Item = (&EventName, &PixelCode)> {
    let logged = group.receipts.iter().filter_map(|receipt| Some((&receipt.name, receipt.pixel.as_ref()?)));
    logged.chain(group.attempts.iter().map(|attempt| (&attempt.name, &attempt.pixel)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::{CampaignId, Elsewhere, TimeMs};
    use crate::reconcile::testing::{
        T0, amount, attempt, campaign_policy, event, group, name, pixel, pixel_policy, receipt,
    };

    fn with_campaign(pixel_of_campaign: &str) -> Policy {
        let mut campaign = campaign_policy();
        campaign.pixel = Some(pixel(pixel_of_campaign));
        Policy {
            campaigns: BTreeMap::from([(CampaignId::parse("12").unwrap(), campaign)]),
            ..Policy::default()
        }
    }

    fn pixels(rows: &[LedgerRow]) -> Vec<Option<&str>> {
        rows.iter().map(|row| row.pixel.as_ref().map(PixelCode::as_str)).collect()
    }

    #[test]
    fn the_pixel_is_the_records_then_the_campaigns_then_the_receipts_then_the_only_one() {
        let policy = with_campaign("CAMP");
        let mut own = event("lead");
        own.pixel = Some(pixel("OWN"));
        own.place_mut().campaign = Some(CampaignId::parse("12").unwrap());
        let rows = resolve(group([own.clone()], []), &policy);
        assert_eq!(pixels(&rows), [Some("OWN")]);
        assert!(rows[0].pixel_differs);

        own.pixel = None;
        let sent = [receipt("Lead").on("SEEN").code(0)];
        let rows = resolve(group([own.clone()], sent.clone()), &policy);
        assert_eq!(rows[0].pixel, Some(pixel("CAMP")));
        assert!(!rows[0].pixel_differs);

        let only = Policy { pixels: vec![pixel_policy("ONLY")], ..Policy::default() };
        own.place_mut().campaign = None;
        assert_eq!(pixels(&resolve(group([own.clone()], sent), &only)), [Some("SEEN")]);
        assert_eq!(pixels(&resolve(group([own.clone()], []), &only)), [Some("ONLY")]);
        assert_eq!(pixels(&resolve(group([own], []), &Policy::default())), [None]);
    }

    #[test]
    fn a_key_that_we_tried_keeps_its_pixel() {
        let mut ids = group([event("lead")], []);
        ids.attempts.push(attempt("Lead", "OLD"));
        let changed = Policy { pixels: vec![pixel_policy("NEW")], ..Policy::default() };
        let rows = resolve(ids, &changed);
        assert_eq!((pixels(&rows), rows[0].attempts.len()), (vec![Some("OLD")], 1));
    }

    #[test]
    fn two_pixels_in_the_receipts_decide_nothing() {
        let sent = [receipt("Lead").on("A").code(0), receipt("Lead").on("B").code(0)];
        let rows = resolve(group([event("lead")], sent), &Policy::default());
        assert_eq!(pixels(&rows), [None, Some("A"), Some("B")]);
        assert!(rows[0].elsewhere.another_pixel && rows[1].event.is_none());
    }

    #[test]
    fn a_receipt_without_a_pixel_belongs_to_the_only_key_of_its_name() {
        let mut a = event("lead");
        a.pixel = Some(pixel("A"));
        let mut b = a.clone();
        b.pixel = Some(pixel("B"));
        let rows = resolve(group([a.clone()], [receipt("Lead").code(0)]), &Policy::default());
        assert_eq!((rows.len(), rows[0].receipts.len()), (1, 1));
        assert_eq!(rows[0].elsewhere, Elsewhere::default());

        let rows = resolve(group([a, b], [receipt("Lead").code(0)]), &Policy::default());
        assert_eq!(pixels(&rows), [None, Some("A"), Some("B")]);
        assert!(rows[0].event.is_none(), "two keys of that name: the receipt belongs to neither");
        assert!(rows[1].elsewhere.another_pixel && rows[2].elsewhere.another_pixel);
    }

    #[test]
    fn names_of_receipts_are_compared_byte_for_byte() {
        let rows = resolve(
            group(
                [event("payment_succeeded")],
                [receipt("Purchase").code(0), receipt("completepayment").code(0)],
            ),
            &Policy::default(),
        );
        let orphans: Vec<_> = rows.iter().filter(|row| row.event.is_none()).collect();
        assert_eq!(orphans.len(), 2);
        let key = rows.iter().find(|row| row.event.is_some()).unwrap();
        assert!(key.receipts.is_empty() && key.elsewhere.another_name && !key.elsewhere.another_pixel);
        assert!(orphans.iter().all(|row| row.elsewhere == Elsewhere::default()));
    }

    #[test]
    fn a_receipt_with_an_event_of_its_own_is_not_elsewhere() {
        let rows = resolve(
            group([event("lead"), event("email_captured")], [receipt("Lead").code(0)]),
            &Policy::default(),
        );
        assert_eq!(rows.len(), 2);
        assert!(rows.iter().all(|row| row.elsewhere == Elsewhere::default()));
    }

    #[test]
    fn test_receipts_and_unsent_attempts_are_not_elsewhere() {
        let rows = resolve(
            group([event("payment_succeeded")], [receipt("Purchase").code(0).test()]),
            &Policy::default(),
        );
        assert!(rows.iter().all(|row| !row.elsewhere.another_name));
    }

    #[test]
    fn an_unmapped_event_keeps_the_receipts_of_its_logged_name() {
        let rows =
            resolve(group([event("Renewal")], [receipt("Renewal").on("A").code(0)]), &Policy::default());
        assert_eq!((rows.len(), rows[0].name.clone(), rows[0].receipts.len()), (1, None, 1));
        assert_eq!(rows[0].pixel, Some(pixel("A")));
    }

    #[test]
    fn records_of_one_key_become_one_row_whatever_their_order() {
        let mut first = event("page_view");
        first.at = T0;
        first.seen_at = TimeMs::from_ms(T0.as_ms() + 9);
        first.content = 7;
        first.value = amount("1.50");
        let mut second = event("PageView");
        second.at = T0;
        second.seen_at = TimeMs::from_ms(T0.as_ms() + 3);
        second.content = 9;
        second.value = amount("1.5");
        for events in [[first.clone(), second.clone()], [second.clone(), first.clone()]] {
            let rows = resolve(group(events, [receipt("PageView").code(0)]), &Policy::default());
            assert_eq!(rows.len(), 1);
            let event = rows[0].event.as_ref().unwrap();
            assert_eq!((event.content, event.seen_at), (7, second.seen_at));
            assert!(event.facts.content_differs() && !event.facts.money_differs());
            assert_eq!(rows[0].receipts.len(), 1);
        }
        second.value = amount("2");
        let rows = resolve(group([first, second], []), &Policy::default());
        assert!(rows[0].event.as_ref().unwrap().facts.money_differs());
    }

    #[test]
    fn receipts_are_earliest_first_with_undated_ones_before() {
        let sent = [
            receipt("Lead").at(T0.as_ms() + 5).code(0),
            receipt("Lead").undated().code(40002),
            receipt("Lead").at(T0.as_ms()).code(50000),
        ];
        let rows = resolve(group([event("lead")], sent), &Policy::default());
        let times: Vec<_> = rows[0].receipts.iter().map(|receipt| receipt.at).collect();
        assert_eq!(times, [None, Some(T0), Some(TimeMs::from_ms(T0.as_ms() + 5))]);
    }

    #[test]
    fn an_attempt_under_another_name_is_elsewhere() {
        let mut ids = group([event("payment_succeeded")], []);
        ids.attempts.push(attempt("Purchase", "A"));
        let rows = resolve(ids, &Policy::default());
        let key = rows.iter().find(|row| row.event.is_some()).unwrap();
        assert!(key.elsewhere.another_name);
        assert_eq!(key.name, Some(name("CompletePayment")));
    }
}
