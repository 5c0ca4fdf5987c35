//! Splits what is stored under one id among its keys.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use crate::domain::{
    Claim, Elsewhere, EventId, EventName, IdGroup, LedgerRow, Outcome, PixelCode, Receipt, StoredEvent,
};

/// What a row is found by: the name it is sent under and its pixel.
type Place = (EventName, Option<PixelCode>);

/// The name that a row's receipts carry: the TikTok one, of an unmapped event the logged one.
pub(super) fn sent_name(row: &LedgerRow) -> Option<&EventName> {
    row.name.as_ref().or_else(|| row.event.as_ref().map(|event| &event.name))
}

/// Whether everything of the group belongs to this one key: nearly always.
pub(super) fn is_whole(group: &IdGroup, row: &LedgerRow) -> bool {
    let (name, pixel) = (sent_name(row), row.pixel.as_ref());
    let fits = |sent: &EventName, on: Option<&PixelCode>| Some(sent) == name && on == pixel;
    group.receipts.iter().all(|one| fits(&one.name, one.pixel.as_ref().or(pixel)))
        && group.attempts.iter().all(|one| fits(&one.name, Some(&one.pixel)))
        && group.claims.iter().all(|one| fits(&one.name, Some(&one.pixel)))
}

/// Gives a row all that its group holds.
pub(super) fn fill(row: &mut LedgerRow, group: &mut IdGroup) {
    let IdGroup { id: _, events: _, sessions: _, receipts, attempts, claims } = group;
    mem::swap(&mut row.receipts, receipts);
    mem::swap(&mut row.attempts, attempts);
    row.claim = newest(claims.drain(..));
    sort_by_time(row);
}

/// Makes one row of the rows of each key.
pub(super) fn merge(rows: &mut Vec<LedgerRow>) {
    let mut places: BTreeMap<Place, usize> = BTreeMap::new();
    let mut merged: Vec<LedgerRow> = Vec::with_capacity(rows.len());
    for row in rows.drain(..) {
        let Some(name) = sent_name(&row) else { continue };
        let at = *places.entry((name.clone(), row.pixel.clone())).or_insert(merged.len());
        match merged.get_mut(at) {
            Some(kept) => join(kept, row),
            None => merged.push(row),
        }
    }
    *rows = merged;
}

/// Joins two records of one key: the same row in any order and any grouping.
fn join(kept: &mut LedgerRow, mut other: LedgerRow) {
    kept.pixel_differs |= other.pixel_differs;
    let (Some(a), Some(b)) = (&kept.event, &other.event) else { return };
    let money_differs =
        a.value != b.value || !same_currency(a.place.currency.as_deref(), b.place.currency.as_deref());
    let content_differs = a.content != b.content;
    let any = |test: fn(&StoredEvent) -> bool| test(a) || test(b);
    let (was_money, was_content) = (any(|e| e.facts.money_differs()), any(|e| e.facts.content_differs()));
    let seen_at = a.seen_at.min(b.seen_at);
    let rank = |e: &StoredEvent| (e.at, e.content, e.name.clone(), e.pixel.clone());
    if rank(b) < rank(a) {
        mem::swap(&mut kept.event, &mut other.event);
        mem::swap(&mut kept.session, &mut other.session);
    }
    if let Some(event) = &mut kept.event {
        event.seen_at = seen_at;
        if money_differs || was_money {
            event.facts.set_money_differs();
        }
        if content_differs || was_content {
            event.facts.set_content_differs();
        }
    }
}

