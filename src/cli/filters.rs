//! Which keys a person wants to see.

use crate::audit::{CHECKS, Scope, Subject};
use crate::domain::{EventName, LedgerRow, Policy, Verdict};
use crate::report::escape;
use crate::tiktok::event_map;

use super::args::Global;
use super::ui::Ui;

/// An event that was asked for: what the map makes of its name, and the name folded.
#[derive(Clone, Debug)]
struct Wanted {
    mapped: Option<EventName>,
    folded: String,
}

/// The filters of the command line; each that was given must agree.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    events: Vec<Wanted>,
    campaigns: Vec<String>,
    pixels: Vec<String>,
    verdicts: Vec<String>,
    findings: Vec<String>,
}

impl Filters {
    /// The filters of the command line. A name that no TikTok event has is still looked for as logged.
    #[must_use]
    pub fn new(global: &Global, policy: &Policy, ui: &Ui) -> Self {
        let wanted = |name: &String| {
            let mapped = event_map::resolve(name, &policy.names);
            if let Err(near) = &mapped {
                let near = near
                    .as_ref()
                    .map_or_else(String::new, |near| format!("; did you mean {}?", escape(near.as_str())));
                ui.hint(&format!("no TikTok event goes by {}{near}", escape(name)));
            }
            Wanted { mapped: mapped.ok(), folded: event_map::fold(name) }
        };
        Self {
            events: global.event.iter().map(wanted).collect(),
            campaigns: global.campaign.clone(),
            pixels: global.pixel.clone(),
            verdicts: global.verdict.clone(),
            findings: global.finding.clone(),
        }
    }

    /// Whether a key's own columns agree.
    #[must_use]
    pub fn has_row(&self, row: &LedgerRow) -> bool {
        let logged = row.event.as_ref().map(|event| &event.name).or(row.name.as_ref());
        let event = self.events.is_empty()
            || self.events.iter().any(|wanted| match (&wanted.mapped, &row.name) {
                (Some(mapped), Some(name)) => mapped == name,
                (None, _) => logged.is_some_and(|name| event_map::fold(name.as_str()) == wanted.folded),
                (Some(_), None) => false,
            });
        let campaign = row.event.as_ref().and_then(|event| event.campaign.as_ref());
        let campaign = self.campaigns.is_empty()
            || campaign.is_some_and(|id| self.campaigns.iter().any(|wanted| wanted == id.as_str()));
        let pixel = self.pixels.is_empty()
            || row.pixel.as_ref().is_some_and(|id| self.pixels.iter().any(|wanted| wanted == id.as_str()));
        event && campaign && pixel
    }

    /// Whether a key's verdict and findings agree too.
    #[must_use]
    pub fn has_subject(&self, subject: &Subject<'_>, scope: &Scope<'_>) -> bool {
        self.has_verdict(subject.verdict) && (self.findings.is_empty() || self.has_finding(subject, scope))
    }

    fn has_verdict(&self, verdict: Option<&Verdict>) -> bool {
        self.verdicts.is_empty()
            || verdict.is_some_and(|verdict| {
                self.verdicts
                    .iter()
                    .any(|wanted| wanted == verdict.word() || (wanted == "missing" && verdict.is_missing()))
            })
    }

    /// A key belongs to a finding if the check, shown this key alone, finds something.
    fn has_finding(&self, subject: &Subject<'_>, scope: &Scope<'_>) -> bool {
        CHECKS.iter().filter(|fact| self.findings.iter().any(|code| code == fact.code)).any(|fact| {
            let mut check = (fact.make)();
            check.observe(subject, scope);
            !check.findings(scope).is_empty()
        })
    }
}
