//! Records without an id: they can never be sent, and TikTok cannot pair them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::{Finding, Reason, Severity};

use super::super::tally::{Tally, VALUES_MAX};
use super::super::{Check, CheckFact, Scope, Subject, UnusedLine};
use super::finding;
use super::words::{counted, list};

/// Its row of the catalogue.
pub(super) const FACT: CheckFact = CheckFact {
    code: "event-id-missing",
    severity: Severity::High,
    title: "Records have no usable event_id: they can be neither compared nor sent, and TikTok cannot pair their legs.",
    causes: &[
        "The Pixel call or the server's template does not fill event_id in.",
        "The id is a number or an object; TikTok takes only text.",
        "The record is written before the id is made.",
    ],
    fix: "Give every record the event_id that both legs share, as text. What has none stays out of every number here \
          but this one.",
    fix_command: "makegood events --quarantined",
    concerns: |_, _| false,
    make: || Box::new(IdMissing::default()),
};

/// Days that are named.
const DAYS_SHOWN: usize = 7;

#[derive(Default)]
struct IdMissing {
    missing: u64,
    not_text: u64,
    too_long: u64,
    names: Tally<Arc<str>>,
    days: BTreeMap<String, u64>,
}

impl Check for IdMissing {
    fn observe(&mut self, _: &Subject<'_>, _: &Scope<'_>) {}

    fn observe_line(&mut self, line: &UnusedLine<'_>) {
        let counts = [
            (Reason::EventIdMissing, &mut self.missing),
            (Reason::EventIdNotString, &mut self.not_text),
            (Reason::IdTooLong, &mut self.too_long),
        ];
        let Some((_, count)) = counts.into_iter().find(|(reason, _)| *reason == line.reason) else { return };
        *count += 1;
        self.names.add_text(line.name.unwrap_or("(no name)"));
        let day =
            line.at.map_or_else(|| "no time".to_owned(), |at| at.to_string().chars().take(10).collect());
        if self.days.len() < VALUES_MAX || self.days.contains_key(&day) {
            *self.days.entry(day).or_default() += 1;
        }
    }

    fn findings(&self, _: &Scope<'_>) -> Vec<Finding> {
        let total = self.missing + self.not_text + self.too_long;
        if total == 0 {
            return Vec::new();
        }
        let kinds = [
            (self.missing, "Missing or blank"),
            (self.not_text, "Not text, which TikTok answers with 40002"),
            (self.too_long, "Longer than 256 bytes"),
        ];
        let mut evidence: Vec<_> = kinds
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, words)| format!("{words}: {}.", counted(count, "record")))
            .collect();
        evidence.push(format!("By event: {}.", list(&self.names.sorted())));
        let days: Vec<_> =
            self.days.iter().rev().take(DAYS_SHOWN).map(|(day, count)| format!("{day} {count}")).collect();
        evidence.push(format!("By day, newest first: {}.", days.join(", ")));
        let summary = format!(
            "{} no usable event_id and can never be sent.",
            if total == 1 { "1 record has".to_owned() } else { format!("{} have", counted(total, "record")) }
        );
        vec![finding(&FACT, total, summary, evidence)]
    }
}