fn same_currency(a: Option<&str>, b: Option<&str>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Gives each row its receipts, attempts and claim; what belongs to none becomes orphan rows.
pub(super) fn distribute(group: &mut IdGroup, rows: &mut Vec<LedgerRow>) {
    let IdGroup { id, events: _, sessions: _, receipts, attempts, claims } = group;
    let shelf = Shelf::new(rows);
    let mut orphans: BTreeMap<Place, LedgerRow> = BTreeMap::new();
    for receipt in receipts.drain(..) {
        if let Some(row) = shelf.of_receipt(&receipt).and_then(|at| rows.get_mut(at)) {
            row.receipts.push(receipt);
        } else {
            let place = (receipt.name.clone(), receipt.pixel.clone());
            orphans.entry(place).or_insert_with_key(|place| orphan(id, place)).receipts.push(receipt);
        }
    }
    for attempt in attempts.drain(..) {
        let place = (attempt.name.clone(), Some(attempt.pixel.clone()));
        if let Some(row) = shelf.places.get(&place).and_then(|at| rows.get_mut(*at)) {
            row.attempts.push(attempt);
        } else {
            orphans.entry(place).or_insert_with_key(|place| orphan(id, place)).attempts.push(attempt);
        }
    }
    for claim in claims.drain(..) {
        let place = (claim.name.clone(), Some(claim.pixel.clone()));
        if let Some(row) = shelf.places.get(&place).and_then(|at| rows.get_mut(*at)) {
            row.claim = newest(row.claim.take().into_iter().chain([claim]));
        }
    }
    rows.extend(orphans.into_values());
    rows.iter_mut().for_each(sort_by_time);
    mark_elsewhere(rows);
}

/// Where the keys of a group are.
struct Shelf {
    places: BTreeMap<Place, usize>,
    /// The only key of each name; `None` where there are several.
    only: BTreeMap<EventName, Option<usize>>,
}

impl Shelf {
    fn new(keys: &[LedgerRow]) -> Self {
        let (mut places, mut only) = (BTreeMap::new(), BTreeMap::new());
        for (at, row) in keys.iter().enumerate() {
            if let Some(name) = sent_name(row) {
                places.insert((name.clone(), row.pixel.clone()), at);
                only.entry(name.clone()).and_modify(|one| *one = None).or_insert(Some(at));
            }
        }
        Self { places, only }
    }

    fn of_receipt(&self, receipt: &Receipt) -> Option<usize> {
        if receipt.pixel.is_some() {
            self.places.get(&(receipt.name.clone(), receipt.pixel.clone())).copied()
        } else {
            self.only.get(&receipt.name).copied().flatten()
        }
    }
}

fn orphan(id: &EventId, (name, pixel): &Place) -> LedgerRow {
    LedgerRow {
        id: id.clone(),
        name: Some(name.clone()),
        pixel: pixel.clone(),
        pixel_differs: false,
        event: None,
        session: None,
        receipts: Vec::new(),
        attempts: Vec::new(),
        claim: None,
        elsewhere: Elsewhere::default(),
    }
}

/// Marks the keys whose id was seen elsewhere, so that nobody sends what may have arrived there.
///
/// Under another name counts only what has no event of its own: a shop that gives its order id to
/// several events is in order. On another pixel everything counts, also what fits several keys and
/// so belongs to none.
fn mark_elsewhere(rows: &mut [LedgerRow]) {
    let names: BTreeSet<EventName> =
        rows.iter().filter(|row| row.event.is_some()).filter_map(sent_name).cloned().collect();
    let mut has_stray = false;
    let mut seen: BTreeMap<EventName, Seen> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        let Some(name) = sent_name(row).filter(|_| may_have_arrived(row)) else { continue };
        has_stray |= !names.contains(name);
        seen.entry(name.clone()).and_modify(|seen| *seen = Seen::Several).or_insert(Seen::Once(at));
    }
    for (at, row) in rows.iter_mut().enumerate() {
        let Some(name) = sent_name(row).filter(|_| row.event.is_some()) else { continue };
        row.elsewhere = Elsewhere {
            another_name: has_stray,
            another_pixel: match seen.get(name) {
                None => false,
                Some(Seen::Once(only)) => *only != at,
                Some(Seen::Several) => true,
            },
        };
    }
}

/// The rows of one name that hold something that may have reached TikTok.
enum Seen {
    Once(usize),
    Several,
}

/// A test receipt counts nothing, and of an attempt that was not sent no byte left.
fn may_have_arrived(row: &LedgerRow) -> bool {
    row.receipts.iter().any(|receipt| !receipt.is_test)
        || row
            .attempts
            .iter()
            .any(|attempt| !attempt.is_test && !matches!(attempt.outcome, Some(Outcome::NotSent)))
}

fn newest(claims: impl IntoIterator<Item = Claim>) -> Option<Claim> {
    claims.into_iter().max_by_key(|claim| (claim.lease_until.max(claim.not_before), claim.batch))
}

/// Undated receipts come first; the answer breaks ties before the place of reading does, so that
/// the order of import decides nothing.
fn sort_by_time(row: &mut LedgerRow) {
    if row.receipts.len() > 1 {
        // To the last field, so that the order of imports cannot show.
        let place = |receipt: &Receipt| (receipt.at, receipt.leg, receipt.answer, receipt.is_test);
        row.receipts.sort_by(|a, b| (place(a), &a.trace, &a.pixel).cmp(&(place(b), &b.trace, &b.pixel)));
    }
    if row.attempts.len() > 1 {
        row.attempts.sort_by_key(|attempt| (attempt.at, attempt.batch));
    }
}
